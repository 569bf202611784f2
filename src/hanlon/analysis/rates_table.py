"""The tables of `hanlon rates` and `hanlon status`, and what a reader must know beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hanlon.analysis.stats.rates import IntervalName, Rate, rate_of
from hanlon.analysis.tables import Column, plain, printed
from hanlon.store.cells import CellState, model_names
from hanlon.store.records import CellRecord

MANY_NEVER_ACTED = 0.1
"""Above this share of episodes without an action or answer in the right form, the rate is marked."""
FEW_DISTINCT = 0.5
"""Below this share of distinct transcripts n overstates what was seen, and the table says so."""


@dataclass(frozen=True, slots=True)
class CellRow:
    """A stored cell, and its model's name among the cells of the table."""

    cell: CellState
    model: str

    @property
    def record(self) -> CellRecord:
        """What the cell is."""
        return self.cell.record


@dataclass(frozen=True, slots=True)
class RatesRow(CellRow):
    """The rate of one measure in a cell."""

    rate: Rate


def status_rows(cells: Sequence[CellState]) -> list[CellRow]:
    """A row for each cell."""
    names = model_names(cell.record for cell in cells)
    return [CellRow(cell, names[cell.record.key]) for cell in cells]


def rates_rows(
    cells: Sequence[CellState], measures: Sequence[str] | None = None, interval: IntervalName = "wilson"
) -> list[RatesRow]:
    """A row for each cell and measure; by default each environment's headline rate."""
    return [
        RatesRow(row.cell, row.model, rate_of(row.cell.tally, measure, interval=interval))
        for row in status_rows(cells)
        for measure in _chosen(row.record, measures)
    ]


def _chosen(record: CellRecord, measures: Sequence[str] | None) -> list[str]:
    names = list(record.measures)
    return (
        names[:1] if measures is None else [name for name in names if name in measures or "all" in measures]
    )


STATUS: tuple[Column[CellRow], ...] = (
    Column("env", lambda row: row.record.env),
    plain("cell", lambda row: row.record.label),
    plain("model", lambda row: row.model, once=True),
    plain("protocol", lambda row: row.record.protocol, once=True),
    Column(
        "episodes",
        lambda row: row.cell.tally.episodes,
        lambda row: f"{row.cell.tally.episodes} of {row.record.planned_samples}",
    ),
    Column("planned", lambda row: row.record.planned_samples),
    Column(
        "excluded",
        lambda row: dict(row.cell.tally.excluded),
        lambda row: listed(row.cell.tally.excluded) or "0",
        once=True,
    ),
    Column("calls", lambda row: row.cell.tally.calls, lambda row: f"{row.cell.tally.calls:,}"),
    Column("input_tokens", lambda row: row.cell.tally.input_tokens),
    Column("output_tokens", lambda row: row.cell.tally.output_tokens),
    printed(
        "tokens in / out",
        lambda row: f"{row.cell.tally.input_tokens:,} / {row.cell.tally.output_tokens:,}",
    ),
    Column("cost_usd", lambda row: row.cell.tally.cost_usd),
    printed("cost", lambda row: _dollars(row.cell.tally.cost_usd)),
    Column("answered_by", lambda row: dict(row.cell.tally.answered_by.most_common())),
    Column("key", lambda row: row.record.key),
    plain("folder", lambda row: str(row.cell.folder)),
)


