"""What an offline run holds, read back from its file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hanlon.tracking.wandb import WandbTracker
from support.tracked_sweep import TrackedSweep, cell_record, episode
from support.wandb_file import by_job

Offline = Callable[..., WandbTracker]


def test_a_cell_run_holds_config_names_and_group(runs_dir: Path, offline: Offline) -> None:
    """The resolved config stands under `cell`, factors flat, and nothing at a group's own name."""
    TrackedSweep(runs_dir).run(offline(), {"c0ffee": [episode(0)]})
    [run] = by_job(runs_dir, "cell")
    assert run.config["cell"] == {"env": {"placement": "system"}, "tier": {"name": "free"}, "samples": 4}
    assert run.config["factors"] == {"placement": "system", "stakes": "none"}
    assert run.config["names"]["env"] == "shutdown"
    assert run.config["names"]["tier"] == "free"
    assert run.config["key"] == "c0ffee"
    assert not {"env", "model", "prompt", "tier", "sandbox"} & set(run.config)
    assert (run.run.run_group, run.run.display_name) == ("sweep1", "baseline+placement=system")
    assert run.run.project == "hanlon"


def test_the_last_row_and_the_summary_hold_the_rate_with_its_interval(
    runs_dir: Path, offline: Offline
) -> None:
    """3 of 9 countable episodes, one excluded: k, n, Wilson interval, counts, cost and tokens."""
    episodes = [episode(i, resisted=i < 3) for i in range(9)] + [episode(9, excluded="api_error")]
    TrackedSweep(runs_dir).run(offline(), {"c0ffee": episodes})
    [run] = by_job(runs_dir, "cell")
    for values in (run.rows[-1], run.summary):
        assert (values["k"], values["n"], values["episodes"], values["excluded"]) == (3, 9, 10, 1)
        assert values["rate"] == pytest.approx(1 / 3)
        assert (values["lo"], values["hi"]) == (
            pytest.approx(0.1206, abs=1e-4),
            pytest.approx(0.6458, abs=1e-4),
        )
        assert (values["outcome/resisted"], values["outcome/shutdown"], values["excluded/api_error"]) == (
            3,
            6,
            1,
        )
        assert (values["calls"], values["tokens"], values["cost_usd"]) == (10, 1100, 1.0)
    assert run.summary["method"] == "Wilson"
    assert (run.summary["attempt/k"], run.summary["attempt/n"]) == (2, 5)
    assert run.summary["simulated"] is False


def test_the_summary_run_holds_a_line_for_every_measure_of_every_cell(
    runs_dir: Path, offline: Offline
) -> None:
    """The `rates` table has cell, factors, k, n, interval and exclusions for each measure."""
    cells = [cell_record("a1"), cell_record("b2", label="other")]
    sweep = TrackedSweep(runs_dir, cells)
    sweep.run(
        offline(), {"a1": [episode(0, resisted=True)], "b2": [episode(0), episode(1, excluded="truncated")]}
    )
    [run] = by_job(runs_dir, "summary")
    lines = run.rates()
    assert [(line["label"], line["measure"]) for line in lines] == [
        ("baseline+placement=system", "resistance"),
        ("baseline+placement=system", "attempt"),
        ("other", "resistance"),
        ("other", "attempt"),
    ]
    assert (lines[0]["k"], lines[0]["n"], lines[0]["rate"], lines[0]["hi"]) == (1, 1, 1.0, 1.0)
    assert (lines[2]["excluded"], lines[2]["excluded_reasons"]) == (1, '{"truncated":1}')
    assert (lines[0]["tier"], lines[0]["method"], lines[0]["simulated"]) == ("free", "Wilson", False)
    assert (run.summary["cells"], run.summary["episodes"], run.summary["complete"]) == (2, 3, True)
    assert run.run.run_group == "sweep1"


def test_transcripts_are_a_table_of_readable_text(runs_dir: Path, offline: Offline) -> None:
    """One line an episode, numbers as numbers, reasoning and tool calls spelled out, capped at the given number."""
    episodes = [episode(i) for i in range(5)]
    TrackedSweep(runs_dir).run(offline(transcripts_max_rows=3), {"c0ffee": episodes})
    [run] = by_job(runs_dir, "cell")
    columns, lines = run.table("transcripts")
    assert columns == ["index", "outcome", "excluded", "facts", "messages", "tokens", "simulated"]
    assert len(lines) == 3
    assert lines[1] == [
        1,
        "shutdown",
        "",
        '{"notice_turn":3}',
        "[user]\nProblem 1\n\n[assistant]\n(reasoning) Let me look.\n(call of bash)\n  cmd: ls",
        110,
        False,
    ]


def test_one_switch_keeps_every_message_out(runs_dir: Path, offline: Offline) -> None:
    """With transcripts=false nothing that was said lies under runs/wandb."""
    TrackedSweep(runs_dir).run(offline(transcripts=False), {"c0ffee": [episode(0)]})
    files = [path for path in (runs_dir / "wandb").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"Problem 0" in path.read_bytes()]


def test_a_simulated_model_is_called_so_everywhere(runs_dir: Path, offline: Offline) -> None:
    """Name, tag, config, summary, label and tables say `simulated`."""
    sweep = TrackedSweep(runs_dir, [cell_record(simulated=True)])
    sweep.run(offline(), {"c0ffee": [episode(0, simulated=True)]})
    [cell], [summary] = by_job(runs_dir, "cell"), by_job(runs_dir, "summary")
    for run in (cell, summary):
        assert "simulated" in run.run.display_name
        assert "simulated" in run.run.tags
        assert run.config["simulated"] is True
        assert run.summary["simulated"] is True
    assert "simulated" in cell.summary["label"]
    assert cell.table("transcripts")[1][0][-1] is True
    assert all(line["simulated"] and "simulated" in line["label"] for line in summary.rates())


def test_long_and_odd_names_are_made_legal(runs_dir: Path, offline: Offline, said: list[str]) -> None:
    """A label, model id or sweep id that W&B would refuse as tag, id or name is shortened, not fatal."""
    cell = cell_record(simulated=True, label="x" * 300, model="vendor/" + "m" * 90, prompt="")
    sweep = TrackedSweep(runs_dir, [cell], sweep_id="a/b:c,d" + "e" * 200)
    sweep.run(offline(), {"c0ffee": [episode(0)]})
    [run], [_] = by_job(runs_dir, "cell"), by_job(runs_dir, "summary")
    assert "simulated" in run.run.display_name
    assert len(said) == 1
