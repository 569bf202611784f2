"""The page of a verdict: three lines that answer, what each factor does, the rivals, and what to read beside them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.paragraphs import notes_below, paragraphs
from hanlon.analysis.tables import WHOLE, Column, Kind, TableFormat, TableView, render_table
from hanlon.analysis.views import views_of
from hanlon.hypotheses.printed.answers import Judged, answers, misfit_text
from hanlon.hypotheses.printed.notes import (
    control_lines,
    method_notes,
    missing_controls,
    shortfalls,
    silent_lines,
    sweep_notes,
)
from hanlon.hypotheses.printed.tables import (
    EFFECTS,
    PREDICTIONS,
    RIVALS,
    at_level,
    prediction_rows,
    rival_rows,
)
from hanlon.hypotheses.registration import Part
from hanlon.hypotheses.stored import StoredSweep

TOP = 8
"""Effects that are printed unless all are asked for."""


@dataclass(frozen=True)
class Shown:
    """What of the page is wanted: effects of cells of these keys (None: all), all of them, predictions, notes."""

    keys: Collection[str] | None = None
    view: TableView = WHOLE
    all_effects: bool = False
    predictions: bool = False
    notes: bool = False

    def has(self, effect: Contrast) -> bool:
        """Whether one of the effect's cells was asked for."""
        pair = {effect.pair.base.record.key, effect.pair.treated.record.key}
        return self.keys is None or bool(pair & set(self.keys))


def page(
    verdicts: Sequence[Judged],
    parts: Sequence[Part],
    stored: StoredSweep,
    table_format: TableFormat,
    shown: Shown,
) -> Iterator[str]:
    """The lines of all verdicts on one sweep.

    Raises:
        NoSuchColumn: the view names a column that no table of the page has.
    """
    for judged in verdicts:
        yield from paragraphs(answers(judged), table_format)
    for judged in verdicts:
        yield ""
        yield from _tables(judged, table_format, shown, titled=len(verdicts) > 1)
        silent = " ".join([*_untested(judged), *silent_lines(judged)])
        below = [*filter(None, [silent]), *judged.verdict.cautions, *control_lines(judged.verdict)]
        yield from paragraphs(below, table_format)
    missing = missing_controls([judged.verdict for judged in verdicts], stored.record.experiment)
    notes = [*sweep_notes(stored, parts), *shortfalls(stored, parts), *missing]
    yield from notes_below(notes, list(method_notes(verdicts)), table_format, wanted=shown.notes)


def _tables(judged: Judged, table_format: TableFormat, shown: Shown, *, titled: bool) -> Iterator[str]:
    word = judged.verdict.planned.behaviour.measures[0].replace("_", " ")
    selected = [effect for effect in judged.effects if shown.has(effect)]
    effects = selected if shown.all_effects else selected[:TOP]
    more = len(selected) - len(effects)
    of = f": {judged.title}" if titled else ""
    title = (
        f"Effects on {word}{f' (the largest of {len(selected)}, --effects shows all)' if more else ''}{of}"
    )
    columns = at_level(EFFECTS, judged.level), RIVALS, at_level(PREDICTIONS, judged.level)
    of_effects, of_rivals, of_predictions = views_of(
        shown.view, columns if shown.predictions else (*columns[:2], ())
    )
    if effects and of_effects:
        yield _table(title, columns[0], effects, table_format, of_effects)
    if of_rivals and (rows := rival_rows(judged)):
        yield _table(f"Rivals{of}", columns[1], rows, table_format, of_rivals)
        missing: dict[str, list[str]] = {}
        for row in rows:
            if row.misfit:
                missing.setdefault(misfit_text(row.misfit), []).append(row.rival.name)
        missed = [f"{', '.join(names)}: {misfit}" for misfit, names in missing.items()]
        if missed:
            yield from paragraphs(["Furthest from what was predicted:"], table_format)
            yield from paragraphs([f"  {line}" for line in missed], table_format)
            yield ""
    if shown.predictions and of_predictions and (tested := list(prediction_rows(judged))):
        yield _table(f"Predictions put to the test{of}", columns[2], tested, table_format, of_predictions)


def _table(
    title: str,
    columns: Sequence[Column[Kind]],
    rows: Sequence[Kind],
    table_format: TableFormat,
    view: TableView,
) -> str:
    table = render_table(columns, rows, table_format, title, view)
    return f"### {title}\n\n{table}\n" if table_format == "markdown" else f"{table}\n"


def _untested(judged: Judged) -> Iterator[str]:
    """The hypotheses that have no row."""
    if names := [rival.name for rival in judged.verdict.with_status("not put to the test")]:
        yield f"Not tested: {', '.join(names)}."
