"""Samples a sweep to each of its looks in turn. A model whose verdict is settled at one stops there."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import msgspec

from hanlon.analysis.contrasts.grid import subject
from hanlon.config.schema import RunOptions
from hanlon.run.exit_codes import COMPLETE, INTERRUPTED, WORST_FIRST
from hanlon.run.log import SweepLog
from hanlon.run.looks import SweepLooks, settled
from hanlon.run.open import OpenedCell, notes_of
from hanlon.run.plan import missing_indices, plan_again
from hanlon.run.progress import Progress
from hanlon.run.sample import Limits, sample_missing
from hanlon.store.cells import load_cell
from hanlon.store.episodes import read_digests, write_json
from hanlon.store.records import Episode, LookPlan
from hanlon.tracking.base import Tracker


@dataclass
class LookByLook:
    """The sampling of one command that looks. Between two looks it is like a command of its own with fewer samples."""

    opened: Sequence[OpenedCell]
    options: RunOptions
    progress: Progress
    tracker: Tracker
    looks: SweepLooks
    log: SweepLog

    def sample(self) -> tuple[int, Limits]:
        """Sample and ask up to the last look, or to where all models have stopped. The exit code, and the limits."""
        sizes = [look.n for look in self.looks.plans[0].looks]
        running, codes, limits = list(self.opened), [COMPLETE], Limits()
        if any(cell.writer is not None for cell in running):
            for note in notes_of(running):
                self.progress.notice(note)
        for number, n in enumerate(sizes, 1):
            stage = [_up_to(cell, min(n, self.looks.samples_of(cell.record.key))) for cell in running]
            observers = [self.progress, _EpisodesOnly(self.tracker)]
            code, stage_limits = sample_missing(stage, self.options, self.progress, observers)
            codes.append(code)
            limits |= stage_limits
            if code == INTERRUPTED or n == sizes[-1]:
                break
            running = self._going_on(running, number, n, code)
        for cell in self.opened:
            if not _missing(cell, self.looks.samples_of(cell.record.key)):
                self.tracker.cell_finished(cell.record.key)
        return next(code for code in WORST_FIRST if code in codes), limits

    def _going_on(self, running: list[OpenedCell], number: int, n: int, code: int) -> list[OpenedCell]:
        """The cells that go on after a look: of models that are not settled, and that have reached it."""
        if code != COMPLETE:  # a model that is down does not hold up the others
            down = {subject(cell.record) for cell in running if _missing(cell, n)}
            running = [cell for cell in running if subject(cell.record) not in down]
        keys = {cell.record.key for cell in running}
        for plan in self.looks.plans:
            if keys & set(plan.cells) and not plan.settled and plan.judged < number:
                self._look(plan, number)
        return [cell for cell in running if self.looks.samples_of(cell.record.key) > n]

    def _look(self, plan: LookPlan, number: int) -> None:
        """Judge a model by what is stored of it, when all its cells have the n of this look and no more."""
        plan.judged, look = number, plan.looks[number - 1]
        cells = [cell for cell in self.opened if cell.record.key in plan.cells]
        if obstacle := _obstacle(cells, look.n):
            where = f"{cells[0].record.model}: look {number} of {len(plan.looks)}"
            self.progress.notice(f"{where} is passed over, since {obstacle}.")
        else:
            states = [load_cell(cell.plan.folder)[0] for cell in cells]
            because = settled(states, self.log.plans_of(plan.cells), look.alpha)
            if because is not None:
                plan.settled, plan.because = number, because
                for cell in cells:
                    _end_at(cell, look.n)
        self.log.save()


def _obstacle(cells: Sequence[OpenedCell], n: int) -> str:
    """Why these cells cannot be judged as they were to be at this n; empty where they can."""
    if missing := sum(_missing(cell, n) for cell in cells):
        return f"episodes up to it are missing ({missing})"
    beyond = any(episode.index >= n for cell in cells for episode in read_digests(cell.plan.folder))
    return "episodes beyond it are stored already" if beyond else ""


class _EpisodesOnly:
    """Tells a tracker of episodes, but not of a cell's end, which only the look after them decides."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def stored(self, key: str, episode: Episode) -> None:
        """Pass an episode on."""
        self._tracker.stored(key, episode)

    def cell_finished(self, key: str) -> None:
        """Does nothing."""


def _up_to(cell: OpenedCell, samples: int) -> OpenedCell:
    """A cell with what is missing of it up to this n, and what lacks answers, by what the store holds now."""
    digests = read_digests(cell.plan.folder)
    missing = missing_indices(digests, cell.plan.shard, samples)
    inquiries = plan_again(cell.plan)
    unfinished = {planned.inquiry.record.key: planned.open for planned in inquiries}
    works = [replace(work, open=unfinished[work.inquiry.record.key]) for work in cell.inquiries]
    plan = replace(cell.plan, stored=digests, missing=missing, inquiries=inquiries)
    return replace(cell, plan=plan, writer=cell.writer if missing else None, inquiries=works)


def _missing(cell: OpenedCell, samples: int) -> int:
    return len(missing_indices(read_digests(cell.plan.folder), cell.plan.shard, samples))


def _end_at(cell: OpenedCell, n: int) -> None:
    """Write into `cell.json` that n is all that was planned of it, so that what comes later is marked everywhere."""
    if cell.record.planned_samples > n:
        record = msgspec.structs.replace(cell.record, planned_samples=n)
        with suppress(OSError):  # a full disk: the next command judges the same look again
            write_json(cell.plan.folder / "cell.json", record)
