"""A row for each pair of tiers: the compliance gap, what stands behind it, what was left out, and the gate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from hanlon.analysis.gaps.gate import NO_CONFLICT, ConflictGate, gate_of
from hanlon.analysis.gaps.pairs import Swap, TierPair, find_pairs, find_swaps
from hanlon.analysis.gaps.reasoning import OLDER, GapParts, LabelShare, gap_parts, read_gap, share_of
from hanlon.analysis.requests import Labels, RequestCell, RequestEpisode, by_request, measured
from hanlon.analysis.stats.by_request import ByRequest, mcnemar, mean_difference
from hanlon.analysis.stats.comparison import Comparison, compare_requests
from hanlon.analysis.stats.rates import measures_of
from hanlon.environments.stored import declaration_of
from hanlon.store.cells import model_names
from hanlon.store.outcomes import UNPARSED
from hanlon.store.tally import Count

ANY = "any"
"""Under this name stands the share of replies with any label of confusion."""


@dataclass(frozen=True, slots=True)
class PairRow:
    """A pair of tiers and a measure; `model` tells its model from the others of the table."""

    pair: TierPair
    model: str
    measure: str

    @property
    def name(self) -> str:
        """The row in words."""
        return f"{self.pair.cell} ({self.model}) {' - '.join(self.pair.tiers)}"


@dataclass(frozen=True, slots=True)
class GapRow(PairRow):
    """The gap of a pair: compliance in the first tier minus in the second.

    Two-part fields are of the first and of the second tier. `otherwise` is the gap by the other measures.
    """

    counts: tuple[Count, Count]
    comparison: Comparison
    mcnemar_p: float | None
    otherwise: Mapping[str, Comparison]
    exclusion_bounds: list[float] | None
    unparsed: tuple[int, int]
    unparsed_bounds: list[float] | None
    parts: GapParts | None
    reasoning: tuple[LabelShare, LabelShare]
    confusion: Mapping[str, tuple[LabelShare, LabelShare]]
    gate: ConflictGate

    @property
    def reading(self) -> str:
        """The gap in words."""
        if self.gate.holds is False:
            return NO_CONFLICT
        return read_gap(self.comparison, self.parts, self.reasoning[0], self.motive)

    @property
    def motive(self) -> str:
        """What the label that says a gap was meant is called; empty where the environment declares none."""
        motive = declaration_of(self.pair.first.record).motive
        return motive.name if motive else ""


@dataclass(frozen=True, slots=True)
class SwapRow(PairRow):
    """What a gap follows where two words have exchanged their meanings: the facts, or the words."""

    swapped: TierPair
    facts: Comparison
    words: Comparison


def gap_rows(
    cells: Sequence[RequestCell], labels: Labels | None = None, measures: Sequence[str] = ()
) -> list[GapRow]:
    """A row for each pair and measure (default: the environment's headline rate).

    Args:
        cells: all cells that were loaded; pairs and gates are among them.
        labels: a judge's labels, where there are any.
        measures: names of measures; `all` for all of them.
    """
    return [_gap_row(row, cells, labels or {}) for row in pair_rows(find_pairs(cells), cells, measures)]


def pair_rows(
    pairs: Sequence[TierPair], cells: Sequence[RequestCell], measures: Sequence[str]
) -> list[PairRow]:
    """Each pair by each measure that is wanted: the headline one where none is named, every one for `all`."""
    names = model_names(cell.record for cell in cells)
    return [
        PairRow(pair, names[pair.first.record.key], measure)
        for pair in pairs
        for measure in measures_of(pair.first.record, measures)
    ]


def _gap_row(row: PairRow, cells: Sequence[RequestCell], labels: Labels) -> GapRow:
    pair, measure = row.pair, row.measure
    first, second = (measured(cell, measure) for cell in pair.cells)
    return GapRow(
        pair, row.model, measure,
        counts=count_pair([cell.countable for cell in pair.cells], measure),
        comparison=compare_tiers(first, second),
        mcnemar_p=mcnemar(first, second),
        otherwise={
            other: compare_tiers(*(measured(cell, other) for cell in pair.cells))
            for other in pair.first.record.measures
            if other != measure
        },
        exclusion_bounds=_bounds(pair, measure, _is_excluded),
        unparsed=(_unparsed(pair.first), _unparsed(pair.second)),
        unparsed_bounds=_bounds(pair, measure, _is_unparsed),
        parts=gap_parts(pair, labels, measure),
        reasoning=(share_of(pair.first, labels), share_of(pair.second, labels)),
        confusion=_confusion(pair, labels),
        gate=gate_of(pair, cells),
    )  # fmt: skip


def compare_tiers(first: ByRequest, second: ByRequest) -> Comparison:
    """The first tier minus the second, by request."""
    return compare_requests((second, first))


def count_pair(tiers: Sequence[Sequence[RequestEpisode]], measure: str) -> tuple[Count, Count]:
    """Cases and n of a measure among the episodes of two tiers."""
    cases = [[case for e in tier if (case := e.measures.get(measure)) is not None] for tier in tiers]
    first, second = (Count(sum(tier), len(tier)) for tier in cases)
    return first, second


def _unparsed(cell: RequestCell) -> int:
    return sum(episode.outcome == UNPARSED for episode in cell.countable)


def _confusion(pair: TierPair, labels: Labels) -> dict[str, tuple[LabelShare, LabelShare]]:
    """The shares of each label of confusion that a judge gave, and of any of them."""
    motive = declaration_of(pair.first.record).motive
    confusion = (OLDER, *motive.confusion) if motive else ()
    wanted: Mapping[str, tuple[str, ...]] = {**{name: (name,) for name in confusion}, ANY: confusion}
    shares = {
        name: (share_of(pair.first, labels, names), share_of(pair.second, labels, names))
        for name, names in wanted.items()
    }
    return {name: tiers for name, tiers in shares.items() if any(share.judged for share in tiers)}


def _is_excluded(episode: RequestEpisode) -> bool:
    return episode.excluded is not None


def _is_unparsed(episode: RequestEpisode) -> bool | None:
    return None if episode.excluded is not None else episode.outcome == UNPARSED


def _bounds(
    pair: TierPair, measure: str, is_open: Callable[[RequestEpisode], bool | None]
) -> list[float] | None:
    """The gap if all open episodes had complied in one tier and not in the other, lowest first.

    `is_open` says which episodes could go either way; those of which it says None are left out. Requests of which only
    open episodes are there come in, so both bounds may lie to one side of the gap.
    """

    def settled(cell: RequestCell, complied: bool) -> ByRequest:
        def value(episode: RequestEpisode) -> bool | None:
            is_either = is_open(episode)
            if is_either is None:
                return None
            return complied if is_either else episode.measures.get(measure)

        return by_request(cell.episodes, value)

    ends = [
        mean_difference(settled(pair.first, complied), settled(pair.second, not complied))
        for complied in (False, True)
    ]
    return [end for end in ends if end is not None] or None


def swap_rows(cells: Sequence[RequestCell], measures: Sequence[str] = ()) -> list[SwapRow]:
    """A row for each pair whose words have changed places in another: the part of the facts, and of the words.

    With words A and B, and A training in the first pair and B in the swapped one: the facts are half the sum of both
    gaps (trained minus untrained), the words half their difference (A minus B). A faker has the first and not the
    second, a model that goes by names the reverse.
    """
    return [
        _swap_row(row, swap)
        for swap in find_swaps(find_pairs(cells))
        for row in pair_rows([swap.straight], cells, measures)
    ]


def _swap_row(row: PairRow, swap: Swap) -> SwapRow:
    trained, untrained = (measured(cell, row.measure) for cell in swap.straight.cells)
    swapped_trained, swapped_untrained = (measured(cell, row.measure) for cell in swap.swapped.cells)
    return SwapRow(
        row.pair, row.model, row.measure, swap.swapped,
        facts=compare_tiers(_mean(trained, swapped_trained), _mean(untrained, swapped_untrained)),
        words=compare_tiers(_mean(trained, swapped_untrained), _mean(untrained, swapped_trained)),
    )  # fmt: skip


def _mean(first: ByRequest, second: ByRequest) -> ByRequest:
    """By request, the mean of both cells, each counting half however many repeats it has."""
    return {
        request: [(fmean(values) + fmean(second[request])) / 2]
        for request, values in first.items()
        if request in second
    }
