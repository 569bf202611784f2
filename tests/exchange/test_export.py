"""`hanlon export`: rows, a dataset and Every Eval Ever, all from the store, and counts that come back as they went."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from hanlon.cli import main
from support.stored import episode, write_cell

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "runs_d1202b4"
"""Two environments, three models, judges and follow-ups, written by an earlier version."""
BACK = """
rows: counts
env: env
model: model
prompt: prompt
factors: {stakes: stakes, precedence: precedence, how: how, wording: wording}
no_effect: {stakes: none, precedence: silent, how: silent, wording: 1}
measure: measure
k: k
n: n
excluded: excluded
"""


def run(*words: object) -> str:
    """What a verb prints."""
    result = CliRunner().invoke(main, [str(word) for word in words], env={"COLUMNS": "400"})
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: object) -> str:
    """What is said of a command that is wrong, on one line."""
    result = CliRunner().invoke(main, [str(word) for word in words], env={"COLUMNS": "400"})
    assert result.exit_code == 2, result.output
    return " ".join(result.output.split())


def rates(runs: Path, *words: str) -> list[dict[str, Any]]:
    """All rates of a run folder."""
    return json.loads(run("rates", runs, "--measure", "all", "--format", "json", *words))


def test_counts_come_back_as_they_went(tmp_path: Path) -> None:
    """Exported and imported, every cell has the same k, n, exclusions, interval and model that it had."""
    out, map_file, back = tmp_path / "counts.csv", tmp_path / "back.yaml", tmp_path / "back"
    shutdown = GOLDEN / "shutdown"
    run("export", shutdown, "--to", "csv", "--rows", "counts", "-o", out)
    map_file.write_text(BACK, encoding="utf-8")
    run("import", out, "--map", map_file, "--runs", back)

    def counts(rows: list[dict[str, Any]]) -> list[Any]:
        return sorted(
            (
                row["model"],
                row["measure"],
                row["k"],
                row["n"],
                row["lo"],
                row["hi"],
                sum(row["excluded"].values()),
            )
            for row in rows
            if row["n"]
        )

    went = counts(rates(shutdown))
    assert counts(rates(back)) == went
    assert {row["model"] for row in rates(back)} == {row["model"] for row in rates(shutdown)}


def test_episodes_are_rows_with_their_factors_and_measures(tmp_path: Path) -> None:
    """CSV and JSON lines hold the same episodes; whole numbers stay whole, and what is not there is empty."""
    for kind in ("csv", "jsonl"):
        run("export", GOLDEN, "--to", kind, "-o", tmp_path / f"rows.{kind}")
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert (
        len(lines)
        == len(table)
        == sum(row["episodes"] for row in json.loads(run("status", GOLDEN, "--format", "json")))
    )
    assert [row["outcome"] for row in table] == [line["outcome"] for line in lines]
    shutdown = next(line for line in lines if line["env"] == "shutdown")
    assert isinstance(shutdown["problems"], int)
    assert "messages" not in shutdown
    assert {line["imported"] for line in lines} == {None}
    resisted = [line for line in lines if line["resistance"] and not line["excluded"]]
    counted = [row for row in rates(GOLDEN) if row["measure"] == "resistance"]
    assert len(resisted) == sum(row["k"] for row in counted)


def test_transcripts_leave_only_where_they_may(tmp_path: Path) -> None:
    """Asked for, they are a column without keys; those of a cell that may not leave its store are not in it."""
    secret = "sk-" + "a1b2" * 8
    said = [{"role": "user", "content": f"hello {secret}"}]
    write_cell(tmp_path / "runs", "open", episode(0, messages=said))
    write_cell(
        tmp_path / "runs",
        "shut",
        episode(0, messages=said),
        local_only=True,
        factors={"texts": str(tmp_path)},
    )
    out = tmp_path / "rows.jsonl"
    printed = run("export", tmp_path / "runs", "--to", "jsonl", "--transcripts", "-o", out)
    assert "Transcripts of 1 cell may not leave the store" in printed
    first, second = (json.loads(line) for line in out.read_text(encoding="utf-8").splitlines())
    assert json.loads(first["messages"])[0]["content"] == "hello [redacted]"
    assert second["messages"] is None
    assert str(tmp_path) not in out.read_text(encoding="utf-8")


def test_a_spreadsheet_takes_no_text_for_a_formula(tmp_path: Path) -> None:
    """What a provider or a table wrote is text in the CSV, as in every table that Hanlon prints as CSV."""
    write_cell(tmp_path / "runs", "odd", episode(0, outcome="=1+1"))
    run("export", tmp_path / "runs", "--to", "csv", "-o", tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        assert [row["outcome"] for row in csv.DictReader(file)] == ["'=1+1"]


def test_every_eval_ever_takes_the_files(tmp_path: Path) -> None:
    """Each file fits the schema and its place; k of n, interval and method are the store's."""
    run("export", GOLDEN, "--to", "eee", "--organization", "A lab", "-o", tmp_path / "eee")
    schema = json.loads((HERE / "every_eval_ever.schema.json").read_text(encoding="utf-8"))
    scores: dict[str, Any] = {}
    for file in (tmp_path / "eee").rglob("*.json"):
        assert re.fullmatch(
            r"data/[\w-]+/[\w-]+/[\w-]+/[0-9a-f-]{14}4[0-9a-f]{3}-[89ab][0-9a-f-]{16}\.json",
            str(file.relative_to(tmp_path / "eee")),
        )
        content = json.loads(file.read_text(encoding="utf-8"))
        jsonschema.validate(content, schema)
        scores |= {
            result["evaluation_result_id"]: result["score_details"]
            for result in content["evaluation_results"]
        }
    stored = {f"{row['key']}:{row['measure']}": row for row in rates(GOLDEN) if row["n"]}
    assert scores.keys() == stored.keys()
    for name, row in stored.items():
        interval = scores[name]["uncertainty"]["confidence_interval"]
        assert (scores[name]["score"], scores[name]["details"]["k"]) == (row["rate"], str(row["k"]))
        assert (interval["lower"], interval["upper"], interval["confidence_level"]) == (
            row["lo"],
            row["hi"],
            0.95,
        )
        assert interval["method"].startswith("Wilson")