def rates_columns(interval: IntervalName = "wilson") -> tuple[Column[RatesRow], ...]:
    """The columns of a table of rates, whose interval is named in its heading."""
    return (
        Column("env", lambda row: row.record.env),
        plain("cell", lambda row: row.record.label),
        Column("model", lambda row: row.model, _answering_model, once=True),
        plain("protocol", lambda row: row.record.protocol, once=True),
        plain("measure", lambda row: row.rate.measure, once=True),
        Column("k", lambda row: row.rate.k),
        Column("n", lambda row: row.rate.n),
        printed("k/n", lambda row: f"{row.rate.k}/{row.rate.n}", right=True),
        Column("rate", lambda row: row.rate.rate, _marked_rate, right=True),
        Column("never_acted", lambda row: row.cell.tally.never_acted),
        Column("lo", lambda row: row.rate.lo),
        Column("hi", lambda row: row.rate.hi),
        Column("interval", lambda row: f"{row.rate.method} {row.rate.level:.0%}"),
        printed(
            interval_heading(interval),
            lambda row: f"[{row.rate.lo:.1%}, {row.rate.hi:.1%}]" if row.rate.n else "-",
        ),
        Column("excluded", lambda row: row.rate.excluded, _exclusions, once=True),
        Column("bounds", lambda row: list(row.rate.bounds)),
        Column("episodes", lambda row: row.cell.tally.episodes),
        Column("planned", lambda row: row.record.planned_samples),
        Column("after_look", lambda row: row.cell.tally.after_look),
        Column(
            "outcomes",
            lambda row: dict(row.cell.tally.outcomes.most_common()),
            lambda row: listed(dict(row.cell.tally.outcomes.most_common())) or "-",
        ),
        Column(
            "distinct",
            lambda row: len(row.cell.tally.transcripts),
            lambda row: f"{len(row.cell.tally.transcripts)} of {row.cell.tally.episodes}",
        ),
        Column("answered_by", lambda row: dict(row.cell.tally.answered_by.most_common())),
        Column("simulated", lambda row: row.record.simulated),
        Column("notes", lambda row: row.record.notes),
        Column("key", lambda row: row.record.key),
        Column("folder", lambda row: str(row.cell.folder)),
    )


def interval_heading(interval: IntervalName) -> str:
    """The heading of the printed intervals of rates."""
    return f"{interval.capitalize()} 95%"


def percent(rate: float | None) -> str:
    """A rate in per cent; `-` where there is none."""
    return "-" if rate is None else f"{rate:.1%}"


def _counted(row: CellRow) -> int:
    return row.cell.tally.episodes - sum(row.cell.tally.excluded.values())


def _hardly_acts(row: CellRow) -> bool:
    return row.cell.tally.never_acted > MANY_NEVER_ACTED * _counted(row)


def _marked_rate(row: RatesRow) -> str:
    """The rate; with a mark where it says more of the protocol than of the model."""
    return percent(row.rate.rate) + ("?" if _hardly_acts(row) else "")


def listed(counts: Mapping[str, int]) -> str:
    """Counts in words: `3 resisted, 1 unparsed`."""
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _dollars(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:.4f}"


def _answering_model(row: CellRow) -> str:
    models = len(row.cell.tally.answered_by)
    return row.model + (f" (answered by {models})" if models > 1 else "")


def _exclusions(row: RatesRow) -> str:
    if not sum(row.rate.excluded.values()):
        return "0"
    low, high = row.rate.bounds
    reasons = listed(row.rate.excluded)
    return f"{reasons} of {row.cell.tally.episodes} (bounds {low:.1%} to {high:.1%})"


def notes(rows: Sequence[RatesRow]) -> list[str]:
    """What a reader of the rates must know beside them."""
    cells = list({row.record.key: row for row in rows}.values())
    changed = [
        f"{_name(row)}: the endpoint changed the model or provider part-way: "
        + ", ".join(f"{count} calls by {name}" for name, count in row.cell.tally.answered_by.most_common())
        + ". This is not one model's rate."
        for row in cells
        if len(row.cell.tally.answered_by) > 1
    ]
    repeated = [
        f"{_name(row)}: only {len(row.cell.tally.transcripts)} distinct transcripts in {row.cell.tally.episodes} "
        "episodes. Where they are repeats and no samples, the interval is too narrow."
        for row in cells
        if row.rate.n and len(row.cell.tally.transcripts) < FEW_DISTINCT * row.cell.tally.episodes
    ]
    added = [
        f"{_name(row)}: {row.cell.tally.after_look} of {row.cell.tally.episodes} episodes were added after "
        "a look at the rates."
        for row in cells
        if row.cell.tally.after_look
    ]
    stored = dict.fromkeys(f"{row.model}: {note}." for row in cells for note in row.record.notes)
    return [*_without_actions(cells), *changed, *repeated, *added, *stored]


def _without_actions(rows: Sequence[CellRow]) -> list[str]:
    return [
        f"{_name(row)}: {row.cell.tally.never_acted} of {_counted(row)} episodes never acted in protocol "
        f"{row.record.protocol}: no reply had the form that was asked for. Its rate (marked ?) may say nothing of the "
        "model: is its tool parser on, does it know this protocol? hanlon show prints what it wrote."
        for row in rows
        if _hardly_acts(row)
    ]


def _name(row: CellRow) -> str:
    return f"{row.record.label} ({row.model})"
