"""A run folder that commit d1202b4 wrote reads as it did then, and its commands make no call again.

`tests/golden/README.md` says what is stored there and what to do where a change of a number is meant.
"""

import re
import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from click.testing import CliRunner

import hanlon
from hanlon.cli import main
from support.command_line import CommandLine

GOLDEN = Path(__file__).parent / "golden"
STORE = GOLDEN / "runs_d1202b4"
EXPECTED = GOLDEN / "expected_d1202b4"
COMMANDS = (GOLDEN / "commands.txt").read_text().splitlines()
VERBS = sorted(EXPECTED.glob("verb_*.json"))
RENAMED: Mapping[str, str] = {}
"""JSON fields that have another name since d1202b4, old to new, as dotted paths."""

IDENTITY = frozenset({"cell", "model", "measure", "label", "factor", "from", "to", "first", "second", "kind"})
"""Text fields of a row that say which row it is. Other text may be reworded."""
KEYS = frozenset({"key", "key_from", "key_to", "judge_key"})
EPISODE_COLUMNS = (
    "key", "index", "seed", "outcome", "excluded", "after_look", "calls", "failed_attempts", "input_tokens",
    "output_tokens", "cached_tokens", "cost_usd", "latency_s", "transcript_hash", "resistance", "attempt",
    "strict_noncompliance", "compliance", "compliance_or_partial",
)  # fmt: skip
CELL_COLUMNS = (
    "key", "label", "env", "prompt", "model", "protocol", "planned_samples", "texts_hash", "simulated", "tier",
    "stakes", "precedence", "wording", "episodes",
)  # fmt: skip


