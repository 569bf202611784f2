"""The verdict, the effects and the page of a summary run are those of `hanlon verdict` and `hanlon report`."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from test_wandb_panels import answer_to, lines_of, tier_cells

from hanlon.cli import main
from hanlon.hypotheses.files import plans_for
from hanlon.hypotheses.registration import new_registration
from hanlon.tracking.wandb import WandbTracker
from support.grid_cells import FACTORS
from support.tracked_sweep import TrackedSweep, cell_record, episode
from support.wandb_file import LoggedRun, by_job
from support.wandb_server import WandbServer

pytestmark = pytest.mark.slow

Offline = Callable[..., WandbTracker]
KEYS = ("a1", "b2")
N = 40
EPISODES = {
    "a1": [episode(i, resisted=i < 2) for i in range(N)],
    "b2": [episode(i, resisted=i < 38) for i in range(N)],
}


def stakes_cells(**changes: Any) -> list[Any]:
    """Two cells that differ in what is at stake for the model, of which the bundled hypotheses speak."""
    factors = FACTORS | {"timing": "mid_task", "realism": "silent", "pressure": "none"}
    return [
        cell_record(key, label=f"baseline+stakes={level}", factors=factors | {"stakes": level}, **changes)
        for key, level in zip(KEYS, ("none", "replaced"), strict=True)
    ]


def registered(sweep: TrackedSweep, stored: int = 0) -> TrackedSweep:
    """The same sweep with the bundled hypotheses written down before its first call."""
    sweep.sweep.registration = new_registration(plans_for(["shutdown"], None), N, list(KEYS), stored)
    return sweep


def page_of(run: LoggedRun) -> str:
    """The page of the report in a run's folder."""
    [file] = run.folder.glob("files/media/html/report_*.html")
    return file.read_text(encoding="utf-8")


def figures_on(page: str) -> list[str]:
    """The names of the figures of a page."""
    return re.findall(r'<figure id="(\w+)">', page)


@pytest.mark.parametrize(
    ("write_down", "status"), [(registered, "written down beforehand"), (lambda sweep: sweep, "exploratory")]
)
def test_the_verdict_is_that_of_the_command_of_its_name(
    runs_dir: Path, offline: Offline, write_down: Callable[[TrackedSweep], TrackedSweep], status: str
) -> None:
    """Each prediction, effect, hypothesis, control and the answer, as `hanlon verdict --format json` has them."""
    write_down(TrackedSweep(runs_dir, stakes_cells())).run(offline(), EPISODES)
    rows = msgspec.json.decode(
        CliRunner().invoke(main, ["verdict", str(runs_dir), "--format", "json"]).stdout
    )
    [run] = by_job(runs_dir, "summary")
    by_kind = {kind: [row for row in rows if row["kind"] == kind] for kind in ("prediction", "effect")}
    predictions, effects, answers = (lines_of(run, name) for name in ("predictions", "effects", "verdict"))
    assert len(predictions) == len(by_kind["prediction"]) > 3
    for line, row in zip(predictions, by_kind["prediction"], strict=True):
        for name in ("hypothesis", "predicts", "met", "p_no_difference", "difference", "status"):
            assert line[name] == (pytest.approx(row[name]) if isinstance(row[name], float) else row[name])
        assert line["observed"] == counts(row)
        assert line["simulated"] is False
    assert {line["met"] for line in predictions} == {True, False}
    for line, row in zip(effects, by_kind["effect"], strict=True):
        assert (line["effect"], line["k/n"]) == (row["contrast"], counts(row))
        assert line["ratio"] == pytest.approx(row["ratio"])
        assert line["share removed"].startswith("x 19.0 [")
    others = [row for row in rows if row["kind"] not in by_kind]
    assert [(line["kind"], line["hypothesis"], line["result"]) for line in answers] == [
        (row["kind"], row["hypothesis"], row["result"]) for row in others
    ]
    assert {line["status"] for line in answers if line["kind"] == "hypothesis"} == {status}
    assert run.summary["answer"] == run.run.notes.replace("\n\n", " ") == rows[0]["reason"]


def counts(row: dict[str, Any]) -> str:
    """How a row of two cells is written."""
    return " -> ".join(f"{k}/{n}" for k, n in zip(row["k"], row["n"], strict=True))


def test_the_page_is_that_of_hanlon_report(runs_dir: Path, offline: Offline) -> None:
    """Byte for byte, for the same store; also after a second command of the same name, about another model."""
    sweep = registered(TrackedSweep(runs_dir, stakes_cells()))
    sweep.run(offline(report=True), EPISODES)
    assert page_of(by_job(runs_dir, "summary")[0]) == written_page(runs_dir)
    later = [msgspec.structs.replace(cell, key=cell.key + "2", model="other") for cell in sweep.cells]
    again = TrackedSweep(runs_dir, later)
    again.sweep.registration = sweep.sweep.registration
    again.run(offline(report=True), {f"{key}2": episodes for key, episodes in EPISODES.items()})
    second = by_job(runs_dir, "summary")[-1]
    assert page_of(second) == written_page(runs_dir)
    assert {line["model"] for line in second.rates()} == {"openai/o3", "other"}
    assert second.summary["cells"] == 4


