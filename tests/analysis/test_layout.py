"""The layout of tables: readable at any width, nothing lost."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hanlon.analysis.layout import markdown_lines, plain_lines

ROWS = [
    {"cell": "baseline", "k/n": "3/100", "folder": "runs/shutdown/baseline-0123456789ab"},
    {"cell": "語語", "k/n": "12/100", "folder": "-"},
]


def test_columns_stand_under_each_other() -> None:
    """Words to the left, numbers to the right, wide characters counted as two."""
    assert plain_lines(ROWS, 160) == [
        "  cell          k/n   folder",
        " " + "─" * 57,
        "  baseline    3/100   runs/shutdown/baseline-0123456789ab",
        "  語語       12/100   -",
    ]


def test_a_narrow_terminal_folds_the_widest_column() -> None:
    """The long folder goes on in the next line; the short columns stay whole."""
    assert plain_lines(ROWS, 44) == [
        "  cell          k/n   folder",
        " " + "─" * 42,
        "  baseline    3/100   runs/shutdown/baseli",
        "                      ne-0123456789ab",
        "  語語       12/100   -",
    ]


@given(
    values=st.lists(st.text(st.sampled_from("ab 語,/"), max_size=40), min_size=3, max_size=9),
    width=st.integers(20, 200),
)
def test_nothing_is_lost_or_too_wide(values: list[str], width: int) -> None:
    """At every width each line fits and the characters of all cells are there."""
    rows = [dict(zip("xyz", values[i : i + 3], strict=True)) for i in range(0, len(values) // 3 * 3, 3)]
    lines = plain_lines(rows, width)
    assert all(cell_len(line) <= width for line in lines)
    printed = "".join(lines[2:])
    for character in "ab語,/":
        assert printed.count(character) == sum(v.count(character) for row in rows for v in row.values())


def test_markdown_escapes_what_would_end_a_cell() -> None:
    """A bar within a value does not begin a column."""
    assert markdown_lines([{"cell": "a|b", "k/n": "1/2"}]) == [
        "| cell | k/n |",
        "|------|-----|",
        r"| a\|b | 1/2 |",
    ]
