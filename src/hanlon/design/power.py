"""The power of a planned sweep: of each varied level, the least change that n shows, and the n for a published one.

The changes are those that `effects` shows afterwards: one row for each level of a factor against its base cell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hanlon.analysis.contrasts.effects import effects
from hanlon.analysis.contrasts.grid import BUNDLE, CellPair
from hanlon.analysis.paragraphs import counted
from hanlon.analysis.published.published import published_for, text
from hanlon.analysis.tables import WHOLE, Column, TableFormat, TableView, printed, render_table
from hanlon.design.cell_pairs import (
    ALPHA,
    DRAWS,
    MOST,
    REQUEST_DRAWS,
    Unit,
    approximate_power,
    least_change,
    n_needed,
    simulated_power,
)
from hanlon.design.request_rates import REQUEST_SD, request_count
from hanlon.store.cells import CellState, model_name
from hanlon.store.records import CellRecord

BASES = (0.2, 0.5)
"""Rates that stand for a base cell's where none is published: one that is often seen, and the one at which a change is
hardest to see."""
NAMED = 8
"""Lines of `plan=true` about power."""


@dataclass(frozen=True, slots=True)
class BaseRate:
    """The rate that a cell is taken to have, and its source."""

    rate: float
    source: str

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True)
class ChangePower:
    """What `n` shows of one change, from one base rate.

    `fall` and `rise` are the rates nearest to it that n tells from it (None: it shows none). `treated` is the treated
    cell's published rate, `needed` the n that it takes to show that difference; both None where it is not published.
    """

    pair: CellPair
    measure: str
    n: int
    unit: Unit
    base: BaseRate
    fall: float | None
    rise: float | None
    treated: BaseRate | None = None
    needed: int | None = None

    @property
    def change(self) -> str:
        """What is changed, as it is typed."""
        changes = {BUNDLE: self.pair.levels} if self.pair.kind == "bundle" else self.pair.changed
        return ", ".join(f"{name} {text(base)} -> {text(to)}" for name, (base, to) in changes.items())

    @property
    def keys(self) -> set[str]:
        """The keys of the two cells."""
        return {self.pair.base.record.key, self.pair.treated.record.key}

    @property
    def published(self) -> str:
        """The published change and the n for it; empty where it is not published."""
        if self.treated is None:
            return ""
        needs = f"needs n = {self.needed:,}" if self.needed else f"no n up to {MOST:,} shows it"
        return f"{self.base} -> {self.treated} {needs}"


def change_powers(
    states: Sequence[CellState],
    n: int,
    bases: Sequence[float] = BASES,
    request_sd: float = REQUEST_SD,
    *,
    simulate: bool = True,
) -> list[ChangePower]:
    """What `n` episodes a cell show of each varied level, one model after the other.

    Args:
        states: the planned cells.
        n: episodes a cell.
        bases: where a base cell's rate is not published, the rates that it is taken to have.
        request_sd: the standard deviation of rates between requests, in logits.
        simulate: confirm what the normal approximation finds.
    """
    powers: list[ChangePower] = []
    for contrast in effects(states):
        pair, measure = contrast.pair, contrast.measure
        base, treated = (published_rate(cell.record, measure) for cell in (pair.base, pair.treated))
        unit, needed = Unit(request_count(pair.base.record), request_sd), None
        if base is None or treated is None or base.rate == treated.rate:
            treated = None
        else:
            needed = n_needed(base.rate, treated.rate, unit, simulate=simulate)
        for rate in [base] if base else [BaseRate(rate, f"{rate:.0%}, assumed") for rate in bases]:
            fall = least_change(rate.rate, n, "fall", unit, simulate=simulate)
            rise = least_change(rate.rate, n, "rise", unit, simulate=simulate)
            powers.append(ChangePower(pair, measure, n, unit, rate, fall, rise, treated, needed))
    return sorted(powers, key=lambda power: model_name(power.pair.base.record))


def published_rate(record: CellRecord, measure: str) -> BaseRate | None:
    """The published rate of a cell's model and condition, that of the largest n; None where there is none."""
    published = [study for study in published_for(record, measure) if study.rate is not None]
    if not published:
        return None
    best = max(published, key=lambda study: study.n or 0)
    if best.k is not None and best.n:
        return BaseRate(best.k / best.n, f"{best.k}/{best.n}")
    return BaseRate(best.rate or 0.0, f"{best.rate or 0:.1%}")


POWER: tuple[Column[ChangePower], ...] = (
    Column("model", lambda power: model_name(power.pair.base.record)),
    Column("measure", lambda power: power.measure),
    Column("changed", lambda power: dict(power.pair.changed)),
    Column("cell_from", lambda power: power.pair.base.record.label),
    Column("cell_to", lambda power: power.pair.treated.record.label),
    Column("n", lambda power: power.n),
    Column("unit", lambda power: "request" if power.unit.requests else "episode"),
    Column("base_rate", lambda power: power.base.rate),
    Column("base_from", lambda power: power.base.source),
    Column("shows_fall_to", lambda power: power.fall),
    Column("shows_rise_to", lambda power: power.rise),
    Column("published_rate", lambda power: power.treated and power.treated.rate),
    Column("n_for_published", lambda power: power.needed),
)
"""A row for each change and base rate, for JSON and CSV."""
PowerGroup = Sequence[ChangePower]
"""Changes of which the same is to be said."""


