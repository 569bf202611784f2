"""One self-contained page: the sections in their order, the figures, and the reader with its transcripts."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from hanlon.figures import interactive
from hanlon.report.embedded import claims, embedded
from hanlon.report.gathered import Gathered
from hanlon.report.hidden import shown, shown_tree
from hanlon.report.index import Listed
from hanlon.report.sections import cells_sections, judges_sections, questions, verdict_sections
from hanlon.store.redaction import Redaction

FIGURES = (
    *("cell_rates", "verdict", "contrast_forest", "clause_attribution", "dose_curves", "sheshadri_dumbbell"),
    *("sheshadri_stacked", "judges_votes", "judges_roc", "specification_curve"),
)
"""Of `hanlon figures`, in this order: those that are about own cells."""
MISSING = "No figures: altair and vl-convert are not installed (pip install 'hanlon[figures]')."
ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
"""What would end a script element, or a line of a script, in JSON within a page."""
NOT_SENT = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'; img-src data:"
"""The policy of every page, but for its scripts. Styles cannot load anything."""


@dataclass(frozen=True)
class Figure:
    """A figure as it is drawn, and its specification."""

    name: str
    about: str
    svg: Markup
    spec: Mapping[str, Any]


def report_page(gathered: Gathered, *, everything: bool) -> str:
    """The page of a sweep, or of some cells; with `everything` it holds all transcripts."""
    redaction, listed = Redaction(extra_paths=gathered.runs), Listed(gathered.states)
    shown_claims = claims(gathered, listed)
    figures = list(_figures(gathered, redaction))
    lines = redaction.secrets(
        msgspec.json.encode(embedded(gathered, listed, shown_claims, everything=everything)).decode()
    )
    scripts = [*_interactive(figures), reader_script()]
    return _template(redaction).render(
        title=" ".join(questions(gathered)),
        about=gathered,
        questions=questions(gathered),
        verdicts=list(verdict_sections(gathered, redaction)),
        cells=cells_sections(gathered, redaction),
        judges=judges_sections(gathered),
        claims=shown_claims,
        figures=figures,
        no_figures="" if interactive.available() else MISSING,
        **reader_parts(lines, scripts),
    )


def view_page(name: str, token_path: str) -> str:
    """The page of `hanlon view`, which asks the server below a path for everything."""
    script = reader_script()
    data = msgspec.json.encode({"server": token_path}).decode()
    parts = reader_parts(data, [script], " connect-src 'self';")
    return _template(None).render(title=name, about=None, **parts)


def reader_parts(data: str, scripts: Sequence[str], more: str = "") -> dict[str, Any]:
    """What the template needs for the reader: style, data, scripts, and the policy that allows these alone."""
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return {
        "policy": f"{NOT_SENT};{more} script-src {hashes}",
        "style": Markup(_file("reader.css")),
        "data": Markup(data.translate(ESCAPED)),
        "scripts": [Markup(script) for script in scripts],
    }


def reader_script() -> str:
    """The reader's own script."""
    return "\n".join(_file(name) for name in ("transcript.js", "reader.js"))


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def _file(name: str) -> str:
    return resources.files("hanlon.report").joinpath("templates", name).read_text(encoding="utf-8")


def _template(redaction: Redaction | None) -> Template:
    def finalize(value: Any) -> Any:
        if isinstance(value, Markup):
            return value
        return shown(redaction.secrets(str(value)) if redaction else str(value))

    environment = Environment(
        autoescape=True, finalize=finalize, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_file("page.html.jinja"))


def _figures(gathered: Gathered, redaction: Redaction) -> Iterator[Figure]:
    """The figures that these cells have data for."""
    if not interactive.available() or not gathered.states:
        return
    from hanlon.figures.catalogue import FIGURES as CATALOGUE
    from hanlon.figures.frames import NothingToDraw

    by_name = {figure.name: figure for figure in CATALOGUE}
    for name in FIGURES:
        try:
            chart, _ = by_name[name].make(gathered.material)
        except NothingToDraw:
            continue
        spec = redaction.tree(shown_tree(chart.to_dict()))
        yield Figure(name, by_name[name].about, Markup(interactive.drawn(spec)), spec)


def _interactive(figures: Sequence[Figure]) -> list[str]:
    return list(interactive.scripts({figure.name: figure.spec for figure in figures})) if figures else []
