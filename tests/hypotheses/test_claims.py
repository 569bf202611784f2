"""One prediction against counts: when it holds, when it fails, and when neither can be said."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hanlon.analysis.contrasts.grid import grids
from hanlon.analysis.stats.differences import fisher
from hanlon.analysis.stats.equivalence import vanishes
from hanlon.hypotheses.claims import Weighed, could_flip, weigh
from hanlon.hypotheses.observation import Observation, observe
from hanlon.hypotheses.schema import Prediction
from hanlon.hypotheses.selection import Selector
from support.equivalence import equivalence_p, newcombe
from support.grid_cells import cell

CONTRAST = {"factor": "precedence", "from": "silent", "to": "over_all_others"}
CLAIMS: list[dict[str, Any]] = [
    {"sign": "positive"},
    {"sign": "negative"},
    {"sign": "either"},
    {"sign": "not_positive"},
    {"sign": "not_negative"},
    {"no_effect_within": 0.1},
    {"vanishes": {"margin": 0.05}},
]


def seen(base: tuple[int, int], treated: tuple[int, int], excluded: int = 0) -> Observation:
    """What two cells with these counts show; `excluded` episodes more in the treated one."""
    cells = [cell(*base), cell(*treated, "priority_only", precedence="over_all_others", excluded=excluded)]
    (grid,) = grids(cells)
    prediction = Prediction.model_validate(
        {"contrast": CONTRAST, "measure": "resistance", "sign": "positive"}
    )
    (instance,) = Selector(grid).find(prediction)
    return observe(instance, quick=True)


def outcome(base: tuple[int, int], treated: tuple[int, int], rivals: str = "", **claim: Any) -> Weighed:
    """The test of a claim on these counts."""
    prediction = Prediction.model_validate({"contrast": CONTRAST, "measure": "resistance"} | claim)
    return weigh(prediction, seen(base, treated), frozenset(rivals))  # type: ignore[arg-type]


def end(test: Weighed, alpha: float = 0.05) -> str:
    """The result without any correction."""
    shown = "held" if test.holds < alpha else "failed" if test.fails < alpha else ""
    return shown or test.lacks or "undetermined"


@pytest.mark.parametrize(
    ("base", "treated", "claim", "result"),
    [
        ((20, 100), (60, 100), {"sign": "positive"}, "held"),
        ((20, 100), (60, 100), {"sign": "negative"}, "failed"),
        ((20, 100), (60, 100), {"sign": "either"}, "held"),
        ((20, 100), (60, 100), {"sign": "not_positive"}, "failed"),
        ((20, 100), (60, 100), {"sign": "not_negative"}, "held"),
        ((20, 100), (60, 100), {"no_effect_within": 0.1}, "failed"),
        ((60, 100), (20, 100), {"no_effect_within": 0.1}, "failed"),
        ((500, 1000), (505, 1000), {"no_effect_within": 0.1}, "held"),
        ((500, 1000), (505, 1000), {"sign": "positive"}, "failed"),
        ((500, 1000), (505, 1000), {"sign": "either"}, "failed"),
        ((50, 100), (51, 100), {"no_effect_within": 0.1}, "undetermined"),
        ((50, 100), (51, 100), {"sign": "positive"}, "undetermined"),
        ((79, 100), (0, 100), {"vanishes": {"margin": 0.05}}, "held"),
        ((79, 100), (40, 100), {"vanishes": {"margin": 0.05}}, "failed"),
        ((79, 100), (3, 100), {"vanishes": {"margin": 0.05}}, "undetermined"),
        ((10, 20), (0, 20), {"vanishes": {"margin": 0.05}}, "undetermined"),
        ((170, 1000), (120, 1000), {"vanishes": {"margin": 0.15}}, "undetermined"),  # more than half is left
        ((170, 1000), (40, 1000), {"vanishes": {"margin": 0.15}}, "held"),
    ],
)
def test_the_ending_of_a_claim(
    base: tuple[int, int], treated: tuple[int, int], claim: dict[str, Any], result: str
) -> None:
    """Held, failed, or undetermined where the counts allow either."""
    assert end(outcome(base, treated, **claim)) == result


@pytest.mark.parametrize(
    ("base", "treated", "rivals", "claim"),
    [
        ((17, 1000), (17, 1000), "", {"sign": "negative"}),
        ((990, 1000), (990, 1000), "", {"sign": "positive"}),
        ((0, 1000), (0, 1000), "-", {"no_effect_within": 0.1}),
        ((1000, 1000), (1000, 1000), "+", {"no_effect_within": 0.1}),
        ((0, 1000), (0, 1000), "", {"sign": "not_negative"}),
        ((1000, 1000), (1000, 1000), "", {"sign": "not_positive"}),
        ((2, 100), (0, 100), "", {"vanishes": {"margin": 0.05}}),
    ],
)
def test_where_the_base_rate_leaves_no_room_nothing_is_determined(
    base: tuple[int, int], treated: tuple[int, int], rivals: str, claim: dict[str, Any]
) -> None:
    """At the floor a fall that is not there says nothing, nor does an absence where rivals predict a fall."""
    assert "floor" in end(outcome(base, treated, rivals, **claim)) or "ceiling" in end(
        outcome(base, treated, rivals, **claim)
    )


def test_an_absence_at_the_floor_counts_where_rivals_predict_a_rise() -> None:
    """0 of 1,000 twice: there was room to rise, and it did not."""
    assert end(outcome((0, 1000), (0, 1000), "+", no_effect_within=0.1)) == "held"


@pytest.mark.parametrize(
    ("base", "treated", "sign"),
    [
        ((60, 1000), (10, 1000), "negative"),
        ((980, 1000), (995, 1000), "positive"),
        ((20, 1000), (1, 1000), "not_negative"),
    ],
)
def test_a_small_effect_where_there_is_no_room_for_more_determines_nothing(
    base: tuple[int, int], treated: tuple[int, int], sign: str
) -> None:
    """From 98 to 99.5 % is no rise that a hypothesis of a rise could be held to, nor one that refutes its opposite."""
    assert "no room" in end(outcome(base, treated, sign=sign))


@pytest.mark.parametrize(
    ("base", "treated", "sign", "result"),
    [
        ((3, 60), (44, 60), "negative", "failed"),
        ((3, 60), (44, 60), "not_negative", "held"),
        ((57, 60), (16, 60), "positive", "failed"),
        ((57, 60), (16, 60), "not_positive", "held"),
        ((3, 60), (9, 60), "negative", "no room for an effect of 10 points (floor)"),
    ],
)
def test_a_plain_effect_the_other_way_needs_no_room(
    base: tuple[int, int], treated: tuple[int, int], sign: str, result: str
) -> None:
    """A rise by 68 points is no fall, however little could have fallen; one by 10 is not shown to matter."""
    assert end(outcome(base, treated, sign=sign)) == result


counts = st.integers(5, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=60, deadline=None)
@given(
    base=counts, treated=counts, claim=st.sampled_from(CLAIMS), rivals=st.sampled_from(["", "+", "-", "+-"])
)
def test_p_are_probabilities_and_a_claim_mostly_does_not_hold_and_fail(
    base: tuple[int, int], treated: tuple[int, int], claim: dict[str, Any], rivals: str
) -> None:
    """Both only where an effect is shown that is smaller than what matters: then its sign is as predicted."""
    test = outcome(base, treated, rivals, **claim)
    assert 0 <= test.holds <= 1
    assert 0 <= test.fails <= 1
    if test.holds < 0.05 and test.fails < 0.05:
        assert claim.get("sign") in ("positive", "negative", "either")


@settings(max_examples=40, deadline=None)
@given(base=counts, treated=counts)
def test_opposite_claims_do_not_both_hold(base: tuple[int, int], treated: tuple[int, int]) -> None:
    """A rise and a fall exclude each other, and a shown rise excludes `does not rise` unless it is below the margin."""
    rise, fall = (outcome(base, treated, sign=sign) for sign in ("positive", "negative"))
    assert not (rise.holds < 0.05 and fall.holds < 0.05)


@settings(max_examples=40, deadline=None)
@given(base=counts, treated=counts)
def test_turning_a_contrast_round_turns_its_claims(base: tuple[int, int], treated: tuple[int, int]) -> None:
    """What rises one way falls the other, with the same p, where there is room for either."""
    there, back = outcome(base, treated, sign="positive"), outcome(treated, base, sign="negative")
    assume(not there.lacks and not back.lacks)
    assert there.holds == pytest.approx(back.holds, rel=0.02, abs=1e-6)


def test_the_p_are_those_of_the_tests_that_are_named() -> None:
    """Fisher's for a sign, two one-sided tests for an absence, an intersection-union test for vanishing."""
    base, treated = (300, 1000), (330, 1000)
    assert outcome(base, treated, sign="positive").holds == fisher(330, 1000, 300, 1000)
    wanted = equivalence_p(newcombe(330, 1000, 300, 1000), 0.1)
    assert outcome(base, treated, no_effect_within=0.1).holds == pytest.approx(wanted, rel=0.02)
    gone = vanishes(79, 100, 1, 100, 0.05)
    assert outcome((79, 100), (1, 100), vanishes={"margin": 0.05}).holds == gone.p


@pytest.mark.parametrize(
    ("claim", "excluded", "flips"),
    [
        ({"sign": "negative"}, 10, False),
        ({"sign": "negative"}, 500, True),
        ({"vanishes": {"margin": 0.05}}, 2, False),
        ({"vanishes": {"margin": 0.05}}, 10, True),
    ],
)
def test_exclusions_that_could_turn_an_ending_are_seen(
    claim: dict[str, Any], excluded: int, flips: bool
) -> None:
    """All of them one way or the other: 79 of 100 against 0 of 100 and what was excluded."""
    prediction = Prediction.model_validate({"contrast": CONTRAST, "measure": "resistance"} | claim)
    assert could_flip(prediction, seen((79, 100), (0, 100), excluded), holds=True) == flips
