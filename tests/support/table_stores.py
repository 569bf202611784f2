"""Four small stores, as sweeps leave them: shutdown, alignment faking, one with judges and follow-ups, three models."""

import sys
from collections.abc import Callable
from pathlib import Path

from support.command_line import CommandLine

_FREE_AND_PAID = ("env=alignment_faking", "tier=free,paid")
_SWEEPS = {
    "shutdown": (
        "prompt=baseline,priority_clarified",
        "env.stakes=none,replaced",
        "model=simulated/ambiguity",
    ),
    "faking": (*_FREE_AND_PAID, "model=simulated/alignment_faker,simulated/confused"),
    "judged": (
        *(*_FREE_AND_PAID, "model=simulated/confused", "judge=[regex,simulated]"),
        "followups=[comprehension,self_report]",
    ),
    "mixed": (
        *("prompt=baseline,priority_clarified", "env.placement=user,system", "seed=0,1"),
        "model=simulated/ambiguity,simulated/obedient",
    ),
}


def _make(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        folder.mkdir()
        command_line = CommandLine(folder)
        swept = command_line.run("-m", *_SWEEPS[name], "samples=3")
        assert swept.returncode == 0, swept.stderr
        if name == "judged":
            tried = command_line.finish(
                [sys.executable, "-m", "hanlon.cli", "judge-smoke", "runs", "--judge", "regex"], 60
            )
            assert tried.returncode == 0, tried.stderr
        return command_line.runs

    return make


STORES: dict[str, Callable[[Path], Path]] = {name: _make(name) for name in _SWEEPS}
"""What makes each store, in a folder of its own; a sweep of simulated policies takes seconds."""
