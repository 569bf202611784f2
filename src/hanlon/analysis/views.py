"""What `--columns` and `--sort` say of a command that prints several tables."""

from collections.abc import Sequence
from typing import Any

from hanlon.analysis.tables import WHOLE, Column, NoSuchColumn, TableView
from hanlon.store.problems import nearest


def views_of(view: TableView, tables: Sequence[Sequence[Column[Any]]]) -> list[TableView | None]:
    """The view of each table: those of the wanted columns that it has. None for a table that has none of them.

    Raises:
        NoSuchColumn: no table has a column of this name; the message names those of all.
    """
    wanted = {name: _found(name, tables) for name in [*view.columns, *filter(None, [view.sort])]}
    views: list[TableView | None] = []
    for number in range(len(tables)):
        columns = [wanted[name][number] for name in view.columns if number in wanted[name]]
        sort = wanted[view.sort].get(number, "") if view.sort else ""
        sign = "-" if sort and view.sort.startswith("-") else ""
        views.append(TableView(columns, sign + sort) if columns or not view.columns else None)
    return views if view != WHOLE else [WHOLE] * len(tables)


def _found(name: str, tables: Sequence[Sequence[Column[Any]]]) -> dict[int, str]:
    """By table, its column of this name; where no table has it, the column that begins so."""
    wanted = name.strip().removeprefix("-").lower()
    named = [[column.name for column in columns] for columns in tables]
    exact = {number: each for number, names in enumerate(named) for each in names if each.lower() == wanted}
    begun = {
        number: [each for each in names if each.lower().startswith(wanted)]
        for number, names in enumerate(named)
    }
    found = exact or {number: names[0] for number, names in begun.items() if len(names) == 1}
    if found:
        return found
    every = list(dict.fromkeys(each for names in named for each in names))
    raise NoSuchColumn(
        f"no table here has a column '{name}'.{nearest(wanted, every)} Columns: {', '.join(every)}"
    )
