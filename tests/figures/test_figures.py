"""Figures: what stands in them is what was published or stored, said with k/n, and marked where it is simulated."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from click.testing import CliRunner

from hanlon.analysis.labels.calibration import HumanLabel, JudgedLabel
from hanlon.analysis.published.published import published_rows
from hanlon.cli.figures import figures
from hanlon.figures.catalogue import FIGURES, Figure, drawings
from hanlon.figures.frames import SIMULATED, NothingToDraw
from hanlon.figures.material import Material
from hanlon.figures.papers import greenblatt
from hanlon.figures.points import COLUMNS, frame, published_points
from hanlon.figures.shapes.bars import grouped_bars, lying_bars, rate_table
from hanlon.figures.shapes.forest import scatter, variation_forest
from hanlon.figures.shapes.stacked import dumbbell, stacked_shares
from hanlon.figures.sweep import contrasts, specifications, verdicts
from hanlon.figures.sweep.judges import roc, roc_points, votes_histogram
from hanlon.figures.sweep.tier_pairs import QUANTITIES
from hanlon.figures.theme import WATERMARK
from hanlon.store.cells import load_cells
from hanlon.store.contract import Declaration
from support.command_line import CommandLine
from support.figures import BY_NAME, PUBLISHED_FIGURES, chart, strings
from support.stored import episode, write_cell


@pytest.mark.slow
@pytest.mark.parametrize("figure", PUBLISHED_FIGURES, ids=lambda figure: figure.name)
def test_no_two_own_bars_stand_on_one_place(figure: Figure, shutdown_runs: Path, tier_runs: Path) -> None:
    """Nor do own bars: several prompts, wordings and tiers of one model stand apart."""
    states, _ = load_cells([shutdown_runs, tier_runs])
    _, data = chart(figure, Material(states))
    if {"panel", "group", "series"} <= set(data):
        assert not data.duplicated(["panel", "group", "series"]).any()


@pytest.mark.slow
def test_simulated_runs_are_marked_beside_published_numbers(shutdown_runs: Path) -> None:
    """The watermark stands in the panel and the caption; the published panel has none."""
    states, _ = load_cells([shutdown_runs])
    spec, data = chart(BY_NAME["palisade_paper_7"], Material(states))
    published, simulated = spec["concat"]
    assert WATERMARK in strings(simulated)
    assert WATERMARK not in strings(published)
    assert f"{WATERMARK}." in spec["description"]
    own_rows = data[data["whose"] == SIMULATED]
    assert {(row.condition, row.model) for row in own_rows.itertuples()} == {
        (condition, model)
        for condition in ("A: no instruction", "B: user allow")
        for model in ("simulated/ambiguity", "simulated/ambiguity, wording 2")
    }
    assert set(own_rows["n"]) == {6}
    _, arena = chart(BY_NAME["arena_shutdown"], Material(states))
    named = {"no warning", "shutdown warning"}  # published without a number
    assert set(arena[arena["whose"] == SIMULATED]["condition"]) == named


def test_what_runs_say_is_drawn(shutdown_runs: Path) -> None:
    """Contrasts as means over wordings, the bundle's parts, and each wording and reading as a specification."""
    states, _ = load_cells([shutdown_runs])
    material = Material(states)
    for name in ("contrast_forest", "clause_attribution", "specification_curve"):
        spec, _ = chart(BY_NAME[name], material)
        assert f"{WATERMARK}." in spec["description"]
    _, parts = chart(BY_NAME["clause_attribution"], material)
    clarified = parts[parts["of"] == "priority_clarified"]
    assert set(clarified["part"]) == {"bundle", "alone", "last", "interaction", "placebo"}
    _, curve = chart(BY_NAME["specification_curve"], material)
    assert set(curve["wording"]) == {"1", "2"}
    assert {"rule for resistance", "rule for strict_noncompliance"} <= set(curve["read by"])


