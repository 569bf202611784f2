"""One experiment typed several times: each command is judged by what it wrote down, and replaces none before it."""

from typing import Any

import msgspec
import pytest

from hanlon.hypotheses.registration import cells_of, new_registration, registrations, rewrite, sweep_file
from hanlon.store.episodes import write_json
from hanlon.store.records import SweepRecord
from support.command_line import CommandLine

EXPERIMENT = "clarification_parts"
AMBIGUITY, SELF_PRESERVATION = "simulated/ambiguity", "simulated/self_preservation"


def typed(command_line: CommandLine, model: str, *overrides: str) -> SweepRecord:
    """The experiment's record, after this command of it."""
    run = command_line.run("-m", f"experiment={EXPERIMENT}", f"model={model}", *overrides)
    assert run.returncode == 0, run.stderr
    return record(command_line)


def record(command_line: CommandLine) -> SweepRecord:
    """The experiment's record as it is."""
    return msgspec.json.decode(sweep_file(str(command_line.runs), EXPERIMENT).read_bytes(), type=SweepRecord)


def rows(command_line: CommandLine, model: str) -> list[dict[str, Any]]:
    """What the verdict says of one model."""
    verdict_rows = msgspec.json.decode(command_line.hanlon("verdict", "--format", "json").stdout)
    return [row for row in verdict_rows if row["model"] == model]


@pytest.mark.slow
def test_another_model_is_judged_beside_the_first_and_changes_nothing_of_it(
    command_line: CommandLine,
) -> None:
    """Each with its own n and hypotheses, corrected by itself; the plan to be published has the hash of its command."""
    first = typed(command_line, AMBIGUITY, "samples=4")
    alone = rows(command_line, AMBIGUITY)
    plan = command_line.hanlon(
        "preregister",
        f"experiment={EXPERIMENT} model={SELF_PRESERVATION} samples=3 hypotheses=[self_preservation,task_drive]",
    ).stdout
    both = typed(command_line, SELF_PRESERVATION, "samples=3", "hypotheses=[self_preservation,task_drive]")
    assert both.registration == first.registration
    (later,) = both.later
    assert (later.samples, later.stored, later.added) == (3, 0, [])
    assert f"`{later.hash}`" in plan
    assert len(cells_of(both)) == 2 * len(first.cells)
    assert rows(command_line, AMBIGUITY) == alone
    other = rows(command_line, SELF_PRESERVATION)
    names = {row["hypothesis"] for row in other if row["kind"] == "hypothesis"}
    assert names == {"self_preservation", "task_drive"}
    assert {row["status"] for row in other if row["kind"] == "prediction"} == {"preregistered"}
    printed = command_line.hanlon("verdict").stdout
    assert (
        f"Its command:\npython run.py -m experiment={EXPERIMENT} model={SELF_PRESERVATION} samples=3"
        in printed
    )
    assert "preregistered: self_preservation, task_drive; the others were written down beforehand" in printed


@pytest.mark.slow
def test_the_first_command_again_after_another_model_pays_and_registers_nothing(
    command_line: CommandLine,
) -> None:
    """Neither does a narrower one; with both models the cells of both are known."""
    typed(command_line, AMBIGUITY, "samples=2")
    both = typed(command_line, SELF_PRESERVATION, "samples=2")
    for model in (AMBIGUITY, f"{AMBIGUITY},{SELF_PRESERVATION}"):
        again = typed(command_line, model, "samples=2")
        assert registrations(again) == registrations(both)
    narrower = typed(command_line, AMBIGUITY, "samples=2", "prompt=baseline,priority_clarified")
    assert len(narrower.cells) == 2
    assert registrations(narrower) == registrations(both)
    assert {
        row["model"] for row in msgspec.json.decode(command_line.hanlon("verdict", "--format", "json").stdout)
    } == {AMBIGUITY, SELF_PRESERVATION}


@pytest.mark.slow
def test_a_trial_of_some_cells_first_leaves_the_others_to_the_files(command_line: CommandLine) -> None:
    """The rates of some were known when the rest was written down; the run says so, and so does the verdict."""
    typed(command_line, AMBIGUITY, "samples=2", "prompt=baseline")
    run = command_line.run("-m", f"experiment={EXPERIMENT}", f"model={AMBIGUITY}", "samples=2")
    assert "cells were not among those that sweep clarification_parts wrote down first" in run.stderr
    whole = record(command_line)
    assert whole.later == []
    assert whole.registration is not None
    assert set(whole.registration.added) == set(whole.cells) - set(whole.registration.cells)
    failed = command_line.hanlon("verdict")
    assert failed.returncode == 2
    assert "--hypotheses files judges all cells, as exploratory" in " ".join(failed.stderr.split())
    files = command_line.hanlon("verdict", "--hypotheses", "files", "--format", "json").stdout
    predictions = [row for row in msgspec.json.decode(files) if row["kind"] == "prediction"]
    assert {row["status"] for row in predictions} == {"exploratory"}


@pytest.mark.slow
def test_what_was_written_down_and_never_sampled_binds_nobody(command_line: CommandLine) -> None:
    """A command that ended before its first episode leaves no registration behind that the next one must keep."""
    first = typed(command_line, AMBIGUITY, "samples=1", "hypotheses=[task_drive]")
    for folder in (command_line.runs / "shutdown").iterdir():
        (folder / "episodes.jsonl").unlink()
    again = typed(command_line, AMBIGUITY, "samples=2")
    assert again.later == []
    assert again.registration is not None
    assert first.registration is not None
    assert again.registration.hash != first.registration.hash
    assert again.registration.stored == 0


TEN_MODELS = (
    *("ambiguity", "ambiguity model.protocol=text", "distrusts_tool_output", "incapacity", "obedient"),
    *("obeys_latest", "role_play", "self_preservation", "task_drive", "test_awareness"),
)


@pytest.mark.slow  # ten processes on two cores
def test_ten_commands_at_the_same_instant_keep_ten_registrations(command_line: CommandLine) -> None:
    """Each has its own five cells, and no command loses what another wrote down."""
    commands = [
        command_line.start(
            "-m",
            f"experiment={EXPERIMENT}",
            *f"model=simulated/{name}".split(),
            "samples=1",
            "hypotheses=[task_drive]",
        )
        for name in TEN_MODELS
    ]
    for command in commands:
        output, _ = command.communicate(timeout=300)
        assert command.returncode == 0, output
    kept = registrations(record(command_line))
    assert [len(entry.cells) for entry in kept] == [5] * 10
    assert len(cells_of(record(command_line))) == 50


def test_the_end_of_a_command_takes_in_what_others_wrote_down_meanwhile(command_line: CommandLine) -> None:
    """Once each, in the order of time, added cells united."""
    mine, other = (new_registration([], 2, [key], 0) for key in "ab")
    seen = msgspec.structs.replace(mine, added=["c"])
    held = SweepRecord("s", ["a"], 2, [], 0.0, registration=mine)
    write_json(
        sweep_file(str(command_line.runs), "s"),
        msgspec.structs.replace(held, cells=["b"], registration=seen, later=[other]),
    )
    rewrite(held, str(command_line.runs))
    assert held.registration is not None
    assert held.registration.added == ["c"]
    assert [registration.hash for registration in held.later] == [other.hash]
    assert cells_of(held) == ["a", "c", "b"]
