"""Effects over wordings, main effects and interactions, and the logistic model beside them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanlon.analysis.contrasts.contrasts import contrasts
from hanlon.analysis.contrasts.factorial import Effect, effects
from hanlon.analysis.contrasts.grid import Grid, grids
from hanlon.analysis.contrasts.logistic import logistic
from hanlon.analysis.contrasts.wordings import over_wordings, random_mean
from hanlon.analysis.stats.differences import Term, difference, linear_combination
from hanlon.store.cells import CellState
from support.grid_cells import cell, clarification


def in_wordings(*counts: tuple[int, int], n: int = 40) -> list[CellState]:
    """Base and treated counts in wordings 1, 2, ..."""
    return [
        one
        for wording, (base, treated) in enumerate(counts, 1)
        for one in (
            cell(base, n, wording=wording),
            cell(treated, n, "how_only", how="keep_calling", wording=wording),
        )
    ]


def test_an_effect_over_wordings_has_its_mean_spread_and_interval() -> None:
    """Differences of -50, -30 and -10 points: mean -30, sd 20, and Student's t with two degrees of freedom."""
    (found,) = over_wordings(contrasts(in_wordings((30, 10), (30, 18), (30, 26))))
    assert found.wordings == (1, 2, 3)
    assert found.mean.value == pytest.approx(-0.3)
    assert found.sd == pytest.approx(0.2)
    reach = 4.30265 * 0.2 / 3**0.5  # t(0.975, 2)
    assert (found.mean.lo, found.mean.hi) == pytest.approx((-0.3 - reach, -0.3 + reach), abs=1e-5)
    assert found.p == pytest.approx(0.122, abs=1e-3)


def test_wordings_that_agree_by_chance_leave_the_sampling_interval() -> None:
    """0/40 against 0/40 in three wordings has no spread, and still an interval: that of the mean of three."""
    (found,) = over_wordings(contrasts(in_wordings((0, 0), (0, 0), (0, 0))))
    terms = [Term(w, 0, 40) for w in (1 / 3, -1 / 3)] * 3
    expected = linear_combination(terms)
    assert (found.mean.lo, found.mean.hi) == pytest.approx((expected.lo, expected.hi), abs=1e-9)
    assert found.mean.lo < -0.02
    assert found.p == 1.0


def test_wordings_that_agree_on_an_effect_show_it() -> None:
    """Three times 26/40 to 2/40 is no p of 1 for want of spread; its interval leaves 0 out, as its p says."""
    (found,) = over_wordings(contrasts(in_wordings(*[(26, 2)] * 3)))
    assert found.mean.hi < -0.4
    assert found.p < 1e-6


def test_a_small_spread_does_not_narrow_the_interval_below_sampling() -> None:
    """Three wordings that differ by one case: t alone would give 3 points either way, 40 episodes a cell leave 9."""
    (found,) = over_wordings(contrasts(in_wordings((26, 2), (26, 3), (26, 2))))
    assert found.sd is not None
    assert 0 < found.sd < 0.02
    assert found.mean.hi - found.mean.lo > 0.15


def test_one_wording_alone_has_no_spread() -> None:
    """With fewer than two wordings nothing is said of others."""
    assert list(over_wordings(contrasts(in_wordings((30, 10))))) == []
    (alone,) = over_wordings(contrasts(in_wordings((30, 10), (30, 10))[:3]))
    assert (alone.sd, alone.mean.lo, alone.mean.hi, alone.p) == (None, -1, 1, 1.0)


def test_bundles_and_contexts_are_gathered_apart() -> None:
    """Over wordings each contrast of the grid is one entry, bundles too."""
    cells = [one for w in (1, 2, 3) for one in clarification(79, 5, 60, 1, 78, wording=w)]
    found = over_wordings(contrasts(cells))
    assert [len(one.contrasts) for one in found] == [3] * 6
    assert found[-1].contrasts[0].pair.kind == "bundle"


