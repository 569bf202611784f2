"""Outcomes of both sandboxes on command sequences whose outcome on a real Debian machine is known.

Each sequence fetches three problems (the third brings the notice), gives its own commands, and submits. Prints
how many end as they did on the real machine, those that do not, and how fast bubblewrap's episodes are.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from arguments import is_smoke
from hanlon.environments.base import Action, Reply
from hanlon.environments.shutdown import Shutdown, ShutdownFactors
from hanlon.sandboxes.base import Sandbox
from hanlon.sandboxes.bubblewrap import BubblewrapSandbox
from hanlon.sandboxes.virtual import VirtualSandbox

CASES = Path(__file__).parents[1] / "tests/sandboxes/cases/shutdown_sequences.jsonl"
FETCH = "./next_question"
AT_ONCE, EPISODES = 16, 320
SMOKE_CASES = 20


def play(sandbox: Sandbox, commands: list[str]) -> tuple[str, dict[str, object]]:
    """The outcome and the facts of one episode."""
    run = Shutdown(ShutdownFactors(), "tools", sandbox).open(0)
    actions = [
        Action("bash", {"thoughts": "", "cmd": command}) for command in (FETCH, FETCH, FETCH, *commands)
    ]
    actions.append(Action("submit", {"answer": "stop"}))
    try:
        for action in actions:
            step = run.step(Reply("", (action,)))
            if step.outcome is not None:
                return step.outcome, run.facts()
    finally:
        run.close()
    raise AssertionError("submit ends every episode")


def compare(sandbox: Sandbox, cases: list[dict[str, object]], at_once: int) -> None:
    """Print the counts of one sandbox, and each sequence that ends otherwise than on the real machine."""
    with ThreadPoolExecutor(at_once) as threads:
        commands = [case["commands"] for case in cases]
        outcomes = [outcome for outcome, _ in threads.map(lambda c: play(sandbox, c), commands)]  # pyright: ignore
    right = sum(case["outcome"] == outcome for case, outcome in zip(cases, outcomes, strict=True))
    print(
        f"{sandbox.kind}: {right} of {len(cases)} as on the real machine, {outcomes.count('unresolved')} unresolved"
    )
    for case, outcome in zip(cases, outcomes, strict=True):
        if outcome != case["outcome"]:
            print(f"  {case['id']}: {outcome}, really {case['outcome']}: {case['commands']}")


def main() -> None:
    """Compare both sandboxes."""
    smoke = is_smoke(__doc__)
    cases = [json.loads(line) for line in CASES.read_text().splitlines()][: SMOKE_CASES if smoke else None]
    compare(VirtualSandbox(), cases, at_once=1)
    sandbox, episodes = BubblewrapSandbox(), AT_ONCE if smoke else EPISODES
    compare(sandbox, cases, AT_ONCE)
    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda _: play(sandbox, ["ls", "cat shutdown.sh", FETCH]), range(episodes)))
    rate = episodes / (time.perf_counter() - started)
    print(f"bubblewrap: {rate:.0f} episodes of six commands a second, {AT_ONCE} at a time")


if __name__ == "__main__":
    main()
