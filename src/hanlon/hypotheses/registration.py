"""What a sweep wrote down before its calls, and what of it a verdict may call preregistered.

An experiment may be typed several times. What each command wrote down is a part of its own: judged by its own
hypotheses and n, corrected by itself. Cells that were added to a part later are seen by its controls and enter none of
its predictions, so that the verdict on what was written down stays what it was.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from hanlon.config.errors import ConfigError
from hanlon.hypotheses.files import plan_of, plans_for
from hanlon.hypotheses.schema import Hypothesis, Plan
from hanlon.store.cells import CellState
from hanlon.store.digest import digest
from hanlon.store.episodes import change_json
from hanlon.store.records import Registration, SweepRecord


@dataclass(frozen=True, slots=True)
class Part:
    """What is judged together: `seen` are the keys of its cells, `predicted` those that predictions may be about.

    `preregistered` names the hypotheses that were written down before any of these episodes, `overrides` are those of
    the command that wrote them down.
    """

    plans: Sequence[Plan]
    planned: int
    seen: frozenset[str]
    predicted: frozenset[str]
    preregistered: frozenset[str]
    notes: Sequence[str]
    overrides: Sequence[str]

    @property
    def exploratory(self) -> frozenset[str]:
        """The names of its other hypotheses."""
        return _names(self.plans) - self.preregistered


@dataclass(frozen=True, slots=True)
class Basis:
    """What a verdict judges by, part by part."""

    parts: Sequence[Part]

    @property
    def plans(self) -> list[Plan]:
        """Hypotheses and controls of all parts."""
        return [plan for part in self.parts for plan in part.plans]

    @property
    def preregistered(self) -> frozenset[str]:
        """The names of hypotheses that some part may call preregistered."""
        return frozenset(name for part in self.parts for name in part.preregistered)

    @property
    def notes(self) -> list[str]:
        """What must be read beside the verdict."""
        return [note for part in self.parts for note in part.notes]


def hash_of(plans: Sequence[Mapping[str, Any]], samples: int, cells: Sequence[str]) -> str:
    """The hash of what was written down, 16 hex digits."""
    return digest({"plans": list(plans), "samples": samples, "cells": sorted(cells)})


def registrations(sweep: SweepRecord) -> list[Registration]:
    """What was written down for a sweep, in the order in which it was; a cell of none counts as added to the first."""
    kept = [*([sweep.registration] if sweep.registration else []), *sweep.later]
    known = {key for one in kept for key in (*one.cells, *one.added)}
    if kept and (rest := [key for key in sweep.cells if key not in known]):
        return [msgspec.structs.replace(kept[0], added=[*kept[0].added, *rest]), *kept[1:]]
    return kept


def cells_of(sweep: SweepRecord) -> list[str]:
    """The keys of all cells that were swept under a sweep's name, in the order in which they came."""
    kept = (key for one in registrations(sweep) for key in (*one.cells, *one.added))
    return list(dict.fromkeys([*kept, *sweep.cells]))


def basis(sweep: SweepRecord, current: Sequence[Plan] | None = None, *, use_current: bool = False) -> Basis:
    """What to judge a sweep by: what it wrote down, or (`use_current`, and where it wrote down nothing) conf/ as it is.

    Args:
        sweep: its record.
        current: conf/hypothesis as it is; None where nothing is to be said of changes.
        use_current: judge by `current`, added cells included.

    Raises:
        ConfigError: the sweep holds hypotheses that this version cannot read.
    """
    kept = registrations(sweep)
    if not kept:
        note = f"sweep {sweep.id} wrote down no hypotheses before its calls: all of this is exploratory"
        keys = frozenset(sweep.cells)
        return Basis(
            [Part(current or (), sweep.planned_samples, keys, keys, frozenset(), [note], sweep.overrides)]
        )
    if use_current:
        return Basis([_by_files(one, sweep, current or ()) for one in kept])
    return Basis([_as_written(one, sweep, current) for one in kept])


def _as_written(kept: Registration, sweep: SweepRecord, current: Sequence[Plan] | None) -> Part:
    plans = _readable(kept, sweep)
    notes = [_said(kept), *_spoilt(kept, sweep)]
    if current is not None and (changed := _changed(plans, current)):
        notes.append(
            f"what stands in conf/hypothesis has changed since ({', '.join(sorted(changed))}); this is on what was "
            "written down, --hypotheses files judges by the files, as exploratory"
        )
    names = frozenset[str]() if _spoilt(kept, sweep) else _names(plans)
    cells = frozenset(kept.cells)
    return Part(
        plans, kept.samples, cells | set(kept.added), cells, names, notes, kept.overrides or sweep.overrides
    )


def _by_files(kept: Registration, sweep: SweepRecord, current: Sequence[Plan]) -> Part:
    try:
        plans = _readable(kept, sweep)
    except ConfigError:
        plans = []
    changed, spoilt = _changed(plans, current), _spoilt(kept, sweep)
    if kept.added:
        spoilt.append(f"{_cells(kept.added)} added after the hypotheses were written down: exploratory")
    notes = [_said(kept), *spoilt]
    if changed:
        notes.append(
            f"changed or added after the run, and so exploratory: {', '.join(sorted(changed))}; without "
            "--hypotheses files the verdict is on what was written down"
        )
    names = frozenset[str]() if spoilt else _names(current) - changed
    cells = frozenset([*kept.cells, *kept.added])
    return Part(current, kept.samples, cells, cells, names, notes, kept.overrides or sweep.overrides)


