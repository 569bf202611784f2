"use strict";
// What a model wrote is only ever the text of a node.
const LONG = 20000;

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null));
  return node;
}

// A text with each of the quotes that stands in it marked.
function marked(text, quotes) {
  const nodes = [];
  let from = 0;
  while (from < text.length) {
    const places = quotes.map((quote) => [text.indexOf(quote, from), quote]).filter(([at]) => at >= 0);
    if (!places.length) break;
    const [at, quote] = places.reduce((first, next) => (next[0] < first[0] ? next : first));
    nodes.push(text.slice(from, at), el("mark", {}, quote));
    from = at + quote.length;
  }
  return [...nodes, text.slice(from)];
}

function block({ kind, text }, quotes) {
  const inside = marked(text, quotes);
  const terminal = kind === "command" || kind === "output";
  const prompt = kind === "command" ? el("span", { class: "prompt" }, "$ ") : null;
  const pre = el("pre", { class: terminal ? `terminal ${kind}` : kind }, prompt, inside);
  const about = `${kind}, ${text.length.toLocaleString("en")} characters`;
  if (kind === "reasoning") return el("details", { open: inside.length > 1 }, el("summary", {}, about), pre);
  if (text.length > LONG) return el("details", {}, el("summary", {}, about), pre);
  return pre;
}

function labelNote(label) {
  const head = `${label.judge}${label.simulated ? " (simulated)" : ""}: ${label.name} = ${label.value}`;
  const why = label.why.length ? el("details", {}, el("summary", {}, "why"), label.why.map((text) => el("p", {}, text))) : null;
  return el("div", { class: "label" }, head, label.note ? el("small", {}, ` ${label.note}`) : null, why);
}

function message(said, labels) {
  const here = (quote) => said.blocks.some((each) => each.text.includes(quote));
  const beside = labels.filter((label) => label.quotes.some(here));
  const quotes = labels.flatMap((label) => label.quotes).filter(here);
  const marks = said.marks.map((mark) =>
    el("div", { class: `mark ${mark.kind}` }, mark.text, mark.detail ? el("small", {}, ` ${mark.detail}`) : null));
  const number = said.reply == null ? "" : `, reply ${said.reply + 1}`;
  const kinds = said.marks.map((mark) => `has-${mark.kind}`).join(" ");
  return el("section", { class: `message ${said.role} ${kinds}` },
    el("div", { class: "body" }, el("h4", {}, said.role + number), said.blocks.map((each) => block(each, quotes))),
    el("aside", {}, marks, beside.map(labelNote)));
}

// What a child has of its parent, folded: it is read there.
function keptPart(episode) {
  if (!episode.kept) return null;
  const part = episode.messages.slice(0, episode.kept), replies = part.filter((said) => said.role === "assistant").length;
  return el("details", { class: "kept" }, el("summary", {}, `kept from its parent: ${replies} replies, ${part.length} messages`),
    part.map((said) => message(said, episode.labels)));
}

function transcript(episode, title) {
  const text = (quote) => episode.messages.some((said) => said.blocks.some((each) => each.text.includes(quote)));
  const elsewhere = episode.labels.filter((label) => !label.quotes.some(text));
  const excluded = episode.excluded ? `, excluded: ${episode.excluded}` : "";
  return el("article", {},
    el("header", {},
      el("h3", {}, title),
      el("p", {}, "outcome: ", el("strong", {}, episode.outcome), excluded, el("small", {}, ` ${episode.about}`)),
      episode.simulated ? el("p", { class: "simulated" }, "simulated: a scripted policy, not a language model") : null,
      el("div", { class: "labels" }, elsewhere.map(labelNote),
        episode.remarks.map(([question, value, rater]) =>
          el("div", { class: "label person" }, `${rater || "a person"}: ${question} = ${value}`)))),
    keptPart(episode), episode.messages.slice(episode.kept || 0).map((said) => message(said, episode.labels)),
    el("details", { class: "facts" }, el("summary", {}, "facts"),
      el("dl", {}, episode.facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]))));
}

// The words in which two texts differ, by the longest common subsequence of what lies between their equal ends.
function difference(left, right) {
  const [a, b] = [left, right].map((text) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) || []);
  let start = 0, end = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const parts = [["same", a.slice(0, start).join("")]];
  const put = (kind, word) => {
    if (parts[parts.length - 1][0] === kind) parts[parts.length - 1][1] += word;
    else parts.push([kind, word]);
  };
  const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const width = y.length + 1, small = x.length * y.length < 4e6;
  const common = new Uint16Array(small ? (x.length + 1) * width : 0);
  if (small) for (let i = x.length - 1; i >= 0; i--) for (let j = y.length - 1; j >= 0; j--)
    common[i * width + j] = x[i] === y[j] ? common[(i + 1) * width + j + 1] + 1
      : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
  let i = 0, j = 0;
  while (i < x.length || j < y.length) {
    if (small && i < x.length && j < y.length && x[i] === y[j]) { put("same", x[i++]); j++; }
    else if (i < x.length && (j >= y.length || !small || common[(i + 1) * width + j] >= common[i * width + j + 1])) put("del", x[i++]);
    else put("ins", y[j++]);
  }
  put("same", a.slice(a.length - end).join(""));
  return parts.filter(([, text]) => text);
}

function promptDifference(left, right) {
  const names = [...new Set([...Object.keys(left.texts), ...Object.keys(right.texts)])];
  const changed = names.filter((name) => left.texts[name] !== right.texts[name]);
  if (!changed.length) return el("p", {}, "Both cells send the same texts.");
  return el("details", { open: true, class: "prompts" }, el("summary", {}, `${changed.length} of ${names.length} texts differ`),
    changed.map((name) => [el("h4", {}, name), el("pre", { class: "text" },
      difference(left.texts[name] || "", right.texts[name] || "").map(([kind, text]) => kind === "same" ? text : el(kind, {}, text)))]));
}