def test_the_interval_over_wordings_covers_the_mean_of_all_wordings() -> None:
    """Simulated: 3 of endless wordings whose effects spread by 10 points, 40 episodes each; at least 93 % of 300."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(300):
        own = np.clip(rng.normal(-0.3, 0.1, 3), -0.6, 0.0)
        base, treated = rng.binomial(40, 0.6, 3), rng.binomial(40, 0.6 + own)
        mean, _, _ = random_mean(
            [difference(int(k), 40, int(b), 40) for k, b in zip(treated, base, strict=True)]
        )
        covered += mean.lo <= -0.3 <= mean.hi
    assert covered >= 0.93 * 300


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=4))
def test_the_mean_over_wordings_stays_within_bounds(counts: list[tuple[int, int]]) -> None:
    """At every count the interval holds the mean and lies within [-1, 1]."""
    mean, sd, p = random_mean([difference(k, 9, b, 9) for k, b in counts])
    assert -1 <= mean.lo <= (mean.value or 0) + 1e-12
    assert (mean.value or 0) - 1e-12 <= mean.hi <= 1
    assert sd >= 0
    assert 0 <= p <= 1
    assert (p < 0.05) == mean.excludes_zero or abs(p - 0.05) < 1e-6


def named(found: list[Effect]) -> dict[tuple[str, ...], Effect]:
    """Effects by their factors and the levels these move to."""
    return {tuple(f"{name}={to}" for name, (_, to) in one.changed.items()): one for one in found}


def grid_of(cells: list[CellState]) -> Grid:
    """The one grid that the cells make."""
    (grid,) = grids(cells)
    return grid


def test_main_effects_average_contrasts_and_interactions_their_differences() -> None:
    """From 79, 5, 60 and 1 of 100: precedence (-74 - 59) / 2, how (-19 - 4) / 2, together 15 points."""
    found = named(effects(grid_of(clarification(79, 5, 60, 1, 78)), "resistance"))
    value = {name: round(one.estimate.value or 0, 9) for name, one in found.items()}
    assert value == {
        ("precedence=over_all_others",): -0.665,
        ("how=keep_calling",): -0.115,
        ("precedence=over_all_others", "how=keep_calling"): 0.15,
    }
    precedence = found[("precedence=over_all_others",)]
    assert (precedence.contexts, precedence.possible) == (2, 2)
    terms = [Term(w, k, 100) for w, k in ((-0.5, 79), (0.5, 5), (-0.5, 60), (0.5, 1))]
    assert precedence.estimate == linear_combination(terms)
    assert precedence.p < 1e-12


def test_a_hole_in_the_factorial_takes_the_interaction_and_leaves_the_rest() -> None:
    """Without the cell of both clauses there are two contrasts, no main effect and no interaction."""
    cells = clarification(79, 5, 60, 1, 78)
    assert effects(grid_of([cells[0], cells[1], cells[2]]), "resistance") == []
    assert effects(grid_of(cells[:1]), "resistance") == []


def test_a_partial_factorial_says_how_many_contexts_it_has() -> None:
    """A 2 x 3 factorial without one cell averages over the contexts that are there."""
    cells = [
        cell(10 + 5 * i, 40, how=how, factors={"stakes": stakes})
        for i, (how, stakes) in enumerate(
            [
                ("silent", "none"),
                ("keep_calling", "none"),
                ("silent", "a"),
                ("keep_calling", "a"),
                ("silent", "b"),
            ]
        )
    ]
    found = named(effects(grid_of(cells), "resistance"))
    how = found[("how=keep_calling",)]
    assert (how.contexts, how.possible) == (2, 3)
    assert ("stakes=b",) not in found
    assert ("how=keep_calling", "stakes=a") in found


def test_wordings_are_contexts_but_make_no_factorial() -> None:
    """One factor in three wordings is an effect over wordings, and no main effect."""
    assert effects(grid_of(in_wordings((30, 10), (30, 18))), "resistance") == []


def test_effects_of_named_factors_only() -> None:
    """Asking for one factor leaves its main effect alone."""
    found = effects(grid_of(clarification(79, 5, 60, 1, 78)), "resistance", ["how"])
    assert list(named(found)) == [("how=keep_calling",)]


def test_effects_at_the_edges_have_intervals_with_width() -> None:
    """Where every cell is 0/n or n/n no limit coincides with the estimate's other one."""
    for one in effects(grid_of(clarification(100, 0, 100, 0, 100)), "resistance"):
        assert one.estimate.hi - one.estimate.lo > 0.02


def test_the_logistic_model_gives_agrestis_odds_ratio() -> None:
    """Aspirin and heart attacks: odds ratio 1.832, 95 % Wald limits 1.44 and 2.33 (Categorical Data Analysis, 3.1)."""
    cells = [cell(104, 11037), cell(189, 11034, how="keep_calling")]
    model = logistic(grid_of(cells), "resistance")
    (odds,) = model.odds_ratios
    assert odds.ratio == pytest.approx(1.832, abs=5e-4)
    assert (odds.lo, odds.hi) == pytest.approx((1.44, 2.33), abs=5e-3)
    assert odds.changed == {"how": ("silent", "keep_calling")}


def test_the_interaction_of_a_full_factorial_is_the_ratio_of_odds_ratios() -> None:
    """With every cell inside (0, 1) the saturated model is fitted."""
    model = logistic(grid_of(clarification(60, 30, 50, 20, 60)), "resistance")
    assert model.problem is None
    together = next(one for one in model.odds_ratios if len(one.changed) == 2)
    odds = [p / (1 - p) for p in (0.6, 0.3, 0.5, 0.2)]
    assert together.ratio == pytest.approx(odds[3] * odds[0] / (odds[1] * odds[2]), rel=1e-4)


def test_separation_is_said_and_not_fitted() -> None:
    """A clause that leaves no case has no finite odds ratio; main effects are fitted where they have one."""
    none = logistic(grid_of(clarification(79, 0, 60, 0, 78)), "resistance")
    assert none.odds_ratios == ()
    assert none.problem is not None
    assert none.problem.startswith("separation: 2 of 5 cells")
    some = logistic(grid_of(clarification(79, 0, 60, 4, 78)), "resistance")
    assert all(len(one.changed) == 1 for one in some.odds_ratios)
    assert len(some.odds_ratios) == 3
    assert some.problem is not None
    assert "separation" in some.problem


def test_factors_that_always_move_together_are_not_told_apart() -> None:
    """A bundle without its parts has no logistic model of its clauses."""
    cells = clarification(79, 5, 60, 1, 78)
    model = logistic(grid_of([cells[0], cells[3]]), "resistance")
    assert model.problem == "the grid's cells do not tell all its factors apart"
    assert logistic(grid_of([cell(1, 10)]), "resistance").odds_ratios == ()


def test_hundreds_of_interactions_are_left_to_the_probability_scale() -> None:
    """A 9 x 9 grid has 64 of them: the model keeps main effects, and each interaction its interval."""
    cells = [cell(10 + i + j, 40, factors={"a": i, "b": j}) for i in range(9) for j in range(9)]
    model = logistic(grid_of(cells), "resistance")
    assert len(model.odds_ratios) == 16
    assert model.problem == "64 are too many for one model; name fewer factors"
    assert sum(one.kind == "interaction" for one in effects(grid_of(cells), "resistance")) == 64
