"""How a table is fitted to a narrow terminal."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hanlon.analysis.column_widths import fitted
from hanlon.analysis.tables import Column, render_table

LABEL = "baseline+precedence=over_all_others+stakes=replaced"
CELLS = st.text(st.sampled_from("ab_1 +=/:-[]→é表\t"), max_size=30)


def broken(cell: str, width: int) -> str:
    """A cell of a table of one column."""
    return fitted([[cell]], width)[1][0][0]


@pytest.mark.parametrize(
    ("cell", "width", "lines"),
    [
        (LABEL, 60, [LABEL]),
        (LABEL, 40, ["baseline+precedence=over_all_others+", "stakes=replaced"]),
        (LABEL, 27, ["baseline+", "precedence=over_all_others+", "stakes=replaced"]),
        (LABEL, 17, ["baseline+", "precedence=over_", "all_others+", "stakes=replaced"]),
        ("goal complete_task -> avoid_shutdown: no", 25, ["goal complete_task ->", "avoid_shutdown: no"]),
        ("45/60 -> 1/60, -73.3 [-82.7, -59.1]", 16, ["45/60 -> 1/60,", "-73.3 [-82.7,", "-59.1]"]),
        ("p=0.036 (fails)", 9, ["p=0.036", "(fails)"]),
        ("simulated/alignment_faker", 16, ["simulated/", "alignment_faker"]),
    ],
)
def test_a_cell_is_broken_at_spaces_then_at_plus_then_at_other_joints(
    cell: str, width: int, lines: Sequence[str]
) -> None:
    """Numbers, intervals and names that fit on a line stay whole."""
    assert broken(cell, width).split("\n") == lines


def test_the_widest_columns_give_way_and_no_word_is_broken_while_another_column_can() -> None:
    """A long label is broken before `exploratory` is."""
    table = [["cell", "status"], [LABEL, "exploratory"]]
    widths, (_, (label, status)) = fitted(table, 30)
    assert widths == [19, 11]
    assert status == "exploratory"
    assert "\n" in label


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4), st.integers(3, 60))
def test_nothing_is_lost_and_nothing_is_wider_than_the_room(
    table: list[tuple[str, str, str]], room: int
) -> None:
    """Whatever the cells hold, only white space is."""
    widths, cells = fitted(table, room)
    assert sum(widths) <= max(room, 3)
    for row, fitted_row in zip(table, cells, strict=True):
        for cell, own in zip(row, fitted_row, strict=True):
            assert "".join(own.split()) == "".join(cell.split())


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
def test_a_printed_table_is_no_wider_than_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The label gives way, the numbers do not."""
    monkeypatch.setenv("COLUMNS", str(width))
    row = {"cell": LABEL, "model": "simulated/alignment_faker", "k/n": "17/20", "seen": "+70.0 [1.0, 2.0]"}
    columns = [
        Column[dict[str, str]]("cell", None, lambda row: row["cell"]),
        Column[dict[str, str]]("model", None, lambda row: row["model"], once=True),
        Column[dict[str, str]]("k/n", None, lambda row: row["k/n"], right=True),
        Column[dict[str, str]]("seen", None, lambda row: row["seen"]),
    ]
    printed = render_table(columns, [row], "table", title="rates")
    assert max(cell_len(line) for line in printed.split("\n")) <= width
    assert "17/20   +70.0 [1.0, 2.0]" in printed
    assert (LABEL in printed) == (width >= 100)
