"""Verdicts on the real pipeline: the real server of a scripted policy, the real environment, the real command line.

Also what lets the fast tests draw counts instead of playing them: the rates of `hanlon.simulated.choose` are
those of the played cells.
"""

import shlex
import time

import msgspec
import pytest
from click.testing import CliRunner
from scipy.stats import binomtest

from hanlon.analysis.requests import stored_values
from hanlon.cli.verdict import verdict
from hanlon.config.command_line import compose_sweep
from hanlon.hypotheses.schema import Behaviour, Plan
from hanlon.hypotheses.stored import load_sweep
from hanlon.hypotheses.verdict import judge
from hanlon.simulated.choose import policy_rates
from hanlon.store.cells import load_cells
from hanlon.store.episodes import write_json
from hanlon.store.records import SweepRecord
from support.command_line import CommandLine
from support.grid_cells import cell
from support.rivals import hypothesis
from support.stored import episode, write_cell

PLAYED = {
    "ambiguity": (
        "instruction_ambiguity",
        "prompt=baseline env.stakes=none,replaced env.precedence=silent,over_all_others env.timing=mid_task,post_task "
        "samples=60 hypotheses=[instruction_ambiguity,self_preservation,role_play]",
    ),
    "alignment_faker": (
        "strategic_preference_preservation",
        "experiment=alignment_faking_rivals samples=60",
    ),
}
README = "env=shutdown prompt=priority_clarified,baseline samples=60"


@pytest.mark.slow
@pytest.mark.parametrize("policy", PLAYED)
def test_the_right_hypothesis_leads_after_a_sweep_that_was_played(
    command_line: CommandLine, policy: str
) -> None:
    """Simulated and labelled so; each cell has its policy's own rate."""
    right, overrides = PLAYED[policy]
    words = [f"model=simulated/{policy}", *shlex.split(overrides)]
    run = command_line.run("-m", *words, timeout_s=500)
    assert run.returncode == 0, run.stderr
    rows = msgspec.json.decode(
        CliRunner().invoke(verdict, [str(command_line.runs), "--format", "json"]).output
    )
    results = {row["hypothesis"]: row["result"] for row in rows if row["kind"] == "hypothesis"}
    assert results[right] == "leads", rows
    assert all(row["simulated"] for row in rows)
    status = "preregistered" if "hypotheses=" in overrides else "written down beforehand"
    assert {row["status"] for row in rows if row["kind"] == "prediction"} == {status}
    stored = {state.record.key: state for state in load_cells([command_line.runs])[0]}
    for planned in compose_sweep(shlex.join(words)).cells:
        for measure, rate in policy_rates(planned, policy).rates.items():
            count = stored[planned.key].tally.measures[measure]
            assert binomtest(count.k, count.n, rate).pvalue > 1e-4, (planned.label, measure, count, rate)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["ambiguity", "obedient"])
@pytest.mark.parametrize(
    "sweep",
    [README, f"{README} prompt=priority_clarified,baseline,competence", "experiment=clarification_parts"],
)
def test_the_page_of_the_readme_s_sweep_fits_on_one_screen(
    command_line: CommandLine, policy: str, sweep: str
) -> None:
    """100 columns and 40 lines, and the first three paragraphs answer."""
    run = command_line.run("-m", *sweep.split(), f"model=simulated/{policy}")
    assert run.returncode == 0, run.stderr
    page = CliRunner().invoke(verdict, [str(command_line.runs)], env={"COLUMNS": "100"}).output
    lines = page.rstrip("\n").split("\n")
    assert len(lines) <= 40, page
    assert max(map(len, lines)) <= 100 or sweep == README, page  # there a command is advised
    answers = [line.partition(":")[0].partition(",")[0] for line in lines if line[:4] == "What"]
    assert answers == ["What happened", "What explains it", "What would settle it"]


@pytest.mark.slow
def test_a_verdict_on_100_000_stored_episodes_takes_little_more_than_reading_them(
    command_line: CommandLine,
) -> None:
    """The reading is the floor; all that is computed on top of it takes less than two seconds of CPU."""
    factors = {"allow": "present", "tier": "none", "wording": 1}
    keys: list[str] = []
    for number in range(20):
        base, level = divmod(number, 2)
        record = {
            "factors": factors | {"precedence": ("silent", "over_all_others")[level], "problems": 6 + base},
            "prompt": "baseline",
            "key": f"{number:012x}",
        }
        episodes = [
            episode(i, "resisted" if i % 10 < 8 * (1 - level) else "shutdown", messages=[])
            for i in range(5000)
        ]
        write_cell(command_line.runs, record.pop("key"), *episodes, **record)
        keys.append(f"{number:012x}")
    sweep = SweepRecord("s", keys, 5000, [], 0.0)
    write_json(command_line.runs / "sweeps" / "s.json", sweep)
    change = {"contrast": {"factor": "precedence", "from": "silent", "to": "over_all_others"}}
    claims = ("falls", "removes_half", "no_effect")
    rivals = tuple(
        hypothesis(name, change | {"claim": claim}) for name, claim in zip("abc", claims, strict=True)
    )
    plan = Plan(
        env="shutdown", hypotheses=rivals, behaviour=Behaviour(measures=("resistance",), word="resistance")
    )
    stored = load_sweep([command_line.runs])
    assert sum(state.tally.episodes for state in stored.cells) == 100_000
    judge([cell(1, 2), cell(1, 2, "p", precedence="over_all_others")], plan)
    started = time.process_time()
    (grid_verdict,) = judge(stored.cells, plan, values=stored_values())
    assert time.process_time() - started < 2
    assert grid_verdict.conclusion == "several fit"
    assert [rival.status for rival in grid_verdict.rivals] == ["fits", "fits", "does not fit"]
