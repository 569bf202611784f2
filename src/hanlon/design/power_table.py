"""The power of a sweep in words: what each planned prediction can show, for `hanlon power` and for `plan=true`."""

from collections.abc import Iterator, Sequence

from hanlon.analysis.contrasts.grid import BUNDLE, grids
from hanlon.analysis.published.published import text
from hanlon.analysis.tables import Column, TableFormat, printed, render_table
from hanlon.design.planned_contrast import DRAWS
from hanlon.design.power import PlannedPower, planned_power
from hanlon.design.two_rates import DRAWS as PAIR_DRAWS
from hanlon.hypotheses.matrix import Claimed, Matrix, matrix_of
from hanlon.hypotheses.schema import Plan
from hanlon.hypotheses.verdict import ALPHA
from hanlon.store.cells import CellState
from hanlon.store.records import CellRecord

BASELINE = "baseline"
NAMED = 5
"""Lines of `plan=true` about predictions that n is not enough for."""
PowerGroup = Sequence[PlannedPower]
"""Predictions of which the same is to be said."""


def matrices_of(states: Sequence[CellState], plans: Sequence[Plan]) -> list[Matrix]:
    """The prediction matrix of each planned grid."""
    return [
        matrix_of(grid, plan.hypotheses)
        for plan in plans
        for grid in grids([state for state in states if state.record.env == plan.env])
    ]


def family_size(matrices: Sequence[Matrix]) -> int:
    """The number of different predictions, which Holm corrects for."""
    return len({(claim.column, claim.prediction.claim) for matrix in matrices for claim in matrix.claims})


POWER: tuple[Column[PlannedPower], ...] = (
    Column("model", lambda power: power.claim.instance.model),
    Column("cells", lambda power: power.claim.instance.label),
    Column("measure", lambda power: power.claim.instance.measure),
    Column("predicts", lambda power: power.claim.prediction.claim),
    Column("contrast", lambda power: _contrast(power.claim)),
    Column("base_rate", lambda power: power.base.rate),
    Column("treated_rate", lambda power: power.base.treated),
    Column("base_from", lambda power: power.base.source),
    Column("n", lambda power: power.n),
    Column("unit", lambda power: power.unit),
    Column("least", lambda power: power.least),
    Column("shows", lambda power: power.says),
    Column("enough", lambda power: power.enough),
    Column("advice", lambda power: power.advice),
)
"""A row for each prediction, for JSON and CSV."""


def _group_columns(n: int) -> tuple[Column[PowerGroup], ...]:
    """A row for each group of predictions, for people."""
    return (
        printed("model", lambda group: group[0].claim.instance.model, once=True),
        printed("predicts", lambda group: group[0].claim.prediction.claim),
        printed("of", _contrasts),
        printed("base rate", lambda group: group[0].base.source),
        printed(
            f"at n = {n:,} shows",
            lambda group: ("" if group[0].enough else "NOT ENOUGH: ") + group[0].says,
        ),
        printed("instead", lambda group: group[0].advice),
    )


def power_text(matrices: Sequence[Matrix], n: int, request_sd: float, table_format: TableFormat) -> str:
    """The table of predictions, what cannot be shown first, with what must be read beside it."""
    family = family_size(matrices)
    powers = planned_power(matrices, n, ALPHA / family, request_sd=request_sd)
    title = f"power at n = {n:,}"
    if table_format in ("json", "csv"):
        return render_table(POWER, powers, table_format, title)
    table = render_table(_group_columns(n), _groups(powers), table_format, title)
    return "\n".join([table, *_notes(powers, family, request_sd)])


def _groups(powers: Sequence[PlannedPower]) -> list[PowerGroup]:
    """Predictions of which the same is to be said, those that n is not enough for first."""
    groups: dict[tuple[str, ...], list[PlannedPower]] = {}
    for power in powers:
        claim = power.claim
        alike = claim.instance.model, claim.prediction.claim, power.base.source, power.says, power.advice
        groups.setdefault(alike, []).append(power)
    return sorted(groups.values(), key=lambda group: group[0].enough)


