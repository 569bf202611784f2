"""A sweep's plan as Markdown, for OSF or a repository: cells, n, hypotheses, predictions, and how they are judged."""

from collections.abc import Iterator, Sequence

from hanlon.analysis.grid import grids
from hanlon.analysis.hypotheses.laid_out import SIGNS, matrix_markdown
from hanlon.analysis.hypotheses.matrix import Matrix, matrix_of
from hanlon.analysis.hypotheses.schema import Gate, Hypothesis, Plan
from hanlon.analysis.hypotheses.separation import separation_notes, untested_notes
from hanlon.analysis.hypotheses.verdict import ALPHA
from hanlon.analysis.model_names import model_name
from hanlon.analysis.tables import CellState, render
from hanlon.composing import ComposedSweep
from hanlon.registering import registration


def preregistration(sweep: ComposedSweep, plans: Sequence[Plan]) -> str:
    """The plan of a sweep that was not run yet. Nothing in it depends on the day, but the last line."""
    states = sweep.states()
    matrices = [
        matrix_of(grid, plan.hypotheses)
        for plan in plans
        for grid in grids([state for state in states if state.record.env == plan.env])
    ]
    parts = [
        *_heading(sweep, states),
        *_hypotheses(plans),
        *_matrices(matrices),
        *_controls([gate for plan in plans for gate in plan.gates]),
        *_analysis(states, matrices),
        *_hashes(sweep, plans),
    ]
    return "\n".join(parts)


def _heading(sweep: ComposedSweep, states: Sequence[CellState]) -> Iterator[str]:
    name = sweep.experiment or " ".join(sweep.overrides)
    yield f"# Preregistration: {name}\n"
    yield f"Command: `python run.py -m {' '.join(sweep.overrides)}`\n"
    if any(state.record.simulated for state in states):
        yield "Of simulated models: a rehearsal and no study.\n"
    n = sweep.options.samples
    yield f"## Cells\n\n{len(states)} cells of {n} episodes, {len(states) * n} in all.\n"
    rows = [
        {
            "cell": state.record.label,
            "model": model_name(state.record),
            "protocol": state.record.protocol,
            "n": str(n),
            "key": state.record.key,
            "texts": state.record.texts_hash,
        }
        for state in states
    ]
    yield render([], rows, "markdown", title="cells") + "\n"


def _hypotheses(plans: Sequence[Plan]) -> Iterator[str]:
    yield "## Hypotheses\n"
    for plan in plans:
        for hypothesis in plan.hypotheses:
            yield f"### {hypothesis.name}\n\n{hypothesis.statement}\n\nSource: {hypothesis.source}\n"
            yield from _predictions(hypothesis)


def _predictions(hypothesis: Hypothesis) -> Iterator[str]:
    rows = [
        {
            "of": prediction.selector,
            "predicts": prediction.claim,
            "margin": f"{prediction.threshold:.0%}",
            "because": prediction.because,
        }
        for prediction in hypothesis.predicts
    ]
    yield render([], rows, "markdown", title="predictions") + "\n"


def _matrices(matrices: Sequence[Matrix]) -> Iterator[str]:
    yield "## Predictions of this grid\n"
    yield f"A difference is the rate of the first cell minus that of the second. {SIGNS[0].upper()}{SIGNS[1:]}.\n"
    for matrix in matrices:
        record = matrix.grid.cells[0].record
        yield f"### {model_name(record)} ({record.protocol}), {record.env}\n"
        yield matrix_markdown(matrix) + "\n"
        yield from (f"- {note}" for note in (*separation_notes(matrix), *untested_notes([matrix])))
        yield ""


def _controls(gates: Sequence[Gate]) -> Iterator[str]:
    yield "## Controls\n\nWhere one is not fulfilled, nothing is determined.\n"
    for gate in gates:
        where = ", ".join(f"{name}={level}" for name, level in gate.where.items())
        bound = f"above {gate.above:.0%}" if gate.above is not None else f"below {gate.below or 0:.0%}"
        or_else = f", or any cell above {gate.or_anywhere:.0%}" if gate.or_anywhere is not None else ""
        yield f"- {gate.name} ({gate.kind}): {gate.measure} at {where} is {bound}{or_else}"
    yield ""


def _analysis(states: Sequence[CellState], matrices: Sequence[Matrix]) -> Iterator[str]:
    family = len({(c.column, c.prediction.claim) for matrix in matrices for c in matrix.claims})
    paired = any("requests" in state.record.texts for state in states)
    yield "## Analysis\n"
    yield (
        f"- Family: {family} different predictions of contrasts, corrected by Holm at alpha {ALPHA}, for holding and "
        "for failing each. All other contrasts are exploratory."
    )
    yield (
        "- Unit: the request; percentile bootstrap and sign flips over requests."
        if paired
        else "- Unit: the episode; Newcombe's interval for differences, Boschloo's test (Fisher's at large n), MOVER "
        "on Wilson intervals for changes of differences."
    )
    yield (
        "- Rises and falls hold by the two-sided p and the sign, and fail where the interval leaves out any effect of "
        "the margin or more. No effect holds by two one-sided tests within the margin, and fails beyond it. Vanishes "
        "holds where the base rate is above the margin and the treated one below it, both by exact one-sided tests, "
        "and fails where the treated one is above it."
    )
    yield (
        "- A hypothesis is ruled out by one failed prediction, and consistent where all that the grid tests of it "
        "hold; else it is undetermined. None of these, and several, are ends. There is no score."
    )
    yield "- Undetermined: no room for the effect (floor, ceiling), exclusions that could turn it, n not reached."
    yield (
        "- Stopping: at the n above, whatever the rates; the framework does not look at them before. Episodes added "
        "later are marked as added after a look."
    )
    yield (
        "- Exclusions: what the machinery did (no reply, a reply cut off), with reason and bounds. Refusals, "
        "unreadable replies and turn limits count. Nothing that returned the model's tokens is sampled again.\n"
    )


def _hashes(sweep: ComposedSweep, plans: Sequence[Plan]) -> Iterator[str]:
    kept = registration(plans, sweep.options.samples, [cell.key for cell in sweep.cells], 0)
    yield "## Hashes\n"
    yield f"- registration (hypotheses, controls, n, cells), as runs/sweeps/<id>.json will have it: `{kept.hash}`"
    yield from (f"- hypotheses and controls of env={plan.env}: `{plan.hash}`" for plan in plans)
    record = sweep.states()[0].record
    yield f"- code: `{record.git_sha or 'no checkout'}`, {', '.join(f'{n} {v}' for n, v in record.versions.items())}"
