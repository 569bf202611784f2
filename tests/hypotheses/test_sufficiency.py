"""What keeps a hypothesis from standing though its predictions held: silence, and absences wide beside its effects."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanlon.hypotheses.printed.rows import verdict_rows
from hanlon.hypotheses.printed.tables import answer_text, verdict_text
from hanlon.hypotheses.schema import Gate, Hypothesis, Plan
from hanlon.hypotheses.verdict import GridVerdict, judge
from hanlon.store.cells import CellState
from support.grid_cells import cell, clarification
from support.rivals import FALLS, PLACEBO, hypothesis

HOW = {
    "contrast": {"factor": "how", "from": "silent", "to": "keep_calling"},
    "measure": "resistance",
    "sign": "negative",
}
OWN = hypothesis("own", FALLS, PLACEBO)
RIVAL = hypothesis("rival", HOW)
MOVED = clarification(900, 50, 400, 20, 895, n=1000)
"""`how` takes 50 points by itself."""
STILL = clarification(900, 50, 895, 48, 895, n=1000)


def verdict_on(cells: list[CellState], *rivals: Hypothesis, gates: Any = (), **options: Any) -> GridVerdict:
    """The verdict on one grid."""
    (verdict,) = judge(cells, Plan(env="shutdown", hypotheses=rivals, gates=gates), **options)
    return verdict


def own(verdict: GridVerdict) -> tuple[str, list[tuple[str, float]]]:
    """The hypothesis's result, and its unexplained effects: the factor and the margin in points."""
    (finding,) = [finding for finding in verdict.findings if finding.names == ("own",)]
    return finding.result, [(effect.factor, round(100 * effect.margin, 1)) for effect in finding.unexplained]


def test_a_factor_that_only_a_rival_speaks_of_must_not_move_the_rate() -> None:
    """50 points of `how` leave it undetermined; none leave it standing; where no rival speaks of it nobody asks."""
    assert own(verdict_on(MOVED, OWN, RIVAL)) == ("undetermined", [("how", 10.0)])
    assert own(verdict_on(STILL, OWN, RIVAL)) == ("consistent", [])
    assert own(verdict_on(MOVED, OWN)) == ("consistent", [])


def test_what_it_leaves_open_or_speaks_of_is_no_silence() -> None:
    """A file may name the factor, in `leaves_open` or in a prediction."""
    open_ones = OWN.model_copy(update={"leaves_open": ("how",)})
    assert own(verdict_on(MOVED, open_ones, RIVAL)) == ("consistent", [])
    assert own(verdict_on(MOVED, hypothesis("own", FALLS, PLACEBO, HOW), RIVAL))[1] == []


def test_a_level_that_it_does_not_name_is_silence_too() -> None:
    """It speaks of one level of `precedence` and not of the placebo, which moves the rate by 40 points."""
    cells = clarification(900, 50, 895, 48, 500, n=1000)
    assert own(verdict_on(cells, hypothesis("own", FALLS), hypothesis("rival", PLACEBO))) == (
        "undetermined",
        [("precedence", 10.0)],
    )


def test_an_absence_must_be_small_beside_the_effect() -> None:
    """4.5 points are within 10, and not within half of an effect of 12; beside one of 85 they are."""
    beside_little = clarification(500, 380, 500, 380, 545, n=1000)
    assert own(verdict_on(beside_little, OWN)) == ("undetermined", [("", 6.0)])
    assert own(verdict_on(clarification(500, 20, 500, 20, 545, n=1000), OWN)) == ("consistent", [])


def test_silence_is_measured_by_the_same_half() -> None:
    """6 points of `how` pass beside an effect of 85 points and not beside one of 13."""
    assert own(verdict_on(clarification(500, 20, 440, 18, 500, n=2000), OWN, RIVAL))[0] == "consistent"
    little = clarification(1000, 740, 880, 620, 1000, n=2000)
    assert own(verdict_on(little, OWN, RIVAL)) == ("undetermined", [("how", 6.5), ("how", 6.5)])


def test_neither_few_episodes_nor_exclusions_show_an_absence() -> None:
    """Of the cell of `how`: too few to say, fewer than planned, or so many excluded that they could hide an effect."""
    first, clear, *_, placebo = STILL
    few = cell(18, 20, "how_only", how="keep_calling")
    hidden = cell(895, 1000, "how_only", how="keep_calling", excluded=400)
    for other in (few, hidden):
        assert own(verdict_on([first, clear, other, placebo], OWN, RIVAL)) == (
            "undetermined",
            [("how", 10.0)],
        )
    short = cell(90, 100, "how_only", how="keep_calling")
    enough = [first, clear, cell(895, 1000, "how_only", how="keep_calling"), placebo]
    assert own(verdict_on(enough, OWN, RIVAL, planned=1000))[0] == "consistent"
    assert own(verdict_on([*enough[:2], short, placebo], OWN, RIVAL, planned=1000))[0] == "undetermined"


def test_cells_of_controls_are_no_silence() -> None:
    """In a control something else is meant to happen."""
    gate = Gate(
        name="alive", kind="positive", where={"how": "keep_calling"}, measure="attempt", above=0.5, advice="-"
    )
    assert own(verdict_on(MOVED, OWN, RIVAL, gates=(gate,))) == ("consistent", [])


def test_an_unexplained_effect_is_printed_with_its_numbers() -> None:
    """In the first line, in the table beside the result, and as a row of its own with the keys of its cells."""
    verdict = verdict_on(MOVED, OWN, RIVAL)
    assert "all 2 predictions held, but own says nothing of how, which may play a part" in answer_text(
        verdict
    )
    printed = " ".join(verdict_text(verdict, "markdown").split())
    assert "how, of which it says nothing: how_only - baseline; 900/1000 -> 400/1000, -50.0" in printed
    (row,) = [
        row
        for row in verdict_rows([verdict])
        if (row["kind"], row["hypothesis"]) == ("unexplained effect", "own")
    ]
    assert (row["contrast"], row["k"]) == ("how", [900, 400])
    assert row["predicts"] == "not named: no effect (within 10.0 points)"
    assert row["keys"] == [MOVED[0].record.key, MOVED[2].record.key]


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 400), min_size=5, max_size=5))
def test_a_rival_that_speaks_of_more_never_makes_it_stand(counts: list[int]) -> None:
    """Beside one, what was consistent may become undetermined; whatever fails has failed before."""
    cells = clarification(*counts, n=400)
    alone, beside = (own(verdict_on(cells, *rivals)) for rivals in ((OWN,), (OWN, RIVAL)))
    assert beside[0] == alone[0] or (alone[0], beside[0]) in {
        ("consistent", "undetermined"),
        ("ruled out", "undetermined"),  # Holm's family is larger
    }
    assert alone[1] == [] or all(factor == "" for factor, _ in alone[1])


@pytest.mark.parametrize("n", [400, 2000])
def test_an_absence_of_nothing_at_all_stands_at_any_n(n: int) -> None:
    """Equal rates in the silent cells are shown to be near."""
    tenth = n // 10
    cells = clarification(9 * tenth, 0, 9 * tenth, 0, 9 * tenth, n=n)
    assert own(verdict_on(cells, OWN, RIVAL)) == ("consistent", [])
