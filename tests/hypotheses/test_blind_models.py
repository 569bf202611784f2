"""Models of somebody who had not read the hypothesis files: how often a hypothesis that is not true of them leads.

`benchmarks/verdict_errors.py` draws their sweeps and prints the rates. Set f, written after the rules, is held out.
"""

from functools import partial

import pytest

from hanlon.design.rehearsal import Outcomes, rehearse_all
from verdict_errors import (
    ENVIRONMENTS,
    FRESH,
    Environment,
    blind_grid,
    blind_models,
    known_truth,
    moved_factors,
    typed,
)


@pytest.mark.slow
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)
@pytest.mark.parametrize("how", ["whole grid", "typed grids"])
def test_a_wrong_hypothesis_leads_in_at_most_five_percent(environment: Environment, how: str) -> None:
    """On the rivals' grid and on grids as people type them."""
    grid, _ = known_truth(environment)
    seen = blind_grid(grid, environment, FRESH)
    choose = partial(typed, moved_factors(seen)) if how == "typed grids" else None
    models = blind_models(seen, environment, FRESH)
    total = sum(rehearse_all(seen, models, environment.blind_n, 2, choose=choose), Outcomes())
    assert total.sweeps == 2 * len(models)
    assert total.wrong <= 0.05 * total.sweeps, total
