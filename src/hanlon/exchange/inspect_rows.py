"""Samples of an Inspect log as rows. Columns are called as Inspect's own data frames call them."""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

import msgspec

from hanlon.environments.messages import returned_reasoning, tool_calls, visible_text
from hanlon.exchange.inspect_messages import Message, stored_calls, stored_message
from hanlon.exchange.refusal import Refusal
from hanlon.exchange.source_table import Row, Source
from hanlon.store.digest import as_json, digest
from hanlon.store.records import Event

OURS = "hanlon"
"""Where a log that Hanlon wrote says what it is: in the metadata of the log, and of each sample."""
FORK = "fork"
"""What such a log has in that metadata, and as a tag, if its samples are children of a stored episode."""
OUTCOME = "outcome"
"""The score that holds the outcome's name in such a log."""
CASE = "_case"
"""Stands behind the name of a measure where a score of an imported log has that name."""
STAND_IN = "mockllm/"
"""How the models are called that Inspect's own tests use in place of language models."""
MEASURE = "measure"
"""How the columns begin that hold its measures."""
UNSCORED = "unscored"
"""Why a sample is excluded that no scorer has reached, although it has no error."""
_EVENTS = ("info", "error", "sample_limit", "approval", "interrupt")
"""Events that stay beside the transcript. The others are the messages, calls and scores themselves."""
_OF_EVENT = {"uuid", "span_id", "timestamp", "working_start", "event", "pending", "metadata"}


class _Cell(msgspec.Struct):
    """What an import needs of what Hanlon says of a cell."""

    label: str
    measures: dict[str, str]
    no_effect: dict[str, Any]
    tiers: dict[str, Any]


class _Sample(msgspec.Struct):
    """What an import needs of what it says of an episode."""

    index: int
    outcome: str
    measures: dict[str, bool | None]
    excluded: str | None
    request: Any


def said_by_us(log: Any) -> Mapping[str, Any]:
    """What Hanlon said of the cell if it wrote this log, and nobody has taken a part of it out; else empty."""
    ours: Any = log.metadata.get(OURS)
    try:
        msgspec.convert(ours, _Cell)
        msgspec.convert([sample.metadata.get(OURS) for sample in log.samples], list[_Sample])
    except msgspec.ValidationError:
        return {}
    return cast("Mapping[str, Any]", ours)


def log_rows(source: Source, log: Any) -> list[Row]:
    """A row for each sample and epoch of a log, in the order in which Hanlon numbered them if it wrote the log."""
    head, ours = dict(_head(source, log)), said_by_us(log)
    samples = list(log.samples)
    if ours:
        samples.sort(key=lambda sample: sample.metadata[OURS]["index"])
    names = {name for sample in samples for name in _scores(sample)}
    note = _note(source, log)
    rows: list[Row] = []
    for sample in samples:
        at = f"sample {sample.id}, epoch {sample.epoch}"
        try:
            values = head | dict(_columns(sample, bool(ours))) | _score_columns(sample, names)
            row = Row(at, values, source, _rollout(log, ours, sample), note, ours.get("label", ""))
            msgspec.json.encode([row.values, row.rollout])
        except UnicodeEncodeError as error:
            raise Refusal(
                f"{source.file}, {at!a}: {error.object[error.start]!a} in it is half a character (a lone surrogate), "
                "which cannot be stored. Write the log again without it, or leave it out"
            ) from None
        rows.append(row)
    return rows


def _head(source: Source, log: Any) -> Iterator[tuple[str, Any]]:
    """What all samples of a log share."""
    spec = log.eval
    yield from {"log": source.file, "status": log.status, "task_name": spec.task.rsplit("/", 1)[-1]}.items()
    yield from {"model": spec.model, "solver": spec.solver}.items()
    yield from {"task_id": spec.task_id, "eval_id": spec.eval_id}.items()
    yield from _prefixed("task_arg", spec.task_args)
    yield from _prefixed("solver_arg", spec.solver_args or {})
    yield from _prefixed("generate_config", spec.model_generate_config.model_dump(exclude_none=True))
    yield from _prefixed("eval_metadata", {key: value for key, value in log.metadata.items() if key != OURS})


