"""`hanlon prompts diff` and `show`: cells' texts, byte for byte."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from hanlon.analysis.prompt_diff import TitledTexts, print_diff, prompt_diff, visible_lines
from support.chat_server import ChatServer, at
from support.command_line import CommandLine

FREE, PAID = "env=alignment_faking tier=free", "env=alignment_faking tier=paid"


@pytest.mark.slow
def test_two_tiers_differ_in_the_mark_alone(command_line: CommandLine, chat_server: ChatServer) -> None:
    """The system message is called identical, and the one differing line is marked below the differing bytes."""
    run = command_line.run("-m", "env=alignment_faking", "tier=free,paid", "samples=1", *at(chat_server))
    assert run.returncode == 0, run.stderr
    folders = sorted(path.name for path in (command_line.runs / "alignment_faking").iterdir())
    said = command_line.hanlon("prompts", "diff", "baseline+tier=free", folders[1])
    assert said.returncode == 0, said.stderr
    assert "== system: identical" in said.stdout
    assert "- <user_tier>free</user_tier>" in said.stdout
    assert "+ <user_tier>paid</user_tier>" in said.stdout
    assert "?            ^^^^" in said.stdout


def test_a_name_that_fits_no_cell_lists_the_cells(command_line: CommandLine, chat_server: ChatServer) -> None:
    """A misspelt label is an error with the folder names."""
    assert command_line.run("samples=1", *at(chat_server)).returncode == 0
    said = command_line.hanlon("prompts", "diff", "baseline", "baseline_x")
    assert said.returncode == 2
    assert "no cell matches baseline_x" in said.stderr
    assert "baseline-" in said.stderr


def printed(a: str, b: str, width: int, terminal: bool = True) -> str:
    """What a terminal shows of two texts, styles included."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=width, color_system="standard", _environ={})
    print_diff(TitledTexts("a", {"system": a}), TitledTexts("b", {"system": b}), console)
    return file.getvalue()


def test_cells_that_are_not_stored_are_compared_by_their_overrides(command_line: CommandLine) -> None:
    """Nothing is run and no run folder is needed; the key is the one that a run would have."""
    said = command_line.hanlon("prompts", "diff", FREE, PAID)
    assert said.returncode == 0, said.stderr
    assert "== system: identical" in said.stdout
    assert "?            ^^^^" in said.stdout
    assert not command_line.runs.exists()


@pytest.mark.slow
def test_overrides_and_a_stored_cell_are_compared(command_line: CommandLine, chat_server: ChatServer) -> None:
    """A stored cell says what its overrides say, and the key is the same."""
    model = " ".join(at(chat_server))
    assert command_line.run(*FREE.split(), *at(chat_server), "samples=1").returncode == 0
    said = command_line.hanlon("prompts", "diff", "baseline+tier=free", f"{FREE} {model}")
    assert said.returncode == 0, said.stderr
    keys = [line.split("  ")[1] for line in said.stdout.splitlines()[:2]]
    assert keys[0] == keys[1]
    assert said.stdout.count("identical") == said.stdout.count("==")


@pytest.mark.slow
def test_a_verbatim_prompt_is_compared_with_the_system_text(command_line: CommandLine) -> None:
    """A copy is identical; one with a BOM, a tab, a CR, a trailing space and a last newline shows each of them."""
    shown = command_line.hanlon("prompts", "show", FREE)
    assert shown.returncode == 0, shown.stderr
    system = shown.stdout.partition("== system: ")[2].partition("\n")[2].partition("\n\n== user")[0]
    file = command_line.folder / "published.txt"
    file.write_bytes(system.encode())
    assert "== system: identical" in command_line.hanlon("prompts", "diff", FREE, str(file)).stdout
    odd = "\ufeff" + system.replace("You are", "You\tare", 1).replace("\n\n", " \r\n\n", 1) + "\n"
    file.write_bytes(odd.encode() + b"\xff\n")
    said = command_line.hanlon("prompts", "diff", FREE, str(file)).stdout
    for escape in ("\\ufeff", "You\\tare", "\\x20", "\\r", "\\udcff", "+ \\n"):
        assert escape in said or escape.replace("\\x20", " \\r") in said, escape
    assert "== user" not in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (FREE, "env=alignment_faking tier=fre", "Did you mean 'free'"),
        (FREE, "env=alignment_faking tier=free,paid", "is a sweep"),
        (FREE, "env=alignment_faking env.criteria=conflit", "Did you mean 'conflict'"),
        (FREE, "env=alignment_faking env.criterion=none", "Did you mean 'env.criteria'"),
        (FREE, "env=alignment_faking 'tier=free", "quotation"),
        (FREE, "nonesuch", "no cells in runs"),
    ],
)
def test_what_cannot_be_compared_says_why(command_line: CommandLine, a: str, b: str, said: str) -> None:
    """Wrong overrides are worded as run.py words them, with the overrides that they stand in."""
    result = command_line.hanlon("prompts", "diff", a, b)
    assert result.returncode == 2, result.stdout
    assert said in " ".join(result.stderr.split())


def test_a_wide_terminal_gets_two_columns_and_a_narrow_one_or_a_pipe_the_stacked_form() -> None:
    """The differing characters are reversed in columns, and marked by ^ below the line elsewhere."""
    wide = printed("a tier: free", "a tier: paid", 160)
    line = next(line for line in wide.splitlines() if "a tier" in line)
    assert line.count("a tier") == 2
    assert "\x1b[7;31mfree" in line
    longer = ("This user is of the tier free.", "This user is of the tier paid.")
    for narrow in (printed(*longer, 80), printed(*longer, 160, terminal=False)):
        assert "- This" in narrow
        assert "^^^^" in narrow
        assert "\x1b[7" not in narrow


@given(st.text(), st.text())
def test_texts_that_differ_never_look_the_same(a: str, b: str) -> None:
    """Whatever bytes they hold: escapes are unambiguous, printable on any terminal, and nothing is hidden."""
    assert (visible_lines(a) == visible_lines(b)) == (a == b)
    assert all(line.isprintable() and not line.endswith(" ") for line in visible_lines(a))
    compared = list(prompt_diff(TitledTexts("a", {"x": a}), TitledTexts("b", {"x": b})))
    differs = any(line.startswith(("-", "+")) for line in compared[2:])
    assert differs == (a != b)
    assert a == b or "identical" not in printed(a, b, 160)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\tb", ["a\\tb"]), ("a\\tb", ["a\\\\tb"]), ("a \r\n", ["a \\r", "\\n"]), ("e\u0301", ["e\\u0301"]),
        ("\u00a0x\u200b", ["\\xa0x\\u200b"]), ("a  ", ["a\\x20\\x20"]), ("", [""]), ("\x1b[2J", ["\\x1b[2J"]),
        ("\n\n", ["", "", "\\n"]), ("é", ["é"]),
    ],
)  # fmt: skip
def test_each_odd_byte_has_an_escape(text: str, lines: list[str]) -> None:
    """Tabs, CR, no-break and zero-width spaces, combining marks, terminal codes, backslashes, a last newline."""
    assert visible_lines(text) == lines


def test_the_texts_of_one_cell_are_shown_as_they_are(command_line: CommandLine, tmp_path: Path) -> None:
    """Each under its name; a text is there once, unescaped."""
    said = command_line.hanlon("prompts", "show", "env=alignment_faking tier=three/pro")
    assert said.returncode == 0, said.stderr
    assert "\n<user_tier>pro</user_tier>\n{request}\n" in said.stdout
    assert said.stdout.count("== system: ") == 1
