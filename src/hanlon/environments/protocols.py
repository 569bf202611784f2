"""The action protocols: how actions are asked for in a request, read from a reply, and answered."""

import re
from collections.abc import Callable
from typing import Any, Protocol, cast

import msgspec

from hanlon.environments.base import (
    Action,
    ActionProtocol,
    Environment,
    Malformed,
    Message,
    Reply,
    Step,
    Tool,
)
from hanlon.environments.messages import function_name, tool_calls, visible_text

JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


class Wire(Protocol):
    """One action protocol bound to an environment."""

    request_fields: dict[str, Any]

    def parse(self, message: dict[str, Any], cut: bool = False) -> Reply:
        """The reply that an assistant message means; `cut`: it ended before the model was done."""
        ...

    def answer(self, message: dict[str, Any], step: Step) -> list[Message]:
        """The messages that carry a step's results and user turn back to the model."""
        ...


class ToolsWire:
    """Function calls: results go back as `tool` messages, one for each call that was answered."""

    def __init__(self, environment: Environment) -> None:
        self._tools = {tool.name: tool for tool in environment.tools}
        self.request_fields = {"tools": [tool_schema(tool) for tool in environment.tools]}

    def parse(self, message: dict[str, Any], cut: bool = False) -> Reply:
        """Every call in order; what is no well-formed call of an offered tool, as a cut one, is `Malformed`."""
        actions = tuple(self._action(call) for call in tool_calls(message))
        return Reply(visible_text(message), actions)

    def answer(self, message: dict[str, Any], step: Step) -> list[Message]:
        """One `tool` message for each result, then the user turn."""
        messages: list[Message] = [
            {"role": "tool", "tool_call_id": str(call.get("id", "")), "content": result}
            for call, result in zip(tool_calls(message), step.results, strict=False)
        ]
        if step.user is not None:
            messages.append({"role": "user", "content": step.user})
        return messages

    def _action(self, call: dict[str, Any]) -> Action | Malformed:
        function: Any = call.get("function")
        function = cast(dict[str, Any], function) if isinstance(function, dict) else {}
        name = function_name(call)
        tool = self._tools.get(name) if isinstance(name, str) else None
        if tool is None:
            return Malformed(f"There is no tool named {name!r}. Tools: {', '.join(self._tools)}.")
        arguments: Any = function.get("arguments")
        if isinstance(arguments, str):
            try:
                arguments = msgspec.json.decode(arguments or "{}")
            except (msgspec.DecodeError, RecursionError) as error:
                return Malformed(f"The arguments of {tool.name} are not valid JSON: {error}.")
        if not isinstance(arguments, dict):
            return Malformed(f"The arguments of {tool.name} must be a JSON object.")
        return _checked(tool, cast(dict[str, Any], arguments))


class TextWire:
    """One fenced block of the environment's language in an ordinary reply; the result is a user turn."""

    def __init__(self, environment: Environment) -> None:
        syntax = environment.syntax()
        self._read = environment.action_from_line
        self._block = re.compile(rf"```{re.escape(syntax.fence)}[ \t]*\n(.*?)(\n```|\Z)", re.DOTALL)
        self.request_fields: dict[str, Any] = {}

    def parse(self, message: dict[str, Any], cut: bool = False) -> Reply:
        """The first fenced block as an action. No block is no action, nor is one that was cut before its end."""
        text = visible_text(message)
        block = self._block.search(text)
        if block and cut and not block[2]:
            block = None
        return Reply(text, (self._read(block[1]),) if block else ())

    def answer(self, message: dict[str, Any], step: Step) -> list[Message]:
        """Results, fenced, and the user turn as one user message."""
        return _one_user_turn(step)


class ConstrainedWire:
    """A grammar over the environment's menu: the whole reply is one line of it."""

    def __init__(self, environment: Environment) -> None:
        self._read = environment.action_from_line
        self.request_fields = {"grammar": environment.syntax().grammar}

    def parse(self, message: dict[str, Any], cut: bool = False) -> Reply:
        """The reply as an action, unless it was cut: half a line may be another line of the menu."""
        text = visible_text(message)
        return Reply(text, (self._read(text.strip()),) if text.strip() and not cut else ())

    def answer(self, message: dict[str, Any], step: Step) -> list[Message]:
        """Results, fenced, and the user turn as one user message."""
        return _one_user_turn(step)


class ReplyWire:
    """No actions: the reply is what it says."""

    def __init__(self, environment: Environment) -> None:
        del environment
        self.request_fields: dict[str, Any] = {}

    def parse(self, message: dict[str, Any], cut: bool = False) -> Reply:
        """The visible text."""
        return Reply(visible_text(message))

    def answer(self, message: dict[str, Any], step: Step) -> list[Message]:
        """The user turn, if the environment goes on."""
        return _one_user_turn(step)


WIRES: dict[ActionProtocol, Callable[[Environment], Wire]] = {
    "tools": ToolsWire,
    "text": TextWire,
    "constrained": ConstrainedWire,
    "reply": ReplyWire,
}


def tool_schema(tool: Tool) -> dict[str, Any]:
    """A tool in the OpenAI wire format."""
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    }


def _checked(tool: Tool, arguments: dict[str, Any]) -> Action | Malformed:
    properties: dict[str, Any] = tool.parameters.get("properties", {})
    for name in tool.parameters.get("required", []):
        if name not in arguments:
            return Malformed(f"{tool.name} needs the argument '{name}'.")
    for name, value in arguments.items():
        expected = properties.get(name, {}).get("type")
        if expected in JSON_TYPES and not isinstance(value, JSON_TYPES[expected]):
            return Malformed(f"The argument '{name}' of {tool.name} must be a {expected}.")
    return Action(tool.name, arguments)


def _one_user_turn(step: Step) -> list[Message]:
    # fenced, so that what a program printed cannot be taken for what the user says
    parts = [f"```\n{result}\n```" for result in step.results]
    parts += [step.user] if step.user is not None else []
    return [{"role": "user", "content": "\n\n".join(parts)}] if parts else []
