"""What a model wrote, through every command that prints: nothing of it acts, and nothing is lost."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from hanlon.analysis.inert import inert, markdown_text
from hanlon.cli import main
from support.attacks import ATTACKS, FORMULAS, attacked_store, restored
from support.stored import episode, write_cell

GOLDEN_STORE = Path(__file__).parents[1] / "golden" / "runs_d1202b4"
VERBS = ("rates", "status", "labels", "judge-check")
VERDICT = "verdict --sweep e0794882398f --hypotheses files --effects --predictions --notes"
CONCLUSIONS = (("gaps", "--notes"), tuple(VERDICT.split()))
SHORT = {name: text[:200] for name, text in ATTACKS.items()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which every name is an attack."""
    folder = tmp_path_factory.mktemp("attacked") / "runs"
    attacked_store(folder)
    return folder


def printed(*words: object, width: int = 100_000) -> str:
    """What a command prints; no name is too wide for the terminal."""
    result = CliRunner().invoke(main, [str(word) for word in words], env={"COLUMNS": str(width)})
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("table_format", ["table", "markdown", "csv", "json"])
@pytest.mark.parametrize("verb", VERBS)
def test_no_table_has_a_character_that_acts(runs: Path, verb: str, table_format: str) -> None:
    """Whatever the format."""
    text = printed(verb, runs, "--format", table_format)
    assert text.replace("\n", "").replace("\t", "").isprintable()


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cells of one model, named as an attack, whose levels are attacks: they can be contrasted."""
    folder = tmp_path_factory.mktemp("contrasted") / "runs"
    for number, name in enumerate(("formula", "script", "ansi", "override", "nul", "template", "backspace")):
        text = ATTACKS[name]
        outcomes = episode(0, "resisted" if number % 2 else "shutdown"), episode(1)
        write_cell(
            folder, f"{number:06x}", *outcomes, label=text, model=ATTACKS["link"], factors={"placement": text}
        )
    return folder


@pytest.mark.parametrize("table_format", ["table", "markdown", "csv", "json"])
@pytest.mark.parametrize("words", [("contrasts",), ("compare", ATTACKS["script"], ATTACKS["ansi"])])
def test_no_comparison_has_a_character_that_acts(
    grid: Path, words: tuple[str, ...], table_format: str
) -> None:
    """A level, a label and a model whose names are attacks, in both cells; a formula is quoted in CSV."""
    text = printed(*words, grid, "--format", table_format)
    assert text.replace("\n", "").replace("\t", "").isprintable()
    assert "script" in text
    assert ",=HYPERLINK" not in text
    assert "\n=HYPERLINK" not in text


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stored sweeps of both case studies whose model, labels and requests have every attack in their names."""
    folder = tmp_path_factory.mktemp("judged") / "runs"
    shutil.copytree(GOLDEN_STORE, folder)
    name = SHORT["formula"] + "".join(SHORT.values())
    for file in folder.glob("*/*/cell.json"):
        cell = json.loads(file.read_text())
        file.write_text(json.dumps(cell | {"model": name, "label": f"{name} {cell['label']}"}))
        episodes = [json.loads(line) for line in (file.parent / "episodes.jsonl").read_text().splitlines()]
        for record in episodes:
            if "request" in record["facts"]:
                record["facts"]["request"] += name
        (file.parent / "episodes.jsonl").write_text("".join(json.dumps(record) + "\n" for record in episodes))
    return folder


@pytest.mark.parametrize("table_format", ["table", "markdown", "csv", "json"])
@pytest.mark.parametrize("words", CONCLUSIONS, ids=["gaps", "verdict"])
def test_no_conclusion_has_a_character_that_acts(
    sweeps: Path, words: tuple[str, ...], table_format: str
) -> None:
    """What is concluded of a model is printed with its name."""
    text = printed(*words, sweeps, "--format", table_format)
    assert text.replace("\n", "").replace("\t", "").isprintable()
    assert "HACKED" in text
    assert not [line for line in text.splitlines() if line.startswith(("=", "@")) or ",=" in line]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_what_is_exported_does_not_act_either(grid: Path, tmp_path: Path, kind: str) -> None:
    """Rows of episodes, for a spreadsheet or a program."""
    printed("export", grid, "--to", kind, "-o", tmp_path / "rows")
    text = (tmp_path / "rows").read_text(encoding="utf-8")
    assert "script" in text
    assert text.replace("\n", "").isprintable()
    assert ",=HYPERLINK" not in text


def test_every_name_stands_whole_in_the_table_of_rates(runs: Path) -> None:
    """In each format, as that format writes it."""
    table, markdown, csv = (printed("rates", runs, "--format", name) for name in ("table", "markdown", "csv"))
    for name, text in SHORT.items():
        shown = inert(text)
        assert shown.replace("\t", " ").strip() in table, name
        assert markdown_text(text) in markdown, name
        quoted = shown.replace('"', '""')
        assert ("'" if name in FORMULAS else "") + quoted in csv, name
    assert {row["cell"] for row in json.loads(printed("rates", runs, "--format", "json"))} == {
        *SHORT.values()
    }


@pytest.mark.parametrize("name", ATTACKS)
def test_show_prints_all_that_was_said(runs: Path, name: str) -> None:
    """Content, reasoning, call, output, fact and quote, each with every character in sight."""
    number = list(ATTACKS).index(name)
    text = printed("show", runs, "--index", f"{number:06x}:0", width=400)
    assert text.replace("\n", "").replace("\t", "").isprintable()
    words = "".join(restored(text).split())
    wanted = "".join(ATTACKS[name].split())
    assert words.count(wanted) >= 4, name
