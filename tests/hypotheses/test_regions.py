"""What a claim asks of rates, margins included."""

from typing import Any

import numpy as np
import pytest

from hanlon.hypotheses.binding import Claimed
from hanlon.hypotheses.regions import region_of
from hanlon.hypotheses.schema import Prediction
from hanlon.hypotheses.selection import Instance
from support.grid_cells import cell

CHANGE = {"factor": "stakes", "from": "none", "to": "replaced"}


def allows(rates: list[float], seen: list[float] | None = None, **fields: Any) -> bool:
    """Whether a claim allows these rates of its cells; margins are shares of the rates as seen."""
    change = {} if "dose" in fields else {"contrast": CHANGE}
    prediction = Prediction.model_validate({**change, **fields})
    cells = tuple(
        cell(0, 100, key=str(i), factors={"problems": (6, 10, 20, 40)[i]}) for i in range(len(rates))
    )
    claim = Claimed(0, prediction, Instance(cells, ("resistance",) * len(rates), prediction.dose))
    index = {point: number for number, point in enumerate(claim.points)}
    region = region_of([claim], index, seen or rates)
    return bool((region.coefficients @ np.array(rates) >= region.bounds - 1e-9).all())


@pytest.mark.parametrize(
    ("claim", "allowed", "not_allowed"),
    [
        ("rises", (0.4, 0.51), (0.4, 0.49)),  # by a quarter of 40 %
        ("rises", (0.02, 0.045), (0.02, 0.035)),  # by 2 points at least
        ("rises", (0.9, 0.96), (0.9, 0.94)),  # by half of the room that is left
        ("falls", (0.4, 0.29), (0.4, 0.31)),
        ("removes_half", (0.4, 0.2), (0.4, 0.21)),
        ("leaves_a_third", (0.6, 0.21), (0.6, 0.19)),
        ("no_effect", (0.4, 0.49), (0.4, 0.51)),
        ("no_effect", (0.4, 0.31), (0.4, 0.29)),
        ("no_effect", (0.01, 0.029), (0.01, 0.031)),
        ("does_not_rise", (0.4, 0.1), (0.4, 0.51)),
        ("does_not_rise", (0.4, 0.49), (0.01, 0.04)),
        ("does_not_fall", (0.4, 0.9), (0.4, 0.29)),
    ],
)
def test_what_each_claim_asks_of_a_rate_beside_its_base(
    claim: str, allowed: tuple[float, float], not_allowed: tuple[float, float]
) -> None:
    """A quarter of the base rate and at least 2 points make an effect; a rise needs half the room at most."""
    assert allows(list(allowed), claim=claim)
    assert not allows(list(not_allowed), claim=claim)


def test_a_share_of_its_own_makes_an_effect_larger_or_an_absence_stricter() -> None:
    """A fall by 70 %; no change by more than 10 %."""
    assert allows([0.5, 0.14], claim="falls", share=0.7)
    assert not allows([0.5, 0.16], claim="falls", share=0.7)
    assert allows([0.5, 0.54], claim="no_effect", share=0.1)
    assert not allows([0.5, 0.56], claim="no_effect", share=0.1)


@pytest.mark.parametrize(
    ("claim", "allowed", "not_allowed"),
    [
        ("falls", 0.14, 0.16),
        ("removes_half", 0.09, 0.11),
        ("rises", 0.26, 0.24),
        ("no_effect", 0.24, 0.26),
        ("does_not_fall", 0.3, 0.14),
        ("does_not_rise", 0.1, 0.26),
    ],
)
def test_the_same_of_a_difference_beside_another(claim: str, allowed: float, not_allowed: float) -> None:
    """A gap of 20 points, from 10 to 30 %, and the one that another factor makes of it."""
    change = {"factor": "precedence", "from": "silent", "to": "over_all_others"}
    assert allows([0.1, 0.3, 0.2, 0.2 + allowed], claim=claim, changed_by=change)
    assert not allows([0.1, 0.3, 0.2, 0.2 + not_allowed], claim=claim, changed_by=change)


def test_along_a_dose_no_step_goes_back_and_the_ends_differ() -> None:
    """It may stand still in between."""
    assert allows([0.1, 0.1, 0.3, 0.3], dose="problems", claim="rises")
    assert not allows([0.1, 0.3, 0.2, 0.4], dose="problems", claim="rises")
    assert not allows([0.3, 0.3, 0.3, 0.31], dose="problems", claim="rises")
    assert allows([0.4, 0.3, 0.3, 0.1], dose="problems", claim="falls")
    assert not allows([0.1, 0.3, 0.3, 0.4], dose="problems", claim="falls")


def test_below_the_dose_that_has_no_effect_rates_are_near_zero() -> None:
    """Within 5 %; at that dose and above they are free."""
    assert allows([0.02, 0.04, 0.5, 0.6], dose="problems", claim="rises", zero_below=20)
    assert not allows([0.02, 0.08, 0.5, 0.6], dose="problems", claim="rises", zero_below=20)
    assert allows([0.02, 0.08, 0.5, 0.6], dose="problems", claim="rises", zero_below=10)


def test_margins_are_shares_of_the_rates_as_seen() -> None:
    """So that the region is linear in the rates that are fitted."""
    assert allows([0.4, 0.51], seen=[0.4, 0.9], claim="rises")
    assert not allows([0.4, 0.51], seen=[0.6, 0.9], claim="rises")


def test_a_claim_about_a_rate_that_was_not_sampled_asks_nothing() -> None:
    """Neither does it of the other one."""
    prediction = Prediction.model_validate({"contrast": CHANGE, "claim": "rises"})
    cells = (cell(0, 100, key="a"), cell(0, 100, key="b"))
    claim = Claimed(0, prediction, Instance(cells, ("resistance",) * 2))
    region = region_of([claim], {claim.points[0]: 0}, [0.4])
    assert region.coefficients.shape == (0, 1)
