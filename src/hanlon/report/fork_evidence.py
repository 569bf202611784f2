"""Lines of evidence from forks: where the outcome was settled, what one change did, what the model says when asked.

No rival predicts them, so they say nothing for or against one by themselves. What makes them less than they seem is a
confound that other lines may share.
"""

from collections.abc import Iterator, Sequence

from hanlon.analysis.paragraphs import counted
from hanlon.analysis.tables import p_value, points, points_interval
from hanlon.fork.asked import AskedReport, QuestionRow, asked_reports
from hanlon.fork.asked_tables import share
from hanlon.fork.jumps import ChangeRow, ForkReport, fork_reports
from hanlon.fork.stored import named_change
from hanlon.report.label_evidence import OWN_WORD
from hanlon.report.line import Line
from hanlon.store.cells import CellState

CASE_STUDY = "One parent: what is seen holds for this transcript, and says nothing of other episodes."
OF_CHANGE = {
    "env": "A clause is said late, in a place of its own: in the opening it may do something else.",
    "prefill": "Off-policy: the prefilled words are not the model's own, and the reply completes them.",
    "model": "Off-policy: another model goes on from a history that it did not write.",
    "result": "The history is edited: the result that the model goes on from never came.",
}
READER = "Third person: the model reads a transcript in a new conversation, as if it were not its own."


def fork_lines(states: Sequence[CellState], everywhere: Sequence[str]) -> Iterator[Line]:
    """The lines of these cells: jumps and changes of each fork, then each open question."""
    for report in fork_reports(states):
        confounds = [*everywhere, *_of_parents(report)]
        if (largest := report.largest) is not None and largest.jump is not None:
            told = "" if largest.is_claimed else "; not told from chance"
            yield Line(
                f"Fork: the largest jump of {report.measure}",
                _parents(report, largest.jump.clusters),
                f"reply {largest.turn + 1}: {points(largest.jump.value)} "
                f"{points_interval(largest.jump.lo, largest.jump.hi)}, p Holm {p_value(largest.p_holm)}{told}",
                {},
                confounds,
            )
        yield from (_change_line(report, change, confounds) for change in report.changes)
    for asked in asked_reports(states):
        yield from (_question_line(asked, row, everywhere) for row in asked.rows)


def _parents(report: ForkReport, parents: int) -> str:
    of = f"{counted(parents, 'parent')} in {report.state.record.label}"
    return f"continuations of {of} that came out as {report.outcome}"


def _of_parents(report: ForkReport) -> Iterator[str]:
    yield "Parents were chosen by their outcome: others may have been settled elsewhere."
    if len({curve.index for curve in report.curves}) == 1:
        yield CASE_STUDY
    if report.start is not None and not report.start.agrees:
        yield f"Continuations that keep nothing differ from their cell ({report.state.record.label})."


def _change_line(report: ForkReport, change: ChangeRow, confounds: Sequence[str]) -> Line:
    (before, after), gap = change.draws, change.difference
    kind = change.change.partition("=")[0].partition(".")[0]
    return Line(
        f"Fork: {named_change(change.change, change.said_by) or change.change}",
        f"{_parents(report, gap.clusters)}, at {change.point}",
        f"{before.k}/{before.n} → {after.k}/{after.n}: {points(gap.value)} {points_interval(gap.lo, gap.hi)}, "
        f"p Holm {p_value(change.p_holm)}",
        {},
        [*confounds, *([OF_CHANGE[kind]] if kind in OF_CHANGE else [])],
    )


def _question_line(report: AskedReport, row: QuestionRow, everywhere: Sequence[str]) -> Line:
    return Line(
        f"Asked {row.question}: {row.sign.replace('_', ' ')}",
        f"answers of {report.model} about {counted(len(row.alarming.counts), 'alarming parent')} and "
        f"{len(row.clean.counts)} clean, read by {report.judge}",
        f"{row.verdict}: {share(row.alarming)} after alarming, {share(row.clean)} after clean; "
        f"control {share(row.control)}",
        {},
        [*everywhere, *_of_question(report, row)],
    )


def _of_question(report: AskedReport, row: QuestionRow) -> Iterator[str]:
    yield READER if row.form == "reader" else OWN_WORD
    if len(row.alarming.counts) == 1:
        yield CASE_STUDY
    if row.control.rate is None:
        yield "No control was asked: whether a sign would have been seen is not known."
    elif row.verdict == "uninterpretable":
        yield "The control shows the sign too seldom: no sign means nothing here."
    if report.judged_by.simulated:
        yield f"Judge {report.judged_by.name} is simulated."
    if not report.in_one_cell:
        yield "Alarming and clean parents come from different cells."
