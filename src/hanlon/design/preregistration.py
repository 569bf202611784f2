"""A sweep's plan as Markdown, for OSF or a repository: cells, n, hypotheses, predictions, and how they are judged."""

import importlib.metadata
import platform
from collections.abc import Iterator, Sequence

from hanlon.analysis.stats.by_request import RESAMPLES
from hanlon.analysis.tables import Column, plain, render_table
from hanlon.config.command_line import ComposedSweep
from hanlon.design.looks import planned_looks
from hanlon.design.sampling_plan import design, sample_size, sampling
from hanlon.hypotheses.printed.plan import plan_lines, planned_grids
from hanlon.hypotheses.registration import new_registration
from hanlon.hypotheses.sampling_error import WOBBLE
from hanlon.hypotheses.schema import POINTS, Gate, Plan, Prediction, level_text
from hanlon.hypotheses.verdict import AHEAD, ALPHA, EXPLAINS, FEWEST_CELLS
from hanlon.store.cells import CellState
from hanlon.store.contract import REQUESTS

STATISTICS = ("numpy", "scipy", "statsmodels")
"""Packages whose version can change a number of the analysis."""


RULE = (
    "- A hypothesis is one region of the rates of all cells. Each of its predictions binds them in every contrast of "
    "its scope: what the scope does not name is at a level without effect by the same hypothesis. Rates that differ in "
    "nothing that it names are equal. An effect changes the base rate by at least the share that stands beside it and "
    f"{100 * POINTS:g} points; what stays within that is none.\n"
    "- It is fitted to all counts at once by constrained maximum likelihood (order-restricted inference: Robertson, "
    "Wright & Dykstra 1988; Silvapulle & Sen 2005). Its one p is that of the likelihood ratio against free rates, by "
    f"draws from the fitted rates in which every cell moves by {WOBBLE:g} logits (sd).\n"
    f"- `does not fit`: p < {ALPHA}, by Holm over the hypotheses of a model, or no rates lie where it says. `not put "
    "to the test`: none of its effects has a contrast in these cells. `fits`: neither.\n"
    f"- `leads`: it fits, an effect that it claims is shown, it explains more than {EXPLAINS:.0%} of the variation "
    f"between cells that chance does not, and {100 * AHEAD:.0f} points more than any other that fits, or all that "
    "matters where the others leave an effect unexplained. Its effects are seen at the size that it claims, and it "
    f"leaves no effect unexplained. At most one leads, and none where fewer than {FEWEST_CELLS} cells, or effects of "
    "only one hypothesis, are put to the test.\n"
    "- The sweep ends with: one leads; several fit; none leads; none fits; none put to the test; nothing to explain; "
    "or undetermined, where a control did not do its work or nothing can be counted.\n"
)
"""How a hypothesis, and a sweep, comes to its result: `hypotheses/verdict.py` in words."""


def preregistration(sweep: ComposedSweep, plans: Sequence[Plan]) -> str:
    """The plan of a sweep that was not run yet. Nothing in it depends on the day, but the last lines' versions.

    Raises:
        ConfigError: looks that cannot be planned.
    """
    states = sweep.states()
    parts = [
        *_heading(sweep, states),
        *_hypotheses(plans),
        *design(sweep, states),
        *sample_size(sweep, states),
        *_tested(states, plans),
        *_controls([gate for plan in plans for gate in plan.gates]),
        *sampling(sweep, states, planned_looks([state.record for state in states], plans, sweep.options)),
        *_analysis(states, plans),
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
    plain("contrast", lambda prediction: _contrast(prediction)),
    plain("claim", lambda prediction: prediction.text),
    plain("share", lambda prediction: f"{prediction.share:.0%}"),
    plain("scope", lambda prediction: _scope(prediction)),
    plain("because", lambda prediction: prediction.because),
)


def _contrast(prediction: Prediction) -> str:
    by = f" by {prediction.changed_by}" if prediction.changed_by else ""
    return f"{prediction.contrast or f'{prediction.dose} upwards'}{by}"


def _scope(prediction: Prediction) -> str:
    """The levels that its cells have; all other factors are at levels without effect by the same hypothesis."""
    named = (f"{name} {' or '.join(map(level_text, levels))}" for name, levels in prediction.where.items())
    return ", ".join([*named, *([prediction.measure] if prediction.measure else [])])


def _tested(states: Sequence[CellState], plans: Sequence[Plan]) -> Iterator[str]:
    yield "## What these cells put to the test\n"
    yield from plan_lines(planned_grids(states, plans))
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


def _analysis(states: Sequence[CellState], plans: Sequence[Plan]) -> Iterator[str]:
    paired = any(REQUESTS in state.record.texts for state in states)
    yield "## Analysis\n"
    for plan in plans:
        if plan.behaviour is not None:
            yield f"- Nothing to explain in env={plan.env}: {_nothing(plan)}."
    yield (
        f"- Unit: the request; intervals by bootstrap over requests ({RESAMPLES:,} resamples, fixed seed), p of "
        "contrasts by sign flips over requests."
        if paired
        else "- Unit: the episode, independent; Newcombe's interval for differences, a score interval for ratios, "
        "Boschloo's test (Fisher's at large n)."
    )
    yield "- Every contrast that no hypothesis predicts is exploratory.\n"
    yield "## Decision rule\n"
    yield RULE


def _nothing(plan: Plan) -> str:
    """Where the behaviour of a plan counts as not shown."""
    behaviour = plan.behaviour
    if behaviour is None:
        return ""
    if behaviour.changes:
        changes = "; ".join(map(str, behaviour.changes))
        return (
            f"no change of {behaviour.measures[0]} among these is shown to be above {100 * behaviour.above:g} points "
            f"by the lower end of its 95 % interval: {changes}"
        )
    measures = " or ".join(behaviour.measures)
    return (
        f"in no cell that is no control the lower end of the 95 % interval of {measures} lies above "
        f"{behaviour.above:.0%}"
    )


def _hashes(sweep: ComposedSweep, plans: Sequence[Plan]) -> Iterator[str]:
    fixed = new_registration(plans, sweep.options.samples, [cell.key for cell in sweep.cells], 0)
    record = sweep.states()[0].record
    versions = record.versions | {name: importlib.metadata.version(name) for name in STATISTICS}
    yield "## Hashes and versions\n"
    yield f"- registration (hypotheses, controls, n, cells), as runs/sweeps/<id>.json will have it: `{fixed.hash}`"
    yield from (f"- hypotheses and controls of env={plan.env}: `{plan.hash}`" for plan in plans)
    yield f"- code: commit `{record.git_sha or 'no checkout'}`"
    yield f"- software: Python {platform.python_version()}, {', '.join(f'{n} {v}' for n, v in versions.items())}"
