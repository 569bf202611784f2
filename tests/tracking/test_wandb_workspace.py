"""The saved view of a sweep: what it asks W&B to show, and that saving again changes it and adds none."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hanlon.tracking import workspace
from hanlon.tracking.wandb import WandbTracker
from support.tracked_sweep import TrackedSweep, cell_record, episode
from support.wandb_server import WandbServer

pytest.importorskip("wandb_workspaces")
GOLDEN = Path(__file__).parent / "workspace.json"
TABLES = ("rates", "verdict", "predictions", "contrasts", "transcripts")
CELLS = [
    cell_record(key, factors={"placement": place, "stakes": "none"}, prompt=prompt, label=key)
    for key, place, prompt in (("a1", "system", "baseline"), ("b2", "user", "priority_clarified"))
]


def plain(view: Any, name: str = "") -> Any:
    """A view without the ids that wandb draws at random, and without its code for reading a table of that name."""
    if isinstance(view, dict):
        if view.get("viewType") == "Weave":
            return {"viewType": "Weave", "table": [key for key in TABLES if key in json.dumps(view)]}
        return {key: plain(value) for key, value in view.items() if key not in ("__id__", "layout")}
    return [plain(value) for value in view] if isinstance(view, list) else view


def test_the_view_is_the_golden_one() -> None:
    """Rates by prompt and model, rates of cells, coordinates over the varied factors, figures, tables, comparer."""
    view = workspace.build("team", "hanlon", "sweep1", CELLS, [workspace.FIGURE, *TABLES])
    spec = plain(json.loads(view._to_model().model_dump_json(by_alias=True, exclude_none=True)))
    assert spec == json.loads(GOLDEN.read_text())


def test_a_factor_that_does_not_vary_is_no_coordinate() -> None:
    """`stakes` has one level, a list of levels counts by its content, a missing factor is a level."""
    assert workspace.varied(CELLS) == ["factors.placement"]
    cells = [cell_record("a", factors={"tools": ["x"]}), cell_record("b", factors={"tools": ["x"], "new": 1})]
    assert workspace.varied(cells) == ["factors.new"]


@pytest.mark.parametrize(
    "sweep_id", ["it's", 'say "hi"', "a' or Metric('x') == 'b", "back\\slash", "x" * 300]
)
def test_any_sweep_id_is_one_group_in_the_filter(sweep_id: str) -> None:
    """Quotes and backslashes neither end the filter nor change it."""
    view = workspace.build("team", "hanlon", sweep_id, CELLS, [])
    [run_set] = view._to_model().spec.section.run_sets
    [group] = json.loads(run_set.model_dump_json(by_alias=True))["filters"]["filters"]
    assert (group["key"]["name"], group["op"], group["value"]) == ("group", "=", sweep_id[:128])


@pytest.mark.slow
def test_a_sweep_saves_one_view_however_often_it_is_run(
    runs_dir: Path, server: WandbServer, said: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """The second save carries the first one's id; the address is said; wandb itself prints nothing."""
    sweep = TrackedSweep(runs_dir, CELLS)
    sweep.run(WandbTracker(say=said.append), {"a1": [episode(0)], "b2": [episode(0)]})
    sweep.run(WandbTracker(say=said.append), {"a1": [episode(1)]})
    first, second = server.called("UpsertView2")
    assert first.get("id") is None
    assert second["id"] == "view0"
    assert first["name"] == second["name"]
    assert (first["entityName"], first["projectName"], first["displayName"]) == ("team", "hanlon", "sweep1")
    assert list(server.views) == ["view0"]
    assert said[1] == said[3]
    assert said[1].startswith(f"W&B: workspace {server.url}/team/hanlon?nw=")
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_view_that_was_deleted_is_made_anew(runs_dir: Path, server: WandbServer, said: list[str]) -> None:
    """The server no longer knows the noted id: another view is saved, and noted."""
    sweep = TrackedSweep(runs_dir)
    sweep.run(WandbTracker(say=said.append), {"c0ffee": [episode(0)]})
    server.views.clear()
    sweep.run(WandbTracker(say=said.append), {"c0ffee": [episode(1)]})
    assert len(server.views) == 1
    assert all("workspace http" in line for line in (said[1], said[3]))


def test_a_workspace_that_cannot_be_saved_costs_one_line(
    runs_dir: Path, server: WandbServer, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs are whole, and the sweep is not sent again for it."""
    monkeypatch.setattr(server, "_on_UpsertView2", lambda variables: {"upsertView": None}, raising=False)
    TrackedSweep(runs_dir).run(WandbTracker(say=said.append), {"c0ffee": [episode(0)]})
    assert said[1].startswith("W&B: no workspace (")
    assert server.by_job("summary")[0].exit_code == 0


def test_a_sweep_of_a_simulated_model_says_so_in_the_views_name() -> None:
    """Wherever the view is listed."""
    view = workspace.build("team", "hanlon", "sweep1", [cell_record(simulated=True)], [])
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
    assert server.views == {}
