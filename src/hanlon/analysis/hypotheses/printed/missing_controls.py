"""The controls that a sweep lacks, with the command that adds each."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import yaml

from hanlon.analysis.hypotheses.gates import GateReading, place_text
from hanlon.analysis.hypotheses.verdict import GridVerdict
from hanlon.config.checkout import find_conf


def missing_controls(verdicts: Sequence[GridVerdict], experiment: str | None) -> Iterator[str]:
    """For each control that a sweep lacks, its cell and the command that adds it; `experiment` is the sweep's.

    Raises:
        ConfigError: there is no conf/ to read the controls from.
    """
    by_command: dict[tuple[str, tuple[str, ...]], list[GateReading]] = {}
    for one in verdicts:
        key = one.matrix.grid.cells[0].record.env, tuple(one.overrides)
        by_command.setdefault(key, []).extend(one.gates)
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
        said = (
            f"Control {gate.name} is missing, the cell {place_text(gate)}: without it nothing is determined."
        )
        if gate.name not in controls:
            yield f"{said} To the command of the sweep, {gate.advice}."
            continue
        control = _as_override(controls[gate.name])
        command = shlex.join([*overrides, f"+controls.{gate.name}={control}"])
        yield (
            f"{said} It is added by: python run.py -m {command}\n"
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
