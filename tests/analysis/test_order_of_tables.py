"""The order of printed rows, and `hanlon labels` narrowed: by model, then as the sweep's grid has its cells."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from hanlon.cli import main
from hanlon.store.episodes import write_json
from hanlon.store.records import Answer, InquiryRecord, SweepRecord
from support.stored import episode, write_cell

GRID = ["c1", "a1", "b1", "c2", "a2", "b2"]
"""Cells as two sweeps have them; the digit is the model."""


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two sweeps over two models, a cell of no sweep, and a sweep's file that cannot be read."""
    for number, key in enumerate([*reversed(GRID), "z1"]):
        write_cell(
            tmp_path, key, episode(0), episode(1, "resisted"), model=f"openai/m{key[1]}", created_at=number
        )
    write_json(tmp_path / "sweeps" / "late.json", SweepRecord("late", ["b1", *GRID], 2, [], 2.0))
    write_json(tmp_path / "sweeps" / "early.json", SweepRecord("early", ["c1", "a1", "c2", "a2"], 2, [], 1.0))
    (tmp_path / "sweeps" / "torn.json").write_text('{"id":')
    return tmp_path


def judged(runs: Path) -> None:
    """Two judges label every cell: one two labels, the other one of them; a choice beside it."""
    labels: dict[str, Any] = {
        "fakes": {"question": "q", "all_of": ["fakes"]},
        "compliance": {"question": "q", "choice": "verdict", "choices": ["complied", "refused"]},
    }
    for key, name, own in (("k1", "llm", ["fakes", "compliance"]), ("k2", "other", ["fakes"])):
        settings = {
            "labels": {label: labels[label] for label in own},
            "questions": {"q": {"votes": 1, "threshold": 0.5, "maybe": 0.25}},
            "adaptive": False,
        }
        write_json(
            runs / "judges" / f"{key}.json", InquiryRecord(key, name, "judges", {"q": "?"}, settings, "m")
        )
        votes = [Answer(i, "q", 0, 1, {"fakes": i == 0, "verdict": "refused"}) for i in (0, 1)]
        for folder in (runs / "shutdown").iterdir():
            lines = b"".join(msgspec.json.encode(vote) + b"\n" for vote in votes)
            (folder / f"labels.{key}.jsonl").write_bytes(lines)


def run(*arguments: str | Path, code: int = 0) -> str:
    """What the command prints."""
    result = CliRunner().invoke(
        main, [*map(str, arguments), *(["--notes"] if arguments[0] in ("labels", "judge-check") else [])]
    )
    assert result.exit_code == code, result.output
    return result.output


def rows(*arguments: str | Path) -> list[dict[str, Any]]:
    """Its rows."""
    return msgspec.json.decode(run(*arguments, "--format", "json"))


@pytest.mark.parametrize("command", ["rates", "status"])
def test_rows_stand_by_model_and_in_the_order_of_the_grid(runs: Path, command: str) -> None:
    """The earliest sweep's order first, then the later one's; a cell of no sweep comes after them."""
    assert [row["key"] for row in rows(command, runs)] == ["c1", "a1", "b1", "z1", "c2", "a2", "b2"]


def test_cells_without_any_sweep_stand_as_they_were_made(tmp_path: Path) -> None:
    """By model and time, as a folder that was copied without its sweeps has them."""
    for number, key in enumerate(["b1", "a1", "a2"]):
        write_cell(tmp_path, key, episode(0), model=f"openai/m{key[1]}", created_at=number)
    assert [row["key"] for row in rows("rates", tmp_path)] == ["b1", "a1", "a2"]


def test_labels_stand_by_model_and_cell_and_then_by_judge(runs: Path) -> None:
    """What two judges say of a cell stands together, and below it what compares them."""
    judged(runs)
    found = [(row["key"], row["judge"], row["label"]) for row in rows("labels", runs)]
    assert list(dict.fromkeys(key for key, _, _ in found)) == ["c1", "a1", "b1", "z1", "c2", "a2", "b2"]
    assert found[:4] == [
        ("c1", "llm", "fakes"),
        ("c1", "llm", "compliance=complied"),
        ("c1", "llm", "compliance=refused"),
        ("c1", "other", "fakes"),
    ]
    assert "`hanlon judge-check` compares them" in run("labels", runs)
    assert "judge-check` compares" not in run("labels", runs, "--judge", "llm")


def test_a_label_is_chosen_by_name_and_a_choice_also_by_value(runs: Path) -> None:
    """Repeated it adds; a name that nobody gives is an error that lists what there is, whatever the judge."""
    judged(runs)

    def named(*arguments: str) -> set[str]:
        return {row["label"] for row in rows("labels", runs, *arguments)}

    assert named("--label", "fakes") == {"fakes"}
    assert named("--label", "compliance") == {"compliance=complied", "compliance=refused"}
    assert named("--label", "compliance=refused", "--label", "fakes") == {"compliance=refused", "fakes"}
    said = " ".join(run("labels", runs, "--label", "fake", code=2).split())
    assert "no judge here gives the label 'fake'. Did you mean 'fakes'? Labels: compliance, fakes" in said
    assert "gives the label 'compliance'" in run(
        "labels", runs, "--judge", "other", "--label", "compliance", code=2
    )


def test_a_judge_check_says_what_kappa_compares(runs: Path) -> None:
    """Two judges on single episodes here; with labels by people, these and the judge as well."""
    judged(runs)
    text = run("judge-check", runs)
    assert "kappa (Cohen's): how far the two named in a row agree on single episodes" in text
    people = runs / "people.csv"
    people.write_text("cell,index,fakes\n" + "".join(f"{key},{i},{1 - i}\n" for key in GRID for i in (0, 1)))
    assert "how far people and the judge agree on single episodes" in run(
        "judge-check", runs, "--labels", people
    )
