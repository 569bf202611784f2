"""Plausible mistakes at the terminal: each answer names the word that would be right, and where it belongs."""

import csv
import re
import runpy
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from hanlon.cli import main as hanlon
from support.command_line import ROOT

RUN = {
    # a factor, an option or a level at the wrong address
    "placement=system": "env.placement=system",
    "stakes=replaced,none": "env.stakes=replaced,none",
    "+placement=system": "env.placement=system",
    "++env.placment=system": "env.placement",
    "env.prompt=baseline": " prompt=baseline",
    "env.tier=free": " tier=free",
    "env.model=embedded": " model=embedded",
    "env.samples=5": " samples=5",
    "env.scratchpad=tags": "env=alignment_faking",
    "env=alignment_faking scratchpad=tags": "env.scratchpad=tags",
    "env=alignment_faking env.stakes=replaced": "env=shutdown",
    "temperature=0.7": "model.sampling.temperature=0.7",
    "model.temperature=0.7": "model.sampling.temperature=0.7",
    "reasoning_effort=high": "model.sampling.reasoning_effort=high",
    "votes=40": "judge.llm.votes=40",
    "env.stakes=system": "env.placement=system",
    "env.precedence=replaced": "env.stakes=replaced",
    "env.placement=free": "tier=free",
    "prompt=system": "env.placement=system",
    "tier=baseline": "prompt=baseline",
    "prompt=paid": "tier=paid",
    # names of models
    "model=o3": "model=openrouter/openai/o3",
    "model=gpt-4o": "model=openrouter/openai/gpt-4o",
    "model=claude-opus-4": "model=openrouter/anthropic/claude-opus-4",
    "model=anthropic/claude-opus-4": "model=openrouter/anthropic/claude-opus-4",
    "model=google/gemini-2.5-pro": "model=openrouter/google/gemini-2.5-pro",
    "model=openrouter/o3": "model=openrouter/openai/o3",
    "model=o3,embedded": "openrouter/openai/o3",
    "model=claude-opus": "openrouter/anthropic/claude-opus-4",
    "model=O3": "openrouter/openai/o3",
    "model=ambiguity": "model=simulated/ambiguity",
    "model=simulated/ambigous": "simulated/ambiguity",
    "model=simulated/self-preservation": "simulated/self_preservation",
    "model=simulated/alignment_faker": "env=alignment_faking",
    "env=alignment_faking model=simulated/ambiguity": "env=shutdown",
    "models=embedded": "model=embedded",
    # levels, tiers, environments, experiments, hypotheses
    "prompt=priority-clarified": "priority_clarified",
    "prompt=Baseline": "'baseline'",
    "prompt=cot_visible": "env=alignment_faking",
    "prompts=baseline,placebo": "prompt=baseline,placebo",
    "prompt=baseline,priority_clarifed": "priority_clarified",
    "prompt='baseline,placebo'": "prompt=baseline,placebo",
    "prompt=baseline placebo": "prompt=baseline,placebo",
    "env=alignment_faking tier=paid_tier": "paid",
    "env=alignment_faking tier=Free": "'free'",
    "env=alignment_faking tiers=free,paid": "tier=free,paid",
    "env=alignment-faking": "alignment_faking",
    "environment=shutdown": "env=shutdown",
    "shutdown": "env=shutdown",
    "env.stakes=replacd": "replaced",
    "env.stake=replaced": "env.stakes=replaced",
    "experiment=palisade": "palisade_2025",
    "experiments=palisade_2025": "experiment=palisade_2025",
    "experiment=shutdown-rivals": "shutdown_rivals",
    "shutdown_rivals": "experiment=shutdown_rivals",
    "hypotheses=[ambiguity]": "instruction_ambiguity",
    "hypothesis=task_drive": "hypotheses=[task_drive]",
    "hypotheses=[naive_compliance]": "alignment_faking",
    # judges, trackers, machinery
    "judge=regex,llm": '"judge=[regex,llm]"',
    "followups=comprehension,self_report": '"followups=[comprehension,self_report]"',
    "judge=[regexp]": "regex",
    "judge=gpt-4o": "openrouter/openai/gpt-4o",
    "wandb=false": "tracker=none",
    "tracker=false": "tracker=none",
    "tracker=weights_and_biases": "wandb",
    "sandbox=bwrap": "bubblewrap",
    "hydra/launcher=slurm": "submitit_slurm",
    # numbers and options of the sweep
    "samples=10k": "samples=10000",
    "sample=100": "samples=100",
    "samples 10": "samples=10",
    "--samples=10": " samples=10",
    "budget=5$": "budget_usd=5.",
    "budget_usd=5$": "budget_usd=5.",
    "max_connection=10": "max_connections=10",
    "plan": "plan=true",
    "--plan": "plan=true",
    "+foo=1": "foo",
}
"""What is typed behind `run.py -m` -> what the answer must contain."""

