"""The one reader of chat messages: reasoning wherever it stands, and what goes back to an endpoint."""

import json
from typing import Any

import pytest

from hanlon.environments.messages import (
    complete_call_ids,
    message_lines,
    read_message,
    returned_message,
    tool_calls,
)

REASONING: dict[str, dict[str, Any]] = {
    "reasoning": {"reasoning": "I wonder.", "content": "Yes."},
    "reasoning_content": {"reasoning_content": "I wonder.", "content": "Yes."},
    "OpenRouter's texts": {
        "reasoning_details": [
            {"type": "reasoning.text", "text": "I "},
            {"type": "reasoning.text", "text": "wonder."},
        ],
        "content": "Yes.",
    },
    "OpenRouter's summary": {
        "reasoning_details": [{"type": "reasoning.summary", "summary": "I wonder."}],
        "content": "Yes.",
    },
    "Mistral's parts": {
        "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "I wonder."}]},
            {"type": "text", "text": "Yes."},
        ]
    },
    "parts of text": {
        "content": [{"type": "reasoning", "text": "I wonder."}, {"type": "text", "text": "Yes."}]
    },
}


@pytest.mark.parametrize("message", REASONING.values(), ids=REASONING.keys())
def test_reasoning_is_read_wherever_a_provider_puts_it(message: dict[str, Any]) -> None:
    """It is shown as reasoning and is no part of the words."""
    content = read_message({"role": "assistant", **message})
    assert (content.reasoning, content.text) == ("I wonder.", "Yes.")
    lines = list(message_lines({"role": "assistant", **message}))
    assert lines == [("reasoning", "(reasoning) I wonder."), ("text", "Yes.")]


def call(arguments: Any, name: Any = "bash", **fields: Any) -> dict[str, Any]:
    """An assistant message with one function call."""
    function = {"name": name, "arguments": arguments}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": function, **fields}],
    }


ARGUMENTS: dict[str, tuple[Any, Any]] = {
    "as it should be": ('{"cmd": "ls"}', {"cmd": "ls"}),
    "broken JSON": ('{"cmd": "ls', {"invalid_arguments": '{"cmd": "ls'}),
    "a list": ("[1]", {"invalid_arguments": "[1]"}),
    "an object": ({"cmd": "ls"}, {"cmd": "ls"}),
    "nothing": ("", {}),
    "null": (None, {}),
    "blank": ("{ }", {}),
}


@pytest.mark.parametrize(("received", "sent"), ARGUMENTS.values(), ids=ARGUMENTS.keys())
def test_arguments_go_back_as_a_json_object(received: Any, sent: Any) -> None:
    """What the model wrote is kept in it where it is none."""
    returned = returned_message(call(received), ())
    arguments = returned["tool_calls"][0]["function"]["arguments"]
    assert isinstance(arguments, str)
    assert json.loads(arguments) == sent


@pytest.mark.parametrize(
    ("received", "sent"),
    [
        ("bash", "bash"),
        ("bash<|channel|>commentary", "bash"),
        ("functions.bash", "functions_bash"),
        ("", "unknown"),
        (None, "unknown"),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_name_goes_back_in_the_characters_that_names_may_have(received: Any, sent: str) -> None:
    """Endpoints refuse others, and a parser may leave control tokens behind a name."""
    assert returned_message(call("{}", received), ())["tool_calls"][0]["function"]["name"] == sent


def test_other_fields_of_a_call_go_back_as_they_came() -> None:
    """Some providers sign their calls."""
    signed = call("{}", extra_content={"google": {"thought_signature": "x"}})
    assert returned_message(signed, ())["tool_calls"][0]["extra_content"] == {
        "google": {"thought_signature": "x"}
    }


@pytest.mark.parametrize("calls", [[], None, "bash", [1, None]])
def test_no_empty_list_of_calls_goes_back(calls: Any) -> None:
    """The field is left out."""
    assert returned_message({"role": "assistant", "content": "x", "tool_calls": calls}, ()) == {
        "role": "assistant",
        "content": "x",
    }


def test_only_fields_that_the_endpoint_knows_go_back() -> None:
    """What the model file names, where the reply has it."""
    message = {
        "role": "assistant",
        "content": "x",
        "reasoning": "r",
        "reasoning_content": None,
        "refusal": None,
    }
    returned = returned_message(message, ("reasoning", "reasoning_content"))
    assert returned == {"role": "assistant", "content": "x", "reasoning": "r"}


def test_each_call_has_an_id_that_its_result_can_name() -> None:
    """Missing, null, repeated and numeric ids are replaced; others stay."""
    calls: list[dict[str, Any]] = [{"id": name, "function": {}} for name in ("a", None, "", "a", 7)]
    del calls[2]["id"]
    message: dict[str, Any] = {"role": "assistant", "tool_calls": calls}
    complete_call_ids(message, turn=3)
    assert [entry["id"] for entry in tool_calls(message)] == [
        "a",
        "call_3_1",
        "call_3_2",
        "call_3_3",
        "call_3_4",
    ]
