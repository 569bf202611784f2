"""Every fault of the fault server at 5 % and at 60 %: nothing lost, nothing paid twice, and a second run completes."""

from collections import Counter
from typing import Any

import pytest

from hanlon.simulated.faults.config import INSTEAD, KINDS, LOST
from support.command_line import CommandLine
from support.fault_server import (
    FaultServer,
    all_calls,
    check_each_index_is_there_once,
    stored_lines,
    usable_by_seed,
)

pytestmark = pytest.mark.slow

AT_60 = ["malformed_arguments", "wrong_model"]
AT_5 = ["malformed_arguments", "html", "reset", "reset_body", "hang", "http_503"]
"""One of each sort; the others are run by `make check`."""
ERROR_TYPES = {"hang": "time_out", "reset": "connection", "reset_body": "connection"}
BAD_REPLIES = ("html", "error_in_200", "bad_json", "empty_choices")


def _error_type(kind: str) -> str:
    if kind in BAD_REPLIES:
        return "bad_reply"
    return ERROR_TYPES.get(kind) or ("rate_limit" if "429" in kind else "server_error")


def _faults(kind: str, share: float) -> dict[str, Any]:
    timing = {"retry_after": "ms", "retry_after_s": 0.05, "drip_s": 0.2, "latency": 0.005}
    return {"errors": {kind: share}, **timing}


def _survive(command_line: CommandLine, kind: str, share: float, samples: int) -> None:
    server = FaultServer(_faults(kind, share))
    try:
        timeout = "model.call_timeout_s=1" if kind == "hang" else "model.call_timeout_s=20"
        prompt = ["-m", "prompt=baseline,priority_clarified"]
        command = [*prompt, f"samples={samples}", *server.model, timeout]
        run = command_line.run(*command, timeout_s=600)
        assert "Traceback" not in run.stdout + run.stderr
        assert run.returncode in (0, 3), run.stderr
        check_each_index_is_there_once(command_line, samples, complete=run.returncode == 0)
        _check_the_account(command_line, server, kind)
        lost = sum(
            e.outcome == "api_error" for lines in stored_lines(command_line.runs).values() for e in lines
        )
        assert (lost > 0) == (run.returncode == 3), run.stderr
        if run.returncode == 0:
            return
        server.heal()
        again = command_line.run(*command, timeout_s=600)
        assert again.returncode == 0, again.stderr
        check_each_index_is_there_once(command_line, samples, complete=True)
    finally:
        server.close()


def _check_the_account(command_line: CommandLine, server: FaultServer, kind: str) -> None:
    """Every request is a stored completion or a recorded error; what was paid is stored or was lost on its way."""
    met = server.tally.faults[kind]
    errors = [(seed, error) for seed, call in all_calls(command_line.runs) for error in call.errors]
    fails = kind in INSTEAD or (kind in LOST and kind != "slow_drip")
    assert len(errors) == (met if fails else 0)
    assert {error.type for _, error in errors} <= {_error_type(kind)}
    paid = Counter(server.tally.calls_by_seed)
    usable = usable_by_seed(command_line.runs)
    lost = Counter(seed for seed, _ in errors) if kind in LOST else Counter[int]()
    assert paid == usable + lost


@pytest.mark.parametrize("kind", [k if k in AT_5 else pytest.param(k, marks=pytest.mark.slow) for k in KINDS])
def test_every_fault_at_five_percent(command_line: CommandLine, kind: str) -> None:
    """An ordinary night: each error is in the record of its call, and what was paid is stored once."""
    _survive(command_line, kind, 0.05, samples=10)


@pytest.mark.parametrize(
    "kind", [k if k in AT_60 else pytest.param(k, marks=pytest.mark.slow) for k in KINDS]
)
def test_every_fault_at_sixty_percent(command_line: CommandLine, kind: str) -> None:
    """A bad night: what did not come back is an api_error, and the same command completes it later."""
    _survive(command_line, kind, 0.6, samples=4)
