"""The least n of a grid: found, confirmed by other draws, and honestly not found."""

import shlex
from dataclasses import replace
from itertools import pairwise

import msgspec
import pytest
from click.testing import CliRunner
from scipy import stats

from hanlon.cli.power import power
from hanlon.design.least_n import WRONG, does, find_n, ladder
from hanlon.design.rehearsal import SEED, RehearsalSetup, rehearsal_setup
from hanlon.design.two_rates import WANTED
from support.rivals import ALIGNMENT_FAKING, SHUTDOWN, plan, sweep

pytestmark = pytest.mark.slow

SMALL = (
    "env=shutdown model=simulated/ambiguity env.stakes=none,replaced env.precedence=silent,over_all_others"
)

TWO = "experiment=shutdown_rivals hypotheses=[instruction_ambiguity,self_preservation]"


def one_policy(overrides: str, env: str, policy: str) -> RehearsalSetup:
    """The grid with one of its scripted policies only."""
    setup = rehearsal_setup(sweep(overrides), plan(env))
    return replace(setup, policies={policy: setup.policies[policy]})


@pytest.mark.parametrize(("unit", "most"), [(20, 10_000), (60, 6000), (60, 100), (173, 100)])
def test_the_ladder_has_multiples_and_never_more_than_doubles(unit: int, most: int) -> None:
    """It ends at the most; where not even one unit fits, that is tried."""
    rungs = ladder(unit, most)
    assert all(n % unit == 0 for n in rungs)
    assert all(a < b <= 2 * a for a, b in pairwise(rungs))
    assert rungs[-1] <= max(most, unit)


def test_the_least_n_does_and_a_quarter_of_it_does_not() -> None:
    """Of one policy of the bundled shutdown rivals; what it was parted from last is one of its rivals."""
    setup = one_policy(SHUTDOWN, "shutdown", "ambiguity")
    search = find_n(setup)
    assert search.n is not None
    assert search.n % search.unit == 0
    (least,) = search.least
    assert least.n == search.n
    assert least.limit is not None
    assert set(least.limit.wrong) <= {h.name for h in plan("shutdown").hypotheses} - {"instruction_ambiguity"}
    assert not does(setup, setup.rehearse("ambiguity", search.n // 4, 10, SEED + 7))


def test_no_n_up_to_a_low_cap_does_and_the_pair_that_prevents_it_is_named() -> None:
    """At the command line: no command line is proposed then."""
    shown = CliRunner().invoke(power, [SMALL, "--find-n", "--up-to", "60"])
    assert shown.exit_code == 0, shown.output
    assert "No n up to 60 is enough for simulated/ambiguity: instruction_ambiguity / " in shown.stdout
    assert "run.py" not in shown.stdout
    assert "instruction_ambiguity (simulated/ambiguity) at n = " in shown.stderr


def test_the_search_prints_the_command_line_with_its_n_in_place_of_another() -> None:
    """Rows as JSON have the same n as the command."""
    arguments = [f"{TWO} samples=50", "--find-n"]
    shown = CliRunner().invoke(power, arguments)
    rows = msgspec.json.decode(CliRunner().invoke(power, [*arguments, "--format", "json"]).stdout)
    n = rows[0]["n_for_all"]
    assert n >= max(row["least_n"] for row in rows)
    assert f"python run.py -m {shlex.join(TWO.split())} samples={n}" in shown.stdout
    assert "samples=50" not in shown.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("overrides", "env"), [(SHUTDOWN, "shutdown"), (ALIGNMENT_FAKING, "alignment_faking")]
)
def test_the_bundled_experiments_have_the_n_that_is_found_and_other_draws_confirm_it(
    overrides: str, env: str
) -> None:
    """40 sweeps of each policy with another seed: not shown to stand alone in less than 80 %, and hardly wrong."""
    setup = rehearsal_setup(sweep(overrides), plan(env))
    search = find_n(setup)
    assert search.n == sweep(overrides).options.samples
    for policy in setup.policies:
        again = setup.rehearse(policy, search.n, 40, SEED + 99)
        for right in again.right:
            alone = round(40 * again.alone[right])
            assert stats.binomtest(alone, 40, WANTED, "less").pvalue > 0.01, again
        assert max(pair.wrong_stands for pair in setup.pairs(again)) <= WRONG
