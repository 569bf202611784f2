"""The store: nothing whole is ever lost, nothing torn is ever counted."""

import multiprocessing
import tempfile
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanlon.store import lines as line_files
from hanlon.store.episodes import (
    CellWriter,
    cell_folders,
    change_json,
    read_digests,
    read_episodes,
    read_json,
    scan,
)
from hanlon.store.lines import CellBusy, repair_tail
from hanlon.store.records import Episode, EpisodeDigest, SweepRecord
from hanlon.store.shard import Shard


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


shards = st.integers(1, 8).flatmap(lambda of: st.builds(Shard, st.integers(1, of), st.just(of)))


@settings(max_examples=60, deadline=None)
@given(one=shards, other=shards)
def test_shards_of_different_counts_are_written_at_once_only_where_they_share_no_index(
    one: Shard, other: Shard
) -> None:
    """Whoever has an episode of ours in hand refuses us, however the work was split; afterwards we may."""
    shared = set(one.indices(100)) & set(other.indices(100))
    assert one.overlaps(other) == bool(shared)
    with tempfile.TemporaryDirectory() as folder:
        writer = CellWriter(Path(folder), one)
        if shared:
            with pytest.raises(CellBusy):
                CellWriter(Path(folder), other)
        else:
            CellWriter(Path(folder), other).close()
        writer.close()
        CellWriter(Path(folder), other).close()


@given(shard=shards, of=st.integers(1, 8))
def test_parts_of_a_shard_cover_it_once(shard: Shard, of: int) -> None:
    """Workers of one shard take all its episodes and none of another's."""
    parts = [index for number in range(1, of + 1) for index in shard.part(number, of).indices(200)]
    assert sorted(parts) == list(shard.indices(200))
    assert all(shard.has(index) for index in parts)


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
    assert repair_tail(file, EpisodeDigest) == 0
    assert [e.index for e in read_digests(tmp_path)] == [0]


TEXTS = st.text(st.sampled_from('aé語🙂"\\\n\r{}[]\x00'), max_size=12)


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(TEXTS, min_size=2, max_size=8), data=st.data())
def test_shards_cut_at_any_byte_keep_every_whole_episode(texts: list[str], data: st.DataObject) -> None:
    """Each shard's file may be torn, also within a character, and end in the zeros of a loss of power."""
    with tempfile.TemporaryDirectory() as name:
        folder, whole = Path(name), []
        for number in (1, 2):
            lines = [line(episode(i, text=t)) for i, t in enumerate(texts) if i % 2 == number - 1]
            cut = data.draw(st.integers(0, sum(map(len, lines))))
            zeros = b"\0" * data.draw(st.sampled_from([0, 1, 4096, 70_000]))
            (folder / Shard(number, 2).file_name("episodes")).write_bytes(b"".join(lines)[:cut] + zeros)
            ends = [len(b"".join(lines[: i + 1])) - 1 for i in range(len(lines))]
            whole += [number - 1 + 2 * i for i, end in enumerate(ends) if end <= cut]
        for number in (1, 2):
            writer = CellWriter(folder, Shard(number, 2))
            writer.append(line(episode(100 + number)))
            writer.close()
        for record_type in (Episode, EpisodeDigest):
            records, damaged = scan(folder, record_type)
            assert sorted(r.index for r in records) == [*sorted(whole), 101, 102]
            assert damaged == []


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=6), data=st.data())
def test_damaged_regions_cost_only_the_episodes_they_touch(texts: list[str], data: st.DataObject) -> None:
    """Two overwritten regions, newlines included, leave every untouched episode to both ways of reading."""
    lines = [line(episode(i, text=t)) for i, t in enumerate(texts)]
    content = bytearray(b"".join(lines))
    touched: set[int] = set()
    for _ in range(2):
        start = data.draw(st.integers(0, len(content) - 1))
        end = min(len(content), start + data.draw(st.integers(1, 200)))
        content[start:end] = data.draw(st.sampled_from([b"\0", b"\n", b"\xff", b"{"])) * (end - start)
        touched |= set(range(start, end))
    before = [len(b"".join(lines[:i])) for i in range(len(lines))]
    whole = {
        i for i in range(len(lines)) if not touched & set(range(before[i], before[i] + len(lines[i]) - 1))
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "episodes.jsonl").write_bytes(content)
        CellWriter(folder, Shard()).close()
        counted = {record.index for record in scan(folder, EpisodeDigest)[0]}
        read = {record.index for record in scan(folder, Episode)[0]}
        assert whole <= read <= counted