def written_page(runs_dir: Path) -> str:
    """What the command writes."""
    out = runs_dir.parent / "page.html"
    words = ["report", str(runs_dir), "-o", str(out), "--no-figures"]
    assert CliRunner().invoke(main, words).exit_code == 0
    return out.read_text(encoding="utf-8")


def test_the_figures_stand_on_the_page(runs_dir: Path, offline: Offline) -> None:
    """Drawn and alive; nothing is loaded from anywhere; the numbers are those of the store."""
    registered(TrackedSweep(runs_dir, stakes_cells())).run(offline(report=True, figures=True), EPISODES)
    page = page_of(by_job(runs_dir, "summary")[0])
    assert figures_on(page)[:4] == ["effects", "cell_rates", "verdict", "contrast_forest"]
    for said in ("2/40", "38/40", "baseline, stakes replaced", "self_preservation"):
        assert said in page
    assert "SIMULATED" not in page
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=.?(?:https?:)?//", page)
    assert "vegaEmbed" in page
    assert 0.8e6 < len(page) < 2e6, "Vega's libraries, once for all figures"


def test_a_gap_is_drawn_and_what_is_simulated_is_marked(runs_dir: Path, offline: Offline) -> None:
    """Tiers over the same requests, of a scripted policy."""
    cells = tier_cells()
    for cell in cells:
        cell.simulated = True
    sweep = TrackedSweep(runs_dir, cells)
    sweep.run(
        offline(report=True, figures=True),
        {key: [answer_to(i, i < k) for i in range(10)] for key, k in (("free", 6), ("paid", 2))},
    )
    page = page_of(by_job(runs_dir, "summary")[0])
    assert {"cell_rates", "contrast_forest", "sheshadri_dumbbell"} <= set(figures_on(page))
    assert page.count("SIMULATED") >= 2 * len(figures_on(page))


def test_figures_arrive_on_the_server_and_in_the_view(
    runs_dir: Path, server: WandbServer, said: list[str]
) -> None:
    """Online the page is a file of the summary run, named in its summary, and one of the sweep's artifact."""
    TrackedSweep(runs_dir, stakes_cells()).run(WandbTracker(say=said.append), EPISODES)
    [summary] = server.by_job("summary")
    assert summary.summary["report"]["_type"] == "html-file"
    page = summary.files[summary.summary["report"]["path"]].decode()
    assert figures_on(page)
    [artifact] = [each for each in server.artifacts.values() if each["artifactTypeName"] == "sweep"]
    assert artifact["files"]["report.html"].decode() == page
    assert all('"report"' in view["spec"] for view in (*server.views.values(), *server.reports.values()))


def test_without_altair_the_tables_are_there_and_one_line_says_so(
    runs_dir: Path, offline: Offline, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is installed, the same command logs the summary again, and only that."""
    sweep = registered(TrackedSweep(runs_dir, stakes_cells()))
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "altair", None)
        sweep.run(offline(report=True, figures=True), EPISODES)
    assert [line for line in said if "figures" in line] == [
        "W&B: no figures in the report (altair and vl-convert are not installed: pip install 'hanlon[figures]')"
    ]
    [run] = by_job(runs_dir, "summary")
    assert len(lines_of(run, "predictions")) > 3
    assert figures_on(page_of(run)) == []
    sweep.run(offline(report=True, figures=True), {})
    assert len(by_job(runs_dir, "cell")) == 2
    assert figures_on(page_of(by_job(runs_dir, "summary")[-1]))


def test_the_page_can_be_left_out(runs_dir: Path, offline: Offline, said: list[str]) -> None:
    """`tracker.report=false` (as this fixture has it): tables alone, and nothing is said."""
    TrackedSweep(runs_dir, stakes_cells()).run(offline(), EPISODES)
    [run] = by_job(runs_dir, "summary")
    assert not list(run.folder.glob("files/media/html/*"))
    assert lines_of(run, "verdict")
    assert len(said) == 1


def test_hypotheses_that_speak_of_nothing_here_make_no_table(runs_dir: Path, offline: Offline) -> None:
    """One cell alone: rates and transcripts, no verdict, no contrast."""
    sweep = TrackedSweep(runs_dir)
    sweep.run(offline(), {"c0ffee": [episode(0)]})
    [run] = by_job(runs_dir, "summary")
    names = {file.name.split("_")[0] for file in run.folder.glob("files/media/table/*")}
    assert names == {"rates", "transcripts"}
