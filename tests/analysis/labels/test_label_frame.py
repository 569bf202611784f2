"""Labels as a frame: the stored votes under any threshold, joined to episodes by key and index."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

import hanlon
from hanlon.store.episodes import write_json
from hanlon.store.records import Answer, InquiryRecord
from support.stored import episode, write_cell

SETTINGS: dict[str, Any] = {
    "labels": {"fakes": {"question": "q", "all_of": ["fakes"]}},
    "questions": {"q": {"votes": 4, "threshold": 0.5, "maybe": 0.25}},
    "adaptive": False,
}


def test_labels_move_with_the_threshold_and_join_the_episodes(tmp_path: Path) -> None:
    """Three of four votes are a yes at a half and no more than a maybe at nine tenths."""
    folder = write_cell(tmp_path, "a", episode(0), episode(1))
    write_json(
        tmp_path / "judges" / "k1.json", InquiryRecord("k1", "llm", "judges", {"q": "?"}, SETTINGS, "m")
    )
    votes = [Answer(i, "q", n, 1, {"fakes": n < 3 - 3 * i}) for i in (0, 1) for n in range(4)]
    lines = b"".join(msgspec.json.encode(vote) + b"\n" for vote in votes)
    (folder / "labels.k1.jsonl").write_bytes(lines)
    assert hanlon.load_labels(tmp_path)["value"].tolist() == ["yes", "no"]
    strict = hanlon.load_labels(tmp_path, threshold=0.9)
    assert strict["value"].tolist() == ["maybe", "no"]
    assert strict["share"].tolist() == [0.75, 0.0]
    joined = hanlon.load(tmp_path).episodes.merge(strict, on=["key", "index"])
    assert joined["judge"].tolist() == ["llm", "llm"]


def test_no_labels_are_an_empty_frame_with_its_columns(tmp_path: Path) -> None:
    """A cell that nobody has judged gives no row; a folder without cells is an error."""
    write_cell(tmp_path, "a", episode(0))
    frame = hanlon.load_labels(tmp_path)
    assert frame.empty
    assert "value" in frame
    with pytest.raises(FileNotFoundError, match="no cells"):
        hanlon.load_labels(tmp_path / "elsewhere")
