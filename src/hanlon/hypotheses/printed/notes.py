"""What must be read beside a verdict: what was stored, what was written down before, and how it was judged."""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import yaml

from hanlon.analysis.stats.by_request import RESAMPLES
from hanlon.config.command_line import find_conf
from hanlon.hypotheses.gates import GateReading, cells_text
from hanlon.hypotheses.printed.matrix import separation_notes, untested_notes
from hanlon.hypotheses.printed.wording import overrides_of
from hanlon.hypotheses.registration import Part, cells_of
from hanlon.hypotheses.schema import MARGIN
from hanlon.hypotheses.stored import StoredSweep
from hanlon.hypotheses.verdict import ALPHA, GridVerdict
from hanlon.store.cells import CellState
from hanlon.store.digest import as_json
from hanlon.store.records import SweepRecord

NAMED = 3
"""Cells that a note names."""
SWEEPS = 5
"""Sweeps that are offered where a sweep tests nothing."""


def sweep_notes(stored: StoredSweep, parts: Sequence[Part]) -> Iterator[str]:
    """Which sweep, whether it was preregistered, what was excluded or added after a look."""
    record, cells = stored.record, stored.cells
    episodes = sum(cell.tally.episodes for cell in cells)
    preregistered = any(part.preregistered for part in parts)
    registered = "preregistered" if preregistered else "not preregistered, so that all of it is exploratory"
    planned = ", ".join(dict.fromkeys(str(part.planned) for part in parts))
    reached = "not reached in all" if list(shortfalls(stored, parts)) else "reached in all"
    yield (
        f"Sweep {record.id}: {len(cells)} cells, {episodes} episodes, planned n {planned} a cell {reached}; "
        f"{registered}."
    )
    if len(parts) > 1:
        yield (
            f"Its commands wrote down {len(parts)} plans for different cells, each judged and corrected by "
            "itself."
        )
    for part in parts:
        of = f"Of `{command_text(part.overrides)}`: " if len(parts) > 1 else ""
        yield from (f"{of}{note}." if of else f"{note[0].upper()}{note[1:]}." for note in part.notes)
        if later := [cell for cell in cells if cell.record.key in part.seen - part.predicted]:
            yield (
                f"Added after that: {_named(later)}. Controls count what was added, no prediction is about it. "
                "--hypotheses files judges with it, as exploratory."
            )
    excluded = sum((cell.tally.excluded for cell in cells), Counter[str]())
    if excluded:
        reasons = ", ".join(f"{count} {reason}" for reason, count in excluded.most_common())
        yield (
            f"Excluded: {reasons} of {episodes} episodes. They leave n; a result that they could turn is undetermined."
        )
    if added := [cell for cell in cells if cell.tally.after_look]:
        count = sum(cell.tally.after_look for cell in added)
        yield f"{count} episodes of {_named(added)} were added after a look at the rates."
    notes = dict.fromkeys(note for cell in cells for note in cell.record.notes)
    yield from (f"{note[0].upper()}{note[1:]}." for note in notes)


def shortfalls(stored: StoredSweep, parts: Sequence[Part]) -> Iterator[str]:
    """Cells of the sweep that are not stored, and those below the planned n, with what to do."""
    record, missing = stored.record, set(stored.missing)
    for part in parts:
        if gone := [key for key in cells_of(record) if key in part.seen & missing]:
            more = ", ..." if len(gone) > NAMED else ""
            yield (
                f"{len(gone)} of the {len(part.seen)} cells of sweep {record.id} are not in these run folders (keys "
                f"{', '.join(gone[:NAMED])}{more}), and nothing is said of their contrasts. "
                f"{_again(record, part, gone)}"
            )
        seen = [cell for cell in stored.cells if cell.record.key in part.seen]
        if short := [cell for cell in seen if cell.tally.episodes < part.planned]:
            least = min(cell.tally.episodes for cell in short)
            yield (
                f"Planned n not reached in {len(short)} of {len(seen)} cells, {_named(short)}: {least} of "
                f"{part.planned} episodes in the shortest. What they take part in is undetermined. "
                f"{_again(record, part, [cell.record.key for cell in short])}"
            )


def _again(record: SweepRecord, part: Part, keys: Sequence[str]) -> str:
    """The command that swept these cells: that of the plan, or the last one where some were added to it."""
    overrides = part.overrides if part.predicted.issuperset(keys) else record.overrides
    return f"The same command goes on: {command_text(overrides)}"


def command_text(overrides: Sequence[str]) -> str:
    """The command of a sweep, to be typed again."""
    return f"python run.py -m {shlex.join(overrides)}"


def no_verdict_text(stored: StoredSweep, parts: Sequence[Part]) -> str:
    """Why there is no verdict on a sweep, and what to sweep for one."""
    record, cells = stored.record, stored.cells
    if not cells:
        return (
            f"none of the {len(cells_of(record))} cells of sweep {record.id} is in these run folders, as "
            f"<env>/<label>-<key>/cell.json. The same command samples them: {command_text(record.overrides)}"
        )
    environments = ", ".join(dict.fromkeys(f"env={cell.record.env}" for cell in cells))
    problem = f"sweep {record.id} ({len(cells)} cells of {environments}) has no contrast that a hypothesis speaks of"
    if any(part.seen != part.predicted for part in parts):
        problem += (
            " that was written down before its calls (--hypotheses files judges all cells, as exploratory)"
        )
    hypotheses = [h for part in parts for plan in part.plans for h in plan.hypotheses]
    if not hypotheses:
        return f"{problem}: none was registered (hypotheses=[...]; files conf/hypothesis/<env>/<name>.yaml)"
    no_effect = {name: as_json(level) for cell in cells for name, level in cell.record.no_effect.items()}
    sweeps = dict.fromkeys(overrides_of(p, no_effect) for h in hypotheses for p in h.predicts)
    return f"{problem}. What would: {'; or '.join(list(sweeps)[:SWEEPS])}"


