"""What a model wrote does nothing where it is printed, and nothing of it is lost."""

import csv
import io
import json
import re

import pytest

from hanlon.analysis.inert import inert, markdown_text
from hanlon.analysis.tables import Column, render_rows, render_table
from support.attacks import ATTACKS, FORMULAS, HIDDEN, restored

MARKUP = {
    "a | b": "a \\| b",
    "<script>x</script>": "\\<script>x\\</script>",
    "[x](javascript:y)": "[x\\](javascript:y)",
    "![x](http://y)": "!\\[x\\](http://y)",
    "`x`": "\\`x\\`",
    "**x** _y_": "\\*\\*x\\*\\* \\_y\\_",
    "priority_clarified": "priority_clarified",
    "&lt;b": "\\&lt;b",
    "a\nb": "a b",
    "<0.001": "<0.001",
}
TEXT: Column[dict[str, str]] = Column("text", lambda row: row["text"], lambda row: row["text"])


@pytest.mark.parametrize("name", ATTACKS)
def test_a_terminal_gets_nothing_that_acts_and_loses_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each character that would act is written out; the words beside it stay, in a table too."""
    monkeypatch.setenv("COLUMNS", "1000000")
    shown = inert(ATTACKS[name])
    assert shown.replace("\n", "").replace("\t", "").isprintable()
    assert ("[U+" in shown) == (name in HIDDEN)
    assert set(re.findall(r"[a-z0-9]+", ATTACKS[name])) <= set(re.findall(r"[a-z0-9]+", shown))
    assert shown.strip() in render_table([TEXT], [{"text": ATTACKS[name]}], "table", "t")


@pytest.mark.parametrize("text", ["naïve 表 नमस्ते", "مرحبا 👩", "a\n\tb", "C:\\new"])
def test_ordinary_text_of_any_script_stays_as_it_is(text: str) -> None:
    """Combining marks, letters from right to left, line ends and tabs."""
    assert inert(text) == text


@pytest.mark.parametrize("name", ATTACKS)
def test_a_spreadsheet_gets_text_and_no_formula(name: str) -> None:
    """By a leading apostrophe; numbers stay numbers, and what would not be seen is written out."""
    printed = render_rows([{"text": ATTACKS[name], "lo": -1.5, "k": -2}], "csv")
    csv.field_size_limit(1_000_000)  # of the whole process: 131,072 is its default
    [row] = csv.DictReader(io.StringIO(printed, newline=""))
    apostrophe = "'" * (name in FORMULAS)
    assert row == {"text": apostrophe + inert(ATTACKS[name]), "lo": "-1.5", "k": "-2"}
    assert restored(row["text"]) == apostrophe + ATTACKS[name]


@pytest.mark.parametrize("name", ATTACKS)
def test_json_holds_what_was_written_and_shows_all_of_it(name: str) -> None:
    """The same value, in characters that do nothing in a terminal."""
    printed = render_rows([{ATTACKS[name]: ATTACKS[name]}], "json")
    assert printed.replace("\n", "").isprintable()
    assert json.loads(printed) == [{ATTACKS[name]: ATTACKS[name]}]


@pytest.mark.parametrize(("text", "escaped"), MARKUP.items())
def test_markdown_gets_text_and_no_markup(text: str, escaped: str) -> None:
    """A cell stays one cell in one line."""
    assert markdown_text(text) == escaped
    assert render_table([TEXT], [{"text": text}], "markdown", "t").split("\n")[2] == f"| {escaped} |"
