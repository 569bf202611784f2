"""Shared fixtures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_server import ChatServer
from command_line import CommandLine


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
