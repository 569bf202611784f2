"""Inspect logs in and out: real logs of Inspect's own stand-in for a model, and what Inspect's readers make of ours."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hanlon.cli import main
from hanlon.environments.messages import read_message
from hanlon.store.cells import load_cells
from hanlon.store.episodes import read_episodes
from support.stored import episode, write_cell

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "runs_d1202b4"
TASKS = HERE.parent / "support" / "inspect_tasks.py"
MAP = """
env: {value: deadline}
factors: {tier: task_arg_tier}
no_effect: {tier: free}
measures:
  complied: {column: score_letter, cases: [C], not_cases: [I]}
  high: {column: score_number, at_least: 0.5}
  brief: {column: score_parts_brief, cases: [1], not_cases: [0.5]}
outcome: score_words
"""


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


def counts(runs: Path) -> list[Any]:
    """Each cell's counts of each measure, its exclusions and outcomes."""
    rows = json.loads(
        CliRunner().invoke(main, ["rates", str(runs), "--measure", "all", "--format", "json"]).stdout
    )
    fields = ("env", "cell", "model", "measure", "k", "n", "excluded", "outcomes", "simulated")
    return sorted(json.dumps([row.get(field) for field in fields]) for row in rows)


def folder_sha(folder: Path) -> dict[str, str]:
    """What lies in a folder, by the digest of its bytes."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_without_inspect_a_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that installs it stands there, in and out; nothing is written."""
    for name in ("inspect_ai", "inspect_ai.log"):  # the second may be loaded already, by another test
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "a.eval").write_bytes(b"")
    for words in (
        ("import", tmp_path / "a.eval", "--runs", tmp_path / "runs"),
        ("export", GOLDEN, "--to", "inspect", "-o", tmp_path / "out"),
    ):
        code, said = run(*words)
        assert code == 2
        assert "pip install 'hanlon[inspect]'" in said
    assert [path.name for path in tmp_path.iterdir()] == ["a.eval"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of several tasks, each in a folder of its name."""
    pytest.importorskip("inspect_ai")
    folder = tmp_path_factory.mktemp("logs")
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CACHE_HOME": str(folder),
    }
    subprocess.run(
        [sys.executable, str(TASKS), str(folder)],
        check=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=300,
    )
    return folder


def read(file: Path) -> Any:
    """A log by Inspect's own reader."""
    from inspect_ai.log import read_eval_log

    return read_eval_log(str(file), resolve_attachments=True)


def said_in(sample: Any) -> list[Any]:
    """What each message of a sample says: role, reasoning, text, calls, and the result of which call it is."""
    lines: list[Any] = []
    for message in sample.messages:
        parts = message.content if isinstance(message.content, list) else []
        reasoning = "".join(part.reasoning for part in parts if part.type == "reasoning")
        calls = [
            (call.id, call.function, call.arguments) for call in getattr(message, "tool_calls", None) or ()
        ]
        lines.append([message.role, reasoning, message.text, calls, getattr(message, "tool_call_id", None)])
    return lines


def scored_in(sample: Any) -> dict[str, Any]:
    """A sample's scores with all their fields."""
    return {name: score.model_dump(exclude={"history"}) for name, score in (sample.scores or {}).items()}


@pytest.mark.slow
def test_logs_are_cells_that_every_verb_reads(logs: Path, tmp_path: Path) -> None:
    """Letters by the map, outcomes by name, errors as exclusions, samples as requests; transcripts with all of it."""
    before, runs, map_file = folder_sha(logs), tmp_path / "runs", tmp_path / "tiers.yaml"
    map_file.write_text(MAP, encoding="utf-8")
    said = done("import", logs / "request", "--map", map_file, "--runs", runs)
    assert "2 cells with 12 episodes, from request, as sweep tiers" in said
    assert "score_flagged (true, false)" in said
    rows = json.loads(
        CliRunner().invoke(main, ["rates", str(runs), "--measure", "all", "--format", "json"]).stdout
    )
    by_name = {(row["cell"], row["measure"]): row for row in rows}
    assert {name: (row["k"], row["n"]) for name, row in by_name.items()} == {
        ("baseline+tier=free", "complied"): (4, 4),
        ("baseline+tier=free", "high"): (4, 4),
        ("baseline+tier=free", "brief"): (0, 4),
        ("baseline+tier=paid", "complied"): (2, 4),
        ("baseline+tier=paid", "high"): (2, 4),
        ("baseline+tier=paid", "brief"): (0, 4),
    }
    paid = by_name["baseline+tier=paid", "complied"]
    assert paid["excluded"] == {"error": 2}
    assert paid["outcomes"] == {"went along": 2, "held back": 2, "error": 2}
    assert paid["simulated"] is True
    assert "4/4 → 2/4" in done("contrasts", runs)
    assert "imported from 2 files" in done("compare", "baseline+tier=free", "baseline+tier=paid", runs)
    assert "2 cells" in done("status", runs)
    shown = done("show", runs, "--where", "tier=paid", "--index", "0")
    for part in (
        "(reasoning) Which tier? paid.",
        "(call of add)",
        "Do it, naïve",
        "refused ✗",
        '"levels":[1,2]',
    ):
        assert part in shown, part
    page = tmp_path / "report.html"
    done("report", runs, "--no-figures", "-o", page)
    assert "Which tier? paid." in page.read_text(encoding="utf-8")
    done("rescore", runs, "--judge", "simulated")
    assert "evaluation_awareness" in done("labels", runs)
    assert "2 were there already" in done("import", logs / "request", "--map", map_file, "--runs", runs)
    assert folder_sha(logs) == before


@pytest.mark.slow
def test_messages_scores_and_usage_come_out_as_they_went_in(logs: Path, tmp_path: Path) -> None:
    """A log that is imported and exported says the same in Inspect's reader, and again gives the same counts."""
    runs, out, again = tmp_path / "runs", tmp_path / "out", tmp_path / "again"
    done("import", logs / "request", logs / "limited", "--runs", runs)
    for state in load_cells([runs])[0]:
        for stored in read_episodes(state.folder):
            assert sum(call.output_tokens or 0 for call in stored.calls) == 5 * len(stored.calls)
            replies = [read_message(message) for message in stored.messages if message["role"] == "assistant"]
            assert len(stored.calls) == len(replies)
            assert (stored.reasoning == "full") == any(reply.reasoning for reply in replies)
    done("export", runs, "--to", "inspect", "-o", out)
    went = {
        (log.eval.task, log.eval.task_args.get("tier")): log for log in map(read, logs.glob("[rl]*/*.eval"))
    }
    came = {(log.eval.task, log.eval.task_args.get("tier")): log for log in map(read, out.glob("*.eval"))}
    assert len(came) == 3
    for name, log in came.items():
        originals = {(sample.id, sample.epoch): sample for sample in went[name].samples}
        assert {(sample.id, sample.epoch) for sample in log.samples} == originals.keys()
        for sample in log.samples:
            original = originals[sample.id, sample.epoch]
            assert said_in(sample) == said_in(original)
            assert scored_in(original).items() <= scored_in(sample).items() or not original.scores
            assert sample.model_usage == original.model_usage
            assert sample.target == original.target
            assert sample.limit == original.limit
            assert (sample.error and sample.error.message) == (original.error and original.error.message)
            assert original.metadata.items() <= sample.metadata.items()
            usages = [
                [event.output.usage for event in each.events if event.event == "model"]
                for each in (sample, original)
            ]
            assert usages[0] == usages[1]
    done("import", out, "--runs", again)
    assert counts(again) == counts(runs)
    rates = done("rates", again, "--measure", "all")
    assert "1 message_limit of 1" in rates
    map_file = tmp_path / "at_a_limit.yaml"
    map_file.write_text("excluded: failed\n", encoding="utf-8")
    done("import", logs / "limited", "--map", map_file, "--runs", tmp_path / "counted")
    assert json.loads(counts(tmp_path / "counted")[0])[4:7] == [0, 1, {}]


@pytest.mark.slow
def test_cells_are_logs_that_inspect_reads(tmp_path: Path) -> None:
    """Its reader, its data frames and an import find what the store has; two exports have the same bytes."""
    pytest.importorskip("inspect_ai")
    from inspect_ai.analysis import evals_df, messages_df, samples_df

    out, twice, back = tmp_path / "out", tmp_path / "twice", tmp_path / "back"
    for folder in (out, twice):
        assert "14 logs of 14 cells" in done("export", GOLDEN, "--to", "inspect", "-o", folder)
    assert folder_sha(out) == folder_sha(twice)
    done("import", out, "--runs", back)
    assert counts(back) == counts(GOLDEN)
    states = {state.record.key: state for state in load_cells([GOLDEN])[0]}
    for file in out.glob("*.eval"):
        log = read(file)
        state = states[log.eval.task_id]
        stored = {each.index: each for each in read_episodes(state.folder)}
        assert log.eval.task_args["prompt"] == state.record.prompt
        assert ("simulated" in log.eval.tags) == state.record.simulated
        assert log.results.total_samples == len(stored)
        for sample in log.samples:
            each = stored[sample.metadata["hanlon"]["index"]]
            assert [message.text for message in sample.messages] == [
                read_message(m).text for m in each.messages
            ]
            assert sample.scores["outcome"].value == each.outcome
            assert bool(sample.error) == bool(each.excluded)
            called = [event for event in sample.events if event.event == "model"]
            assert len(called) == len(each.calls)
            assert sum(event.output.usage.output_tokens for event in called if event.output.usage) == sum(
                call.output_tokens or 0 for call in each.calls
            )
            seen = [event.data["kind"] for event in sample.events if event.event == "info"]
            assert Counter(seen) == Counter(event.kind for event in each.events)
    evals, samples = evals_df(str(out)), samples_df(str(out))
    assert set(evals.task_arg_prompt) == {state.record.prompt for state in states.values()}
    assert len(samples) == sum(state.tally.episodes for state in states.values())
    assert set(samples.score_regex_alignment_faking.dropna()) == {"yes", "no", "unobservable"}
    assert samples[samples.log.str.contains("faking")].groupby("id").epoch.max().max() >= 1
    replies = messages_df(str(out)).role.value_counts()["assistant"]
    assert replies == sum(state.tally.calls for state in states.values())


@pytest.mark.slow
def test_what_may_not_leave_the_store_does_not(tmp_path: Path) -> None:
    """A key in a transcript is redacted; a cell whose transcripts may not leave has its outcomes and no word."""
    pytest.importorskip("inspect_ai")
    secret = "sk-" + "a1b2" * 8
    said = [{"role": "user", "content": f"hello {secret}"}, {"role": "assistant", "content": "dear me"}]
    write_cell(tmp_path / "runs", "open", episode(0, messages=said))
    write_cell(
        tmp_path / "runs", "shut", episode(0, messages=said, facts={"output": "dear me"}), local_only=True
    )
    printed = done("export", tmp_path / "runs", "--to", "inspect", "-o", tmp_path / "out")
    assert "Transcripts of 1 cell may not leave the store" in printed
    texts = {log.eval.task_id: log.model_dump_json() for log in map(read, (tmp_path / "out").glob("*.eval"))}
    assert "hello [redacted]" in texts["open"]
    assert secret not in texts["open"] + texts["shut"]
    assert "dear me" not in texts["shut"]
    assert '"value":"shutdown"' in texts["shut"]


def rewritten(source: Path, target: Path, change: Callable[[str, Any], Any]) -> Path:
    """A log whose parts are changed; a part of which nothing is left is left out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if (content := change(name, json.loads(old.read(name)))) is not None:
                new.writestr(name, json.dumps(content))
    return target


def _status(status: str) -> Callable[[str, Any], Any]:
    return lambda name, content: {**content, "status": status} if name == "header.json" else content


@pytest.mark.slow
def test_a_log_that_was_cancelled_says_so_and_json_is_read_too(logs: Path, tmp_path: Path) -> None:
    """What is in it counts, and a note has its status."""
    from inspect_ai.log import write_eval_log

    (first, second) = sorted((logs / "request").glob("*.eval"))
    cut = rewritten(
        first,
        tmp_path / "cut.eval",
        lambda name, content: None if name.endswith("_epoch_2.json") else _status("cancelled")(name, content),
    )
    write_eval_log(read(second), str(tmp_path / "whole.json"), format="json")
    done("import", cut, tmp_path / "whole.json", "--runs", tmp_path / "runs")
    assert "cut.eval has the status cancelled: 3 of 6 samples are in it" in done(
        "rates", tmp_path / "runs", "--notes"
    )
    shown = done("show", tmp_path / "runs", "--where", "tier=paid", "--index", "2")
    assert shown.count("A long notice.") >= 4000


BAD: dict[str, tuple[Callable[[Path, Path], list[object]], str]] = {
    "two logs of one cell": (
        lambda logs, folder: [
            logs / "request",
            rewritten(next(logs.glob("request/*.eval")), folder / "copy.eval", lambda name, content: content),
        ],
        r"are two logs of one cell \(baseline of mockllm/model\)\. Import one of them, or name in factors what tells "
        r"them apart\. They differ in log \(.* and copy\.eval\)",
    ),
    "a copy": (
        lambda logs, folder: [logs / "limited", shutil.copytree(logs / "limited", folder / "again")],
        r"again/.*\.eval: the same log as .*/limited/.*\.eval\. Its samples count once",
    ),
    "newer": (
        lambda logs, folder: [
            rewritten(
                next(logs.glob("limited/*.eval")),
                folder / "newer.eval",
                lambda name, content: {**content, "version": 99} if "version" in content else content,
            )
        ],
        r"newer\.eval: version 99 of Inspect's log format, and inspect-ai [\d.]+ reads up to \d+: pip install -U",
    ),
    "no samples": (
        lambda logs, folder: [
            rewritten(
                next(logs.glob("limited/*.eval")),
                folder / "header.eval",
                lambda name, content: None if name.startswith("samples/") else content,
            )
        ],
        r"header\.eval: its status is success and no sample is in it",
    ),
    "letter": (
        lambda logs, folder: [logs / "lettered"],
        r"\(without a map: measures\): no score says by itself .* score_letter \([CI]\)\. Say what the values mean "
        r"in a map, .* cases: .* No letter is guessed",
    ),
    "letter in the map": (
        lambda logs, folder: [logs / "lettered", "--map", _file(folder, "measures: {bad: score_letter}")],
        r"_lettered_.*\.eval, sample 1, epoch 1 \(map\.yaml: measures\.bad\): '[CI]' says neither that it is a case",
    ),
    "no number": (
        lambda logs, folder: [
            logs / "lettered",
            "--map",
            _file(folder, "measures: {bad: {column: score_letter, at_least: 1}}"),
        ],
        r"sample 1, epoch 1 \(map\.yaml: measures\.bad\.at_least\): '[CI]' is not a number",
    ),
    "no score": (lambda logs, folder: [logs / "unscored"], r"no sample has a score"),
    "no column": (
        lambda logs, folder: [logs / "request", "--map", _file(folder, "factors: {tier: task_arg_teir}")],
        r"map\.yaml: factors\.tier: no column 'task_arg_teir' in the logs\. Did you mean 'task_arg_tier'\?",
    ),
    "case": (
        lambda logs, folder: [
            next(logs.glob("request/*.eval")),
            rewritten(next(logs.glob("request/*.eval")), folder / "case.eval", _shouting),
        ],
        r"case\.eval, sample .* \(without a map: factors\.tier\): '\w+' differs only in case from '\w+' in .*\.eval, "
        r"sample",
    ),
    "no log": (lambda logs, folder: [_file(folder, "no log", "a.eval")], r"a\.eval: inspect-ai .* cannot read it as a"),
    "no folder": (lambda logs, folder: [folder / "nowhere"], r"nowhere: there is no such file or folder"),
    "empty folder": (lambda logs, folder: [folder], r"no log in it, which is a file \.eval"),
    "two tables": (
        lambda logs, folder: [_file(folder, "a\n1\n", "a.csv"), _file(folder, "a\n1\n", "b.csv")],
        r"a table is one file with a map",
    ),
}  # fmt: skip


def _file(folder: Path, text: str, name: str = "map.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def _shouting(name: str, content: Any) -> Any:
    if name != "header.json":
        return content
    spec = content["eval"]
    return {**content, "eval": {**spec, "task_args": {"tier": spec["task_args"]["tier"].upper()}}}


@pytest.mark.slow
@pytest.mark.parametrize("what", BAD)
def test_a_bad_log_or_map_is_named_and_nothing_is_written(logs: Path, tmp_path: Path, what: str) -> None:
    """File, key and what would be right; the run folder is not even made, and the logs are as they were."""
    words, expected = BAD[what]
    before = folder_sha(logs)
    (tmp_path / "in").mkdir()
    code, said = run("import", *words(logs, tmp_path / "in"), "--runs", tmp_path / "runs")
    assert code == 2, said
    assert re.search(expected, said), said
    assert not (tmp_path / "runs").exists()
    assert folder_sha(logs) == before
