"""The figures by name, and what stands in a drawn one."""

from functools import partial
from typing import Any

import pandas as pd

from hanlon.figures.catalogue import FIGURES, Figure
from hanlon.figures.drawing import draw
from hanlon.figures.material import Material

BY_NAME = {figure.name: figure for figure in FIGURES}
PUBLISHED_FIGURES = [figure for figure in FIGURES if figure.published]


def chart(figure: Figure, material: Material) -> tuple[dict[str, Any], pd.DataFrame]:
    """A figure's specification, which altair checks against Vega-Lite's schema, and its data."""
    drawing = draw(partial(figure.make, material))
    return dict(drawing.spec), drawing.frame


def strings(value: Any) -> list[str]:
    """All strings in a specification."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in strings(one)]
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) else []
