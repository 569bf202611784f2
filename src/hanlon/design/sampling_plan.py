"""What a preregistration says of sampling: design, cells, n and what it can show, exclusions, stopping."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from hanlon.analysis.contrasts.grid import grids
from hanlon.analysis.tables import Column, plain, render_table
from hanlon.config.command_line import ComposedSweep
from hanlon.design.looks import looks_text
from hanlon.design.power import power_lines
from hanlon.store.cells import CellState, model_name
from hanlon.store.outcomes import EXCLUDED, RETRIED_LATER
from hanlon.store.records import CellRecord, LookPlan

CELLS: tuple[Column[CellRecord], ...] = (
    plain("cell", lambda record: record.label),
    plain("model", model_name),
    plain("protocol", lambda record: record.protocol),
    plain("n", lambda record: record.planned_samples),
    plain("key", lambda record: record.key),
    plain("texts", lambda record: record.texts_hash),
)


def design(sweep: ComposedSweep, states: Sequence[CellState]) -> Iterator[str]:
    """What is varied and what is measured, for each environment, and the cells with their n."""
    yield "## Design\n"
    for env, cells in _by_env(states).items():
        record = cells[0].record
        count = f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"
        yield f"Environment `{env}`, {count} of {record.planned_samples} episodes each.\n"
        for name, levels in grids(cells)[0].varied.items():
            yield f"- varied: `{name}`: {', '.join(f'`{_typed(level)}`' for level in levels)}"
        yield from (
            f"- measured: `{name}`{' (the headline)' if not number else ''}: {description}"
            for number, (name, description) in enumerate(record.measures.items())
        )
        yield "- all measures are computed from the episode's mechanical record; no judge enters the verdict\n"
    yield "## Cells\n"
    n = states[0].record.planned_samples
    yield f"{len(states)} cells of {n} episodes, {len(states) * n} in all.\n"
    yield render_table(CELLS, [state.record for state in states], "markdown", "cells") + "\n"
    yield (
        "`key` hashes all that can change what the model sees or how it is sampled, `texts` every text that it may be "
        "shown.\n"
    )
    notes = dict.fromkeys(note for cell in sweep.cells for note in cell.environment.notes(n))
    yield from (f"- {note}" for note in notes)
    yield ""


def sample_size(sweep: ComposedSweep, states: Sequence[CellState]) -> Iterator[str]:
    """n, and what it shows of each factor that is varied."""
    n = sweep.options.samples
    yield f"## Sample size\n\nn = {n} episodes a cell, the same in all cells.\n"
    yield from power_lines(states, n, most=len(states))
    yield (
        "\nBase rates are those published for the model and condition, else assumed ones. "
        f'`hanlon power "{" ".join(sweep.overrides)}"` confirms the approximation by simulation, and `--n-for leads` '
        "rehearses the verdict itself.\n"
    )


def sampling(sweep: ComposedSweep, states: Sequence[CellState], looks: Sequence[LookPlan]) -> Iterator[str]:
    """How episodes are sampled, when sampling stops (at the end, or at one of these looks), and which leave n."""
    yield "## Sampling\n"
    for record in {(s.record.endpoint, s.record.model): s.record for s in states}.values():
        yield f"- {model_name(record)}, endpoint `{record.endpoint}`, {_sent(record)}"
    seeds = ", ".join(dict.fromkeys(str(cell.config.seed) for cell in sweep.cells))
    yield (
        f"- Episodes are numbered; the number alone picks the problem or request, a hash of cell, number and seed "
        f"{seeds} the sampling seed. All cells are sampled together, interleaved by number, so that a "
        "provider that drifts does not look like a factor."
    )
    stop = "at n, whatever the rates; nothing looks at them before"
    if looks:
        stop = (
            f"the sweep is judged at {looks_text(looks[0].looks)}, and at no other n. A model whose verdict is settled "
            "at a look stops there"
        )
    yield (
        f"- Stopping rule: {stop}. A budget, an outage or an interruption may stop it earlier, which leaves what it "
        "touches undetermined until the same command has gone on. Episodes added beyond n are marked as added after a "
        "look.\n"
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
        "- Every rate is reported with its exclusions and the bounds that it would have had they all gone one way.\n"
    )


def _by_env(states: Sequence[CellState]) -> Mapping[str, list[CellState]]:
    by_env: dict[str, list[CellState]] = {}
    for state in states:
        by_env.setdefault(state.record.env, []).append(state)
    return by_env


def _typed(level: str) -> str:
    """A level as it is typed."""
    decoded: Any = msgspec.json.decode(level)
    return decoded if isinstance(decoded, str) else level


def _sent(record: CellRecord) -> str:
    model = record.config["model"]
    sent = {name: value for name, value in model["sampling"].items() if value is not None}
    if model.get("extra_body"):
        sent["extra_body"] = model["extra_body"]
    options = msgspec.json.encode(sent).decode() if sent else "nothing"
    beyond = (
        f"sent with each call beyond messages and tools: `{options}`, the rest at the endpoint's defaults"
    )
    return f"protocol `{record.protocol}`; {beyond}"
