"""A sweep's saved view and W&B Report: what they show, and that saving again changes them and adds none."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from test_wandb_report import EPISODES, registered, stakes_cells

from hanlon.analysis.inert import inert, markdown_text
from hanlon.store.records import CellRecord, SweepRecord
from hanlon.tracking import workspace
from hanlon.tracking.overview import Overview
from hanlon.tracking.tables import Table, varied
from hanlon.tracking.wandb import WandbTracker
from support.attacks import ATTACKS
from support.tracked_sweep import TrackedSweep, cell_record, episode
from support.wandb_server import WandbServer

pytest.importorskip("wandb_workspaces")
GOLDEN = Path(__file__).parent / "workspace.json"
TABLES = ("rates", "verdict", "predictions", "contrasts", "transcripts")
CELLS = [
    cell_record(key, factors={"placement": place, "stakes": "none"}, prompt=prompt, label=key)
    for key, place, prompt in (("a1", "system", "baseline"), ("b2", "user", "priority_clarified"))
]


def overview(cells: list[CellRecord], sweep_id: str = "sweep1", shown: Sequence[str] = ()) -> Overview:
    """A sweep of these cells whose summary run holds these tables, and the page of a report."""
    sweep = SweepRecord(sweep_id, [cell.key for cell in cells], 4, [], 0.0)
    return Overview("team", "hanlon", sweep, cells, [], dict.fromkeys(shown, Table([], [])), bool(shown))


def plain(view: Any, name: str = "") -> Any:
    """A view without the ids that wandb draws at random, and without its code for reading a table of that name."""
    if isinstance(view, dict):
        if view.get("viewType") == "Weave":
            return {"viewType": "Weave", "table": [key for key in TABLES if key in json.dumps(view)]}
        return {key: plain(value) for key, value in view.items() if key not in ("__id__", "layout")}
    return [plain(value) for value in view] if isinstance(view, list) else view


def test_the_view_is_the_golden_one() -> None:
    """Rates by prompt and model, rates of cells, coordinates over the varied factors, figures, tables, comparer."""
    view = workspace.build(overview(CELLS, shown=TABLES))
    spec = plain(json.loads(view._to_model().model_dump_json(by_alias=True, exclude_none=True)))
    assert spec == json.loads(GOLDEN.read_text())


def test_a_factor_that_does_not_vary_is_no_coordinate() -> None:
    """`stakes` has one level, a list of levels counts by its content, a missing factor is a level."""
    assert varied(CELLS) == ["placement"]
    cells = [cell_record("a", factors={"tools": ["x"]}), cell_record("b", factors={"tools": ["x"], "new": 1})]
    assert varied(cells) == ["new"]


@pytest.mark.parametrize(
    "sweep_id", ["it's", 'say "hi"', "a' or Metric('x') == 'b", "back\\slash", "x" * 300]
)
def test_any_sweep_id_is_one_group_in_the_filter(sweep_id: str) -> None:
    """Quotes and backslashes neither end the filter nor change it."""
    view = workspace.build(overview(CELLS, sweep_id))
    [run_set] = view._to_model().spec.section.run_sets
    [group] = json.loads(run_set.model_dump_json(by_alias=True))["filters"]["filters"]
    assert (group["key"]["name"], group["op"], group["value"]) == ("group", "=", sweep_id[:128])


@pytest.mark.slow
def test_a_sweep_saves_one_view_and_one_report_however_often_it_is_run(
    runs_dir: Path, server: WandbServer, said: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """The second save carries the first one's id; the addresses are said; wandb itself prints nothing."""
    sweep = TrackedSweep(runs_dir, CELLS)
    sweep.sweep.name = "shutdown-prompt-2026-11-29-3f91"
    sweep.run(WandbTracker(say=said.append), {"a1": [episode(0)], "b2": [episode(0)]})
    sweep.run(WandbTracker(say=said.append), {"a1": [episode(1)]})
    first, second = server.called("UpsertView2")
    assert first.get("id") is None
    assert second["id"] == "view0"
    assert first["name"] == second["name"]
    assert (first["entityName"], first["projectName"], first["displayName"]) == (
        "team",
        "hanlon",
        sweep.sweep.name,
    )
    assert list(server.views) == ["view0"]
    assert list(server.reports) == ["report0"]
    assert said[1:3] == said[4:6]
    assert said[1].startswith(f"W&B: workspace {server.url}/team/hanlon?nw=")
    assert said[2] == f"W&B: report {server.url}/team/hanlon/reports/{sweep.sweep.name}--report0"
    assert {run.about["groupName"] for run in server.runs.values()} == {sweep.sweep.name}
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_view_that_was_deleted_is_made_anew(runs_dir: Path, server: WandbServer, said: list[str]) -> None:
    """The server no longer knows the noted ids: another view and report are saved, and noted."""
    sweep = TrackedSweep(runs_dir)
    sweep.run(WandbTracker(say=said.append), {"c0ffee": [episode(0)]})
    server.views.clear()
    server.reports.clear()
    sweep.run(WandbTracker(say=said.append), {"c0ffee": [episode(1)]})
    assert len(server.views) == len(server.reports) == 1
    assert all("workspace http" in line for line in (said[1], said[4]))


