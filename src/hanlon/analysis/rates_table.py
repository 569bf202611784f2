"""The tables of `hanlon rates` and `hanlon status`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hanlon.analysis.stats.rates import IntervalName, Rate, measures_of, rate_of
from hanlon.analysis.tables import Column, plain, printed
from hanlon.store.cell_names import cell_names, with_model
from hanlon.store.cells import CellState, model_names
from hanlon.store.contract import REQUESTS
from hanlon.store.records import CellRecord
from hanlon.store.tally import Tally

MANY_NEVER_ACTED = 0.1
"""Above this share of episodes without an action or answer in the right form, the rate is marked."""
FEW_DISTINCT = 0.5
"""Below this share of distinct transcripts n overstates what was seen, and the table says so."""


@dataclass(frozen=True, slots=True)
class CellRow:
    """A stored cell, with the names of its model and of itself among the cells of the table."""

    cell: CellState
    model: str
    label: str

    @property
    def record(self) -> CellRecord:
        """What the cell is."""
        return self.cell.record

    @property
    def tally(self) -> Tally:
        """The counts over its episodes."""
        return self.cell.tally

    @property
    def distinct(self) -> int:
        """How many different transcripts it has."""
        return len(self.cell.tally.transcripts)

    @property
    def repeats_itself(self) -> bool:
        """Whether few replies differ although all episodes had the same question."""
        few = self.distinct < FEW_DISTINCT * self.tally.episodes
        return few and self.record.has_transcripts and REQUESTS not in self.record.texts

    @property
    def counted(self) -> int:
        """How many episodes are not excluded."""
        return self.tally.episodes - sum(self.tally.excluded.values())

    @property
    def hardly_acts(self) -> bool:
        """Whether its rate may say more of the protocol than of the model."""
        return self.tally.never_acted > MANY_NEVER_ACTED * self.counted

    @property
    def name(self) -> str:
        """The cell in words."""
        return with_model(self.label, self.model)


@dataclass(frozen=True, slots=True)
class RatesRow(CellRow):
    """The rate of one measure in a cell."""

    rate: Rate


def status_rows(cells: Sequence[CellState]) -> list[CellRow]:
    """A row for each cell."""
    models, labels = (names([cell.record for cell in cells]) for names in (model_names, cell_names))
    return [CellRow(cell, models[cell.record.key], labels[cell.record.key]) for cell in cells]


def rates_rows(
    cells: Sequence[CellState], measures: Sequence[str] | None = None, interval: IntervalName = "wilson"
) -> list[RatesRow]:
    """A row for each cell and measure; by default each environment's headline rate."""
    return [
        RatesRow(row.cell, row.model, row.label, rate_of(row.cell.tally, measure, interval=interval))
        for row in status_rows(cells)
        for measure in measures_of(row.record, measures)
    ]


ENV: Column[CellRow] = Column("env", lambda row: row.record.env)
CELL: Column[CellRow] = Column("cell", lambda row: row.record.label, lambda row: row.label)
PROTOCOL: Column[CellRow] = plain("protocol", lambda row: row.record.protocol, once=True)
PLANNED: Column[CellRow] = Column("planned", lambda row: row.record.planned_samples)
ANSWERED_BY: Column[CellRow] = Column("answered_by", lambda row: dict(row.tally.answered_by.most_common()))
KEY: Column[CellRow] = Column("key", lambda row: row.record.key)

STATUS: tuple[Column[CellRow], ...] = (
    ENV,
    CELL,
    plain("model", lambda row: row.model, once=True, heads=True),
    PROTOCOL,
    Column("episodes", lambda row: row.tally.episodes, lambda row: _progress(row)),
    PLANNED,
    Column(
        "excluded",
        lambda row: dict(row.tally.excluded),
        lambda row: listed(row.tally.excluded, "0"),
        once=True,
    ),
    Column("calls", lambda row: row.tally.calls, lambda row: f"{row.tally.calls:,}"),
    Column("input_tokens", lambda row: row.tally.input_tokens),
    Column("output_tokens", lambda row: row.tally.output_tokens),
    printed("tokens in / out", lambda row: f"{row.tally.input_tokens:,} / {row.tally.output_tokens:,}"),
    Column("cost_usd", lambda row: row.tally.cost_usd),
    printed("cost", lambda row: dollars(row.tally.cost_usd)),
    ANSWERED_BY,
    plain("key", lambda row: row.record.key),
    Column("folder", lambda row: str(row.cell.folder)),
)


