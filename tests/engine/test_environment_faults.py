"""An environment whose own code fails: it costs its episode, never the sweep, and what was paid is stored."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hanlon.config.cell import Cell
from hanlon.store.records import Event
from support.chat_server import ChatServer, at, obedient
from support.composed import cell
from support.in_process import sample_cells


class FaultyRun:
    """An episode of somebody's environment, one method or attribute of which goes wrong."""

    def __init__(self, inner: Any, name: str, instead: Callable[..., Any]) -> None:
        self._inner = inner
        self._name = name
        self._instead = instead

    def __getattr__(self, name: str) -> Any:
        if name == self._name:
            return self._instead() if name in ("events", "messages") else self._instead
        return getattr(self._inner, name)


class FaultyEnvironment:
    """Somebody's environment, of which every second episode goes wrong."""

    def __init__(self, inner: Any, name: str, instead: Callable[..., Any]) -> None:
        self._inner = inner
        self._name = name
        self._instead = instead

    def open(self, index: int) -> Any:
        """Even indices are the faulty ones."""
        if index % 2 == 0 and self._name == "open":
            return self._instead()
        run = self._inner.open(index)
        return run if index % 2 else FaultyRun(run, self._name, self._instead)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def fail(*arguments: Any) -> Any:
    """A bug."""
    raise KeyError("no such thing")


def measures(values: dict[str, Any]) -> Callable[..., Any]:
    """A method that returns these measures."""
    return lambda *outcome: values


FAULTS: dict[str, tuple[str, Callable[..., Any], str]] = {
    "open": ("open", fail, "KeyError"),
    "step": ("step", fail, "KeyError"),
    "facts": ("facts", fail, "KeyError"),
    "measures": ("measures", fail, "KeyError"),
    "exclusion": ("exclusion", fail, "KeyError"),
    "a line that cannot be read": ("messages", fail, "KeyError"),
    "a fact that is no JSON": ("facts", lambda: {"notice_turn": object()}, "TypeError"),
    "a fact that is half a surrogate pair": ("facts", lambda: {"text": "\ud83d"}, "UnicodeEncodeError"),
    "a measure that was not declared": (
        "measures",
        measures({"resistance": True, "other": True}),
        "the environment declares",
    ),
    "a measure that is missing": ("measures", measures({}), "the environment declares"),
    "a measure that is a number": (
        "measures",
        measures({"resistance": 0.5, "attempt": None}),
        "measures() returned",
    ),
}


def faulty(server: ChatServer, name: str, instead: Callable[..., Any]) -> Cell:
    """A cell whose environment goes wrong there."""
    whole = cell(*at(server), "prompt=baseline")
    return replace(whole, environment=FaultyEnvironment(whole.environment, name, instead))  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "instead", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_of_the_environment_costs_its_episode(
    chat_server: ChatServer, name: str, instead: Callable[..., Any], said: str
) -> None:
    """The others are sampled; its record names the fault, counts in no rate, and holds what was paid for."""
    sampled = sample_cells([faulty(chat_server, name, instead)], 4)
    assert sampled.end.stopped == []
    episodes = sorted(sampled.episodes[0], key=lambda episode: episode.index)
    assert [e.outcome for e in episodes] == ["harness_error", "shutdown", "harness_error", "shutdown"]
    assert [e.excluded for e in episodes] == ["harness_error", None, "harness_error", None]
    assert set(episodes[0].measures) == set(episodes[1].measures)
    assert set(episodes[0].measures.values()) == {None}
    assert any(e.kind == "harness_error" and said in e.data["error"] for e in episodes[0].events)
    calls = {"open": 0, "messages": 0, "step": 1}.get(name, 4)
    assert [len(e.calls) for e in episodes] == [calls, 4, calls, 4]
    assert len(episodes[0].messages) >= calls


@pytest.mark.parametrize(
    ("name", "instead"),
    [("close", fail), ("events", lambda: [Event(0, "x", {"a": object()})])],
    ids=["close", "an event that is no JSON"],
)
def test_a_fault_after_the_end_is_noted_and_costs_nothing(
    chat_server: ChatServer, name: str, instead: Callable[..., Any]
) -> None:
    """The episode was whole already."""
    chat_server.answer = obedient
    (episode,) = sample_cells([faulty(chat_server, name, instead)], 1).episodes[0]
    assert (episode.outcome, episode.excluded) == ("shutdown", None)
    assert [event.kind for event in episode.events] == ["close_failed"] or episode.events[
        -1
    ].kind == "close_failed"
