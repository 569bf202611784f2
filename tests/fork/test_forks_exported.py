"""Children leave the store as rows or logs of their own, never among the episodes of a cell."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.forked import ForkedStore

CHANGE = "set=env.precedence=over_all_others"


@pytest.fixture(scope="module")
def forked(sampled: ForkedStore, tmp_path_factory: pytest.TempPathFactory) -> ForkedStore:
    """A parent with two draws before its last reply, without a change and with one."""
    store = sampled.copy(tmp_path_factory.mktemp("exported"))
    run = store.fork("--outcome", "resisted", "--n", "1", "at=turn:3", "draws=2", CHANGE)
    assert run.exit_code == 0, run.output
    return store


def exported(store: ForkedStore, out: Path, *words: str) -> Path:
    """What `hanlon export` writes."""
    result = store.hanlon("export", str(store.runs), "-o", str(out), *words)
    assert result.exit_code == 0, result.output
    return out


def test_rows_say_of_each_child_where_it_comes_from(forked: ForkedStore, tmp_path: Path) -> None:
    """Cell, parent, turn, change and draw; the rows of episodes are those of a store without forks."""
    file = exported(forked, tmp_path / "forks.jsonl", "--to", "jsonl", "--rows", "forks")
    rows: list[dict[str, Any]] = [json.loads(line) for line in file.read_text().splitlines()]
    branches = {record.key: (record, children) for record, children in forked.branches()}
    assert len(rows) == 4
    for row in rows:
        record, children = branches[row["key"]]
        assert row["fork_cell"] == forked.cell.name[-12:]
        assert (row["fork_parent"], row["fork_turn"], row["fork_points"]) == (record.index, 3, "turn:3")
        assert (row["fork_change"] or "", row["fork_said_by"] or "") == (record.change, record.said_by)
        assert row["outcome"] == children[int(row["fork_draw"])].outcome
    assert {row["fork_change"] for row in rows} == {None, CHANGE.removeprefix("set=")}


def test_exports_without_the_option_are_those_of_a_store_without_forks(
    forked: ForkedStore, sampled: ForkedStore, tmp_path: Path
) -> None:
    """Byte for byte, as rows and as logs."""
    pytest.importorskip("inspect_ai", reason="inspect-ai is not installed (extra inspect)")
    for kind, name in [("csv", "{}.csv"), ("jsonl", "{}.jsonl"), ("inspect", "{}")]:
        paths = [
            exported(
                store, tmp_path / name.format(label), "--to", kind, *(["--transcripts"] * (kind == "jsonl"))
            )
            for label, store in (("with", forked), ("without", sampled))
        ]
        files = [sorted(path.iterdir()) if path.is_dir() else [path] for path in paths]
        texts = [
            [file.read_bytes().replace(str(store.runs).encode(), b"") for file in group]
            for group, store in zip(files, (forked, sampled), strict=True)
        ]
        assert texts[0] == texts[1], kind


def test_branches_are_logs_of_their_own(forked: ForkedStore, tmp_path: Path) -> None:
    """A sample's input is the history that was sent, its events and usage are the child's own; import refuses it."""
    log = pytest.importorskip("inspect_ai.log", reason="inspect-ai is not installed (extra inspect)")
    folder = exported(forked, tmp_path / "logs", "--to", "inspect", "--rows", "forks")
    again = exported(forked, tmp_path / "again", "--to", "inspect", "--rows", "forks")
    files = sorted(folder.iterdir())
    assert [file.read_bytes() for file in files] == [file.read_bytes() for file in sorted(again.iterdir())]
    branches = {record.key: (record, children) for record, children in forked.branches()}
    assert len(files) == len(branches) == 2
    for file in files:
        read = log.read_eval_log(str(file), resolve_attachments=True)
        record, children = branches[read.eval.eval_id]
        assert (read.eval.task, "fork" in read.eval.tags) == ("shutdown_fork", True)
        leaves = {"fork_parent": record.index, "fork_turn": 3, "fork_change": record.change or None}
        assert leaves.items() <= read.eval.task_args.items()
        assert [sample.epoch for sample in read.samples] == [1, 2]
        for sample, child in zip(read.samples, children, strict=True):
            assert sample.id == record.index
            assert leaves.items() <= sample.metadata.items()
            assert sample.metadata["fork_draw"] == child.index
            assert sum(message.role == "assistant" for message in sample.input) == 3
            models = [event for event in sample.events if event.event == "model"]
            assert len(models) == len(child.calls)
            assert [m.text for m in models[0].input] == [m.text for m in sample.input]
            assert models[-1].output.message.id == sample.output.message.id
            assert sample.scores["outcome"].value == child.outcome
    refused = forked.hanlon("import", str(folder), "--runs", str(tmp_path / "imported"))
    assert refused.exit_code == 2
    assert "continue a stored episode" in " ".join(refused.output.split())
    assert not (tmp_path / "imported").exists()


@pytest.mark.parametrize("kind", ["dataset", "eee", "csv"])
def test_what_has_no_place_for_children_is_refused(sampled: ForkedStore, tmp_path: Path, kind: str) -> None:
    """A dataset and Every Eval Ever hold episodes; a store without forks has no child to write."""
    words = ["--to", kind, "--rows", "forks", "-o", str(tmp_path / "out"), "--licence", "mit"]
    refused = sampled.hanlon("export", str(sampled.runs), *words)
    assert refused.exit_code == 2
    reason = "no episode of these cells has been forked" if kind == "csv" else "children are none"
    assert reason in " ".join(refused.output.split())
    assert list(tmp_path.iterdir()) == []
