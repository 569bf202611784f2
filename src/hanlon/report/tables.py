"""Tables of the page: the columns of `hanlon rates`, `verdict`, `labels` and others, as cells of text."""

from collections.abc import Sequence
from dataclasses import dataclass

from hanlon.analysis.tables import Column, Item


@dataclass(frozen=True)
class PageTable:
    """A table as it is shown. `shared` says what all rows have in common, `right` which columns hold numbers."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[bool]
    shared: str = ""


def page_table(
    columns: Sequence[Column[Item]], items: Sequence[Item], left_out: Sequence[str] = ()
) -> PageTable | None:
    """The printed columns of a table but those `left_out`; None without a row. What all rows share is said once."""
    if not items:
        return None
    shown = [
        (column, [column.text(item) for item in items])
        for column in columns
        if column.text is not None and column.name not in left_out
    ]
    shared = [(column, texts) for column, texts in shown if column.once and len(set(texts)) == 1]
    kept = [pair for pair in shown if pair not in shared]
    return PageTable(
        [column.name for column, _ in kept],
        list(zip(*(texts for _, texts in kept), strict=True)),
        [column.right for column, _ in kept],
        "; ".join(f"{column.name} {texts[0]}" for column, texts in shared),
    )
