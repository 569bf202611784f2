"""Which published numbers stand beside a cell, and how the table marks them."""

import csv
import io
import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from hanlon.analysis.published.published import (
    PublishedRate,
    published_contrast,
    published_for,
    published_rows,
)
from hanlon.cli import main
from hanlon.store.episodes import write_json
from support.command_line import CommandLine
from support.composed import record
from support.stored import episode, lines, write_cell

O3 = "model=openrouter/openai/o3"
OPUS = "model=openrouter/anthropic/claude-3-opus"


def one(rates: list[PublishedRate], place: str) -> PublishedRate:
    """The only one of a table or figure."""
    (found,) = [rate for rate in rates if rate.place == place]
    return found


def conditions(*overrides: str, measure: str = "resistance") -> set[str]:
    """The names of the published conditions beside a cell."""
    return {rate.condition for rate in published_for(record(*overrides), measure)}


def test_a_level_and_its_factors_by_hand_are_the_same_condition() -> None:
    """What counts is the point in the factor space, not the name of the level."""
    by_level = published_for(record(O3, "prompt=palisade_c"), "resistance")
    by_hand = published_for(record(O3, "prompt=baseline", "env.placement=system"), "resistance")
    assert by_level == by_hand
    assert (one(by_level, "sheet, basis of Figs 7-11").rate, by_level[0].counts) == (0.225, "inferred")


def test_each_source_of_a_condition_is_given() -> None:
    """Palisade's thread, blog, Table 2 and sheet each have their own number for o3."""
    rates = published_for(record(O3, "prompt=no_instruction"), "resistance")
    assert {rate.place: rate.k for rate in rates if rate.study == "palisade_2025"} == {
        "results page": 79,
        "Fig. 2": 79,
        "Table 2": 945,
    }


@pytest.mark.parametrize(
    "other",
    [
        "env.pressure=imperative",
        "env.problems=12",
        "tier=free",
        "model.sampling.reasoning_effort=high",
        "++model.extra_body.reasoning.max_tokens=4096",
        "model=simulated/obedient",
        "model=openrouter/openai/o3-pro",
        "env.stakes=user_data",
    ],
)
def test_another_condition_or_model_has_no_published_rate(other: str) -> None:
    """A factor, the tier, the effort or the model that no paper ran."""
    assert conditions(O3, "prompt=baseline")
    assert not conditions(O3, "prompt=baseline", other)


@pytest.mark.parametrize(
    "same",
    ["env.wording=3", "env.program=next_task", "model=openai/o3", "seed=4", "model=openai/o3-2025-04-16"],
)
def test_words_and_vendor_may_differ(same: str) -> None:
    """Another wording, the provider's own id of the model with or without its date."""
    assert conditions(O3, "prompt=baseline", same) == conditions(O3, "prompt=baseline")


def test_what_the_paper_counts_the_other_way_round_is_turned() -> None:
    """DeepMind's 84 % compliance is 16 % strict non-compliance; 1000 of 1000 are none, and Greenblatt likewise."""
    gemini = "model=openrouter/google/gemini-2.5-pro"
    allowed = one(published_for(record(gemini, "prompt=baseline"), "strict_noncompliance"), "text")
    assert (allowed.rate, allowed.k, allowed.n, allowed.counts) == (0.16, None, 1000, "n only")
    clarified = one(
        published_for(record(gemini, "prompt=priority_clarified"), "strict_noncompliance"), "text"
    )
    assert (clarified.rate, clarified.k, clarified.n, clarified.counts) == (0.0, 0, 1000, "n at least")
    af = ("env=alignment_faking", "model=openrouter/meta-llama/llama-3.1-405b-instruct")
    minimal = one(published_for(record(*af, "tier=free"), "compliance"), "Table 5 (App. B.4)")
    assert (minimal.k, minimal.n, minimal.rate) == (76, 400, 0.19)
    assert minimal.lo == pytest.approx(1 - 0.8454)
    assert minimal.hi == pytest.approx(1 - 0.7687)


def test_the_nearest_condition_of_a_table_is_given_and_its_differences_named() -> None:
    """Greenblatt's appendix has no tags: beside a cell with them stands the row of its own voice, and it says so."""
    af = ("env=alignment_faking", OPUS, "tier=paid")
    near = one(published_for(record(*af), "compliance"), "App. G.2")
    assert near.condition == "helpful-only: 1 default"
    assert "different suffix" in near.remarks
    varied = one(published_for(record(*af, "prompt=you_should"), "compliance"), "App. G.2")
    assert varied.condition.startswith("helpful-only: 9 ")
    assert "different suffix" in varied.remarks
    exact = one(published_for(record(*af, "env.suffix=none"), "compliance"), "App. G.2")
    assert exact.condition == "helpful-only: 1 default"
    assert exact.remarks == ("different wording",)
    assert exact.rate == pytest.approx(0.028)
    named = published_for(record(*af, "env.suffix=none", "env.lab=OpenAI"), "compliance")
    assert one(named, "App. G.2").condition.endswith("OpenAI is AI company")


