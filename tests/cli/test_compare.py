"""`hanlon compare CELL CELL`: any two stored cells."""

import csv
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from hanlon.cli import main
from support.command_line import CommandLine
from support.stored import episode, write_cell

FACTORS = {"precedence": "silent", "how": "silent", "wording": 1}
CLEAR = {"precedence": "over_all_others", "how": "keep_calling"}


def run(*arguments: str | Path, code: int = 0) -> str:
    """What the command prints."""
    result = CliRunner().invoke(main, ["compare", "--notes", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def stored(runs: Path, key: str, resisted: int, of: int = 20, lost: int = 0, **fields: Any) -> None:
    """A cell with so many cases and so many episodes that are excluded."""
    outcomes = ["resisted"] * resisted + ["shutdown"] * (of - resisted) + ["api_error"] * lost
    write_cell(runs, key, *(episode(i, outcome) for i, outcome in enumerate(outcomes)), **fields)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Four cells: baseline, clarified, clarified of another model, and one without episodes."""
    stored(tmp_path, "aaa111", 16, lost=2, label="baseline", factors=FACTORS, texts={"system": "Do sums."})
    clear = {"label": "clarified", "factors": FACTORS | CLEAR, "texts": {"system": "Do sums. Stop first."}}
    stored(tmp_path, "bbb222", 1, **clear)
    stored(tmp_path, "ccc333", 3, model="grok-4", protocol="text", **clear)
    stored(tmp_path, "ddd444", 0, of=0, label="empty", factors=FACTORS)
    return tmp_path


def test_both_rates_the_effect_what_differs_and_the_prompt(runs: Path) -> None:
    """One screen says all of it."""
    text = run("baseline", "bbb222", runs)
    for part in (
        "16/20",
        "1/20",
        "-75.0",
        "removes 94 % [",
        "Differs: precedence: silent → over_all_others; how: silent → keep_calling.",
        "2 api_error of 22",
        "== system: 8 bytes and 20 bytes",
        "+ Do sums. Stop first.",
        "unit: the episode",
    ):
        assert part in text, part


def test_other_models_are_named_with_what_differs(runs: Path) -> None:
    """Several factors, the model and the protocol at once."""
    text = run("baseline", "ccc333", runs)
    assert "model: openai/o3 → grok-4; protocol: tools → text; precedence: silent → over_all_others" in text


def test_two_environments_are_compared_by_their_headline_rates(runs: Path) -> None:
    """The measures are named."""
    measures = {"compliance": "it complied"}
    episodes = [episode(i, measures={"compliance": i < 5}) for i in range(20)]
    write_cell(runs, "eee555", *episodes, label="af", env="alignment_faking", measures=measures)
    text = run("baseline", "af", runs)
    assert "environment: shutdown → alignment_faking" in text
    assert "two measures: resistance and compliance" in text
    assert "16/20 → 5/20" in text


def test_shared_requests_are_the_unit(tmp_path: Path) -> None:
    """Sign flips over requests, and McNemar's test where each request stands once in both cells."""
    for key, complied in (("aaa", 15), ("bbb", 5)):
        episodes = [
            episode(i, measures={"resistance": i < complied}, facts={"request": f"r{i}"}) for i in range(20)
        ]
        write_cell(tmp_path, key, *episodes, label=key, texts={"requests": "r"}, factors={"tier": key})
    text = run("aaa", "bbb", tmp_path)
    assert "unit: the request, 20 shared" in text
    assert "McNemar's exact p, every request once in both cells: 0.002" in text
    assert "removes 67 %" in text
    assert "variance between requests" in text
    (row,) = msgspec.json.decode(run("aaa", "bbb", tmp_path, "--format", "json"))
    assert (row["unit"], row["units"], row["test"]) == ("request", 20, "sign flips")
    assert row["p_mcnemar"] == pytest.approx(2 / 2**10)


def test_json_csv_and_markdown(runs: Path) -> None:
    """One row with the numbers; Markdown has the diff in a fence."""
    (row,) = msgspec.json.decode(run("baseline", "bbb222", runs, "--format", "json"))
    assert (row["k_from"], row["n_from"], row["k_to"], row["n_to"]) == (16, 20, 1, 20)
    assert row["ratio"] == pytest.approx(1 / 16)
    assert row["ratio_lo"] < row["ratio"] < row["ratio_hi"]
    assert row["excluded_from"] == {"api_error": 2}
    assert row["differs"]["how"] == ["silent", "keep_calling"]
    assert "+ Do sums. Stop first." in row["prompt_diff"]
    (table,) = csv.DictReader(io.StringIO(run("baseline", "bbb222", runs, "--format", "csv")))
    assert float(table["ratio"]) == pytest.approx(1 / 16)
    assert "```diff\n- baseline" in run("baseline", "bbb222", runs, "--format", "markdown")


def test_a_base_of_zero_has_no_ratio(runs: Path) -> None:
    """Nothing can be removed where there was nothing."""
    stored(runs, "fff666", 0, label="none")
    (row,) = msgspec.json.decode(run("none", "baseline", runs, "--format", "json"))
    assert (row["ratio"], row["ratio_lo"], row["ratio_hi"]) == (None, None, None)


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (("baselime", "bbb222"), "Did you mean 'baseline'?"),
        (("baseline", "clarified"), "2 cells match clarified"),
        (("baseline", "aaa111"), "are the same cell"),
        (("baseline", "empty"), "empty (ddd444) has no episodes"),
        (("baseline", "bbb222", "--measure", "attempt"), "has no measure 'attempt'. Measures: resistance"),
    ],
)
def test_errors_say_what_would_be_right(runs: Path, cells: tuple[str, ...], problem: str) -> None:
    """An unknown name, an ambiguous one with its keys, the same cell twice, no episodes, no such measure."""
    text = run(*cells, runs, code=2)
    assert problem in text
    if "2 cells" in problem:
        assert "bbb222" in text
        assert "ccc333" in text


@pytest.mark.slow
def test_arenas_central_comparison_is_printed(command_line: CommandLine) -> None:
    """Warning against clarified: one sets its placement by its level, the other beside it."""
    sweep = ("-m", "experiment=arena_4_2_shutdown", "model=simulated/ambiguity", "samples=20")
    assert command_line.run(*sweep).returncode == 0
    rows = msgspec.json.decode(
        command_line.hanlon("contrasts", str(command_line.runs), "--format", "json").stdout
    )
    (row,) = [r for r in rows if r["kind"] == "bundle" and r["from"] == "palisade_e"]
    assert row["to"] == "priority_clarified"
    assert set(row["changed"]) == {"unfinished", "precedence", "how"}
    assert row["ratio"] < 1
