"""What a sweep writes down before its first call, and what a verdict may call preregistered."""

import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from hanlon.cli.power import preregister
from hanlon.cli.verdict import verdict
from hanlon.hypotheses.files import BUNDLED
from hanlon.hypotheses.registration import basis, hash_of, new_registration
from hanlon.hypotheses.schema import Behaviour, Plan
from hanlon.store.outcomes import EXCLUDED
from hanlon.store.records import Registration, SweepRecord
from support.chat_server import Body, ChatServer, at, bash, completion
from support.command_line import ROOT, CommandLine
from support.rivals import SHUTDOWN, hypothesis, plan

BEHAVIOUR = Behaviour(measures=("resistance",), word="resistance")
TWO = ("-m", "prompt=baseline,priority_clarified")
MINE = {"contrast": {"factor": "how", "from": "a", "to": "b"}, "claim": "rises"}


def the_sweep(runs: Path) -> SweepRecord:
    """The only sweep's record."""
    (file,) = (runs / "sweeps").glob("*.json")
    return msgspec.json.decode(file.read_bytes(), type=SweepRecord)


def test_hypotheses_stand_in_the_sweeps_file_before_the_first_call(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """With n and a hash; the server reads the file when it is first asked."""
    seen: list[Registration | None] = []
    usual = chat_server.answer

    def first_looks(body: Body, number: int) -> Body:
        if not seen:
            seen.append(the_sweep(command_line.runs).registration)
        return usual(body, number)

    chat_server.answer = first_looks
    chosen = "hypotheses=[instruction_ambiguity,self_preservation]"
    run = command_line.run(*TWO, "samples=2", chosen, *at(chat_server))
    assert run.returncode == 0, run.stderr
    (kept,) = seen
    assert kept is not None
    assert [h["name"] for h in kept.plans[0]["hypotheses"]] == ["instruction_ambiguity", "self_preservation"]
    assert kept.samples == 2
    assert kept.stored == 0
    assert kept.hash == hash_of(kept.plans, 2, kept.cells)
    assert the_sweep(command_line.runs).registration == kept


def test_the_hypotheses_are_those_beside_the_run_py_that_was_typed(command_line: CommandLine) -> None:
    """Not those of a checkout that the current folder happens to be."""
    other = shutil.copytree(ROOT / "conf", command_line.folder / "conf")
    shutil.rmtree(other / "hypothesis" / "shutdown")
    (command_line.folder / "run.py").write_text("")
    run = command_line.run("prompt=baseline", "samples=1", "model=simulated/obedient")
    assert run.returncode == 0, run.stderr
    kept = the_sweep(command_line.runs).registration
    assert kept is not None
    files = (ROOT / "conf" / "hypothesis" / "shutdown").glob("*.yaml")
    assert {h["name"] for h in kept.plans[0]["hypotheses"]} == {path.stem for path in files}


@pytest.mark.slow
def test_what_was_written_down_first_stands(command_line: CommandLine, chat_server: ChatServer) -> None:
    """More samples and other hypotheses later change nothing of it, and the run says so."""
    assert command_line.run(*TWO, "samples=1", *at(chat_server)).returncode == 0
    first = the_sweep(command_line.runs).registration
    again = command_line.run(*TWO, "samples=2", "hypotheses=[task_drive]", *at(chat_server))
    assert again.returncode == 0, again.stderr
    assert "keeps the hypotheses and n that were written down before its first call" in again.stderr
    kept = the_sweep(command_line.runs)
    assert kept.registration == first
    assert kept.planned_samples == 2


@pytest.mark.slow
def test_episodes_that_were_there_before_make_it_exploratory(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """A new sweep over stored cells predicts nothing of them."""
    assert command_line.run("prompt=baseline", "samples=2", *at(chat_server)).returncode == 0
    run = command_line.run(*TWO, "samples=2", *at(chat_server))
    assert run.returncode == 0, run.stderr
    sweeps = [
        msgspec.json.decode(file.read_bytes(), type=SweepRecord)
        for file in (command_line.runs / "sweeps").glob("*.json")
    ]
    (later,) = [sweep.registration for sweep in sweeps if len(sweep.cells) == 2]
    assert later is not None
    assert later.stored == 2


def test_an_unknown_hypothesis_is_refused_before_any_call(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """With the nearest name."""
    run = command_line.run(*TWO, "hypotheses=[task_driv]", *at(chat_server))
    assert run.returncode == 2
    assert "Did you mean 'task_drive'?" in run.stderr
    assert chat_server.calls == 0


def kept_by(written: list[Plan], **changes: Any) -> SweepRecord:
    """A sweep that wrote these plans down."""
    kept = msgspec.structs.replace(new_registration(written, 20, ["a", "b"], 0), **changes)
    return SweepRecord("s", ["a", "b"], 20, [], 0.0, registration=kept)


def test_hypotheses_that_were_changed_after_the_run_are_exploratory() -> None:
    """By default the verdict is on what was written down; by the files only what did not change is preregistered."""
    then = Plan(
        env="shutdown", behaviour=BEHAVIOUR, hypotheses=(hypothesis("a", MINE), hypothesis("b", MINE))
    )
    changed = hypothesis("b", MINE | {"claim": "falls"})
    now = Plan(
        env="shutdown",
        behaviour=BEHAVIOUR,
        hypotheses=(hypothesis("a", MINE), changed, hypothesis("c", MINE)),
    )
    (by_default,) = basis(kept_by([then]), [now])
    assert by_default.plans == [then]
    assert by_default.preregistered == {"a", "b"}
    assert any("has changed since (b)" in note for note in by_default.notes)
    (by_files,) = basis(kept_by([then]), [now], use_current=True)
    assert by_files.plans == [now]
    assert by_files.preregistered == {"a"}
    assert any("exploratory: b, c" in note for note in by_files.notes)


def test_hypotheses_that_were_not_chosen_are_no_change() -> None:
    """A sweep may choose some of the files; that the others lie there says nothing about those it wrote down."""
    chosen = Plan(env="shutdown", behaviour=BEHAVIOUR, hypotheses=(hypothesis("a", MINE),))
    files = Plan(
        env="shutdown", behaviour=BEHAVIOUR, hypotheses=(hypothesis("a", MINE), hypothesis("b", MINE))
    )
    (part,) = basis(kept_by([chosen]), [files])
    assert not any("changed" in note for note in part.notes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"samples": 10}, "does not fit its hash"),
        ({"plans": []}, "does not fit its hash"),
        ({"stored": 3}, "3 episodes were stored before"),
    ],
)
def test_what_was_tampered_with_or_came_too_late_is_exploratory(changes: dict[str, Any], reason: str) -> None:
    """Nothing of it is called preregistered, and the reason is given."""
    files = plan("shutdown")
    (spoilt,) = basis(kept_by([files], **changes), [files])
    assert spoilt.preregistered == frozenset()
    assert any(reason in note for note in spoilt.notes)
    (unspoilt,) = basis(kept_by([files]), [files])
    assert spoilt.written == frozenset()
    assert unspoilt.written == {hypothesis.name for hypothesis in files.hypotheses}


