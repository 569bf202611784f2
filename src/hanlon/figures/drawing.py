"""A figure as it is drawn: its specification in Vega-Lite, the data behind it, and its title and caption as text."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hanlon.analysis.inert import inert, inert_tree
from hanlon.figures.frames import Frame
from hanlon.figures.layout import Layout
from hanlon.figures.names import AS_THEY_ARE, Names

VEGA_LITE = "6.4"
"""The version of Vega-Lite that altair 6.3 writes; vl-convert has it inside."""
MILLIMETRE = 96 / 25.4
"""Pixels."""
WIDTHS = {"single": 82.5, "double": 171.0}
"""Millimetres of one and of two columns of a paper: 3.25 and 6.75 inches, as ICML has them."""
TRIES, NEAR = 8, 1.0
"""How often plots are made narrower or wider; pixels that a figure may be too narrow or wide."""
Make = Callable[[Layout], tuple[Any, Frame]]
"""Makes a chart as it is laid out, and the data behind it."""


@dataclass(frozen=True)
class Drawing:
    """`spec` shows what a person or a model wrote as text, and as nothing else.

    `frame` is what is drawn. `caption` is not in the picture.
    """

    spec: Mapping[str, Any]
    frame: Frame
    title: str
    caption: str
    width: float
    """In millimetres of print, where one was asked for; else 0."""


def drawn(spec: Mapping[str, Any]) -> str:
    """A specification as SVG."""
    import vl_convert

    return vl_convert.vegalite_to_svg(dict(spec), vl_version=VEGA_LITE, allowed_base_urls=[])


def draw(
    make: Make, *, width: float | None = None, names: Names = AS_THEY_ARE, title: bool = True
) -> Drawing:
    """Make a figure; with a width in millimetres its plots become narrower or wider until the figure has it.

    One that cannot be so narrow without smaller letters is as narrow as it can be: see `Drawing.width`.

    Raises:
        NothingToDraw: there is nothing to draw.
    """
    page = None if width is None else width * MILLIMETRE
    layout = Layout(page, names=names)
    chart, frame = make(layout)
    spec = _spec(chart, title=title)
    if page is None:
        return _drawing(chart, spec, frame, names, 0.0)
    size, before, stretch_before = _width(spec), 0.0, 0.0
    for _ in range(TRIES):
        flat = abs(size - before) < NEAR  # no plot sets the width: a title does, or plots are at their least
        if abs(size - page) <= NEAR or (flat and size > page):
            break
        rise = size / layout.stretch if flat else (size - before) / (layout.stretch - stretch_before)
        before, stretch_before = size, layout.stretch
        layout = replace(layout, stretch=max(0.01, layout.stretch + (page - size) / rise))
        chart, frame = make(layout)
        spec = _spec(chart, title=title)
        size = _width(spec)
    return _drawing(chart, spec, frame, names, size / MILLIMETRE)


def _drawing(chart: Any, spec: dict[str, Any], frame: Frame, names: Names, width: float) -> Drawing:
    head = names.shown(" ".join(chart.title.text))
    return Drawing(spec, frame, inert(head), str(spec["description"]), width)


def _spec(chart: Any, *, title: bool) -> dict[str, Any]:
    """The specification of a chart with every text made harmless, and without its title where none is wanted."""
    spec: dict[str, Any] = inert_tree(chart.to_dict())
    if not title:
        del spec["title"]
    return spec


def _width(spec: Mapping[str, Any]) -> float:
    """Pixels of a figure."""
    match = re.search(r'width="([\d.]+)"', drawn(spec))
    return float(match[1]) if match else 0.0
