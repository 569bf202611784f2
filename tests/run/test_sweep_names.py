"""A sweep's name: what it is about, when it was first typed, and a few digits; it stays what it was."""

import re
from pathlib import Path

import pytest

from hanlon.config.command_line import compose_sweep
from hanlon.hypotheses.registration import sweep_file
from hanlon.run.log import SweepLog, new_record
from hanlon.run.plan import plan_cells
from hanlon.store.episodes import read_json, write_json
from hanlon.store.records import SweepRecord


def begun(runs: Path, *overrides: str) -> SweepRecord:
    """The record of a sweep that begins now, as it is written down."""
    sweep = compose_sweep([*overrides, f"runs_dir={runs}"])
    planned = plan_cells(sweep.cells, sweep.options)
    record = new_record(planned, sweep.options, sweep, overrides)
    SweepLog(record, planned, sweep.options).begin()
    stored = read_json(sweep_file(str(runs), record.id), SweepRecord)
    assert stored is not None
    return stored


@pytest.mark.parametrize(
    ("overrides", "subject"),
    [
        (["prompt=baseline"], "shutdown-baseline"),
        (["prompt=baseline,priority_clarified"], "shutdown-prompt"),
        (["env.stakes=none,replaced", "seed=0,1", "model=simulated/ambiguity,simulated/obedient"],
         "shutdown-stakes-model-seed"),
        (["env.stakes=none,replaced", "env.wording=1,2", "env.placement=user,system", "seed=0,1"],
         "shutdown-placement-stakes-wording-1_more"),
        (["env=alignment_faking", "tier=free,paid", "controls=none"], "alignment_faking-tier"),
    ],
)  # fmt: skip
def test_a_name_says_what_a_sweep_is_about(tmp_path: Path, overrides: list[str], subject: str) -> None:
    """The environment, what varies in it, the day, and the first digits of its id."""
    record = begun(tmp_path, *overrides)
    named = re.fullmatch(r"(.+)-\d{4}-\d\d-\d\d-([0-9a-f]{4})", record.name)
    assert named
    assert named[2] == record.id[:4]
    assert named[1] == subject


@pytest.mark.parametrize("name", ["shutdown-prompt-2026-11-29-3f91", ""])
def test_a_sweep_keeps_the_name_that_it_had(tmp_path: Path, name: str) -> None:
    """Also none: what an earlier version logged under its id stays in that group, and nothing is logged twice."""
    first = begun(tmp_path, "prompt=baseline,priority_clarified")
    first.name = name
    write_json(sweep_file(str(tmp_path), first.id), first)
    again = begun(tmp_path, "prompt=baseline,priority_clarified")
    assert again.name == name
    assert again.group == (name or first.id)
