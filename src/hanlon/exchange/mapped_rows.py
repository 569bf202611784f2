"""Rows of a table read through its map: where each belongs, and what is left out and why."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from hanlon.exchange.refusal import Refusal
from hanlon.exchange.source_table import Row, SourceTable
from hanlon.exchange.table_map import Children, Entry, Level, TableMap, table_text
from hanlon.store.digest import as_json
from hanlon.store.problems import nearest

NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Place:
    """The cell to which a row belongs."""

    env: str
    model: str
    prompt: str
    factors: dict[str, Level]
    set_beside: tuple[str, ...]
    """The factors that the map takes from the table beside the prompt level."""

    @property
    def identity(self) -> str:
        """What two rows of one cell share."""
        return as_json([self.env, self.model, self.prompt, self.factors])


@dataclass
class MappedTable:
    """A table with its map. `left_out` counts the rows that were not taken, by the reason."""

    table: SourceTable
    map: TableMap
    map_name: str
    left_out: Counter[str] = field(default_factory=Counter[str])

    def refuse(self, key: str, problem: str, row: Row | None = None) -> Refusal:
        """What is wrong, with the file, its row and the key of the map."""
        at = f"{row.source.file}, {row.name}" if row else self.table.name
        return Refusal(f"{at} ({self.map_name}: {key}): {problem}")

    def placed(self) -> list[tuple[Place, Row]]:
        """The rows that are taken, each with its cell.

        Raises:
            Refusal: a value that the map does not know, or levels that differ only in case.
        """
        placed: list[tuple[Place, Row]] = []
        for row in self.table.rows:
            if reason := self._why_not(row):
                self.left_out[reason] += 1
            else:
                placed.append((self._place(row), row))
        if not placed:
            raise self.refuse("where", f"no row is left ({self.left_out_text()})")
        self._refuse_alike(placed)
        return placed

    def left_out_text(self) -> str:
        """How many rows were left out, by the reason."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.left_out.items())
        return reasons or "none"

    def _why_not(self, row: Row) -> str:
        for column, wanted in self.map.where.items():
            texts = [table_text(each) for each in (wanted if isinstance(wanted, list) else [wanted])]
            if table_text(row.values.get(column)) not in texts:
                return f"by where.{column}"
        for key, column, texts in self._renamed():
            if table_text(row.values.get(column)) not in texts:
                return f"without a level in {key}"
        if self.map.children and self._is_child(self.map.children, row):
            return "children of other rows"
        if self.map.rows == "counts" and self.map.incomplete == "drop":
            counts = [table_text(row.values.get(str(column))) for column in (self.map.k, self.map.n)]
            return "" if all(counts) else "without k or n"
        return ""

    def _is_child(self, children: Children, row: Row) -> bool:
        text = table_text(row.values.get(children.column))
        if children.part is None:
            return bool(text)
        fitting = sum(fnmatchcase(part, children.part) for part in re.split(r"[\\/]", text))
        if not fitting:  # a misspelt pattern would make siblings of all children
            raise self.refuse("children.part", f"no part of '{text}' fits {children.part}", row)
        return fitting > 1

    def _renamed(self) -> Iterator[tuple[str, str, Sequence[str]]]:
        """The keys of which unknown texts are dropped, with their column and the texts that they know."""
        prompt = self.map.prompt
        if prompt.others == "drop" and prompt.column and prompt.levels is not None:
            yield "prompt", prompt.column, list(prompt.levels)
        entries = {"env": self.map.env, "model": self.map.model, "measure": self.map.measure}
        for key, entry in (
            entries | {f"factors.{name}": each for name, each in self.map.factors.items()}
        ).items():
            if entry and entry.others == "drop" and entry.column and entry.values is not None:
                yield key, entry.column, list(entry.values)

    def _place(self, row: Row) -> Place:
        prompt, by_level = self._prompt(row)
        beside = {
            name: self.level(f"factors.{name}", entry, row)
            for name, entry in self.map.factors.items()
            if entry.column is None or entry.column in row.values
        }
        foreign = self.map.factors.keys() - beside.keys()
        no_effect = {name: level for name, level in self.map.no_effect.items() if name not in foreign}
        return Place(
            self.name("env", self.map.env, row),
            self.name("model", self.map.model, row),
            prompt,
            {name: whole(level) for name, level in {**no_effect, **by_level, **beside}.items()},
            tuple(beside),
        )

    def _prompt(self, row: Row) -> tuple[str, dict[str, Level]]:
        prompt = self.map.prompt
        if prompt.column is None:
            return prompt.value or "baseline", {}
        text = table_text(row.values.get(prompt.column))
        if prompt.levels is None:
            return self.not_empty("prompt", text, row), {}
        if text not in prompt.levels:
            raise self.unknown("prompt", "levels", text, list(prompt.levels), row)
        level = prompt.levels[text]
        return str(level.get("name", text)), {name: value for name, value in level.items() if name != "name"}

    def name(self, key: str, entry: Entry, row: Row) -> str:
        """A name that a row gives, as text."""
        return self.not_empty(key, table_text(self.level(key, entry, row)), row)

    def level(self, key: str, entry: Entry, row: Row) -> Level:
        """The level that a row gives: renamed, else a number or a text as it stands there."""
        if entry.column is None:
            return entry.value
        value = row.values.get(entry.column)
        if entry.values is None:
            return _level(value)
        if table_text(value) not in entry.values:
            raise self.unknown(key, "values", table_text(value), list(entry.values), row)
        return entry.values[table_text(value)]

    def unknown(self, key: str, within: str, text: str, texts: Sequence[str], row: Row) -> Refusal:
        """That the map has no word for a text of the table."""
        return self.refuse(
            f"{key}.{within}",
            f"nothing stands there for '{text}'.{nearest(text, texts)} Add it; or leave such rows out by where, or all "
            f"that are not listed by {key}.others: drop",
            row,
        )

    def not_empty(self, key: str, text: str, row: Row) -> str:
        """A text that must be there."""
        if not text:
            raise self.refuse(key, "empty. Every row needs one; where can leave rows out", row)
        return text

    def _refuse_alike(self, placed: Sequence[tuple[Place, Row]]) -> None:
        spellings: dict[tuple[str, str], tuple[str, Row]] = {}
        for place, row in placed:
            texts = {"env": place.env, "model": place.model, "prompt": place.prompt}
            texts |= {
                f"factors.{name}": level for name, level in place.factors.items() if isinstance(level, str)
            }
            for key, text in texts.items():
                other, first = spellings.setdefault((key, text.lower()), (text, row))
                file = "" if first.source == row.source else f"{first.source.file}, "
                if other != text:
                    raise self.refuse(
                        key,
                        f"'{text}' differs only in case from '{other}' in {file}{first.name}. Give both one name in "
                        f"{key}.{'levels' if key == 'prompt' else 'values'}",
                        row,
                    )


def whole(level: Level) -> Level:
    """A whole number without a fraction, so that 0 and 0.0 are one level however a file writes them."""
    return int(level) if isinstance(level, float) and level.is_integer() else level


def _level(value: Any) -> Level:
    """A value of a table as a level: a number where it is written as one, nothing where it is empty."""
    if isinstance(value, bool | int | float):
        return value
    text = table_text(value)
    if NUMBER.fullmatch(text):
        return int(text) if text.lstrip("-").isdigit() else float(text)
    return {"true": True, "false": False, "": None}.get(text.lower(), text)
