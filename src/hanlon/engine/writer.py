"""Writes finished records in batches off the event loop: one write and one sync for each file and batch."""

import asyncio
import tempfile
from pathlib import Path

import msgspec

from hanlon.store.lines import LineWriter, StoreFailed
from hanlon.store.records import Answer, Episode

BATCH_WINDOW_S = 0.03
"""How long the first finished record of a batch waits for others: a sync costs as much as several calls."""


class RecordWriter:
    """The one way from a finished record to the disk. `store` returns once the record is safe."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._waiting: list[tuple[LineWriter, bytes, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._write_batches())

    async def store(self, writer: LineWriter, record: Episode | Answer) -> None:
        """Append a record to its file and wait until it is synced.

        Raises:
            StoreFailed: the disk is full or gone; the message says where the record is instead.
        """
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((writer, self._encoder.encode(record) + b"\n", stored))
        self._wake.set()
        # a cancelled worker must not take back what is on its way to the disk
        await asyncio.shield(stored)

    async def close(self) -> None:
        """Write what is waiting, then stop."""
        self._closing = True
        self._wake.set()
        await self._task

    async def _write_batches(self) -> None:
        while self._waiting or not self._closing:
            await self._wake.wait()
            if not self._closing:
                await asyncio.sleep(BATCH_WINDOW_S)
            self._wake.clear()
            batch, self._waiting = self._waiting, []
            by_file: dict[LineWriter, list[bytes]] = {}
            for writer, line, _ in batch:
                by_file.setdefault(writer, []).append(line)
            failures = await asyncio.to_thread(_write, by_file)
            for writer, _, stored in batch:
                if stored.cancelled():
                    continue
                if writer in failures:
                    stored.set_exception(failures[writer])
                else:
                    stored.set_result(None)


def _write(by_file: dict[LineWriter, list[bytes]]) -> dict[LineWriter, StoreFailed]:
    failures: dict[LineWriter, StoreFailed] = {}
    for writer, lines in by_file.items():
        try:
            writer.append(b"".join(lines))
        except OSError as error:
            failures[writer] = StoreFailed(
                f"{writer.path} cannot be written: {error.strerror}. {_set_aside(writer.path, lines)} "
                "Make room, then type the same command again."
            )
    return failures


def _set_aside(path: Path, lines: list[bytes]) -> str:
    """Keep what was paid for in the system's temporary folder where the store's own disk takes no more."""
    try:
        with tempfile.NamedTemporaryFile(
            prefix=f"hanlon-{path.name.partition('.')[0]}-", suffix=".jsonl", delete=False
        ) as file:
            file.write(b"".join(lines))
        return (
            f"{len(lines)} finished records are in {file.name} instead; append it: cat {file.name} >> {path}."
        )
    except OSError:
        return f"{len(lines)} finished records could not be kept anywhere."
