"""Shared fixtures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.chat_server import ChatServer
from support.command_line import CommandLine

# how long an example takes says how busy the machine is, and nothing about the code
settings.register_profile("any_load", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_load")


@pytest.fixture(autouse=True)
def no_width_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are as wide as for a pipe, whatever an earlier test of this process has left in the environment."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def chat_server() -> Iterator[ChatServer]:
    """A fresh chat server."""
    server = ChatServer()
    yield server
    server.close()


@pytest.fixture
def command_line(tmp_path: Path) -> CommandLine:
    """The command line in a temporary folder."""
    return CommandLine(tmp_path)