HANLON = {
    "rate": "rates",
    "gap": "gaps",
    "label runs": "'labels'",
    "rate runs --where stakes=replaced": "'rates'",
    "rates runs --column cell": "--columns",
    "Verdict": "verdict",
    "judge_check": "judge-check",
    "judgecheck": "judge-check",
    "preregistration": "preregister",
    "env=shutdown": "hanlon run -m env=shutdown",
    "verdict run": "'runs'",
    "rates runs --mesure attempt": "--measure",
    "rates runs --format cvs": "csv",
    "power experiment=shutdown_rival": "shutdown_rivals",
    "power placement=user,system": "env.placement=user,system",
    "preregister model=o3": "openrouter/openai/o3",
    "prompts dif": "diff",
    "serve simulated/ambigous": "simulated/ambiguity",
    "judge-smoke runs --judge regexp": "regex",
    "judge-smoke runs --judge Regex": "regex",
    "judge-smoke runs --judge llm --set vote=4": "judge.llm.votes=4",
    "figures --only palisade": "palisade_robots",
    "list factor": "factors",
    "list prompts": "levels",
    "list levels --env alignment-faking": "alignment_faking",
    "new levels mine": "level",
}
"""What is typed behind `hanlon` -> what the answer must contain."""

MISSED = ("env=shutdown limit=50", "power --rates 0.05 0.2")
"""Blind mistakes without the right word: the first is taken for env.turn_limit, the second is shown the form alone."""


def answer(program: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> str:
    """What a program prints that ends with exit code 2 and no traceback."""
    with pytest.raises(SystemExit) as ended:
        program()
    printed = capsys.readouterr()
    text = printed.out + printed.err
    assert ended.value.code == 2, text
    assert "Traceback" not in text
    return " ".join(text.split())


def answer_of_run_py(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """What `run.py` answers, in this process."""
    monkeypatch.setattr(sys, "argv", [str(ROOT / "run.py"), *words, "plan=true"])
    return answer(lambda: runpy.run_path(str(ROOT / "run.py"), run_name="__main__"), capsys)


@pytest.fixture(autouse=True)
def folder_with_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands start in a folder whose only entry is an empty run folder."""
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "mistake",  # Hydra composes twice for each, about 0.3 s of CPU: one of eight is tried every time
    [pytest.param(mistake, marks=[pytest.mark.slow] * bool(n % 8)) for n, mistake in enumerate(RUN)],
)
def test_a_mistake_at_run_py(
    mistake: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer has the right word; nothing is sampled."""
    assert RUN[mistake] in answer_of_run_py(["-m", *mistake.split()], monkeypatch, capsys)


def test_a_wrong_hypothesis_is_refused_before_the_plan(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of the plan stands above the answer."""
    text = answer_of_run_py(["env=shutdown", "hypotheses=[ambiguity]"], monkeypatch, capsys)
    assert text.startswith("hypotheses: 'ambiguity' is no hypothesis about env=shutdown")


@pytest.mark.parametrize("mistake", HANLON)
def test_a_mistake_at_hanlon(mistake: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer has the right word."""
    text = answer(lambda: hanlon(mistake.split()), capsys)
    assert HANLON[mistake] in text


def blind(program: str) -> list[ParameterSet]:
    """What five users typed, written before any hint was read, and the word that they would have needed."""
    rows = csv.DictReader((Path(__file__).parent / "blind_mistakes.csv").read_text().splitlines())
    return [
        pytest.param(
            row["command"],
            row["right"],
            id=row["command"],
            marks=[pytest.mark.xfail(strict=True)] * (row["command"] in MISSED),
        )
        for row in rows
        if row["program"] == program
    ]


def names(text: str, word: str) -> bool:
    """Whether an answer has a word, beyond a list of all keys."""
    end = r"\b" if word[-1].isalnum() else ""
    return re.search(rf"(?<![\w.]){re.escape(word)}{end}", text.partition(" Keys: ")[0]) is not None


@pytest.mark.slow  # 0.3 s of CPU each
@pytest.mark.parametrize(("mistake", "right"), blind("run.py"))
def test_a_blind_mistake_at_run_py(
    mistake: str, right: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer has the right word, though nobody who wrote the hints chose the mistake."""
    assert names(answer_of_run_py(shlex.split(mistake), monkeypatch, capsys), right)


@pytest.mark.parametrize(("mistake", "right"), blind("hanlon"))
def test_a_blind_mistake_at_hanlon(mistake: str, right: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer has the right word, over a store with episodes."""
    Path("runs").rmdir()
    Path("runs").symlink_to(ROOT / "tests" / "golden" / "runs_d1202b4")
    assert names(answer(lambda: hanlon(shlex.split(mistake)), capsys), right)
