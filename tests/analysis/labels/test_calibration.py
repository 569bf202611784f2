"""Judges against people and against each other, by published worked examples and by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanlon.analysis.labels.agreement import AGREEMENT_COLUMNS, agreement_rows, as_judged
from hanlon.analysis.labels.calibration import (
    CALIBRATION_COLUMNS,
    FIGURES,
    HumanLabel,
    JudgedLabel,
    calibration_rows,
)
from hanlon.analysis.stats.scores import Confusion, auroc, kappa, share
from hanlon.analysis.tables import render_table

AF = "alignment_faking"


def judged(index: int, value: str, share: float | None = None, **fields: Any) -> JudgedLabel:
    """A label of cell c by judge j."""
    given = {"judge": "j", "simulated": False, "cell": "c", "tier": "free", "label": AF}
    return JudgedLabel(**{**given, "index": index, "value": value, "share": share, **fields})


def human(index: int, value: str, **fields: Any) -> HumanLabel:
    """A person's label of cell c."""
    return HumanLabel(**{"cell": "c", "index": index, "label": AF, "value": value, **fields})


def row_of(rows: list[dict[str, Any]], **keys: Any) -> dict[str, Any]:
    """The one row with these values."""
    (found,) = [row for row in rows if all(row[k] == v for k, v in keys.items())]
    return found


def test_auroc_of_the_published_rating_example() -> None:
    """Hanley and McNeil 1982, table I: 58 normal and 51 abnormal CT images rated 1 to 5; area 0.893."""
    normal, abnormal = (
        [i for i, k in enumerate(c) for _ in range(k)] for c in ([33, 6, 6, 11, 2], [3, 2, 2, 11, 33])
    )
    area = auroc(abnormal, normal)
    assert area.value == pytest.approx(0.893, abs=5e-4)
    assert area.lo is not None
    assert area.hi is not None
    # their standard error is 0.032 to 0.033
    assert area.lo == pytest.approx(0.893 - 1.96 * 0.032, abs=0.02)
    assert area.value < area.hi <= 1
    assert auroc(abnormal, normal) == area, "the interval is the same each time"


def test_kappa_of_a_textbook_table() -> None:
    """Fifty grant proposals, two readers: 20 both yes, 15 both no, 15 differ; kappa 0.4 (Wikipedia, Cohen's kappa)."""
    found = kappa([[20, 5], [10, 15]])
    assert found.value == pytest.approx(0.4)
    assert found.lo is not None
    assert found.hi is not None
    assert found.lo < 0.4 < found.hi


def test_sensitivity_specificity_and_precision_of_a_published_table() -> None:
    """Altman and Bland 1994 (BMJ 308, 1552 and 309, 102): 344 liver scans; 0.90, 0.63, and a precision of 0.88."""
    scans = Confusion(tp=231, fp=32, fn=27, tn=54)
    assert scans.recall.value == pytest.approx(0.90, abs=0.005)
    assert scans.specificity.value == pytest.approx(0.63, abs=0.005)
    assert scans.precision.value == pytest.approx(0.88, abs=0.005)


def test_figures_that_the_data_do_not_define_have_no_value() -> None:
    """Nothing counted, one class only, one answer throughout, perfect separation: no number and no false certainty."""
    assert share(0, 0).value is None
    assert auroc([], [0.1]).value is None
    assert kappa([]).value is None
    assert kappa([[7, 0], [0, 0]]).value is None
    for figure in (auroc([0.9, 0.8], [0.1, 0.2]), kappa([[4, 0], [0, 5]])):
        assert (figure.value, figure.lo, figure.hi) == (1.0, None, None)
    assert auroc([0.5, 0.5], [0.5, 0.5]).value == 0.5


def test_a_row_counts_what_was_left_open_both_ways() -> None:
    """Maybe, unscored and unobservable are in no figure, counted by name, and bound every figure."""
    labels = [
        judged(0, "yes", 0.9), judged(1, "yes", 0.8), judged(2, "no", 0.1), judged(3, "no", 0.0),
        judged(4, "maybe", 0.3), judged(5, "unscored"), judged(6, "unobservable"),
    ]  # fmt: skip
    people = [human(i, v) for i, v in enumerate(["yes", "no", "yes", "no", "yes", "no", "yes", "no"])]
    row = row_of(calibration_rows(labels, people), tier="all")
    assert (row["tp"], row["fp"], row["fn"], row["tn"], row["n"]) == (1, 1, 1, 1, 4)
    assert row["open"] == {"maybe": 1, "unscored": 1, "unobservable": 1}
    assert row["unjudged"] == 1
    assert row["prevalence"] == 4 / 7
    assert row["recall"] == 0.5
    assert row["recall_if_open"] == [1 / 4, 3 / 4]
    assert row["specificity_if_open"] == [2 / 3, 1 / 3]
    assert row["precision_if_open"] == [1 / 2, 3 / 5]
    assert row["auroc_n"] == 5, "a maybe has a share of votes"
    table = render_table(CALIBRATION_COLUMNS, [row], "markdown", "judges and people")
    assert "1 maybe, 1 unscored, 1 unobservable, 1 unjudged" in table
    assert "open as no 0.25, as yes 0.75" in table


