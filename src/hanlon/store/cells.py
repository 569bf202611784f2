"""Reads cells from the store for everything that is printed.

Nothing is cached: a tally is made from the episodes whenever it is asked for (docs/performance.md says how long
that takes), so that no table can be older than the store.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec

from hanlon.store.episodes import cell_folders, read_cell, scan
from hanlon.store.lines import DamagedLine
from hanlon.store.records import CellRecord, EpisodeDigest
from hanlon.store.tally import Tally


@dataclass(frozen=True, slots=True)
class CellState:
    """A cell as the store has it."""

    record: CellRecord
    tally: Tally
    folder: Path


def model_name(record: CellRecord) -> str:
    """The model for people; a simulated one always says so."""
    if record.simulated and not record.model.startswith("simulated"):
        return f"simulated {record.model}"
    return record.model


def model_names(records: Iterable[CellRecord]) -> dict[str, str]:
    """A name for each cell's model, by cell key: the model and its settings that differ among these cells.

    For example `openai/o3 reasoning_effort=high`. Settings are the endpoint, the sampling parameters and the entries of
    the extra body. A name leaves out what its cell does not set, so an endpoint's defaults have the bare name.
    """
    groups: defaultdict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for record in records:
        groups[model_name(record)][record.key] = dict(_settings(record))
    return {
        key: " ".join(
            [name, *(f"{setting}={settings[setting]}" for setting in differing if setting in settings)]
        )
        for name, cells in groups.items()
        for differing in [_differing(list(cells.values()))]
        for key, settings in cells.items()
    }


def _differing(cells: list[dict[str, str]]) -> list[str]:
    named = dict.fromkeys(setting for settings in cells for setting in settings)
    return [setting for setting in named if len({settings.get(setting) for settings in cells}) > 1]


def _settings(record: CellRecord) -> Iterator[tuple[str, str]]:
    model: Mapping[str, Any] = record.config.get("model") or {}
    yield "endpoint", record.endpoint
    if record.endpoint == "endpoint" and model.get("base_url"):  # elsewhere a port, or the endpoint's own
        yield "base_url", str(model["base_url"])
    yield from _flat(model.get("sampling") or {}, "")
    yield from _flat(model.get("extra_body") or {}, "")


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(cast("Mapping[str, Any]", value), f"{prefix}{name}.")
        elif value is not None:
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            yield f"{prefix}{name}", text


def load_cell(folder: Path) -> tuple[CellState, list[DamagedLine]]:
    """One cell's record and tally, and the lines of its files that are no episodes."""
    digests, damaged = scan(folder, EpisodeDigest)
    tally = Tally()
    for episode in digests:
        tally.add(episode)
    return CellState(read_cell(folder), tally, folder), damaged


def load_cells(runs: Sequence[Path]) -> tuple[list[CellState], list[DamagedLine]]:
    """All cells below the given run folders."""
    loaded = [load_cell(folder) for folder in folders_below(runs)]
    return [state for state, _ in loaded], [line for _, damaged in loaded for line in damaged]


def folders_below(runs: Iterable[Path]) -> list[Path]:
    """The folders of all cells below the given ones, each once, however many of them lead to it."""
    return list({folder.resolve(): folder for root in runs for folder in cell_folders(root)}.values())


class _SweepOrder(msgspec.Struct):
    """The part of a `SweepRecord` that gives the order of its cells."""

    cells: list[str]
    started_at: float = 0.0


def in_grid_order(cells: Iterable[CellState], runs: Iterable[Path]) -> list[CellState]:
    """The cells by model, environment and protocol, and within these as the grids of their sweeps have them.

    A cell of several sweeps stands where the earliest has it; one of none, or of a sweep whose file cannot be read,
    after the others, by when it was made.
    """
    positions: dict[str, tuple[int, int]] = {}
    for number, sweep in enumerate(sorted(_sweeps(runs), key=lambda sweep: sweep.started_at)):
        for column, key in enumerate(sweep.cells):
            positions.setdefault(key, (number, column))
    last = (sys.maxsize, 0)

    def order(cell: CellState) -> tuple[str, str, str, tuple[int, int], float]:
        record = cell.record
        where = positions.get(record.key, last)
        return model_name(record), record.env, record.protocol, where, record.created_at

    return sorted(cells, key=order)


def _sweeps(runs: Iterable[Path]) -> Iterable[_SweepOrder]:
    for file in (file for root in runs for file in root.glob("sweeps/*.json")):
        try:
            yield msgspec.json.decode(file.read_bytes(), type=_SweepOrder)
        except (OSError, msgspec.DecodeError):
            continue
