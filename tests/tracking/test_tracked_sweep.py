"""A whole sweep from the command line with W&B offline, read back from its files."""

import socket

import pytest

from support.command_line import ROOT, CommandLine
from support.wandb_file import by_job

PLANTED = "sk-planted-0123456789abcdef0123456789abcdef"


@pytest.mark.slow
def test_an_offline_sweep_holds_config_rates_and_transcripts_and_gives_nothing_away(
    command_line: CommandLine,
) -> None:
    """One run a cell and a summary run; no key, host name, argument list or path of the checkout in any file."""
    command_line.environment.update(OPENROUTER_API_KEY=PLANTED, OPENAI_API_KEY=PLANTED)
    command_line.environment.pop("WANDB_API_KEY", None)
    command = ["-m", "prompt=baseline,priority_clarified", "model=simulated/ambiguity", "samples=6"]
    run = command_line.run(*command, tracker="wandb")
    assert run.returncode == 0, run.stderr
    assert run.stderr.count("wandb sync") == 1
    cells = by_job(command_line.runs, "cell")
    assert {cell.run.display_name.split(" ")[0] for cell in cells} == {"baseline", "priority_clarified"}
    for cell in cells:
        assert cell.summary["n"] == 6
        assert cell.rows[-1]["episodes"] == 6
        assert cell.config["cell"]["env"]["allow"] == "present"
        assert cell.config["simulated"] is True
        columns, data = cell.table("transcripts")
        assert len(data) == 6
        assert any("next_question" in str(value) for value in data[0])
        assert "outcome" in columns
    (summary,) = by_job(command_line.runs, "summary")
    assert {line["label"] for line in summary.rates()} == {
        "baseline (simulated)",
        "priority_clarified (simulated)",
    }
    files = [path for path in (command_line.runs / "wandb").rglob("*") if path.is_file()]
    everything = b"".join(path.read_bytes() for path in files)
    host = [socket.gethostname()] * (len(socket.gethostname()) > 8)  # a short name is found by chance
    for secret in (PLANTED, *host, str(ROOT), "tracker=wandb", str(command_line.folder)):
        assert secret.encode() not in everything, secret

    again = command_line.run(*command, tracker="wandb")
    assert again.returncode == 0
    assert len(by_job(command_line.runs, "cell")) == 2
