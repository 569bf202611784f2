"""What a sweep wrote down before its calls, and what of it a verdict may call preregistered.

An experiment may be typed several times. What each command wrote down is one part: judged by its own hypotheses and n,
corrected by itself. Later cells of a part are seen by its controls and enter none of its predictions, so that the
verdict on what was written down stays what it was.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from hanlon.config.errors import ConfigError
from hanlon.hypotheses.checks import check
from hanlon.hypotheses.files import BUNDLED, plan_of, plans_for
from hanlon.hypotheses.schema import Plan
from hanlon.store.cells import CellState
from hanlon.store.digest import digest
from hanlon.store.episodes import change_json
from hanlon.store.records import Registration, SweepRecord


@dataclass(frozen=True, slots=True)
class Part:
    """What is judged together: `seen` are the keys of its cells, `predicted` those that predictions may be about.

    `written` names the hypotheses that were written down before any of these episodes, `preregistered` those of them
    that the user chose or made. `overrides` are those of the command that wrote them down.
    """

    plans: Sequence[Plan]
    planned: int
    seen: frozenset[str]
    predicted: frozenset[str]
    written: frozenset[str]
    preregistered: frozenset[str]
    notes: Sequence[str]
    overrides: Sequence[str]


def hash_of(plans: Sequence[Mapping[str, Any]], samples: int, cells: Sequence[str]) -> str:
    """The hash of what was written down, 16 hex digits."""
    return digest({"plans": list(plans), "samples": samples, "cells": sorted(cells)})


def registrations(sweep: SweepRecord) -> list[Registration]:
    """What was written down for a sweep, the oldest first. A cell of no registration counts as added to the first."""
    first, later = sweep.registration, sweep.later
    if first is None:
        return list(later)
    written = {key for registration in (first, *later) for key in _keys(registration)}
    if rest := [key for key in sweep.cells if key not in written]:
        first = msgspec.structs.replace(first, added=[*first.added, *rest])
    return [first, *later]


def cells_of(sweep: SweepRecord) -> list[str]:
    """The keys of all cells that were swept under a sweep's name, in the order in which they came."""
    registered = (key for registration in registrations(sweep) for key in _keys(registration))
    return list(dict.fromkeys([*registered, *sweep.cells]))


def basis(
    sweep: SweepRecord, current: Sequence[Plan] | None = None, *, use_current: bool = False
) -> list[Part]:
    """What to judge a sweep by: what it wrote down. With `use_current`, or if it wrote down nothing: conf/ as it is.

    Args:
        sweep: its record.
        current: conf/hypothesis as it is; None leaves out the note on changes.
        use_current: judge by `current`, added cells included.

    Raises:
        ConfigError: the sweep holds hypotheses that this version cannot read.
    """
    registered = registrations(sweep)
    if not registered:
        note = f"sweep {sweep.id} {_unregistered(sweep)}: all of this is exploratory"
        keys = frozenset(sweep.cells)
        return [
            Part(
                current or (),
                sweep.planned_samples,
                keys,
                keys,
                frozenset(),
                frozenset(),
                [note],
                sweep.overrides,
            )
        ]
    if use_current:
        return [_by_files(registration, sweep, current or ()) for registration in registered]
    return [_as_written(registration, sweep, current) for registration in registered]


def _unregistered(sweep: SweepRecord) -> str:
    if sweep.imported:
        return f"was imported from {sweep.imported}, with no hypotheses that were written down before"
    return "wrote down no hypotheses before its calls"


def _as_written(registration: Registration, sweep: SweepRecord, current: Sequence[Plan] | None) -> Part:
    plans = _plans(registration, sweep)
    spoilt = _spoilt(registration, sweep)
    notes = [_written_text(registration), *spoilt]
    if current is not None and (changed := _changed(plans, current)):
        notes.append(
            f"conf/hypothesis has changed since ({', '.join(sorted(changed))}). This verdict is on what was "
            "written down. --hypotheses files judges by the files, as exploratory"
        )
    names = frozenset[str]() if spoilt else _names(plans)
    cells, overrides = frozenset(registration.cells), registration.overrides or sweep.overrides
    seen, chosen = cells | set(registration.added), names & set(registration.chosen)
    return Part(plans, registration.samples, seen, cells, names, chosen, notes, overrides)


