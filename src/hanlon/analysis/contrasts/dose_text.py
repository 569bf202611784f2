"""Trends over doses in words: the answer first, then what it rests on."""

from collections.abc import Iterator, Sequence

from hanlon.analysis.contrasts.dose import DoseTrend, mixed_factors
from hanlon.analysis.contrasts.grid import Grid
from hanlon.analysis.tables import p_value


def answer(dose: DoseTrend) -> str:
    """The direction with its test, and the levels at which the rate is shown to be below the margin."""
    return f"{_direction(dose)}; {below(dose)}"


def _direction(dose: DoseTrend) -> str:
    if dose.trend is None or dose.trend.z is None:
        return f"{dose.measure} is the same at every {dose.factor}"
    test = f"Z={dose.trend.z:.2f}, p{_equals(p_value(dose.trend.p))}"
    if not dose.direction:
        return f"no trend of {dose.measure} with {dose.factor} shown, {test}"
    return f"{dose.measure} {dose.direction} with {dose.factor}, {test}"


def below(dose: DoseTrend) -> str:
    """Where the rate is shown to be below the margin."""
    margin = f"{100 * dose.margin:g}%"
    if not dose.below:
        return f"not shown to be below {margin}"
    first, *_, last = (*dose.below[:1], *dose.below)
    if len(dose.below) == len(dose.counts):
        return f"below {margin} at every level"
    return f"below {margin} " + (f"up to {last:g}" if first == min(dose.counts) else f"from {last:g} on")


def counts(dose: DoseTrend) -> str:
    """k/n at each level."""
    return ", ".join(f"{level:g}: {count.k}/{count.n}" for level, count in dose.counts.items())


def against(dose: DoseTrend) -> str:
    """The steps against the trend, and the p of a monotone rate."""
    if not dose.breaks:
        return "-"
    steps = [
        f"{each.levels[0]:g} → {each.levels[1]:g}: {each.rates[0]:.1%} → {each.rates[1]:.1%}"
        for each in dose.breaks
    ]
    return f"{', '.join(steps)} (p{_equals(p_value(dose.breaks_p))})"


def remarks(dose: DoseTrend) -> str:
    """What wordings say by themselves, and which cells are not in the trend as they were planned."""
    z = dose.z_by_wording
    uncounted = sorted({level for series in dose.series for level in series.levels} - set(dose.counts))
    excluded = sum(sum(cell.tally.excluded.values()) for cell in dose.cells)
    late = sum(cell.tally.after_look for cell in dose.cells)
    parts = (
        "Z by wording " + ", ".join(f"{name}: {_z(value)}" for name, value in z.items())
        if len(z) > 1
        else "",
        f"not counted in every wording: {_levels(uncounted)}" if uncounted and len(z) > 1 else "",
        f"no countable episode at {_levels(uncounted)}" if uncounted and len(z) < 2 else "",
        f"{excluded} excluded" if excluded else "",
        f"{late} after a look" if late else "",
    )
    return "; ".join(filter(None, parts)) or "-"


def trend_notes(trends: Sequence[DoseTrend], grids: Sequence[Grid]) -> Iterator[str]:
    """How the trends were tested, and which factors with numbers have none."""
    tested = [dose for dose in trends if dose.trend]
    if tested:
        first = tested[0]
        yield (
            "Trends: Cochran-Armitage with the levels as scores (Armitage 1955), summed over wordings (Mantel 1963), "
            "p by permutation where cases are few; exploratory, not corrected. Against the trend: isotonic fit, p of a "
            f"monotone rate. Below {100 * first.margin:g}%: exact one-sided {first.level:.0%} limit, level after level."
        )
    if any(dose.trend and dose.trend.unit == "request" for dose in tested):
        yield (
            "Trends of cells that share requests: sign flips of each request's slope. The fit and the limits take "
            "episodes as independent."
        )
    for dose in trends:
        if dose.problem:
            yield f"No trend of {dose.measure} with {dose.factor} in {dose.cells[0].record.label}: {dose.problem}."
    for name, others in {
        name: others for grid in grids for name, others in mixed_factors(grid).items()
    }.items():
        words = ", ".join("unset" if level is None else str(level) for level in others)
        yield f"No trend with {name}: beside numbers it has {words}. Sweep it over three numbers or more, and no other."


def _z(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _levels(levels: Sequence[float]) -> str:
    return ", ".join(f"{level:g}" for level in levels)


def _equals(p: str) -> str:
    """`<0.001` as it is, `=0.012`."""
    return p if p.startswith("<") else f"={p}"
