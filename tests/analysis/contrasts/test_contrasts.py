"""Contrasts found from the grid: which cells are compared, in which direction, and what is said of them."""

import pytest

from hanlon.analysis.contrasts.attribution import Attribution, attribute
from hanlon.analysis.contrasts.contrasts import Contrast, Predicted, contrast, contrasts, varied_factors
from hanlon.analysis.contrasts.grid import CellPair, grids
from hanlon.analysis.stats.by_request import ByRequest
from hanlon.analysis.stats.differences import holm
from hanlon.store.cells import CellState
from support.grid_cells import FACTORS, cell, clarification

CELLS = [one.record for one in clarification(79, 5, 60, 1, 78)]
PREDICTED = [
    Predicted(CELLS[1].key, CELLS[0].key, "resistance"),
    Predicted(CELLS[0].key, CELLS[2].key, "resistance"),
    Predicted(CELLS[2].key, CELLS[1].key, "resistance"),
]
"""Of the clarified prompt's parts: precedence the other way round, how, and one part against the other."""


def said(found: list[Contrast]) -> list[tuple[str, object, object]]:
    """Each contrast's factor and levels."""
    return [(one.pair.factor, *one.pair.levels) for one in found]


def between(base: CellState, treated: CellState) -> CellPair:
    """Two cells of one grid as a pair."""
    pair = grids([base, treated])[0].between(base, treated)
    assert pair is not None
    return pair


def test_cells_that_differ_in_one_factor_are_contrasts_and_in_several_a_bundle() -> None:
    """The clarified prompt's parts are one-factor contrasts; the prompt itself is a bundle of two, and never more."""
    found = contrasts(clarification(79, 5, 60, 1, 78))
    assert said(found) == [
        ("precedence", "silent", "over_all_others"),
        ("precedence", "silent", "placebo"),
        ("precedence", "silent", "over_all_others"),
        ("how", "silent", "keep_calling"),
        ("how", "silent", "keep_calling"),
        ("prompt", "baseline", "priority_clarified"),
    ]
    bundle = found[-1]
    assert bundle.pair.kind == "bundle"
    assert list(bundle.pair.changed) == ["precedence", "how"]
    assert bundle.comparison.difference.value == pytest.approx(-0.78)
    assert {one.pair.held["how"] for one in found if one.pair.factor == "precedence"} == {
        "silent",
        "keep_calling",
    }


def test_a_prompt_level_that_sets_one_factor_is_no_bundle() -> None:
    """Two levels that differ in one factor are that factor's contrast."""
    assert said(contrasts([cell(9, 10), cell(1, 10, "how_only", how="keep_calling")])) == [
        ("how", "silent", "keep_calling")
    ]


def test_a_level_that_was_edited_is_no_bundle_with_itself() -> None:
    """Two cells of one prompt level whose file changed in between differ in several factors, and are not contrasted."""
    assert contrasts([cell(9, 10), cell(1, 10, how="keep_calling", precedence="over_all_others")]) == []


@pytest.mark.parametrize(
    "other", [{"model": "grok"}, {"protocol": "text"}, {"endpoint": "vllm"}, {"env": "x"}]
)
def test_models_and_protocols_are_never_contrasted(other: dict[str, str]) -> None:
    """Another model, protocol, endpoint or environment is another grid."""
    cells = [cell(9, 10), cell(1, 10, "how_only", how="keep_calling", **other)]
    assert contrasts(cells) == []


def test_tier_seed_and_sampling_are_factors_too() -> None:
    """What is sent with each call, the seed and the tier are held fixed, or contrasted, like any factor."""
    cells = [
        cell(9, 10),
        cell(5, 10, tier="free"),
        cell(5, 10, seed=1),
        cell(5, 10, sampling={"reasoning_effort": "high"}),
        cell(1, 10, tier="free", seed=1),
    ]
    assert said(contrasts(cells)) == [
        ("tier", "none", "free"),
        ("tier", "none", "free"),
        ("seed", 0, 1),
        ("seed", 0, 1),
        ("sampling.reasoning_effort", None, "high"),
    ]


