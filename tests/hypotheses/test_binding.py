"""Which cells of a grid a prediction binds, and which rates are alike by a hypothesis."""

from typing import Any

import pytest

from hanlon.analysis.contrasts.grid import grids
from hanlon.hypotheses.binding import Bound, PlannedGrid
from hanlon.hypotheses.schema import Behaviour, Gate, Plan
from hanlon.store.cells import CellState
from support.grid_cells import cell
from support.rivals import SHUTDOWN, hypothesis, plan, states

STAKES = {"contrast": {"factor": "stakes", "from": "none", "to": "replaced"}, "claim": "rises"}
TIMING = {"contrast": {"factor": "timing", "from": "mid_task", "to": "post_task"}, "claim": "falls"}
RANKED = {"contrast": {"factor": "precedence", "from": "silent", "to": "over_all_others"}, "claim": "falls"}
GATE = Gate(
    name="alive",
    kind="positive",
    where={"goal": "avoid_shutdown"},
    measure="attempt",
    above=0.5,
    advice="add it",
)


def bound(
    *predicts: Any, cells: tuple[CellState, ...] | list[CellState] | None = None, **fields: Any
) -> Bound:
    """What a hypothesis of these predictions says of a grid, the rivals' one by default."""
    (grid,) = grids(states(SHUTDOWN) if cells is None else cells)
    rival = hypothesis("mine", *predicts).model_copy(update=fields)
    planned = Plan(
        env="shutdown",
        behaviour=Behaviour(measures=("resistance", "attempt"), word="resistance"),
        hypotheses=(rival,),
        gates=(GATE,),
    )
    return PlannedGrid(grid, planned).bound["mine"]


def labels(each: Bound) -> list[str]:
    """The contrasts that its predictions bind."""
    return [claim.instance.label for claim in each.claims]


def alike(each: Bound, *, open: bool = False) -> set[frozenset[str]]:
    """The labels of cells whose rates are alike by it, where there are several."""
    names = {state.record.key: state.record.label for state in each.planned.grid.cells}
    groups = each.alike_but_open if open else each.alike
    return {frozenset(names[key] for key, _ in group) for group in groups if len(group) > 1}


def test_a_prediction_binds_wherever_the_other_factors_change_nothing_by_the_same_hypothesis() -> None:
    """With one effect it holds in every context of the grid; a second effect takes its cells out of the scope."""
    everywhere = labels(bound(STAKES))
    assert len(everywhere) == 7
    narrowed = labels(bound(STAKES, TIMING))
    of_stakes = [label for label in narrowed if "replaced" in label]
    assert set(of_stakes) < set(everywhere)
    assert not any("post_task" in label for label in of_stakes)
    assert [label for label in narrowed if "post_task" in label] == [
        "palisade_e+timing=post_task - palisade_e"
    ]


@pytest.mark.parametrize("claim", ["no_effect", "leaves_a_third"])
def test_claims_of_no_effect_take_no_cell_out_of_the_scope(claim: str) -> None:
    """A factor that changes nothing leaves other predictions where they were: seven, and one of its own."""
    assert len(labels(bound(STAKES, TIMING | {"claim": claim}))) == 8


def test_where_binds_also_at_levels_with_an_effect() -> None:
    """Named there, the level is in the scope, and only that one."""
    there = labels(bound(STAKES | {"where": {"timing": "post_task"}}, TIMING))
    assert "palisade_e+stakes=replaced+timing=post_task - palisade_e+timing=post_task" in there
    assert [label for label in there if label.startswith("palisade_e+stakes=replaced -")] == []


def test_controls_bind_only_predictions_that_name_them() -> None:
    """The competence arm is no context of a contrast, but for who speaks of the goal."""
    goal = {"contrast": {"factor": "goal", "from": "complete_task", "to": "avoid_shutdown"}, "claim": "rises"}
    assert labels(bound(goal)) == ["palisade_e+goal=avoid_shutdown - palisade_e"]
    competent = [
        cell(10, 100, key="10", factors={"goal": "complete_task", "stakes": "none"}),
        cell(20, 100, key="20", factors={"goal": "complete_task", "stakes": "replaced"}),
        cell(90, 100, key="90", factors={"goal": "avoid_shutdown", "stakes": "none"}),
        cell(95, 100, key="95", factors={"goal": "avoid_shutdown", "stakes": "replaced"}),
    ]
    assert len(labels(bound(STAKES, cells=competent))) == 1
    assert len(labels(bound(STAKES | {"where": {"goal": "avoid_shutdown"}}, cells=competent))) == 1
    assert len(bound(STAKES, cells=competent).planned.controls) == 2


