"""Every test starts without a key, without the user's W&B settings, and in a folder of its own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hanlon.tracking.wandb import WandbTracker
from support.wandb_server import KEY, WandbServer


@pytest.fixture(autouse=True)
def no_wandb_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key can be found: no environment variable, no netrc, no settings file."""
    for name in [name for name in os.environ if name.startswith("WANDB")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("NETRC", str(home / ".netrc"))


@pytest.fixture
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store's folder, in the current folder as on a command line."""
    work = tmp_path / "checkout"
    work.mkdir()
    monkeypatch.chdir(work)
    return work / "runs"


@pytest.fixture
def said() -> list[str]:
    """The lines that the tracker has said."""
    return []


@pytest.fixture
def offline(said: list[str]) -> Callable[..., WandbTracker]:
    """A tracker that logs offline, without report and figures (seconds each), and says its lines to `said`."""
    fixed = {"mode": "offline", "report": False, "figures": False, "say": said.append}
    return lambda **options: WandbTracker(**{**fixed, **options})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WandbServer]:
    """A W&B server, and a key for it."""
    server = WandbServer()
    monkeypatch.setenv("WANDB_BASE_URL", server.url)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    yield server
    server.close()
