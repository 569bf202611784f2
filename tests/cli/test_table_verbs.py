"""Every verb that prints tables, at 80, 100 and 160 columns, over four small stores."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from hanlon.cli import main
from support.stored import episode, write_cell
from support.table_stores import STORES

pytestmark = pytest.mark.slow
WIDTHS = (80, 100, 160)
VERBS: dict[str, tuple[str, ...]] = {
    "rates": (),
    "rates --published": (),
    "status": (),
    "contrasts": (),
    "verdict": (),
    "verdict --effects --predictions": (),
    "compare": ("shutdown", "mixed"),
    "gaps": ("faking", "judged"),
    "labels": ("judged",),
    "rescore": ("judged",),
    "judge-check": ("judged",),
    "judge-smoke --judge regex": ("judged",),
}
"""Each verb with the stores that it has something to say of; empty: all."""
CASES = [(verb, store) for verb, stores in VERBS.items() for store in stores or STORES]


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all stores."""
    root = tmp_path_factory.mktemp("stores")
    for name, make in STORES.items():
        make(root / name)
    return root


@pytest.fixture
def stores(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The folder of each store as somebody types it who stands above: the whole path may be longer than a line."""
    monkeypatch.chdir(root)
    return {name: Path(name) / "runs" for name in STORES}


def run(width: int, *words: object) -> str:
    """What a verb prints at this width."""
    result = CliRunner().invoke(main, [str(word) for word in words], env={"COLUMNS": str(width)})
    assert result.exit_code == 0, result.output
    return result.stdout


def words_of(verb: str, runs: Path) -> list[object]:
    """The command line of a verb on a store."""
    name, *options = verb.split()
    if name == "compare":
        options += ["--model", "simulated/ambiguity", "--where", "seed=0"]
        return [name, "baseline", "priority_clarified", runs, *options]
    return [name, runs, *options]


def tokens(text: str) -> set[str]:
    """The words of a text, without the rules of tables and the punctuation that a stacked cell adds."""
    return {word.strip(";:,.") for word in text.split() if set(word) - set("─;:,.-")}


@pytest.mark.parametrize(("verb", "store"), CASES)
def test_no_line_is_too_long_and_no_word_broken(stores: dict[str, Path], verb: str, store: str) -> None:
    """At each width there are the words of a terminal without end, but for what is said to be left out."""
    words = words_of(verb, stores[store])
    whole = tokens(run(2000, *words, "--notes"))
    for width in WIDTHS:
        printed = run(width, *words, "--notes")
        long = [line for line in printed.split("\n") if cell_len(line) > width]
        assert [line for line in long if not line.startswith("python run.py")] == []
        assert tokens(printed) - whole == set(), width


@pytest.mark.parametrize(("verb", "store"), CASES)
def test_the_first_sentence_answers(stores: dict[str, Path], verb: str, store: str) -> None:
    """A verb begins with one paragraph that has a number or says that there is nothing, and ends with a full stop."""
    first = " ".join(run(80, *words_of(verb, stores[store])).partition("\n\n")[0].split())
    assert first.endswith(".")
    assert re.search(r"\d|[Nn]o(ne)? |[Nn]othing", first), first


@pytest.mark.parametrize(("verb", "store"), CASES)
def test_data_for_a_program_has_no_prose_and_every_row(
    stores: dict[str, Path], verb: str, store: str
) -> None:
    """JSON is JSON from the first character on."""
    assert json.loads(run(80, *words_of(verb, stores[store]), "--format", "json"))


@pytest.mark.parametrize("verb", ["rates", "status", "contrasts", "verdict"])
def test_every_table_can_be_narrowed_and_sorted(stores: dict[str, Path], verb: str) -> None:
    """By cell, model and level; columns by name; what is not there is an error that names what is."""
    column = {"rates": "k/n", "status": "calls", "contrasts": "k/n", "verdict": "k/n"}[verb]
    narrow = ("--model", "ambiguity", "--where", "env.placement=system", "--sort", f"-{column}")
    printed = run(100, verb, stores["mixed"], *narrow, "--columns", column)
    assert "simulated/obedient" not in printed.partition("Sweep")[0]
    wrong = CliRunner().invoke(main, [verb, str(stores["mixed"]), "--where", "placement=systemm"])
    assert wrong.exit_code == 2
    assert "Did you mean 'system'?" in wrong.output
    wrong = CliRunner().invoke(main, [verb, str(stores["mixed"]), "--columns", "no_such"])
    assert wrong.exit_code == 2
    assert "Columns:" in wrong.output


def test_a_column_is_looked_for_in_every_table_that_a_verb_prints(stores: dict[str, Path]) -> None:
    """Tables that have none of the wanted columns are left out; a name that none has is an error with those of all."""
    rivals = run(160, "verdict", stores["mixed"], "--columns", "rival,explains", "--sort", "-explains")
    assert "Rivals" in rivals
    assert "Effects on" not in rivals
    both = run(160, "verdict", stores["mixed"], "--predictions", "--columns", "p,k/n")
    headings = [set(line.split()) for line in both.split("\n") if line.startswith("  ")]
    assert {"p"} in headings
    assert {"k/n"} in headings
    compared = run(160, *words_of("compare", stores["shutdown"]), "--columns", "rate")
    assert "second against first" not in compared
    checked = run(160, "judge-check", stores["judged"], "--columns", "kappa")
    assert "smoke set " not in checked
    wrong = CliRunner().invoke(main, ["verdict", str(stores["mixed"]), "--columns", "rivl"])
    assert wrong.exit_code == 2
    assert "Did you mean 'rival'?" in wrong.output
    assert "share removed" in wrong.output


def test_a_judge_is_tried_on_the_whole_smoke_set(stores: dict[str, Path]) -> None:
    """So a choice of cells is an error of use; columns and order are chosen as in any table."""
    words = ["judge-smoke", str(stores["judged"]), "--judge", "regex"]
    refused = CliRunner().invoke(main, [*words, "--where", "tier=free"])
    assert refused.exit_code == 2
    assert "leave out --cell, --model and --where" in refused.output
    rows = json.loads(run(80, *words, "--format", "json", "--columns", "label,passed", "--sort", "-label"))
    assert all(row.keys() == {"label", "passed"} for row in rows)
    assert [row["label"] for row in rows] == sorted((row["label"] for row in rows), reverse=True)


def test_what_is_narrowed_is_not_computed_anew(stores: dict[str, Path]) -> None:
    """Holm's p of a contrast is the same whether the others are printed or not."""

    def p_holm(*options: str) -> dict[tuple[str, str], float]:
        rows = json.loads(run(80, "contrasts", stores["mixed"], "--format", "json", *options))
        return {(row["key_from"], row["key_to"]): row["p_holm"] for row in rows if row["kind"] == "contrast"}

    some, every = p_holm("--model", "ambiguity"), p_holm()
    assert some
    assert some.items() <= every.items()
    assert len(some) < len(every)


def test_cells_that_differ_in_the_seed_or_the_role_are_named_so(tmp_path: Path) -> None:
    """Two rows of one label and model can be told apart."""
    base = {"label": "baseline"}
    for key, seed, role in (("a", 0, "system"), ("b", 1, "system"), ("c", 1, "developer")):
        config = {"seed": seed, "model": {"system_role": role}}
        write_cell(tmp_path, key, episode(0), **base, config=config)
    text = run(100, "rates", tmp_path)
    for name in ("seed=0, system_role=system", "seed=1, system_role=system", "seed=1, system_role=developer"):
        assert f"baseline ({name})" in text


def test_labels_are_a_pivot(stores: dict[str, Path]) -> None:
    """A row for each cell, a column for each label."""
    text = run(400, "labels", stores["judged"], "--judge", "simulated")
    heading = next(line for line in text.split("\n") if line.startswith("  cell"))
    assert {"alignment_faking", "compliance=refused", "wrong_tier"} <= set(heading.split())
    assert len([line for line in text.split("\n") if line.startswith("  baseline+tier=free ")]) == 1


def test_status_says_its_folder_once(stores: dict[str, Path]) -> None:
    """In the sentence that answers."""
    assert run(200, "status", stores["mixed"]).count(str(stores["mixed"])) == 1


def test_notes_are_shown_where_they_are_wanted(stores: dict[str, Path]) -> None:
    """Otherwise a line says how many there are; what changes the reading is always there."""
    short, whole = (run(160, "contrasts", stores["mixed"], *notes) for notes in ((), ("--notes",)))
    assert "Sign: treated minus baseline" in whole
    assert "Sign: treated minus baseline" not in short
    assert re.search(r"^\d+ more notes on method and reading: --notes$", short, re.MULTILINE)
    assert "simulated/ambiguity: simulated policy, no language model." in short


POWER: Sequence[Callable[[], list[str]]] = (
    lambda: ["prompt=baseline,priority_clarified model=simulated/ambiguity", "--samples", "20"],
    lambda: ["--rates", "0.055,0.2"],
)


@pytest.mark.parametrize("words", POWER)
@pytest.mark.parametrize("width", WIDTHS)
def test_power_fits_and_answers(words: Callable[[], list[str]], width: int) -> None:
    """The verb that needs no store."""
    printed = run(width, "power", *words())
    assert max(map(cell_len, printed.split("\n"))) <= width
    assert re.search(r"n = \d+", printed.partition("\n\n")[0])