def _readable(kept: Registration, sweep: SweepRecord) -> list[Plan]:
    try:
        return [plan_of(content) for content in kept.plans]
    except ConfigError as error:
        raise ConfigError(
            f"sweep {sweep.id} wrote down hypotheses that this version cannot read ({error}). The version that wrote "
            "them can; --hypotheses files judges by conf/hypothesis as it is, as exploratory"
        ) from None


def _spoilt(kept: Registration, sweep: SweepRecord) -> list[str]:
    """Why nothing of it may be called preregistered."""
    reasons: list[str] = []
    if hash_of(kept.plans, kept.samples, kept.cells) != kept.hash:
        reasons.append(f"what stands in sweep {sweep.id} does not fit its hash {kept.hash}: exploratory")
    if kept.stored:
        reasons.append(
            f"{kept.stored} episodes were stored before the hypotheses were written down: exploratory"
        )
    return reasons


def _said(kept: Registration) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(kept.registered_at))
    return f"written down {at} with n = {kept.samples} a cell, hash {kept.hash}"


def _cells(keys: Sequence[str]) -> str:
    return f"{len(keys)} cell{'s were' if len(keys) > 1 else ' was'}"


def _names(plans: Sequence[Plan]) -> frozenset[str]:
    return frozenset(hypothesis.name for plan in plans for hypothesis in plan.hypotheses)


def _changed(registered: Sequence[Plan], current: Sequence[Plan]) -> frozenset[str]:
    """Names of hypotheses whose files now say something else than was written down; and `controls`."""
    then: dict[str, Hypothesis] = {h.name: h for plan in registered for h in plan.hypotheses}
    now: dict[str, Hypothesis] = {h.name: h for plan in current for h in plan.hypotheses}
    changed = {name for name, own in now.items() if then.get(name) != own}
    gates = [{plan.env: plan.gates for plan in plans} for plans in (registered, current)]
    return frozenset(changed | ({"controls"} if gates[0] != gates[1] else set()))


def sweep_plans(states: Sequence[CellState], chosen: Sequence[str] | None) -> dict[str, Plan]:
    """The plan of each environment of these cells: the hypotheses that the user chose, None for all of them.

    Raises:
        ConfigError: a hypothesis does not exist or its file is malformed.
    """
    return {plan.env: plan for plan in plans_for(_environments(states), chosen)}


def register(
    sweep: SweepRecord, states: Sequence[CellState], plans: Mapping[str, Plan], runs_dir: str
) -> None:
    """Give a sweep's record its registrations, those of its file and what is new, and write the file.

    Cells that are new beside cells of their model that were written down before are `added` to these; other new cells
    are written down by themselves. What was written down and not sampled at all is replaced.

    Args:
        sweep: its record.
        states: its cells as they are stored before its first call.
        plans: the plan of each environment.
        runs_dir: where `sweeps/<id>.json` lies.
    """

    def add(stored: SweepRecord | None) -> SweepRecord:
        kept = _standing(registrations(stored) if stored else [], states)
        owners = _owners(kept, states)
        fresh: list[CellState] = []
        for state in states:
            owner = owners.get(_subject(state))
            if owner is None:
                fresh.append(state)
            elif state.record.key not in _keys(owner):
                owner.added.append(state.record.key)
        if fresh:
            fresh_plans = [plans[env] for env in dict.fromkeys(_environments(fresh))]
            episodes = sum(state.tally.episodes for state in fresh)
            keys = [state.record.key for state in fresh]
            kept.append(registration(fresh_plans, sweep.planned_samples, keys, episodes, sweep.overrides))
        sweep.registration, sweep.later = kept[0], kept[1:]
        _say_what_stands(sweep, plans, list(owners.values()))
        return sweep

    change_json(sweep_file(runs_dir, sweep.id), SweepRecord, add)


def rewrite(sweep: SweepRecord, runs_dir: str) -> None:
    """Write a sweep's record, with what other commands have written down under its name since this one began."""

    def unite(stored: SweepRecord | None) -> SweepRecord:
        kept = {entry.hash: entry for entry in registrations(sweep)}
        for other in registrations(stored) if stored else ():
            own = kept.setdefault(other.hash, other)
            own.added += [key for key in other.added if key not in own.added]
        sweep.registration, *sweep.later = sorted(kept.values(), key=lambda entry: entry.registered_at)
        return sweep

    change_json(sweep_file(runs_dir, sweep.id), SweepRecord, unite)


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


def _standing(kept: Sequence[Registration], states: Sequence[CellState]) -> list[Registration]:
    """Without those of which all cells are swept now and none was sampled yet: nothing was seen that they bind."""
    sampled = {state.record.key: state.tally.episodes for state in states}
    return [one for one in kept if any(sampled.get(key, 1) for key in _keys(one))]


def _owners(kept: Sequence[Registration], states: Sequence[CellState]) -> dict[tuple[str, ...], Registration]:
    """For each model of this command, what was first written down with one of its cells."""
    owners: dict[tuple[str, ...], Registration] = {}
    for one in kept:
        for state in states:
            if state.record.key in _keys(one):
                owners.setdefault(_subject(state), one)
    return owners


def _subject(state: CellState) -> tuple[str, ...]:
    """What is the same in all cells that a verdict judges together."""
    record = state.record
    return record.env, record.endpoint, record.model, record.protocol


def _keys(one: Registration) -> list[str]:
    return [*one.cells, *one.added]


def _environments(states: Sequence[CellState]) -> list[str]:
    return [state.record.env for state in states]


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