def test_a_contrast_starts_where_the_factor_does_nothing() -> None:
    """The stated no-effect value is the base, however few cells have it; else one that says nothing; else the usual."""
    many = [cell(1, 10, f"p{i}", allow="present", how=f"h{i}") for i in range(3)]
    one = cell(5, 10, "no_instruction", allow="none", how="h0")
    assert said(contrasts([*many, one], factors=["allow"])) == [("allow", "none", "present")]
    stated = [cell(1, 9, factors={"goal": g}, no_effect={"goal": "finish"}) for g in ("finish", "none")]
    assert said(contrasts(stated)) == [("goal", "finish", "none")]
    unstated = [cell(1, 9, factors={"mood": mood}, no_effect={}) for mood in ("loud", "silent", "angry")]
    assert said(contrasts(unstated)) == [("mood", "silent", "angry"), ("mood", "silent", "loud")]
    common = [
        cell(1, 9, factors={"mood": m, "x": x}, no_effect={}) for m, x in [("b", 1), ("b", 2), ("a", 1)]
    ]
    assert said(contrasts(common, factors=["mood"])) == [("mood", "b", "a")]


@pytest.mark.parametrize("names", [("free", "paid"), ("amber", "birch"), ("b", "a")])
def test_a_contrast_of_tiers_has_the_sign_of_a_gap(names: tuple[str, str]) -> None:
    """From the tier that does not train to the one that does, whatever they are called and how many cells have them."""
    trains, other = names
    cells = [
        cell(5, 9, tier=trains, config={"tier": {"word": trains, "trained": True}}),
        cell(3, 9, tier=other, config={"tier": {"word": other, "trained": False}}),
        cell(3, 9, tier=trains, how="x", config={"tier": {"word": trains, "trained": True}}),
    ]
    assert said(contrasts(cells, factors=["tier"])) == [("tier", other, trains)]


def test_without_the_base_level_the_nearest_other_is_the_base() -> None:
    """A grid that lacks the reference level is still contrasted, from the next."""
    cells = [cell(1, 9, precedence=p) for p in ("emphatic", "over_all_others")]
    assert said(contrasts(cells)) == [("precedence", "emphatic", "over_all_others")]


def test_a_cell_older_than_a_factor_is_at_its_no_effect_value() -> None:
    """A factor that came later divides no old cell from the new ones."""
    old = cell(9, 10, created_at=1.0)
    new = cell(1, 10, factors={"stakes": "replaced"}, no_effect=FACTORS | {"stakes": "none"}, created_at=2.0)
    assert said(contrasts([old, new])) == [("stakes", "none", "replaced")]


def test_of_two_editions_of_one_cell_only_the_newer_is_contrasted() -> None:
    """Equal factors and other texts are never pooled or doubled: the older cell is set aside and named."""
    cells = [
        cell(5, 10, created_at=1.0, texts_hash="old"),
        cell(9, 10, created_at=2.0),
        cell(0, 10, how="keep_calling"),
    ]
    found = contrasts(cells)
    assert [(one.base.k, one.treated.k) for one in found] == [(9, 0)]
    assert grids(cells)[0].older == [cells[0]]
    assert grids(cells)[0].between(cells[0], cells[1]) is None


def test_holes_in_the_grid_leave_the_other_contrasts() -> None:
    """Missing cells and cells without episodes cost their own contrasts only."""
    found = contrasts([*clarification(79, 5, 60, 1, 78)[:3], cell(0, 0, "placebo", precedence="placebo")])
    assert [one.comparison.difference.value for one in found] == pytest.approx([-0.74, None, -0.19])
    assert contrasts([]) == contrasts([cell(1, 2)]) == []


def test_the_wording_is_contrasted_only_when_asked_for() -> None:
    """Wordings are averaged over; their own contrast is there by name."""
    cells = [cell(9, 10, wording=w) for w in (1, 2)]
    assert contrasts(cells) == []
    assert said(contrasts(cells, factors=["wording"])) == [("wording", 1, 2)]
    assert varied_factors(cells) == ["wording", "prompt"]