def _contrasts(group: PowerGroup) -> str:
    """What is contrasted, by what else is so in both cells."""
    contexts: dict[str, list[str]] = {}
    for power in group:
        contexts.setdefault(_contrast(power.claim), []).append(_context(power.claim))
    by_context: dict[str, list[str]] = {}
    for contrast, labels in contexts.items():
        by_context.setdefault(" or ".join(dict.fromkeys(labels)), []).append(contrast)
    return " | ".join(
        ("" if context == BASELINE else f"{context}: ") + "; ".join(contrasts)
        for context, contrasts in sorted(by_context.items(), key=lambda item: item[0] != BASELINE)
    )


def _context(claim: Claimed) -> str:
    """The base cell's label without the factor that is contrasted: what else is as it is in both cells."""
    factor = claim.prediction.contrast.factor
    level, *others = claim.instance.cells[0].record.label.split("+")
    others = [part for part in others if part.partition("=")[0] != factor]
    return "+".join(others if others and level == BASELINE else [level, *others])


def _contrast(claim: Claimed) -> str:
    """The factor and the two levels, as the cells have them."""
    base, treated, *other = (cell.record for cell in claim.instance.cells)
    prediction = claim.prediction
    contrast = _levels(prediction.contrast.factor, base, treated)
    if prediction.changed_by:
        return f"{contrast}, by {_levels(prediction.changed_by.factor, base, other[0])}"
    if prediction.compared_with:
        return f"{contrast}, against {_levels(prediction.compared_with.factor, *other)}"
    return contrast


def _levels(factor: str, *cells: CellRecord) -> str:
    levels = (cell.prompt if factor == BUNDLE else text(cell.factors.get(factor)) for cell in cells)
    return f"{factor} {' -> '.join(levels)}"


def _notes(powers: Sequence[PlannedPower], family: int, request_sd: float) -> Iterator[str]:
    yield (
        f"Power 80 %, two-sided, at alpha {ALPHA} / {family}: the strictest step of Holm over the {family} predictions "
        "of this sweep. Base rates are those published for the model and condition, else assumed where a difference is "
        "hardest to see. Before a colon: how both cells differ from the baseline."
    )
    units = {(power.unit, len(power.claim.instance.cells)) for power in powers}
    if ("episode", 2) in units:
        yield f"Two cells: {PAIR_DRAWS} simulated pairs with Fisher's exact test and Newcombe's interval."
    if units - {("episode", 2)}:
        yield (
            f"Changes of a gap, and cells that share requests: {DRAWS} simulated sweeps with the verdict's own test. "
            "A gap changes by its last cell."
        )
    if any(unit == "request" for unit, _ in units):
        yield (
            f"Requests are the unit. Their rates are taken to differ by a standard deviation of {request_sd:g} logits, "
            "the same in all cells (--request-sd; a convention of ours: at 1, about a mean of 50 %, nineteen in twenty "
            "requests lie between 12 and 88 %)."
        )


def plan_lines(states: Sequence[CellState], plans: Sequence[Plan], n: int) -> Iterator[str]:
    """What `plan=true` says of power, by approximation, so that nobody waits: counts, and what cannot be seen."""
    matrices = matrices_of(states, plans)
    family = family_size(matrices)
    if not family:
        yield "Power: no hypothesis predicts anything of these cells (conf/hypothesis)."
        return
    powers = planned_power(matrices, n, ALPHA, approximate=True)
    blind = [group for group in _groups(powers) if not group[0].enough]
    enough = sum(power.enough for power in powers)
    yield (
        f"Power: {family} different predictions about this grid (conf/hypothesis); at n = {n:,} and an uncorrected "
        f"alpha of {ALPHA}, {enough} of {len(powers)} tests have a power of 80 %."
    )
    for group in blind[:NAMED]:
        power = group[0]
        instead = f"; instead {power.advice}" if power.advice else ""
        model, claim = power.claim.instance.model, power.claim.prediction.claim
        yield f"  {_contrasts(group)} on {model}, {claim}: {power.says}{instead}"
    if len(blind) > NAMED:
        yield f"  and {len(blind) - NAMED} more such lines."
    yield 'More: hanlon power "<the same overrides>"; the n that a grid needs: add --find-n.'
