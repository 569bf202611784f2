"""One or several cells sampled by the engine in this process, against real servers on loopback."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hanlon.config.cell import Cell
from hanlon.config.provenance import cell_record
from hanlon.config.schema import RunOptions
from hanlon.engine.budget import Budget
from hanlon.engine.sweep import Sweep
from hanlon.engine.work import CellWork, SweepEnd
from hanlon.store.episodes import CellWriter, read_episodes, write_json
from hanlon.store.records import Episode
from hanlon.store.shard import Shard
from support.chat_server import ChatServer, at
from support.composed import cell


@dataclass
class Sampled:
    """What a sweep has stored, how it ended and what it has told the person at the terminal."""

    end: SweepEnd
    episodes: list[list[Episode]]
    lines: list[str] = field(default_factory=list[str])

    @property
    def outcomes(self) -> list[tuple[str, str | None]]:
        """Outcome and exclusion of each episode of the first cell, by index."""
        return [(e.outcome, e.excluded) for e in sorted(self.episodes[0], key=lambda e: e.index)]


def sample(
    server: ChatServer,
    *overrides: str,
    samples: int = 1,
    max_connections: int = 16,
    answered_before: bool = False,
    budget: Budget | None = None,
) -> Sampled:
    """Sample one cell of a chat server."""
    level = [] if any(word.startswith(("prompt=", "env=")) for word in overrides) else ["prompt=baseline"]
    played = cell(*at(server), *level, *overrides)
    return sample_cells([played], samples, max_connections, answered_before, budget)


def sample_cells(
    cells: Sequence[Cell],
    samples: int,
    max_connections: int = 16,
    answered_before: bool = False,
    budget: Budget | None = None,
) -> Sampled:
    """Sample several cells in one sweep."""
    lines: list[str] = []
    options = RunOptions(
        samples=samples, runs_dir="", plan=False, tracker={}, max_connections=max_connections, shard=Shard()
    )

    async def run(folders: Sequence[Path]) -> SweepEnd:
        works: list[CellWork] = []
        for played, folder in zip(cells, folders, strict=True):
            folder.mkdir()
            write_json(folder / "cell.json", cell_record(played, samples))
            writer = CellWriter(folder, Shard())
            works.append(CellWork(played, writer, list(range(samples)), samples, answered_before))
        sweep = Sweep(works, [], options, budget or Budget(None, None), [], lambda _: None, lines.append)
        try:
            return await sweep.run()
        finally:
            for work in works:
                work.writer.close()

    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(number) for number in range(len(cells))]
        end = asyncio.run(run(folders))
        return Sampled(end, [list(read_episodes(folder)) for folder in folders], lines)
