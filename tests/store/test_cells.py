"""Cells as the tables see them: always what the files hold now."""

import os
import shutil
import threading
from pathlib import Path

from click.testing import CliRunner

from hanlon.cli import main
from hanlon.store.cells import load_cell, load_cells
from hanlon.store.episodes import CellWriter
from hanlon.store.shard import Shard
from support.stored import episode, lines, write_cell


def counts(folder: Path) -> dict[str, int]:
    """The outcomes of a cell as loaded now."""
    return dict(load_cell(folder)[0].tally.outcomes)


def test_a_tally_follows_every_change_of_the_files(tmp_path: Path) -> None:
    """Appended, truncated, replaced at the same size and time, and deleted files are all seen at once."""
    folder = write_cell(tmp_path, "a", episode(0), episode(1, "resisted"))
    file = folder / "episodes.jsonl"
    assert counts(folder) == {"shutdown": 1, "resisted": 1}
    with file.open("ab") as handle:
        handle.write(lines(episode(2)))
    assert counts(folder) == {"shutdown": 2, "resisted": 1}
    os.truncate(file, len(lines(episode(0))))
    assert counts(folder) == {"shutdown": 1}
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b'"shutdown"', b'"answered"'))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert counts(folder) == {"answered": 1}
    file.unlink()
    assert counts(folder) == {}


def test_reading_writes_nothing(tmp_path: Path) -> None:
    """`status` and `rates` leave the run folder as it was, so that they work on one that is read-only."""
    write_cell(tmp_path, "a", episode(0))
    before = {path: path.stat().st_mtime_ns for path in [tmp_path, *tmp_path.rglob("*")]}
    for command in ("status", "rates"):
        result = CliRunner().invoke(main, [command, str(tmp_path)])
        assert result.exit_code == 0, result.output
    assert {path: path.stat().st_mtime_ns for path in [tmp_path, *tmp_path.rglob("*")]} == before


def test_a_reader_beside_a_writer_sees_a_beginning_of_what_is_written(tmp_path: Path) -> None:
    """While shards append in batches every reading gives whole episodes, none twice, no damage, never fewer."""
    folder = write_cell(tmp_path, "a")
    total = 400

    def write(number: int) -> None:
        writer = CellWriter(folder, Shard(number, 2))
        for start in range(number - 1, total, 8):
            batch = [episode(i, messages=[{"content": "é" * 5000}]) for i in range(start, start + 8, 2)]
            writer.append(lines(*batch))
        writer.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    seen = 0
    while any(thread.is_alive() for thread in threads):
        state, damaged = load_cell(folder)
        assert damaged == []
        assert seen <= state.tally.episodes <= total
        assert len(state.tally.transcripts) == state.tally.episodes
        seen = state.tally.episodes
    for thread in threads:
        thread.join()
    assert load_cell(folder)[0].tally.episodes == total


def test_a_cell_that_two_folders_lead_to_is_counted_once(tmp_path: Path) -> None:
    """Naming a run folder and a cell in it makes no second row."""
    folder = write_cell(tmp_path, "a", episode(0))
    cells, _ = load_cells([tmp_path, folder])
    assert [cell.tally.episodes for cell in cells] == [1]


def test_a_copied_run_folder_reads_the_same(tmp_path: Path) -> None:
    """A store that was moved to another place means what it meant."""
    write_cell(tmp_path / "runs", "a", episode(0), episode(1, "api_error"))
    shutil.copytree(tmp_path / "runs", tmp_path / "copy")
    ours, copied = (load_cells([tmp_path / name])[0][0].tally for name in ("runs", "copy"))
    assert ours == copied
    assert ours.excluded == {"api_error": 1}
