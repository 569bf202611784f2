"""kill -9 while children are sampled: none that was finished is lost or paid twice."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from support.forked import ForkedStore

KILLS = 20


@pytest.mark.slow
def test_twenty_kills_lose_no_child_and_pay_for_none_twice(store: ForkedStore) -> None:
    """After each kill, what was finished is there and is not called again; at the end every draw is there once."""
    random.seed(7)
    server = store.server
    server.delay_s = 0.02
    words = [sys.executable, "-m", "hanlon.cli", "fork", str(store.runs), "--n", "6", "at=turns", "draws=20"]
    environment = {name: value for name, value in os.environ.items() if "WANDB" not in name}
    command = [*words, "max_connections=4", "tracker=none"]
    finished: set[int] = set()
    for kill in range(KILLS):
        before = server.calls_by_seed()
        aim = server.calls + random.randrange(1, 40)
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while server.calls < aim and process.poll() is None:
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.05))
        process.kill()
        assert process.wait(30) == -signal.SIGKILL, f"it had ended before kill {kill}"
        time.sleep(0.05)
        now, calls = _stored(store), server.calls_by_seed()
        assert finished <= now
        assert all(calls[seed] == before[seed] for seed in finished)
        finished = now
    server.delay_s = 0.0
    assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
    branches = store.branches()
    assert len(branches) == 6 * 4
    assert all([child.index for child in children] == list(range(20)) for _, children in branches)
    assert server.calls_by_seed().keys() == _stored(store)


def _stored(store: ForkedStore) -> set[int]:
    return {child.seed for _, children in store.branches() for child in children}
