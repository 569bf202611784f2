"""A store that is sampled once for all tests of forks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.chat_server import ChatServer, at
from support.command_line import CommandLine
from support.forked import ForkedStore, undecided


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedStore]:
    """Twelve episodes of `prompt=baseline`."""
    server = ChatServer()
    server.answer = undecided
    command_line = CommandLine(tmp_path_factory.mktemp("forked"))
    run = command_line.run("prompt=baseline", "samples=12", *at(server))
    assert run.returncode == 0, run.stderr
    yield ForkedStore(server, command_line.runs)
    server.close()


@pytest.fixture
def store(sampled: ForkedStore, tmp_path: Path) -> ForkedStore:
    """A copy of it for one test. The server's calls are counted from here on."""
    sampled.server.bodies.clear()
    return sampled.copy(tmp_path)