def _by_files(registration: Registration, sweep: SweepRecord, current: Sequence[Plan]) -> Part:
    plans: list[Plan] = []
    with suppress(ConfigError):
        plans = _plans(registration, sweep)
    spoilt = _spoilt(registration, sweep)
    if count := len(registration.added):
        cells = f"{count} cell{'s were' if count > 1 else ' was'}"
        spoilt.append(f"{cells} added after the hypotheses were written down: exploratory")
    notes = [_written_text(registration), *spoilt]
    if late := _changed(plans, current) | (_names(current) - _names(plans)):
        notes.append(
            f"not written down as the files have it now, and so exploratory: {', '.join(sorted(late))}; without "
            "--hypotheses files the verdict is on what was written down"
        )
    names = frozenset[str]() if spoilt else _names(current) - late
    keys, overrides = frozenset(_keys(registration)), registration.overrides or sweep.overrides
    chosen = names & set(registration.chosen)
    return Part(current, registration.samples, keys, keys, names, chosen, notes, overrides)


def _plans(registration: Registration, sweep: SweepRecord) -> list[Plan]:
    try:
        return [plan_of(content) for content in registration.plans]
    except ConfigError as error:
        raise ConfigError(
            f"sweep {sweep.id} wrote down hypotheses that this version cannot read ({error}). The version that wrote "
            "them can; --hypotheses files judges by conf/hypothesis as it is, as exploratory"
        ) from None


def _spoilt(registration: Registration, sweep: SweepRecord) -> list[str]:
    """Why nothing of it may be called preregistered."""
    reasons: list[str] = []
    if hash_of(registration.plans, registration.samples, registration.cells) != registration.hash:
        reasons.append(
            f"what stands in sweep {sweep.id} does not fit its hash {registration.hash}: exploratory"
        )
    if registration.stored:
        reasons.append(
            f"{registration.stored} episodes were stored before the hypotheses were written down: exploratory"
        )
    return reasons


def _written_text(registration: Registration) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(registration.registered_at))
    return f"written down {at} with n = {registration.samples} a cell, hash {registration.hash}"


def _names(plans: Sequence[Plan]) -> frozenset[str]:
    return frozenset(hypothesis.name for plan in plans for hypothesis in plan.hypotheses)


def _changed(registered: Sequence[Plan], current: Sequence[Plan]) -> frozenset[str]:
    """The hypotheses that were written down and now read otherwise, and `controls` where these do."""
    then, now = ({h.name: h for plan in plans for h in plan.hypotheses} for plans in (registered, current))
    changed = {name for name, hypothesis in then.items() if now.get(name, hypothesis) != hypothesis}
    with_files = {
        plan.env for plan in current if plan.hypotheses or plan.gates
    }  # else there are no files to compare with
    gates = [
        {plan.env: plan.gates for plan in plans if plan.env in with_files} for plans in (registered, current)
    ]
    return frozenset(changed | ({"controls"} if gates[0] != gates[1] else set()))


def sweep_plans(states: Sequence[CellState], chosen: Sequence[str] | None) -> dict[str, Plan]:
    """The plan of each environment of these cells: the hypotheses that the user chose, None for all of them.

    Raises:
        ConfigError: a hypothesis does not exist, its file is malformed, or it speaks of what the environment has not.
    """
    plans = {plan.env: plan for plan in plans_for([state.record.env for state in states], chosen)}
    for env, plan in plans.items():
        check(plan, [state for state in states if state.record.env == env])
    return plans


