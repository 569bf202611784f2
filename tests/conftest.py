"""Shared fixtures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.chat_server import ChatServer
from support.command_line import CommandLine


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
