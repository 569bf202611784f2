"""Which contrasts of a grid a prediction speaks of, and what would part two rivals."""

from itertools import combinations
from typing import Any

import pytest

from hanlon.analysis.contrasts.grid import grids
from hanlon.hypotheses.parting import would_part
from hanlon.hypotheses.schema import Hypothesis, Prediction
from hanlon.hypotheses.selection import Instance, Selector
from hanlon.store.cells import CellState
from support.grid_cells import cell, clarification
from support.rivals import ALIGNMENT_FAKING, FALLS, SHUTDOWN, hypothesis, plan, states


def find(cells: list[CellState] | tuple[CellState, ...], **prediction: Any) -> list[Instance]:
    """The contrasts that a prediction finds in a grid."""
    read = Prediction.model_validate({"claim": "rises"} | prediction)
    (grid,) = grids(cells)
    return Selector(grid).find(read, prediction.get("measure", "resistance"))


def test_a_difference_is_to_minus_from_and_not_the_grids_own_order() -> None:
    """The file decides which cell is the base, also where the grid would take the other one."""
    cells = clarification(90, 5, 40, 2, 88)
    contrast = {"factor": "precedence", "from": "over_all_others", "to": "silent"}
    instances = find(cells, contrast=contrast)
    assert [instance.label for instance in instances] == [
        "baseline - priority_only",
        "how_only - priority_clarified",
    ]


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
        both = [
            *alike,
            cell(9, 10, key="x", **other),
            cell(1, 10, "priority_only", key="y", **clear, **other),
        ]
        assert len(find(both, contrast=contrast)) == 2


def test_where_keeps_the_contrasts_at_these_levels() -> None:
    """By factor, prompt level or tier; a level that no cell has finds nothing."""
    contrast = {"factor": "stakes", "from": "none", "to": ["replaced", "only_copy"]}
    cells = states(SHUTDOWN)
    assert len(find(cells, contrast=contrast)) == 7
    assert len(find(cells, contrast=contrast, where={"realism": ["told_test", "told_real"]})) == 2
    assert len(find(cells, contrast=contrast, where={"prompt": "palisade_e", "pressure": "imperative"})) == 1
    assert not find(cells, contrast=contrast, where={"prompt": "baseline"})
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


def test_the_two_kinds_of_goal_guarding_are_parted_by_outputs_that_nobody_reads() -> None:
    """As Sheshadri et al. part them."""
    rivals = {h.name: h for h in plan("alignment_faking").hypotheses}
    parting = would_part(rivals["faking_terminal"], rivals["faking_instrumental"])
    assert "tier paid -> free where stage=throughput" in [prediction.selector for prediction in parting]


PAIRS = [
    pytest.param(a, b, id=f"{a.name}-{b.name}")
    for env in ("shutdown", "alignment_faking")
    for a, b in combinations(plan(env).hypotheses, 2)
    if "incapacity" not in (a.name, b.name)  # it leaves all open, and compares two measures
]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_something_would_part_every_two_bundled_rivals(a: Hypothesis, b: Hypothesis) -> None:
    """And the same the other way round, the predictions of an effect first."""
    parting = would_part(a, b)
    assert parting
    other = {prediction.selector for prediction in would_part(b, a)}
    assert {prediction.selector for prediction in parting} == other
    effects = [prediction.has_effect for prediction in parting]
    assert effects == sorted(effects, reverse=True)


def test_a_rival_is_not_parted_from_itself_nor_by_what_it_leaves_open() -> None:
    """Silence is: no effect; an open factor allows anything."""
    rises = {"contrast": {"factor": "stakes", "from": "none", "to": "replaced"}, "claim": "rises"}
    a, silent = hypothesis("a", rises), hypothesis("b", FALLS)
    assert would_part(a, a) == []
    assert {prediction.factor for prediction in would_part(a, silent)} == {"stakes", "precedence"}
    open_minded = silent.model_copy(update={"leaves_open": ("stakes",)})
    assert [prediction.factor for prediction in would_part(a, open_minded)] == ["precedence"]
