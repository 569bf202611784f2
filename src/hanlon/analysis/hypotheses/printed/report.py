"""The report of `hanlon verdict` for people: the answers, each model's tables, and what to read beside them."""

from collections.abc import Iterator, Sequence

from hanlon.analysis.hypotheses.printed.missing_controls import missing_controls
from hanlon.analysis.hypotheses.printed.notes import grid_notes, method_notes, shortfalls, sweep_notes
from hanlon.analysis.hypotheses.printed.verdict_tables import answer_text, as_notes, verdict_text
from hanlon.analysis.hypotheses.reading import StoredSweep
from hanlon.analysis.hypotheses.registered import Basis
from hanlon.analysis.hypotheses.verdict import GridVerdict
from hanlon.analysis.tables import TableFormat


def report_lines(
    verdicts: Sequence[GridVerdict],
    found: Basis,
    stored: StoredSweep,
    table_format: TableFormat,
    *,
    each_context: bool = False,
) -> Iterator[str]:
    """The answers, one line a model, then each model's tables, then what to read beside them.

    Raises:
        ConfigError: there is no conf/ to read the controls from.
    """
    answers = [answer_text(one) for one in verdicts]
    yield from as_notes([*answers, *shortfalls(stored, found)], table_format)
    yield ""
    for one in verdicts:
        if one.judged:
            yield verdict_text(one, found.preregistered, table_format, each_context=each_context) + "\n"
    missing = missing_controls(verdicts, stored.record.experiment)
    notes = [*grid_notes(verdicts), *missing, *sweep_notes(stored, found), *method_notes(verdicts)]
    yield from as_notes(notes, table_format)
