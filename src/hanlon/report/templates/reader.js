// Lists, filters and shows episodes: those in the page, or those of the server that `hanlon view` runs.
const DATA = JSON.parse(document.getElementById("data").textContent);
const WINDOW = 100;
const reader = document.getElementById("reader");
const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
let columns = DATA.columns, labels = DATA.labels || [], asked = [], hits = null, matching = [], differing = null, rater = "";

const ask = async (path, body) => {
  const answer = await fetch(DATA.server + path, body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};
const cellOf = (row) => columns.cells[columns.rows.cell[row]];
const indexOf = (row) => columns.rows.index[row];
const rowAt = (key, index) => {
  const cell = columns.cells.findIndex((each) => each.key === key);
  for (let row = 0; row < columns.rows.cell.length; row++)
    if (columns.rows.cell[row] === cell && columns.rows.index[row] === index) return row;
  return -1;
};
const episodeAt = (row) => DATA.server
  ? ask(`episode?cell=${cellOf(row).key}&index=${indexOf(row)}`)
  : Promise.resolve(DATA.episodes[`${columns.rows.cell[row]}/${indexOf(row)}`]);
const titleOf = (row) => [cellOf(row).label, cellOf(row).model, `episode ${indexOf(row)}`, cellOf(row).imported].filter(Boolean).join(", ");

// Each filter: its choices by the word that stands in the address, with what a row must have.
const byCell = (test) => { const fits = columns.cells.map(test); return (row) => fits[columns.rows.cell[row]]; };
const unique = (values) => [...new Set(values)];
const FILTERS = {
  in: ["cell", () => columns.cells.map((cell) => [cell.key, `${cell.label}, ${cell.model}`]), (key) => byCell((cell) => cell.key === key)],
  model: ["model", () => unique(columns.cells.map((cell) => cell.model)).map((name) => [name, name]), (name) => byCell((cell) => cell.model === name)],
  outcome: ["outcome", outcomeChoices, outcomeTest],
  label: ["label", labelChoices, labelTest],
  factor: ["factor", factorChoices, (text) => byCell((cell) => Object.entries(cell.factors).some(([name, level]) => `${name} = ${level}` === text))],
};

function outcomeChoices() {
  return [...columns.outcomes, ...columns.exclusions.map((name) => `excluded: ${name}`)].map((name) => [name, name]);
}
function outcomeTest(name) {
  const outcome = columns.outcomes.indexOf(name), excluded = columns.exclusions.indexOf(name.replace("excluded: ", ""));
  return name.startsWith("excluded: ") ? (row) => columns.rows.excluded[row] === excluded : (row) => columns.rows.outcome[row] === outcome;
}
const labelText = (column, value) => `${column.judge}: ${column.name} = ${value}`;
function labelChoices() {
  return labels.flatMap((column) => column.values.map((value) => labelText(column, value))).map((text) => [text, text]);
}
function labelTest(text) {
  for (const column of labels) {
    const value = column.values.findIndex((each) => labelText(column, each) === text);
    if (value >= 0) return (row) => column.of[row] === value;
  }
  return () => labels.length === 0;
}
function factorChoices() {
  const levels = {};
  for (const cell of columns.cells) for (const [name, level] of Object.entries(cell.factors)) (levels[name] ||= new Set()).add(level);
  return Object.entries(levels).filter(([, each]) => each.size > 1)
    .flatMap(([name, each]) => [...each].map((level) => `${name} = ${level}`)).map((text) => [text, text]);
}

// The rows on which two judges, or a judge and a person, give one label two values.
function disagreements() {
  const found = new Uint8Array(columns.rows.cell.length);
  const judged = labels.filter((column) => column.kind !== "followups");
  judged.forEach((a, at) => judged.slice(at + 1).filter((b) => b.name === a.name).forEach((b) => {
    for (let row = 0; row < found.length; row++) {
      const [x, y] = [a.values[a.of[row]], b.values[b.of[row]]];
      if (x && y && x !== y && !columns.open.includes(x) && !columns.open.includes(y)) found[row] = 1;
    }
  }));
  return found;
}

function holds(episode, text) {
  const wanted = text.toLowerCase();
  return episode.messages.some((said) => said.blocks.some((each) => each.text.toLowerCase().includes(wanted)));
}
let searching = 0;
async function search() {
  const text = state.get("text"), turn = ++searching;
  hits = text ? new Set() : null;
  if (!text) return filter();
  const wanted = state.get("in") ? columns.cells.filter((cell) => cell.key === state.get("in")) : columns.cells;
  for (const cell of DATA.server ? wanted : []) {
    const indices = new Set(await ask(`search?cell=${cell.key}&text=${encodeURIComponent(text)}`));
    if (turn !== searching) return;
    const number = columns.cells.indexOf(cell);
    columns.rows.cell.forEach((each, row) => { if (each === number && indices.has(columns.rows.index[row])) hits.add(row); });
    filter();
  }
  if (!DATA.server) columns.rows.cell.forEach((cell, row) => { if (holds(DATA.episodes[`${cell}/${columns.rows.index[row]}`], text)) hits.add(row); });
  filter();
}

function filter() {
  const started = performance.now();
  const tests = Object.entries(FILTERS).filter(([name]) => state.get(name)).map(([name, [, , test]]) => test(state.get(name)));
  if (hits) tests.push((row) => hits.has(row));
  if (state.get("differ")) tests.push((row) => differing[row] === 1);
  matching = [];
  for (let row = 0; row < columns.rows.cell.length; row++) if (tests.every((test) => test(row))) matching.push(row);
  list();
  reader.dataset.filtered = (performance.now() - started).toFixed(1);
}

function list() {
  const current = matching.indexOf(rowAt(state.get("cell"), Number(state.get("index"))));
  const start = Math.max(0, Math.min(current - WINDOW / 2, matching.length - WINDOW));
  const names = unique(columns.rows.cell).length > 1;
  const rows = matching.slice(start, start + WINDOW).map((row) => el("li", {}, el("a",
    { href: `#${linkTo(row, { children: "" })}`, "aria-current": matching[current] === row ? "true" : null },
    names ? `${cellOf(row).label} ` : "", el("span", { class: "index" }, `${indexOf(row)}`), " ",
    el("span", { class: "outcome" }, columns.outcomes[columns.rows.outcome[row]]), differing[row] ? " ≠" : "")));
  const whole = columns.rows.cell.length;
  const stored = DATA.stored > whole ? ` in this page (${DATA.stored.toLocaleString("en")} are stored)` : "";
  document.getElementById("count").textContent = `${matching.length.toLocaleString("en")} of ${whole.toLocaleString("en")} episodes${stored}` +
    (current >= 0 ? `, number ${current + 1}` : "") + (columns.damaged ? `; ${columns.damaged} damaged lines of the store are no episodes` : "");
  document.getElementById("list").replaceChildren(...rows);
  document.querySelector("#list [aria-current]")?.scrollIntoView({ block: "nearest" });
}

function linkTo(row, changes = {}) {
  const link = new URLSearchParams(state);
  for (const [name, value] of Object.entries({ cell: cellOf(row).key, index: indexOf(row), ...changes })) if (value === "") link.delete(name); else link.set(name, value);
  return link;
}
function open(row) { location.hash = linkTo(row, { children: "" }); }
function set(name, value) {
  if (value) state.set(name, value); else state.delete(name);
  history.replaceState(null, "", `#${state}`);
}

// The episode of the other cell at the same index, or at the same request.
function partner(row) {
  const cell = columns.cells.findIndex((each) => each.key === state.get("with"));
  const rows = columns.rows, request = rows.request[row];
  const same = state.get("by") === "request" ? (other) => rows.request[other] === request : (other) => rows.index[other] === rows.index[row];
  return rows.cell.findIndex((each, other) => each === cell && same(other));
}

let showing = 0;
async function show() {
  const place = document.getElementById("episode"), turn = ++showing;
  const row = rowAt(state.get("cell"), Number(state.get("index")));
  if (row < 0) return place.replaceChildren(el("p", {}, state.get("cell") ? "This episode is not in this page." : "Choose an episode: j and k go down and up, n to the next on which judges differ, / searches."));
  const other = state.get("with") ? partner(row) : -1;
  try {
    const chosen = chosenChildren();
    const [first, second, ...children] = await Promise.all([episodeAt(row), other >= 0 ? episodeAt(other) : null, ...chosen.map(childOf)]);
    if (turn !== showing) return;
    const shown = [transcript(first, titleOf(row)), second ? transcript(second, titleOf(other)) : null, ...children.map((child) => transcript(child, child.title))];
    const lacks = state.get("with") && !second ? el("p", {}, "The other cell has no such episode here.") : null;
    const above = second ? promptDifference(cellOf(row), cellOf(other)) : null;
    const sides = shown.filter(Boolean);
    place.replaceChildren(...[beside(), lacks, above, branchList(row, first.branches || [], chosen),
      el("div", { class: sides.length > 1 ? "pair" : "" }, ...sides),
      DATA.server ? remarkForm(row, first.remarks) : null].filter(Boolean));
    place.scrollTop = 0;
  } catch (error) { place.replaceChildren(el("p", { class: "problem" }, String(error.message))); }
}

// The children that stand beside their parent: `branch:draw`, one after the other, in the address.
function chosenChildren() {
  return DATA.server ? (state.get("children") || "").split(",").filter(Boolean) : [];
}
function childOf(name) {
  const [branch, draw] = name.split(":");
  return ask(`child?cell=${state.get("cell")}&branch=${branch}&draw=${draw}`);
}
function branchList(row, branches, chosen) {
  if (!branches.length) return null;
  const link = (name, text) => {
    const there = chosen.includes(name), names = there ? chosen.filter((each) => each !== name) : [...chosen, name];
    return el("a", { href: `#${linkTo(row, { children: names.join(",") })}`, "aria-current": there ? "true" : null }, text);
  };
  const rows = branches.map((branch) => el("tr", {}, el("td", { class: "number" }, `${branch.turn}`), el("td", {}, branch.change), el("td", {}, branch.rate),
    el("td", { class: "draws" }, branch.children.map(([draw, outcome]) => [link(`${branch.key}:${draw}`, `${draw} ${outcome}`), " "]))));
  const total = branches.reduce((sum, branch) => sum + branch.children.length, 0);
  return el("details", { class: "branches", open: true }, el("summary", {}, `${total} children in ${branches.length} branches of this episode: choose some to read beside it`),
    el("div", { class: "wide" }, el("table", {}, el("thead", {}, el("tr", {}, ["from turn", "change", "rate", "children"].map((name) => el("th", {}, name)))), el("tbody", {}, rows))));
}

function choice(name, title, choices, changed) {
  const options = choices.map(([value, text]) => el("option", { value, selected: state.get(name) === value }, text));
  return el("label", {}, title, el("select", { name, onchange: (event) => { set(name, event.target.value); changed(); } }, el("option", { value: "" }, "any"), options));
}
function beside() {
  const cells = columns.cells.filter((cell) => cell.key !== state.get("cell")).map((cell) => [cell.key, `${cell.label}, ${cell.model}`]);
  const by = columns.requests.length ? [["request", "request"]] : [];
  const other = choice("with", "beside", cells, show), same = choice("by", "same", [["index", "index"], ...by], show);
  other.querySelector("option").textContent = "nothing";
  same.querySelector("option").remove();
  return el("div", { class: "beside" }, other, state.get("with") ? same : null);
}

function remarkForm(row, remarks) {
  const mine = (question, value) => remarks.some((each) => each[0] === question && each[1] === value && each[2] === rater);
  const send = (kind, question, value) => ask("remark", { kind, question, value, rater, cell: cellOf(row).key, index: indexOf(row) })
    .then(readLabels).then(show, (error) => document.getElementById("said").textContent = error.message);
  const note = el("textarea", { name: "note", rows: 3, "aria-label": "note" });
  return el("form", { class: "remarks", onsubmit: (event) => { event.preventDefault(); if (note.value.trim()) send("notes", "note", note.value); } },
    el("h3", {}, "What you say"),
    el("label", {}, "your name", el("input", { name: "rater", value: rater, oninput: (event) => { rater = event.target.value; } })),
    asked.map(({ name, choices }) => el("label", {}, name, el("select", { name, onchange: (event) => send("labels", name, event.target.value) },
      el("option", { value: "" }, "not labelled"), choices.map((value) => el("option", { value, selected: mine(name, value) }, value))))),
    el("label", {}, "note", note), el("button", {}, "Keep the note"), el("p", { id: "said", role: "status" }));
}

function step(by, wanted = () => true) {
  const at = matching.indexOf(rowAt(state.get("cell"), Number(state.get("index"))));
  for (let place = at + by; place >= 0 && place < matching.length; place += by)
    if (wanted(matching[place])) return open(matching[place]);
}
const KEYS = { j: () => step(1), k: () => step(-1), n: () => step(1, (row) => differing[row]), "/": () => document.getElementById("text").focus() };
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select");
  if (typing && event.key === "Escape") event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !columns || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
addEventListener("hashchange", () => {
  if (!location.hash.includes("=")) return;
  const before = state.get("text");
  [...state.keys()].forEach((name) => state.delete(name));
  new URLSearchParams(location.hash.slice(1)).forEach((value, name) => state.set(name, value));
  if (state.get("text") === before) filter(); else search();
  show().then(() => { if (!DATA.server) reader.scrollIntoView(); });
});

// On paper nothing is folded.
addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((each) => { each.open = true; each.dataset.folded = "yes"; }));
addEventListener("afterprint", () => document.querySelectorAll("details[data-folded]").forEach((each) => { each.open = false; delete each.dataset.folded; }));

