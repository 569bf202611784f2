"""Two detectors of one reply against each other, per cell, where the environment declares two: AF's tag and content.

A model may accept and then refuse, and then a rate by tags is a rate of tags (seen for Gemini 2.0 Flash and Hermes).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hanlon.analysis.requests import RequestCell
from hanlon.analysis.tables import Column, plain, printed
from hanlon.environments.stored import declaration_of
from hanlon.store.cells import model_name
from hanlon.store.contract import Detectors

TOLERATED = 0.05
"""The share of contradictions, or of cut replies, above which a line warns."""


@dataclass(frozen=True, slots=True)
class DetectorRow:
    """How often each value of the first stands with each of the second, over a cell's countable episodes."""

    cell: RequestCell
    detectors: Detectors
    counts: Mapping[tuple[str | None, str | None], int]

    @property
    def table(self) -> dict[str, dict[str, int]]:
        """The episodes that have both, by the first and the second."""
        return {
            first: {second: self.count(first, second) for second in self.detectors.seconds}
            for first in self.detectors.agree
        }

    @property
    def n(self) -> int:
        """Episodes that have both."""
        return sum(sum(row.values()) for row in self.table.values())

    @property
    def contradictions(self) -> int:
        """In how many of these the two disagree."""
        return self.n - sum(self.count(*verdicts) for verdicts in self.detectors.agree.items())

    @property
    def share(self) -> float | None:
        """The share of contradictions; None where no episode has both."""
        return self.contradictions / self.n if self.n else None

    @property
    def without_second(self) -> dict[str, int]:
        """By the first, the episodes without any second."""
        return {first: self.count(first, None) for first in self.detectors.agree}

    @property
    def without_first(self) -> int:
        """Episodes without a first."""
        return sum(count for (first, _), count in self.counts.items() if first is None)

    def count(self, first: str, second: str | None) -> int:
        """Episodes with both of these."""
        return self.counts.get((first, second), 0)


def detector_names(detectors: Detectors) -> tuple[str, str]:
    """Both for people: `tag verdict`, `content verdict`."""
    return detectors.first.replace("_", " "), detectors.second.replace("_", " ")


def detector_rows(cells: Sequence[RequestCell]) -> list[DetectorRow]:
    """A row for each cell in which the first of two declared detectors is asked for."""
    rows: list[DetectorRow] = []
    for cell in cells:
        pair = declaration_of(cell.record).detectors
        if pair is None or any(cell.record.factors.get(name) != level for name, level in pair.where.items()):
            continue
        verdicts = Counter(
            (episode.fact(pair.first), episode.fact(pair.second)) for episode in cell.countable
        )
        rows.append(DetectorRow(cell, pair, verdicts))
    return rows


def detector_columns(detectors: Detectors) -> list[Column[DetectorRow]]:
    """The columns of cells with these two. Fields of JSON keep the names that they had for tags."""
    return [
        plain("cell", lambda row: row.cell.record.label),
        plain("model", lambda row: model_name(row.cell.record), once=True, heads=True),
        Column("table", lambda row: row.table),
        *(_crossed(first, detectors) for first in detectors.agree),
        Column("n", lambda row: row.n),
        Column(
            "contradictions",
            lambda row: row.contradictions,
            lambda row: "-" if row.share is None else f"{row.contradictions}/{row.n} = {row.share:.1%}",
        ),
        Column("share", lambda row: row.share),
        Column("without_content", lambda row: row.without_second),
        printed("first alone", lambda row: str(sum(row.without_second.values())), once=True),
        Column("without_tag", lambda row: row.without_first),
        printed("no first", lambda row: str(row.without_first), once=True),
        Column("key", lambda row: row.cell.record.key),
    ]


def _crossed(first: str, detectors: Detectors) -> Column[DetectorRow]:
    return printed(
        f"{first}: {', '.join(detectors.seconds)}",
        lambda row: ", ".join(str(row.count(first, second)) for second in detectors.seconds),
    )


def detector_warnings(rows: Sequence[DetectorRow]) -> Iterator[str]:
    """A line for each cell in which the two often contradict each other."""
    for row in rows:
        if row.share is not None and row.share > TOLERATED:
            against = ", ".join(
                f"{n} {first} and {second}"
                for first, seconds in row.table.items()
                for second, n in seconds.items()
                if n and row.detectors.agree[first] != second
            )
            first, second = detector_names(row.detectors)
            yield (
                f"{_name(row.cell)}: {first} and {second} disagree in {row.contradictions} of {row.n} ({against}). Its "
                f"rate is one of {first}; read transcripts before calling a gap."
            )


def cut_warnings(cells: Sequence[RequestCell]) -> Iterator[str]:
    """A line for each cell of whose replies many were cut: by max_tokens (excluded), or by a stop text."""
    for cell in cells:
        total = len(cell.episodes)
        truncated = sum(episode.excluded == "truncated" for episode in cell.episodes)
        problems = [episode.facts.format_problem or "" for episode in cell.countable]
        unclosed = sum(problem.endswith("never closes") for problem in problems)
        if truncated + unclosed > TOLERATED * total:
            yield (
                f"{_name(cell)}: {truncated} of {total} replies were cut at max_tokens (excluded as truncated), "
                f"{unclosed} ended within a tag. What was cut off may be a refusal: raise "
                "model.sampling.max_tokens, and leave out stop texts."
            )


def _name(cell: RequestCell) -> str:
    return f"{cell.record.label} ({model_name(cell.record)})"
