"""What `--columns` and `--sort` say of a command that prints several tables."""

from collections.abc import Sequence
from typing import Any

from hanlon.analysis.tables import WHOLE, Column, TableView, column_named


def views_of(view: TableView, tables: Sequence[Sequence[Column[Any]]]) -> list[TableView | None]:
    """The view of each table: those of the wanted columns that it has. None for a table that has none of them.

    Raises:
        NoSuchColumn: no table has a column of this name; the message names those of all.
    """
    if view == WHOLE:
        return [WHOLE] * len(tables)
    every = list({column.name: column for columns in tables for column in columns}.values())
    columns = [column_named(every, name).name for name in view.columns]
    sort = column_named(every, view.sort.removeprefix("-")).name if view.sort else ""
    sign = "-" if view.sort.startswith("-") else ""
    views: list[TableView | None] = []
    for names in ({column.name for column in table} for table in tables):
        kept = [name for name in columns if name in names]
        views.append(TableView(kept, sign + sort if sort in names else "") if kept or not columns else None)
    return views
