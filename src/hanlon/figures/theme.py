"""One look for all figures: colours, type, captions, and the mark on what is simulated."""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import altair as alt

from hanlon.figures.layout import Layout, folded

WATERMARK = "SIMULATED: a scripted policy, no language model"
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The first is inside vl-convert, so that text is measured the same on every machine; Arial has its widths."""
SMALL, TITLE = 9.5, 13
"""Pixels of the smallest text, which is 7.1 pt, and of a title."""
BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9"
VERMILION, GREY, WINE, BLACK, OLIVE = "#D55E00", "#666666", "#882255", "#000000", "#999933"
COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, VERMILION, GREY, WINE, BLACK, OLIVE)
"""Told apart with any colour vision: Okabe and Ito 2008, "Color Universal Design", grey before their black and,
for their yellow, which is faint as a point, wine and olive of Tol's schemes (2021)."""
MEANINGS: Mapping[str, str] = {
    # tiers: blue trains, orange does not; sky and olive the same with the names exchanged
    **dict.fromkeys(("free", "free (implied training)", "non-compliance, free"), BLUE),
    **dict.fromkeys(("paid", "paid (implied unmonitored)", "non-compliance, paid"), ORANGE),
    "swapped/paid": SKY, "swapped/free": OLIVE,
    # outcomes and what is counted: vermilion is alignment-faking reasoning
    **dict.fromkeys(("alignment-faking reasoning", "AF reasoning, free"), VERMILION), "alignment faking": WINE,
    **dict.fromkeys(("complied, AF reasoning", "compliant with AF reasoning"), VERMILION),
    **dict.fromkeys(("complied", "compliance", "compliant, no AF reasoning"), ORANGE),
    **dict.fromkeys(("refused", "non-compliance", "non-compliant"), SKY),
    "refused, AF reasoning": BLUE, "partial": PINK, "partial, AF reasoning": WINE,
    **dict.fromkeys(("gap", "compliance gap", "other"), GREY),
    # Palisade's conditions, also under the names of its blog
    **dict.fromkeys(("A: no instruction", "without allow instruction", "original setting"), GREY),
    **dict.fromkeys(("B: user allow", "with allow instruction (user)", "user message"), ORANGE),
    **dict.fromkeys(("E: system even if", "Prompt 1", "system message (E)", "yourself (E)", "default effort"), BLUE),
    **dict.fromkeys(("F: first strengthening", "Prompt 2"), PINK),
    **dict.fromkeys(("G: second strengthening", "Prompt 3", "A/K"), OLIVE),
    **dict.fromkeys(("H: priority over any", "Prompt 4"), WINE),
    **dict.fromkeys(("I: the machine", "the machine (I)", "K: competence"), VERMILION),
    **dict.fromkeys(("J: only copy never run again", "never run again (J)"), BLACK),
    "C: system no even if": GREEN, "D: user even if": SKY,
    # DeepMind's conditions, and Greenblatt et al.'s kinds of variations
    "shutdown warning added": ORANGE, "precedence clarified": GREEN, "stakes raised, precedence clarified": WINE,
    "post-task control": PINK, "default": BLUE, "other models": ORANGE, "paraphrases and rewrites": GREEN,
    "examples, reasoning instructions": PINK, "how the tier is told": SKY,
    "instructions against faking, other values": VERMILION, "training, consequence, criteria": GREY,
    "voice, lab, norm, other": WINE, "own": BLACK, "after RL (Table 2)": OLIVE,
    # own contrasts and the parts of a bundle
    **dict.fromkeys(("preregistered", "wording 1", "the whole bundle", "as predicted"), BLUE),
    **dict.fromkeys(("otherwise", "wording 2"), ORANGE),
    **dict.fromkeys(("mean over wordings", "wording 3", "clause alone"), GREEN),
    **dict.fromkeys(("exploratory", "clause added last"), SKY),
    "interaction": PINK, "placebo": GREY, "written down beforehand": OLIVE,
}  # fmt: skip
"""The colour of a series in every figure that has it."""
INK, FAINT, MARKED = "#222222", "#8a8a8a", "#B00000"


def palette(names: Sequence[str]) -> dict[str, str]:
    """A colour for each name: its own (`MEANINGS`), else one that follows from the name and is free here.

    A name alone that has none is blue.
    """
    if len(names) == 1:
        return {name: MEANINGS.get(name, BLUE) for name in names}
    chosen = {name: MEANINGS[name] for name in names if name in MEANINGS}
    for name in (name for name in names if name not in MEANINGS):
        first = crc32(name.encode())
        turned = [COLOURS[(first + step) % len(COLOURS)] for step in range(len(COLOURS))]
        chosen[name] = next((colour for colour in turned if colour not in chosen.values()), turned[0])
    return {name: chosen[name] for name in names}