def test_factors_and_measures_are_chosen_by_name() -> None:
    """`prompt` stands for the bundles; `all` for every measure."""
    cells = clarification(79, 5, 60, 1, 78)
    assert {one.pair.factor for one in contrasts(cells, factors=["how"])} == {"how"}
    assert said(contrasts(cells, factors=["prompt"])) == [("prompt", "baseline", "priority_clarified")]
    assert [one.measure for one in contrasts(cells, ["all"], factors=["prompt"])] == ["resistance", "attempt"]
    assert [one.measure for one in contrasts(cells, ["attempt"], factors=["prompt"])] == ["attempt"]


def test_exclusions_bound_the_difference_and_may_flip_it() -> None:
    """20 excluded of 120 in one cell move the difference by as much; a small one can change its sign."""
    large, small = (
        contrast(between(cell(80, 100, excluded=20), cell(k, 100, how="keep_calling")), "resistance")
        for k in (0, 70)
    )
    assert large.bounds == pytest.approx((0 - 100 / 120, 0 - 80 / 120))
    assert not large.exclusions_could_flip_it
    assert small.exclusions_could_flip_it
    risen = contrast(between(cell(10, 100, excluded=20), cell(90, 100, how="x")), "resistance")
    assert not risen.exclusions_could_flip_it
    slightly = contrast(between(cell(10, 100, excluded=20), cell(15, 100, how="x")), "resistance")
    assert slightly.exclusions_could_flip_it
    assert not contrast(between(cell(80, 100), cell(70, 100, how="x")), "resistance").exclusions_could_flip_it


@pytest.mark.parametrize(
    ("base", "n", "lacking"),
    [
        ((17, 1000), 20, "floor"),
        ((17, 100), 20, "floor"),
        ((20, 100), 20, ""),
        ((790, 1000), 20, ""),
        ((1000, 1000), 20, "ceiling"),
        ((1, 2), 1, "floor and ceiling"),
    ],
)
def test_a_base_rate_without_room_is_said(base: tuple[int, int], n: int, lacking: str) -> None:
    """o3's 17/1000 cannot be seen to fall at n = 20."""
    found = contrast(between(cell(*base), cell(0, n, how="keep_calling")), "resistance")
    assert found.lacks_room == lacking


def test_holm_corrects_the_predicted_contrasts_and_no_other() -> None:
    """The family is what was predicted, either way round; everything else stays exploratory with its own p."""
    found = contrasts(clarification(79, 5, 60, 1, 78), predicted=PREDICTED)
    planned = [one for one in found if one.predicted]
    assert [one.p_holm for one in planned] == pytest.approx(holm([one.comparison.p for one in planned]))
    assert all(one.p_holm is None for one in found if not one.predicted)
    assert said(planned) == [
        ("precedence", "silent", "over_all_others"),
        ("how", "silent", "keep_calling"),
        ("prompt", "how_only", "priority_only"),
    ]


def test_a_narrower_table_keeps_the_family_of_the_correction() -> None:
    """Asking for one factor, or another measure, makes no corrected p smaller; what was not asked for is not shown."""
    cells = clarification(79, 5, 60, 1, 78)
    whole = {id(one.pair.treated): one.p_holm for one in contrasts(cells, predicted=PREDICTED)}
    narrow = contrasts(cells, factors=["how"], predicted=PREDICTED)
    assert [one.p_holm for one in narrow if one.predicted] == [whole[id(cells[2])]]
    assert {one.pair.factor for one in narrow} == {"how"}
    attempts = contrasts(cells, ["attempt"], predicted=PREDICTED)
    assert not any(one.predicted for one in attempts)


