"""The store: nothing whole is ever lost, nothing torn is ever counted."""

import multiprocessing
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanlon.engine.store import CellBusy, CellWriter, read_digests, read_episodes, repair_tail, scan
from hanlon.records import Episode, EpisodeDigest
from hanlon.shard import Shard


def episode(index: int, outcome: str = "shutdown", text: str = "hello") -> Episode:
    """A small episode."""
    return Episode(
        index=index,
        seed=index,
        outcome=outcome,
        measures={"resistance": outcome == "resisted"},
        facts={},
        messages=[{"role": "user", "content": text}],
        texts_hash="0",
        excluded=outcome if outcome == "api_error" else None,
    )


def line(record: Episode) -> bytes:
    """An episode as it stands in the file."""
    return msgspec.json.encode(record) + b"\n"


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(max_size=30), min_size=1, max_size=4), data=st.data())
def test_a_file_cut_at_any_byte_keeps_every_whole_episode(texts: list[str], data: st.DataObject) -> None:
    """Whatever byte a kill cut the file at, the whole episodes before it are read and the next one fits on."""
    lines = [line(episode(i, text=text)) for i, text in enumerate(texts)]
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "episodes.jsonl").write_bytes(whole[:cut])
        kept = sum(len(b"".join(lines[: i + 1])) - 1 <= cut for i in range(len(lines)))
        writer = CellWriter(folder, Shard())
        writer.append(line(episode(99)))
        writer.close()
        records, damaged = scan(folder, Episode)
        assert [r.index for r in records] == [*range(kept), 99]
        assert damaged == []


def test_a_damaged_line_is_named_and_left_in_place(tmp_path: Path) -> None:
    """A broken line in the middle costs its own episode only, and is reported with file and line."""
    file = tmp_path / "episodes.jsonl"
    file.write_bytes(line(episode(0)) + b'{"index": 1, "outc\x00\n' + line(episode(2)))
    records, damaged = scan(tmp_path, EpisodeDigest)
    assert [r.index for r in records] == [0, 2]
    assert "episodes.jsonl, line 2" in str(damaged[0])
    assert file.read_bytes().count(b"\n") == 3


def test_of_an_index_that_failed_and_was_sampled_again_the_last_counts(tmp_path: Path) -> None:
    """Only api_error gives way to a later record; a real outcome is never replaced."""
    (tmp_path / "episodes.jsonl").write_bytes(
        line(episode(0, "api_error")) + line(episode(0, "resisted")) + line(episode(0, "shutdown"))
    )
    assert [e.outcome for e in read_digests(tmp_path)] == ["resisted"]


def test_shards_write_their_own_files_and_are_read_as_one(tmp_path: Path) -> None:
    """Two shards of a cell can be open at once; the unsharded cell cannot be opened beside them."""
    first, second = CellWriter(tmp_path, Shard(1, 2)), CellWriter(tmp_path, Shard(2, 2))
    first.append(line(episode(0)))
    second.append(line(episode(1)))
    with pytest.raises(CellBusy, match="shard=1/2"):
        CellWriter(tmp_path, Shard())
    with pytest.raises(CellBusy):
        CellWriter(tmp_path, Shard(1, 2))
    first.close()
    second.close()
    assert sorted(e.index for e in read_episodes(tmp_path)) == [0, 1]
    CellWriter(tmp_path, Shard()).close()


def test_shards_cover_every_index_once() -> None:
    """The shards of any number share out all indices."""
    for of in range(1, 8):
        shared = sorted(i for n in range(1, of + 1) for i in Shard(n, of).indices(20))
        assert shared == list(range(20))


def _hold(
    folder: str, ready: "multiprocessing.synchronize.Event", done: "multiprocessing.synchronize.Event"
) -> None:
    writer = CellWriter(Path(folder), Shard())
    ready.set()
    done.wait(30)
    writer.close()


def test_another_process_cannot_write_the_same_cell(tmp_path: Path) -> None:
    """The lock holds between processes and is gone with the process."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(str(tmp_path), ready, done))
    other.start()
    assert ready.wait(30)
    with pytest.raises(CellBusy):
        CellWriter(tmp_path, Shard())
    other.kill()
    other.join(30)
    CellWriter(tmp_path, Shard()).close()


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """On a full disk half a line is taken back, so that the next write is whole."""
    import resource

    writer = CellWriter(tmp_path, Shard())
    writer.append(line(episode(0)))
    size = writer.path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
    try:
        with pytest.raises(OSError, match="large"):
            writer.append(line(episode(1)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert writer.path.stat().st_size == size
    writer.append(line(episode(1)))
    writer.close()
    assert len(read_digests(tmp_path)) == 2


def test_a_last_line_that_lacks_only_its_newline_is_kept(tmp_path: Path) -> None:
    """A whole episode without its newline is an episode."""
    file = tmp_path / "episodes.jsonl"
    file.write_bytes(line(episode(0))[:-1])
    assert repair_tail(file) == 0
    assert [e.index for e in read_digests(tmp_path)] == [0]
