"""Logs that are odd, forged or damaged: counts as in the log itself, or a sentence that names file, sample and key."""

import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hanlon.cli import main


def run(*words: object) -> tuple[int, str]:
    """Type a verb: exit code and what is said, on one line."""
    result = CliRunner().invoke(main, [str(word) for word in words], env={"COLUMNS": "300"})
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())


def done(*words: object) -> str:
    """What is said by a verb that succeeds."""
    code, said = run(*words)
    assert code == 0, said
    return said


def counted(runs: Path) -> dict[str, tuple[int, int, dict[str, int]]]:
    """k, n and exclusions of each measure in each cell."""
    out = CliRunner().invoke(main, ["rates", str(runs), "--measure", "all", "--format", "json"]).stdout
    return {
        f"{row['cell']} {row['measure']}": (row["k"], row["n"], row["excluded"]) for row in json.loads(out)
    }


def write(file: Path, scores: Sequence[dict[str, Any]], **fields: Any) -> Path:
    """A log with a sample for each of the mappings, which holds its scores by name."""
    pytest.importorskip("inspect_ai")
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSample, EvalSpec, write_eval_log
    from inspect_ai.scorer import Score

    spec: dict[str, Any] = {
        "created": "2026-01-01T00:00:00+00:00",
        "task": "odd",
        "model": "mockllm/model",
        "dataset": EvalDataset(samples=9, sample_ids=list(range(1, len(scores) + 1))),
        "config": EvalConfig(),
        **fields.pop("spec", {}),
    }
    samples = [
        EvalSample(
            id=number,
            epoch=1,
            input="hi",
            target="",
            scores={name: Score(value=value) for name, value in each.items()},
            **fields.get("sample", {}),
        )
        for number, each in enumerate(scores, start=1)
    ]
    log = EvalLog(eval=EvalSpec(**spec), samples=samples, status=fields.get("status", "success"))
    write_eval_log(log, str(file))
    return file


def changed(log: Path, change: Callable[[str, Any], Any]) -> Path:
    """The log with each of its parts changed."""
    with zipfile.ZipFile(log) as archive:
        parts = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    with zipfile.ZipFile(log, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, json.dumps(change(name, content)))
    return log


@pytest.mark.slow
def test_each_score_keeps_its_column(tmp_path: Path) -> None:
    """A score called as another's answer or as a mapping's value is counted, and so is that value."""
    scores = [
        {"correct_answer": n < 2, "judge": {"answer": n < 3, "mild": True}, "judge_mild": False}
        for n in range(4)
    ]
    done("import", write(tmp_path / "a.eval", scores), "--runs", tmp_path / "runs")
    assert counted(tmp_path / "runs") == {
        "baseline correct_answer": (2, 4, {}),
        "baseline judge_answer": (3, 4, {}),
        "baseline judge.mild": (4, 4, {}),
        "baseline judge_mild": (0, 4, {}),
    }


@pytest.mark.slow
def test_a_score_that_is_no_number_is_read_and_said(tmp_path: Path) -> None:
    """NaN, also in the header, is no value: a note says how many; a cancelled log counts what was planned."""
    scores = [{"flag": value} for value in (True, False, float("nan"))]
    log = write(
        tmp_path / "a.eval", scores, status="cancelled", spec={"metadata": {"threshold": float("nan")}}
    )
    with zipfile.ZipFile(log) as archive:
        assert b"NaN" in archive.read("header.json")
    done("import", log, "--runs", tmp_path / "runs")
    assert counted(tmp_path / "runs") == {"baseline flag": (1, 2, {})}
    notes = done("rates", tmp_path / "runs", "--notes")
    assert "score_flag has no value (NaN) in 1 of 3 samples" in notes
    assert "a.eval has the status cancelled: 3 of 3 samples are in it" in notes


@pytest.mark.slow
def test_a_log_without_scores_beside_one_with_them_is_excluded(tmp_path: Path) -> None:
    """Its samples are unscored, so that the rate has bounds."""
    both: dict[str, list[dict[str, Any]]] = {"a": [{"flag": True}] * 2, "b": [{}] * 2}
    for level, scores in both.items():
        write(tmp_path / f"{level}.eval", scores, spec={"task_args": {"level": level}})
    done("import", tmp_path, "--runs", tmp_path / "runs")
    assert counted(tmp_path / "runs") == {
        "baseline+level=a flag": (2, 2, {}),
        "baseline+level=b flag": (0, 0, {"unscored": 2}),
    }


FORGED: list[Any] = [
    {},
    {"label": "x", "measures": {}, "no_effect": {}, "tiers": {}},
    "yes",
    {"measures": []},
]


