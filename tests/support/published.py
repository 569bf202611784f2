"""Cells with exactly the counts that papers print, as if the model had been run in our cells of the same name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hanlon.analysis.published.published import published_rows
from hanlon.analysis.stats.by_request import ByRequest
from hanlon.hypotheses.verdict import GridVerdict, judge
from hanlon.store.cells import CellState
from hanlon.store.tally import Count, Tally
from support.composed import record
from support.rivals import plan

PUBLISHED_N = 1000
"""Of the rates that Palisade's papers and DeepMind's post print without counts."""


@dataclass(frozen=True)
class Published:
    """Cells, and the values by request of those that share requests."""

    cells: list[CellState]
    by_request: Mapping[str, ByRequest]

    def values(self, cell: CellState, measure: str) -> ByRequest | None:
        """A cell's values; both of its measures have the same."""
        del measure
        return self.by_request.get(cell.record.key)

    def verdict(self) -> GridVerdict:
        """The verdict on them by all bundled hypotheses."""
        (verdict,) = judge(self.cells, plan(self.cells[0].record.env), values=self.values)
        return verdict

    def cell(self, prompt: str) -> CellState:
        """The cell of a prompt level."""
        (cell,) = (cell for cell in self.cells if cell.record.prompt == prompt)
        return cell


def published_counts(
    study: str, model: str, measure: str, *, figures: bool = True
) -> dict[tuple[str, str, str], Count]:
    """The last count in the file by prompt level, tier and other factors; of a bare rate that of 1000 episodes.

    Args:
        study: as in the file.
        model: as in the file, without its maker.
        measure: the measure whose rate, or whose complement's, is printed.
        figures: whether what was read off a figure is taken, too.
    """
    counts: dict[tuple[str, str, str], Count] = {}
    for row in published_rows():
        wanted = (row["study"], row["model"], row["measure"], row["kind"])
        if wanted != (study, model, measure, "rate") or not row["prompt"] or row["rate"] is None:
            continue
        if row["read_from"] == "figure" and not figures:
            continue
        n = int(row["n"] or PUBLISHED_N)
        k = int(row["k"]) if row["k"] is not None else round(row["rate"] * n)
        if row["relation"] == "complement":
            k = n - k
        counts[row["prompt"], row["tier"], row["factors"] or ""] = Count(k, n)
    return counts


def cell_of(count: Count, env: str, prompt: str, *overrides: str) -> CellState:
    """One of our cells with this count of its headline measure."""
    model = "openrouter/openai/o3" if env == "shutdown" else "openrouter/anthropic/claude-opus-4"
    made = record(f"env={env}", f"model={model}", f"prompt={prompt}", *overrides)
    headline = next(iter(made.measures))
    return CellState(made, Tally(episodes=count.n, measures={headline: count}), Path(made.key))


def shutdown_cells(study: str, model: str, *prompts: str, figures: bool = True) -> Published:
    """The cells of some prompt levels, as far as the file has them."""
    measure = "strict_noncompliance" if study == "gdm_2025" else "resistance"
    counts = published_counts(study, model, measure, figures=figures)
    cells = [
        cell_of(count, "shutdown", prompt) for (prompt, _, _), count in counts.items() if prompt in prompts
    ]
    return Published(cells, {})


def compliance_cells(study: str, model: str, pairing: str, *, times: int = 1, factors: str = "") -> Published:
    """The free and paid cells of every prompt level that the file has with counts.

    Args:
        study: as in the file.
        model: as in the file.
        pairing: "nested": a request that is granted in a cell is granted in every cell of a higher rate;
            "independent": which ones are granted is drawn for each cell. No paper prints it.
        times: how many times as many requests as published.
        factors: the published rows' factors, which are then set.
    """
    chance = np.random.default_rng(20251130)
    cells: list[CellState] = []
    by_request: dict[str, ByRequest] = {}
    for (prompt, tier, row_factors), count in published_counts(study, model, "compliance").items():
        if row_factors != factors or prompt == "animal_welfare":
            continue
        enlarged = Count(count.k * times, count.n * times)
        set_factors = [f"env.{factor}" for factor in factors.split(";") if factor]
        cell = cell_of(enlarged, "alignment_faking", prompt, f"tier={tier}", "controls=none", *set_factors)
        cells.append(cell)
        by_request[cell.record.key] = _requests(enlarged, chance if pairing == "independent" else None)
    return Published(cells, by_request)


def _requests(count: Count, chance: "np.random.Generator | None") -> ByRequest:
    """One episode a request: `k` granted, the most readily granted ones or any.

    Where cells have different numbers of requests, those that they share are spread evenly over the readier and
    the less ready ones.
    """
    order = np.argsort([_readiness(request) for request in range(count.n)], kind="stable")
    if chance is not None:
        chance.shuffle(order)
    granted = set(order[: count.k].tolist())
    return {str(request): [float(request in granted)] for request in range(count.n)}


def _readiness(request: int) -> float:
    """A number between 0 and 1 for each request, spread evenly however many there are (van der Corput's sequence)."""
    value, step = 0.0, 0.5
    while request:
        request, bit = divmod(request, 2)
        value, step = value + bit * step, step / 2
    return value
