"""What papers published: the numbers, and which of them are of the same model and condition as a cell.

The file and its columns are described in `README.md` beside this module.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hanlon.config.errors import ConfigError
from hanlon.config.search_path import search_path
from hanlon.environments.stored import declaration_of, no_effect_of
from hanlon.environments.validation import suggestion
from hanlon.store.contract import INCIDENTAL, Declaration
from hanlon.store.records import CellRecord

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED = "published"
"""The folder of conf/ with CSV files of published rates of other environments."""
FRACTIONS = ("rate", "lo", "hi", "se")
COUNTS = ("k", "n")
DEFAULT_EFFORT = (None, "medium")
"""Every published row is at the endpoint's default effort, which OpenAI documents as medium."""


@dataclass(frozen=True, slots=True)
class PublishedRate:
    """A paper's number beside one of our measures (or a contrast of it); a paper's opposite is turned round.

    `rate`, `lo`, `hi` and `se` are fractions, None where the paper has none. `counts` says whose `k` and `n` are
    (`published`, `inferred`, `k inferred`, `n at least`, `n only`), `interval_by` whose the interval is (`source` or
    `computed`). `remarks` say how the condition differs from the cell's and how the number was read.
    """

    study: str
    source: str
    place: str
    url: str
    condition: str
    model: str
    measure: str
    k: int | None
    n: int | None
    counts: str
    rate: float | None
    lo: float | None
    hi: float | None
    se: float | None
    interval: str
    interval_by: str
    denominator: str
    remarks: tuple[str, ...]


def published_rates() -> "pd.DataFrame":
    """All published numbers as their sources print them, one row each, in a frame of the caller's own.

    `k` and `n` are nullable integers, `rate`, `lo`, `hi` and `se` floats (NaN: not given), all else text (empty: not
    given). A row whose `unmapped` is empty has the environment, prompt level, tier, factors and measure of a cell.
    """
    import pandas as pd

    rows = published_rows()
    types = {
        name: "float64" if name in FRACTIONS else "Int64" if name in COUNTS else "str" for name in rows[0]
    }
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=types[name]) for name in rows[0]})


def published_rows() -> tuple[Mapping[str, Any], ...]:
    """The same as mappings of column to value, None where a number is not given: ours, then those of `PUBLISHED`.

    Raises:
        ConfigError: a file there has other columns, or a number that is none.
    """
    try:
        more = search_path().files(PUBLISHED, "*.csv")
    except ConfigError:  # a clash of names elsewhere does not keep a store from being read
        more = {}
    ours = _rows(files("hanlon").joinpath("analysis", "published", "published_rates.csv"), None)
    return (*ours, *(row for file in more.values() for row in _rows(file, tuple(ours[0]))))


@cache
def _rows(file: Path | Traversable, columns: tuple[str, ...] | None) -> tuple[Mapping[str, Any], ...]:
    """The rows of one file. Of a file of others, columns may be missing and are empty then."""
    with file.open(encoding="utf-8") as lines:
        reader = csv.DictReader(lines, restval="")
        if unknown := [name for name in reader.fieldnames or () if columns and name not in columns]:
            raise ConfigError(f"{file}: no column {unknown[0]!r}.{suggestion(unknown[0], columns or ())}")
        try:
            return tuple({name: _value(name, row.get(name, "")) for name in columns or row} for row in reader)
        except ValueError as error:
            raise ConfigError(f"{file}, line {reader.line_num}: {error}") from None


def _value(column: str, cell: str) -> str | int | float | None:
    if column in FRACTIONS:
        return float(cell) if cell else None
    if column in COUNTS:
        return int(cell) if cell else None
    return cell


def published_for(
    record: CellRecord, measure: str, rows: Iterable[Mapping[str, Any]] | None = None
) -> list[PublishedRate]:
    """The published rates of a cell's model, condition and tier, for one of its measures.

    Of each table or figure the nearest conditions are given: those whose factors differ from the cell's in the
    fewest words. Effort above or below the endpoint's default, and simulated models, match nothing. `rows` are in
    place of `published_rows()`.
    """
    return _matching(record, rows, kind="rate", measure=measure, tier=_tier(record), minus_tier="")


def published_contrast(
    treated: CellRecord, control: CellRecord, measure: str, rows: Iterable[Mapping[str, Any]] | None = None
) -> list[PublishedRate]:
    """The published differences, treated minus control, of two cells that differ in their tier alone.

    `rate` is a difference of fractions with the sign of our measure, whatever the paper subtracts from what; `k` is
    None. Nothing where the cells differ in more or in something else, or where the paper subtracts other tiers.
    """
    apart = {**treated.factors, "tier": None} != {**control.factors, "tier": None}
    if apart or (treated.model, treated.env) != (control.model, control.env):
        return []
    tiers = {"tier": _tier(treated), "minus_tier": _tier(control)}
    return _matching(treated, rows, kind="contrast", measure=measure, **tiers)


