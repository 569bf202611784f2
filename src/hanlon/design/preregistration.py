"""A sweep's plan as Markdown, for OSF or a repository: cells, n, hypotheses, predictions, and how they are judged."""

import importlib.metadata
import platform
from collections.abc import Iterator, Sequence

from hanlon.analysis.stats.by_request import RESAMPLES
from hanlon.analysis.tables import Column, plain, render_table
from hanlon.config.command_line import ComposedSweep
from hanlon.design.looks import planned_looks
from hanlon.design.power_table import family_size, matrices_of
from hanlon.design.sampling_plan import design, sample_size, sampling
from hanlon.hypotheses.matrix import Matrix
from hanlon.hypotheses.printed.matrix import SIGNS, matrix_markdown, separation_notes, untested_notes
from hanlon.hypotheses.registration import new_registration
from hanlon.hypotheses.schema import MARGIN, Gate, Plan, Prediction
from hanlon.hypotheses.verdict import ALPHA
from hanlon.store.cells import CellState, model_name

STATISTICS = ("numpy", "scipy", "statsmodels")
"""Packages whose version can change a number of the analysis."""


RESULTS = (
    "- `rises`, `falls`, `changes` hold by the two-sided p of no difference and the sign, and fail where the interval "
    "leaves out any such effect of the margin or more.\n"
    "- `does not rise`, `does not fall` hold and fail by one-sided tests against the margin.\n"
    "- `no effect` holds by two one-sided tests within the margin, and fails where the difference lies beyond it.\n"
    "- `vanishes` holds where the base rate is above the margin and the treated one below it, and fails where the "
    "treated one is above it, by exact one-sided binomial tests; to hold, less than half of the base rate must be "
    "left, by a score test of the ratio.\n"
    "- A prediction speaks of every contrast of the grid that it selects (contexts): one failure is a failure; it "
    "holds where it holds in all that have room for the effect.\n"
    "- Undetermined: neither shown; both shown (an effect smaller than the margin); no room for the effect (floor, "
    "ceiling); exclusions that could turn it; n not reached; a control not fulfilled.\n"
    "- A hypothesis is ruled out by one failed prediction, and consistent where all that the grid tests of it "
    "hold and nothing else moves what it explains; else it is undetermined. None of these, and several, are possible "
    "results. There is no score.\n"
    "- Nothing else: a factor that rivals speak of, and it neither does nor leaves open, moves the rate by less "
    f"than {100 * MARGIN:.0f} points and than half of the smallest effect that held; absences that it predicts lie "
    f"within that half, too. Two one-sided tests at {ALPHA} each, all to be passed, so not corrected.\n"
)
"""How a prediction, and a hypothesis, comes to its result."""


def preregistration(sweep: ComposedSweep, plans: Sequence[Plan]) -> str:
    """The plan of a sweep that was not run yet. Nothing in it depends on the day, but the last lines' versions.

    Raises:
        ConfigError: looks that cannot be planned.
    """
    states = sweep.states()
    matrices = matrices_of(states, plans)
    parts = [
        *_heading(sweep, states),
        *_hypotheses(plans),
        *design(sweep, states),
        *sample_size(sweep, matrices),
        *_matrices(matrices),
        *_controls([gate for plan in plans for gate in plan.gates]),
        *sampling(sweep, states, planned_looks([state.record for state in states], plans, sweep.options)),
        *_analysis(states, matrices),
        *_hashes(sweep, plans),
    ]
    return "\n".join(parts)


def _heading(sweep: ComposedSweep, states: Sequence[CellState]) -> Iterator[str]:
    yield f"# Preregistration: {sweep.experiment or ' '.join(sweep.overrides)}\n"
    yield f"Command: `python run.py -m {' '.join(sweep.overrides)}`; judged by `hanlon verdict`.\n"
    if any(state.record.simulated for state in states):
        yield "Of simulated models: a rehearsal and no study.\n"
    yield (
        "Written by `hanlon preregister`, which reads no results. Episodes that were there before the sweep's first "
        "call are counted in `runs/sweeps/<id>.json`, and a verdict on a sweep that had any is exploratory.\n"
    )


def _hypotheses(plans: Sequence[Plan]) -> Iterator[str]:
    yield "## Hypotheses\n"
    for plan in plans:
        for hypothesis in plan.hypotheses:
            yield f"### {hypothesis.name}\n\n{hypothesis.statement}\n\nSource: {hypothesis.source}\n"
            yield render_table(PREDICTIONS, hypothesis.predicts, "markdown", "predictions") + "\n"
            if hypothesis.leaves_open:
                yield f"Leaves open: {', '.join(hypothesis.leaves_open)}.\n"


PREDICTIONS: tuple[Column[Prediction], ...] = (
    plain("contrast", lambda prediction: prediction.selector),
    plain("predicts", lambda prediction: prediction.claim),
    plain(
        "margin",
        lambda prediction: f"{100 * prediction.threshold:g} {'%' if prediction.vanishes else 'points'}",
    ),
    plain("because", lambda prediction: prediction.because),
)


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
        or_else = f", or any cell above {gate.or_anywhere:.0%}" if gate.or_anywhere is not None else ""
        unless = ", ".join(f"{name}={level}" for name, level in gate.unless.items())
        yield (
            f"- {gate.name} ({gate.kind}): {gate.measure} at {where} is {gate.bound}{or_else}, by a one-sided 95 % "
            "bound" + (f"; not needed at {unless}" if unless else "")
        )
    yield ""


def _analysis(states: Sequence[CellState], matrices: Sequence[Matrix]) -> Iterator[str]:
    paired = any("requests" in state.record.texts for state in states)
    yield "## Analysis\n"
    yield (
        f"- Confirmatory: {family_size(matrices)} different predictions of contrasts, one family over all models. "
        f"Holm at alpha {ALPHA} over their p of holding, and likewise over their p of failing. Intervals are 95 %, not "
        "corrected. Every other contrast of these cells is exploratory."
    )
    yield (
        f"- Unit: the request; percentile bootstrap ({RESAMPLES:,} resamples, fixed seed) and sign flips over requests."
        if paired
        else "- Unit: the episode, independent; Newcombe's interval for differences, Boschloo's test (Fisher's at "
        "large n), MOVER on Wilson intervals for changes of differences."
    )
    yield RESULTS


def _hashes(sweep: ComposedSweep, plans: Sequence[Plan]) -> Iterator[str]:
    fixed = new_registration(plans, sweep.options.samples, [cell.key for cell in sweep.cells], 0)
    record = sweep.states()[0].record
    versions = record.versions | {name: importlib.metadata.version(name) for name in STATISTICS}
    yield "## Hashes and versions\n"
    yield f"- registration (hypotheses, controls, n, cells), as runs/sweeps/<id>.json will have it: `{fixed.hash}`"
    yield from (f"- hypotheses and controls of env={plan.env}: `{plan.hash}`" for plan in plans)
    yield f"- code: commit `{record.git_sha or 'no checkout'}`"
    yield f"- software: Python {platform.python_version()}, {', '.join(f'{n} {v}' for n, v in versions.items())}"
