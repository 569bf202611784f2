"""The package's fault server in a thread, with its counts, and what a sweep against it has stored."""

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hanlon.simulated.faults.config import read_faults
from hanlon.simulated.served import ServedCounts
from hanlon.simulated.server import application, listen
from hanlon.simulated.shutdown import choose
from hanlon.store.episodes import cell_folders
from hanlon.store.records import Episode, ModelCall
from support.command_line import CommandLine


class FaultServer:
    """`hanlon serve simulated/ambiguity --no-key` in a thread. `tally` is what GET /stats tells."""

    def __init__(self, faults: Mapping[str, Any] | None = None) -> None:
        self.tally = ServedCounts()
        self._port = 0
        self.start(faults)

    def start(self, faults: Mapping[str, Any] | None = None) -> None:
        """Listen, at the same port as before if there was one."""
        app = application(choose("ambiguity"), None, read_faults(faults or {}), self.tally)
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()

        def announce(port: int) -> None:
            self._port = port
            ready.set()

        async def serve() -> None:
            self._end = asyncio.Event()
            await listen(app, self._port, announce, until=self._end.wait())

        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(serve()), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    def close(self) -> None:
        """Stop listening."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def heal(self) -> None:
        """Go on at the same port without a fault, counting on."""
        self.close()
        self.start()

    @property
    def model(self) -> list[str]:
        """The overrides that send a run here."""
        return [
            "model=endpoint",
            f"model.base_url=http://127.0.0.1:{self._port}/v1",
            "model.id=simulated/ambiguity",
            "model.simulated=true",
        ]


def stored_lines(runs: Path) -> dict[Path, list[Episode]]:
    """Every record of every cell as it stands in the files, superseded ones too."""
    decoder = msgspec.json.Decoder(Episode)
    return {
        folder: [
            r for f in sorted(folder.glob("episodes*.jsonl")) for r in decoder.decode_lines(f.read_bytes())
        ]
        for folder in cell_folders(runs)
    }


def all_calls(runs: Path) -> list[tuple[int, ModelCall]]:
    """Every recorded model call with the seed of its episode."""
    return [(e.seed, call) for lines in stored_lines(runs).values() for e in lines for call in e.calls]


def usable_by_seed(runs: Path) -> Counter[int]:
    """Completions that were received and stored, by the seed of their episode."""
    return Counter(seed for seed, call in all_calls(runs) if call.returned_model is not None)


def check_each_index_is_there_once(command_line: CommandLine, samples: int, *, complete: bool) -> None:
    """No index is stored twice, but after an api_error; where the sweep is complete, none is missing."""
    for folder, lines in stored_lines(command_line.runs).items():
        kept = Counter(e.index for e in lines if e.outcome != "api_error")
        assert not {index: count for index, count in kept.items() if count > 1}, folder
        if complete:
            assert sorted(kept) == list(range(samples)), folder