def published_conditions(
    record: CellRecord,
    measure: str,
    rows: Iterable[Mapping[str, Any]] | None = None,
    *,
    any_effort: bool = False,
) -> list[Mapping[str, Any]]:
    """The published rows of a cell's condition and tier for one of its measures, of whatever model, simulated or not.

    For figures, where a cell stands beside a condition and not beside a model. Numbers are the paper's, not turned.
    With `any_effort` the cell's effort need not be the endpoint's default. `rows` are in place of `published_rows()`.
    """
    if record.imported or not (any_effort or _at_default_effort(record)):
        return []
    wanted = {"kind": "rate", "measure": measure, "tier": _tier(record), "minus_tier": ""}
    return [row for row, _ in _of_condition(record, rows, wanted)]


def _matching(
    record: CellRecord, rows: Iterable[Mapping[str, Any]] | None, **wanted: str
) -> list[PublishedRate]:
    if record.simulated or record.imported or not _at_default_effort(record):
        return []
    same_model = [
        row
        for row in (published_rows() if rows is None else rows)
        if _same_model(row["model_id"], record.model)
    ]
    return [
        _published(row, record, differing) for row, differing in _of_condition(record, same_model, wanted)
    ]


def _of_condition(
    record: CellRecord, rows: Iterable[Mapping[str, Any]] | None, wanted: Mapping[str, str]
) -> list[tuple[Mapping[str, Any], list[str]]]:
    wanted = {**wanted, "env": record.env, "unmapped": ""}
    ours = [
        row
        for row in (published_rows() if rows is None else rows)
        if all(row[name] == value for name, value in wanted.items())
    ]
    return _nearest(ours, record)


def _tier(record: CellRecord) -> str:
    return str(record.factors.get("tier", "none"))


def _at_default_effort(record: CellRecord) -> bool:
    model = record.config["model"]
    return model["sampling"]["reasoning_effort"] in DEFAULT_EFFORT and "reasoning" not in model["extra_body"]


def _same_model(published: str, ours: str) -> bool:
    """Whether two ids name one model: the vendor may be left out, and a date where the published id has none."""
    name = ours.rpartition("/")[2]
    undated = re.sub(r"-(\d{8}|\d{4}-\d{2}-\d{2})$", "", name)
    return published.rpartition("/")[2] in (name, undated)


def _nearest(
    rows: Sequence[Mapping[str, Any]], record: CellRecord
) -> list[tuple[Mapping[str, Any], list[str]]]:
    """The rows of the cell's condition with the factors in which they differ; per table only the nearest."""
    if not rows:
        return []
    factors = {name: text(value) for name, value in record.factors.items() if name != "tier"}
    no_effect = {name: text(value) for name, value in no_effect_of(record).items()}
    declaration = declaration_of(record)
    compared = [(row, _differing(row["point"], factors, no_effect, declaration)) for row in rows]
    fitting = [(row, differing) for row, differing in compared if differing is not None]
    return [
        (row, differing)
        for row, differing in fitting
        if len(differing) == min(len(other) for at, other in fitting if _table(at) == _table(row))
    ]


def _table(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["source"], row["place"]


def text(value: object) -> str:
    """A factor's value as it stands in the file: `true`, `user`, `10`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def factors_of(listed: str) -> dict[str, str]:
    """The factors of a `point` or `factors` column, `key=value;key=value`."""
    pairs = (part.split("=", 1) for part in listed.split(";") if part)
    return dict(pairs)


def _differing(
    point: str, factors: Mapping[str, str], no_effect: Mapping[str, str], declaration: Declaration
) -> list[str] | None:
    """The factors in which a cell and a published condition differ; None where it is another condition.

    Factors that say the same in other words need not agree, unless the published condition names them.
    """
    published = factors_of(point)
    differing = [name for name, value in factors.items() if value != published.get(name, no_effect.get(name))]
    allowed = {*declaration.tolerated, *(INCIDENTAL.union(declaration.words_only) - published.keys())}
    return differing if allowed.issuperset(differing) else None


def _published(row: Mapping[str, Any], record: CellRecord, differing: list[str]) -> PublishedRate:
    turned = _turned(row) if row["relation"] == "complement" else {}
    return msgspec.convert(
        {**row, **turned, "remarks": _remarks(row, record, differing)}, PublishedRate, strict=False
    )


def _turned(row: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of the complement."""
    rate, lo, hi = (None if row[name] is None else round(1 - row[name], 6) for name in ("rate", "hi", "lo"))
    return {"rate": rate, "lo": lo, "hi": hi, "k": None if row["k"] is None else row["n"] - row["k"]}


def _remarks(row: Mapping[str, Any], record: CellRecord, differing: list[str]) -> tuple[str, ...]:
    named = [name for name in differing if name in declaration_of(record).tolerated]
    return (
        *(() if row["texts_hash"] and row["texts_hash"] == record.texts_hash else ("different wording",)),
        *((f"different {' and '.join(named)}",) if named else ()),
        *({"secondary": ("second-hand",), "figure": ("read off a figure",)}.get(row["read_from"], ())),
        *(("interval computed from k and n",) if row["interval_by"] == "computed" else ()),
    )
