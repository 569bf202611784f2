"""Data frames of what is stored: one row an episode, one row a cell, every factor and measure a column."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Any

import msgspec

from hanlon.store.cells import folders_below
from hanlon.store.episodes import read_cell, scan
from hanlon.store.records import CellRecord, ReasoningVisibility

if TYPE_CHECKING:
    import pandas as pd

CELL_COLUMNS = ("key", "label", "env", "prompt", "model", "endpoint", "protocol")
"""Of a cell, in both frames."""
CELL_ONLY_COLUMNS = ("planned_samples", "texts_hash", "git_sha", "created_at", "simulated")
EPISODE_TYPES = {
    "index": "int64",
    "seed": "int64",
    "outcome": "str",
    "excluded": "str",
    "simulated": "bool",
    "after_look": "bool",
    "calls": "int64",
    "failed_attempts": "int64",
    "input_tokens": "Int64",
    "output_tokens": "Int64",
    "cached_tokens": "Int64",
    "reasoning_tokens": "Int64",
    "cost_usd": "float64",
    "latency_s": "float64",
    "returned_model": "str",
    "provider": "str",
    "reasoning": "str",
    "transcript_hash": "str",
    "texts_hash": "str",
    "start_order": "int64",
    "started_at": "float64",
    "finished_at": "float64",
}
"""Of an episode, with their types in the frame."""


class CallRow(msgspec.Struct, gc=False):
    """The part of a `ModelCall` that a frame holds, summed over the episode."""

    returned_model: str | None = None
    provider: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    latency_s: float = 0.0
    errors: list[object] = []


class EpisodeRow(msgspec.Struct, gc=False):
    """The part of an `Episode` that a frame holds; messages, events and facts are skipped in its line."""

    index: int
    seed: int
    outcome: str
    measures: dict[str, bool | None]
    excluded: str | None = None
    calls: list[CallRow] | int = []
    reasoning: ReasoningVisibility = "absent"
    simulated: bool = False
    transcript_hash: str = ""
    texts_hash: str = ""
    started_at: float = 0.0
    finished_at: float = 0.0
    start_order: int = 0
    after_look: bool = False
    failed_attempts: int = 0
    input_tokens: float | None = None
    output_tokens: float | None = None
    cached_tokens: float | None = None
    reasoning_tokens: float | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    returned_model: str | None = None
    provider: str | None = None

    def __post_init__(self) -> None:
        """Replace the calls by their sums at once: 100,000 episodes of calls would take a quarter of a gigabyte."""
        if isinstance(self.calls, int):
            return
        calls, self.calls = self.calls, len(self.calls)
        self.outcome = intern(self.outcome)
        self.texts_hash = intern(self.texts_hash)
        self.input_tokens = _total([call.input_tokens for call in calls])
        self.output_tokens = _total([call.output_tokens for call in calls])
        self.cached_tokens = _total([call.cached_tokens for call in calls])
        self.reasoning_tokens = _total([call.reasoning_tokens for call in calls])
        self.cost_usd = _total([call.cost_usd for call in calls])
        self.latency_s = _total([call.latency_s for call in calls])
        self.failed_attempts = sum([len(call.errors) for call in calls])
        self.returned_model = _named([call.returned_model for call in calls])
        self.provider = _named([call.provider for call in calls])


class EpisodeRowWithFacts(EpisodeRow, gc=False):
    """The same with the environment's facts."""

    facts: dict[str, Any] = {}


def _total(values: list[Any]) -> Any:
    """The sum of what is known, None where nothing is."""
    try:
        return sum(values) if values else None
    except TypeError:
        numbers = [value for value in values if value is not None]
        return sum(numbers) if numbers else None


def _named(names: list[str | None]) -> str | None:
    """The name; several in their order where it changed within the episode."""
    if not names or (names[0] is None and not any(names)):
        return None
    if names.count(names[0]) == len(names):
        return intern(names[0] or "")
    return intern(", ".join(dict.fromkeys(name for name in names if name)))


@dataclass(frozen=True, slots=True)
class Frames:
    """What is stored below some run folders.

    `episodes` has one row an episode, `cells` one row a cell. An `api_error` that was sampled again has one row.
    Both have the cell's key, label, env, prompt, model, endpoint, protocol, folder, and a column for every factor.
    A measure is a nullable boolean column of `episodes` (missing: the question does not arise). `factors` and
    `measures` name those columns. Times are Unix seconds. Tokens, cost in US dollars and latency in seconds are sums
    over the episode's calls, missing where no call gave one. Excluded episodes are in the frame: a rate is over
    `episodes[episodes.excluded.isna()]`.
    """

    episodes: "pd.DataFrame"
    cells: "pd.DataFrame"
    factors: list[str]
    measures: list[str]


