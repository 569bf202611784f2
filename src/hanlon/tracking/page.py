"""The figures of a summary run as one page of interactive HTML. They need `hanlon[figures]`."""

import html
from collections.abc import Callable
from typing import Any

from hanlon.store.redaction import Redaction
from hanlon.tracking.panels import SweepSummary

FIGURES = ("cell_rates", "verdict", "contrast_forest", "clause_attribution", "sheshadri_dumbbell")
"""Of `hanlon figures`, in this order: those of the sweep that need no judge and no people's labels."""
MISSING = "no figures (altair and vl-convert are not installed: pip install 'hanlon[figures]'); its tables are there"
STYLE = "body{font-family:sans-serif;margin:0}figure{margin:0 0 2em;overflow-x:auto}"


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
    from hanlon.figures.interactive import drawn, scripts

    body = "".join(f'<figure id="{name}">{drawn(spec)}</figure>\n' for name, spec in specs.items())
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>{body}"
        + "".join(f"<script>{script}</script>\n" for script in scripts(specs))
        + "</body></html>\n"
    )
