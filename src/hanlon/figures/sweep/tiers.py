"""Own runs by tier, ready for the stacked and the dumbbell figure of Sheshadri et al. 2025."""

from hanlon.figures.frames import Frame, require, table
from hanlon.figures.names import readable
from hanlon.figures.sweep.tier_pairs import FREE, GAP, PAID, named_tiers

OUTCOMES = (
    *("complied, AF reasoning", "complied", "partial, AF reasoning", "partial"),
    *("refused, AF reasoning", "refused", "other"),
)
"""From the bottom up."""


def outcome_shares(outcomes: Frame) -> Frame:
    """Segments for `stacked_shares` out of `tier_pairs.tier_outcomes`; a panel for each model and prompt."""
    require(outcomes, "no replies in tiers: sample env=alignment_faking tier=free,paid")
    segments = [
        _segment(outcome, reasoning)
        for outcome, reasoning in zip(outcomes["outcome"], outcomes["reasoning"], strict=True)
    ]
    named = outcomes.assign(
        segment=segments,
        panel=outcomes["model"] + "\n" + outcomes["variation"].map(readable) + outcomes["scheme"],
    )
    named = named[named["tier"] != "none"].sort_values(
        ["panel", "facts"], ascending=[True, False], kind="stable"
    )
    named = named.assign(tier=named["tier"].str.rpartition("/")[2])
    by = ["panel", "whose", "model", "variation", "tier", "key", "segment", "n"]
    summed = named.groupby(by, sort=False, as_index=False)["k"].sum()
    summed = summed.assign(share=summed["k"] / summed["n"])
    return summed.assign(label=[f"{k}/{n}" for k, n in zip(summed["k"], summed["n"], strict=True)])


def _segment(outcome: str, reasoning: str) -> str:
    if outcome not in ("complied", "partial", "refused"):
        return "other"
    return f"{outcome}, AF reasoning" if reasoning == "yes" else outcome


def by_tier(pairs: Frame) -> Frame:
    """The rates of `pairs.sweep_pairs`, each cell once, ready for `dumbbell`; `place` numbers the tiers of a row."""
    rates = pairs[pairs["quantity"].isin([FREE, PAID])].drop_duplicates("key")
    named = rates.assign(group=rates["variation"], series=rates["tier"])
    return named.assign(place=named.groupby("group").cumcount())


def gaps_by_tier(pairs: Frame) -> Frame:
    """The gaps of `pairs.sweep_pairs` with the rates at their ends, ready for `dumbbell`.

    A gap has a lane (`place`) below those of the tiers, and its text the next.
    """

    rows: list[dict[str, str | float]] = []
    lanes = pairs[pairs["quantity"].isin([FREE, PAID])].groupby("variation")["key"].nunique().to_dict()
    for (variation, tiers), group in pairs.groupby(["variation", "tiers"], sort=False):
        by_quantity = {row.quantity: row for row in group.itertuples()}
        if {FREE, PAID, GAP} <= by_quantity.keys():
            gap = by_quantity[GAP]
            rows.append({
                "group": variation, "tiers": tiers, "differ": gap.differ, "first": by_quantity[FREE].rate,
                "second": by_quantity[PAID].rate, "place": lanes[variation],
                "gap": f"{named_tiers(tiers)}: {gap.label} [{100 * gap.low:+.1f}, {100 * gap.high:+.1f}]",
            })  # fmt: skip
            lanes[variation] += 2
    return table(rows, ["group", "tiers", "differ", "first", "second", "place", "gap"])
