"""What stands below a table of rates."""

from pathlib import Path

from hanlon.analysis.rates_table import rates_rows
from hanlon.analysis.rates_text import notes
from hanlon.store.cells import load_cells
from support.stored import episode, write_cell


def test_equal_replies_to_one_question_may_be_repeats(tmp_path: Path) -> None:
    """Where all episodes had the same question, few distinct replies make the interval too narrow."""
    write_cell(tmp_path, "a", *(episode(index, transcript_hash="same") for index in range(8)))
    (note,) = notes(rates_rows(load_cells([tmp_path])[0]))
    assert "only 1 distinct transcript in 8 episodes" in note


def test_equal_replies_to_different_questions_are_no_repeats(tmp_path: Path) -> None:
    """Ten questions that are all answered with B were ten questions."""
    episodes = [episode(index, transcript_hash="B", facts={"request": str(index)}) for index in range(8)]
    write_cell(tmp_path, "a", *episodes, texts={"user": "{request}", "requests": "ten questions"})
    assert notes(rates_rows(load_cells([tmp_path])[0])) == []
