"""Greenblatt et al. 2024: stacked shares, the forests of variations, and reasoning against gap."""

from collections.abc import Sequence
from typing import Any, cast

from hanlon.figures.captions import left_out
from hanlon.figures.frames import PUBLISHED, SIMULATED, SWEEP, Frame, joined, ranked, table, unique
from hanlon.figures.layout import Layout
from hanlon.figures.rate_figure import Row
from hanlon.figures.shapes.forest import scatter, variation_forest
from hanlon.figures.shapes.stacked import stacked_shares
from hanlon.figures.sweep.tier_pairs import FREE, GAP, PAID, REASONING

OPUS = "claude-3-opus"
AFTER_RL = "after RL (Table 2)"
TRAINED = ("free", "choice/opted_in")
"""Tiers that train, the first of a pair."""
SWEEP_PAIRS = {SWEEP: "Own runs, all pairs of tiers", SIMULATED: "Own simulated runs, all pairs of tiers"}
SPANS = {REASONING: (0.0, 0.6), FREE: (0.0, 1.3), PAID: (0.0, 1.3), GAP: (-0.15, 0.62)}
NC, COMPLIED, FAKED = "non-compliant", "compliant, no AF reasoning", "compliant with AF reasoning"
STACK = (FAKED, COMPLIED, NC)
"""From the bottom up."""
KINDS: Sequence[tuple[str, Sequence[str]]] = (
    ("paraphrases and rewrites", ("paraphras", "text from figure", "figure text")),
    ("examples, reasoning instructions", ("example", "strategy", "reasoning instr")),
    ("how the tier is told", ("ca/", "region", "email", "opt into", "absence")),
    (
        "instructions against faking, other values",
        ("honest", "never", "behave same", "share values", "'t care"),
    ),
    ("training, consequence, criteria", ("rlhf", "modif", "criteria", "effect", "polic", "privacy")),
    ("voice, lab, norm, other", ("",)),
)
"""Kinds of variation by words in their names; the first that fits."""


def kind_of(row: Row) -> str:
    """The kind of a variation; the default, and models other than Opus, are kinds of their own."""
    if row.model != OPUS:
        return "other models"
    name = row.condition.lower()
    if name.endswith(" default"):
        return "default"
    return next(kind for kind, words in KINDS if any(word in name for word in words))


def quantity_of(row: Row) -> str:
    """Which of `QUANTITIES` a published row is."""
    if row.kind == "contrast":
        return GAP
    return REASONING if row.measure == "alignment_faking" else FREE if row.tier in TRAINED else PAID


def variations(published: Frame, source: str) -> Frame:
    """The points of a table of variations, with `panel`, `variation`, `quantity` and `series`: default first."""
    rows = published[(published["study"] == "greenblatt_2024") & (published["place"] == source)]
    order = ["default", "other models", *(kind for kind, _ in KINDS)]
    points = list(rows.itertuples())
    named = rows.assign(
        panel="Published: Greenblatt et al. 2024",
        variation=[_variation(row) for row in points],
        quantity=[quantity_of(row) for row in points],
        series=[kind_of(row) for row in points],
    )
    return named.sort_values("series", key=ranked(order), kind="stable")


def _variation(row: Row) -> str:
    name = row.condition.partition(": ")[2] or row.condition
    return name if row.model == OPUS else f"{name} ({row.model})"


def beside_sweep(points: Frame, pairs: Frame | None, setting: str) -> Frame:
    """The same with the pairs of own cells of that setting (`helpful_only`) below."""

    if pairs is None or not len(pairs):
        return points
    chosen = pairs[pairs["setting"] == setting]
    if not len(chosen):
        return points
    named = chosen.assign(panel=SWEEP_PAIRS[chosen["whose"].iloc[0]], variation=chosen["pair"], series="own")
    return joined([points, named])


def variations_chart(points: Frame, setting: str, source: str, layout: Layout) -> Any:
    """The forest of one setting."""
    notes = (
        "Non-compliance and gap by the paper's judge of the setting; alignment-faking (AF) reasoning among free-tier "
        "replies; gap: non-compliance paid minus free, in points. Whiskers: one standard error, as printed.",
        *(
            ["~k/n: n was not printed and is inferred from the rate and its standard error, as k is."]
            if any(label.startswith("~") for label in points["label"])
            else []
        ),
        "A percentage: no n was printed, nor inferred.",
        *_about_sweep(points[points["whose"] != PUBLISHED]),
    )
    spans = {quantity: _span(points, quantity, ends) for quantity, ends in SPANS.items()}
    title = f"Variations of the prompt, {setting} (Greenblatt et al., {source})"
    return variation_forest(points, title, notes, spans, layout)


def _about_sweep(rows: Frame) -> list[str]:
    """The caption's sentence about own pairs, if there are any."""
    methods = unique(rows[rows["quantity"] == GAP]["error"])
    if not methods:
        return []
    return [f"Own runs: Wilson 95%, the gap by request ({'; '.join(methods)}). The first tier of a pair stands for "
            "free, the second for paid.", *left_out(rows)]  # fmt: skip


def _span(points: Frame, quantity: str, ends: tuple[float, float]) -> tuple[float, float]:
    """The ends of a quantity's axis, wider where a point or its label would leave it."""
    rows = points[points["quantity"] == quantity]
    if not len(rows):
        return ends
    least, most = rows[["low", "rate"]].min(axis=None), rows[["high", "rate"]].max(axis=None)
    return min(ends[0], float(least)), max(ends[1], float(most) * 1.3)


def shares(published: Frame) -> Frame:
    """Segments of the published defaults by model, from reasoning and non-compliance.

    `row` holds the published row that a segment is made of; what is left over in the free tier is computed.
    """
    segments = _all_shares(published)
    return segments[segments["place"] != "Table 2"]