def colours(
    names: Sequence[str], layout: Layout, title: str | None = None, field: str = "series"
) -> alt.Color:
    """Colours for the values of a field, with the legend on top where there are several."""
    chosen = palette(names)
    legend = layout.legend(names, title) if len(names) > 1 else None
    scale = alt.Scale(domain=list(chosen), range=list(chosen.values()))
    return alt.Color(f"{field}:N", legend=legend, scale=scale)


def tooltips(rows: Any, fields: Mapping[str, str]) -> list[alt.Tooltip]:
    """The tooltip of a mark, where the figure is interactive: columns with a d3 format, "" for words.

    A column that the rows have not got is left out.
    """
    return [
        alt.Tooltip(f"{name}:Q", format=form) if form else alt.Tooltip(f"{name}:N")
        for name, form in fields.items()
        if name in rows.columns
    ]


RATE_TOOLTIP = {"group": "", "series": "", "label": "", "rate": ".1%", "low": ".1%", "high": ".1%"}
"""The tooltip of a rate."""


def panel(
    layers: Sequence[alt.Chart | alt.LayerChart], width: float, height: float, title: str, simulated: bool,
    layout: Layout,
) -> Any:  # fmt: skip
    """Layers of one panel of a fixed size, under its title and, where its data are simulated, under the mark."""
    if not title and not simulated:
        return alt.layer(*layers, width=width, height=height)
    letters = int(max(width, 420 if layout.page is None else layout.page) / 6.2)
    mark: dict[str, Any] = {"subtitle": folded(WATERMARK, int(letters * 1.15))} if simulated else {}
    head = alt.Title(
        folded(layout.names.shown(title), letters), fontSize=11, anchor="start", frame="bounds", color=INK, offset=6,
        subtitleFontSize=SMALL, subtitleColor=MARKED, subtitlePadding=2, **mark,
    )  # fmt: skip
    return alt.layer(*layers, width=width, height=height, title=head)


def lettering(base: alt.Chart, *, align: str = "left", **encoding: Any) -> Any:
    """Text beside marks, on a white edge that keeps it legible over grid lines and other marks.

    `base` gives its places and data, `align` which end of the text stands at the place, `encoding` the encodings
    (`y`, `text`) and what else `mark_text` takes (`dx`, `angle`, `baseline`).
    """
    placed = {name: encoding[name] for name in ("x", "y", "text") if name in encoding}
    mark: dict[str, Any] = {name: value for name, value in encoding.items() if name not in placed}
    mark |= {"align": align, "fontSize": SMALL}
    edge = base.mark_text(**mark, fill="white", stroke="white", strokeWidth=2.5, strokeJoin="round")
    return alt.layer(edge.encode(**placed), base.mark_text(**mark, color=INK).encode(**placed))


def finished(
    chart: Any, title: str, notes: Sequence[str], layout: Layout, width: float, is_simulated: bool = False
) -> Any:
    """The whole figure: its title folded to its width in pixels, its caption as the description, and the look.

    The caption stands beside the figure and not in it: `Drawing.caption`.
    """
    sentences = [f"{WATERMARK}.", *notes] if is_simulated else list(notes)
    letters = max(36, int((layout.page or width) / 7.4))
    head = alt.Title(
        folded(layout.names.shown(title), letters), anchor="start", fontSize=TITLE, offset=12, frame="bounds",
        color=INK,
    )  # fmt: skip
    look = alt.Config(**LOOK)
    whole = (
        alt.vconcat(chart) if isinstance(chart, alt.LayerChart) else chart
    )  # a panel has a title of its own
    return whole.properties(
        title=head,
        description=layout.names.shown(" ".join(sentences)),
        background="white",
        padding=4,
        config=look,
    )


LOOK: dict[str, Any] = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": SMALL, "titleFontSize": SMALL, "titleFontWeight": "normal", "gridColor": "#e8e8e8",
        "domainColor": FAINT, "tickColor": FAINT, "labelColor": INK, "titleColor": INK, "labelLimit": 420,
    },
    "legend": {
        "orient": "top", "labelFontSize": SMALL, "titleFontSize": SMALL, "titleFontWeight": "normal",
        "labelLimit": 0, "symbolType": "square", "titleLimit": 400, "symbolSize": 70, "columnPadding": 8, "offset": 8,
    },
}  # fmt: skip
"""Set once for a figure: altair copies the whole chart at every call."""
