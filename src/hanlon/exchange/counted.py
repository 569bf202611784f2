"""The episodes of each cell of a mapped table: one a row, or as many as its counts say."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hanlon.exchange.mapped_rows import MappedTable, Place
from hanlon.exchange.source_table import Row, Source
from hanlon.exchange.table_map import CaseColumn, Duplicates, table_text
from hanlon.store.records import Episode

LEFT_OUT = "left_out"
"""Why an episode is excluded of which a table of counts says only that it was."""
OUTCOMES = {True: "case", False: "no_case", None: "not_asked"}
"""The outcome of an episode in a table that names none: what its first measure says."""
_TRUTH = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}


@dataclass
class CountedCell:
    """A cell of a table: its episodes, its measures with what they mean, and what must be said of its counts."""

    place: Place
    source: Source
    label: str
    episodes: list[Episode] = field(default_factory=list[Episode])
    measures: dict[str, str] = field(default_factory=dict[str, str])
    notes: list[str] = field(default_factory=list[str])

    @property
    def requests(self) -> set[str]:
        """What its episodes answer, as far as the table says it."""
        return {episode.facts["request"] for episode in self.episodes if "request" in episode.facts}


def counted_cells(mapped: MappedTable) -> list[CountedCell]:
    """The cells of a table in the order in which they come.

    Raises:
        Refusal: a row that cannot be counted, or two rows of one count.
    """
    rows: dict[str, list[Row]] = defaultdict(list)
    places: dict[str, Place] = {}
    for place, row in mapped.placed():
        places.setdefault(place.identity, place)
        rows[place.identity].append(row)
    make = _of_counts if mapped.map.rows == "counts" else _of_episodes
    cells: list[CountedCell] = []
    for identity, place in places.items():
        _refuse_two_files(mapped, place, rows[identity])
        cell = CountedCell(place, rows[identity][0].source, rows[identity][0].label)
        make(mapped, cell, rows[identity])
        cell.notes += dict.fromkeys(note for row in rows[identity] if (note := row.note))
        if mapped.map.note:
            texts = (table_text(row.values.get(mapped.map.note)) for row in rows[identity])
            cell.notes += dict.fromkeys(text for text in texts if text)
        cells.append(cell)
    return cells


def _refuse_two_files(mapped: MappedTable, place: Place, rows: Sequence[Row]) -> None:
    """A cell has one log: nothing says whether a second one goes on with it, repeats it or was run otherwise."""
    first = rows[0]
    other = next((row for row in rows if row.source != first.source), None)
    if other is None:
        return

    def constant(column: str, source: Source) -> str | None:
        texts = {table_text(row.values.get(column)) for row in rows if row.source == source}
        return next(iter(texts)) if len(texts) == 1 else None

    differing = {
        column: pair
        for column in mapped.table.columns
        if column not in ("task_id", "eval_id")  # of no use as a factor
        and len({*(pair := [constant(column, row.source) for row in (first, other)])} - {None}) == 2
    }
    shown = ", ".join(f"{column} ({' and '.join(map(str, pair))})" for column, pair in differing.items())
    raise mapped.refuse(
        "factors",
        f"{first.source.file} and {other.source.file} are two logs of one cell ({place.prompt} of {place.model}). "
        f"Import one of them, or name in factors what tells them apart. They differ in {shown or 'no column'}"
        + _retry(first, other),
        other,
    )


def _retry(first: Row, other: Row) -> str:
    """What is to be done where one log is a retry of the other: it has the same task id, and an id of its own."""
    task, run = ([row.values.get(name) for row in (first, other)] for name in ("task_id", "eval_id"))
    if not task[0] or task[0] != task[1] or run[0] == run[1]:
        return ""
    return ". Both have one task id, so the later is a retry and holds what the earlier had finished: import it alone"


def _of_counts(mapped: MappedTable, cell: CountedCell, rows: Sequence[Row]) -> None:
    counts: dict[str, tuple[int, int]] = {}
    excluded: int | None = None
    for measure, row in _taken(mapped, cell, rows).items():
        k, n = (_count(mapped, key, row) for key in ("k", "n"))
        if k > n:
            raise mapped.refuse(
                "k", f"k = {k} of n = {n}: k counts cases among the n, so it is n at most", row
            )
        counts[measure] = k, n
        cell.measures[measure] = f"imported: {mapped.map.k} of {mapped.map.n}"
        if mapped.map.excluded:
            before, excluded = excluded, _count(mapped, "excluded", row)
            if before not in (None, excluded):
                raise mapped.refuse(
                    "excluded",
                    f"{excluded}, where another measure of this cell has {before}. What is excluded is in no "
                    "measure: take one measure by where, or leave excluded out",
                    row,
                )
    total = max(n for _, n in counts.values())
    for index in range(total + (excluded or 0)):
        measures = {name: index < k if index < n else None for name, (k, n) in counts.items()}
        if index < total:
            cell.episodes.append(_episode(index, _outcome(measures), measures))
        else:
            cell.episodes.append(_episode(index, LEFT_OUT, dict.fromkeys(measures), excluded=LEFT_OUT))


def _taken(mapped: MappedTable, cell: CountedCell, rows: Sequence[Row]) -> Mapping[str, Row]:
    """The row of each measure of a cell."""
    assert mapped.map.measure is not None  # the map of counts has one
    by_measure: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_measure[mapped.name("measure", mapped.map.measure, row)].append(row)
    return {measure: _preferred(mapped, cell, measure, same) for measure, same in by_measure.items()}


def _preferred(mapped: MappedTable, cell: CountedCell, measure: str, rows: Sequence[Row]) -> Row:
    """The row that is followed; a note says where another of the same count disagrees.

    Raises:
        Refusal: two rows, and nothing says which of them is followed.
    """
    if len(rows) == 1:
        return rows[0]
    first, *others = sorted(rows, key=lambda row: _rank(mapped.map.duplicates, row))
    rule = mapped.map.duplicates
    if rule is None or _rank(rule, first) == _rank(rule, others[0]):
        raise mapped.refuse(
            "duplicates",
            f"{first.name} has the same cell and measure ({cell.place.prompt}, {measure}). A factor or where: "
            "tells them apart; duplicates: {column: ..., prefer: [...]} says which is followed",
            others[0],
        )
    k, n = mapped.map.k, mapped.map.n
    for other in others:
        counts = [tuple(table_text(row.values.get(str(key))) for key in (k, n)) for row in (first, other)]
        mapped.left_out["for another of the same count"] += 1
        if counts[0] != counts[1]:
            (followed, against) = (f"{' of '.join(count)}" for count in counts)
            cell.notes.append(
                f"{measure}: {table_text(other.values.get(rule.column))} has {against}; followed is "
                f"{table_text(first.values.get(rule.column))} with {followed}"
            )
    return first


def _rank(rule: Duplicates | None, row: Row) -> int:
    if rule is None:
        return 0
    text = table_text(row.values.get(rule.column))
    return next((at for at, start in enumerate(rule.prefer) if text.startswith(start)), len(rule.prefer))


def _count(mapped: MappedTable, key: str, row: Row) -> int:
    value = row.values.get(getattr(mapped.map, key))
    text = table_text(value).removesuffix(".0")
    if not text.isdecimal():
        hint = " incomplete: drop leaves such rows out" if not text and key != "excluded" else ""
        shown = f"'{text}'" if text else "empty"
        raise mapped.refuse(key, f"{shown} is not a whole number of episodes.{hint}", row)
    return int(text)


def _of_episodes(mapped: MappedTable, cell: CountedCell, rows: Sequence[Row]) -> None:
    scored = {column for row in rows for column in row.values}
    cases = {name: case for name, case in mapped.map.measures.items() if case.column in scored}
    if not cases:
        wanted = ", ".join(case.column for case in mapped.map.measures.values())
        raise mapped.refuse(
            "measures", f"no column {wanted} in the whole cell ({cell.place.prompt})", rows[0]
        )
    cell.measures = {name: case.description or f"imported: {case.column}" for name, case in cases.items()}
    _refuse_twice(mapped, rows)
    for index, row in enumerate(rows):
        measures = {name: _case(mapped, name, case, row) for name, case in cases.items()}
        reason = table_text(row.values.get(mapped.map.excluded)) if mapped.map.excluded else ""
        outcome = table_text(row.values.get(mapped.map.outcome)) if mapped.map.outcome else _outcome(measures)
        facts: dict[str, str] = {}
        if mapped.map.request:
            request = table_text(row.values.get(mapped.map.request))
            facts["request"] = mapped.not_empty("request", request, row)
        cell.episodes.append(
            _episode(index, reason or outcome, measures, excluded=reason or None, facts=facts, row=row)
        )


def _refuse_twice(mapped: MappedTable, rows: Sequence[Row]) -> None:
    first_rows: dict[str, Row] = {}
    for row in rows if mapped.map.episode else ():
        name = table_text(row.values.get(str(mapped.map.episode)))
        if (first := first_rows.setdefault(name, row)) is not row:
            raise mapped.refuse(
                "episode",
                f"'{name}' is also {first.name} of the same cell. An episode counts once; children: leaves out "
                "what was resampled from another",
                row,
            )


def _case(mapped: MappedTable, name: str, case: CaseColumn, row: Row) -> bool | None:
    """Whether an episode is a case, None where the question does not arise."""
    text = table_text(row.values.get(case.column))
    if case.at_least is not None and text:
        return _number(mapped, name, text, row) >= case.at_least
    cases, others = ([table_text(each) for each in texts] for texts in (case.cases, case.not_cases))
    if text in cases or text in others:
        return text in cases
    if not text:
        return None
    truth = None if cases or others else _TRUTH.get(text.lower())
    if truth is None:
        raise mapped.refuse(
            f"measures.{name}",
            f"'{text}' says neither that it is a case nor that it is none. Say what it means, as measures.{name}: "
            f"{{column: {case.column}, cases: [...], not_cases: [...]}}",
            row,
        )
    return truth


def _number(mapped: MappedTable, name: str, text: str, row: Row) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):  # no number is at least it, so it would count as no case
        raise mapped.refuse(
            f"measures.{name}.at_least", f"'{text}' is not a number. cases and not_cases list texts", row
        )
    return number


def _outcome(measures: Mapping[str, bool | None]) -> str:
    return OUTCOMES[next(iter(measures.values()))]


def _episode(
    index: int,
    outcome: str,
    measures: dict[str, bool | None],
    excluded: str | None = None,
    facts: dict[str, Any] | None = None,
    row: Row | None = None,
) -> Episode:
    rollout = row.rollout if row else {}
    decided: dict[str, Any] = {
        "index": index,
        "outcome": outcome,
        "measures": measures,
        "facts": {**rollout.get("facts", {}), **(facts or {})},
        "excluded": excluded,
    }
    fields: dict[str, Any] = {"seed": 0, "messages": [], "texts_hash": "", **rollout, **decided}
    return Episode(**fields)
