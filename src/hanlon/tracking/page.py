"""The figures of a summary run as one page of HTML that needs nothing else: no network, no CDN, no `eval`.

Each figure stands there drawn, and a script draws it again so that it answers to the pointer. Vega's libraries are
in the page, once for all figures: from a CDN the page would be blank in an offline viewer, behind a proxy, and where
a policy allows no foreign scripts. They need `hanlon[figures]`.
"""

import html
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import msgspec

from hanlon.tracking.panels import SweepSummary
from hanlon.tracking.redaction import Redaction

FIGURES = ("cell_rates", "verdict", "contrast_forest", "clause_attribution", "sheshadri_dumbbell")
"""Of `hanlon figures`, in this order: those of own runs that need no judge and no people's labels."""
MISSING = "no figures (altair and vl-convert are not installed: pip install 'hanlon[figures]'); its tables are there"
STYLE = "body{font-family:sans-serif;margin:0}figure{margin:0 0 2em;overflow-x:auto}"
EMBED = """
for (const [name, spec] of Object.entries(FIGURES)) {
  const place = document.getElementById(name), live = document.createElement("div");
  place.append(live);
  vegaEmbed(live, spec, {renderer: "svg", ast: true, actions: {export: true, source: false, compiled: false,
    editor: false}}).then(() => place.firstElementChild.remove(), () => live.remove());
}
"""
"""`ast`: expressions are interpreted, since a strict policy forbids to compile them. What fails stays as drawn."""


def available() -> bool:
    """Whether figures can be drawn."""
    return find_spec("altair") is not None and find_spec("vl_convert") is not None


def page(shown: SweepSummary, redaction: Redaction, say: Callable[[str], None]) -> str | None:
    """The figures that a sweep's cells have something for, as a page of HTML; None where there are none.

    Args:
        shown: the sweep.
        redaction: applied to all that is drawn.
        say: told of a figure that cannot be drawn though there is something for it.
    """
    from hanlon.figures.catalogue import FIGURES as CATALOGUE
    from hanlon.figures.theme import NothingToDraw

    by_name, specs = {figure.name: figure for figure in CATALOGUE}, dict[str, Any]()
    for name in FIGURES:
        try:
            chart, _ = by_name[name].make(shown.material)
            specs[name] = redaction.tree(chart.to_dict())
        except NothingToDraw:
            continue
        except Exception as error:  # odd data in one figure shall not cost the others
            say(f"no figure {name} ({type(error).__name__}: {redaction.text(str(error))[:200]})")
    return _page(specs, redaction.text(shown.sweep.id)) if specs else None


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