@pytest.fixture
def runs(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the store in the command line's folder, which is the working directory."""
    shutil.copytree(STORE, command_line.runs)
    shutil.copytree(GOLDEN / "rubrics", command_line.folder, dirs_exist_ok=True)
    monkeypatch.chdir(command_line.folder)
    return command_line.runs


def read_verb(arguments: list[str], table_format: str) -> str:
    """What a verb of the `hanlon` command prints over the run folder `runs`."""
    result = CliRunner().invoke(main, [*arguments, "runs", "--format", table_format], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def numbers_of_rows(printed: str) -> list[dict[str, Any]]:
    """Each JSON row's numbers, true-or-false values and nulls by their dotted path, and what identifies it."""
    return [_flat(row) for row in msgspec.json.decode(printed)]


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, (dict, list)):
        items: Any = value.items() if isinstance(value, dict) else enumerate(value)
        leaves: dict[str, Any] = {} if value or isinstance(value, list) else {f"{path}.size": 0}
        for name, item in items:
            leaves |= _flat(item, f"{path}.{name}" if path else str(name))
        return leaves
    if isinstance(value, str) and path not in IDENTITY | KEYS:
        return {}
    return {path: value}


def printed_numbers(markdown: str) -> list[str]:
    """The numbers of each printed table row, in their order; headers and prose are left out."""
    lines = markdown.splitlines()
    tables = [line.startswith("|") for line in lines]
    data = [
        line
        for number, line in enumerate(lines)
        if tables[number] and number and tables[number - 1] and not line.startswith("|-")
    ]
    return [" ".join(re.findall(r"[-+]?\d[\d,]*(?:\.\d+)?", line)) for line in data]


def episode_rows() -> list[list[Any]]:
    """The episodes' frame, its main columns."""
    frame = hanlon.load("runs").episodes
    return _plain_rows(frame[list(EPISODE_COLUMNS)].sort_values(["key", "index"]))


def cell_rows() -> list[list[Any]]:
    """The cells' frame, its main columns."""
    return _plain_rows(hanlon.load("runs").cells[list(CELL_COLUMNS)].sort_values("key"))


def label_rows() -> list[list[Any]]:
    """The judges' labels: a row for each judge, cell and label, with the episodes' values in order, and their votes.

    d1202b4 read the follow-up answers nowhere.
    """
    frame = hanlon.load_labels("runs").query("kind == 'judges'").sort_values("index")
    return [
        [
            *names,
            " ".join(group["value"].fillna("-")),
            " ".join(f"{share:g}" for share in group["share"]),
            int(group["yes"].sum()),
            int(group["parsed"].sum()),
            int(group["unparsed"].sum()),
        ]
        for names, group in frame.groupby(["judge_key", "key", "label"], dropna=False)
    ]


FRAMES: Mapping[str, Callable[[], list[list[Any]]]] = {
    "episodes": episode_rows,
    "cells": cell_rows,
    "labels": label_rows,
}


def _plain_rows(frame: pd.DataFrame) -> list[list[Any]]:
    plain = frame.astype(object)
    return plain.where(plain.notna(), None).to_numpy().tolist()


def _expected(path: Path) -> Any:
    return msgspec.json.decode(path.read_bytes())


def check_row(actual: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Every value that was there is there and the same; a row may say more than it did."""
    for path, value in expected.items():
        name = RENAMED.get(path, path)
        assert name in actual, f"{name} is missing in {actual}"
        assert _same(actual[name], value), f"{name} is {actual[name]!r}, was {value!r}, in {expected}"


def _same(actual: Any, expected: Any) -> bool:
    if isinstance(expected, bool) or isinstance(actual, bool) or not isinstance(expected, (int, float)):
        return type(actual) is type(expected) and actual == expected
    return isinstance(actual, (int, float)) and actual == pytest.approx(expected, rel=1e-9, abs=1e-12)


LAID_OUT_ANEW = ("verb_labels", "verb_labels_threshold", "verb_status")
"""Labels are printed as a pivot, and cells of a status by names without keys: of these the JSON alone is compared."""


@pytest.mark.parametrize("path", VERBS, ids=lambda path: path.stem)
def test_a_verb_reads_the_numbers_that_it_read(runs: Path, path: Path) -> None:
    """Each row of JSON has the values of d1202b4, and most printed tables the same numbers in the same order."""
    expected = _expected(path)
    rows = numbers_of_rows(read_verb(expected["arguments"], "json"))
    rows = [row for row in rows if row.get("kind") != "followups"]  # d1202b4 read these answers nowhere
    assert len(rows) == len(expected["rows"]) > 0
    for actual, row in zip(rows, expected["rows"], strict=True):
        check_row(actual, row)
    if path.stem not in LAID_OUT_ANEW:
        printed = printed_numbers(read_verb(expected["arguments"], "markdown"))
        assert printed[: len(expected["printed"])] == expected["printed"]


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_holds_the_values_that_it_held(runs: Path, name: str) -> None:
    """`hanlon.load` and `hanlon.load_labels` give the values of d1202b4."""
    rows, expected = FRAMES[name](), _expected(EXPECTED / f"frame_{name}.json")
    assert len(rows) == len(expected) > 0
    for actual, row in zip(rows, expected, strict=True):
        assert len(actual) == len(row)
        assert all(map(_same, actual, row)), f"{actual}, was {row}"


@pytest.mark.parametrize("command", [c for c in COMMANDS if "env=alignment_faking" in c])
def test_the_same_command_makes_no_call_again(command_line: CommandLine, runs: Path, command: str) -> None:
    """No episode, vote or answer is added or changed. Rules may label anew under another key; the old labels stay."""
    run = command_line.run(*shlex.split(command))
    assert run.returncode == 0, run.stderr
    assert not re.search(r"[1-9][\d,]* calls", run.stdout + run.stderr), run.stderr
    before, after = _records(STORE), _records(runs)
    assert {name: after.get(name) for name in before} == before
    added = {name: content for name, content in after.items() if name not in before}
    assert all(Path(name).name.startswith("labels.") for name in added), sorted(added)
    assert not any('"call":' in content or '"text":' in content for content in added.values()), sorted(added)
    labels = {tuple(row[:3]): row for row in label_rows()}
    for row in _expected(EXPECTED / "frame_labels.json"):
        assert labels.get(tuple(row[:3])) == row


@pytest.mark.parametrize("command", [c for c in COMMANDS if "simulated/ambiguity" in c])
def test_a_machine_of_another_revision_is_another_cell(
    command_line: CommandLine, runs: Path, command: str
) -> None:
    """The virtual machine answers otherwise than at d1202b4: its cells open anew beside the old ones, and only once."""
    assert command_line.run(*shlex.split(command)).returncode == 0
    before, once = _records(STORE), _records(runs)
    assert {name: once.get(name) for name in before} == before
    assert once.keys() > before.keys()
    assert command_line.run(*shlex.split(command)).returncode == 0
    assert _records(runs) == once


def _records(runs: Path) -> dict[str, str]:
    """The lines of every record file of the cells, by path; a judge's trial on known transcripts is no cell's."""
    files = [path.relative_to(runs) for path in sorted(runs.rglob("*.jsonl"))]
    return {str(path): (runs / path).read_text() for path in files if path.parts[0] != ".smoke"}
