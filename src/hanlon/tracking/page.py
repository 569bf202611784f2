"""The figures of a summary run as one page of interactive HTML that loads nothing: no network, no CDN, no `eval`.

Each figure stands there drawn, and a script replaces it by an interactive one. Vega's libraries are in the page, once
for all figures: from a CDN the page would be blank in an offline viewer, behind a proxy, and where a policy allows no
foreign scripts. They need `hanlon[figures]`.
"""

import html
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import msgspec

from hanlon.tracking.panels import SweepSummary
from hanlon.tracking.redaction import Redaction

FIGURES = ("cell_rates", "verdict", "contrast_forest", "clause_attribution", "sheshadri_dumbbell")
"""Of `hanlon figures`, in this order: those of the sweep that need no judge and no people's labels."""
MISSING = "no figures (altair and vl-convert are not installed: pip install 'hanlon[figures]'); its tables are there"
STYLE = "body{font-family:sans-serif;margin:0}figure{margin:0 0 2em;overflow-x:auto}"
EMBED = """
for (const [name, spec] of Object.entries(FIGURES)) {
  const figure = document.getElementById(name), live = document.createElement("div");
  figure.append(live);
  vegaEmbed(live, spec, {renderer: "svg", ast: true, actions: {export: true, source: false, compiled: false,
    editor: false}}).then(() => figure.firstElementChild.remove(), () => live.remove());
}
"""
"""`ast`: expressions are interpreted, since a strict policy forbids compiling them. What fails stays as drawn."""


def available() -> bool:
    """Whether figures can be drawn."""
    return find_spec("altair") is not None and find_spec("vl_convert") is not None


def page(sweep: SweepSummary, redaction: Redaction, say: Callable[[str], None]) -> str | None:
    """The redacted figures that a sweep has data for, as a page of HTML; None where there are none.

    `say` prints a line for a figure that has data and cannot be drawn.
    """
    from hanlon.figures.catalogue import FIGURES as CATALOGUE
    from hanlon.figures.frames import NothingToDraw

    by_name, specs = {figure.name: figure for figure in CATALOGUE}, dict[str, Any]()
    for name in FIGURES:
        try:
            chart, _ = by_name[name].make(sweep.material)
            specs[name] = redaction.tree(chart.to_dict())
        except NothingToDraw:
            continue
        except Exception as error:  # odd data in one figure shall not cost the others
            say(f"no figure {name} ({type(error).__name__}: {redaction.text(str(error))[:200]})")
    return _page(specs, redaction.text(sweep.sweep.id)) if specs else None


def _page(specs: dict[str, dict[str, Any]], title: str) -> str:
    import vl_convert

    from hanlon.figures.files import VEGA_LITE

    drawn = {
        name: vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=[])
        for name, spec in specs.items()
    }
    libraries = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE)
    data = msgspec.json.encode(specs).decode().replace("<", "\\u003c")
    body = "".join(f'<figure id="{name}">{svg}</figure>\n' for name, svg in drawn.items())
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>{body}<script>{libraries}</script>\n"
        f"<script>const FIGURES = {data};{EMBED}</script></body></html>\n"
    )