def rl_shares(published: Frame) -> Frame:
    """The same of Claude 3 Opus after RL, and before it under the default prompt."""
    segments = _all_shares(published)
    before, after = segments[segments["panel"] == f"{OPUS}, HO"], segments[segments["place"] == "Table 2"]
    return joined([before.assign(panel="before RL: default prompt"), after])


def _all_shares(published: Frame) -> Frame:

    rows = published[published["study"] == "greenblatt_2024"]
    default = rows["condition"].str.endswith(" default") & rows["place"].isin(["App. G.2", "App. G.3"])
    chosen = rows[default | (rows["place"] == "Table 2")]
    segments: list[dict[str, Any]] = []
    for (source, condition, model), group in chosen.groupby(["place", "condition", "model"], sort=False):
        by_quantity = {quantity_of(row): row for row in group.itertuples()}
        panel = _panel(cast(str, source), cast(str, condition), cast(str, model))
        segments += _segments(by_quantity, {"panel": panel, "whose": PUBLISHED, "place": source})
    return table(segments)


def _panel(source: str, condition: str, model: str) -> str:
    if source == "Table 2":
        return f"after RL: {_after(condition)}"
    return f"{model}, {'HO' if source == 'App. G.2' else 'AW'}"


def _after(condition: str) -> str:
    """What is special of a condition of Table 2: `default prompt`, of one model after RL."""
    return condition.split(" / ")[1]


def _segments(by_quantity: dict[str, Row], panel: dict[str, Any]) -> list[dict[str, Any]]:
    free, paid, faked = by_quantity[FREE], by_quantity[PAID], by_quantity[REASONING]
    left = max(0.0, 1 - free.rate - faked.rate)
    listed = (
        ("free", NC, free.rate, free.row, free.label),
        ("free", FAKED, faked.rate, faked.row, faked.label),
        ("free", COMPLIED, left, None, f"{100 * left:.3g}%"),
        ("paid", NC, paid.rate, paid.row, paid.label),
        ("paid", COMPLIED, 1 - paid.rate, None, f"{100 * (1 - paid.rate):.3g}%"),
    )
    names = ("tier", "segment", "share", "row", "label")
    return [panel | dict(zip(names, values, strict=True)) for values in listed]


def shares_chart(segments: Frame, title: str, layout: Layout) -> Any:
    """Stacked bars as Figs 2 and 5: training against unmonitored."""
    notes = (
        "Free: implied training; paid: implied unmonitored. HO: helpful-only, AW: animal welfare; after RL: "
        "helpful-only, Claude 3 Opus. AF: alignment faking; its rate in the paid tier was not printed, so that bar has "
        "two parts.",
        "~k/n: n and k inferred from the printed rate and standard error; a bare percentage: n was not printed, or the "
        "part, compliant without AF reasoning, is what is left. No interval on a stack; see the forest.",
    )
    return stacked_shares(segments, title, notes, STACK, layout)


def after_rl(published: Frame) -> Frame:
    """The points of the model after RL, for `scatter_points`."""
    rows = published[(published["study"] == "greenblatt_2024") & (published["place"] == "Table 2")]
    return rows.assign(
        panel="helpful-only",
        variation=rows["condition"].map(_after),
        series=AFTER_RL,
        quantity=[quantity_of(row) for row in rows.itertuples()],
    )


def scatter_points(*tables: Frame) -> Frame:
    """One row a variation: `x` its AF reasoning, `y` its gap, with one standard error; Opus alone."""

    rows: list[dict[str, Any]] = []
    for points in tables:
        for (variation, panel), group in points.groupby(["variation", "panel"], sort=False):
            by_quantity = {row.quantity: row for row in group.itertuples()}
            if REASONING in by_quantity and GAP in by_quantity:
                x, y = by_quantity[REASONING], by_quantity[GAP]
                rows.append({
                    "panel": panel, "variation": variation, "series": x.series, "whose": x.whose, "model": x.model,
                    "x": x.rate, "x_low": x.low, "x_high": x.high, "y": y.rate, "y_low": y.low, "y_high": y.high,
                    "x_row": x.row, "y_row": y.row,
                })  # fmt: skip
    return table(rows)


def fitted(points: Frame) -> tuple[Frame, list[str]]:
    """The least-squares line of each panel with more than two points, and what it says (scipy `linregress`)."""
    from scipy.stats import linregress  # pyright: ignore[reportUnknownVariableType] untyped

    ends: list[dict[str, Any]] = []
    sentences: list[str] = []
    for panel, rows in points[points["series"] != AFTER_RL].groupby("panel", sort=False):
        if len(rows) > 2 and rows["x"].nunique() > 1:
            line = cast(Any, linregress)(rows["x"], rows["y"])
            both = (rows["x"].min(), rows["x"].max())
            ends += [{"panel": panel, "x": x, "y": line.intercept + line.slope * x} for x in both]
            sentences.append(
                f"{panel}: r = {line.rvalue:.2f} over {len(rows)} variations, slope {line.slope:.2f} "
                f"(standard error {line.stderr:.2f})."
            )
    return table(ends, columns=["panel", "x", "y"]), sentences


def scatter_chart(points: Frame, layout: Layout) -> Any:
    """Reasoning against gap, as Fig. 32."""
    fits, sentences = fitted(points)
    notes = (
        "A point is one variation of the prompt; bars: one standard error either way as printed, 95% intervals of own "
        "runs; counts stand in the forests. Dashed: least squares without the models after RL. Points share their "
        "prompts' wording: no test.",
        *sentences,
    )
    title = "Alignment-faking reasoning against the compliance gap (as Fig. 32)"
    return scatter(points, fits, title, notes, layout)