def test_a_workspace_that_cannot_be_saved_costs_one_line(
    runs_dir: Path, server: WandbServer, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs and the report are there, and the sweep is not sent again for it."""
    monkeypatch.setattr(server, "_on_UpsertView2", lambda variables: {"upsertView": None}, raising=False)
    TrackedSweep(runs_dir).run(WandbTracker(say=said.append), {"c0ffee": [episode(0)]})
    assert said[1].startswith("W&B: no workspace (")
    assert said[2].startswith("W&B: report http")
    assert server.by_job("summary")[0].exit_code == 0


def test_a_sweep_of_a_simulated_model_says_so_in_the_views_name() -> None:
    """Wherever the view is listed."""
    view = workspace.build(overview([cell_record(simulated=True)]))
    assert view.name == "sweep1 (simulated)"


@pytest.mark.slow
def test_neither_an_offline_sweep_nor_one_that_wants_none_saves_a_view(
    runs_dir: Path, server: WandbServer, said: list[str], offline: Callable[..., WandbTracker], tmp_path: Path
) -> None:
    """`mode=offline` and `workspace=false`."""
    TrackedSweep(runs_dir).run(offline(), {"c0ffee": [episode(0)]})
    sweep = TrackedSweep(tmp_path / "other")
    sweep.run(WandbTracker(workspace=False, say=said.append), {"c0ffee": [episode(0)]})
    assert len(server.by_job("cell")) == 1
    assert server.views == server.reports == {}


@pytest.mark.slow
def test_the_report_begins_with_the_answer_and_the_effects(
    runs_dir: Path, server: WandbServer, said: list[str]
) -> None:
    """Sentences, the table of effects, and panels over the runs of the sweep's group."""
    sweep = registered(TrackedSweep(runs_dir, stakes_cells()))
    sweep.run(WandbTracker(figures=False, say=said.append), EPISODES)
    [report] = server.reports.values()
    blocks = json.loads(report["spec"])["blocks"]
    assert [block["type"] for block in blocks[1:]] == [
        *("paragraph", "paragraph", "paragraph", "heading", "markdown-block", "heading", "panel-grid"),
        *("heading", "panel-grid", "paragraph"),
    ]
    assert blocks[1]["children"][0]["text"].startswith("What happened, openai/o3 (tools): ")
    assert "| 2/40 -> 38/40 | +90.0 [73.7, 95.1] | x 19.0 [5.7, 69.3] | openai/o3 |" in blocks[5]["content"]
    for grid in (blocks[7], blocks[9]):
        [run_set] = grid["metadata"]["runSets"]
        assert run_set["filters"]["filters"][0]["value"] == "sweep1"
    shown = json.dumps(blocks[9]).replace("\\", "")
    assert all(f'"{name}"' in shown for name in ("report", "effects", "transcripts"))


@pytest.mark.slow
@pytest.mark.parametrize("attack", [ATTACKS["link"], "".join(text[:100] for text in ATTACKS.values())])
def test_no_name_acts_in_the_report(
    runs_dir: Path, server: WandbServer, said: list[str], attack: str
) -> None:
    """A model's name is shown with every character in sentences, and as text in the table's Markdown."""
    sweep = registered(TrackedSweep(runs_dir, stakes_cells(model=attack)))
    sweep.run(WandbTracker(figures=False, say=said.append), EPISODES)
    [report] = server.reports.values()
    blocks = json.loads(report["spec"])["blocks"]
    [table] = [block["content"] for block in blocks if block["type"] == "markdown-block"]
    assert markdown_text(attack) in table
    assert inert(table) == table
    answer = next(block["children"][0]["text"] for block in blocks[1:] if block["type"] == "paragraph")
    assert inert(attack) in answer
    assert inert(answer) == answer