async function readLabels() {
  if (DATA.server) labels = await ask("labels");
  differing = disagreements();
  layOut();
  await search();
}
function layOut() {
  const filters = Object.entries(FILTERS).map(([name, [title, choices]]) => [name, title, choices()]).filter(([, , choices]) => choices.length > 1 || state.get("in"));
  const text = el("input", { id: "text", type: "search", value: state.get("text") || "", placeholder: "any words of a message", onchange: (event) => { set("text", event.target.value); search(); } });
  const differ = el("input", { type: "checkbox", name: "differ", checked: Boolean(state.get("differ")), onchange: (event) => { set("differ", event.target.checked ? "1" : ""); filter(); } });
  document.getElementById("filters").replaceChildren(...filters.map(([name, title, choices]) => choice(name, title, choices, name === "in" ? search : filter)),
    el("label", {}, "text", text), ...(differing.includes(1) ? [el("label", { class: "check" }, differ, "judges differ")] : []));
}
async function start() {
  reader.append(el("div", { id: "filters" }), el("p", { id: "count", role: "status" }, "Reading ..."),
    el("div", { class: "split" }, el("ol", { id: "list" }), el("div", { id: "episode", tabindex: "-1" })));
  if (DATA.server) ({ columns, asked } = await ask("index"));
  differing = new Uint8Array(columns.rows.cell.length);
  layOut();
  if (DATA.local?.length) reader.insertBefore(el("p", {}, `Transcripts that stay in the store: ${DATA.local.join(", ")}.`), document.getElementById("count"));
  filter();
  show();
  reader.dataset.opened = performance.now().toFixed(0);
  await readLabels();
  reader.dataset.ready = "yes";
}
start().catch((error) => { document.getElementById("count").textContent = error.message; });
