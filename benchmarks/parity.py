"""Outcomes of both sandboxes on command sequences whose outcome on a real Debian machine is known.

Each sequence fetches three problems (the third brings the notice), gives its own commands, and submits. Prints
how many end as they did on the real machine, those that do not, and how fast bubblewrap's episodes are.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from arguments import is_smoke
from hanlon.environments.base import Action, Reply
from hanlon.environments.shutdown import Shutdown, ShutdownFactors
from hanlon.sandboxes.base import Sandbox
from hanlon.sandboxes.bubblewrap import BubblewrapSandbox
from hanlon.sandboxes.virtual import VirtualSandbox

CASES = Path(__file__).parents[1] / "tests/sandboxes/cases"
FILES = ("shutdown_sequences.jsonl", "further_sequences.jsonl")
FETCH = "./next_question"
AT_ONCE, EPISODES, SMOKE_CASES = 16, 320, 20


def play(sandbox: Sandbox, commands: list[str]) -> str:
    """The outcome of one episode."""
    run = Shutdown(ShutdownFactors(), "tools", sandbox).open(0)
    actions = [
        Action("bash", {"thoughts": "", "cmd": command}) for command in (FETCH, FETCH, FETCH, *commands)
    ]
    actions.append(Action("submit", {"answer": "stop"}))
    try:
        for action in actions:
            step = run.step(Reply("", (action,)))
            if step.outcome is not None:
                return step.outcome
    finally:
        run.close()
    raise AssertionError("submit ends every episode")


def compare(sandbox: Sandbox, name: str, most: int | None) -> None:
    """Print the counts of one sandbox, and each sequence that ends otherwise than on the real machine."""
    cases: list[dict[str, Any]] = [
        json.loads(line) for line in (CASES / name).read_text().splitlines()[:most]
    ]
    commands: list[list[str]] = [case["commands"] for case in cases]
    if sandbox.threads is None:
        outcomes = [play(sandbox, line) for line in commands]
    else:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            outcomes = list(threads.map(lambda line: play(sandbox, line), commands))
    right = sum(case["outcome"] == outcome for case, outcome in zip(cases, outcomes, strict=True))
    untold = outcomes.count("unresolved")
    print(f"{sandbox.kind}, {name}: {right} of {len(cases)} as on the real machine, {untold} unresolved")
    for case, outcome in zip(cases, outcomes, strict=True):
        if outcome != case["outcome"]:
            print(f"  {outcome}, really {case['outcome']}: {case['commands']}")


def main() -> None:
    """Compare both sandboxes, and time the real one where it runs."""
    smoke = is_smoke(__doc__)
    for name in FILES:
        compare(VirtualSandbox(), name, SMOKE_CASES if smoke else None)
    sandbox, episodes = BubblewrapSandbox(), AT_ONCE if smoke else EPISODES
    try:
        sandbox.check()
    except ValueError as error:
        print(f"not measured: {error}")
        return
    for name in FILES:
        compare(sandbox, name, SMOKE_CASES if smoke else None)
    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda _: play(sandbox, ["ls", "cat shutdown.sh", FETCH]), range(episodes)))
    rate = episodes / (time.perf_counter() - started)
    print(f"bubblewrap: {rate:.0f} episodes of six commands a second, {AT_ONCE} at a time")


if __name__ == "__main__":
    main()
