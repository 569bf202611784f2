"""Inspect over the same echoing episodes. Run by inspect_peer.py, as a process of its own; its job is JSON on stdin."""

import json
import sys

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, execute_tools, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, tool

JOB = json.load(sys.stdin)


@tool
def echo() -> Tool:
    """The one tool."""

    async def execute(text: str) -> str:
        """Returns its text.

        Args:
            text: The text.
        """
        return JOB["echo"]

    return execute


@solver
def tool_loop() -> Solver:
    """Generate and run the tool, as often as an episode has turns; the last reply ends it."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        model, tools = get_model(), [echo()]
        for turn in range(JOB["turns"]):
            state.output = await model.generate(state.messages, tools=tools)
            state.messages.append(state.output.message)
            if turn + 1 < JOB["turns"]:
                state.messages.extend((await execute_tools(state.messages, tools)).messages)
        return state

    return solve


def main() -> int:
    """Run the job's episodes; 1 unless Inspect calls them a success."""
    opening = [ChatMessageSystem(content=JOB["system"]), ChatMessageUser(content=JOB["user"])]
    (log,) = eval(
        Task(dataset=[Sample(input=opening) for _ in range(JOB["episodes"])], solver=tool_loop()),
        model="openai-api/echo/echo-model",
        model_base_url=JOB["base_url"],
        model_args={"stream": False},
        display="none",
        log_dir=JOB["log_dir"],
        max_connections=JOB["connections"],
        max_samples=JOB["connections"],
    )
    if log.status != "success":
        print(log.error, file=sys.stderr)
    return 0 if log.status == "success" else 1


if __name__ == "__main__":
    sys.exit(main())
