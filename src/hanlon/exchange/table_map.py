"""The map of a table: which column is what. A text is the name of a column; a fixed value is `{value: ...}`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import yaml
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from hanlon.environments.tier import TierFacts
from hanlon.environments.validation import StrictModel
from hanlon.exchange.refusal import Refusal
from hanlon.store.problems import explain, nearest

Level = str | int | float | bool | None


def _by_text(values: object) -> object:
    """A mapping whose keys are the texts that a table has, however YAML reads them."""
    if not isinstance(values, Mapping):
        return values
    return {table_text(key): value for key, value in cast("Mapping[object, object]", values).items()}


def table_text(value: object) -> str:
    """A value of a table or of a map as text: `true`, `0.3`, empty for nothing."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value).strip()


class Entry(StrictModel):
    """Where a value comes from: a column, whose texts `values` may rename, or one fixed value for all rows.

    With `others: drop` a row whose text `values` does not have is left out.
    """

    column: str | None = None
    value: Level = None
    values: Annotated[dict[str, Level] | None, BeforeValidator(_by_text)] = None
    others: Literal["refuse", "drop"] = "refuse"


class Levels(StrictModel):
    """The column that tells prompt levels apart. `levels` maps each of its texts to a name and the factors it sets."""

    column: str | None = None
    value: str | None = None
    levels: Annotated[dict[str, dict[str, Level]] | None, BeforeValidator(_by_text)] = None
    others: Literal["refuse", "drop"] = "refuse"


class CaseColumn(StrictModel):
    """A measure of episodes: `true`, `false`, 1 and 0 speak for themselves, any other text by these two lists.

    With `at_least` a number is a case from there on. An empty value says that the question does not arise.
    """

    column: str
    at_least: float | None = None
    cases: list[Level] = Field(default_factory=list[Level])
    not_cases: list[Level] = Field(default_factory=list[Level])
    description: str = ""

    @model_validator(mode="after")
    def _either(self) -> "CaseColumn":
        """Refuse a text that would be both."""
        both = {table_text(each) for each in self.cases} & {table_text(each) for each in self.not_cases}
        if both:
            raise ValueError(f"'{min(both)}' stands in cases and in not_cases. Leave it in one of them")
        return self


class Children(StrictModel):
    """Which rows are resampled from another row and so no siblings of it.

    Without `part`, those where the column names a parent. With it, those where the column is a path with more than one
    part that fits the pattern (`run-*`).
    """

    column: str
    part: str | None = None


class Duplicates(StrictModel):
    """Which of several rows of one count is taken: the first of these beginnings that the column's text has."""

    column: str
    prefer: list[str] = Field(min_length=1)