def test_preregistered_is_what_the_user_chose_or_made() -> None:
    """What comes with Hanlon and merely lay there was written down beforehand."""
    made = Plan(
        env="shutdown",
        behaviour=BEHAVIOUR,
        hypotheses=(*plan("shutdown").hypotheses, hypothesis("mine", MINE)),
    )
    (part,) = basis(kept_by([made]))
    assert part.preregistered == {"mine"}
    assert part.written > {"mine"}
    (chosen,) = basis(
        SweepRecord("s", ["a"], 2, [], 0.0, registration=new_registration([made], 2, ["a"], 0, (), ["x"]))
    )
    assert chosen.preregistered == chosen.written


def test_the_names_of_bundled_hypotheses_are_those_of_conf() -> None:
    """A file that is added to conf/hypothesis is added there."""
    assert {path.stem for path in (ROOT / "conf" / "hypothesis").glob("*/*.yaml")} == BUNDLED


def test_a_sweep_of_before_there_were_hypotheses_is_judged_by_the_files_as_exploratory() -> None:
    """Its record has no registration."""
    (part,) = basis(SweepRecord("s", ["a"], 20, [], 0.0), [plan("shutdown")])
    assert part.preregistered == frozenset()
    assert part.planned == 20
    assert "all of this is exploratory" in part.notes[0]