def register(
    sweep: SweepRecord,
    states: Sequence[CellState],
    plans: Mapping[str, Plan],
    runs_dir: str,
    chosen: Sequence[str] | None = None,
) -> None:
    """Give a sweep's record its registrations, those of its file and what is new, and its first name; write the file.

    Cells that are new beside cells of their model that were written down before are `added` to these; other new cells
    are written down by themselves. What was written down and not sampled at all is replaced.

    Args:
        sweep: its record.
        states: its cells as they are stored before its first call.
        plans: the plan of each environment.
        runs_dir: where `sweeps/<id>.json` lies.
        chosen: the hypotheses that the user named; None where all were taken.
    """

    def add(stored: SweepRecord | None) -> SweepRecord:
        registered = _binding(registrations(stored) if stored else [], states)
        owners = _owners(registered, states)
        fresh: list[CellState] = []
        for state in states:
            owner = owners.get(_subject(state))
            if owner is None:
                fresh.append(state)
            elif state.record.key not in _keys(owner):
                owner.added.append(state.record.key)
        if fresh:
            fresh_plans = [plans[env] for env in dict.fromkeys(state.record.env for state in fresh)]
            episodes = sum(state.tally.episodes for state in fresh)
            keys = [state.record.key for state in fresh]
            registered.append(
                new_registration(fresh_plans, sweep.planned_samples, keys, episodes, sweep.overrides, chosen)
            )
        sweep.registration, *sweep.later = registered
        sweep.name = stored.name if stored else sweep.name
        _print_differences(sweep, [plan.content() for plan in plans.values()], list(owners.values()))
        return sweep

    change_json(sweep_file(runs_dir, sweep.id), SweepRecord, add)


def rewrite(sweep: SweepRecord, runs_dir: str) -> None:
    """Write a sweep's record, with what other commands have written down under its name since this one began."""

    def unite(stored: SweepRecord | None) -> SweepRecord:
        by_hash = {registration.hash: registration for registration in registrations(sweep)}
        for other in registrations(stored) if stored else ():
            registration = by_hash.setdefault(other.hash, other)
            registration.added += [key for key in other.added if key not in registration.added]
        sweep.registration, *sweep.later = sorted(by_hash.values(), key=lambda each: each.registered_at)
        return sweep

    change_json(sweep_file(runs_dir, sweep.id), SweepRecord, unite)


def new_registration(
    plans: Sequence[Plan],
    samples: int,
    cells: Sequence[str],
    stored: int,
    overrides: Sequence[str] = (),
    chosen: Sequence[str] | None = None,
) -> Registration:
    """A registration as of now. Without `chosen` only the hypotheses that do not come with Hanlon count as chosen."""
    contents = [plan.content() for plan in plans]
    hashed = hash_of(contents, samples, cells)
    names = sorted(_names(plans))
    users = [name for name in names if name not in BUNDLED] if chosen is None else names
    return Registration(
        contents,
        samples,
        list(cells),
        hashed,
        time.time(),
        stored,
        overrides=list(overrides),
        chosen=users,
    )


def sweep_file(runs_dir: str, sweep_id: str) -> Path:
    """Where a sweep's record lies."""
    return Path(runs_dir) / "sweeps" / f"{sweep_id}.json"


def _binding(registered: Sequence[Registration], states: Sequence[CellState]) -> list[Registration]:
    """Without those of which all cells are swept now and none was sampled yet: nobody has seen a result of these."""
    sampled = {state.record.key: state.tally.episodes for state in states}
    return [each for each in registered if any(sampled.get(key, 1) for key in _keys(each))]


def _owners(
    registered: Sequence[Registration], states: Sequence[CellState]
) -> dict[tuple[str, ...], Registration]:
    """For each model of this command, the first registration that holds one of its cells."""
    owners: dict[tuple[str, ...], Registration] = {}
    for registration in registered:
        for state in states:
            if state.record.key in _keys(registration):
                owners.setdefault(_subject(state), registration)
    return owners


def _subject(state: CellState) -> tuple[str, ...]:
    """What is the same in all cells that a verdict judges together."""
    record = state.record
    return record.env, record.endpoint, record.model, record.protocol


def _keys(registration: Registration) -> list[str]:
    return [*registration.cells, *registration.added]


def _print_differences(
    sweep: SweepRecord, contents: Sequence[Mapping[str, Any]], owners: Sequence[Registration]
) -> None:
    """Say where this command's hypotheses are not those that were written down, and which cells were added."""
    if any(content not in contents for registration in owners for content in registration.plans):
        print(
            f"Note: sweep {sweep.id} keeps the hypotheses and n that were written down before its first call; this "
            "command's differ (hypotheses=, or the files of conf/hypothesis), and what they predict is exploratory.",
            file=sys.stderr,
        )
    if added := [key for registration in owners for key in registration.added if key in sweep.cells]:
        print(
            f"Note: {len(added)} of the {len(sweep.cells)} cells were not among those that sweep {sweep.id} wrote down "
            "first: its verdict takes them for controls alone.",
            file=sys.stderr,
        )
