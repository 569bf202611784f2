"""One look for all figures: colours, type, captions, and the mark on what is simulated."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

WATERMARK = "SIMULATED: a scripted policy, no language model"
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The first is inside vl-convert, so that text is measured the same on every machine; Arial has its widths."""
COLOURS = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#666666", "#882255", "#000000",
    "#999933",
)  # fmt: skip
"""Told apart with any colour vision: Okabe and Ito 2008, "Color Universal Design", grey before their black and,
for their yellow, which is faint as a point, wine and olive of Tol's schemes (2021)."""
INK, FAINT = "#222222", "#8a8a8a"
LETTER = 5.2
"""The mean width of a letter in a caption, in pixels."""


def colours(domain: Sequence[str], title: str | None = None, columns: int = 4) -> alt.Color:
    """Colours for the values of `series`, with the legend on top."""
    chosen = [COLOURS[number % len(COLOURS)] for number in range(len(domain))]
    legend = alt.Legend(title=title, columns=columns, symbolOpacity=1) if len(domain) > 1 else None
    return alt.Color("series:N", legend=legend, scale=alt.Scale(domain=list(domain), range=chosen))


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


def watermark(width: float, height: float) -> alt.Chart:
    """The mark over a panel of simulated data, `width` x `height` pixels."""
    lines = WATERMARK.replace(": ", ":\n").split("\n") if height >= 60 else [WATERMARK]
    size = max(7.0, min(26.0, 1.9 * width / len(lines[-1]), height / 2.6))
    return (
        alt.Chart(alt.Data(values=[{}]))
        .mark_text(text=lines, fontSize=size, opacity=0.2, fontWeight="bold", lineHeight=size)
        .encode(
            x=alt.value(width / 2),
            y=alt.value(height / 2 + size * (0.75 - len(lines) / 2)),
            color=alt.value("#B00000"),
        )
    )


def panel(
    layers: Sequence[alt.Chart | alt.LayerChart], width: float, height: float, title: str, simulated: bool
) -> Any:
    """Layers of one panel of a fixed size, marked where its data are simulated, below the last layer's labels."""
    marked = [*layers[:-1], watermark(width, height), layers[-1]] if simulated else list(layers)
    lines = folded(title, max(70, int(width / (LETTER + 0.9))))
    if not title:
        return alt.layer(*marked, width=width, height=height)
    head = alt.Title(lines, fontSize=11, anchor="start", frame="group", color=INK, offset=6)
    return alt.layer(*marked, width=width, height=height, title=head)


def lettering(base: alt.Chart, *, align: str = "left", size: float = 9.5, **encoding: Any) -> Any:
    """Text beside marks, on a white edge that keeps it legible over grid lines and other marks.

    `base` gives its places and data, `align` which end of the text stands at the place, `size` its pixels, `encoding`
    the encodings (`y`, `text`) and what else `mark_text` takes (`dx`, `angle`, `baseline`).
    """
    placed = {name: encoding[name] for name in ("x", "y", "text") if name in encoding}
    mark: dict[str, Any] = {name: value for name, value in encoding.items() if name not in placed}
    mark |= {"align": align, "fontSize": size}
    edge = base.mark_text(**mark, fill="white", stroke="white", strokeWidth=2.5, strokeJoin="round")
    return alt.layer(edge.encode(**placed), base.mark_text(**mark, color=INK).encode(**placed))


def folded(text: str, letters: int) -> list[str]:
    """A text's lines, none longer than so many letters but for a longer word."""
    return [
        line for part in text.split("\n") for line in textwrap.wrap(part, letters, break_long_words=False)
    ]


def finished(chart: Any, title: str, notes: Sequence[str], width: float, is_simulated: bool = False) -> Any:
    """The whole figure: title, caption lines folded to its width in pixels, and the look of everything."""
    sentences = [f"{WATERMARK}.", *notes] if is_simulated else list(notes)
    letters = max(94, int(width / LETTER))
    caption = [line for note in sentences for line in folded(note, letters)]
    head = alt.Title(
        textwrap.wrap(title, int(letters * 0.72)), subtitle=caption, anchor="start", fontSize=14,
        subtitleFontSize=10.5, subtitleColor="#555555", subtitlePadding=6, offset=14, frame="bounds", color=INK,
    )  # fmt: skip
    return chart.properties(title=head, background="white", padding=14, config=alt.Config(**LOOK))


LOOK: dict[str, Any] = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 10, "titleFontSize": 10.5, "titleFontWeight": "normal", "gridColor": "#e8e8e8",
        "domainColor": FAINT, "tickColor": FAINT, "labelColor": INK, "titleColor": INK, "labelLimit": 420,
    },
    "legend": {
        "orient": "top", "labelFontSize": 10, "titleFontSize": 10.5, "titleFontWeight": "normal",
        "labelLimit": 460, "symbolType": "square", "titleLimit": 400,
    },
}  # fmt: skip
"""Set once for a figure: altair copies the whole chart at every call."""
