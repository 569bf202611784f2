"""Hypotheses that speak of what there is not, or contradict themselves: said before the first call."""

from typing import Any

import pytest

from hanlon.config.errors import ConfigError
from hanlon.hypotheses.checks import check
from hanlon.hypotheses.schema import Plan
from support.rivals import ALIGNMENT_FAKING, FALLS, SHUTDOWN, hypothesis, plan, states

STAKES = {"contrast": {"factor": "stakes", "from": "none", "to": "replaced"}, "claim": "rises"}
FILE = "conf/hypothesis/shutdown/mine.yaml: "


def complaint(*predicts: Any, **fields: Any) -> str:
    """What is said of a hypothesis of these predictions."""
    rival = hypothesis("mine", *predicts).model_copy(update=fields)
    bundled = plan("shutdown")
    with pytest.raises(ConfigError) as error:
        check(bundled.model_copy(update={"hypotheses": (rival,)}), states(SHUTDOWN))
    return str(error.value)


@pytest.mark.parametrize(
    ("prediction", "key", "right"),
    [
        (
            STAKES | {"contrast": STAKES["contrast"] | {"factor": "stake"}},
            "predicts.1.contrast.factor",
            "'stakes'",
        ),
        (
            STAKES | {"contrast": STAKES["contrast"] | {"to": "replace"}},
            "predicts.1.contrast.to",
            "'replaced'",
        ),
        (STAKES | {"contrast": STAKES["contrast"] | {"from": "no"}}, "predicts.1.contrast.from", "none"),
        (STAKES | {"where": {"timming": "mid_task"}}, "predicts.1.where", "'timing'"),
        (STAKES | {"where": {"timing": "midtask"}}, "predicts.1.where.timing", "'mid_task'"),
        (STAKES | {"measure": "resistence"}, "predicts.1.measure", "'resistance'"),
        ({"dose": "problem", "claim": "rises"}, "predicts.1.dose", "'problems'"),
        (
            STAKES | {"changed_by": {"factor": "preccedence", "from": "silent", "to": "over_all_others"}},
            "predicts.1.changed_by.factor",
            "'precedence'",
        ),
        (
            {
                "contrast": {"factor": "prompt", "from": "baseline", "to": "priority_clarifed"},
                "claim": "falls",
            },
            "predicts.1.contrast.to",
            "'priority_clarified'",
        ),
    ],
)
def test_what_does_not_exist_is_named_with_its_file_key_and_the_nearest_name(
    prediction: Any, key: str, right: str
) -> None:
    """A factor, a level, a measure; in a contrast, a dose, a change of differences or a `where`."""
    said = complaint(prediction)
    assert said.startswith(FILE + key + ": ")
    assert right in said


def test_a_factor_left_open_must_exist() -> None:
    """Or the hypothesis says less than its author thinks."""
    said = complaint(STAKES, leaves_open=("stakes", "refferent"))
    assert said.startswith(FILE + "leaves_open: 'refferent'")
    assert "'referent'" in said


def test_predictions_that_no_rates_fulfil_together_are_both_named() -> None:
    """A rise and a fall of the same rate; a chain that leaves no room."""
    said = complaint(STAKES, STAKES | {"claim": "falls"})
    assert said.startswith(FILE)
    assert "rises" in said
    assert "falls" in said
    assert "`where`" in said


def test_a_prediction_that_no_cell_of_this_sweep_binds_is_no_fault_of_the_file() -> None:
    """The next sweep may have the cells; the verdict says: not put to the test."""
    allow = {"contrast": {"factor": "allow", "from": "present", "to": "none"}, "claim": "rises"}
    bundled = plan("shutdown")
    check(bundled.model_copy(update={"hypotheses": (hypothesis("mine", allow, FALLS),)}), states(SHUTDOWN))


def test_a_prediction_that_no_cell_could_ever_bind_is_refused() -> None:
    """Both cells of a contrast cannot be at one level of the factor that is changed."""
    said = complaint(STAKES | {"where": {"stakes": "only_copy"}})
    assert "where.stakes" in said


@pytest.mark.parametrize("env", ["shutdown", "alignment_faking"])
def test_the_bundled_hypotheses_pass(env: str) -> None:
    """In the grid of the rivals' experiment."""
    check(plan(env), states(SHUTDOWN if env == "shutdown" else ALIGNMENT_FAKING))


def test_a_plan_without_hypotheses_has_nothing_to_check() -> None:
    """A third party's environment needs none."""
    check(Plan(env="shutdown", hypotheses=()), states(SHUTDOWN))