def _prefixed(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        yield f"{prefix}_{name}", _plain(value)


def _plain(value: Any) -> Any:
    """A value that a map can name: lists and mappings as their JSON, nothing for a number that is none."""
    if isinstance(value, float) and math.isnan(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else as_json(value)


def _columns(sample: Any, is_ours: bool) -> Iterator[tuple[str, Any]]:
    yield from {"id": sample.id, "epoch": sample.epoch, "target": _plain(sample.target)}.items()
    yield from _prefixed("metadata", {key: value for key, value in sample.metadata.items() if key != OURS})
    yield "error", sample.error.message if sample.error else None
    yield "limit", sample.limit.type if sample.limit else None
    if is_ours:
        ours = sample.metadata[OURS]
        yield from _prefixed(MEASURE, ours["measures"])
        yield from ((name, ours[name]) for name in ("outcome", "excluded"))
        return
    failed = "invalidated" if sample.invalidation else "error" if sample.error else None
    unscored = None if sample.scores else UNSCORED
    yield "failed", failed or unscored
    yield "excluded", failed or (f"{sample.limit.type}_limit" if sample.limit else unscored)


def _score_columns(sample: Any, names: Collection[str]) -> dict[str, Any]:
    """Scores and their answers. Of two with one column's name a score comes before a mapping's value, whose column is
    then `score_NAME.KEY`, and both before an answer.
    """
    answers: dict[str, Any] = {}
    columns: dict[str, Any] = {}
    for name, score in _scores(sample).items():
        answers[f"score_{name}_answer"] = score.answer
        whole: Any = score.value
        if not isinstance(whole, dict):
            columns[f"score_{name}"] = _plain(whole)
            continue
        for key, value in cast("Mapping[str, Any]", whole).items():
            column = f"score_{name}_{key}"
            taken = f"{name}_{key}" in names or column in columns
            columns[f"score_{name}.{key}" if taken else column] = _plain(value)
    return columns | {name: text for name, text in answers.items() if name not in columns}


def _scores(sample: Any) -> Mapping[str, Any]:
    return sample.scores or {}


def _note(source: Source, log: Any) -> str:
    """That a log is not whole, or that a scorer gave no value."""
    without = Counter(
        name
        for sample in log.samples
        for name, score in _scores(sample).items()
        if _plain(score.value) is None
    )
    samples = len(log.samples)
    remarks = [
        f"score_{name} has no value (NaN) in {count} of {samples} samples, which are in no rate made of it"
        for name, count in without.items()
    ]
    if log.status != "success":
        dataset = log.eval.dataset  # its ids are those within --limit, its samples all that it has
        planned = len(dataset.sample_ids or ()) or dataset.samples or 0
        planned *= log.eval.config.epochs or 1
        of = f" of {planned}" if planned else ""
        remarks.insert(0, f"{source.file} has the status {log.status}: {samples}{of} samples are in it")
    return "; ".join(remarks)


def _rollout(log: Any, cell: Mapping[str, Any], sample: Any) -> dict[str, Any]:
    messages = [stored_message(message) for message in sample.messages]
    ours: Mapping[str, Any] = sample.metadata[OURS] if cell else {}
    replies = [message for message in messages if message["role"] == "assistant"]
    return {
        "seed": ours.get("seed", 0),
        "messages": messages,
        "calls": stored_calls(sample),
        "events": list(_events(sample)),
        "facts": dict(_facts(cell, sample)),
        "reasoning": "full" if any(map(returned_reasoning, replies)) else "absent",
        "simulated": log.eval.model.startswith(STAND_IN) or bool(cell.get("simulated")),
        "transcript_hash": _hash(replies),
        "started_at": _seconds(sample.started_at),
        "finished_at": _seconds(sample.completed_at),
        "after_look": ours.get("after_look", False),
        "never_acted": ours.get("never_acted", False),
    }


def _hash(replies: list[Message]) -> str:
    """Over what the model said and did, without ids and reasoning, so that equal transcripts are seen."""
    return digest(
        [[visible_text(reply), [call["function"] for call in tool_calls(reply)]] for reply in replies]
    )


def _seconds(time: str | None) -> float:
    return datetime.fromisoformat(time).timestamp() if time else 0.0


def _events(sample: Any) -> Iterator[Event]:
    turn = -1
    for event in sample.events:
        turn += event.event == "model"
        if event.event not in _EVENTS:
            continue
        content: Any = event.model_dump(mode="json", exclude=_OF_EVENT, exclude_none=True)
        kind = event.event
        if kind == "info":
            kind, content = content.get("source") or kind, content.get("data")
            if kind == OURS:
                try:
                    yield msgspec.convert(content, Event)
                    continue
                except msgspec.ValidationError:  # another program's
                    pass
        fields = cast("dict[str, Any]", content) if isinstance(content, dict) else {"data": content}
        yield Event(max(turn, 0), kind, fields)


def _facts(cell: Mapping[str, Any], sample: Any) -> Iterator[tuple[str, Any]]:
    """What else a log says of a sample: enough to write it again as it was."""
    said = {key: value for key, value in sample.metadata.items() if key != OURS}
    scores = {name: _score(score) for name, score in _scores(sample).items()}
    if cell:
        again = {
            OUTCOME,
            *(each for name in cell["measures"] for each in (name, f"{name}{CASE}")),
        }
        others = {name: score for name, score in scores.items() if name not in again}
        request = sample.metadata[OURS]["request"]
        asked = {} if request is None else {"request": request}
        yield from {**said, **({"scores": others} if others else {}), **asked}.items()
        return
    yield from {"sample": sample.id, "epoch": sample.epoch, "target": sample.target, "scores": scores}.items()
    asked = sample.input if isinstance(sample.input, str) else _asked(sample.input)
    yield "request_text", asked
    usage = {name: usage.model_dump(exclude_none=True) for name, usage in sample.model_usage.items()}
    yield from {"model_usage": usage, "metadata": said}.items()
    if sample.choices:
        yield "choices", sample.choices
    if sample.error:
        yield "error", sample.error.message
    if sample.limit:
        yield "limit", sample.limit.model_dump(mode="json", exclude_none=True)


def _asked(messages: Any) -> str:
    """The last that a user says in the input of a sample."""
    texts = [message.text for message in messages if message.role == "user"]
    return texts[-1] if texts else ""


def _score(score: Any) -> dict[str, Any]:
    return score.model_dump(mode="json", exclude_defaults=True) | {"value": _without_nan(score.value)}


def _without_nan(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
