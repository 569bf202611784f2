"""What would part rivals, or test them, as words of a command line; and the matrix before a sweep."""

from typing import Any

import pytest

from hanlon.analysis.contrasts.grid import grids
from hanlon.config.command_line import compose_sweep
from hanlon.hypotheses.matrix import Matrix, matrix_of
from hanlon.hypotheses.printed.matrix import matrix_lines, separation_notes, untested_notes
from hanlon.hypotheses.printed.wording import overrides_of
from hanlon.hypotheses.schema import Prediction
from hanlon.hypotheses.selection import Selector
from support.chat_server import ChatServer, at
from support.command_line import CommandLine
from support.grid_cells import cell, clarification
from support.rivals import hypothesis, plan

ENVIRONMENTS = {"shutdown": "ambiguity", "alignment_faking": "alignment_faker"}
WANTED = {
    overrides_of(prediction): (env, prediction)
    for env in ENVIRONMENTS
    for rival in plan(env).hypotheses
    for prediction in rival.predicts
}


def claim(factor: str, base: Any, to: Any, **fields: Any) -> dict[str, Any]:
    """A rise of resistance with a factor."""
    contrast = {"factor": factor, "from": base, "to": to}
    return {"contrast": contrast, "measure": "resistance", "sign": "positive"} | fields


@pytest.mark.parametrize("typed", WANTED)
def test_what_is_offered_can_be_typed_and_tests_the_prediction(typed: str) -> None:
    """For every bundled prediction: the sweep of these words holds a contrast that it speaks of."""
    env, prediction = WANTED[typed]
    sweep = compose_sweep(f"env={env} model=simulated/{ENVIRONMENTS[env]} {typed}")
    (grid,) = grids(sweep.states())
    assert Selector(grid).find(prediction)


@pytest.mark.parametrize(
    ("prediction", "typed"),
    [
        (claim("how", "silent", ["keep_calling", "x"]), "env.how=silent,keep_calling"),
        (claim("tier", "paid", "free", where={"prompt": "baseline"}), "tier=paid,free prompt=baseline"),
        (claim("prompt", "baseline", "placebo"), "prompt=baseline,placebo"),
        (claim("honest", False, True), "env.honest=false,true"),
        (claim("problems", 6, 8, where={"how": ["a", "b"]}), "env.problems=6,8 env.how=a"),
        (claim("sampling.temperature", 0.0, 1.0), "model.sampling.temperature=0.0,1.0"),
        (claim("seed", 0, 1), "seed=0,1"),
        (
            claim("tier", "paid", "free", changed_by={"factor": "how", "from": "a", "to": "b"}),
            "tier=paid,free env.how=a,b",
        ),
        (
            claim("tier", "paid", "free", compared_with={"factor": "tier", "from": "x/a", "to": "free"}),
            "tier=paid,free,x/a",
        ),
    ],
)
def test_a_prediction_in_words_of_the_command_line(prediction: dict[str, Any], typed: str) -> None:
    """Factors of the environment below `env`, the others by their own keys; of alternatives the first."""
    assert overrides_of(Prediction.model_validate(prediction)) == typed


def test_conditions_that_hold_anyway_are_not_offered() -> None:
    """A level at its factor's no-effect value."""
    prediction = Prediction.model_validate(claim("how", "silent", "keep_calling", where={"allow": "none"}))
    assert overrides_of(prediction, {"allow": '"none"'}) == "env.how=silent,keep_calling"
    assert overrides_of(prediction, {"allow": '"present"'}) == "env.how=silent,keep_calling env.allow=none"


def three_and_one() -> Matrix:
    """Three rivals that a grid of one contrast cannot part, and one that speaks of something else."""
    rises = claim("precedence", "silent", "over_all_others")
    falls = rises | {"sign": "negative"}
    rivals = [
        hypothesis("a", rises, claim("how", "silent", "keep_calling")),
        hypothesis("b", rises, claim("how", "silent", "keep_calling", sign="negative")),
        hypothesis("c", falls),
        hypothesis("d", claim("allow", "present", "none")),
    ]
    (grid,) = grids(clarification(90, 5, 40, 2, 88)[:2])
    return matrix_of(grid, rivals)


def test_the_matrix_has_a_row_for_a_contrast_and_a_number_for_a_hypothesis() -> None:
    """Merged rivals share a number; what would part them, or test one, stands below."""
    heading, legend, table, *notes = matrix_lines([three_and_one()])
    assert heading.startswith("Predictions of o3 (tools): + rises, - falls")
    assert legend == "1 a or b  2 c"
    assert table.split("\n")[-1].split() == ["precedence", "silent", "->", "over_all_others", "1", "+", "-"]
    assert notes == [
        "This grid cannot part a and b; what would: env.how=silent,keep_calling.",
        "d is not tested; what would: env.allow=present,none.",
    ]


def test_one_matrix_stands_for_all_models_that_have_it() -> None:
    """And a hypothesis that one of several grids tests is not called untested."""
    cells = clarification(90, 5, 40, 2, 88)[:2]
    rises = [
        hypothesis("a", claim("precedence", "silent", "over_all_others")),
        hypothesis("b", claim("how", "x", "y")),
    ]
    (first,) = grids(cells)
    (other,) = grids(
        [cell(1, 2, model="o4-mini"), cell(1, 2, "p", model="o4-mini", precedence="over_all_others")]
    )
    (alone,) = grids([cell(1, 2, model="m")])
    matrices = [matrix_of(grid, rises) for grid in (first, other, alone)]
    headings = [line for line in matrix_lines(matrices) if line.startswith("Predictions of")]
    assert [line.split(":")[0] for line in headings] == [
        "Predictions of o3 (tools), o4-mini (tools)",
        "Predictions of m (tools)",
    ]
    assert [note.split()[0] for note in untested_notes(matrices)] == ["b"]


def test_rivals_that_are_opposed_nowhere_are_gathered() -> None:
    """One that is opposed to none is named once, not with each of the others."""
    rises, how = claim("precedence", "silent", "over_all_others"), claim("how", "silent", "keep_calling")
    rivals = [
        hypothesis("a", rises),
        hypothesis("b", rises | {"sign": "negative"}),
        hypothesis("c", how),
        hypothesis("d", rises | {"sign": "not_negative"}),
    ]
    (grid,) = grids(clarification(90, 5, 40, 2, 88))
    (note,) = separation_notes(matrix_of(grid, rivals))
    assert note.endswith("by its own predictions: c and all others; a and d.")


def test_a_plan_prints_the_matrix_before_any_call(command_line: CommandLine, chat_server: ChatServer) -> None:
    """With what would test the hypotheses that this grid does not."""
    run = command_line.run("-m", "prompt=baseline,priority_clarified", "plan=true", *at(chat_server))
    assert run.returncode == 0, run.stderr
    assert "Predictions of test-model (tools): + rises" in run.stdout
    assert "prompt baseline -> priority_clarified" in run.stdout
    assert "test_awareness is not tested; what would: env.realism=silent,told_real or " in run.stdout
    assert chat_server.calls == 0
