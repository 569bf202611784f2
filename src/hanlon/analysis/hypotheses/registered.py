"""What a sweep wrote down before its calls, and what of it a verdict may call preregistered.

An experiment may be typed several times. What each command wrote down is a part of its own: judged by its own
hypotheses and n, corrected by itself. Cells that were added to a part later are seen by its controls and enter none of
its predictions, so that the verdict on what was written down stays what it was.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hanlon.analysis.hypotheses.files import plan_of
from hanlon.analysis.hypotheses.schema import Hypothesis, Plan
from hanlon.config.errors import ConfigError
from hanlon.digest import digest
from hanlon.records import Registration, SweepRecord


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
