"""What the documents say is so: the README's commands work, every dependency has its reason."""

import ast
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from hanlon.cli import main
from support.command_line import ROOT, CommandLine
from support.quick import mostly_slow
from test_imports import FLOORS

README = ROOT / "README.md"
PAGES = [README, *sorted(ROOT.glob("docs/*.md"))]


def typed(program: str) -> list[str]:
    """The lines of all pages that begin with a program, the README's first, less comments and lines with a gap."""
    pattern = re.compile(rf"^({re.escape(program)} .*?)(?:\s{{2,}}#.*)?$", re.MULTILINE)
    lines = [line for page in PAGES for line in pattern.findall(page.read_text())]
    return [line for line in dict.fromkeys(lines) if "..." not in line and "<" not in line]


@pytest.mark.parametrize("command", mostly_slow(typed("python run.py"), 4))
def test_every_sweep_of_a_page_composes(command_line: CommandLine, command: str) -> None:
    """Each `python run.py` line can be planned without a key, and makes no call."""
    run = command_line.run(*shlex.split(command)[2:], "plan=true")
    assert run.returncode == 0, run.stderr
    assert "No call was made" in run.stdout


@pytest.mark.slow  # 500 episodes
def test_the_first_insight_is_what_the_commands_print(command_line: CommandLine) -> None:
    """The numbers of the README's table, and those of its picture."""
    section = README.read_text().split("## A first insight")[1].split("\n## ")[0]
    sweep, contrasts = (re.search(rf"^{word} .*$", section, re.MULTILINE) for word in ("python", "hanlon"))
    assert sweep
    assert contrasts
    rates = command_line.run(*shlex.split(sweep[0])[2:])
    assert rates.returncode == 0, rates.stderr
    shown = command_line.hanlon(*shlex.split(contrasts[0])[1:]).stdout
    rows = re.findall(r"\d+/\d+ → \d+/\d+ .*\]", section)
    assert len(rows) == 4
    assert [row for row in rows if row.split() not in _numbers(shown)] == []
    drawn = re.findall(r">(\d+/\d+)<", (ROOT / "docs" / "clarification_parts.svg").read_text())
    assert set(drawn) == set(re.findall(r"\d+/100", rates.stdout.split("k/n")[1]))


@pytest.mark.parametrize("command", typed("hanlon"))
def test_every_verb_of_a_page_exists(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each `hanlon` line is parsed: the command is there, and every option."""
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    _, name, *words = shlex.split(command)
    assert main.commands[name].make_context(name, words).command.name == name


def test_every_link_of_a_page_exists() -> None:
    """Relative links point at files."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_fits_on_three_screens() -> None:
    """What does not fit stands in docs/."""
    assert len(README.read_text().splitlines()) < 150


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


def test_every_dependency_has_its_line_and_every_line_its_dependency() -> None:
    """docs/dependencies.md names what pyproject.toml asks for, in the dependencies and in the extras."""
    first, extras = (ROOT / "docs" / "dependencies.md").read_text().split("Extras")
    cells = [row[1] for row in _rows(first)] + [row[2] for row in _rows(extras)]
    named = {name.strip() for cell in cells for name in re.sub(r"\(.*?\)|`.*?`", "", cell).split(",")}
    assert named - {""} == _asked_for()


def test_every_import_is_of_a_dependency() -> None:
    """What the code imports is asked for by name, however surely another package brings it."""
    modules = {name.split(".")[0] for file in ROOT.glob("src/**/*.py") for name in _imported(file)}
    others = modules - sys.stdlib_module_names - {"hanlon"}
    known = packages_distributions()
    asked = _asked_for() | {"aiohttp", "httpx2"}  # of openai
    assert {name for name in others if not asked & {own.lower() for own in known[name]}} == set()


def test_the_architecture_draws_the_floors() -> None:
    """The drawing in docs/architecture.md has the rooms of each floor, as the import test holds them."""
    drawing = (ROOT / "docs" / "architecture.md").read_text().split("```")[3]
    rooms = {room for floor in FLOORS for room in floor}
    lines = [line.split() for line in drawing.splitlines() if line[:1].isdigit()]
    floors = {int(number): tuple(word for word in words if word in rooms) for number, *words in lines}
    assert [floors[number] for number in range(1, len(floors) + 1)] == list(FLOORS)


def _numbers(text: str) -> list[list[str]]:
    return [row.split() for row in re.findall(r"\d+/\d+ → \d+/\d+ .*?\]", text)]


def _rows(text: str) -> list[list[str]]:
    return [line.split("|") for line in text.splitlines() if line.startswith("|")][2:]


def _asked_for() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return {re.split(r"[^\w-]", line)[0] for group in groups for line in group} - {"hanlon"}


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
