"""How a table is laid out on a narrow terminal."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from hanlon.analysis.layout import Shown, folded, in_blocks, laid_out
from hanlon.analysis.tables import Column, NoSuchColumn, TableView, render_table

LABEL = "baseline+precedence=over_all_others+stakes=replaced"
CELLS = st.text(st.sampled_from("ab_1 +=/:-[]→é表"), max_size=30)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        (LABEL, 60, [LABEL]),
        (LABEL, 40, ["baseline+precedence=over_all_others+", "stakes=replaced"]),
        (LABEL, 17, ["baseline+", "precedence=over_", "all_others+", "stakes=replaced"]),
        ("goal complete_task -> avoid_shutdown: no", 25, ["goal complete_task ->", "avoid_shutdown: no"]),
        ("45/60 -> 1/60, -73.3 [-82.7, -59.1]", 16, ["45/60 -> 1/60,", "-73.3 [-82.7,", "-59.1]"]),
        ("in simulated/alignment_faker", 25, ["in", "simulated/alignment_faker"]),
    ],
)
def test_a_text_is_broken_between_words_and_a_word_only_where_it_is_wider_than_the_line(
    text: str, width: int, lines: Sequence[str]
) -> None:
    """A word that is too wide is broken at plus signs first, then at other joints."""
    assert list(folded(text, width)) == lines


def columns(rows: int) -> list[Shown]:
    """Columns of a table as wide as that of rates."""
    return [
        Shown("cell", [f"baseline+stakes={'ab'[row % 2] * 20}" for row in range(rows)]),
        Shown("model", ["simulated/self_preservation"] * rows, heads=True),
        Shown("k/n", [f"{row}/20" for row in range(rows)], right=True, fixed=True),
        Shown("outcomes", [f"{row} resisted, {20 - row} shutdown" for row in range(rows)]),
    ]


def test_columns_stand_beside_each_other_where_there_is_room() -> None:
    """Nothing is moved or left out at 160 columns."""
    layout, lines = laid_out(columns(3), 160)
    assert len(layout.columns) == 4
    assert len(lines) == 2 + 3


def test_what_is_the_same_in_all_rows_is_left_out_before_anything_is_stacked() -> None:
    """Without the model the table fits 80 columns, and the caller is told what was left out."""
    layout, lines = laid_out(columns(3), 80)
    assert [column.heading for column in layout.left_out] == ["model"]
    assert len(lines) == 2 + 3


def test_the_widest_column_goes_below_each_row_with_its_heading() -> None:
    """At 54 columns the outcomes stand below."""
    _, lines = laid_out(columns(2), 54)
    assert lines[3] == "    outcomes: 0 resisted, 20 shutdown"


def test_a_heading_column_stands_above_its_rows() -> None:
    """Of two models, each is named once where there is no room for a column."""
    models = ["simulated/ambiguity"] * 2 + ["simulated/self_preservation"] * 2
    shown = [Shown("cell", ["a" * 30] * 4), Shown("model", models, heads=True), Shown("n", list("1234"))]
    _, lines = laid_out(shown, 45)
    assert [line for line in lines if "simulated" in line] == [
        "  simulated/ambiguity",
        "  simulated/self_preservation",
    ]


def test_blocks_repeat_the_first_column() -> None:
    """Every column is there, and every block begins with the cell."""
    labels = [Shown(f"label_{number:02}", ["1/6", "2/6"]) for number in range(12)]
    _, lines = in_blocks([Shown("cell", ["baseline", "plain"]), *labels], 60)
    heads = [line.split() for line in lines if "label_" in line]
    assert len(heads) > 1
    assert all(head[0] == "cell" for head in heads)
    assert [name for head in heads for name in head[1:]] == [label.heading for label in labels]


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4), st.integers(36, 90), st.booleans())
@example([("1111111表", "1111111111", " 11111111表表表")], 42, False)
def test_nothing_is_lost_and_nothing_is_wider_than_the_terminal(
    rows: list[tuple[str, str, str]], width: int, heads: bool
) -> None:
    """Whatever the cells hold: each word stands whole in the lines, or what all rows share is left out."""
    texts = list(zip(*rows, strict=True))
    shown = [
        Shown(name, list(of), heads=heads and name == "b") for name, of in zip("abc", texts, strict=True)
    ]
    layout, lines = laid_out(shown, width)
    assert max(map(cell_len, lines)) <= width
    words = set(" ".join(lines).replace(";", " ").split())
    for column in shown:
        if column not in layout.left_out:
            assert {word for text in column.texts for word in text.split()} - {"-"} <= words


ROW = {"cell": "plain", "rate": 0.5}
COLUMNS = [
    Column[dict[str, str | float]]("cell", lambda row: row["cell"], lambda row: str(row["cell"])),
    Column[dict[str, str | float]]("rate", lambda row: row["rate"], lambda row: f"{row['rate']:.0%}"),
    Column[dict[str, str | float]]("key", lambda row: "k"),
]


def test_columns_are_chosen_by_name_or_how_it_begins_and_rows_sorted_by_value() -> None:
    """10 % sorts before 50 %, downwards after it; a column that only JSON and CSV have is printed too."""
    rows = [ROW, {"cell": "other", "rate": 0.1}, {"cell": "third", "rate": 1.0}]
    text = render_table(COLUMNS, rows, "table", "t", TableView(["ra", "key"], "-rate"))
    assert [line.split() for line in text.split("\n")[4:]] == [["100%", "k"], ["50%", "k"], ["10%", "k"]]
    assert render_table(COLUMNS, rows, "csv", "t", TableView(["cell"], "rate")).split() == [
        *("cell", "other", "plain", "third"),
    ]


def test_a_column_that_there_is_not_is_named_with_those_that_there_are() -> None:
    """The nearest is offered."""
    with pytest.raises(
        NoSuchColumn, match=r"no column 'raet'. Did you mean 'rate'\? Columns: cell, rate, key"
    ):
        render_table(COLUMNS, [ROW], "table", "t", TableView(["raet"]))
