"""Own cells in pairs of tiers, as rows to draw: non-compliance in both tiers, reasoning, and the gap."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hanlon.analysis.gaps.pairs import label_without_tier, tier_of
from hanlon.analysis.gaps.reasoning import motive_label
from hanlon.analysis.gaps.rows import gap_rows
from hanlon.analysis.gaps.tables import GAPS
from hanlon.analysis.requests import Labels, RequestCell, request_cells
from hanlon.analysis.stats.rates import wilson
from hanlon.analysis.tables import plain_rows, points
from hanlon.environments.stored import declaration_of
from hanlon.environments.tier import TIER_FACTS
from hanlon.figures.frames import SIMULATED, SWEEP, Frame, table
from hanlon.figures.names import readable
from hanlon.figures.points import frame
from hanlon.store.cells import CellState, model_name

REASONING, FREE, PAID, GAP = "AF reasoning, free", "non-compliance, free", "non-compliance, paid", "gap"
QUANTITIES = (REASONING, FREE, PAID, GAP)
"""What a row of a forest of variations has, in the order of the tables of Greenblatt et al."""
WILSON = "Wilson 95%"


def sweep_pairs(states: Sequence[CellState], labels: Labels | None = None) -> Frame:
    """Points of every pair of tiers: `variation` names its cells and scheme of tiers, `pair` also which two of
    them where there are several, `quantity` is one of `QUANTITIES`, `setting` the environment's factor.

    The first tier of a pair trains, is rated or is monitored, and stands in the place of free. The rate is of the
    environment's headline measure turned round. Reasoning is there where a judge has labelled it.
    """
    settings = {
        state.record.key: str(state.record.factors.get(declaration_of(state.record).setting))
        for state in states
    }
    gaps = gap_rows(_replies(states), labels)
    plain = zip(gaps, plain_rows(GAPS, gaps), strict=True)
    rows = [point for gap, row in plain for point in _of_pair(row, motive_label(gap.pair.first))]
    named = {name: [row[name] for row in rows] for name in ("variation", "quantity", "tiers", "differ")}
    tiers = {name: {row["tiers"] for row in rows if row["variation"] == name} for name in named["variation"]}
    pairs = [
        name if len(tiers[name]) == 1 else f"{name}: {named_tiers(two)}"
        for name, two in zip(named["variation"], named["tiers"], strict=True)
    ]
    return frame(rows).assign(**named, pair=pairs, setting=[settings[row["key"]] for row in rows])


def _replies(states: Sequence[CellState]) -> list[RequestCell]:
    """The replies in environments that declare what a gap between tiers is a sign of."""
    return list(request_cells([state for state in states if declaration_of(state.record).motive]))


def named_tiers(tiers: str) -> str:
    """A pair of tiers without the name of their scheme: `free to pro` of `three/free / three/pro`."""
    return " to ".join(tier.rpartition("/")[2] for tier in tiers.split(" / "))


def _of_pair(row: Mapping[str, Any], label: str) -> Iterator[dict[str, Any]]:
    model = row["model"].removeprefix("openrouter/")
    pair = {
        "whose": SIMULATED if row["simulated"] else SWEEP, "study": "", "place": "", "model": model,
        "condition": row["cell"], "counts": "",
        "variation": f"{readable(row['cell'])} ({model})" + _scheme(row["first"]), "effort": "default",
        "tiers": f"{row['first']} / {row['second']}", "differ": row["differ"], "key": row["keys"][0],
        "kind": "rate", "error": WILSON,
    }  # fmt: skip
    for quantity, at, tier in ((FREE, 0, "first"), (PAID, 1, "second")):
        n = row["n"][at]
        if n:
            yield pair | _counted(n - row["k"][at], n) | {
                "excluded": sum(row["excluded"][at].values()), "quantity": quantity, "tier": row[tier],
                "measure": row["measure"], "key": row["keys"][at], "paper_measure": "non-compliance",
            }  # fmt: skip
    reasoning = row["reasoning"][0]
    if reasoning["n"]:
        yield pair | _counted(reasoning["yes"], reasoning["n"]) | {
            "quantity": REASONING, "tier": row["first"], "measure": label,
            "paper_measure": "alignment-faking reasoning",
        }  # fmt: skip
    if row["gap"] is not None:
        yield pair | {
            "quantity": GAP, "tier": row["first"], "measure": row["measure"], "kind": "contrast",
            "paper_measure": "compliance gap", "rate": row["gap"], "lo": row["lo"], "hi": row["hi"],
            "low": row["lo"], "high": row["hi"], "error": row["method"], "n": row["requests"],
            "label": points(row["gap"]),
        }  # fmt: skip


def _scheme(tier: str) -> str:
    """What tells the pairs of another scheme from those of free and paid: `, swapped` of `swapped/free`."""
    scheme = tier.rpartition("/")[0]
    return f", {scheme}" if scheme else ""


def _counted(k: int, n: int) -> dict[str, Any]:
    lo, hi = wilson(k, n)
    return {"k": k, "n": n, "rate": k / n, "lo": lo, "hi": hi, "low": lo, "high": hi, "label": f"{k}/{n}"}


def tier_outcomes(states: Sequence[CellState], labels: Labels | None = None) -> Frame:
    """How often each outcome came with alignment-faking reasoning and without, one row a cell and combination.

    Columns: `whose`, `model`, `variation` (the cell's label without its tier), `scheme` (of its tiers: `, three`),
    `tier`, `facts` (how many of trained, rated and monitored it is), `outcome`, `reasoning`
    (`yes`, `no`, `not scored`), `k`, `n` (the cell's countable episodes), `key`.
    """

    return table(
        [row for cell in _replies(states) for row in _outcomes(cell, labels or {})],
        columns=[
            "whose",
            "model",
            "variation",
            "scheme",
            "tier",
            "facts",
            "outcome",
            "reasoning",
            "k",
            "n",
            "key",
        ],
    )


def _outcomes(cell: RequestCell, labels: Labels) -> Iterator[dict[str, Any]]:
    by_index = cell.labels(labels, motive_label(cell))
    counts: dict[tuple[str, str], int] = {}
    for episode in cell.countable:
        value = by_index.get(episode.index)
        at = (
            episode.outcome,
            value if value in ("yes", "no") else "no" if value == "maybe" else "not scored",
        )
        counts[at] = counts.get(at, 0) + 1
    record, tier = cell.record, str(cell.record.factors.get("tier", "none"))
    for (outcome, reasoning), k in sorted(counts.items()):
        yield {
            "whose": SIMULATED if record.simulated else SWEEP,
            "model": model_name(record).removeprefix("openrouter/"),
            "variation": label_without_tier(record),
            "tier": tier, "scheme": _scheme(tier),
            "facts": sum(bool(getattr(tier_of(record), fact)) for fact in TIER_FACTS),
            "outcome": outcome, "reasoning": reasoning, "k": k, "n": len(cell.countable), "key": record.key,
        }  # fmt: skip
