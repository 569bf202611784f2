"""The verdict on one model for people: the answer, its hypotheses, its predictions, its controls."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hanlon.analysis.tables import Column, Item, TableFormat, printed, render_table
from hanlon.hypotheses.claims import JudgedPrediction
from hanlon.hypotheses.printed.folding import (
    EITHER,
    FoldedFinding,
    FoldedPrediction,
    by_contrast,
    folded_findings,
)
from hanlon.hypotheses.printed.notes import (
    grid_notes,
    method_notes,
    missing_controls,
    shortfalls,
    sweep_notes,
)
from hanlon.hypotheses.printed.wording import (
    counts_text,
    excluded_text,
    p_text,
    points_text,
    unexplained_text,
    wordings_text,
)
from hanlon.hypotheses.registration import Part
from hanlon.hypotheses.stored import StoredSweep
from hanlon.hypotheses.verdict import GridVerdict
from hanlon.store.cells import model_name

_ORDER = ("consistent", "undetermined", "ruled out")
_RESULTS = ("failed", "held", "undetermined")


def report_lines(
    verdicts: Sequence[GridVerdict],
    parts: Sequence[Part],
    stored: StoredSweep,
    table_format: TableFormat,
    *,
    each_context: bool = False,
) -> Iterator[str]:
    """The answers, one line a model, then each model's tables, then what to read beside them.

    Raises:
        ConfigError: there is no conf/ to read the controls from.
    """
    yield from as_notes([*map(answer_text, verdicts), *shortfalls(stored, parts)], table_format)
    yield ""
    for verdict in verdicts:
        if verdict.judged:
            yield verdict_text(verdict, table_format, each_context=each_context) + "\n"
    missing = missing_controls(verdicts, stored.record.experiment)
    notes = [*grid_notes(verdicts), *missing, *sweep_notes(stored, parts), *method_notes(verdicts)]
    yield from as_notes(notes, table_format)


def answer_text(verdict: GridVerdict) -> str:
    """The verdict on one model in one line, with what leaves hypotheses undetermined."""
    reasons: Counter[str] = Counter()
    for folded in folded_findings(verdict):
        if folded.finding.result == "undetermined":
            reasons += folded.reasons
    why = " and ".join(reason for reason, _ in reasons.most_common(2))
    answer = f"Verdict on {_title(verdict)}: {verdict.conclusion}."
    return f"{answer} Undetermined because {why}." if why else answer


def verdict_text(verdict: GridVerdict, table_format: TableFormat, *, each_context: bool = False) -> str:
    """The tables of one model: hypotheses, their predictions and, if wanted, every context of these; its controls."""
    tested = sorted(
        (folded for folded in folded_findings(verdict) if folded.predictions),
        key=lambda folded: _ORDER.index(folded.finding.result),
    )
    title = _title(verdict)
    parts = [
        _titled(f"hypotheses: {title}", HYPOTHESES, tested, table_format),
        _titled(f"predictions: {title}", PREDICTIONS, list(_prediction_lines(tested)), table_format),
    ]
    if each_context:
        contexts = [
            Context(folded.name, judged)
            for folded in tested
            for prediction in folded.predictions
            for judged in prediction.contexts
        ]
        parts.append(_titled(f"contexts: {title}", CONTEXTS, contexts, table_format))
    return "\n\n".join([*parts, "\n".join(as_notes(_controls(verdict), table_format))])


def as_notes(lines: Iterable[str], table_format: TableFormat) -> list[str]:
    """Lines as they are, and in Markdown as a list."""
    return [f"- {line}" if table_format == "markdown" else line for line in lines]


@dataclass(frozen=True, slots=True)
class PredictionLine:
    """A line of the table of predictions: a contrast, or a claim about the contrast above it."""

    text: str
    result: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """A prediction of a hypothesis in one context."""

    hypothesis: str
    judged: JudgedPrediction


def _decided_by(folded: FoldedFinding) -> str:
    """What decided a finding: the largest effect that it leaves unexplained, else the decisive prediction."""
    if effects := folded.finding.unexplained:
        return unexplained_text(max(effects, key=lambda effect: abs(effect.seen.difference.value or 0.0)))
    decisive = folded.decisive
    if decisive is None:
        return ""
    return f"{decisive.contrast}: {decisive.prediction.claim}; {_numbers(decisive.shown)}"


def _numbers(judged: JudgedPrediction) -> str:
    p = p_text(judged)
    return f"{counts_text(judged.seen)}, {points_text(judged.seen)}, p{p if p[0] == '<' else f'={p}'}"


def _result_text(result: str, judged: JudgedPrediction) -> str:
    """A result with its reason, unless that is the usual one, and with what was excluded or added."""
    reason = judged.reason if result == "undetermined" and judged.reason != EITHER else ""
    beside = "; ".join(part for part in (reason, excluded_text(judged)) if part)
    return f"{result}: {beside}" if beside else result


HYPOTHESES: tuple[Column[FoldedFinding], ...] = (
    printed("hypothesis", lambda row: row.name + (" [exploratory]" if row.exploratory else "")),
    printed("result", lambda row: row.finding.result.replace("consistent", "CONSISTENT")),
    printed("predictions", lambda row: ", ".join(f"{row.counts[end]} {end}" for end in _RESULTS if row.counts[end])),
    printed("decided by", _decided_by),
)  # fmt: skip
PREDICTIONS: tuple[Column[PredictionLine], ...] = (
    printed("contrast and prediction", lambda row: row.text),
    printed("result", lambda row: row.result),
    printed("seen", lambda row: row.seen),
)
CONTEXTS: tuple[Column[Context], ...] = (
    printed("hypothesis", lambda row: row.hypothesis),
    printed("predicts", lambda row: row.judged.claim.prediction.claim),
    printed("of", lambda row: row.judged.claim.instance.label),
    printed("k/n", lambda row: counts_text(row.judged.seen), right=True),
    printed("points", lambda row: points_text(row.judged.seen)),
    printed("p", lambda row: p_text(row.judged)),
    printed("result", lambda row: _result_text(row.judged.result, row.judged)),
)


def _prediction_lines(findings: Sequence[FoldedFinding]) -> Iterator[PredictionLine]:
    """A line that names the contrast, and one for each claim about it, with the hypotheses that make it."""
    for claims in by_contrast(findings).values():
        (_, first), *_ = next(iter(claims.values()))
        yield PredictionLine(first.contrast)
        for (claim, result), owners in claims.items():
            names = ", ".join(name for name, _ in owners)
            yield _claim_line(f"  {claim}: {names}", result, owners[0][1])


def _claim_line(text: str, result: str, folded: FoldedPrediction) -> PredictionLine:
    shown = folded.shown
    context = f"at {shown.claim.instance.cells[0].record.label}" if folded.count else ""
    seen = [_numbers(shown), context, wordings_text(folded.contexts)]
    count = f" ({folded.count})" if folded.count else ""
    return PredictionLine(text, _result_text(result, shown) + count, "; ".join(part for part in seen if part))


def _title(verdict: GridVerdict) -> str:
    record = verdict.matrix.grid.cells[0].record
    simulated = ", SIMULATED" if record.simulated else ""
    return f"{model_name(record)} ({record.protocol}), env={record.env}{simulated}"


def _titled(
    title: str, columns: Sequence[Column[Item]], rows: Sequence[Item], table_format: TableFormat
) -> str:
    table = render_table(columns, rows, table_format, title)
    return f"### {title[0].upper()}{title[1:]}\n\n{table}" if table_format == "markdown" else table


def _controls(verdict: GridVerdict) -> Iterator[str]:
    for reading in verdict.gates:
        if not reading.applies:
            yield f"Control {reading.gate.name} not needed."
        else:
            worked = "worked" if reading.worked else "NOT FULFILLED, nothing is determined"
            yield f"Control {reading.gate.name} {worked}: {reading.says}."
