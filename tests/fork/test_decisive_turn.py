"""Where it was decided: the planted reply of a scripted policy, and how often rehearsals find one or claim one."""

import json
import re
import subprocess
import sys

import pytest

from hanlon.store.episodes import branch_folders, cell_folders, read_branch
from support.command_line import ROOT, CommandLine


@pytest.mark.slow
def test_rehearsals_find_what_is_planted_claim_little_else_and_cover_the_truth() -> None:
    """At 8 parents x 20 draws: a decisive turn found in >= 95 %, claimed where none is in <= 5 %, coverage 92 to 98 %.

    The bounds leave room for the chance of 400 rehearsals.
    """
    program = [sys.executable, str(ROOT / "benchmarks" / "fork_errors.py"), "--rehearsals", "400"]
    printed = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    large = re.findall(r"planted (?:0.10 to 0.90|0.30 to 0.95), .*: found in +([\d.]+) %", printed)
    claimed = re.findall(r"claimed over parents in +([\d.]+) % .* parent in +([\d.]+) %", printed)
    covered = re.findall(r"covered, .*: rate +([\d.]+) % .* jump +([\d.]+) %", printed)
    assert len(large) == 6
    assert min(map(float, large)) >= 95
    assert len(claimed) == len(covered) == 12
    assert max(float(share) for pair in claimed for share in pair) <= 5 + 2
    assert all(92 - 3 <= float(share) <= 98 + 1.5 for pair in covered for share in pair)


@pytest.mark.slow
def test_the_planted_turn_of_a_policy_is_found_end_to_end(command_line: CommandLine) -> None:
    """`commits_early` decides in reply 2: the table, JSON and the plan of a fork at the decisive turn say so."""
    assert command_line.run("model=simulated/commits_early", "prompt=baseline", "samples=40").returncode == 0
    runs = str(command_line.runs)
    words = ["--outcome", "resisted", "--n", "8", "draws=20", "tracker=none"]
    forked = command_line.hanlon("fork", runs, *words, "at=turns")
    assert forked.returncode == 0, forked.stderr
    assert "jumps with reply 2" in forked.stdout
    shown = (ROOT / "docs" / "forks.md").read_text().split("```\nResistance")[1].split("```")[0]
    assert " ".join(shown.split()) in " ".join(forked.stdout.split())
    assert "agree with their cell" in forked.stdout
    rows = json.loads(command_line.hanlon("fork", runs, "--format", "json").stdout)
    jumps = {row["turn"]: row for row in rows if row["kind"] == "turn"}
    assert max(jumps, key=lambda turn: jumps[turn]["effect"] or 0.0) == 1
    assert jumps[1]["p_holm"] < 0.001
    change = ["at=decisive", "set=env.precedence=over_all_others"]
    decisive = command_line.hanlon("fork", runs, *words, *change, "plan=true")
    assert "turn 1; 40 to sample" in decisive.stdout
    assert command_line.hanlon("fork", runs, *words, *change).returncode == 0
    again = command_line.hanlon("fork", runs, *words, *change, "plan=true")
    assert "16 branches of 8 parents: 0 to sample" in again.stdout
    alone = command_line.hanlon("fork", runs, "--outcome", "resisted", "--n", "1", "at=turn:2", "draws=2")
    assert alone.returncode == 0
    (cell,) = cell_folders(command_line.runs)
    assert {read_branch(folder).turn for folder in branch_folders(cell)} == {0, 1, 2, 3, 4}
