"""Makes stored cells of a mapped table: all of them, or none. What they are made of is only read."""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain, count
from pathlib import Path
from typing import Any

import msgspec

from hanlon.exchange.counted import CountedCell, counted_cells
from hanlon.exchange.mapped_rows import MappedTable, whole
from hanlon.exchange.refusal import Refusal
from hanlon.exchange.source_table import Source, read_table
from hanlon.exchange.table_map import TableMap, read_map
from hanlon.store.contract import REQUESTS
from hanlon.store.digest import digest
from hanlon.store.episodes import read_cell, read_json, write_json
from hanlon.store.records import CellRecord, Episode, Imported, SweepRecord

IMPORTED = "imported"
"""The folder of such cells in a run folder, and their endpoint and protocol. A later import has `imported-2`, ..."""


@dataclass(frozen=True)
class TableImport:
    """What an import has made. `added` are the cells that were not there already, `unmeasured` the scores of logs
    that no measure is made of, with their values.
    """

    sweep: str
    records: Sequence[CellRecord]
    episodes: int
    added: int
    left_out: str
    unmeasured: tuple[str, ...] = ()


def import_table(file: Path, map_file: Path, runs: Path, name: str | None = None) -> TableImport:
    """Make cells of a table under `<runs>/imported`, and a sweep of this name (default: the map's) of them.

    Raises:
        Refusal: the table, the map or what is stored already forbids it; nothing has been written then.
    """
    table = read_table(file)
    mapped = MappedTable(table, read_map(map_file, table.columns, table.name), map_file.name)
    return import_rows(mapped, runs, name or map_file.stem)


def import_rows(mapped: MappedTable, runs: Path, name: str) -> TableImport:
    """Make cells of a mapped table under `<runs>/imported`, and a sweep of this name of them.

    Raises:
        Refusal: a row, the map or what is stored already forbids it; nothing has been written then.
    """
    cells = counted_cells(mapped)
    origins = _origins([cell.source for cell in cells])
    records = [_record(cell, mapped.map, origins, cells) for cell in cells]
    sweep = _sweep(name, records, origins)
    contents = list(zip(records, (cell.episodes for cell in cells), strict=True))
    try:
        _refuse_other_sweep(runs, sweep)
        new = [(record, episodes) for record, episodes in contents if _is_new(runs, record)]
        with _written(runs, new):
            write_json(runs / "sweeps" / f"{sweep.id}.json", sweep)
    except OSError as error:
        raise Refusal(f"{error.filename or runs}: cannot be written: {error.strerror}") from None
    episodes = sum(len(cell.episodes) for cell in cells)
    return TableImport(sweep.id, records, episodes, len(new), mapped.left_out_text())


def _record(cell: CountedCell, table_map: TableMap, origins: str, cells: Sequence[CountedCell]) -> CellRecord:
    place = cell.place
    content = table_map.model_dump(mode="json", exclude_defaults=True)
    transcripts = any(episode.messages for episode in cell.episodes)
    origin = Imported(cell.source.file, cell.source.sha256, table_map.rows, content, transcripts)
    config: dict[str, Any] = {"model": {"id": place.model}}
    if tier := _tier(place.factors.get("tier"), table_map):
        config["tier"] = tier
    requests = {request for other in cells for request in other.requests}
    texts = {REQUESTS: f"{len(requests)} requests {digest(sorted(requests))}"} if requests else {}
    label = cell.label or place.prompt + "".join(
        f"+{name}={place.factors[name]}" for name in _named(place.set_beside, cell, cells)
    )
    return CellRecord(
        key=digest([IMPORTED, place.env, place.model, place.prompt, place.factors]),
        label=label,
        env=place.env,
        prompt=place.prompt,
        model=place.model,
        endpoint=IMPORTED,
        protocol=IMPORTED,
        simulated=any(episode.simulated for episode in cell.episodes),
        factors=dict(place.factors),
        measures=_measures(cell, place.env, cells),
        config=config,
        texts=texts,
        texts_hash=digest(texts) if texts else "",
        planned_samples=len(cell.episodes),
        versions={"hanlon": version("hanlon")},
        created_at=time.time(),
        notes=[str(origin) if origin.file in origins else f"imported from {origins}",
               *([f"source: {table_map.source}"] if table_map.source else []), *table_map.notes,
               *(f"{label}: {note}" for note in cell.notes)],
        no_effect={name: whole(level) for name, level in table_map.no_effect.items()
                   if name in place.factors},
        imported=origin,
    )  # fmt: skip


