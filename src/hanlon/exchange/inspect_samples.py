"""Episodes as samples of an Inspect log: messages, calls with their usage, events, scores, and why one is excluded."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from hanlon.analysis.labels.answers import followup_labels
from hanlon.analysis.labels.labels import answers_by_inquiry
from hanlon.exchange.export_rows import branch_fields
from hanlon.exchange.inspect_messages import STOP_REASONS, inspect_message, inspect_usage
from hanlon.exchange.inspect_package import inspect_module
from hanlon.exchange.inspect_rows import CASE, OURS, OUTCOME
from hanlon.inquiries.judges.votes import labels_of
from hanlon.store.cells import CellState
from hanlon.store.digest import digest
from hanlon.store.episodes import read_episodes
from hanlon.store.records import BranchRecord, CellRecord, Episode, ModelCall
from hanlon.store.redaction import Redaction

WITHHELD = "(this transcript may not leave its store)"
"""Stands in place of what was said in such a cell."""
Scores = dict[str, dict[str, Any]]
"""The scores of a sample by name, each with its fields."""


def inspect_samples(state: CellState, model: str, branch: BranchRecord | None = None) -> list[Any]:
    """The samples of a cell by index. Its request is a sample's id and numbers are epochs; else the index is the id.

    Of a branch, samples are children by draw, and without a request the id is their parent's index.
    """
    redaction = Redaction()
    labels = _labels(state)
    epochs: Counter[Any] = Counter()
    samples: list[Any] = []
    for stored in sorted(read_episodes(state.folder), key=lambda episode: episode.index):
        text = redaction.secrets(msgspec.json.encode(stored).decode())
        episode = msgspec.json.decode(text, type=Episode)
        index = branch.index if branch else episode.index
        name = episode.facts.get("request", index)
        name = name if isinstance(name, str | int) else index
        epochs[name] += 1
        at = _origin(state.record, episode).get("sample", name), epochs[name]
        sample = _sample(state.record, episode, model, at, labels.get(episode.index, {}), branch)
        samples.append(sample)
    return samples


def _origin(record: CellRecord, episode: Episode) -> Mapping[str, Any]:
    """What an imported log said of its sample."""
    return episode.facts if record.imported and "sample" in episode.facts else {}


def _sample(
    record: CellRecord,
    episode: Episode,
    model: str,
    at: tuple[Any, int],
    labels: Scores,
    branch: BranchRecord | None,
) -> Any:
    log, origin = inspect_module("log"), _origin(record, episode)
    name = digest([record.key, episode.index])
    shown = [] if record.local_only else episode.messages
    messages = [inspect_message(message, f"{name}-{number}") for number, message in enumerate(shown)]
    kept = branch.turn if branch else 0
    timeline = _Timeline(episode, model, name, messages, kept, imported=bool(origin))
    usage = origin.get("model_usage") or timeline.usage()
    scores = {**origin.get("scores", {}), **_scores(episode, origin), **labels}
    score = inspect_module("scorer").Score
    metadata = origin.get("metadata", {} if record.local_only else episode.facts)
    leaves: dict[str, Any] = Redaction().tree(branch_fields(branch)) if branch else {}
    leaves |= {"fork_draw": episode.index} if branch else {}
    return log.EvalSample(
        id=at[0],
        epoch=origin.get("epoch", at[1]),
        input=messages[: timeline.first] or (WITHHELD if record.local_only else ""),
        target=origin.get("target", ""),
        choices=origin.get("choices"),
        messages=messages,
        output=timeline.output(),
        scores={
            name: score(**{**fields, "value": _value(fields["value"])}) for name, fields in scores.items()
        },
        metadata={
            **{key: value for key, value in metadata.items() if key != "scores"},
            **leaves,
            OURS: _ours(episode),
        },
        events=[] if record.local_only else list(timeline.events()),
        model_usage=usage,
        uuid=name,
        error=_error(episode, origin),
        limit=log.EvalSampleLimit(**origin["limit"]) if "limit" in origin else None,
        started_at=_time(episode.started_at),
        completed_at=_time(episode.finished_at),
        total_time=max(episode.finished_at - episode.started_at, 0.0),
    )


def _value(value: Any) -> Any:
    return float("nan") if value is None else value


def _ours(episode: Episode) -> dict[str, Any]:
    """What only Hanlon says of an episode, from which an import makes the same counts."""
    fields = ("index", "seed", "outcome", "measures", "excluded", "after_look", "never_acted")
    return {name: getattr(episode, name) for name in fields} | {"request": episode.facts.get("request")}


def _scores(episode: Episode, origin: Mapping[str, Any]) -> Scores:
    """The outcome by its name and each measure; a measure called as a score of the imported log has `_case` behind."""
    taken = origin.get("scores", {})
    cases = {
        name: case for name, case in episode.measures.items() if case is not None and not episode.excluded
    }
    named: dict[str, Any] = {
        **cases,  # the headline measure comes first: Scout takes the first for the score
        OUTCOME: episode.outcome,
        **({} if origin else episode.facts.get("scores", {})),
    }
    return {
        f"{name}{CASE}" if name in taken else name: value if isinstance(value, dict) else {"value": value}
        for name, value in named.items()
    }


def _labels(state: CellState) -> Mapping[int, Scores]:
    """Labels of judges with their votes, and answers to follow-up questions, by episode index."""
    scores: dict[int, Scores] = {}
    for judge, answers in answers_by_inquiry(state.folder, "judges"):
        for index, votes in answers.items():
            for label in labels_of(judge, votes):
                reasons = dict.fromkeys(
                    str(vote.value["why"]) for vote in votes if vote.value and vote.value.get("why")
                )
                counts = {"yes": label.yes, "parsed": label.parsed, "votes": label.votes}
                scores.setdefault(index, {})[f"{judge.name}_{label.name}"] = {
                    "value": label.value,
                    "explanation": None if state.record.local_only else "\n".join(reasons) or None,
                    "metadata": {"judge": judge.model or "rules", "simulated": judge.simulated, **counts},
                }
    for asked in followup_labels([state]):
        for index, labels in asked.labels.items():
            for label in labels:
                scores.setdefault(index, {})[f"{asked.judge.name}_{label.name}"] = {"value": label.value}
    return scores


def _error(episode: Episode, origin: Mapping[str, Any]) -> Any:
    if not episode.excluded or "limit" in origin:
        return None
    attempts = [error for call in episode.calls for error in call.errors]
    detail = origin.get("error") or (
        f"{episode.excluded}: {attempts[-1].message}" if attempts else episode.excluded
    )
    return inspect_module("log").EvalError(message=detail, traceback="", traceback_ansi="")


def _time(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None


class _Timeline:
    """The calls of an episode beside its messages: each reply with the call that made it.

    `first` is where the first reply stands that a call made. A child keeps `kept` replies of its parent before it.
    """

    def __init__(
        self, episode: Episode, model: str, name: str, messages: Sequence[Any], kept: int, *, imported: bool
    ) -> None:
        self._imported, self._kept = imported, kept
        replies = [at for at, message in enumerate(messages) if message.role == "assistant"]
        given = 0 if imported else len(replies) - sum(call.answered for call in episode.calls)
        self.first = (replies[max(given, 0) :] or [len(messages)])[0]
        self._episode, self._model, self._name, self._messages = episode, model, name, messages
        self._at, self._number = episode.started_at, 0

    def usage(self) -> dict[str, Any]:
        """By model, as the providers counted."""
        by_model: dict[str, list[ModelCall]] = {}
        for call in self._episode.calls:
            by_model.setdefault(self._model_of(call), []).append(call)
        counted = {model: inspect_usage(calls) for model, calls in by_model.items()}
        return {model: usage for model, usage in counted.items() if usage}

    def output(self) -> Any:
        """The last reply with the call that made it."""
        replies = [message for message in self._messages[self.first :] if message.role == "assistant"]
        call = self._episode.calls[len(replies) - 1 : len(replies)] if replies else []
        return self._output(replies[-1] if replies else None, *call)

    def events(self) -> Iterator[Any]:
        """Each reply as a model's event, each result as a tool's, and what the environment saw at that reply."""
        event, turn = inspect_module("event"), self._kept
        tool_calls: dict[str, Any] = {}
        calls = list(self._episode.calls)
        yield from self._seen(event, range(turn))
        for number, message in enumerate(self._messages[self.first :], self.first):
            if message.role == "assistant":
                call = calls.pop(0) if calls else None
                yield self._model_event(event, self._messages[:number], message, call)
                tool_calls |= {tool_call.id: tool_call for tool_call in message.tool_calls or ()}
                yield from self._seen(event, range(turn, turn + 1))
                turn += 1
            elif message.role == "tool" and message.tool_call_id in tool_calls:
                tool_call = tool_calls[message.tool_call_id]
                yield event.ToolEvent(
                    id=tool_call.id,
                    function=tool_call.function,
                    arguments=tool_call.arguments,
                    result=message.content,
                    error=message.error,
                    message_id=message.id,
                    **self._stamp(),
                )
        yield from (self._model_event(event, [], None, call) for call in calls)
        last = max((seen.turn for seen in self._episode.events), default=-1)
        yield from self._seen(event, range(turn, last + 1))

    def _seen(self, event: Any, turns: range) -> Iterator[Any]:
        for seen in self._episode.events:
            if seen.turn in turns:
                content = {"turn": seen.turn, "kind": seen.kind, "data": seen.data}
                yield event.InfoEvent(source=OURS, data=content, **self._stamp())

    def _model_event(self, event: Any, before: Sequence[Any], reply: Any, call: ModelCall | None) -> Any:
        config = inspect_module("model").GenerateConfig()
        stamp = self._stamp()
        self._at += call.latency_s if call else 0.0
        return event.ModelEvent(
            model=self._model_of(call) if call else self._model,
            input=list(before),
            tools=[],
            tool_choice="auto",
            config=config,
            output=self._output(reply, *([call] if call else [])),
            retries=len(call.errors) if call else None,
            completed=_moment(self._at),
            **stamp,
        )

    def _output(self, reply: Any, call: ModelCall | None = None) -> Any:
        model = inspect_module("model")
        reason = STOP_REASONS.get(call.finish_reason or "", "stop") if call else "stop"
        choices = [model.ChatCompletionChoice(message=reply, stop_reason=reason)] if reply else []
        return model.ModelOutput(
            model=(call.returned_model if call else None) or self._model,
            choices=choices,
            usage=inspect_usage([call]) if call else None,
            time=call.latency_s if call else None,
        )

    def _model_of(self, call: ModelCall) -> str:
        """Calls of an imported log keep the names of their models, of which one may be a grader's."""
        return call.requested_model if self._imported else self._model

    def _stamp(self) -> dict[str, Any]:
        self._number += 1
        start = self._at - self._episode.started_at
        return {
            "uuid": f"{self._name}-e{self._number}",
            "timestamp": _moment(self._at),
            "working_start": start,
        }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
