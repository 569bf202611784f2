"""The published numbers themselves: what can be recomputed is, what cannot is listed, every mapping composes."""

from itertools import groupby
from math import isnan, sqrt
from typing import Any

import pytest
from scipy.stats import beta
from statsmodels.stats.proportion import proportion_confint

from hanlon.analysis.published.published import factors_of, published_rates, published_rows, text
from support.composed import cell

ROWS = published_rows()
DIGITS = {"jeffreys": 3, "wilson": 4}
"""Decimals to which an interval by that method is given."""
ONE_SIDED = {
    (model, condition)
    for condition, models in {
        "A: no instruction": "claude-3.7-sonnet claude-sonnet-4 claude-opus-4 claude-opus-4.1 grok-3",
        "E: system even if": (
            "claude-3.7-sonnet claude-sonnet-4 claude-opus-4 claude-opus-4.1 gpt-4o gpt-5 grok-3"
        ),
        "K: competence": "claude-sonnet-4",
    }.items()
    for model in models.split()
}
"""Table 2 of Palisade's paper: at 0, 1 and 1000 of 1000 its bounds are one-sided (gpt-oss-120b's are two-sided)."""
NOT_OF_A_THOUSAND = {
    ("Table 2", "gemini-2.5-pro", "K: competence"),
    ("Table 2", "codex-mini", "E: system even if"),
    ("Table 2", "o4-mini", "K: competence"),
    ("sheet, basis of Figs 7-11", "codex-mini", "E: system even if"),
    ("sheet, basis of Figs 7-11", "o4-mini", "J: only copy never run again"),
}
"""Intervals that no k of 1000 gives: some of the trials were dropped, so that n lies between 961 and 999."""
ONE_ERROR_FOR_ALL = "tang_2026"
"""Gives 4.8 points for each of its gaps, rounded over all of them."""
GAPS_WITHOUT_RATES = {
    ("greenblatt_2024", "section 4"): 4,
    ("inspect_evals_1589", "issue"): 1,
    ("anthropic_2025", "text"): 1,
    ("koorndijk_2025", "text"): 3,
}
"""Gaps whose two rates were not published."""


def name(row: Any) -> str:
    """A row, short enough for the name of a test."""
    return f"{row['study']}-{row['model']}-{row['condition']}-{row['tier']}".replace(" ", "_")


def of(**wanted: Any) -> list[Any]:
    """The rows with these values."""
    return [row for row in ROWS if all(row[column] == value for column, value in wanted.items())]


def interval(k: int, n: int, method: str) -> tuple[float, float]:
    """The two-sided 95 % interval, ending at 0 and 1 where k does."""
    lo, hi = proportion_confint(k, n, method=method)
    return (0.0 if k == 0 else lo), (1.0 if k == n else hi)


def test_every_row_of_the_collection_is_there_once() -> None:
    """958 rows; none says twice of one source's place what one model did in one condition."""
    identity = ("source", "place", "model", "condition", "tier", "minus_tier", "paper_measure")
    assert len(ROWS) == 958
    assert len({tuple(row[column] for column in identity) for row in ROWS}) == 958


def test_the_frame_holds_the_same_in_types_of_its_own() -> None:
    """Counts stay integers where some are missing; a caller's change stays the caller's."""
    frame = published_rates()
    assert (str(frame.k.dtype), str(frame.rate.dtype)) == ("Int64", "float64")
    assert int(frame.k.notna().sum()) == sum(row["k"] is not None for row in ROWS)
    frame["rate"] = 0.5
    assert published_rates().rate.nunique() > 100


def test_names_have_one_spelling_each() -> None:
    """Columns with a fixed vocabulary keep to it; one model has one id."""
    words = {
        "read_from": {"primary", "secondary", "figure"},
        "env": {"shutdown", "alignment_faking", "secret_number"},
        "kind": {"rate", "contrast", "ratio", "auroc"},
        "relation": {"same", "complement", ""},
        "counts": {"published", "inferred", "k inferred", "n at least", "n only", ""},
        "interval_by": {"source", "computed", ""},
        "recomputable": {"jeffreys", "wilson", "wald", "wald_difference", ""},
    }
    for column, known in words.items():
        assert {row[column] for row in ROWS} == known, column
    served = {(row["model"], row["model_id"]) for row in ROWS if row["model_id"]}
    assert len(served) == len({model for model, _ in served}) == len({of_us for _, of_us in served})


