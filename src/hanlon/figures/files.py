"""Writes a figure as SVG, PDF and PNG with the data behind it, without a browser or a network."""

from pathlib import Path
from typing import Any

from hanlon.figures.frames import Frame

VEGA_LITE = "6.4"
"""The version of Vega-Lite that altair 6.3 writes; vl-convert has it inside."""
SCALE = 2.0
"""Pixels of the PNG for one of the chart."""


def write_figure(chart: Any, data: Frame, folder: Path, name: str) -> list[Path]:
    """Write `name`.svg, .pdf, .png and .csv below a folder, which is made; returns what was written."""
    import vl_convert

    folder.mkdir(parents=True, exist_ok=True)
    svg = vl_convert.vegalite_to_svg(chart.to_dict(), vl_version=VEGA_LITE, allowed_base_urls=[])
    written = {
        "svg": svg.encode(),
        "pdf": vl_convert.svg_to_pdf(svg),
        "png": vl_convert.svg_to_png(svg, scale=SCALE),
        "csv": data.to_csv(index=False).encode(),
    }
    paths = [folder / f"{name}.{ending}" for ending in written]
    for path, content in zip(paths, written.values(), strict=True):
        path.write_bytes(content)
    return paths