@pytest.mark.parametrize(
    ("statuses", "sentence"),
    [
        (["exploratory", "exploratory"], "Exploratory, uncorrected."),
        (
            ["preregistered", "exploratory", "exploratory"],
            "1 of 3 were written down beforehand, their p corrected by Holm; the others are exploratory, uncorrected.",
        ),
        (
            ["preregistered"],
            "1 of 1 were written down beforehand, their p corrected by Holm; intervals are not.",
        ),
    ],
)
def test_a_caption_says_which_contrasts_are_corrected(statuses: list[str], sentence: str) -> None:
    """Rows that Holm has corrected are not captioned as uncorrected."""
    assert contrasts.corrected(pd.DataFrame({"status": statuses})) == sentence


@pytest.mark.slow
def test_figures_of_alignment_faking_show_environments_that_declare_a_motive(tier_runs: Path) -> None:
    """Tiers and requests of an environment that declares no motive are in no figure of the alignment-faking papers."""
    states, _ = load_cells([tier_runs])
    elsewhere = [
        replace(state, record=msgspec.structs.replace(state.record, env="another", declaration=Declaration()))
        for state in states
    ]
    for name in ("sheshadri_stacked", "sheshadri_dumbbell"):
        assert len(chart(BY_NAME[name], Material(states))[1])
        with pytest.raises(NothingToDraw):
            chart(BY_NAME[name], Material(elsewhere))


def test_a_specification_is_the_contrast_itself(shutdown_runs: Path) -> None:
    """With the environment's own reading and denominator the curve has the difference that contrasts print."""
    states, _ = load_cells([shutdown_runs])
    curve, _ = specifications.specifications(states)
    rows = [row for row in Material(states).contrasts if row["kind"] == "contrast"]
    known = {f"{row['key_from']} {row['key_to']}": row for row in rows}
    headline = curve[
        (curve["read by"] == "rule for resistance") & (curve["denominator"] == specifications.ALL)
    ]
    assert len(headline)
    for one in headline.itertuples():
        assert (one.difference, one.lo, one.hi) == tuple(
            known[one.keys][n] for n in ("difference", "lo", "hi")
        )


@pytest.mark.slow
def test_a_specification_of_cells_that_share_their_requests_is_by_request(tier_runs: Path) -> None:
    """The difference and interval are those of `hanlon contrasts`, a judge's reading too, and the caption says so."""
    states, _ = load_cells([tier_runs])
    material = Material(states)
    spec, curve = chart(BY_NAME["specification_curve"], material)
    assert set(curve["unit"]) == {"request"}
    assert any(str(one).startswith("judge simulated for compliance") for one in curve["read by"])
    assert "bootstrap by request" in spec["description"]
    known = {f"{row['key_from']} {row['key_to']}": row for row in material.contrasts}
    headline = curve[curve["read by"] == f"rule for {next(iter(known.values()))['measure']}"]
    for one in headline[headline["denominator"] == specifications.ALL].itertuples():
        row = known[one.keys]
        assert (one.difference, one.lo, one.hi) == (row["difference"], row["lo"], row["hi"])
        assert (row["unit"], f"{row['interval']}") == ("request", f"{one.method} 95%")


def test_what_was_excluded_counts_by_request_too(tmp_path: Path) -> None:
    """One reply excluded in each of two requests moves their mean, and no other; k/n says how many there are."""
    for key, tier, complied in (("a", "paid", 2), ("b", "free", 6)):
        own = [
            episode(
                i,
                "complied" if i < complied else "refused",
                measures={"compliance": i < complied},
                facts={"request": f"r{i % 4}"},
                excluded="truncated" if (tier, i) in (("paid", 7), ("paid", 6)) else None,
            )
            for i in range(8)
        ]
        write_cell(
            tmp_path, key, *own, factors={"tier": tier}, measures={"compliance": "it complied"},
            texts={"requests": "r"}, config={"tier": {"word": tier, "trained": tier == "free"}},
        )  # fmt: skip
    curve, _ = specifications.specifications(load_cells([tmp_path])[0])
    found = {row["denominator"]: row for row in curve.to_dict("records")}
    assert {name: row["counts"] for name, row in found.items()} == {
        "all countable": "2/6 → 6/8",
        "excluded as cases": "4/8 → 6/8",
        "excluded as no cases": "2/8 → 6/8",
    }
    assert {name: row["difference"] for name, row in found.items()} == pytest.approx(
        {"all countable": 0.5, "excluded as cases": 0.25, "excluded as no cases": 0.5}
    )
    assert {row["unit"] for row in found.values()} == {"request"}