def test_tiers_have_rows_of_their_own_and_are_pooled() -> None:
    """The counts of the tiers add up to the pooled row; cells without a tier are in the pooled row alone."""
    labels = [
        judged(i, "yes" if i % 2 else "no", i / 9, cell=cell, tier=tier)
        for cell, tier in (("a", "free"), ("b", "paid"), ("c", None))
        for i in range(4)
    ]
    people = [human(i, "yes" if i > 1 else "no", cell=cell) for cell in "abc" for i in range(4)]
    rows = calibration_rows(labels, people)
    assert [row["tier"] for row in rows] == ["free", "paid", "all"]
    assert [row["n"] for row in rows] == [4, 4, 12]


def test_a_choice_has_a_row_for_each_of_its_values() -> None:
    """A judge that takes a refusal for compliance is wrong about both; the vote share says nothing of choices."""
    said = ["complied", "complied", "refused", "partial"]
    true = ["complied", "refused", "refused", "partial"]
    labels = [judged(i, v, 1.0, label="compliance") for i, v in enumerate(said)]
    people = [human(i, v, label="compliance") for i, v in enumerate(true)]
    rows = calibration_rows(labels, people)
    assert row_of(rows, label="compliance=complied", tier="all")["precision"] == 0.5
    assert row_of(rows, label="compliance=refused", tier="all")["recall"] == 0.5
    assert row_of(rows, label="compliance=partial", tier="all")["kappa"] == 1.0
    assert all(row["auroc"] is None for row in rows)


def test_raters_vote_and_a_tie_is_counted_not_guessed() -> None:
    """Two of three decide; one against one is split and compared with nothing."""
    people = [human(0, "yes", rater=r) for r in ("a", "b")] + [human(0, "no", rater="c")]
    people += [human(1, "yes", rater="a"), human(1, "no", rater="b")]
    row = row_of(calibration_rows([judged(0, "yes"), judged(1, "no")], people), tier="all")
    assert (row["n"], row["tp"], row["split"]) == (1, 1, 1)


def test_judges_are_compared_on_the_episodes_that_both_labelled() -> None:
    """Agreement over decided pairs, bounds over all; a rater counts as a judge; simulated stays visible."""
    a = [judged(i, v, judge="a", simulated=True) for i, v in enumerate(["yes", "yes", "no", "maybe"])]
    b = [judged(i, v, judge="b") for i, v in enumerate(["yes", "no", "no", "no", "no"])]
    (row,) = agreement_rows([*a, *b])
    assert (row["n"], row["agreed"], row["open"]) == (3, 2, 1)
    assert row["agreement_if_open"] == [2 / 4, 3 / 4]
    assert "(simulated)" in render_table(AGREEMENT_COLUMNS, [row], "markdown", "agreement")
    rows = agreement_rows([*a, *as_judged([human(0, "no", rater="ann")])])
    assert [(r["judge_b"], r["agreement"], r["kappa"]) for r in rows] == [("rater ann", 0.0, 0.0)]
    assert agreement_rows([*a, judged(9, "yes", judge="b")]) == []


VALUES = st.sampled_from(["yes", "no", "maybe", "unscored", "unobservable"])


@given(st.lists(st.tuples(st.booleans(), VALUES, st.floats(0, 1)), min_size=1, max_size=12))
def test_no_episode_is_lost_and_bounds_hold_the_figures(labelled: list[tuple[bool, str, float]]) -> None:
    """Decided, open and unjudged add up; recall and specificity lie between their two extremes."""
    labels = [judged(i, v, s) for i, (_, v, s) in enumerate(labelled)]
    people = [human(i, "yes" if case else "no") for i, (case, _, _) in enumerate(labelled)]
    row = row_of(calibration_rows(labels, people), tier="all")
    assert row["n"] + sum(row["open"].values()) + row["unjudged"] == len(labelled)
    for name in ("recall", "specificity"):
        low, high = sorted(row[f"{name}_if_open"]) if None not in row[f"{name}_if_open"] else (0.0, 1.0)
        assert row[name] is None or low <= row[name] <= high
    assert all(row[name] is None or -1 <= row[name] <= 1 for name in FIGURES)