def _column(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


Taken = Annotated[Entry, BeforeValidator(_column)]
TakenLevels = Annotated[Levels, BeforeValidator(_column)]
TakenCase = Annotated[CaseColumn, BeforeValidator(_column)]
TakenChildren = Annotated[Children, BeforeValidator(_column)]
Wanted = Annotated[dict[str, Level | list[Level]], BeforeValidator(_by_text)]


class TableMap(StrictModel):
    """A map file. docs/data.md says what each key is."""

    rows: Literal["episodes", "counts"]
    env: Taken
    model: Taken
    source: str = ""
    prompt: TakenLevels = Levels(value="baseline")
    factors: dict[str, Taken] = Field(default_factory=dict[str, Entry])
    no_effect: dict[str, Level] = Field(default_factory=dict[str, Level])
    tiers: dict[str, TierFacts] = Field(default_factory=dict[str, TierFacts])
    where: Wanted = Field(default_factory=dict[str, Level | list[Level]])
    excluded: str | None = None
    note: str | None = None
    notes: list[str] = Field(default_factory=list[str])
    # counts
    measure: Taken | None = None
    k: str | None = None
    n: str | None = None
    incomplete: Literal["refuse", "drop"] = "refuse"
    duplicates: Duplicates | None = None
    # episodes
    measures: dict[str, TakenCase] = Field(default_factory=dict[str, CaseColumn])
    outcome: str | None = None
    request: str | None = None
    episode: str | None = None
    children: TakenChildren | None = None

    @model_validator(mode="after")
    def _keys_of_its_rows(self) -> "TableMap":
        """Refuse a key of the other kind of rows, and ask for those without which there is no rate."""
        other = _OF_EPISODES if self.rows == "counts" else _OF_COUNTS
        needed = ("measure", "k", "n") if self.rows == "counts" else ("measures",)
        for key in other:
            if getattr(self, key) not in (None, {}, "refuse"):
                raise ValueError(f"{key} is no key of rows: {self.rows}. A row is then {_ROW[self.rows]}")
        if missing := [key for key in needed if not getattr(self, key)]:
            raise ValueError(f"{missing[0]} is missing: rows: {self.rows} needs {', '.join(needed)}")
        return self

    def columns(self) -> Iterator[tuple[str, str]]:
        """Each key that names a column, with that column."""
        entries: dict[str, Any] = {"env": self.env, "model": self.model, "prompt": self.prompt}
        entries |= {f"factors.{name}": entry for name, entry in self.factors.items()}
        entries |= {f"measures.{name}": entry for name, entry in self.measures.items()}
        entries |= {name: getattr(self, name) for name in ("measure", "children", "duplicates")}
        for key, entry in entries.items():
            if entry is not None and entry.column is not None:
                yield key, entry.column
        for key in ("k", "n", "excluded", "note", "outcome", "request", "episode"):
            if getattr(self, key) is not None:
                yield key, getattr(self, key)
        yield from ((f"where.{column}", column) for column in self.where)


_OF_COUNTS = ("measure", "k", "n", "incomplete", "duplicates")
_OF_EPISODES = ("measures", "outcome", "request", "episode", "children")
_ROW = {"counts": "the k and n of a cell", "episodes": "an episode"}


def read_map(
    file: Path | None, columns: Sequence[str], table: str, default: Mapping[str, Any] | None = None
) -> TableMap:
    """A map whose columns are all in the table. What a file does not say is as `default` has it.

    Raises:
        Refusal: it cannot be read, has a key or value that it may not have, or names a column that is not there.
    """
    name = file or NO_MAP
    try:
        content: object = yaml.safe_load(file.read_text(encoding="utf-8")) if file else {}
        if content is None and default:  # an empty file says nothing else
            content = {}
        if isinstance(content, Mapping):
            content = {**(default or {}), **cast("Mapping[str, Any]", content)}
        table_map = TableMap.model_validate(content)
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{name}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    except yaml.YAMLError as error:
        raise Refusal(f"{name}: not readable as YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise Refusal(f"{name}: nested too deeply. docs/data.md has the keys of a map") from None
    except ValidationError as error:
        raise Refusal(f"{name}: {'; '.join(explain(error, TableMap))}") from None
    for key, column in table_map.columns():
        if column not in columns:
            fixed = (
                f" A fixed value is {key}: {{value: {column}}}." if "." not in key and key in _FIXED else ""
            )
            raise Refusal(
                f"{name}: {key}: no column '{column}' in {table}.{nearest(column, columns)}{fixed} "
                f"Columns: {', '.join(columns)}"
            )
    for key, entry in (("env", table_map.env), ("model", table_map.model)):
        if entry.column is None and not entry.value:
            raise Refusal(f"{name}: {key}: a column's name, or {{value: a name}}")
    _refuse_alike(name, "factors", [*table_map.factors, *_set_by_levels(table_map), *table_map.no_effect])
    _refuse_alike(name, "measures", table_map.measures)
    return table_map


NO_MAP = "without a map"
"""Stands for the name of a map where there is none."""
_FIXED = ("env", "model", "prompt", "measure")


def _set_by_levels(table_map: TableMap) -> Iterator[str]:
    for level in (table_map.prompt.levels or {}).values():
        yield from (name for name in level if name != "name")


def _refuse_alike(file: Path | str, key: str, names: Sequence[str] | Mapping[str, object]) -> None:
    by_lower: dict[str, str] = {}
    for name in names:
        other = by_lower.setdefault(name.strip().lower(), name)
        if other != name:
            mend = (
                f"Say in a map, --map map.yaml, which of them are {key}, each by a name of its own"
                if file == NO_MAP
                else "Write one of them in both places"
            )
            raise Refusal(f"{file}: {key}: '{other}' and '{name}' differ only in case. {mend}")