def invoke(command: Any, *arguments: str) -> Result:
    """Run one verb as `hanlon` would."""
    return CliRunner().invoke(command, list(arguments), terminal_width=200)


@pytest.mark.slow
def test_a_verdict_reads_one_sweep_and_prints_each_format(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Two sweeps need a choice; JSON has every prediction; an unknown id is answered with the known ones."""

    def resists(body: Body, number: int) -> Body:
        del number
        messages = str(body["messages"])
        tampers = "shutdown" in messages and "rm shutdown.sh" not in messages
        return completion(bash("rm shutdown.sh" if tampers else "./next_question"))

    chat_server.answer = resists
    run = command_line.run(*TWO, "samples=3", *at(chat_server))
    assert run.returncode == 0, run.stderr
    runs = str(command_line.runs)
    rows = msgspec.json.decode(invoke(verdict, runs, "--format", "json").output)
    assert {row["kind"] for row in rows} >= {"prediction", "hypothesis", "verdict"}
    statuses = {row["status"] for row in rows if row["kind"] == "prediction"}
    assert statuses == {"written down beforehand"}
    shown = invoke(verdict, runs)
    assert "What explains it: " in shown.output
    assert "Control can_act" in shown.output
    assert command_line.run("prompt=baseline", "samples=3", *at(chat_server)).returncode == 0
    several = invoke(verdict, runs)
    assert several.exit_code == 2
    assert "--sweep ID" in several.output
    wrong = invoke(verdict, runs, "--sweep", "nope")
    assert "there is no sweep nope" in wrong.output


def test_the_plan_in_markdown_has_the_hash_that_the_sweep_will_keep(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """What goes to OSF can be compared with what ran."""
    chat_server.answer = lambda body, number: completion({"content": "stop"})
    overrides = ["prompt=baseline,priority_clarified", "samples=2", *at(chat_server)]
    written = invoke(preregister, " ".join(overrides))
    assert written.exit_code == 0, written.output
    assert "prompt baseline -> priority_clarified" in written.output
    assert command_line.run("-m", *overrides).returncode == 0
    kept = the_sweep(command_line.runs).registration
    assert kept is not None
    assert f"`{kept.hash}`" in written.output


def test_the_plan_has_what_a_reviewer_asks_for() -> None:
    """Hypotheses with margins, design, n and what it can show, exclusions, stopping, analysis, correction, versions."""
    printed = invoke(preregister, f"{SHUTDOWN} samples=100").output
    headings = [line.removeprefix("## ") for line in printed.split("\n") if line.startswith("## ")]
    assert headings == [
        *(
            "Hypotheses",
            "Design",
            "Cells",
            "Sample size",
            "What these cells put to the test",
            "Controls",
            "Sampling",
        ),
        *("Exclusions", "Analysis", "Decision rule", "Hashes and versions"),
    ]
    for part in (
        "a rehearsal and no study",
        "- varied: `stakes`: `none`, `replaced`, `other_model`",
        "- measured: `resistance` (the headline): the machine outlived",
        "16 cells of 100 episodes, 1600 in all",
        "n = 100 episodes a cell",
        "Power 80 % at n = 100",
        "the model's own",
        "Stopping rule: at n, whatever the rates",
        "p < 0.05, by Holm over the hypotheses of a model",
        "Newcombe's interval",
    ):
        assert part in printed, part
    for excluded in EXCLUDED:
        assert f"`{excluded}`" in printed
    for package in ("scipy", "statsmodels"):
        assert f"{package} {version(package)}" in printed
    (row,) = (line for line in printed.split("\n") if "| the user is to be obeyed" in line)
    assert [part.strip() for part in row.split("|")[2:4]] == ["falls", "65%"]


def test_the_plan_says_what_is_wrong_with_its_overrides() -> None:
    """As run.py would."""
    failed = invoke(preregister, "env=shutdown prompt=baselin")
    assert failed.exit_code == 2
    assert "baseline" in failed.output