def rates_columns(interval: IntervalName = "wilson") -> tuple[Column[RatesRow], ...]:
    """The columns of a table of rates, whose interval is named in its heading."""
    return (
        ENV,
        CELL,
        Column("model", lambda row: row.model, _answering_model, once=True, heads=True),
        PROTOCOL,
        plain("measure", lambda row: row.rate.measure, once=True),
        Column("k", lambda row: row.rate.k),
        Column("n", lambda row: row.rate.n),
        Column("by_content", lambda row: row.tally.by_content),
        printed("k/n", lambda row: f"{row.rate.k}/{row.rate.n}", right=True, fixed=True),
        Column("rate", lambda row: row.rate.rate, _marked_rate, right=True, fixed=True),
        Column("never_acted", lambda row: row.tally.never_acted),
        Column("lo", lambda row: row.rate.lo),
        Column("hi", lambda row: row.rate.hi),
        Column("interval", lambda row: f"{row.rate.method} {row.rate.level:.0%}"),
        printed(interval_heading(interval), lambda row: limits(row.rate), fixed=True),
        Column("excluded", lambda row: row.rate.excluded, _exclusions, once=True),
        Column("bounds", lambda row: list(row.rate.bounds)),
        Column("episodes", lambda row: row.tally.episodes),
        PLANNED,
        Column("after_look", lambda row: row.tally.after_look),
        Column("outcomes", lambda row: _outcomes(row), lambda row: listed(_outcomes(row), "-")),
        Column("distinct", lambda row: row.distinct, _distinct),
        ANSWERED_BY,
        Column("simulated", lambda row: row.record.simulated),
        Column("notes", lambda row: row.record.notes),
        KEY,
        Column("folder", lambda row: str(row.cell.folder)),
    )


def interval_heading(interval: IntervalName) -> str:
    """The heading of the printed intervals of rates."""
    return f"{interval.capitalize()} 95%"


def percent(rate: float | None) -> str:
    """A rate in per cent; `-` where there is none."""
    return "-" if rate is None else f"{rate:.1%}"


def _marked_rate(row: RatesRow) -> str:
    return percent(row.rate.rate) + ("?" if row.hardly_acts else "")


def listed(counts: Mapping[str, int], nothing: str) -> str:
    """Counts in words: `3 resisted, 1 unparsed`; `nothing` where there are none."""
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or nothing


def limits(rate: Rate) -> str:
    """The interval of a rate; `-` where nothing was counted."""
    return f"[{rate.lo:.1%}, {rate.hi:.1%}]" if rate.n else "-"


def _progress(row: CellRow) -> str:
    return f"{row.tally.episodes} of {row.record.planned_samples}"


def _distinct(row: CellRow) -> str:
    return f"{row.distinct} of {row.tally.episodes}" if row.record.has_transcripts else "-"


def _outcomes(row: CellRow) -> dict[str, int]:
    return dict(row.tally.outcomes.most_common())


def dollars(cost: float | None) -> str:
    """A cost; `unknown` where no provider gave one."""
    return "unknown" if cost is None else f"${cost:.4f}"


def _answering_model(row: CellRow) -> str:
    models = len(row.tally.answered_by)
    return row.model + (f" (answered by {models})" if models > 1 else "")


def _exclusions(row: RatesRow) -> str:
    if not row.rate.excluded:
        return "0"
    low, high = row.rate.bounds
    reasons = listed(row.rate.excluded, "0")
    return f"{reasons} of {row.tally.episodes} (bounds {low:.1%} to {high:.1%})"