def load_frames(runs: Path | str | Iterable[Path | str], facts: Sequence[str] = ()) -> Frames:
    """Frames of all cells below the run folders; see `Frames`.

    `facts` names the environment's facts that become columns of `episodes` too. Messages are not loaded. Names that
    clash are told apart: a factor named as a column of the record becomes `<name>_factor`, likewise `<name>_measure`
    and `<name>_fact`. A line that is no episode is a warning.

    Raises:
        FileNotFoundError: there is no cell below `runs`.
    """
    roots = [Path(run) for run in ([runs] if isinstance(runs, (str, Path)) else runs)]
    folders = folders_below(roots)
    if not folders:
        where = ", ".join(map(str, roots))
        raise FileNotFoundError(f"no cells in {where}: a run folder holds <env>/<label>-<key>/cell.json")
    return frames_of(folders, facts)


def frames_of(folders: Sequence[Path], facts: Sequence[str] = ()) -> Frames:
    """Frames of the cells in these folders, or of branches: there an episode is a child, and `index` its draw."""
    import pandas as pd

    records = [read_cell(folder) for folder in folders]
    rows = [_rows(folder, bool(facts)) for folder in folders]
    taken = {*CELL_COLUMNS, *CELL_ONLY_COLUMNS, *EPISODE_TYPES, "folder", "episodes"}
    factors = _columns([name for record in records for name in record.factors], taken, "factor")
    cells = _cell_columns(folders, records, factors)
    sizes = [len(cell) for cell in rows]
    both = [*CELL_COLUMNS, "folder", *factors.values()]
    episodes = [row for cell in rows for row in cell]
    measures = _columns([name for row in episodes for name in row.measures], taken, "measure")
    named = _columns(facts, taken, "fact")
    shared = {name: pd.Series(cells[name]).repeat(sizes).reset_index(drop=True) for name in both}
    columns = _episode_columns(episodes, measures, named)
    return Frames(
        pd.DataFrame(shared | columns),
        pd.DataFrame(cells | {"episodes": sizes}),
        list(factors.values()),
        list(measures.values()),
    )


def _rows(folder: Path, with_facts: bool) -> Sequence[EpisodeRow]:
    record_type = EpisodeRowWithFacts if with_facts else EpisodeRow
    rows, damaged = scan(folder, record_type)
    for line in damaged:
        warnings.warn(str(line), stacklevel=4)
    return rows


def _columns(names: Iterable[str], taken: set[str], kind: str) -> dict[str, str]:
    """Each name's column, in the order of first appearance; the columns are added to `taken`."""
    columns = {name: f"{name}_{kind}" if name in taken else name for name in dict.fromkeys(names)}
    taken.update(columns.values())
    return columns


def _cell_columns(
    folders: Sequence[Path], records: Sequence[CellRecord], factors: Mapping[str, str]
) -> dict[str, list[Any]]:
    columns = {
        name: [getattr(record, name) for record in records] for name in (*CELL_COLUMNS, *CELL_ONLY_COLUMNS)
    }
    columns["folder"] = [str(folder) for folder in folders]
    for name, column in factors.items():
        columns[column] = [_plain(record.factors.get(name)) for record in records]
    return columns


def _plain(value: Any) -> Any:
    """A value that a column can group by: lists and mappings as their JSON."""
    return msgspec.json.encode(value).decode() if isinstance(value, (list, dict)) else value


def _episode_columns(
    rows: Sequence[EpisodeRow], measures: Mapping[str, str], facts: Mapping[str, str]
) -> "dict[str, pd.Series]":
    import pandas as pd

    columns = {
        name: pd.Series([getattr(row, name) for row in rows], dtype=dtype)
        for name, dtype in EPISODE_TYPES.items()
    }
    for name, column in measures.items():
        columns[column] = pd.Series([row.measures.get(name) for row in rows], dtype="boolean")
    for name, column in facts.items():
        values = [row.facts.get(name) for row in rows if isinstance(row, EpisodeRowWithFacts)]
        columns[column] = pd.Series([_plain(value) for value in values])
    return columns