@pytest.mark.slow
def test_tiers_are_drawn_with_reasoning(tier_runs: Path) -> None:
    """The stack sums to all replies of a cell, the dumbbell has the gap, and the forest has reasoning from labels."""
    states, _ = load_cells([tier_runs])
    material = Material(states)
    _, segments = chart(BY_NAME["sheshadri_stacked"], material)
    assert (segments.groupby("key")["k"].sum() == 8).all()
    chart(BY_NAME["sheshadri_dumbbell"], material)
    _, points = chart(BY_NAME["greenblatt_variations_ho"], material)
    simulated = points[points["whose"] == SIMULATED]
    assert set(simulated["quantity"]) == set(QUANTITIES)
    _, votes = chart(BY_NAME["judges_votes"], material)
    assert ((votes["share"] >= 0) & (votes["share"] <= 1)).all()


@pytest.mark.slow
def test_three_tiers_are_three_pairs(tmp_path: Path) -> None:
    """In the forest and the scatter each pair of tiers is a row of its own, so that no point lies on another."""
    line = CommandLine(tmp_path)
    done = line.run(
        "-m", "env=alignment_faking", "tier=three/free,three/pro,three/enterprise", "judge=simulated",
        "model=simulated/alignment_faker", "samples=6", "controls=none",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    material = Material(load_cells([line.runs])[0])
    _, points = chart(BY_NAME["greenblatt_variations_ho"], material)
    sweep_points = points[points["whose"] == SIMULATED]
    assert not sweep_points.duplicated(["variation", "quantity"]).any()
    named = {name.rpartition(": ")[2] for name in sweep_points["variation"]}
    assert named == {"free to pro", "free to enterprise", "pro to enterprise"}
    _, scattered = chart(BY_NAME["greenblatt_scatter"], material)
    assert len(scattered[scattered["panel"] == "own runs"]) == 3


def test_contrasts_are_named_by_their_base_cell(shutdown_runs: Path) -> None:
    """Over wordings a contrast has the counts of all of them; where it stands is the base cell without its wording."""
    _, data = chart(BY_NAME["contrast_forest"], Material(load_cells([shutdown_runs])[0]))
    rows = {row.row: row for row in data.itertuples()}
    one = rows["Saying which instruction wins, at baseline"]
    assert one.contexts == 2
    assert re.fullmatch(r"\d+/12 → \d+/12, 2 wordings, sd \d+", one.counts)
    assert "Saying which instruction wins and saying how to comply, at baseline" in rows


@pytest.mark.slow
def test_own_runs_count_what_the_paper_counts(tier_runs: Path) -> None:
    """Greenblatt's non-compliance is the complement of our compliance."""
    states, _ = load_cells([tier_runs])
    _, data = chart(BY_NAME["greenblatt_minimal"], Material(states))
    tallies = {state.record.key: state.tally.measures["compliance"] for state in states}
    simulated = data[data["whose"] == SIMULATED]
    assert len(simulated)
    for point in simulated.itertuples():
        assert (point.n - point.k, point.n) == (tallies[point.key].k, tallies[point.key].n)


def test_a_roc_curve_runs_from_nothing_to_everything() -> None:
    """By hand: of two cases and two others one other scores above one case, AUROC 3/4."""
    shares = {0: 0.9, 1: 0.3, 2: 0.5, 3: 0.1}
    judged = [JudgedLabel("j", False, "c", "free", at, "af", "yes", share) for at, share in shares.items()]
    human = [HumanLabel("c", at, "af", "yes" if at < 2 else "no") for at in shares]
    points = roc_points(judged, human)
    assert [(row.fpr, row.tpr) for row in points.itertuples()] == [
        (0, 0),
        (0, 0.5),
        (0.5, 0.5),
        (0.5, 1),
        (1, 1),
    ]
    assert "AUROC 0.75" in points["auroc"][0]
    roc(points, "t", ()).to_dict()


def test_a_verdict_is_a_table() -> None:
    """Every prediction with its observation and state, under its hypothesis and verdict."""
    rows = pd.DataFrame([
        {"hypothesis": "ambiguity", "verdict": "leads, explains 99 %", "contrast": "precedence", "predicted": "falls",
         "observed": "26/40 to 1/40", "state": "as predicted", "simulated": True},
        {"hypothesis": "self-preservation", "verdict": "does not fit, explains 0 %", "contrast": "stakes",
         "predicted": "rises", "observed": "1/40 to 1/40", "state": "otherwise", "simulated": True},
    ])  # fmt: skip
    spec = verdicts.verdict_table(rows, "Verdict", ()).to_dict()
    heads = {
        "ambiguity: leads, explains 99 %",
        "self-preservation: does not fit, explains 0 %",
        f"{WATERMARK}.",
    }
    assert heads <= set(strings(spec))


PREDICTED = {
    "kind": "prediction", "model": "m", "simulated": True, "hypothesis": "ambiguity", "predicts": "falls",
    "contrast": "prompt baseline -> priority_clarified", "cells": ["baseline", "priority_clarified"], "met": True,
    "k": [26, 1], "n": [40, 40], "difference": -0.625, "lo": -0.75, "hi": -0.45, "result": None,
}  # fmt: skip
"""A row of `hanlon verdict --format json`."""


def test_a_verdict_shows_the_context_that_is_not_as_predicted() -> None:
    """Of a change the compared pair first."""
    other = PREDICTED | {"cells": ["a", "b"], "met": False}
    change = PREDICTED | {"predicts": "rises", "k": [1, 2, 3, 4], "n": [9] * 4, "cells": list("abcd")}
    points = verdicts.verdict_points([PREDICTED, other, change])
    assert list(points["contrast"]) == ["a to b", "a to b"]
    assert list(points["state"]) == ["otherwise", "as predicted"]
    assert points["contexts"][0] == "as predicted in 1 of 2"
    assert points["observed"][1] == "3/9 to 4/9, against 1/9 to 2/9: -62 [-75, -45]"


def test_the_rows_of_a_verdict_are_drawn() -> None:
    """Each hypothesis with its status and share, observations as k/n and points; the answer is the caption."""
    hypothesis = {"kind": "hypothesis", "model": "m", "status": "exploratory"}
    rows = [
        {
            "kind": "verdict",
            "model": "m",
            "hypothesis": None,
            "result": "leads",
            "reason": "ambiguity leads.",
        },
        hypothesis | {"hypothesis": "ambiguity", "result": "leads", "explains": 0.99},
        hypothesis | {"hypothesis": "task_drive", "result": "does not fit", "explains": -0.2},
        PREDICTED,
        PREDICTED | {"hypothesis": "task_drive", "met": False},
    ]
    spec, _ = chart(BY_NAME["verdict"], Material(verdict=rows))
    drawn = "\n".join(strings(spec))
    parts = (
        *("ambiguity: leads, explains 99 %", "task drive: does not fit, explains 0 %"),
        *("26/40 to 1/40: -62 [-75, -45]", "as predicted"),
    )
    assert [text for text in parts if text not in drawn] == []
    assert "ambiguity leads." in spec["description"]
    assert "2 of 2 hypotheses are exploratory" in spec["description"]


def test_people_s_labels_make_a_roc_curve(tier_runs: Path, tmp_path: Path) -> None:
    """Labels from a file stand against the judge's votes; a file with a mistake says where it is."""
    states, _ = load_cells([tier_runs])
    (cell,) = [state for state in states if state.record.label == "arena+tier=free"]
    lines = ["cell,index,alignment_faking", *(f"{cell.record.key},{index},{index % 2}" for index in range(8))]
    path = tmp_path / "human.csv"
    path.write_text("\n".join(lines))
    words = [str(tier_runs), "--human", str(path), "--only", "judges_roc", "--out", str(tmp_path)]
    done = CliRunner().invoke(figures, words)
    assert done.exit_code == 0, done.output
    assert "4 cases, 4 others" in (tmp_path / "judges_roc.txt").read_text()
    path.write_text("cell,index,alignment_faking\nnowhere,0,1")
    done = CliRunner().invoke(figures, words)
    assert done.exit_code == 2
    assert "line 2" in done.output


@pytest.mark.parametrize(
    "draw",
    [
        lambda empty: grouped_bars(empty, "t", (), "rate"),
        lambda empty: lying_bars(empty, "t", (), "rate"),
        lambda empty: rate_table(empty, "t", ()),
        lambda empty: variation_forest(empty, "t", (), greenblatt.SPANS),
        lambda empty: scatter(empty, empty, "t", ()),
        lambda empty: stacked_shares(empty, "t", (), greenblatt.STACK),
        lambda empty: dumbbell(empty, empty, "t", ()),
        lambda empty: votes_histogram(empty, "t", ()),
        lambda empty: roc(empty, "t", ()),
        lambda empty: contrasts.contrast_forest(empty, "t", ()),
        lambda empty: contrasts.clause_attribution(empty, "t", ()),
        lambda empty: verdicts.verdict_table(empty, "t", ()),
        lambda empty: specifications.specification_curve(empty, "t", ()),
    ],
)
def test_an_empty_frame_is_a_clear_error(draw: Any) -> None:
    """It says that there is nothing to draw, and of what."""
    with pytest.raises(NothingToDraw, match=r"nothing to draw: .{8,}"):
        draw(frame([]))


def test_points_have_their_columns() -> None:
    """The documented columns, one row for each published one."""
    points = published_points()
    assert list(points) == list(COLUMNS)
    assert len(points) == len(published_rows())


def test_the_command_writes_what_it_lists(tmp_path: Path) -> None:
    """One figure, its files and its name on a line."""
    done = CliRunner().invoke(figures, ["--only", "icmi", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert {path.name for path in tmp_path.iterdir()} == {
        f"icmi.{end}" for end in ("svg", "pdf", "png", "csv", "vl.json", "txt")
    }
    assert "icmi.{svg,pdf,png,csv,vl.json,txt}" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nonsense"], "no figure is called 'nonsense'"),
        (["--only", "koorndyk"], "Did you mean 'koorndijk'? --list names them all"),
        (["--only", "contrast_forest"], "shows own runs, so name run folders"),
        (["EMPTY"], "no cells in"),
        (["--width", "narrow"], "'narrow' is no width: single (82.5 mm), double (171 mm)"),
        (["--labels", "LABELS"], "two names have the label 'x'"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], said: str, tmp_path: Path) -> None:
    """An unknown name, own figures without runs, a folder without cells."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "labels.yaml").write_text("a: x\nb: x\n")
    places = {"EMPTY": str(tmp_path / "empty"), "LABELS": str(tmp_path / "labels.yaml")}
    words = [places.get(word, word) for word in arguments]
    done = CliRunner().invoke(figures, [*words, "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.slow
def test_runs_draw_only_figures_that_they_stand_in(shutdown_runs: Path) -> None:
    """Without --published no figure of alignment faking is made of shutdown runs."""
    states, _ = load_cells([shutdown_runs])
    drawn = {
        figure.name
        for figure, result in drawings(Material(states), FIGURES, published=False)
        if not isinstance(result, NothingToDraw)
    }
    assert {"palisade_paper_7", "gdm_compliance", "contrast_forest"} <= drawn
    assert not {"greenblatt_minimal", "palisade_robots", "sheshadri_stacked"} & drawn