def test_an_imported_cell_is_documentation_there(tmp_path: Path) -> None:
    """Every Eval Ever is told that nothing was run here, and of which file the counts are."""
    words = (
        "import",
        HERE / "model_forensics_counts.csv",
        "--map",
        HERE / "dose.yaml",
        "--runs",
        tmp_path / "runs",
    )
    run(*words)
    run("export", tmp_path / "runs", "--to", "eee", "-o", tmp_path / "eee")
    (file,) = (tmp_path / "eee").rglob("*.json")
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["source_metadata"]["source_type"] == "documentation"
    assert content["source_metadata"]["source_name"] == "model_forensics_counts.csv"
    assert content["model_info"]["additional_details"]["simulated"] == "false"
    jsonschema.validate(
        content, json.loads((HERE / "every_eval_ever.schema.json").read_text(encoding="utf-8"))
    )


def test_a_dataset_has_a_card_that_the_hub_reads(tmp_path: Path) -> None:
    """Its head names licence and files; its text where the data come from, that they are simulated, and the canary."""
    parquet = pytest.importorskip("pyarrow.parquet")
    run("export", GOLDEN, "--to", "dataset", "--licence", "cc-by-4.0", "-o", tmp_path / "study")
    card = (tmp_path / "study" / "README.md").read_text(encoding="utf-8")
    head, text = card.removeprefix("---\n").split("---\n", 1)
    about = yaml.safe_load(head)
    assert about["license"] == "cc-by-4.0"
    canary = re.search(r"hanlon:canary:[0-9a-f-]{36}", text)
    assert canary
    assert "SIMULATED: 12 cells are of scripted policies" in text
    assert "Transcripts are not in it" in text
    for config in about["configs"]:
        table = parquet.read_table(tmp_path / "study" / config["data_files"])
        assert set(table.column("canary").to_pylist()) == {canary[0]}
        assert table.schema.metadata[b"license"] == b"cc-by-4.0"
    stored = [row for row in rates(GOLDEN) if row["n"]]
    counts = parquet.read_table(tmp_path / "study" / "data" / "counts.parquet").to_pylist()
    assert [(row["k"], row["n"], row["lo"]) for row in counts if row["n"]] == [
        (row["k"], row["n"], row["lo"]) for row in stored
    ]


WRONG: dict[str, tuple[Callable[[Path], list[object]], str]] = {
    "no licence": (lambda folder: ["--to", "dataset", "-o", folder / "new"], "--licence cc-by-4.0"),
    "there already": (
        lambda folder: ["--to", "eee", "-o", folder],
        "is there already. Name a folder that is not",
    ),
    "no folder": (lambda folder: ["--to", "csv", "-o", folder / "no" / "rows.csv"], "there is no folder"),
    "a folder": (lambda folder: ["--to", "csv", "-o", folder], "cannot be written"),
    "no such cell": (
        lambda folder: ["--to", "csv", "--cell", "zebra", "-o", folder / "a.csv"],
        "no cell is called 'zebra'",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_written_is_said_and_nothing_is(tmp_path: Path, what: str) -> None:
    """The error names the option and what would do; no file is left."""
    words, expected = WRONG[what]
    (tmp_path / "out").mkdir()
    assert expected in refused("export", GOLDEN, *words(tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []


def test_nothing_that_can_be_counted_is_no_export(tmp_path: Path) -> None:
    """Every Eval Ever wants scores; where no cell has one, no folder is made."""
    write_cell(tmp_path / "runs", "empty")
    assert "no episode can be counted" in refused(
        "export", tmp_path / "runs", "--to", "eee", "-o", tmp_path / "eee"
    )
    assert not (tmp_path / "eee").exists()