def test_two_measures_of_a_cell_are_compared_in_all_cells_where_it_says() -> None:
    """The controls included, where it names them; the other measure's rate is to be explained then, too."""
    compared = {
        "contrast": {"factor": "measure", "from": "attempt", "to": "resistance"},
        "claim": "removes_half",
    }
    everywhere = bound(compared)
    assert len(labels(everywhere)) == 15
    assert labels(everywhere)[0] == "palisade_e: resistance - attempt"
    assert ("attempt" in {measure for _, measure in everywhere.planned.points}) is True
    named = {"goal": ["complete_task", "avoid_shutdown"]}
    assert len(labels(bound(compared | {"where": named}))) == 16
    assert {measure for _, measure in bound(STAKES).planned.points} == {"resistance"}


def test_a_change_of_differences_binds_four_rates() -> None:
    """The second difference beside the first."""
    change = {"factor": "precedence", "from": "silent", "to": "over_all_others"}
    (claim,) = bound(STAKES | {"changed_by": change, "claim": "falls"}).claims
    assert claim.instance.label == (
        "(palisade_e+precedence=over_all_others+stakes=replaced - palisade_e+precedence=over_all_others) - "
        "(palisade_e+stakes=replaced - palisade_e)"
    )
    assert len(claim.points) == 4


def test_a_dose_binds_all_cells_along_it_and_each_of_them_may_have_its_rate() -> None:
    """In the order of the numbers, one series for each context."""
    doses = [cell(k, 100, key=str(n), factors={"problems": n}) for n, k in ((20, 60), (6, 20), (10, 30))]
    each = bound({"dose": "problems", "claim": "rises"}, cells=doses)
    (claim,) = each.claims
    numbers = [state.record.factors["problems"] for state in claim.instance.cells]
    assert numbers == [6, 10, 20]
    assert len(each.alike) == 3
    assert len(bound(STAKES, cells=doses).alike) == 1


def test_what_a_hypothesis_does_not_name_plays_no_part() -> None:
    """All cells are alike by who says nothing of any; one effect makes two groups of them."""
    (grid,) = grids(states(SHUTDOWN))
    cells = {state.record.label for state in grid.cells} - {"palisade_e+goal=avoid_shutdown"}
    stakes = {label for label in cells if "stakes=replaced" in label}
    assert alike(bound(STAKES)) == {frozenset(stakes), frozenset(cells - stakes)}
    precedence = {label for label in cells if "precedence" in label}
    groups = alike(bound(STAKES, RANKED))
    assert groups == {
        frozenset(stakes - precedence),
        frozenset(cells - stakes - precedence),
    }


def test_rates_of_which_it_says_that_they_do_not_differ_are_united() -> None:
    """Also where a level has an effect in another context: with the rank said, stakes change nothing."""
    same = STAKES | {"where": {"precedence": "over_all_others"}, "claim": "no_effect"}
    groups = alike(bound(STAKES, RANKED, same))
    ranked = {
        "palisade_e+precedence=over_all_others",
        "palisade_e+precedence=over_all_others+stakes=replaced",
    }
    assert frozenset(ranked) in groups


def test_levels_of_a_factor_that_it_leaves_open_may_differ() -> None:
    """Alike by what it explains, each its own where only the rest is asked for."""
    each = bound(TIMING, leaves_open=("stakes",))
    together, apart = alike(each), alike(each, open=True)
    pair = {"palisade_e", "palisade_e+stakes=replaced"}
    assert any(pair <= group for group in together)
    assert not any(pair <= group for group in apart)
    assert {label for group in together for label in group} >= {label for group in apart for label in group}


@pytest.mark.parametrize("env", ["shutdown", "alignment_faking"])
def test_each_bundled_rival_binds_something_in_the_rivals_grid(env: str) -> None:
    """And each of its effects is put to the test there, but for levels that the grid has not."""
    from support.rivals import ALIGNMENT_FAKING

    (grid,) = grids(states(SHUTDOWN if env == "shutdown" else ALIGNMENT_FAKING))
    planned = PlannedGrid(grid, plan(env))
    for name, each in planned.bound.items():
        assert any(claim.prediction.has_effect for claim in each.claims), name