def test_no_row_contradicts_itself() -> None:
    """Fractions are fractions, k/n is the rate to the digits printed, and an interval holds its rate."""
    for row in ROWS:
        lowest = -1 if row["kind"] == "contrast" else 0
        for column in ("rate", "lo", "hi"):
            assert row[column] is None or lowest <= row[column] <= 1, name(row)
        if row["k"] is not None:
            assert row["counts"] not in ("", "n only"), name(row)
            assert row["rate"] == pytest.approx(row["k"] / row["n"], abs=0.003), name(row)
        if row["lo"] is not None:
            assert row["lo"] <= row["rate"] <= row["hi"], name(row)
            assert row["interval"], name(row)
        assert (row["interval_by"] != "") == (row["lo"] is not None or row["se"] is not None), name(row)
        assert row["denominator"], name(row)


@pytest.mark.parametrize("row", [row for row in ROWS if row["recomputable"] in DIGITS], ids=name)
def test_an_interval_is_what_its_counts_give(row: Any) -> None:
    """Jeffreys and Wilson, to the digits printed."""
    lo, hi = interval(row["k"], row["n"], row["recomputable"])
    half = 0.5 * 10 ** -DIGITS[row["recomputable"]] + 1e-6
    assert (row["lo"], row["hi"]) == (pytest.approx(lo, abs=half), pytest.approx(hi, abs=half))


@pytest.mark.parametrize("row", of(recomputable="wald"), ids=name)
def test_a_standard_error_is_what_its_counts_give(row: Any) -> None:
    """The plug-in standard error of a proportion, to the digits printed; BlueDot's interval is that of it."""
    share = row["k"] / row["n"]
    assert row["se"] == pytest.approx(sqrt(share * (1 - share) / row["n"]), abs=0.00051)
    if row["lo"] is not None:
        assert (row["lo"], row["hi"]) == pytest.approx(
            proportion_confint(row["k"], row["n"], method="normal"), abs=0.0051
        )


def test_every_interval_that_is_not_recomputed_is_listed() -> None:
    """The exceptions are these and no others, each for its reason; the rest of the intervals is recomputed above."""
    left = [row for row in ROWS if row["lo"] is not None and not row["recomputable"]]
    with_counts = [row for row in left if row["k"] is not None]
    assert {(row["model"], row["condition"]) for row in with_counts} == ONE_SIDED
    assert {row["place"] for row in with_counts} == {"Table 2"}
    without = [row for row in left if row["k"] is None]
    assert {(row["place"], row["model"], row["condition"]) for row in without} == NOT_OF_A_THOUSAND
    errors = [row for row in ROWS if row["se"] is not None and not row["recomputable"]]
    assert {row["study"] for row in errors if row["n"] is not None} == {ONE_ERROR_FOR_ALL}
    assert {row["study"] for row in errors if row["n"] is None} == {"greenblatt_2024"}


@pytest.mark.parametrize("row", [r for r in ROWS if r["place"] == "Table 2" and r["k"] is not None], ids=name)
def test_the_odd_bounds_of_table_2_are_one_sided(row: Any) -> None:
    """Where the two-sided Jeffreys interval does not give the printed bound, the one-sided does, and only there."""
    k, n = row["k"], row["n"]
    if (row["model"], row["condition"]) not in ONE_SIDED:
        assert row["recomputable"] == "jeffreys"
        return
    lo, hi = interval(k, n, "jeffreys")
    assert max(abs(row["lo"] - lo), abs(row["hi"] - hi)) > 0.0005
    level = 0.05 if k == n else 0.95
    bound = beta.ppf(level, k + 0.5, n - k + 0.5)
    assert (row["lo"] if k == n else row["hi"]) == pytest.approx(bound, abs=0.00051)


@pytest.mark.parametrize(("place", "model", "condition"), sorted(NOT_OF_A_THOUSAND))
def test_some_counts_need_fewer_than_a_thousand_trials(place: str, model: str, condition: str) -> None:
    """No k of 1000 gives the interval, some k of 961 to 999 does."""
    (row,) = of(place=place, model=model, condition=condition)

    def fits(k: int, n: int) -> bool:
        lo, hi = interval(k, n, "jeffreys")
        printed = (round(k / n, 3), round(lo, 3), round(hi, 3))
        return printed == (row["rate"], row["lo"], row["hi"])

    near = range(int(row["rate"] * 961) - 2, int(row["rate"] * 1000) + 3)
    assert not any(fits(k, 1000) for k in near)
    assert any(fits(k, n) for n in range(961, 1000) for k in near)


