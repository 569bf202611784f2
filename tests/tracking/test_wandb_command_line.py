"""The real command line, online: what the server holds is what `hanlon` prints of the same store."""

import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.chat_server import ChatServer, at
from support.command_line import CommandLine
from support.waiting import HANGS_S, wait_until
from support.wandb_server import KEY, ServedRun, WandbServer


@pytest.fixture
def online(command_line: CommandLine, server: WandbServer) -> CommandLine:
    """The command line with a key and the address of a server."""
    command_line.environment.update(WANDB_API_KEY=KEY, WANDB_BASE_URL=server.url)
    return command_line


def printed(command_line: CommandLine, verb: str) -> list[dict[str, Any]]:
    """What `hanlon` prints as JSON."""
    return msgspec.json.decode(command_line.hanlon(verb, "--format", "json").stdout)


def by_key(server: WandbServer) -> dict[str, ServedRun]:
    """The runs of cells by their cell's key."""
    return {run.config["key"]: run for run in server.by_job("cell")}


def same_numbers(server: WandbServer, command_line: CommandLine) -> None:
    """Each row that `hanlon rates` prints stands in its cell's summary and in the sweep's table."""
    rows, runs, [summary] = printed(command_line, "rates"), by_key(server), server.by_job("summary")
    assert set(runs) == {row["key"] for row in rows}
    table = {(line["label"], line["measure"]): line for line in summary.table("rates")}
    for row in rows:
        run = runs[row["key"]]
        for shown in (run.summary, table[run.config["label"], row["measure"]]):
            assert [shown[name] for name in ("k", "n")] == [row[name] for name in ("k", "n")]
            assert [shown[name] for name in ("rate", "lo", "hi")] == pytest.approx(
                [row[name] for name in ("rate", "lo", "hi")]
            )
        assert run.summary["episodes"] == row["episodes"]
        assert run.exit_code == 0


@pytest.mark.slow
def test_a_sweep_over_tiers_shows_rates_contrasts_gaps_and_transcripts(
    online: CommandLine, server: WandbServer
) -> None:
    """Every table is that of the command of its name; the tier is named as in the label; all is called simulated."""
    run = online.run(
        *("-m", "env=alignment_faking", "tier=free,paid"),
        *("model=simulated/alignment_faker", "samples=12"),
        tracker="wandb",
    )
    assert run.returncode == 0, run.stderr
    same_numbers(server, online)
    [summary] = server.by_job("summary")
    [sweep] = (msgspec.json.decode(file.read_bytes()) for file in online.runs.glob("sweeps/*.json"))
    assert {run.about["groupName"] for run in server.runs.values()} == {sweep["name"]}
    assert re.fullmatch(r"alignment_faking-(prompt-)?tier-\d{4}-\d\d-\d\d-[0-9a-f]{4}", sweep["name"])
    gaps = {(row["cell"], row["first"]): row for row in printed(online, "gaps")}
    assert len(summary.table("gaps")) == len(gaps) >= 1
    for line in summary.table("gaps"):
        row = gaps[line["cell"], line["first"]]
        assert (line["gap"], line["lo"], line["hi"]) == (row["gap"], row["lo"], row["hi"])
        assert line["simulated"] is True
    assert {line["tier"] for line in summary.table("rates")} >= {"free", "paid"}
    assert {line["factor"] for line in summary.table("contrasts")} >= {"tier"}
    transcripts = summary.table("transcripts")
    assert {line["outcome"] for line in transcripts} >= {
        name.removeprefix("outcome/")
        for cell in server.by_job("cell")
        for name in cell.summary
        if name.startswith("outcome/")
    }
    assert all(line["simulated"] is True for line in transcripts)
    assert all(view["displayName"].endswith("(simulated)") for view in server.views.values())


@pytest.mark.slow
def test_a_killed_sweep_typed_again_ends_as_the_store_says(
    online: CommandLine, server: WandbServer, chat_server: ChatServer
) -> None:
    """Two cells at a real endpoint, killed twice in the middle: one run each, with the store's numbers."""
    chat_server.delay_s = 0.05
    words = ["-m", "prompt=baseline,priority_clarified", *at(chat_server), "samples=12", "max_connections=2"]
    command = [*online.argv(*words), "tracker=wandb", "tracker.row_interval_s=0"]
    for stored in (4, 10):
        process = subprocess.Popen(
            command,
            cwd=online.folder,
            env=online.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        wait_until(lambda stored=stored: episodes(online.runs) >= stored)
        process.kill()
        process.communicate(timeout=HANGS_S)
        assert process.returncode == -signal.SIGKILL, "it had ended before it was killed"
    last = online.finish(command, HANGS_S)
    assert last.returncode == 0, last.stderr
    assert episodes(online.runs) == 24
    assert len(server.runs) == 3
    same_numbers(server, online)
    server.requests.clear()
    assert online.finish(command, HANGS_S).returncode == 0
    assert server.requests == []


def episodes(runs: Path) -> int:
    """How many episodes are stored."""
    return sum(len(file.read_bytes().splitlines()) for file in runs.glob("*/*/episodes.jsonl"))
