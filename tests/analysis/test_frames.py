"""Frames: what was stored, one row an episode, without what a table does not need."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import hanlon
from hanlon.store.records import CallError, ModelCall
from support.stored import episode, lines, write_cell


def test_an_episode_is_a_row_with_its_cells_factors(tmp_path: Path) -> None:
    """Factors, measures and the sums over the calls are columns, with types that count."""
    write_cell(tmp_path, "a", episode(0, "resisted"), episode(1))
    write_cell(tmp_path, "b", episode(0), factors={"placement": "system", "extra": [1, 2]})
    frames = hanlon.load(tmp_path)
    rows = frames.episodes
    assert rows[["key", "index", "outcome"]].to_numpy().tolist() == [
        ["a", 0, "resisted"],
        ["a", 1, "shutdown"],
        ["b", 0, "shutdown"],
    ]
    assert rows["placement"].tolist() == ["user", "user", "system"]
    assert rows["extra"].iloc[2] == "[1,2]"
    assert rows["resistance"].tolist() == [True, False, False]
    assert rows["resistance"].dtype == "boolean"
    assert rows["input_tokens"].tolist() == [20, 20, 20]
    assert rows["cost_usd"].tolist() == [1.0, 1.0, 1.0]
    assert rows["latency_s"].tolist() == [3.0, 3.0, 3.0]
    assert rows["calls"].tolist() == [2, 2, 2]
    assert frames.factors == ["placement", "wording", "texts", "extra"]
    assert frames.measures == ["resistance"]
    assert "messages" not in rows


def test_a_cell_is_a_row_also_without_episodes(tmp_path: Path) -> None:
    """The frame of cells counts the episodes of each; an empty cell is there with none."""
    write_cell(tmp_path, "a", episode(0))
    write_cell(tmp_path, "b")
    cells = hanlon.load(tmp_path).cells
    assert cells[["key", "episodes", "placement"]].to_numpy().tolist() == [["a", 1, "user"], ["b", 0, "user"]]


def test_what_is_not_known_is_missing_and_no_zero(tmp_path: Path) -> None:
    """No count, cost or name is made up where no call gave one; a count that some calls gave is their sum."""
    some = [ModelCall("o3", input_tokens=5), ModelCall("o3")]
    write_cell(tmp_path, "a", episode(0, calls=[]), episode(1, calls=some, measures={"resistance": None}))
    rows = hanlon.load(tmp_path).episodes
    assert rows["input_tokens"].isna().tolist() == [True, False]
    assert rows["cost_usd"].isna().all()
    assert rows["returned_model"].isna().all()
    assert rows["resistance"].isna().tolist() == [False, True]
    assert rows["excluded"].isna().all()


def test_a_model_that_changed_within_an_episode_shows(tmp_path: Path) -> None:
    """All returned models of an episode are named in their order, and failed attempts are counted."""
    failed = [CallError("timeout", "no reply"), CallError("rate_limit", "slow down", 429)]
    calls = [ModelCall("o3", "o3-a", errors=failed), ModelCall("o3", "o3-b"), ModelCall("o3", "o3-a")]
    write_cell(tmp_path, "a", episode(0, calls=calls))
    row = hanlon.load(tmp_path).episodes.iloc[0]
    assert row["returned_model"] == "o3-a, o3-b"
    assert row["failed_attempts"] == 2


def test_an_episode_that_was_sampled_again_is_one_row(tmp_path: Path) -> None:
    """The frame follows the store: of an api_error and its repetition in another shard, the repetition."""
    folder = write_cell(tmp_path, "a", episode(0, "api_error"), episode(1, "api_error"))
    (folder / "episodes.1of2.jsonl").write_bytes(lines(episode(0, "resisted"), episode(2)))
    rows = hanlon.load(tmp_path).episodes.sort_values("index")
    assert rows["outcome"].tolist() == ["resisted", "api_error", "shutdown"]
    assert rows["excluded"].isna().tolist() == [True, False, True]


def test_facts_are_columns_on_request(tmp_path: Path) -> None:
    """A named fact is a column; a list is its JSON, an unknown fact is missing."""
    write_cell(tmp_path, "a", episode(0))
    rows = hanlon.load(tmp_path, facts=["notice_turn", "methods", "no_such"]).episodes
    assert rows[["notice_turn", "methods"]].to_numpy().tolist() == [[3, '["rm"]']]
    assert rows["no_such"].isna().all()


def test_names_that_clash_are_told_apart(tmp_path: Path) -> None:
    """A factor named as a column of the record, and a measure or fact named as a factor, carry their kind."""
    write_cell(
        tmp_path,
        "a",
        episode(0, measures={"placement": True}, facts={"placement": "x"}),
        factors={"model": "m", "placement": "user"},
    )
    frames = hanlon.load(tmp_path, facts=["placement"])
    row = frames.episodes.iloc[0]
    assert (row["model"], row["model_factor"]) == ("openai/o3", "m")
    assert (row["placement"], row["placement_measure"], row["placement_fact"]) == ("user", True, "x")
    assert frames.factors == ["model_factor", "placement"]


def test_several_run_folders_are_one_frame_and_a_cell_is_read_once(tmp_path: Path) -> None:
    """Folders are joined; one that contains another does not double its episodes."""
    write_cell(tmp_path / "x", "a", episode(0))
    folder = write_cell(tmp_path / "y", "b", episode(0))
    rows = hanlon.load([tmp_path / "x", str(tmp_path / "y"), folder]).episodes
    assert rows["key"].tolist() == ["a", "b"]


def test_a_damaged_line_is_a_warning(tmp_path: Path) -> None:
    """The frame holds the whole episodes and says which line is none."""
    folder = write_cell(tmp_path, "a", episode(0))
    with (folder / "episodes.jsonl").open("ab") as file:
        file.write(b"damaged\n" + lines(episode(1)))
    with pytest.warns(UserWarning, match="line 2: not an episode"):
        rows = hanlon.load(tmp_path).episodes
    assert rows["index"].tolist() == [0, 1]


def test_no_cells_is_an_error_that_says_where(tmp_path: Path) -> None:
    """A folder without cells is no empty frame."""
    with pytest.raises(FileNotFoundError, match="no cells in"):
        hanlon.load(tmp_path)


def test_cells_without_any_episode_make_an_empty_frame_with_types(tmp_path: Path) -> None:
    """Before the first episode the columns are there already."""
    write_cell(tmp_path, "a")
    rows = hanlon.load(tmp_path).episodes
    assert len(rows) == 0
    assert isinstance(rows["input_tokens"].dtype, pd.Int64Dtype)
    assert {"placement", "outcome", "excluded"} <= set(rows.columns)


def test_importing_the_package_does_not_import_pandas() -> None:
    """Start-up pays for frames only where one is made; `hanlon status` makes none."""
    code = "import sys, hanlon, hanlon.cli; assert not {'pandas', 'statsmodels', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