def test_what_is_counted_the_other_way_round_is_marked() -> None:
    """Non-compliance is the complement of our compliance, strict compliance that of our strict_noncompliance."""
    turned = {row["paper_measure"] for row in of(relation="complement")}
    assert turned == {"non-compliance", "strict compliance"}
    for paper, ours in (("non-compliance", "compliance"), ("strict compliance", "strict_noncompliance")):
        found = {(row["measure"], row["relation"]) for row in of(paper_measure=paper)}
        assert found == {(ours, "complement")}


def pairs() -> list[tuple[Any, Any, Any]]:
    """Each gap with the rates of its two tiers, all as compliance."""
    found: list[tuple[Any, Any, Any]] = []
    for gap in of(kind="contrast"):
        same = {column: gap[column] for column in ("source", "place", "model", "condition")}
        rates = {
            row["tier"]: row
            for row in of(**same, kind="rate", measure="compliance")
            if row["rate"] is not None
        }
        if gap["tier"] in rates and gap["minus_tier"] in rates:
            found.append((gap, rates[gap["tier"]], rates[gap["minus_tier"]]))
    return found


@pytest.mark.parametrize(("gap", "trained", "untrained"), pairs(), ids=lambda row: name(row))
def test_a_gap_is_the_difference_of_its_rates(gap: Any, trained: Any, untrained: Any) -> None:
    """Within 0.2 points, as compliance or its complement; its standard error within the last digit."""
    assert trained["relation"] == untrained["relation"]
    sign = -1 if trained["relation"] == "complement" else 1
    assert gap["rate"] == pytest.approx(sign * (trained["rate"] - untrained["rate"]), abs=0.0021)
    if gap["recomputable"]:
        assert gap["se"] == pytest.approx(sqrt(trained["se"] ** 2 + untrained["se"] ** 2), abs=0.0011)
    elif gap["study"] == ONE_ERROR_FOR_ALL:
        spread = sqrt(sum(row["rate"] * (1 - row["rate"]) / row["n"] for row in (trained, untrained)))
        assert 0.042 < spread < 0.0495
        assert gap["se"] == 0.048


def test_every_gap_without_its_rates_is_listed() -> None:
    """All others are checked above."""
    checked = [gap for gap, _, _ in pairs()]
    left = sorted((row for row in of(kind="contrast") if row not in checked), key=lambda r: r["study"])
    counted = {key: len(list(rows)) for key, rows in groupby(left, key=lambda r: (r["study"], r["place"]))}
    assert counted == GAPS_WITHOUT_RATES
    assert len(checked) == 145 + 3 + 12 + 5 + 1


@pytest.mark.parametrize("row", of(kind="ratio"), ids=name)
def test_a_over_k_is_the_quotient_of_its_rates(row: Any) -> None:
    """Table 2's third column, within its rounding."""
    (a,) = of(place="Table 2", model=row["model"], condition="A: no instruction")
    (k,) = of(place="Table 2", model=row["model"], condition="K: competence")
    assert row["rate"] == pytest.approx(a["rate"] / k["rate"], abs=0.0012)


CONDITIONS = sorted(
    {
        (row["env"], row["prompt"], row["factors"], tier, row["point"])
        for row in ROWS
        if not row["unmapped"]
        for tier in {row["tier"], row["minus_tier"] or row["tier"]}
    }
)


@pytest.mark.parametrize(("env", "prompt", "factors", "tier", "point"), CONDITIONS)
def test_a_mapped_condition_is_a_cell(env: str, prompt: str, factors: str, tier: str, point: str) -> None:
    """Its level, factors and tier compose with conf/, and `point` is what they are off the no-effect values."""
    overrides = [
        f"env.{key}='{value}'" if " " in value else f"env.{key}={value}"
        for key, value in factors_of(factors).items()
    ]
    built = cell(f"env={env}", f"prompt={prompt}", f"tier={tier}", "model=openrouter/openai/o3", *overrides)
    assert built.config.tier.name == tier
    no_effect = type(built.environment).Factors().model_dump()
    off = {key: text(value) for key, value in built.factors.items() if value != no_effect[key]}
    assert off == factors_of(point)


def test_an_unmapped_row_says_why_and_a_mapped_one_has_its_cell() -> None:
    """`unmapped` is empty if and only if prompt, tier and measure are there."""
    for row in ROWS:
        mapped = bool(row["prompt"] and row["tier"] and row["measure"])
        assert mapped == (not row["unmapped"]), name(row)
        assert mapped or not (row["prompt"] or row["factors"] or row["point"])
    assert sum(bool(row["unmapped"]) for row in ROWS) == 411
    assert not any(isinstance(row["rate"], float) and isnan(row["rate"]) for row in ROWS)
