"""The transcripts that a page holds: a sample by outcome and label, and those that stand beside its claims."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.contrasts.effects import effect_text
from hanlon.analysis.labels.answers import followup_labels
from hanlon.analysis.labels.labels import load_labels
from hanlon.analysis.sampling import sample
from hanlon.report.answers import answers_at, inquiry_answers, read_people, remarks_on, roots_of
from hanlon.report.gathered import Gathered
from hanlon.report.index import Listed, label_columns
from hanlon.report.transcript import transcript
from hanlon.store.cells import CellState
from hanlon.store.episodes import read_episodes

SAMPLED = 240
"""Episodes of a page, beside those of its claims."""
BYTES = 6_000_000
"""Of the sampled transcripts as JSON; with figures and their libraries a page stays below 10 MB."""
PER_CLAIM = 5
CLAIMS = 8
Chosen = dict[str, set[int]]
"""Indices by cell key."""


@dataclass(frozen=True)
class Claim:
    """An effect with random episodes of its two cells: each cell's label and key, and an index."""

    text: str
    episodes: Sequence[tuple[str, str, int]]


def claims(gathered: Gathered, listed: Listed) -> list[Claim]:
    """The largest effects of each verdict, each with five episodes; the same of the same store."""
    return [
        Claim(f"{judged.title}: {effect_text(effect)}", _drawn(effect, listed))
        for judged in gathered.judged
        for effect in judged.effects[:CLAIMS]
    ]


def _drawn(effect: Contrast, listed: Listed) -> list[tuple[str, str, int]]:
    cells = [cell for cell in (effect.pair.base, effect.pair.treated) if not cell.record.local_only]
    pool = [
        (cell.record.label, cell.record.key, episode.index)
        for cell in cells
        for episode in listed.episodes(cell)
        if episode.excluded is None
    ]
    draw = random.Random(" ".join(sorted(cell.record.key for cell in cells)))
    return sorted(draw.sample(pool, min(PER_CLAIM, len(pool))))


def embedded(
    gathered: Gathered, listed: Listed, shown_claims: Sequence[Claim], *, everything: bool
) -> dict[str, Any]:
    """The reader's data: cells, rows, labels, and each chosen episode as JSON under `<cell number>/<index>`."""
    strata = _strata(gathered, listed)
    limit = SAMPLED if not everything else sum(map(len, strata.values()))
    chosen = _chosen(strata, shown_claims, limit)
    episodes = _transcripts(gathered.states, chosen)
    while not everything and limit > 1 and sum(map(len, episodes.values())) > BYTES:
        limit //= 2
        chosen = _chosen(strata, shown_claims, limit)
        episodes = {at: text for at, text in episodes.items() if at[1] in chosen.get(at[0], ())}
    columns = listed.columns(chosen)
    for state, cell in zip(gathered.states, columns["cells"], strict=True):
        if state.record.local_only:
            cell["texts"] = {}
    numbers = {state.record.key: number for number, state in enumerate(gathered.states)}
    remarks = [remark for root in roots_of(gathered.states) for remark in read_people(root)["labels"]]
    return {
        "columns": columns,
        "labels": label_columns(gathered.states, columns, remarks),
        "stored": sum(state.tally.episodes for state in gathered.states),
        "local": [state.record.label for state in gathered.states if state.record.local_only],
        "episodes": {f"{numbers[key]}/{index}": msgspec.Raw(text) for (key, index), text in episodes.items()},
    }


def _strata(gathered: Gathered, listed: Listed) -> dict[str, dict[int, str]]:
    """By cell and index, the outcome and all labels; not of cells whose transcripts may not leave the store."""
    labels: dict[str, dict[int, str]] = {}
    for judged in (*load_labels(gathered.states), *followup_labels(gathered.states)):
        of_cell = labels.setdefault(judged.cell.key, {})
        for index, given in judged.labels.items():
            values = ", ".join(f"{label.name}={label.value}" for label in given)
            of_cell[index] = f"{of_cell.get(index, '')}, {judged.judge.name} {values}"
    return {
        state.record.key: {
            episode.index: episode.outcome + labels.get(state.record.key, {}).get(episode.index, "")
            for episode in listed.episodes(state)
        }
        for state in gathered.states
        if not state.record.local_only
    }


def _chosen(strata: Mapping[str, Mapping[int, str]], shown_claims: Sequence[Claim], limit: int) -> Chosen:
    chosen = sample(strata, limit)
    for claim in shown_claims:
        for _, key, index in claim.episodes:
            chosen[key].add(index)
    return chosen


def _transcripts(
    states: Sequence[CellState], chosen: Mapping[str, Collection[int]]
) -> dict[tuple[str, int], bytes]:
    found: dict[tuple[str, int], bytes] = {}
    for state in states:
        wanted = chosen.get(state.record.key, ())
        if not wanted:
            continue
        by_inquiry, remarks = inquiry_answers(state), read_people(state.folder.parent.parent)
        written = [*remarks["labels"], *remarks["notes"]]
        for episode in read_episodes(state.folder):
            if episode.index in wanted:
                of = remarks_on(written, state, episode.index)
                shown = transcript(episode, answers_at(by_inquiry, episode.index), of)
                found[(state.record.key, episode.index)] = msgspec.json.encode(shown)
    return found