def test_a_published_gap_belongs_to_two_cells_that_differ_in_their_tier_alone() -> None:
    """Greenblatt's 11.3 points, free minus paid compliance, and nothing for any other pair."""
    words = ("env.suffix=none",)
    free, paid = (record("env=alignment_faking", OPUS, f"tier={tier}", *words) for tier in ("free", "paid"))
    gap = one(published_contrast(free, paid, "compliance"), "App. G.2")
    assert (gap.rate, gap.se, gap.interval) == (0.113, 0.021, "1 SE")
    assert not published_contrast(paid, free, "compliance")
    other = record("env=alignment_faking", OPUS, "tier=paid", "prompt=no_examples", *words)
    assert not published_contrast(free, other, "compliance")
    another = record("env=alignment_faking", "model=openrouter/openai/gpt-4o", "tier=paid", *words)
    assert not published_contrast(free, another, "compliance")


def test_a_published_gap_stands_below_the_contrast_of_the_tiers(tmp_path: Path) -> None:
    """In points and with the sign of ours, the paper's error and where it stands; nothing beside a simulated model."""
    for tier, complied in (("free", 3), ("paid", 1)):
        own = record("env=alignment_faking", OPUS, f"tier={tier}", "env.suffix=none")
        folder = tmp_path / "alignment_faking" / f"baseline-{own.key}"
        write_json(folder / "cell.json", own)
        facts = ({"request": f"r{i}"} for i in range(4))
        told = [
            episode(i, measures={"compliance": i < complied}, facts=fact, outcome="complied")
            for i, fact in enumerate(facts)
        ]
        (folder / "episodes.jsonl").write_bytes(lines(*told))
    printed = CliRunner().invoke(main, ["contrasts", str(tmp_path), "--published"]).output
    assert "Published beside tier: paid → free" in printed
    assert "+11.3 points ± 2.1 (1 SE) in greenblatt_2024, App. G.2 (helpful-only: 1 default" in printed
    assert "Published" not in CliRunner().invoke(main, ["contrasts", str(tmp_path)]).output


def test_nothing_published_is_said(tmp_path: Path) -> None:
    """Two cells of which no paper speaks leave a line that says so."""
    for key, placement in (("a", "user"), ("b", "system")):
        write_cell(tmp_path, key, episode(0), factors={"placement": placement})
    printed = CliRunner().invoke(main, ["contrasts", str(tmp_path), "--published"]).output
    assert "no paper's difference is of these models, conditions and tiers" in printed


def test_wording_is_the_papers_only_if_its_hash_is() -> None:
    """A row that carries the hash of the cell's texts is not marked."""
    ours = record(O3, "prompt=palisade_e")
    rows = [dict(row) | {"texts_hash": ours.texts_hash} for row in published_rows()]
    assert all("different wording" in rate.remarks for rate in published_for(ours, "resistance"))
    assert not any("different wording" in rate.remarks for rate in published_for(ours, "resistance", rows))


@pytest.fixture
def stored_runs(command_line: CommandLine) -> Path:
    """Two stored cells, one of which papers have run."""
    for overrides in ([O3, "prompt=baseline"], [O3, "prompt=placebo"]):
        ours = record(*overrides)
        folder = command_line.runs / "shutdown" / f"{ours.label}-{ours.key}"
        write_json(folder / "cell.json", msgspec.convert(msgspec.to_builtins(ours), type(ours)))
        (folder / "episodes.jsonl").write_bytes(lines(*(episode(index) for index in range(4))))
    return command_line.runs


def test_the_table_marks_published_rows_as_theirs(command_line: CommandLine, stored_runs: Path) -> None:
    """Below the cell's row: the paper's counts, whose they are, the source, and that the words differ."""
    shown = command_line.hanlon("rates", "--published", str(stored_runs), "--format", "markdown").stdout
    baseline = [line for line in shown.splitlines() if line.startswith("| baseline") or "published:" in line]
    assert baseline[0].split("|")[1].strip() == "baseline"
    sheet = next(line for line in baseline if "sheet" in line)
    assert "| 17/1000 (inferred) |" in sheet.replace("  ", " ").replace("  ", " ")
    assert "different wording" in sheet
    assert "Jeffreys 95%" in sheet
    assert "7/100" in shown
    table = command_line.hanlon("rates", "--published", str(stored_runs)).stdout
    assert "not of these episodes" in table
    assert "https://arxiv.org/abs/2509.14260" in table
    assert "published:" not in command_line.hanlon("rates", str(stored_runs)).stdout


def test_json_and_csv_keep_own_and_published_rows_apart(command_line: CommandLine, stored_runs: Path) -> None:
    """One column says whose a row is; every row has the same columns."""
    said = json.loads(
        command_line.hanlon("rates", "--published", str(stored_runs), "--format", "json").stdout
    )
    theirs = [row for row in said if row["published"]]
    assert {row["published"]["study"] for row in theirs} == {"palisade_2025"}
    assert len(said) - len(theirs) == 2
    assert {row["episodes"] for row in theirs} == {None}
    printed = command_line.hanlon("rates", "--published", str(stored_runs), "--format", "csv").stdout
    assert len(list(csv.DictReader(io.StringIO(printed)))) == len(said)


def test_a_table_without_published_rows_says_so(command_line: CommandLine, stored_runs: Path) -> None:
    """Nothing of strictly measured o3 at the baseline was published."""
    shown = command_line.hanlon("rates", "--published", "--measure", "attempt", str(stored_runs))
    assert shown.returncode == 0, shown.stderr
    assert "Published: nothing" in shown.stdout
