"""What must be read beside a verdict: what was stored, what was written down before, and how it was judged."""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

import yaml

from hanlon.analysis.contrasts.grid import BUNDLE
from hanlon.analysis.stats.by_request import RESAMPLES
from hanlon.config.errors import ConfigError
from hanlon.config.search_path import search_path
from hanlon.hypotheses.binding import Bound, bound_factors
from hanlon.hypotheses.gates import GateReading, cells_text
from hanlon.hypotheses.printed.answers import Judged
from hanlon.hypotheses.printed.wording import overrides_of
from hanlon.hypotheses.registration import Part, cells_of
from hanlon.hypotheses.rivals import DRAWS
from hanlon.hypotheses.selection import MEASURE
from hanlon.hypotheses.stored import StoredSweep
from hanlon.hypotheses.verdict import GridVerdict
from hanlon.store.cells import CellState
from hanlon.store.digest import as_json
from hanlon.store.records import SweepRecord

NAMED = 3
"""Cells that a note names."""
SWEEPS = 5
"""Sweeps that are offered where a sweep tests nothing."""
ALWAYS_SAID = ("allow", "placement")
"""Factors with the largest published effects: where they vary it is said who is silent of them, shown or not."""


def silent_lines(judged: Judged) -> Iterator[str]:
    """Of which factors with an effect no rival speaks, or only some of those that were put to the test."""
    planned = judged.verdict.planned
    cells = [cell.record.key for cell in planned.grid.cells if cell.record.key not in planned.controls]
    varied = [
        name for name in ALWAYS_SAID if len({planned.selector.point(key).get(name) for key in cells}) > 1
    ]
    factors = [name for effect in judged.shown_effects for name in effect.pair.changed]
    names = [rival.name for rival in judged.verdict.rivals if rival.status != "not put to the test"]
    by_speakers: dict[tuple[str, ...], list[str]] = {}
    for factor in dict.fromkeys([*factors, *varied]):
        speaking = tuple(bound.hypothesis.name for bound in planned.bound.values() if _speaks(bound, factor))
        by_speakers.setdefault(speaking, []).append(factor)
    sentences = [
        _speakers(named, speaking, [name for name in names if name not in speaking])
        for speaking, named in by_speakers.items()
    ]
    yield from filter(None, sentences)


def _speakers(factors: Sequence[str], speaking: Sequence[str], silent: Sequence[str]) -> str:
    if not speaking:
        return f"No rival speaks of {', '.join(factors)}."
    if len(silent) > len(speaking):
        return f"Of {', '.join(factors)} only {', '.join(speaking)} {'speak' if speaking[1:] else 'speaks'}."
    return f"Of {', '.join(factors)} nothing is said by {', '.join(silent)}." if silent else ""


def _speaks(bound: Bound, factor: str) -> bool:
    """Whether a hypothesis says anything of a factor, by itself or in a prompt level that sets it."""
    selector = bound.planned.selector
    return factor in bound_factors([bound.hypothesis]) or any(
        len({selector.point(key).get(factor) for key, _ in claim.points}) > 1
        for claim in bound.claims
        if claim.prediction.factor == BUNDLE
    )


def control_lines(verdict: GridVerdict) -> Iterator[str]:
    """What each control did."""
    for reading in verdict.gates:
        if not reading.applies:
            yield f"Control {reading.gate.name} not needed."
        else:
            worked = "" if reading.worked is None else " worked:" if reading.worked else " DID NOT WORK:"
            yield f"Control {reading.gate.name}{worked} {reading.says}."


def sweep_notes(stored: StoredSweep, parts: Sequence[Part]) -> Iterator[str]:
    """Which sweep, what was written down when, what was excluded or added after a look."""
    record, cells = stored.record, stored.cells
    episodes = sum(cell.tally.episodes for cell in cells)
    sweep = f"Sweep {record.id}: {len(cells)} cells, {episodes} episodes; {_registered(parts)}."
    if len(parts) > 1:
        yield sweep
    for part in parts:
        notes = "; ".join(part.notes)
        sentence = f"{notes[0].upper()}{notes[1:]}."
        alone = len(parts) == 1
        yield f"{sweep} {sentence}" if alone else f"{sentence} Its command: {command_text(part.overrides)}"
        if later := [cell for cell in cells if cell.record.key in part.seen - part.predicted]:
            yield (
                f"Added after that: {_named(later)}. Controls count what was added, no prediction is about it. "
                "--hypotheses files judges with it, as exploratory."
            )
    for plan in record.looks:
        if plan.stopped_n is not None and not plan.resumed:
            yield f"Stopped at look {plan.settled} of {len(plan.looks)} (n = {plan.stopped_n}): {plan.because}."
    if excluded := sum((cell.tally.excluded for cell in cells), Counter[str]()):
        reasons = ", ".join(f"{count} {reason}" for reason, count in excluded.most_common())
        yield f"Excluded, and in no n: {reasons} of {episodes} episodes."
    if added := [cell for cell in cells if cell.tally.after_look]:
        count = sum(cell.tally.after_look for cell in added)
        yield f"{count} episodes of {_named(added)} were added after a look at the rates."
    notes = dict.fromkeys(note for cell in cells for note in cell.record.notes)
    yield from (f"{note[0].upper()}{note[1:]}." for note in notes)


