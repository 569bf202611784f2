"""The page of a report: the sections in their order, the figures, and the reader with its transcripts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from markupsafe import Markup

from hanlon.figures import interactive
from hanlon.report.embedded import claims, embedded
from hanlon.report.gathered import Gathered
from hanlon.report.index import Listed
from hanlon.report.sections import cells_sections, judges_sections, questions, varied, verdict_sections
from hanlon.report.shell import reader_parts, reader_script, template
from hanlon.store.redaction import Redaction

LEFT_OUT = "Left out, as was asked (--no-figures, tracker.figures=false)."
MISSING = "No figures: altair and vl-convert are not installed (pip install 'hanlon[figures]')."


@dataclass(frozen=True)
class Figure:
    """A figure as it is drawn, what stands below it, and its specification."""

    name: str
    caption: str
    svg: Markup
    spec: Mapping[str, Any]


Failed = Callable[[str, Exception], None]


def report_page(gathered: Gathered, *, everything: bool, figures: bool, failed: Failed) -> str:
    """The page of a sweep, or of some cells.

    Args:
        gathered: what it is about.
        everything: hold all transcripts, not a sample.
        figures: draw all that these cells have data for.
        failed: is told of a figure that cannot be drawn, which is then left out.
    """
    redaction, listed = Redaction(extra_paths=gathered.runs), Listed(gathered.states)
    shown_claims = claims(gathered, listed)
    drawn = list(_figures(gathered, redaction, failed)) if figures else []
    data = embedded(gathered, listed, shown_claims, everything=everything)
    for cell in data["columns"]["cells"]:  # a level may be a path of this machine
        cell |= {name: redaction.tree(cell[name]) for name in ("label", "model", "factors")}
    lines = redaction.secrets(msgspec.json.encode(data).decode())
    scripts = [*_interactive(drawn), reader_script()]
    return template(redaction).render(
        title=" ".join(questions(gathered)),
        about=gathered,
        questions=questions(gathered),
        varied=varied(gathered),
        verdicts=list(verdict_sections(gathered)),
        cells=cells_sections(gathered, redaction),
        judges=judges_sections(gathered),
        claims=shown_claims,
        figures=drawn,
        no_figures=LEFT_OUT if not figures else "" if interactive.available() else MISSING,
        **reader_parts(lines, scripts),
    )


def _figures(gathered: Gathered, redaction: Redaction, failed: Failed) -> Iterator[Figure]:
    """The figures that these cells have data for."""
    if not interactive.available() or not gathered.states:
        return
    from hanlon.figures.catalogue import OF_A_SWEEP, named
    from hanlon.figures.drawing import draw, drawn
    from hanlon.figures.frames import NothingToDraw

    for name in OF_A_SWEEP:
        try:
            drawing = draw(partial(named(name).make, gathered.material))
        except NothingToDraw:
            continue
        except Exception as error:  # odd data in one figure shall not cost the page
            failed(name, error)
            continue
        spec = redaction.tree(drawing.spec)
        yield Figure(name, redaction.text(drawing.caption), Markup(drawn(spec)), spec)


def _interactive(figures: Sequence[Figure]) -> list[str]:
    return list(interactive.scripts({figure.name: figure.spec for figure in figures})) if figures else []
