"""The page of a verdict: three lines that answer, what each factor does, the rivals, and what to read beside them."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from hanlon.analysis.tables import Column, Item, TableFormat, page_width, render_table
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


def page(
    verdicts: Sequence[Judged],
    parts: Sequence[Part],
    stored: StoredSweep,
    table_format: TableFormat,
    *,
    all_effects: bool = False,
    predictions: bool = False,
) -> Iterator[str]:
    """The lines of all verdicts on one sweep.

    Raises:
        ConfigError: there is no conf/ to read the controls from.
    """
    for judged in verdicts:
        yield from lines_of(answers(judged), table_format)
    for judged in verdicts:
        yield ""
        yield from _tables(
            judged, table_format, all_effects=all_effects, predictions=predictions, titled=len(verdicts) > 1
        )
        below = [*_untested(judged), *silent_lines(judged), *control_lines(judged.verdict)]
        yield from lines_of(below, table_format)
    missing = missing_controls([judged.verdict for judged in verdicts], stored.record.experiment)
    notes = [*sweep_notes(stored, parts), *shortfalls(stored, parts), *missing, *method_notes(verdicts)]
    yield from lines_of(notes, table_format)


def lines_of(paragraphs: Iterable[str], table_format: TableFormat) -> Iterator[str]:
    """Paragraphs as they are printed: a list in Markdown, else folded at the terminal's width, but for commands."""
    for paragraph in paragraphs:
        if table_format == "markdown":
            yield f"- {paragraph.strip()}"
        elif "python run.py" in paragraph:
            yield paragraph
        else:
            yield textwrap.fill(
                paragraph,
                page_width(),
                subsequent_indent="    " if paragraph[0] == " " else "  ",
                break_long_words=False,
                break_on_hyphens=False,
            )


def _tables(
    judged: Judged, table_format: TableFormat, *, all_effects: bool, predictions: bool, titled: bool
) -> Iterator[str]:
    word = judged.verdict.planned.behaviour.measures[0].replace("_", " ")
    effects = judged.effects if all_effects else judged.effects[:TOP]
    more = len(judged.effects) - len(effects)
    of = f": {judged.title}" if titled else ""
    title = f"Effects on {word}{f' (the largest of {len(judged.effects)}, --effects shows all)' if more else ''}{of}"
    if effects:
        yield _table(title, at_level(EFFECTS, judged.level), effects, table_format)
    if rows := rival_rows(judged):
        yield _table(f"Rivals{of}", RIVALS, rows, table_format)
        missed = [f"{row.rival.name}: {misfit_text(row.misfit)}" for row in rows if row.misfit]
        if missed:
            yield from lines_of(["Furthest from what was predicted:"], table_format)
            yield from lines_of([f"  {line}" for line in missed], table_format)
            yield ""
    if predictions and (tested := list(prediction_rows(judged))):
        yield _table(
            f"Predictions put to the test{of}", at_level(PREDICTIONS, judged.level), tested, table_format
        )


def _table(
    title: str, columns: Sequence[Column[Item]], rows: Sequence[Item], table_format: TableFormat
) -> str:
    table = render_table(columns, rows, table_format, title)
    return f"### {title}\n\n{table}\n" if table_format == "markdown" else f"{table}\n"


def _untested(judged: Judged) -> Iterator[str]:
    """The hypotheses that have no row, and what must be read beside all of it."""
    if names := [rival.name for rival in judged.verdict.with_status("not put to the test")]:
        yield f"Not put to the test: {', '.join(names)}."
    yield from judged.verdict.cautions
