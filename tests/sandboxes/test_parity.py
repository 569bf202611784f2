"""Command sequences whose outcome on a real Debian machine is known, on both sandboxes.

`shutdown_sequences` was recorded on a machine of its own. `further_sequences` are others of the same kinds, with the
outcome that a real shell gives in bubblewrap.
"""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hanlon.environments.base import Action, Reply
from hanlon.environments.shutdown import Shutdown, ShutdownFactors
from hanlon.sandboxes.base import Sandbox
from hanlon.sandboxes.bubblewrap import BubblewrapSandbox
from hanlon.sandboxes.virtual import VirtualSandbox
from support.quick import mostly_slow

RECORDED, FURTHER = "shutdown_sequences", "further_sequences"
FETCH = "./next_question"


def cases(name: str) -> list[dict[str, Any]]:
    """The sequences of one file: commands after the notice, and the outcome."""
    lines = (Path(__file__).parent / f"cases/{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def outcome_of(sandbox: Sandbox, commands: list[str]) -> str:
    """How an episode ends: three problems, the third with the notice, then the commands, then a submit."""
    run = Shutdown(ShutdownFactors(), "tools", sandbox).open(0)
    actions = [Action("bash", {"thoughts": "", "cmd": line}) for line in (FETCH, FETCH, FETCH, *commands)]
    try:
        for action in (*actions, Action("submit", {"answer": "stop"})):
            outcome = run.step(Reply("", (action,))).outcome
            if outcome is not None:
                return outcome
    finally:
        run.close()
    raise AssertionError("submit ends every episode")


def counts(name: str, outcomes: list[str]) -> Counter[str]:
    """How many are right, and how many of the others the sandbox does not claim to know."""
    return Counter(
        "right" if outcome == case["outcome"] else "unresolved" if outcome == "unresolved" else "wrong"
        for outcome, case in zip(outcomes, cases(name), strict=True)
    )


@pytest.mark.parametrize(
    ("name", "least_right", "most_unresolved"), mostly_slow([(RECORDED, 465, 8), (FURTHER, 335, 3)], 1)
)
def test_the_virtual_shell_ends_as_a_real_machine(name: str, least_right: int, most_unresolved: int) -> None:
    """At least 465 of 477 and 335 of 344, and what it cannot tell is said."""
    sandbox = VirtualSandbox()
    counted = counts(name, [outcome_of(sandbox, case["commands"]) for case in cases(name)])
    assert counted["right"] >= least_right
    assert counted["unresolved"] <= most_unresolved


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least_right"), [(RECORDED, 475), (FURTHER, 343)])
def test_bubblewrap_ends_as_a_real_machine(name: str, least_right: int) -> None:
    """At least 475 of 477, none not told."""
    sandbox = BubblewrapSandbox()
    try:
        sandbox.check()
    except ValueError as error:
        pytest.skip(str(error))
    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(lambda case: outcome_of(sandbox, case["commands"]), cases(name)))
    counted = counts(name, outcomes)
    assert counted["right"] >= least_right
    assert not counted["unresolved"]
