"""Prints how a sweep ended: the table of its rates, the gaps between tiers, and what is still missing."""

from collections.abc import Callable, Sequence

from hanlon.analysis.gaps.report import gap_report
from hanlon.analysis.labels.answers import followup_tables
from hanlon.analysis.labels.gap_labels import judged_gaps
from hanlon.analysis.paragraphs import counted, paragraphs
from hanlon.analysis.rates_table import rates_columns, rates_rows
from hanlon.analysis.rates_text import notes, rates_answer
from hanlon.analysis.tables import render_table
from hanlon.config.schema import RunOptions
from hanlon.inquiries.pending import PlannedInquiry, unanswered
from hanlon.run.exit_codes import INCOMPLETE
from hanlon.run.plan import missing_indices
from hanlon.store.cells import CellState
from hanlon.store.episodes import read_digests
from hanlon.store.records import SweepRecord


def print_table(states: Sequence[CellState], record: SweepRecord) -> None:
    """The rates of all cells, notes on them, the gaps between tiers, and what the models answered when asked."""
    rows = rates_rows(states)
    print("\n".join(paragraphs([rates_answer(rows)])) + "\n")
    print(render_table(rates_columns(), rows, "table", title=f"sweep {record.id}"))
    for line in paragraphs(notes(rows)):
        print(line)
    if gaps := gap_report(states, judged_gaps(states)):
        print(f"\n{gaps}")
    for table in followup_tables(states):
        print(f"\n{table}")


def print_end(
    states: Sequence[CellState],
    goals: Sequence[int],
    inquiries: Sequence[PlannedInquiry],
    options: RunOptions,
    exit_code: int,
    say: Callable[[str], None],
) -> int:
    """Say where the transcripts are and what is missing. The exit code, which is not 0 where something is.

    `goals` holds the n that each of the cells is to have.
    """
    folders = sorted({str(state.folder.parent) for state in states})
    say(f"Transcripts: {', '.join(folders)}. Again: hanlon rates {options.runs_dir}")
    missing = sum(
        len(missing_indices(read_digests(state.folder), options.shard, goal))
        for state, goal in zip(states, goals, strict=True)
    )
    planned = sum(len(options.shard.indices(goal)) for goal in goals)
    is_are = "is" if missing == 1 else "are"
    incomplete = [f"{missing} of {counted(planned, 'episode')} {is_are} missing"] if missing else []
    for name, count in unanswered(inquiries).items():
        incomplete.append(f"{name} has not answered about {counted(count, 'episode')}")
    if not incomplete:
        return exit_code
    say(
        f"Incomplete: {'; '.join(incomplete)}. Everything finished is stored; the same command goes on from there."
    )
    return exit_code or INCOMPLETE
