"""Writes a figure as SVG, PDF and PNG with its data, specification and caption, without a browser or a network."""

import re
from pathlib import Path
from typing import Any

import msgspec

from hanlon.analysis.inert import csv_text
from hanlon.figures.drawing import MILLIMETRE, Drawing, drawn
from hanlon.figures.frames import Frame

POINTS = 0.75
"""Points for a pixel; vl-convert takes a pixel of an SVG for a point where it writes PDF or PNG."""
DOTS = 300
"""Pixels of the PNG to the inch of print."""


def write_figure(drawing: Drawing, folder: Path, name: str) -> list[Path]:
    """Write `name`.svg, .pdf, .png, .csv, .vl.json and .txt below a folder, which is made; returns what was written.

    The data are `name`.csv, in which a spreadsheet takes no text for a formula. The specification is Vega-Lite. The
    text is the title and the caption.
    """
    import vl_convert

    folder.mkdir(parents=True, exist_ok=True)
    svg = drawn(drawing.spec)
    in_points = _sized(svg, POINTS, "")
    written = {
        "svg": _sized(svg, 1 / MILLIMETRE, "mm").encode(),
        "pdf": vl_convert.svg_to_pdf(in_points),
        "png": vl_convert.svg_to_png(in_points, ppi=DOTS),
        "csv": _quoted(drawing.frame).to_csv(index=False).encode(),
        "vl.json": msgspec.json.format(msgspec.json.encode(drawing.spec), indent=1),
        "txt": f"{drawing.title}\n\n{drawing.caption}\n".encode(),
    }
    paths = [folder / f"{name}.{ending}" for ending in written]
    for path, content in zip(paths, written.values(), strict=True):
        path.write_bytes(content)
    return paths


def _sized(svg: str, scale: float, unit: str) -> str:
    """An SVG with its size in print, `scale` units for a pixel."""

    def size(match: re.Match[str]) -> str:
        width, height = (float(text) * scale for text in match.groups())
        return f'width="{width:.2f}{unit}" height="{height:.2f}{unit}"'

    return re.sub(r'width="([\d.]+)" height="([\d.]+)"', size, svg, count=1)


def _quoted(frame: Frame) -> Frame:
    """The data with every text as a cell of CSV, the names of columns too."""
    return frame.map(_cell).rename(columns=_cell)


def _cell(value: Any) -> Any:
    return csv_text(value) if isinstance(value, str) else value
