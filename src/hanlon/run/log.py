"""Logs a sweep in the store: `sweeps/<id>.json`, and who is asked what."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from hanlon.config.cell import Cell
from hanlon.config.command_line import ComposedSweep
from hanlon.config.errors import ConfigError
from hanlon.config.schema import RunOptions
from hanlon.config.search_path import search_path
from hanlon.hypotheses.registration import basis, register, rewrite, sweep_file, sweep_plans
from hanlon.hypotheses.schema import Plan
from hanlon.inquiries.pending import PlannedInquiry, write_records
from hanlon.run.plan import PlannedCell
from hanlon.store.cells import CellState
from hanlon.store.digest import digest
from hanlon.store.episodes import read_json
from hanlon.store.records import SweepRecord

MOST_NAMED = 3
"""Of the factors in a sweep's name."""


def new_record(
    planned: Sequence[PlannedCell], options: RunOptions, sweep: ComposedSweep, overrides: Sequence[str]
) -> SweepRecord:
    """The record of a sweep that begins now. Without an experiment its id is a hash of its cells.

    Its name is the environment, what varies, the date (UTC) and four digits of that hash.
    """
    keys = [plan.cell.key for plan in planned]
    hashed, now = digest(sorted(keys)), time.time()
    return SweepRecord(
        id=sweep.experiment or hashed[:12],
        cells=keys,
        planned_samples=options.samples,
        overrides=list(overrides),
        started_at=now,
        experiment=sweep.experiment,
        name=f"{_subject([plan.cell for plan in planned])}-{time.strftime('%Y-%m-%d', time.gmtime(now))}-{hashed[:4]}",
        files=_sources([*(file for cell in sweep.composed for file in cell.files), *_rubrics(options)]),
    )


def _rubrics(options: RunOptions) -> Iterator[str]:
    """The files in which the rubrics that were chosen by name would lie."""
    for judge in options.judge.values():
        yield from (f"rubric/{name}.yaml" for name in judge.get("rubrics") or ())


def _sources(names: Iterable[str]) -> list[str]:
    """Where files of the configuration came from, each once; what has no file, as a model by its id, is left out."""
    path = search_path()
    return [source for name in dict.fromkeys(names) if (source := path.source(name))]


def _subject(cells: Sequence[Cell]) -> str:
    """The environments and what varies between the cells, as it is typed: `shutdown-prompt-stakes`."""
    settings = [
        {
            "prompt": cell.config.prompt.name,
            "tier": cell.tier,
            **{name: level for name, level in cell.factors.items() if cell.level_factors.get(name) != level},
            "model": cell.config.model.id,
            "seed": cell.config.seed,
        }
        for cell in cells
    ]
    factors = (name for cell in cells for name in cell.factors)
    names = dict.fromkeys(["prompt", "tier", *factors, "model", "seed"])
    varied = [name for name in names if len({repr(of_cell.get(name)) for of_cell in settings}) > 1]
    more = [f"{len(varied) - MOST_NAMED}_more"] if len(varied) > MOST_NAMED else []
    shown = [*varied[:MOST_NAMED], *more] or [cells[0].config.prompt.name]
    environments = dict.fromkeys(cell.environment.name for cell in cells)
    return re.sub(r"[^\w.+-]", "_", "-".join(["+".join(environments), *shown]), flags=re.ASCII)


class SweepLog:
    """Writes the record of one sweep, before its first call and at its end.

    Raises:
        ConfigError: a hypothesis does not exist or its file is malformed.
    """

    def __init__(self, record: SweepRecord, planned: Sequence[PlannedCell], options: RunOptions) -> None:
        self._record = record
        self._runs_dir = options.runs_dir
        self._states = [plan.state(options.samples) for plan in planned]
        self._chosen = options.hypotheses
        self._plans = sweep_plans(self._states, self._chosen)
        record.files += _sources(
            f"hypothesis/{name}.yaml"
            for env, plan in self._plans.items()
            for name in (env, *(f"{env}/{hypothesis.name}" for hypothesis in plan.hypotheses))
        )
        self._inquiries = [inquiry for plan in planned for inquiry in plan.inquiries]

    def begin(self) -> None:
        """Write who is asked what, what the sweep is and its hypotheses, once, before anything is paid.

        Raises:
            ConfigError: the run folder cannot be written.
        """
        if self._record.registration is not None:
            return
        try:
            write_records(self._inquiries, Path(self._runs_dir))
            self._keep_looks()
            register(self._record, self._states, self._plans, self._runs_dir, self._chosen)
        except OSError as error:
            raise ConfigError(
                f"runs_dir={self._runs_dir} cannot be written: {error.strerror}. Nothing was called."
            ) from None

    def plans_of(self, cells: Sequence[str]) -> list[Plan]:
        """By what these cells are judged: what was written down for them, also by an earlier command."""
        return [plan for part in basis(self._record) if part.seen & set(cells) for plan in part.plans]

    def finish(self, states: Sequence[CellState], inquiries: Sequence[PlannedInquiry]) -> None:
        """Write when the sweep ended and what it cost. A full disk is no failure here: the episodes are stored."""
        self._record.finished_at = time.time()
        self._record.cost_usd = sum(state.tally.cost_usd or 0.0 for state in states)
        self._record.cost_usd += sum(inquiry.cost_usd for inquiry in inquiries)
        self.save()

    def save(self) -> None:
        """Write the record as it is now. A full disk is no failure: the next command finds out the same."""
        with suppress(OSError):
            self._keep_looks()
            rewrite(self._record, self._runs_dir)

    def _keep_looks(self) -> None:
        """Take in, as they are now, the looks that other commands of this sweep have planned for other cells."""
        stored, cells = (
            read_json(sweep_file(self._runs_dir, self._record.id), SweepRecord),
            {*self._record.cells},
        )
        others = [plan for plan in (stored.looks if stored else ()) if not cells & set(plan.cells)]
        self._record.looks = [*(plan for plan in self._record.looks if cells & set(plan.cells)), *others]
