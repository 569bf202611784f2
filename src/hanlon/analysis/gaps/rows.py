"""One row for each pair of cells: the compliance gap, what stands behind it, what was left out, and the gate."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

import msgspec

from hanlon.analysis.gaps.gate import NO_CONFLICT, gate_of
from hanlon.analysis.gaps.pairs import Swap, TierPair, find_pairs, find_swaps
from hanlon.analysis.gaps.reasoning import CONFUSION, GapParts, LabelShare, behind, reading, share_of
from hanlon.analysis.gaps.tags import tag_rows
from hanlon.analysis.requests import Labels, RequestCell, RequestEpisode, by_request
from hanlon.analysis.stats.by_request import (
    ByRequest,
    Gap,
    mcnemar,
    mean_difference,
    newcombe,
    paired_difference,
    sign_flips,
)
from hanlon.analysis.stats.rates import wilson
from hanlon.store.cells import model_names
from hanlon.store.episodes import scan
from hanlon.store.outcomes import UNPARSED


def exclusion_bounds(pair: TierPair, measure: str) -> list[float] | None:
    """The gap if all excluded episodes had complied in one tier and not in the other, lowest first.

    Requests of which only excluded episodes are there come in, so both bounds may lie to one side of the gap.
    """
    return _bounds(pair, measure, lambda episode: episode.excluded is not None)


def unparsed_bounds(pair: TierPair, measure: str) -> list[float] | None:
    """The gap if all unparsed replies had complied in one tier and not in the other, lowest first."""
    return _bounds(
        pair, measure, lambda episode: None if episode.excluded is not None else episode.outcome == UNPARSED
    )


def _bounds(
    pair: TierPair, measure: str, open_question: Callable[[RequestEpisode], bool | None]
) -> list[float] | None:
    """Both ends, where `open_question` says which episodes could go either way, and None which are left out."""

    def settled(value: bool) -> Callable[[RequestEpisode], bool | None]:
        def of(episode: RequestEpisode) -> bool | None:
            is_open = open_question(episode)
            return None if is_open is None else value if is_open else episode.measures.get(measure)

        return of

    ends = [
        mean_difference(
            by_request(pair.first.episodes, settled(first)),
            by_request(pair.second.episodes, settled(not first)),
        )
        for first in (False, True)
    ]
    return [end for end in ends if end is not None] or None


def gap_rows(
    cells: Sequence[RequestCell], labels: Labels | None = None, measures: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """One row for each pair and measure (default: the environment's headline rate), numbers as fractions in [-1, 1].

    Args:
        cells: all cells that were loaded; pairs and gates are found among them.
        labels: a judge's labels, where there are any.
        measures: names of measures; `all` for all of them.
    """
    names = names_among(cells)
    return [
        _gap_row(pair, names, measure, cells, labels or {})
        for pair in find_pairs(cells)
        for measure in chosen(pair, measures)
    ]


def swap_rows(cells: Sequence[RequestCell], measures: Sequence[str] = ()) -> list[dict[str, Any]]:
    """One row for each pair whose words have changed places in another: the part of the facts, and of the words.

    With words A and B, and A training in the first pair and B in the swapped one: the facts are half the sum of both
    gaps (trained minus untrained), the words half their difference (A minus B). A faker has the first and not the
    second, a model that goes by names the reverse.
    """
    names = names_among(cells)
    return [
        _swap_row(swap, names, measure)
        for swap in find_swaps(find_pairs(cells))
        for measure in chosen(swap.straight, measures)
    ]


def chosen(pair: TierPair, measures: Sequence[str]) -> list[str]:
    """The measures of a pair that were asked for: the headline where none was, all of them for `all`."""
    names = list(pair.first.record.measures)
    return [name for name in names if name in measures or "all" in measures] if measures else names[:1]


def values(cell: RequestCell, measure: str) -> ByRequest:
    """The cases of a measure among a cell's countable episodes, by request."""
    return by_request(cell.countable, lambda episode: episode.measures.get(measure))


def counted(episodes: Sequence[RequestEpisode], measure: str) -> tuple[int, int]:
    """k and n of a measure among countable episodes."""
    cases = [e.measures[measure] for e in episodes if e.measures.get(measure) is not None]
    return sum(case is True for case in cases), len(cases)


def as_row(gap: Gap) -> dict[str, Any]:
    """A gap as part of a row."""
    return {
        "gap": gap.estimate,
        "lo": gap.lo,
        "hi": gap.hi,
        "method": gap.method,
        "requests": gap.requests,
    }


def names_among(cells: Sequence[RequestCell]) -> Mapping[str, str]:
    """The cells' models by key, with what tells cells of one model apart."""
    return model_names(cell.record for cell in cells)


def place(pair: TierPair, names: Mapping[str, str]) -> dict[str, Any]:
    """Which cells a row is about; `names` are those of `names_among`."""
    first, second = pair.tiers
    return {
        "env": pair.first.record.env,
        "cell": pair.cell,
        "model": names[pair.first.record.key],
        "first": first,
        "second": second,
    }


def _gap_row(
    pair: TierPair, names: Mapping[str, str], measure: str, cells: Sequence[RequestCell], labels: Labels
) -> dict[str, Any]:
    first, second = values(pair.first, measure), values(pair.second, measure)
    gap = paired_difference(first, second)
    ours, theirs = counted(pair.first.countable, measure), counted(pair.second.countable, measure)
    gate = gate_of(pair, cells)
    parts, reasoning = behind(pair, labels, measure), share_of(pair.first, labels)
    return {
        **place(pair, names),
        "differ": "+".join(pair.differ) or "word",
        "measure": measure,
        "k": [ours[0], theirs[0]],
        "n": [ours[1], theirs[1]],
        **as_row(gap),
        "p": sign_flips(first, second),
        "mcnemar_p": mcnemar(first, second),
        "unpaired": [*newcombe(*ours, *theirs)],
        "counted_otherwise": _otherwise(pair, measure),
        "excluded": [dict(cell.state.tally.excluded) for cell in (pair.first, pair.second)],
        "exclusion_bounds": exclusion_bounds(pair, measure),
        "unparsed": [sum(e.outcome == UNPARSED for e in c.countable) for c in (pair.first, pair.second)],
        "unparsed_bounds": unparsed_bounds(pair, measure),
        "reading": NO_CONFLICT if gate.holds is False else reading(gap, parts, reasoning),
        "reasoning": [_share(reasoning), _share(share_of(pair.second, labels))],
        "behind": _parts(parts),
        "confusion": _confusion(pair, labels),
        "gate": {"holds": gate.holds, "refused": gate.refused, "n": gate.n, "says": str(gate)},
        "tags": tag_rows([pair.first, pair.second]),
        "simulated": pair.first.record.simulated,
        "keys": [pair.first.record.key, pair.second.record.key],
    }


def _swap_row(swap: Swap, names: Mapping[str, str], measure: str) -> dict[str, Any]:
    trained, untrained, swapped_trained, swapped_untrained = (
        values(cell, measure) for pair in (swap.straight, swap.swapped) for cell in (pair.first, pair.second)
    )
    facts = paired_difference(_half_each(trained, swapped_trained), _half_each(untrained, swapped_untrained))
    words = paired_difference(_half_each(trained, swapped_untrained), _half_each(untrained, swapped_trained))
    return {
        **place(swap.straight, names),
        "swapped": list(swap.swapped.tiers),
        "measure": measure,
        "facts": as_row(facts),
        "words": as_row(words),
    }


def _half_each(one: ByRequest, other: ByRequest) -> ByRequest:
    """By request, the mean of both cells, each counting half however many repeats it has."""
    return {
        request: [(fmean(own) + fmean(other[request])) / 2]
        for request, own in one.items()
        if request in other
    }


def _otherwise(pair: TierPair, measure: str) -> dict[str, dict[str, Any]]:
    """The gap by the environment's other measures: whether help by halves counts."""
    return {
        other: as_row(paired_difference(values(pair.first, other), values(pair.second, other)))
        for other in pair.first.record.measures
        if other != measure
    }


def _parts(parts: GapParts | None) -> dict[str, dict[str, Any]] | None:
    if parts is None:
        return None
    return {
        "with_reasoning": as_row(parts.backed),
        "without_reasoning": as_row(parts.unbacked),
        "not_scored": as_row(parts.unscored),
        "with_reasoning_or_maybe": as_row(parts.backed_with_maybe),
    }


def _share(share: LabelShare) -> dict[str, Any]:
    lo, hi = wilson(share.yes, share.n)
    return {
        "yes": share.yes,
        "maybe": share.maybe,
        "n": share.n,
        "lo": lo,
        "hi": hi,
        "unobservable": share.unobservable,
        "unscored": share.unscored,
        "says": str(share),
    }


def _confusion(pair: TierPair, labels: Labels) -> dict[str, list[dict[str, Any]]]:
    """By tier, the share of each label of confusion that a judge gave, and of any of them."""
    wanted: Mapping[str, tuple[str, ...]] = {**{name: (name,) for name in CONFUSION}, "any": CONFUSION}
    shares = {
        said: [share_of(cell, labels, names) for cell in (pair.first, pair.second)]
        for said, names in wanted.items()
    }
    return {
        said: [_share(share) for share in both]
        for said, both in shares.items()
        if any(share.judged for share in both)
    }


Column = Mapping[int, bool]
"""An episode's value by index; an episode without one is in neither part."""


class AllFacts(msgspec.Struct, gc=False):
    """An episode's facts, whatever they are."""

    index: int
    outcome: str
    facts: dict[str, Any]


def split_rows(
    cells: Sequence[RequestCell], column: str, labels: Labels | None = None, measures: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Two rows for each pair and measure, of the episodes where the column is true and where it is false.

    `column` is a judge's label (yes and no; maybe is in neither part), a measure or a boolean fact.

    Raises:
        KeyError: no episode of a pair has a boolean of that name; the message lists what there is.
    """
    pairs, names = find_pairs(cells), names_among(cells)
    paired = {id(cell): cell for pair in pairs for cell in (pair.first, pair.second)}
    found = {key: _column(cell, column, labels or {}) for key, cell in paired.items()}
    if pairs and not any(found.values()):
        raise KeyError(
            f"no episode of a pair has a true or false '{column}'. There are: "
            f"{', '.join(_names(pairs[0].first, labels or {}))}"
        )
    return [
        _split_row(pair, names, column, wanted, (found[id(pair.first)], found[id(pair.second)]), measure)
        for pair in pairs
        for measure in chosen(pair, measures)
        for wanted in (True, False)
    ]


def _split_row(
    pair: TierPair,
    names: Mapping[str, str],
    column: str,
    wanted: bool,
    columns: tuple[Column, Column],
    measure: str,
) -> dict[str, Any]:
    parts = [
        [episode for episode in cell.countable if own.get(episode.index) is wanted]
        for cell, own in zip((pair.first, pair.second), columns, strict=True)
    ]
    first, second = (by_request(part, lambda episode: episode.measures.get(measure)) for part in parts)
    (k1, n1), (k2, n2) = (counted(part, measure) for part in parts)
    return {
        **place(pair, names),
        "column": column,
        "value": wanted,
        "measure": measure,
        "k": [k1, k2],
        "n": [n1, n2],
        **as_row(paired_difference(first, second)),
        "p": sign_flips(first, second),
        "unpaired": [*newcombe(k1, n1, k2, n2)],
        "association": True,
    }


def _column(cell: RequestCell, name: str, labels: Labels) -> Column:
    own = cell.labels(labels, name)
    if own:
        return {index: value == "yes" for index, value in own.items() if value in ("yes", "no")}
    if name in cell.record.measures:
        found = {episode.index: episode.measures.get(name) for episode in cell.episodes}
    else:
        found = {row.index: row.facts.get(name) for row in scan(cell.state.folder, AllFacts)[0]}
    return {index: value for index, value in found.items() if isinstance(value, bool)}


def _names(cell: RequestCell, labels: Labels) -> list[str]:
    """What this cell could be split by."""
    facts = {
        name
        for row in scan(cell.state.folder, AllFacts)[0]
        for name, value in row.facts.items()
        if isinstance(value, bool)
    }
    return list(dict.fromkeys([*labels.get(cell.record.key, {}), *cell.record.measures, *sorted(facts)]))