def _columns(n: int) -> tuple[Column[PowerGroup], ...]:
    """A row for each group of changes, for people."""
    return (
        printed("model", lambda group: model_name(group[0].pair.base.record), once=True, heads=True),
        printed("measure", lambda group: group[0].measure, once=True),
        printed("change", lambda group: _changes(group)),
        printed("base rate", lambda group: str(group[0].base)),
        printed(f"n = {n:,} shows a fall to", lambda group: _least(group[0].fall), right=True),
        printed("or a rise to", lambda group: _least(group[0].rise), right=True),
        printed("published change", lambda group: group[0].published),
    )


def _least(rate: float | None) -> str:
    return "none" if rate is None else f"{rate:.1%}"


def _groups(powers: Sequence[ChangePower]) -> list[PowerGroup]:
    groups: dict[tuple[object, ...], list[ChangePower]] = {}
    for power in powers:
        alike = model_name(power.pair.base.record), power.measure, power.base, power.fall, power.published
        groups.setdefault(alike, []).append(power)
    return list(groups.values())


def power_answer(powers: Sequence[ChangePower], n: int) -> str:
    """Whether n is enough for the published changes; where there are none, the least change that it shows."""
    published = [power for power in powers if power.treated is not None]
    if published:
        enough = sum(power.needed is not None and power.needed <= n for power in published)
        hardest = max(published, key=lambda power: power.needed or MOST + 1)
        needs = f"n = {hardest.needed:,}" if hardest.needed else f"more than n = {MOST:,}"
        return (
            f"n = {n:,} shows {enough} of {counted(len(published), 'published change')}; the hardest, "
            f"{hardest.change}, needs {needs}."
        )
    if not powers:
        return "No factor is varied: nothing to compare."
    widest = max(
        powers, key=lambda power: ((power.fall is not None) + (power.rise is not None), power.base.rate)
    )
    least = {"a fall": widest.fall, "a rise": widest.rise}
    shows = [f"{what} to {_least(rate)}" for what, rate in least.items() if rate is not None]
    return f"From a rate of {widest.base}, n = {n:,} shows {' or '.join(shows) or 'nothing'}, and no smaller change."


def power_table(
    powers: Sequence[ChangePower], n: int, table_format: TableFormat, view: TableView = WHOLE
) -> str:
    """The table of changes, of those together of which the same is to be said; JSON and CSV have each."""
    title = f"power at n = {n:,}"
    if table_format in ("json", "csv"):
        return render_table(POWER, powers, table_format, title, view)
    return render_table(_columns(n), _groups(powers), table_format, title, view)


def power_notes(powers: Sequence[ChangePower]) -> Iterator[str]:
    """How the numbers were made."""
    by_request = next((power.unit for power in powers if power.unit.requests), None)
    tests = f"{DRAWS} simulated pairs of cells with Fisher's exact test"
    if by_request:
        tests = f"{REQUEST_DRAWS} simulated pairs of cells with sign flips over requests"
    yield (
        f"Power 80 % at a two-sided alpha of {ALPHA} for one comparison, not corrected: by the normal approximation, "
        f"confirmed by {tests}. Counts are published ones of the model and condition."
    )
    if by_request:
        yield (
            "Requests are the unit. Their rates are taken to differ by a standard deviation of "
            f"{by_request.request_sd:g} logits, the same in all cells (--request-sd; a convention of ours: at 1, about "
            "a mean of 50 %, nineteen in twenty requests lie between 12 and 88 %)."
        )


def rates_text(base: float, treated: float, n: int, unit: Unit) -> str:
    """What two rates take to be told apart, in a sentence."""
    needed = n_needed(base, treated, unit)
    power = simulated_power(base, treated, n, unit)
    what = f"{base:.1%} against {treated:.1%}"
    needs = (
        f"a power of 80 % needs n = {needed:,} a cell"
        if needed
        else f"no n up to {MOST:,} has a power of 80 %"
    )
    return (
        f"{what}: {needs}; n = {n:,} has {power:.0%} ({approximate_power(base, treated, n, unit):.0%} by the normal "
        f"approximation), two-sided at alpha {ALPHA}."
    )


def power_lines(states: Sequence[CellState], n: int, most: int = NAMED) -> Iterator[str]:
    """What n shows of each factor, by approximation, so that nobody waits; `most` lines of that."""
    groups = _groups(change_powers(states, n, simulate=False))
    if groups:
        yield f"Power 80 % at n = {n:,} (two-sided alpha {ALPHA} for one comparison, normal approximation):"
    for group in groups[:most]:
        power = group[0]
        least = f"from {power.base} a fall to {_least(power.fall)} or a rise to {_least(power.rise)}"
        published = f"; published {power.published}" if power.published else ""
        yield f"- {model_name(power.pair.base.record)}, {_changes(group)}: {least}{published}"
    if len(groups) > most:
        yield f'- and {len(groups) - most} more such lines: hanlon power "<the same overrides>"'


def _changes(group: PowerGroup) -> str:
    """The changes of a group, those of one factor together: `stakes none -> replaced|other_model`."""
    levels: dict[str, list[str]] = {}
    for power in group:
        base, arrow, to = power.change.rpartition(" -> ")
        levels.setdefault(base + arrow, []).append(to)
    return "; ".join(base + "|".join(dict.fromkeys(to)) for base, to in levels.items())
