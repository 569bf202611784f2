"""Writes down what a sweep is to be judged by, before its first call: hypotheses, controls, cells and n, with a hash.

What was written down first stands: a later run of the same cells does not replace it, whatever conf/hypothesis says
by then, and cells that come later are listed beside it. `stored` says how many episodes were there already, which
nothing that is written afterwards predicts.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from hanlon.analysis.hypotheses.files import plans_for
from hanlon.analysis.hypotheses.registered import hash_of, registrations
from hanlon.analysis.hypotheses.schema import Plan
from hanlon.config.schema import CellConfig
from hanlon.planning import PlannedCell
from hanlon.records import Registration, SweepRecord


def register(sweep: SweepRecord, planned: Sequence[PlannedCell], options: CellConfig) -> None:
    """Give a sweep's record its registrations: those of its file, to which what is new is added.

    Cells that are new beside cells of their model that were written down before are `added` to these; other new cells
    are written down by themselves. What was written down and not sampled at all is replaced.

    Raises:
        ConfigError: a hypothesis does not exist or its file is malformed.
    """
    plans = {plan.env: plan for plan in plans_for(_environments(planned), options.hypotheses)}
    kept = _standing(read_registrations(sweep_file(options.runs_dir, sweep.id)), planned)
    owners = _owners(kept, planned)
    fresh: list[PlannedCell] = []
    for plan in planned:
        owner = owners.get(_subject(plan))
        if owner is None:
            fresh.append(plan)
        elif plan.cell.key not in _keys(owner):
            owner.added.append(plan.cell.key)
    if fresh:
        own = [plans[env] for env in dict.fromkeys(_environments(fresh))]
        stored = sum(plan.tally.episodes for plan in fresh)
        kept.append(registration(own, options.samples, [p.cell.key for p in fresh], stored, sweep.overrides))
    sweep.registration, sweep.later = kept[0], kept[1:]
    _say_what_stands(sweep, plans, list(owners.values()))


def take_in(sweep: SweepRecord, runs_dir: str) -> None:
    """Add what other commands have written down under the same name since this one began."""
    kept = {one.hash: one for one in registrations(sweep)}
    for other in read_registrations(sweep_file(runs_dir, sweep.id)):
        own = kept.setdefault(other.hash, other)
        own.added += [key for key in other.added if key not in own.added]
    sweep.registration, *sweep.later = sorted(kept.values(), key=lambda one: one.registered_at)


def registration(
    plans: Sequence[Plan], samples: int, cells: Sequence[str], stored: int, overrides: Sequence[str] = ()
) -> Registration:
    """A registration as of now."""
    contents = [plan.content() for plan in plans]
    hashed = hash_of(contents, samples, cells)
    return Registration(
        contents, samples, list(cells), hashed, time.time(), stored, overrides=list(overrides)
    )


def sweep_file(runs_dir: str, sweep_id: str) -> Path:
    """Where a sweep's record lies."""
    return Path(runs_dir) / "sweeps" / f"{sweep_id}.json"


def read_registrations(file: Path) -> list[Registration]:
    """What a sweep's file holds; nothing where there is none, or it cannot be read."""
    try:
        return registrations(msgspec.json.decode(file.read_bytes(), type=SweepRecord))
    except (OSError, msgspec.DecodeError):
        return []


def _standing(kept: Sequence[Registration], planned: Sequence[PlannedCell]) -> list[Registration]:
    """Without those of which all cells are swept now and none was sampled yet: nothing was seen that they bind."""
    sampled = {plan.cell.key: plan.tally.episodes for plan in planned}
    return [one for one in kept if any(sampled.get(key, 1) for key in _keys(one))]


def _owners(
    kept: Sequence[Registration], planned: Sequence[PlannedCell]
) -> dict[tuple[str, ...], Registration]:
    """For each model of this command, what was first written down with one of its cells."""
    owners: dict[tuple[str, ...], Registration] = {}
    for one in kept:
        for plan in planned:
            if plan.cell.key in _keys(one):
                owners.setdefault(_subject(plan), one)
    return owners


def _subject(plan: PlannedCell) -> tuple[str, ...]:
    """What is the same in all cells that a verdict judges together."""
    model = plan.cell.config.model
    return plan.cell.environment.name, model.endpoint, model.id, model.protocol


def _keys(one: Registration) -> list[str]:
    return [*one.cells, *one.added]


def _environments(planned: Sequence[PlannedCell]) -> list[str]:
    return [plan.cell.environment.name for plan in planned]


def _say_what_stands(sweep: SweepRecord, plans: Mapping[str, Plan], owners: Sequence[Registration]) -> None:
    """Say where conf/hypothesis is not what was written down, and which cells were added."""
    contents = [plan.content() for plan in plans.values()]
    if any(content not in contents for one in owners for content in one.plans):
        print(
            f"Note: sweep {sweep.id} keeps the hypotheses and n that were written down before its first call; those of "
            "conf/hypothesis differ by now, and what they predict is exploratory.",
            file=sys.stderr,
        )
    if added := [key for one in owners for key in one.added if key in sweep.cells]:
        print(
            f"Note: {len(added)} of the {len(sweep.cells)} cells were not among those that sweep {sweep.id} wrote down "
            "first: its verdict takes them for controls alone.",
            file=sys.stderr,
        )
