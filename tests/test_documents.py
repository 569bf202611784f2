"""The commands that the README shows are commands that work."""

import re
import shlex

import pytest

from command_line import ROOT, CommandLine

README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^(python run\.py .*?)(?:\s{2,}#.*)?$", README, re.MULTILINE)


@pytest.mark.parametrize("command", [c for c in COMMANDS if "..." not in c])
def test_every_sweep_of_the_readme_composes(command_line: CommandLine, command: str) -> None:
    """Each `python run.py` line of the README can be planned without a key, and makes no call."""
    run = command_line.run(*shlex.split(command)[2:], "plan=true")
    assert run.returncode == 0, run.stderr
    assert "No call was made" in run.stdout


def test_every_link_of_the_readme_exists() -> None:
    """Relative links point at files."""
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_no_document_and_no_configuration_names_a_path_of_this_machine() -> None:
    """What is committed holds neither the checkout's path nor a registry's address."""
    for file in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.rglob("conf/**/*.yaml"),
        ROOT / "constraints.txt",
    ]:
        text = file.read_text()
        assert str(ROOT) not in text, file
        assert "index-url" not in text, file