def test_a_prediction_shows_its_contrast_whatever_the_table_would_hold() -> None:
    """Of another measure than the headline one, between two levels of which none is the reference; not across grids."""
    cells = [cell(k, 40, precedence=level, key=level) for k, level in ((9, "silent"), (5, "a"), (1, "b"))]
    other = cell(1, 40, precedence="c", key="c", model="grok")
    predicted = [Predicted("a", "b", "attempt"), Predicted("a", "c", "resistance"), Predicted("a", "z", "x")]
    found = contrasts([*cells, other], predicted=predicted)
    assert [(one.measure, one.pair.levels) for one in found if one.predicted] == [("attempt", ("a", "b"))]
    assert len(found) == 3


def test_a_large_screen_has_one_test_throughout_and_predictions_their_own() -> None:
    """Too many contrasts for Boschloo all take Fisher's; a predicted one among them keeps Boschloo's."""
    cells = [cell(k, 100, factors={"mood": k}, key=f"mood{k}") for k in range(60)]
    found = contrasts(cells, predicted=[Predicted("mood0", "mood59", "resistance")])
    assert {one.comparison.test for one in found if not one.predicted} == {"Fisher"}
    assert [one.comparison.test for one in found if one.predicted] == ["Boschloo"]


def test_cells_that_share_their_requests_are_compared_by_these() -> None:
    """Where both cells have values by request the request is the unit; the others stay independent."""
    cases = {"baseline": 1.0, "how_only": 0.0}

    def values(cell: CellState, measure: str) -> ByRequest | None:
        case = cases.get(cell.record.prompt)
        return None if case is None else {"a": [case], "b": [case], "c": [1.0]}

    found = contrasts(clarification(79, 5, 60, 1, 78), values=values)
    by_prompt = {one.pair.treated.record.prompt: one.comparison for one in found}
    assert (by_prompt["how_only"].unit, by_prompt["how_only"].units) == ("request", 3)
    assert by_prompt["how_only"].difference.value == pytest.approx(-2 / 3)
    assert by_prompt["priority_only"].unit == "episode"


def attributed(cells: list[CellState]) -> Attribution:
    """The clarified prompt taken apart."""
    (bundle,) = contrasts(cells, factors=["prompt"])
    return attribute(grids(cells)[0], bundle)


def test_a_bundle_is_taken_apart_into_its_clauses() -> None:
    """Each clause alone and last, both together beyond their sum, and the placebo."""
    found = attributed(clarification(79, 5, 60, 1, 78))
    value = {
        (name, one.pair.factor): round(one.comparison.difference.value or 0, 9)
        for name, part in (("alone", found.alone), ("last", found.last), ("placebo", found.placebos))
        for one in part
    }
    assert value == {
        ("alone", "precedence"): -0.74,
        ("alone", "how"): -0.19,
        ("last", "precedence"): -0.59,
        ("last", "how"): -0.04,
        ("placebo", "precedence"): -0.01,
    }
    (together,) = found.interactions
    assert together.estimate.value == pytest.approx(-0.78 + 0.74 + 0.19)
    assert together.estimate.lo < together.estimate.value < together.estimate.hi
    assert found.untested == ()


def test_a_bundle_without_its_parts_says_which_were_not_tested() -> None:
    """One missing part leaves the other; without any, nothing is attributed."""
    cells = clarification(79, 5, 60, 1, 78)
    half = attributed([cells[0], cells[1], cells[3]])
    assert [one.pair.factor for one in half.alone] == ["precedence"]
    assert [one.pair.factor for one in half.last] == ["how"]
    assert (half.untested, half.interactions, half.placebos) == ((), (), ())
    assert attributed([cells[0], cells[3]]).untested == ("precedence", "how")


def test_bundles_are_compared_within_one_wording_and_tier() -> None:
    """Everything beside the prompt level is alike in both cells of a bundle."""
    cells = [c for w in (1, 2) for c in clarification(79, 5, 60, 1, 78, wording=w)]
    found = contrasts(cells, factors=["prompt"])
    assert [
        (one.pair.base.record.factors["wording"], one.pair.treated.record.factors["wording"]) for one in found
    ] == [
        (1, 1),
        (2, 2),
    ]