@pytest.mark.slow
@pytest.mark.parametrize("ours", FORGED)
def test_what_another_program_calls_hanlon_is_its_own(tmp_path: Path, ours: Any) -> None:
    """Metadata and events of that name that Hanlon did not write are kept as any other."""
    from inspect_ai.event import InfoEvent

    events = [InfoEvent(source="hanlon", data=ours)]
    log = write(
        tmp_path / "a.eval",
        [{"flag": True}, {"flag": False}],
        spec={"metadata": {"hanlon": ours}},
        sample={"metadata": {"hanlon": ours}, "events": events},
    )
    done("import", log, "--runs", tmp_path / "runs")
    assert counted(tmp_path / "runs") == {"baseline flag": (1, 2, {})}
    done("show", tmp_path / "runs", "--index", "0")


def _twice(log: Path) -> Path:
    with zipfile.ZipFile(log, "a") as archive:
        archive.writestr("samples/again_epoch_1.json", archive.read("samples/1_epoch_1.json"))
    return log


def _bomb(log: Path) -> Path:
    with zipfile.ZipFile(log, "a") as archive:
        archive.writestr("samples/2_epoch_1.json", b"{}")
        archive.infolist()[-1].file_size = 1 << 45
    return log


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "twice": (_twice, "a.eval: sample 1, epoch 1 is in it 2 times. A sample counts once"),
    "bomb": (_bomb, "a.eval: 35,184.4 GB unpacked, which this machine with"),
    "half a character": (
        lambda log: changed(
            log, lambda name, content: {**content, "input": "\ud83d"} if "samples/" in name else content
        ),
        "a.eval, 'sample 1, epoch 1': '\\ud83d' in it is half a character",
    ),
    "long name": (lambda log: log.parent / ("x" * 5000), "cannot be read: File name too long"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", REFUSED)
def test_a_damaged_log_is_named_and_nothing_is_written(tmp_path: Path, what: str) -> None:
    """No traceback, no count of what is there twice, and no memory for what cannot be read."""
    damage, expected = REFUSED[what]
    log = damage(write(tmp_path / "a.eval", [{"flag": True}]))
    code, said = run("import", log, "--runs", tmp_path / "runs")
    assert code == 2
    assert expected in said
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_an_empty_map_says_nothing_and_two_arguments_that_differ_in_case_need_one(tmp_path: Path) -> None:
    """An empty map is as none; the error without a map says that a map tells the two apart."""
    log = write(tmp_path / "a.eval", [{"flag": True}], spec={"task_args": {"Tier": "a", "tier": "b"}})
    code, said = run("import", log, "--runs", tmp_path / "runs")
    assert code == 2
    assert "'Tier' and 'tier' differ only in case. Say in a map, --map map.yaml, which of them are" in said
    (tmp_path / "map.yaml").write_text("factors: {tier: task_arg_tier}\n", encoding="utf-8")
    done("import", log, "--map", tmp_path / "map.yaml", "--runs", tmp_path / "runs")
    plain = write(tmp_path / "b.eval", [{"flag": True}])
    (tmp_path / "empty.yaml").write_text("# nothing yet\n", encoding="utf-8")
    done("import", plain, "--map", tmp_path / "empty.yaml", "--runs", tmp_path / "other")
    assert counted(tmp_path / "other") == {"baseline flag": (1, 1, {})}


@pytest.mark.slow
def test_a_retry_is_told_from_a_repetition_and_the_order_of_files_is_no_matter(tmp_path: Path) -> None:
    """The error says which of two logs to import; the same logs in another order are the same import."""
    logs = [
        write(tmp_path / f"{run}.eval", [{"flag": True}], spec={"eval_id": run, "task_id": "t"})
        for run in ("first", "second")
    ]
    code, said = run("import", *logs, "--runs", tmp_path / "runs")
    assert code == 2
    assert "first.eval and second.eval are two logs of one cell" in said
    assert (
        "They differ in log (first.eval and second.eval). Both have one task id, so the later is a retry"
        in said
    )
    (tmp_path / "map.yaml").write_text("factors: {run: log}\n", encoding="utf-8")
    words = ("--map", tmp_path / "map.yaml", "--runs", tmp_path / "runs")
    done("import", *logs, *words)
    assert "2 cells (2 were there already)" in done("import", *reversed(logs), *words)


@pytest.mark.slow
def test_what_a_failed_tool_tells_the_model_is_read_and_goes_out_as_it_came(tmp_path: Path) -> None:
    """Inspect keeps it beside an empty result; `show` has it, and an exported log has it where it was."""
    pytest.importorskip("inspect_ai")
    from inspect_ai.log import read_eval_log
    from inspect_ai.model import ChatMessageTool
    from inspect_ai.tool import ToolCallError

    failed = ChatMessageTool(content="", tool_call_id="1", error=ToolCallError("unknown", "no such city"))
    log = write(tmp_path / "a.eval", [{"flag": True}], sample={"messages": [failed]})
    done("import", log, "--runs", tmp_path / "runs")
    assert "no such city" in done("show", tmp_path / "runs", "--index", "0")
    done("export", tmp_path / "runs", "--to", "inspect", "-o", tmp_path / "out")
    samples = read_eval_log(str(next((tmp_path / "out").iterdir()))).samples
    assert samples
    message = samples[0].messages[0]
    assert isinstance(message, ChatMessageTool)
    assert (message.content, message.error) == ("", failed.error)
