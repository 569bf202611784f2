"""A verdict for people: its tables, and what must be read beside them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from hanlon.analysis.gaps.differences import RESAMPLES
from hanlon.analysis.hypotheses.matrix import Matrix, would_part
from hanlon.analysis.hypotheses.rows import prediction_row
from hanlon.analysis.hypotheses.schema import Hypothesis
from hanlon.analysis.hypotheses.verdict import ALPHA, GridVerdict
from hanlon.analysis.model_names import model_name
from hanlon.analysis.tables import TableFormat, render


def verdict_text(verdict: GridVerdict, preregistered: Collection[str], table_format: TableFormat) -> str:
    """The tables of one model: predictions, hypotheses; then the verdict and the notes."""
    rows = [prediction_row(one, preregistered) for one in verdict.judged]
    record = verdict.matrix.grid.cells[0].record
    title = f"{model_name(record)} ({record.protocol}), env={record.env}"
    if record.simulated:
        title += "  SIMULATED"
    parts = [
        render([], [_prediction_words(row) for row in rows], table_format, title=f"predictions: {title}"),
        render([], _finding_words(verdict, preregistered), table_format, title=f"hypotheses: {title}"),
        f"Verdict: {verdict.ends}" + ("  (simulated data)" if record.simulated else ""),
        *_grid_notes(verdict),
    ]
    return "\n".join(part for part in parts if part)


def verdict_notes(verdicts: Sequence[GridVerdict], notes: Sequence[str]) -> Iterator[str]:
    """What holds for all tables of a verdict."""
    for note in notes:
        yield f"{note[0].upper()}{note[1:]}."
    yield (
        f"p: of the ending that is nearer, that the prediction holds or (fails) that it fails, each by Holm over all "
        f"different predictions of the sweep, alpha {ALPHA}. Intervals are 95 % and not corrected."
    )
    units = {one.seen.unit for verdict in verdicts for one in verdict.judged}
    if "episode" in units:
        yield "Episodes are independent: Newcombe's interval, Boschloo's or Fisher's test; a change by MOVER on Wilson."
    if "request" in units:
        yield f"Requests are the unit: bootstrap ({RESAMPLES:,} resamples, fixed seed) and sign flips over requests."
    yield (
        "Ruled out: a prediction failed. Consistent: all that this grid tests held, which does not make it true. "
        "None of these, or several, are ends too."
    )


def _prediction_words(row: Mapping[str, Any]) -> dict[str, str]:
    counts = [f"{k}/{n}" for k, n in zip(row["k"], row["n"], strict=True)]
    looked = f" ({row['after_look']} episodes after a look)" if row["after_look"] else ""
    excluded = sum(sum(own.values()) for own in row["excluded"])
    return {
        "hypothesis": row["hypothesis"],
        "predicts": row["predicts"],
        "of": f"{row['cells']}" + (f" ({row['measure']})" if row["measure"] == "attempt" else ""),
        "k/n": " -> ".join(counts[:2]) + (f" | {' -> '.join(counts[2:])}" if len(counts) > 2 else ""),
        "points": _points(row),
        "p": _p(row),
        "ending": row["ending"]
        + (f": {row['reason']}" if row["reason"] else "")
        + looked
        + (f"; {excluded} excluded" if excluded else "")
        + ("" if row["status"] == "preregistered" else " [exploratory]"),
    }


def _points(row: Mapping[str, Any]) -> str:
    if row["difference"] is None:
        return "-"
    value, lo, hi = (100 * row[name] for name in ("difference", "lo", "hi"))
    return f"{value:+.1f} [{lo:.1f}, {hi:.1f}]"


def _p(row: Mapping[str, Any]) -> str:
    holds, fails = row["p_holds"], row["p_fails"]
    p = min(holds, fails)
    said = "<0.001" if p < 0.001 else f"{p:.3f}"
    return said if holds <= fails else f"{said} (fails)"


def _finding_words(verdict: GridVerdict, preregistered: Collection[str]) -> list[dict[str, str]]:
    statements = {h.name: h.statement for h in verdict.matrix.hypotheses}
    return [
        {
            "hypothesis": " or ".join(finding.names),
            "standing": finding.standing.upper() if finding.standing == "consistent" else finding.standing,
            "because": finding.because,
            "status": "preregistered" if set(finding.names) <= set(preregistered) else "exploratory",
            "it says": statements[finding.names[0]].split(". ")[0].rstrip("."),
        }
        for finding in verdict.findings
    ]


def _grid_notes(verdict: GridVerdict) -> Iterator[str]:
    for reading in verdict.gates:
        worked = "worked" if reading.worked else "" if not reading.applies else "NOT FULFILLED"
        yield f"Control {reading.gate.name}: {worked + ', ' if worked else ''}{reading.says}."
    yield from separation_notes(verdict.matrix)
    notes = {note for cell in verdict.matrix.grid.cells for note in cell.record.notes}
    yield from (f"{note[0].upper()}{note[1:]}." for note in sorted(notes))


def separation_notes(matrix: Matrix) -> Iterator[str]:
    """Which rivals this grid cannot part, wholly or in one direction, and what would part them."""
    by_name: dict[str, Hypothesis] = {h.name: h for h in matrix.hypotheses}
    for group in matrix.groups:
        for a, b in pairwise(group):
            parting = would_part(by_name[a], by_name[b])
            what = f"what would: {'; '.join(parting[:3])}" if parting else "nothing that they predict would"
            yield f"This grid cannot part {a} and {b}; {what}."
    if matrix.unparted:
        pairs = ", ".join(f"{a} / {b}" for a, b in matrix.unparted)
        yield (
            f"Not opposed in any contrast of this grid, so that both may stand; each is ruled out by its own: {pairs}."
        )
    for name in matrix.silent:
        needs = "; ".join(p.selector for p in by_name[name].predicts[:2])
        yield f"{name} predicts nothing of this grid; it speaks of {needs}."
