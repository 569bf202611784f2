"""The least n at which the right hypothesis leads: the verdict rehearsed on a ladder of n for every scripted policy."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hanlon.analysis.tables import WHOLE, Column, TableFormat, TableView, plain, printed, render_table
from hanlon.config.command_line import ComposedSweep
from hanlon.design.rehearsal import (
    SCALES,
    KnownModel,
    Outcomes,
    rehearse_all,
    rehearsed_grid,
    scripted_models,
)
from hanlon.design.request_rates import request_count
from hanlon.hypotheses.sampling_error import WOBBLE
from hanlon.hypotheses.schema import Plan

LEADS, WRONG = 0.85, 0.02
"""The share of sweeps in which the right hypothesis is to lead, and in which a wrong one may."""
STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 20, 30, 40, 60, 80)
UNIT = 50
"""Episodes of which n is a multiple where cells share no requests."""


@dataclass(frozen=True, slots=True)
class Rung:
    """How the rehearsals of one n ended: each model's, and all together."""

    n: int
    models: Sequence[KnownModel]
    outcomes: Sequence[Outcomes]

    @property
    def all(self) -> Outcomes:
        """Those of all models."""
        return sum(self.outcomes, Outcomes())

    @property
    def does(self) -> bool:
        """Whether the right hypothesis leads often enough, and a wrong one seldom enough."""
        ended = self.all
        return ended.leads >= LEADS * ended.sweeps and ended.wrong <= WRONG * ended.sweeps


@dataclass(frozen=True, slots=True)
class LeadingN:
    """The rungs that were tried for one environment; the last is enough if any is."""

    env: str
    rungs: Sequence[Rung]

    @property
    def n(self) -> int | None:
        """The least n that does; None where none that was tried is enough."""
        return self.rungs[-1].n if self.rungs and self.rungs[-1].does else None


def leading_n(
    sweep: ComposedSweep,
    plan: Plan,
    repeats: int,
    most: int,
    request_sd: float,
    say: Callable[[str], None] = lambda line: None,
) -> LeadingN:
    """Rehearse the verdict on a grid at one n after the other, until one is enough.

    Args:
        sweep: the planned sweep.
        plan: its hypotheses about one environment, and controls.
        repeats: sweeps of each policy at each of the three scales.
        most: episodes a cell beyond which no n is tried.
        request_sd: the standard deviation of rates between requests, in logits.
        say: is called with what has been tried, for a person who waits.
    """
    grid = rehearsed_grid(sweep, plan, request_sd)
    models = scripted_models(sweep, grid)
    unit = next((size for state in grid.states if (size := request_count(state.record))), UNIT)
    sizes = [unit * step for step in STEPS if unit * step <= most] or [unit]
    rungs: list[Rung] = []
    for n in sizes if models else ():
        say(f"{plan.env}: {len(models) * repeats} sweeps at n = {n:,}")
        rungs.append(Rung(n, models, rehearse_all(grid, models, n, repeats, workers=None)))
        if rungs[-1].does:
            break
    return LeadingN(plan.env, rungs)


@dataclass(frozen=True, slots=True)
class _Row:
    """One model, or (`None`) all of them, at one n."""

    n: int
    model: KnownModel | None
    ended: Outcomes

    @property
    def hypothesis(self) -> str:
        return ", ".join(sorted(self.model.right)) if self.model else "all"


def _share(name: str, heading: str, count: Callable[[Outcomes], int]) -> list[Column[_Row]]:
    """A share of sweeps: its field, and its column in per cent."""
    return [
        Column(name, lambda row: count(row.ended) / row.ended.sweeps),
        printed(heading, lambda row: f"{100 * count(row.ended) / row.ended.sweeps:.0f} %", right=True),
    ]


ROWS: tuple[Column[_Row], ...] = (
    Column("n", lambda row: row.n, lambda row: f"{row.n:,}", right=True),
    plain("hypothesis", lambda row: row.hypothesis),
    Column(
        "policy", lambda row: row.model and row.model.name, lambda row: row.model.name if row.model else ""
    ),
    Column(
        "effects",
        lambda row: row.model and row.model.scale,
        lambda row: f"x {row.model.scale:g}" if row.model else "",
    ),
    Column("sweeps", lambda row: row.ended.sweeps, lambda row: str(row.ended.sweeps), right=True),
    *_share("leads", "it leads", lambda ended: ended.leads),
    *_share("leads_or_fits", "leads or fits", lambda ended: ended.fits),
    *_share("wrong_leads", "a wrong one leads", lambda ended: ended.wrong),
)


def leading_answer(search: LeadingN, overrides: Sequence[str]) -> str:
    """The least n at which the right hypothesis leads, with the command of the sweep."""
    if not search.rungs:
        return f"{search.env}: no hypothesis of this sweep names a scripted policy: nothing to rehearse."
    if search.n is None:
        return f"No n up to {search.rungs[-1].n:,} is enough."
    words = [word for word in overrides if not word.startswith("samples=")]
    return f"n = {search.n:,} is enough: python run.py -m {shlex.join(words)} samples={search.n}"


def leading_table(search: LeadingN, table_format: TableFormat, view: TableView = WHOLE) -> str:
    """A row for each n, then one for each policy at the last of them; JSON and CSV have all."""
    title = f"rehearsals, env={search.env}"
    if table_format in ("json", "csv"):
        rows = [row for rung in search.rungs for row in _rows(rung)]
        return render_table(ROWS, rows, table_format, title, view)
    *earlier, last = search.rungs
    rows = [*(_Row(rung.n, None, rung.all) for rung in earlier), *_rows(last)]
    return render_table(ROWS, rows, table_format, title, view)


LEADING_NOTES = (
    f"Scripted policies with their effects times {', '.join(f'{scale:g}' for scale in SCALES)} (in logits, about the "
    f"first cell), every cell moved by {WOBBLE:g} logits (sd). Wanted: the right hypothesis leads in {LEADS:.0%}, a "
    f"wrong one in at most {WRONG:.0%}.",
)


def _rows(rung: Rung) -> list[_Row]:
    each = [_Row(rung.n, model, ended) for model, ended in zip(rung.models, rung.outcomes, strict=True)]
    return [_Row(rung.n, None, rung.all), *each]