def _registered(parts: Sequence[Part]) -> str:
    """What may be called preregistered, what lay there before the episodes, and what did not."""
    chosen = {name for part in parts for name in part.preregistered}
    written = {name for part in parts for name in part.written}
    if not written:
        return "nothing was written down beforehand, so that all of it is exploratory"
    if written <= chosen:
        return "all of its hypotheses are preregistered"
    if chosen:
        return f"preregistered: {', '.join(sorted(chosen))}; the others were written down beforehand"
    return "hypotheses written down beforehand, not preregistered"


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
        short = [
            (cell, _planned(record, part, cell))
            for cell in stored.cells
            if cell.record.key in part.seen and cell.tally.episodes < _planned(record, part, cell)
        ]
        if short:
            cell, wanted = min(short, key=lambda pair: pair[0].tally.episodes)
            yield (
                f"Planned n not reached in {len(short)} cells, {_named([cell for cell, _ in short])}: "
                f"{cell.tally.episodes} of {wanted} episodes in the shortest. "
                f"{_again(record, part, [cell.record.key for cell, _ in short])}"
            )


def _planned(record: SweepRecord, part: Part, cell: CellState) -> int:
    """The n that was written down, or that of the look at which its model stopped."""
    return min(part.planned, record.samples_of(cell.record.key))


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
    usual = {name: as_json(level) for cell in cells for name, level in cell.record.factors.items()}
    sweeps = dict.fromkeys(
        overrides_of(p, usual) for h in hypotheses for p in h.predicts if p.factor != MEASURE
    )
    return f"{problem}. What would: {'; or '.join(list(sweeps)[:SWEEPS])}"


def method_notes(verdicts: Sequence[Judged]) -> Iterator[str]:
    """What the columns hold."""
    tested = [judged for judged in verdicts if judged.verdict.rivals]
    if not tested:
        return
    count = " and ".join(
        dict.fromkeys(str(sum(bool(r.fit.claims) for r in judged.verdict.rivals)) for judged in tested)
    )
    alphas = ", ".join(dict.fromkeys(f"{judged.verdict.alpha:.3g}" for judged in tested))
    yield (
        "explains: share of the variation between cells, if all else played no part; p: that the counts lie where the "
        f"rival allows ({DRAWS} draws; Holm over {count}; alpha {alphas}); free: rates it leaves open."
    )
    if any(effect.comparison.unit == "request" for judged in tested for effect in judged.effects):
        yield f"Requests are the unit: bootstrap over requests ({RESAMPLES:,} resamples)."


def _named(cells: Sequence[CellState]) -> str:
    labels = list(dict.fromkeys(cell.record.label for cell in cells))
    return ", ".join(labels[:NAMED]) + (f" and {len(labels) - NAMED} more" if len(labels) > NAMED else "")


def missing_controls(verdicts: Sequence[GridVerdict], experiment: str | None) -> Iterator[str]:
    """For each control that a sweep lacks, its cell and the command that adds it; `experiment` is the sweep's."""
    by_command: dict[tuple[str, tuple[str, ...]], list[GateReading]] = {}
    for verdict in verdicts:
        record = verdict.planned.grid.cells[0].record
        if record.imported:
            lacking = {reading.gate.name for reading in verdict.gates if _lacks(reading)}
            yield from (
                f"Control {name} is not in what was imported: it is taken for granted." for name in lacking
            )
            continue
        key = record.env, tuple(verdict.overrides)
        by_command.setdefault(key, []).extend(verdict.gates)
    for (env, overrides), readings in by_command.items():
        controls: Any = {}
        with suppress(ConfigError, yaml.YAMLError):  # a stored sweep can be read whatever the files are now
            file = search_path().find(f"controls/{env}.yaml")
            controls = yaml.safe_load(file.read_text(encoding="utf-8")) if file else {}
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
        missing = f"Control {gate.name} is missing, the cell {cells_text(gate)}: it is taken for granted."
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
