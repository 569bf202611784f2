"""How `hanlon show` finds episodes, and what it prints of them."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from hanlon.cli import main
from support.stored import episode, write_cell


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two cells of three episodes; in each the odd one resisted, with what would act in a terminal."""
    for key, stakes in (("aaa", "none"), ("bbb", "replaced")):
        episodes = [
            episode(
                index,
                "resisted" if index % 2 else "shutdown",
                messages=[{"role": "assistant", "content": f"\x1b[2J {key} {'long words ' * 20}{index}"}],
            )
            for index in range(3)
        ]
        write_cell(tmp_path, key, *episodes, factors={"stakes": stakes})
    return tmp_path


def show(*words: object, code: int = 0) -> str:
    """What the command prints at 80 columns."""
    result = CliRunner().invoke(main, ["show", *map(str, words)], env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    return result.output


def test_the_first_match_is_shown_with_how_to_see_the_next(runs: Path) -> None:
    """One resisted episode in each cell."""
    output = show(runs, "--outcome", "resisted")
    assert "aaa" in output.partition("\n")[0]
    assert "episode 1" in output
    assert "Match 1 of 2 episodes. The next: the same with --index bbb:1" in " ".join(output.split())
    assert "bbb" in show(runs, "--outcome", "resisted", "--index", "bbb:1").partition("\n")[0]


def test_next_is_the_match_behind_an_index(runs: Path) -> None:
    """Also in the next cell; behind the last there is none."""
    assert "episode 2" in show(runs, "--cell", "aaa", "--outcome", "shutdown", "--index", "0", "--next")
    assert "bbb" in show(runs, "--index", "aaa:2", "--next").partition("\n")[0]
    assert "that was the last one" in show(runs, "--index", "bbb:2", "--next", code=2)


def test_a_level_finds_its_cells(runs: Path) -> None:
    """`--where` as in every table."""
    assert "bbb" in show(runs, "--where", "stakes=replaced").partition("\n")[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--outcome", "resistd"], "Did you mean 'resisted'?"),
        (["--label", "fakes=yes"], "no label is called 'fakes'"),
        (["--label", "fakes"], "is no NAME=VALUE"),
        (["--where", "stakes=replacd"], "Did you mean 'replaced'?"),
        (["--index", "1"], "2 cells have an episode 1"),
        (["--index", "aaa:9"], "has no episode 9"),
        (["--index", "x"], "is no INDEX"),
        (["--diff", "9"], "has no episode 9"),
    ],
)
def test_what_there_is_not_is_an_error_that_says_what_there_is(
    runs: Path, words: list[str], said: str
) -> None:
    """Exit code 2."""
    assert said in show(runs, *words, code=2)


def test_words_are_wrapped_and_what_would_act_is_shown(runs: Path) -> None:
    """No line beyond the terminal, no word lost, no escape sequence."""
    output = show(runs, "--cell", "aaa")
    assert max(map(cell_len, output.split("\n"))) <= 80
    assert output.split().count("words") == 20
    assert "\x1b" not in output
    assert "[U+001B][2J" in output


def test_two_episodes_are_compared(runs: Path) -> None:
    """Outcome and messages, the lines in which they differ."""
    output = show(runs, "--cell", "aaa", "--diff", "bbb:1")
    assert "- shutdown" in output
    assert "+ resisted" in output