def _named(set_beside: Sequence[str], cell: CountedCell, cells: Sequence[CountedCell]) -> Iterator[str]:
    """The factors that a label says beside the prompt level: those that vary in the table."""
    for name in set_beside:
        levels = {
            digest(other.place.factors.get(name)) for other in cells if other.place.env == cell.place.env
        }
        if len(levels) > 1:
            yield name


def _measures(cell: CountedCell, env: str, cells: Sequence[CountedCell]) -> dict[str, str]:
    """A cell's measures in the order of its environment's, so that all cells have the same headline one."""
    order = {name: None for other in cells if other.place.env == env for name in other.measures}
    return {name: cell.measures[name] for name in order if name in cell.measures}


def _tier(name: object, table_map: TableMap) -> dict[str, Any] | None:
    """The facts of a tier that the map states, with the other tiers."""
    if not isinstance(name, str) or name not in table_map.tiers:
        return None
    others = [tier.model_dump() for other, tier in table_map.tiers.items() if other != name]
    return {**table_map.tiers[name].model_dump(), "name": name, "others": others}


def _sweep(name: str, records: Sequence[CellRecord], origins: str) -> SweepRecord:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise Refusal(f"--name '{name}': letters, digits, and _ . - inside them")
    return SweepRecord(
        id=name,
        name=name,
        cells=[record.key for record in records],
        planned_samples=min(record.planned_samples for record in records),
        overrides=[],
        started_at=time.time(),
        finished_at=time.time(),
        imported=origins,
    )


def _origins(sources: Sequence[Source]) -> str:
    """The file of all cells, or how many they are."""
    files = {source.sha256: source.file for source in sources}
    if len(files) == 1:
        ((sha256, file),) = files.items()
        return f"{file} (SHA-256 {sha256[:12]})"
    return f"{len(files)} files (SHA-256 of all {digest(sorted(files))[:12]})"


def _refuse_other_sweep(runs: Path, sweep: SweepRecord) -> None:
    file = runs / "sweeps" / f"{sweep.id}.json"
    other = read_json(file, SweepRecord)
    if file.exists() and (other is None or _content(other) != _content(sweep)):
        raise Refusal(f"{file}: there is another sweep {sweep.id}. Give this import another one: --name NAME")


def _content(sweep: SweepRecord) -> object:
    """Its cells in any order, since files come in the order in which they are named, and where they are from."""
    return sorted(sweep.cells), sweep.imported


def _name(record: CellRecord) -> str:
    """Of a cell's folder."""
    label = re.sub(r"[^A-Za-z0-9_.+=-]+", "_", record.label)[:80]
    return f"{label}-{record.key}"


def _is_new(runs: Path, record: CellRecord) -> bool:
    """Whether a cell is not there yet; the same import again finds it there.

    Raises:
        Refusal: it is there from another file, or by another map.
    """
    folder = next(
        runs.glob(f"{IMPORTED}*/*-{record.key}"), None
    )  # another table may have given it another label
    if folder is None:
        return True
    stored = read_cell(folder)
    if stored.imported == record.imported:
        return False
    raise Refusal(
        f"{folder} is there: {stored.label} of {stored.model}, {stored.imported or 'sampled here'}. A cell has one "
        "table and one map: import into another folder (--runs), or tell them apart by a factor of the map"
    )


@contextmanager
def _written(runs: Path, cells: Sequence[tuple[CellRecord, Sequence[Episode]]]) -> Generator[None]:
    """Write all cells beside the store and move them into it; whatever fails, also inside, takes them out again.

    They are moved as one folder, so that a kill leaves all of them or none.
    """
    runs.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(dir=runs, prefix=".import-"))
    folder = staged / IMPORTED
    try:
        for record, episodes in cells:
            _write(folder / _name(record), record, episodes)
        if cells:
            folder = folder.rename(_free(runs))
        yield
    except BaseException:  # also Ctrl-C: all or nothing
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _free(runs: Path) -> Path:
    """The first folder for an import that is not there."""
    numbered = (runs / f"{IMPORTED}-{number}" for number in count(2))
    return next(folder for folder in chain([runs / IMPORTED], numbered) if not folder.exists())


def _write(folder: Path, record: CellRecord, episodes: Sequence[Episode]) -> None:
    folder.mkdir(parents=True)
    write_json(folder / "cell.json", record)
    with (folder / "episodes.jsonl").open("wb") as file:
        file.write(b"".join(msgspec.json.encode(episode) + b"\n" for episode in episodes))
        file.flush()
        os.fsync(file.fileno())
