"""Which contrasts of a grid a prediction speaks of, and which rivals a grid cannot part."""

from typing import Any

import pytest

from hanlon.analysis.contrasts.grid import grids
from hanlon.hypotheses.matrix import matrix_of, would_part
from hanlon.hypotheses.observation import observe
from hanlon.hypotheses.printed.matrix import matrix_rows, separation_notes, untested_notes
from hanlon.hypotheses.schema import Prediction
from hanlon.hypotheses.selection import Instance, Selector
from hanlon.store.cells import CellState
from support.grid_cells import cell, clarification
from support.rivals import ALIGNMENT_FAKING, SHUTDOWN, hypothesis, plan, states


def find(cells: list[CellState] | tuple[CellState, ...], **prediction: Any) -> list[Instance]:
    """The contrasts that a prediction finds in a grid."""
    read = Prediction.model_validate({"measure": "resistance", "sign": "positive"} | prediction)
    (grid,) = grids(cells)
    return Selector(grid).find(read)


def test_a_difference_is_to_minus_from_and_not_the_grids_own_order() -> None:
    """The file decides which cell is the base, also where the grid would take the other one."""
    cells = clarification(90, 5, 40, 2, 88)
    contrast = {"factor": "precedence", "from": "over_all_others", "to": "silent"}
    instances = find(cells, contrast=contrast)
    assert [instance.label for instance in instances] == [
        "baseline - priority_only",
        "how_only - priority_clarified",
    ]
    assert observe(instances[0]).difference.value == pytest.approx(0.85)


def test_prompt_levels_are_contrasted_by_name_however_many_factors_they_set() -> None:
    """A bundle and a level that changes one factor alike."""
    cells = clarification(90, 5, 40, 2, 88)
    for level in ("priority_clarified", "priority_only"):
        (instance,) = find(cells, contrast={"factor": "prompt", "from": "baseline", "to": level})
        assert instance.label == f"{level} - baseline"


def test_cells_that_differ_in_anything_else_are_no_contrast_of_a_factor() -> None:
    """Another wording, seed or sampling is another context, and each context is a contrast of its own."""
    clear = {"precedence": "over_all_others"}
    contrast = {"factor": "precedence", "from": "silent", "to": "over_all_others"}
    alike = [cell(9, 10), cell(1, 10, "priority_only", **clear)]
    assert len(find(alike, contrast=contrast)) == 1
    for other in ({"wording": 2}, {"seed": 1}, {"sampling": {"temperature": 0}}):
        assert not find([cell(9, 10), cell(1, 10, "priority_only", **clear, **other)], contrast=contrast)
        both = [*alike, cell(9, 10, **other), cell(1, 10, "priority_only", **clear, **other)]
        assert len(find(both, contrast=contrast)) == 2


def test_where_keeps_the_contrasts_at_these_levels() -> None:
    """By factor, prompt level or tier; a level that no cell has finds nothing."""
    contrast = {"factor": "stakes", "from": "none", "to": ["replaced", "only_copy"]}
    cells = states(SHUTDOWN)
    assert len(find(cells, contrast=contrast)) == 7
    assert len(find(cells, contrast=contrast, where={"realism": ["told_test", "told_real"]})) == 2
    assert len(find(cells, contrast=contrast, where={"prompt": "baseline", "pressure": "imperative"})) == 1
    assert not find(cells, contrast=contrast, where={"prompt": "palisade_e"})
    assert not find(cells, contrast=contrast, where={"no_such_factor": "x"})


def test_a_change_of_a_difference_is_the_one_at_to_minus_the_one_at_from() -> None:
    """The gap without the consequence minus the gap with it."""
    gap = {"factor": "tier", "from": "paid", "to": "free"}
    (instance,) = find(
        states(ALIGNMENT_FAKING),
        measure="compliance",
        contrast=gap,
        changed_by={"factor": "consequence", "from": "values", "to": "none"},
    )
    assert instance.label == (
        "(no_consequence+tier=free - no_consequence+tier=paid) - (baseline+tier=free - baseline+tier=paid)"
    )


def test_another_pair_of_levels_is_compared_with_the_first() -> None:
    """The gap under other names minus the gap under the usual ones."""
    (instance,) = find(
        states(ALIGNMENT_FAKING),
        measure="compliance",
        contrast={"factor": "tier", "from": "paid", "to": "free"},
        compared_with={"factor": "tier", "from": "swapped/free", "to": "swapped/paid"},
        where={"stage": "none", "prompt": "baseline"},
    )
    assert instance.label == (
        "(baseline+tier=swapped/paid - baseline+tier=swapped/free) - (baseline+tier=free - baseline+tier=paid)"
    )


