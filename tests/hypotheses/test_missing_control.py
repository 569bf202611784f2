"""A sweep as a paper ran it, without controls: the verdict names the missing cell and the command that adds it."""

import shlex
from typing import Any

import msgspec
import pytest

from hanlon.hypotheses.gates import GateReading
from hanlon.hypotheses.printed.notes import lines_of_missing
from hanlon.store.cells import load_cells
from support.command_line import CommandLine
from support.rivals import plan

PAPER = (
    *("-m", "experiment=greenblatt_2024_minimal", "model=simulated/alignment_faker"),
    *("samples=6", "prompt=baseline", "env.criteria=conflict,none"),
)


JSON = ("verdict", "--format", "json")


def rows_of(text: str) -> list[dict[str, Any]]:
    """The predictions of a verdict in JSON."""
    return [row for row in msgspec.json.decode(text) if row["kind"] == "prediction"]


def numbers(row: dict[str, Any]) -> tuple[Any, ...]:
    """What of a prediction does not hang on controls."""
    return tuple(row[name] for name in ("hypothesis", "keys", "k", "n", "met", "p_no_difference", "status"))


@pytest.mark.slow
def test_the_command_that_a_verdict_prints_adds_the_control_and_samples_nothing_else(
    command_line: CommandLine,
) -> None:
    """The bare request once, for both criteria; what was written down before stands, with its numbers and its p."""
    assert command_line.run(*PAPER).returncode == 0
    printed, as_json = command_line.hanlon("verdict").stdout, command_line.hanlon(*JSON).stdout
    assert "Control conflict not sampled: add prompt=plain tier=none" in " ".join(printed.split())
    (line,) = (line for line in printed.splitlines() if "python run.py -m " in line)
    assert "Control conflict is missing, the cell prompt=plain tier=none" in printed
    before = {state.record.key: state.tally.episodes for state in load_cells([command_line.runs])[0]}
    again = command_line.run("-m", *shlex.split(line.partition("python run.py -m ")[2]))
    assert again.returncode == 0, again.stderr
    after = {state.record.key: state for state in load_cells([command_line.runs])[0]}
    assert {key: after[key].tally.episodes for key in before} == before
    (added,) = (state for key, state in after.items() if key not in before)
    assert (added.record.prompt, added.record.factors["tier"], added.tally.episodes) == ("plain", "none", 6)
    later = command_line.hanlon("verdict").stdout
    assert "Control conflict is missing" not in later
    assert "Control conflict not sampled" not in later
    assert "; hypotheses written down beforehand, not preregistered." in later
    assert "Added after that: plain. Controls count what was added, no prediction is about it" in later
    assert "exploratory" not in later.partition("Added after that")[0]
    rows, first = (rows_of(text) for text in (command_line.hanlon(*JSON).stdout, as_json))
    assert [numbers(row) for row in rows] == [numbers(row) for row in first]
    files = command_line.hanlon("verdict", "--hypotheses", "files").stdout
    assert "nothing was written down beforehand, so that all of it is exploratory" in files
    assert "1 cell was added after the hypotheses were written down: exploratory" in files


def test_a_control_that_no_file_adds_is_named_with_its_advice() -> None:
    """Once for several models; nothing is said of one that worked, failed or is not needed."""
    conflict, can_comply = plan("alignment_faking").gates
    readings = [GateReading(can_comply, None, ""), GateReading(can_comply, None, "")]
    (line,) = lines_of_missing(readings, {}, ["a=b"], None)
    assert "Control can_comply is missing, the cell requests=benign" in line
    assert line.endswith(f"To the command of the sweep, {can_comply.advice}.")
    others = [GateReading(conflict, worked, "") for worked in (True, False)]
    assert (
        list(lines_of_missing([*others, GateReading(conflict, None, "", applies=False)], {}, [], None)) == []
    )


def test_only_an_experiment_keeps_what_was_written_down() -> None:
    """The cells of any other sweep are its name, so with one more it is another sweep; each advice says which it is."""
    conflict, _ = plan("alignment_faking").gates
    readings, controls = [GateReading(conflict, None, "")], {"conflict": {"set": {"prompt": "plain"}}}
    (of_experiment,) = lines_of_missing(readings, controls, ["experiment=x"], "x")
    (of_cells,) = lines_of_missing(readings, controls, ["prompt=baseline"], None)
    assert of_experiment.endswith("What was written down of the other cells stands.")
    assert "another sweep then, whose verdict is exploratory" in of_cells
