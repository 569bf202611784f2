"""The verdict on one model for people: the answer, its hypotheses, its predictions, its controls."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from hanlon.analysis.tables import TableFormat, render
from hanlon.hypotheses.claims import JudgedPrediction
from hanlon.hypotheses.printed.folding import EITHER, Folded, FoldedFinding, by_contrast, folded
from hanlon.hypotheses.printed.notes import (
    grid_notes,
    method_notes,
    missing_controls,
    shortfalls,
    sweep_notes,
)
from hanlon.hypotheses.printed.wording import (
    contrast_text,
    counts_text,
    doubt_text,
    excluded_text,
    p_text,
    points_text,
    wordings_text,
)
from hanlon.hypotheses.registration import Basis
from hanlon.hypotheses.stored import StoredSweep
from hanlon.hypotheses.verdict import GridVerdict
from hanlon.store.cells import model_name

_ORDER = ("consistent", "undetermined", "ruled out")
_ENDINGS = ("failed", "held", "undetermined")


def answer_text(verdict: GridVerdict) -> str:
    """The verdict on one model in one line, with what leaves hypotheses undetermined."""
    reasons: Counter[str] = Counter()
    for one in folded(verdict):
        if one.finding.standing == "undetermined":
            reasons += one.reasons
    why = " and ".join(reason for reason, _ in reasons.most_common(2))
    said = f"Verdict on {_title(verdict)}: {verdict.ends}."
    return f"{said} Undetermined because {why}." if why else said


def verdict_text(
    verdict: GridVerdict,
    preregistered: Collection[str],
    table_format: TableFormat,
    *,
    each_context: bool = False,
) -> str:
    """The tables of one model: hypotheses, their predictions and, if wanted, every context of these; its controls."""
    tested = sorted(
        (one for one in folded(verdict) if one.predictions),
        key=lambda one: _ORDER.index(one.finding.standing),
    )
    tables = {
        "hypotheses": [_finding_row(verdict, one, preregistered) for one in tested],
        "predictions": list(_prediction_rows(verdict, tested)),
    }
    if each_context:
        tables["contexts"] = [
            _context_row(verdict, one, each)
            for one in tested
            for own in one.predictions
            for each in own.contexts
        ]
    parts = [
        _titled(f"{name}: {_title(verdict)}", rows, table_format) for name, rows in tables.items() if rows
    ]
    return "\n\n".join([*parts, "\n".join(as_notes(_controls(verdict), table_format))])


def as_notes(lines: Iterator[str] | Sequence[str], table_format: TableFormat) -> list[str]:
    """Lines as they are, and in Markdown as a list."""
    return [f"- {line}" if table_format == "markdown" else line for line in lines]


def _title(verdict: GridVerdict) -> str:
    record = verdict.matrix.grid.cells[0].record
    return f"{model_name(record)} ({record.protocol}), env={record.env}" + (
        ", SIMULATED" if record.simulated else ""
    )


def _titled(title: str, rows: Sequence[dict[str, str]], table_format: TableFormat) -> str:
    table = render([], rows, table_format, title=title)
    return f"### {title[0].upper()}{title[1:]}\n\n{table}" if table_format == "markdown" else table


def _finding_row(verdict: GridVerdict, one: FoldedFinding, preregistered: Collection[str]) -> dict[str, str]:
    finding = one.finding
    known = set(finding.names) <= set(preregistered) - verdict.exploratory
    return {
        "hypothesis": " or ".join(finding.names) + ("" if known else " [exploratory]"),
        "standing": finding.standing.upper() if finding.standing == "consistent" else finding.standing,
        "predictions": ", ".join(f"{one.counts[end]} {end}" for end in _ENDINGS if one.counts[end]),
        "decided by": _decided_by(verdict, one),
    }


def _prediction_rows(verdict: GridVerdict, found: Sequence[FoldedFinding]) -> Iterator[dict[str, str]]:
    """A row that names the contrast, and one for each claim of it, with the hypotheses that make it."""
    for claims in by_contrast(found).values():
        _, first = next(iter(claims.values()))[0]
        yield {"contrast and prediction": _contrast(verdict, first), "ending": "", "seen": ""}
        for (claim, ending), owners in claims.items():
            own = owners[0][1]
            at = f"at {own.shown.claim.instance.cells[0].record.label}" if own.count else ""
            seen = [_numbers(own.shown), at, wordings_text(own.contexts)]
            yield {
                "contrast and prediction": f"  {claim}: {', '.join(name for name, _ in owners)}",
                "ending": _ending(ending, own.shown) + (f" ({own.count})" if own.count else ""),
                "seen": "; ".join(part for part in seen if part),
            }


def _context_row(verdict: GridVerdict, one: FoldedFinding, each: JudgedPrediction) -> dict[str, str]:
    return {
        "hypothesis": " or ".join(one.finding.names),
        "predicts": each.claim.prediction.claim,
        "of": each.claim.instance.label,
        "k/n": counts_text(each.seen),
        "points": points_text(each.seen),
        "p": p_text(each),
        "ending": _ending(each.ending, each),
    }


def _decided_by(verdict: GridVerdict, one: FoldedFinding) -> str:
    """The largest difference that it does not cover, or the prediction on which it stands or falls."""
    if doubts := one.finding.doubts:
        return doubt_text(max(doubts, key=lambda doubt: abs(doubt.seen.difference.value or 0.0)))
    return "" if one.decisive is None else _decided(verdict, one.decisive)


def _decided(verdict: GridVerdict, own: Folded) -> str:
    return f"{_contrast(verdict, own)}: {own.prediction.claim}; {_numbers(own.shown)}"


def _contrast(verdict: GridVerdict, own: Folded) -> str:
    found = [each.claim.instance for each in own.contexts]
    return contrast_text(own.prediction, found, verdict.matrix.grid.no_effect)


def _numbers(one: JudgedPrediction) -> str:
    p = p_text(one)
    return f"{counts_text(one.seen)}, {points_text(one.seen)}, p{p if p[0] == '<' else f'={p}'}"


def _ending(ending: str, one: JudgedPrediction) -> str:
    """With the reason, unless it is the usual one, and with what was excluded or added."""
    reason = one.reason if ending == "undetermined" and one.reason != EITHER else ""
    beside = "; ".join(part for part in (reason, excluded_text(one)) if part)
    return f"{ending}: {beside}" if beside else ending


def _controls(verdict: GridVerdict) -> Iterator[str]:
    for reading in verdict.gates:
        worked = (
            "not needed"
            if not reading.applies
            else "worked"
            if reading.worked
            else "NOT FULFILLED, nothing is determined"
        )
        yield f"Control {reading.gate.name} {worked}" + (f": {reading.says}." if reading.applies else ".")


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