def method_notes(verdicts: Sequence[GridVerdict]) -> Iterator[str]:
    """How it was judged, and what its words mean."""
    families = " and ".join(dict.fromkeys(str(verdict.family) for verdict in verdicts if verdict.judged))
    yield (
        f"p: of the result that is nearer, that the prediction holds or (fails) that it fails, each corrected by Holm "
        f"over the {families} different predictions that were judged together, alpha {ALPHA}. Intervals are 95 % and "
        "not corrected."
    )
    all_seen = [judged.seen for verdict in verdicts for judged in verdict.judged]
    units = {seen.unit for seen in all_seen}
    if "episode" in units:
        tests = sorted({seen.test for seen in all_seen if seen.unit == "episode"})
        changes = any(len(seen.rates) > 2 for seen in all_seen)
        yield (
            f"Episodes are independent: Newcombe's interval; tests: {', '.join(tests)}"
            + ("; a change of a difference by MOVER on Wilson intervals." if changes else ".")
        )
    if "request" in units:
        yield f"Requests are the unit: bootstrap ({RESAMPLES:,} resamples, fixed seed) and sign flips over requests."
    yield (
        "Seen: k/n at the first level and at the second, and the difference in points, in the context that decides: "
        "the plainest failure, else the one furthest from holding (--contexts shows all). (2 of 3): so in two of three "
        "contexts. One is enough to fail; to hold it takes all that have room. Undetermined without a reason: the "
        "interval allows either."
    )
    yield (
        "Ruled out: a prediction failed. Consistent: all that this grid tests held, and nothing that only rivals speak "
        f"of moves the rate by {100 * MARGIN:.0f} points or by half of the smallest effect that held (two one-sided "
        f"tests at {ALPHA}, all to be passed, so not corrected). That does not make it true. A verdict may end with "
        "none of these, or with several."
    )


def grid_notes(verdicts: Sequence[GridVerdict]) -> list[str]:
    """Which rivals the grids cannot part, and which they do not test; once for all models of which it is so."""
    matrices = [verdict.matrix for verdict in verdicts]
    parting = (note for matrix in matrices for note in separation_notes(matrix))
    return list(dict.fromkeys([*parting, *untested_notes(matrices)]))


def _named(cells: Sequence[CellState]) -> str:
    labels = list(dict.fromkeys(cell.record.label for cell in cells))
    return ", ".join(labels[:NAMED]) + (f" and {len(labels) - NAMED} more" if len(labels) > NAMED else "")


def missing_controls(verdicts: Sequence[GridVerdict], experiment: str | None) -> Iterator[str]:
    """For each control that a sweep lacks, its cell and the command that adds it; `experiment` is the sweep's.

    Raises:
        ConfigError: there is no conf/ to read the controls from.
    """
    by_command: dict[tuple[str, tuple[str, ...]], list[GateReading]] = {}
    for verdict in verdicts:
        key = verdict.matrix.grid.cells[0].record.env, tuple(verdict.overrides)
        by_command.setdefault(key, []).extend(verdict.gates)
    for (env, overrides), readings in by_command.items():
        file = find_conf() / "controls" / f"{env}.yaml"
        controls: Any = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
        yield from lines_of_missing(readings, controls, overrides, experiment)


def lines_of_missing(
    readings: Iterable[GateReading],
    controls: Mapping[str, Any],
    overrides: Sequence[str],
    experiment: str | None,
) -> Iterator[str]:
    """For each control that was not sampled, its cell and the command that adds it to the same sweep.

    Args:
        readings: what the controls say.
        controls: `conf/controls/<env>.yaml`. A gate of a name that stands there is added as that control.
        overrides: those of the sweep.
        experiment: its experiment.
    """
    for gate in {reading.gate.name: reading.gate for reading in readings if _lacks(reading)}.values():
        missing = (
            f"Control {gate.name} is missing, the cell {cells_text(gate)}: without it nothing is determined."
        )
        if gate.name not in controls:
            yield f"{missing} To the command of the sweep, {gate.advice}."
            continue
        control = _as_override(controls[gate.name])
        command = command_text([*overrides, f"+controls.{gate.name}={control}"])
        yield (
            f"{missing} It is added by: {command}\n"
            "What is stored is not sampled again. "
            + (
                "What was written down of the other cells stands."
                if experiment
                else "It is another sweep then, whose verdict is exploratory: only an experiment keeps its name."
            )
        )


def _lacks(reading: GateReading) -> bool:
    return reading.applies and reading.worked is None


def _as_override(node: object) -> str:
    """A node of YAML in Hydra's syntax, on one line without spaces."""
    if isinstance(node, Mapping):
        items = cast(Mapping[str, object], node).items()
        return "{" + ",".join(f"{key}:{_as_override(value)}" for key, value in items) + "}"
    if isinstance(node, list):
        return "[" + ",".join(_as_override(value) for value in cast(list[object], node)) + "]"
    return str(node)
