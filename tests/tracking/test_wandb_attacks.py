"""What a model wrote, in W&B's files of a sweep: tables, page, config, names. Nothing of it acts or is lost."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hanlon.analysis.inert import inert
from hanlon.store.episodes import read_cell, write_json
from hanlon.store.records import SweepRecord
from hanlon.tracking.transcripts import LONGEST_TRANSCRIPT
from hanlon.tracking.wandb import WandbTracker
from support.attacks import ATTACKS, attacked_store, restored
from support.wandb_file import LoggedRun, by_job

NAME = f"{ATTACKS['override']} {ATTACKS['script']}{ATTACKS['nul']}"


def texts(value: Any) -> Iterator[str]:
    """Every string of a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for part in pair for text in texts(part))
    elif isinstance(value, list | tuple):
        yield from (text for part in value for text in texts(part))


def everything(run: LoggedRun) -> Iterator[str]:
    """Every text that W&B holds of a run."""
    record = run.run
    yield from texts([run.config, run.summary, run.rows])
    yield from (record.display_name, record.run_group, record.notes, *record.tags)
    for file in run.folder.glob("files/media/table/*.json"):
        yield from texts(json.loads(file.read_text(encoding="utf-8")))


@pytest.fixture
def logged(runs_dir: Path, offline: Callable[..., WandbTracker], said: list[str]) -> Path:
    """A sweep in whose cells every name is an attack, logged with its report."""
    cells = [(read_cell(folder), folder) for folder in attacked_store(runs_dir)]
    sweep = SweepRecord("odd", [cell.key for cell, _ in cells], 2, [], 0.0, name=NAME)
    write_json(runs_dir / "sweeps" / "odd.json", sweep)
    tracker = offline(report=True)
    tracker.start(sweep, cells, runs_dir)
    for cell, _ in cells:
        tracker.cell_finished(cell.key)
    tracker.finish(True)
    assert len(said) == 1, said
    return runs_dir


@pytest.mark.slow
def test_nothing_acts_and_nothing_is_lost(logged: Path) -> None:
    """Every text shows each of its characters, no cell of a table begins as a formula, and all was kept."""
    runs, [summary] = by_job(logged, "cell"), by_job(logged, "summary")
    assert len(runs) == len(ATTACKS)
    for run in (*runs, summary):
        assert run.run.run_group == inert(NAME)[:128]
        for text in everything(run):
            assert inert(text) == text
    for run in runs:
        text = ATTACKS[run.config["names"]["prompt"]]
        assert restored(run.config["label"]) == text[:200]
        assert restored(run.config["factors"]["placement"]) == text[:200]
    tables = [run.table("transcripts") for run in runs] + [
        summary.table(name) for name in ("rates", "transcripts")
    ]
    for _, lines in tables:
        cells = [cell for line in lines for cell in line if isinstance(cell, str)]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    columns, lines = summary.table("transcripts")
    said = {
        line[columns.index("prompt")]: line[columns.index("messages")]
        for line in lines
        if line[columns.index("index")] == 0
    }
    for name, text in ATTACKS.items():
        kept = restored(said[name])
        assert text in kept or ("long" in name and len(kept) >= LONGEST_TRANSCRIPT and "the store" in kept), (
            name
        )
    check_page(summary)


def check_page(summary: LoggedRun) -> None:
    """The scripts are the page's own, and every character of its text can be seen."""
    [file] = summary.folder.glob("files/media/html/report_*.html")
    html = file.read_text(encoding="utf-8")
    body = html[: html.index("<script>")]
    assert inert(body) == body
    assert html.count("<script") == html.count("</script>") == 2
    for tag in ("<img", "<iframe", "<base", "<form", "<svg onload", "<details open ontoggle"):
        assert tag not in html.replace("\\u003c", "")
