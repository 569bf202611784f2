"""What a preregistration says of sampling: design, cells, n and what it can show, exclusions, stopping."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from hanlon.analysis.contrasts.grid import Grid, grids
from hanlon.analysis.tables import render
from hanlon.config.command_line import ComposedSweep
from hanlon.design.power import planned_power
from hanlon.design.power_table import family_size
from hanlon.hypotheses.matrix import Matrix
from hanlon.hypotheses.verdict import ALPHA
from hanlon.store.cells import CellState, model_name
from hanlon.store.outcomes import EXCLUDED, RETRIED_LATER
from hanlon.store.records import CellRecord

BLIND = 8
"""Predictions that are named where n is not enough for them."""


def design(sweep: ComposedSweep, states: Sequence[CellState]) -> Iterator[str]:
    """What is varied and what is measured, for each environment, and the cells with their n."""
    yield "## Design\n"
    for env, own in _by_env(states).items():
        record = own[0].record
        yield f"Environment `{env}`, {_several(len(own), 'cell')} of {record.planned_samples} episodes each.\n"
        yield from _varied(grids(own)[0])
        measures = list(record.measures.items())
        yield from (
            f"- measured: `{name}`{' (the headline)' if not number else ''}: {said}"
            for number, (name, said) in enumerate(measures)
        )
        yield "- all measures are computed from the episode's mechanical record; no judge enters a prediction\n"
    yield "## Cells\n"
    n = states[0].record.planned_samples
    yield f"{len(states)} cells of {n} episodes, {len(states) * n} in all.\n"
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
    yield (
        "`key` hashes all that can change what the model sees or how it is sampled, `texts` every text that it may be "
        "shown.\n"
    )
    notes = dict.fromkeys(note for cell in sweep.cells for note in cell.environment.notes(n))
    yield from (f"- {note}" for note in notes)
    yield ""


def sample_size(sweep: ComposedSweep, matrices: Sequence[Matrix]) -> Iterator[str]:
    """n, what it can show at the strictest step of the correction, and where it is not enough."""
    n, family = sweep.options.samples, family_size(matrices)
    yield f"## Sample size\n\nn = {n} episodes a cell, the same in all cells.\n"
    if not family:
        return
    found = planned_power(matrices, n, ALPHA / family, approximate=True)
    blind = [one for one in found if not one.enough]
    yield (
        f"What it can show with a power of 80 % at alpha {ALPHA} / {family}, the strictest step of the correction, "
        "from published base rates where there are any and else from those at which a difference is hardest to see "
        f'(by approximation; `hanlon power "{" ".join(sweep.overrides)}"` simulates it). Of the {len(found)} '
        f"predictions it is enough for {len(found) - len(blind)}."
        + (" Not enough for:" if blind else "")
        + "\n"
    )
    for one in blind[:BLIND]:
        instead = f" (instead {one.advice})" if one.advice else ""
        yield f"- {one.claim.instance.label}: {one.claim.prediction.claim}; n shows {one.says}{instead}"
    if len(blind) > BLIND:
        yield f"- and {len(blind) - BLIND} more"
    if blind:
        yield "\nThese may end undetermined, and are not to be read as absences of an effect.\n"


def sampling(sweep: ComposedSweep, states: Sequence[CellState]) -> Iterator[str]:
    """How episodes are sampled, when sampling stops, and which leave n."""
    yield "## Sampling\n"
    for record in {(s.record.endpoint, s.record.model): s.record for s in states}.values():
        yield f"- {model_name(record)}, endpoint `{record.endpoint}`, {_sent(record)}"
    seeds = ", ".join(dict.fromkeys(str(cell.config.seed) for cell in sweep.cells))
    yield (
        f"- Episodes are numbered; the number alone picks the problem or request, a hash of cell, number and seed "
        f"{seeds} the sampling seed. All cells are sampled together, interleaved by number, so that a "
        "provider that drifts does not look like a factor."
    )
    yield (
        "- Stopping rule: at n, whatever the rates; nothing looks at them before. A budget, an outage or an "
        "interruption may stop it earlier, which leaves what it touches undetermined until the same command has gone "
        "on to n. Episodes added beyond n are marked as added after a look.\n"
    )
    yield "## Exclusions\n"
    yield (
        f"- Out of n, with the reason: {', '.join(f'`{name}`' for name in sorted(EXCLUDED))}, and what the environment "
        "itself cannot tell. They are what the machinery did, not the model."
    )
    yield "- In n: refusals, replies that cannot be read, and the environment's turn limit, which are the model's own."
    yield (
        f"- Sampled again: only {', '.join(f'`{name}`' for name in sorted(RETRIED_LATER))}, where nothing usable came "
        "back. Nothing that returned the model's tokens is."
    )
    yield (
        "- Every rate is reported with its exclusions and the bounds that it would have had they all gone one way; an "
        "ending that they could turn is undetermined.\n"
    )


def _by_env(states: Sequence[CellState]) -> Mapping[str, list[CellState]]:
    by_env: dict[str, list[CellState]] = {}
    for state in states:
        by_env.setdefault(state.record.env, []).append(state)
    return by_env


def _varied(grid: Grid) -> Iterator[str]:
    """The factors that a grid varies, with their levels as they are typed."""
    for name, levels in grid.varied.items():
        said = ", ".join(f"`{_typed(level)}`" for level in levels)
        yield f"- varied: `{name}`: {said}"


def _typed(level: str) -> str:
    decoded: Any = msgspec.json.decode(level)
    return decoded if isinstance(decoded, str) else level


def _sent(record: CellRecord) -> str:
    model = record.config["model"]
    sent = {name: value for name, value in model["sampling"].items() if value is not None}
    if model.get("extra_body"):
        sent["extra_body"] = model["extra_body"]
    said = msgspec.json.encode(sent).decode() if sent else "nothing"
    beyond = f"sent with each call beyond messages and tools: `{said}`, the rest at the endpoint's defaults"
    return f"protocol `{record.protocol}`; {beyond}"


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
