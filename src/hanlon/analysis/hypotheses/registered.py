"""What a sweep wrote down before its first call, and whether a verdict may call that preregistered."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanlon.analysis.hypotheses.files import plan_of
from hanlon.analysis.hypotheses.schema import Hypothesis, Plan
from hanlon.config.errors import ConfigError
from hanlon.digest import digest
from hanlon.records import Registration, SweepRecord


@dataclass(frozen=True, slots=True)
class Basis:
    """What a verdict judges by: the plans, the planned n, and the names of the hypotheses that were preregistered."""

    plans: Sequence[Plan]
    planned: int
    preregistered: frozenset[str]
    notes: Sequence[str]


def hash_of(plans: Sequence[Mapping[str, Any]], samples: int, cells: Sequence[str]) -> str:
    """The hash of what was written down, 16 hex digits."""
    return digest({"plans": list(plans), "samples": samples, "cells": sorted(cells)})


def basis(sweep: SweepRecord, current: Sequence[Plan], *, use_current: bool = False) -> Basis:
    """What to judge a sweep by: what it wrote down, or (`use_current`, and where it wrote down nothing) conf/ as it is.

    Raises:
        ConfigError: the sweep holds hypotheses that this version cannot read.
    """
    kept = sweep.registration
    if kept is None:
        note = f"sweep {sweep.id} wrote down no hypotheses before its calls: all of this is exploratory"
        return Basis(current, sweep.planned_samples, frozenset(), [note])
    registered = _readable(sweep, use_current=use_current)
    changed = _changed(registered, current)
    spoilt = _spoilt(kept, sweep)
    notes = [_said(kept), *spoilt]
    if use_current:
        if changed:
            notes.append(
                f"changed or added after the run, and so exploratory: {', '.join(sorted(changed))}; without "
                "--hypotheses files the verdict is on what was written down"
            )
        same: frozenset[str] = frozenset() if spoilt else _names(current) - changed
        return Basis(current, kept.samples, same, notes)
    if changed:
        notes.append(
            f"what stands in conf/hypothesis has changed since ({', '.join(sorted(changed))}); this is on what was "
            "written down, --hypotheses files judges by the files, as exploratory"
        )
    return Basis(registered, kept.samples, frozenset() if spoilt else _names(registered), notes)


def _readable(sweep: SweepRecord, *, use_current: bool) -> list[Plan]:
    """The registered plans; none of them where they cannot be read and are not needed."""
    kept = sweep.registration
    try:
        return [plan_of(content) for content in kept.plans] if kept else []
    except ConfigError as error:
        if use_current:
            return []
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
    if sorted(kept.cells) != sorted(sweep.cells):
        reasons.append("the sweep's cells are not those that were registered: exploratory")
    return reasons


def _said(kept: Registration) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(kept.registered_at))
    return f"written down {at} with n = {kept.samples} a cell, hash {kept.hash}"


def _names(plans: Sequence[Plan]) -> frozenset[str]:
    return frozenset(hypothesis.name for plan in plans for hypothesis in plan.hypotheses)


def _changed(registered: Sequence[Plan], current: Sequence[Plan]) -> frozenset[str]:
    """Names of hypotheses whose files now say something else than was written down; and `controls`."""
    then: dict[str, Hypothesis] = {h.name: h for plan in registered for h in plan.hypotheses}
    now: dict[str, Hypothesis] = {h.name: h for plan in current for h in plan.hypotheses}
    changed = {name for name, own in now.items() if then.get(name) != own}
    gates = [{plan.env: plan.gates for plan in plans} for plans in (registered, current)]
    return frozenset(changed | ({"controls"} if gates[0] != gates[1] else set()))