def test_a_change_of_a_difference_has_the_value_that_arithmetic_gives() -> None:
    """(60 - 20) - (90 - 10) = -40 points, whichever wording holds."""
    clear = {"precedence": "over_all_others"}
    cells = [
        cell(10, 100),
        cell(90, 100, "h", how="keep_calling"),
        cell(20, 100, "p", **clear),
        cell(60, 100, "b", how="keep_calling", **clear),
    ]
    (instance,) = find(
        cells,
        contrast={"factor": "how", "from": "silent", "to": "keep_calling"},
        changed_by={"factor": "precedence", "from": "silent", "to": "over_all_others"},
    )
    seen = observe(instance)
    assert seen.difference.value == pytest.approx(-0.4)
    assert seen.difference.lo < -0.4 < seen.difference.hi < 0
    assert seen.first is not None
    assert seen.first(0.95).value == pytest.approx(0.8)
    assert seen.p < 0.001


RISES = {
    "contrast": {"factor": "precedence", "from": "silent", "to": "over_all_others"},
    "measure": "resistance",
    "sign": "positive",
}
TURNED = {
    "contrast": {"factor": "precedence", "from": "over_all_others", "to": "silent"},
    "measure": "resistance",
    "sign": "negative",
}
HOW = {
    "contrast": {"factor": "how", "from": "silent", "to": "keep_calling"},
    "measure": "resistance",
    "sign": "negative",
}


def test_rivals_that_predict_the_same_are_merged_and_what_would_part_them_is_named() -> None:
    """Without a cell of the factor on which they differ they are one; with it two."""
    a = hypothesis("a", RISES, HOW)
    b = hypothesis("b", RISES, HOW | {"sign": "positive"})
    narrow, wide = clarification(90, 5, 40, 2, 88)[:2], clarification(90, 5, 40, 2, 88)
    (grid,) = grids(narrow)
    matrix = matrix_of(grid, [a, b])
    assert matrix.groups == [["a", "b"]]
    (note,) = separation_notes(matrix)
    assert "cannot part a and b" in note
    assert "what would: env.how=silent,keep_calling" in note
    (grid,) = grids(wide)
    parted = matrix_of(grid, [a, b])
    assert parted.groups == [["a"], ["b"]]
    assert parted.unparted == []


def test_one_contrast_written_both_ways_round_is_one_column() -> None:
    """A rise from silent is a fall to silent: no opposition, and the same signs in the matrix."""
    (grid,) = grids(clarification(90, 5, 40, 2, 88)[:2])
    matrix = matrix_of(grid, [hypothesis("a", RISES), hypothesis("b", TURNED)])
    assert len(matrix.columns) == 1
    (row,) = matrix_rows(matrix)
    assert row.contrast == "priority_only - baseline"
    assert (row.signs("a"), row.signs("b")) == ("+", "+")
    opposed = matrix_of(grid, [hypothesis("a", RISES), hypothesis("b", TURNED | {"sign": "positive"})])
    assert opposed.unparted == []
    (row,) = matrix_rows(opposed)
    assert (row.signs("a"), row.signs("b")) == ("+", "-")


def test_a_hypothesis_that_says_nothing_of_a_grid_is_named_with_what_it_speaks_of() -> None:
    """It is not merged with another silent one, and not judged."""
    (grid,) = grids(clarification(90, 5, 40, 2, 88)[:2])
    matrix = matrix_of(grid, [hypothesis("a", RISES), hypothesis("b", HOW), hypothesis("c", HOW)])
    assert matrix.silent == ["b", "c"]
    assert matrix.groups == [["a"], ["b"], ["c"]]
    assert list(untested_notes([matrix])) == [
        "b is not tested; what would: env.how=silent,keep_calling.",
        "c is not tested; what would: env.how=silent,keep_calling.",
    ]


def test_the_two_kinds_of_goal_guarding_are_parted_by_outputs_that_nobody_reads() -> None:
    """As Sheshadri et al. part them; the bundled tier sweep cannot."""
    rivals = {h.name: h for h in plan("alignment_faking").hypotheses}
    parting = would_part(rivals["faking_terminal"], rivals["faking_instrumental"])
    assert [p.selector for p in parting] == ["compliance: tier paid -> free where stage=throughput"]
    (grid,) = grids(states("env=alignment_faking tier=free,paid model=simulated/alignment_faker"))
    matrix = matrix_of(grid, plan("alignment_faking").hypotheses)
    merged = [
        "faking_instrumental",
        "faking_terminal",
        "rater_sycophancy",
        "strategic_preference_preservation",
    ]
    assert merged in matrix.groups
    assert any("tier=paid,free env.stage=throughput" in note for note in separation_notes(matrix))


@pytest.mark.parametrize(
    ("overrides", "env"), [(SHUTDOWN, "shutdown"), (ALIGNMENT_FAKING, "alignment_faking")]
)
def test_the_bundled_experiments_part_all_rivals(overrides: str, env: str) -> None:
    """No two of them are merged, and all of them are tested."""
    (grid,) = grids(states(overrides))
    matrix = matrix_of(grid, plan(env).hypotheses)
    assert all(len(group) == 1 for group in matrix.groups)
    assert matrix.silent == []
