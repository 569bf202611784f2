"""`hanlon prompts diff`: two cells' texts, byte for byte."""

from chat_server import ChatServer, at
from command_line import CommandLine


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
    assert "0 cells match baseline_x" in said.stderr
    assert "baseline-" in said.stderr
