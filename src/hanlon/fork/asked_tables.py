"""What `hanlon ask` prints: the answer, a row for each question, and notes."""

from collections.abc import Iterator, Sequence
from typing import Any

from hanlon.analysis.paragraphs import counted
from hanlon.analysis.tables import Column, p_value, plain, points, points_interval, printed
from hanlon.fork.asked import AskedReport, QuestionRow, Sign

METHOD = (
    "A sign is a label of the rubric that reads the answer, and nothing but the answer. Rates are means over parents, "
    "with score intervals at the effective number of draws; the difference has Newcombe's hybrid interval of both, and "
    "p is that of exchanging parents, corrected by Holm over the questions. The control's rate is the sensitivity: the "
    "same question, after words that prescribe the sign."
)
MEANINGS = {
    "more": "more often after alarming than after clean parents",
    "less": "less often after alarming than after clean parents",
    "unspecific": "often after both, so it does not tell them apart",
    "absent": "rare after alarming parents, and it would have been seen",
    "uninterpretable": "no difference, and the control does not show that a sign would have been seen",
    "undecided": "too few answers to say",
}


def share(sign: Sign) -> str:
    """`3/24 = 12.5% [4.3%, 31.0%]`; a dash where nothing was read."""
    rate, total = sign.rate, sign.total
    if rate is None:
        return "-"
    return f"{total.k}/{total.n} = {100 * rate.value:.1f}% [{100 * rate.lo:.1f}%, {100 * rate.hi:.1f}%]"


ASKED: tuple[Column[QuestionRow], ...] = (
    plain("question", lambda row: row.question, fixed=True),
    printed("sign", lambda row: row.sign),
    printed("alarming", lambda row: share(row.alarming)),
    printed("clean", lambda row: share(row.clean)),
    printed(
        "difference",
        lambda row: (
            f"{points(row.difference.value)} {points_interval(row.difference.lo, row.difference.hi)}"
            if row.difference
            else "-"
        ),
    ),
    printed("p Holm", lambda row: p_value(row.p_holm), right=True),
    printed("control", lambda row: share(row.control)),
    printed("verdict", lambda row: row.verdict),
)


def asked_answer(report: AskedReport) -> str:
    """What the questions came to, by verdict."""
    by_verdict: dict[str, list[str]] = {}
    for row in report.rows:
        by_verdict.setdefault(row.verdict, []).append(row.question)
    parents = f"{counted(report.parents('alarming'), 'alarming parent')} and {report.parents('clean')} clean"
    said = [
        f"{word} ({MEANINGS[word]}): {', '.join(by_verdict[word])}" for word in MEANINGS if word in by_verdict
    ]
    return f"{report.model}, asked about {parents}: the sign is {'; '.join(said)}."


def asked_notes(report: AskedReport) -> Iterator[str]:
    """What changes how the table is read."""
    unread = sum(sign.unread for row in report.rows for sign in (row.alarming, row.clean, row.control))
    if unread:
        yield f"{unread} answers could not be read (no words, cut off, or no verdict), and are in no count."
    if report.parents("alarming") == 1:
        yield "One alarming parent is a case study: its intervals are of its draws, and say nothing of other episodes."
    if not report.parents("clean"):
        yield "No clean parent was asked: whether a sign has to do with the behaviour is open."
    if not report.in_one_cell:
        yield "Alarming and clean parents come from different cells, so what else differs between these differs here."
    for note in dict.fromkeys(note for state in report.states for note in state.record.notes):
        yield f"{report.model}: {note}."
    if report.judged_by.simulated:
        yield f"{report.judge} is a scripted judge: no finding rests on it."


def asked_rows(reports: Sequence[AskedReport]) -> list[dict[str, Any]]:
    """Every number for a program, one row a question."""
    return [_row(report, row) for report in reports for row in report.rows]


def _row(report: AskedReport, row: QuestionRow) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "model": report.model, "measure": report.measure, "battery": report.asked.name, "judge": report.judge,
        "question": row.question, "form": row.form, "sign": row.sign, "verdict": row.verdict,
    }  # fmt: skip
    for kind, sign in (("alarming", row.alarming), ("clean", row.clean), ("control", row.control)):
        rate, total = sign.rate, sign.total
        fields |= {
            f"{kind}_k": total.k, f"{kind}_n": total.n, f"{kind}_parents": len(sign.counts),
            f"{kind}_rate": rate.value if rate else None, f"{kind}_low": rate.lo if rate else None,
            f"{kind}_high": rate.hi if rate else None, f"{kind}_unread": sign.unread,
        }  # fmt: skip
    gap = row.difference
    return fields | {
        "difference": gap.value if gap else None, "difference_low": gap.lo if gap else None,
        "difference_high": gap.hi if gap else None, "p": gap.p if gap else None, "p_holm": row.p_holm,
    }  # fmt: skip