def test_an_episode_glued_to_a_torn_one_is_read(tmp_path: Path) -> None:
    """A file appended by hand after a torn line loses the torn episode, not the next; the line is named."""
    (tmp_path / "episodes.jsonl").write_bytes(line(episode(0))[:40] + line(episode(1)) + line(episode(2)))
    records, damaged = scan(tmp_path, Episode)
    assert [r.index for r in records] == [1, 2]
    assert [d.line for d in damaged] == [1]


def test_invalid_text_costs_characters_and_no_episode(tmp_path: Path) -> None:
    """Counting and the full reading agree about an episode in whose text a byte was damaged."""
    (tmp_path / "episodes.jsonl").write_bytes(line(episode(0, text="é!")).replace(b"\xc3", b""))
    assert [e.index for e in read_digests(tmp_path)] == [0]
    assert [e.messages[0]["content"] for e in read_episodes(tmp_path)] == ["\N{REPLACEMENT CHARACTER}!"]


def test_a_line_still_being_written_is_not_yet_there(tmp_path: Path) -> None:
    """A reader beside a writer sees no damage in the half of a line that is already on the disk."""
    (tmp_path / "episodes.jsonl").write_bytes(line(episode(0)) + line(episode(1))[:-30])
    records, damaged = scan(tmp_path, EpisodeDigest)
    assert ([r.index for r in records], damaged) == ([0], [])


def test_a_line_of_any_depth_is_damage(tmp_path: Path) -> None:
    """Brackets without end are named as a damaged line."""
    (tmp_path / "episodes.jsonl").write_bytes(
        b'{"index":0,"seed":0,"x":' + b"[" * 100_000 + b"\n" + line(episode(1))
    )
    records, damaged = scan(tmp_path, Episode)
    assert [r.index for r in records] == [1]
    assert "line 1" in str(damaged[0])


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(0, 400), min_size=1, max_size=8), block=st.integers(1, 700))
def test_the_size_of_a_read_makes_no_difference(sizes: list[int], block: int) -> None:
    """Lines longer than a block, and blocks of many lines, give the same episodes and line numbers."""
    lines = [line(episode(i, text="x" * size)) for i, size in enumerate(sizes)]
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        (folder / "episodes.jsonl").write_bytes(b"".join([*lines, b"damaged\n", line(episode(99))]))
        patch.setattr(line_files, "BLOCK_BYTES", block)
        records, damaged = scan(folder, Episode)
        assert [len(r.messages[0]["content"]) for r in records] == [*sizes, 5]
        assert [d.line for d in damaged] == [len(sizes) + 1]


def test_the_repair_of_a_long_torn_tail_takes_no_longer_than_reading_it(tmp_path: Path) -> None:
    """50 MB of zeros after a loss of power are cut off, and the episode before them is kept."""
    file = tmp_path / "episodes.jsonl"
    file.write_bytes(line(episode(0)) + b"\0" * 50_000_000)
    started = time.process_time()
    assert repair_tail(file, EpisodeDigest) == 50_000_000
    assert time.process_time() - started < 2
    assert file.read_bytes() == line(episode(0))


def test_cells_are_found_from_the_run_folder_an_environment_and_a_cell(tmp_path: Path) -> None:
    """`runs`, `runs/<env>` and `runs/<env>/<cell>` all lead to the cell."""
    cell = tmp_path / "shutdown" / "baseline-0"
    cell.mkdir(parents=True)
    (cell / "cell.json").touch()
    assert cell_folders(tmp_path) == cell_folders(cell.parent) == cell_folders(cell) == [cell]


def add_cells(path: Path, keys: list[str], start: object) -> None:
    """Add cells to a sweep's record one at a time, as commands do that began at the same instant."""
    start.wait()  # type: ignore[attr-defined]
    for key in keys:

        def add(sweep: SweepRecord | None, key: str = key) -> SweepRecord:
            sweep = sweep or SweepRecord("s", [], 1, [], 0.0)
            sweep.cells.append(key)
            return sweep

        change_json(path, SweepRecord, add)


def test_processes_that_change_one_record_lose_nothing_of_each_other(tmp_path: Path) -> None:
    """Four processes add ten cells each to the same file: all forty are in it."""
    context = multiprocessing.get_context("spawn")
    path, start = tmp_path / "sweeps" / "s.json", context.Barrier(4)
    keys = [[f"{number}.{turn}" for turn in range(10)] for number in range(4)]
    processes = [context.Process(target=add_cells, args=(path, own, start)) for own in keys]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    kept = read_json(path, SweepRecord)
    assert kept is not None
    assert sorted(kept.cells) == sorted(key for own in keys for key in own)
