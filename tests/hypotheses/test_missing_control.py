"""A sweep as a paper ran it, without controls: the verdict names the missing cell and the command that adds it."""

import shlex

from command_line import CommandLine
from hanlon.analysis.cells import load_cells
from hanlon.analysis.hypotheses.gates import GateReading
from hanlon.analysis.hypotheses.printed.missing_controls import lines_of_missing
from rivals import plan

PAPER = (
    *("-m", "experiment=greenblatt_2024_minimal", "model=simulated/alignment_faker"),
    *("samples=6", "prompt=baseline", "env.criteria=conflict,none"),
)


def test_the_command_that_a_verdict_prints_adds_the_control_and_samples_nothing_else(
    command_line: CommandLine,
) -> None:
    """Four cells of six; the command adds the bare request once, for both criteria, and then the control is there."""
    assert command_line.run(*PAPER).returncode == 0
    printed = command_line.hanlon("verdict").stdout
    assert "control conflict not sampled (prompt=plain tier=none)" in " ".join(printed.split())
    (line,) = (line for line in printed.splitlines() if "python run.py -m " in line)
    assert "Control conflict is missing, the cell prompt=plain tier=none" in line
    before = {state.record.key: state.tally.episodes for state in load_cells([command_line.runs])[0]}
    again = command_line.run("-m", *shlex.split(line.partition("python run.py -m ")[2]))
    assert again.returncode == 0, again.stderr
    after = {state.record.key: state for state in load_cells([command_line.runs])[0]}
    assert {key: after[key].tally.episodes for key in before} == before
    (added,) = (state for key, state in after.items() if key not in before)
    assert (added.record.prompt, added.record.factors["tier"], added.tally.episodes) == ("plain", "none", 6)
    later = command_line.hanlon("verdict").stdout
    assert "Control conflict is missing" not in later
    assert "conflict not sampled" not in later
    assert "episodes were stored before the hypotheses were written down: exploratory" in later


def test_a_control_that_no_file_adds_is_named_with_its_advice() -> None:
    """Once for several models; nothing is said of one that worked, failed or is not needed."""
    conflict, can_comply = plan("alignment_faking").gates
    readings = [GateReading(can_comply, None, ""), GateReading(can_comply, None, "")]
    (said,) = lines_of_missing(readings, {}, ["a=b"])
    assert "Control can_comply is missing, the cell requests=benign" in said
    assert said.endswith(f"To the command of the sweep, {can_comply.advice}.")
    others = [GateReading(conflict, worked, "") for worked in (True, False)]
    assert list(lines_of_missing([*others, GateReading(conflict, None, "", applies=False)], {}, [])) == []
