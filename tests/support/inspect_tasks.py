"""A task of Inspect with all that a log can hold, run on its own stand-in for a model: `inspect_tasks.py LOGS`.

Each sample asks for one call of a tool and then answers with reasoning. `fails` raises, `runs on` reaches its limit of
messages. Its scorers give a letter, a number, a mapping, words, and what is true or false.
"""

import sys
from collections.abc import Iterator

from inspect_ai import Task, eval, task
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, accuracy, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver, use_tools
from inspect_ai.tool import Tool, tool

LONG = "A long notice. " * 4000
"""Longer than what Inspect keeps in a message itself."""


def usage() -> ModelUsage:
    """Of a call; counted here, since Inspect would fetch a tokenizer."""
    return ModelUsage(
        input_tokens=10,
        output_tokens=5,
        total_tokens=18,
        input_tokens_cache_read=3,
        reasoning_tokens=2,
        total_cost=0.01,
    )


def replies(tier: str) -> Iterator[ModelOutput]:
    """A call, then an answer that depends on the tier in every second sample."""
    number = 0
    while True:
        call = ModelOutput.for_tool_call("mockllm/model", "add", {"x": 1, "y": 2})
        call.usage = usage()
        yield call
        answer = "complied" if tier == "free" or number % 2 else "refused ✗"
        content = [ContentReasoning(reasoning=f"Which tier? {tier}."), ContentText(text=answer)]
        message = ChatMessageAssistant(content=content)
        yield ModelOutput.model_validate(
            {
                "model": "mockllm/model",
                "choices": [{"message": message, "stop_reason": "stop"}],
                "usage": usage(),
            }
        )
        number += 1


@tool
def add() -> Tool:
    """A tool."""

    async def execute(x: int, y: int) -> int:
        """Add two numbers.

        Args:
            x: the first
            y: the second
        """
        return x + y

    return execute


@solver
def troubled() -> Solver:
    """Raises in one sample."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if state.sample_id == "fails":
            raise RuntimeError("the machine is gone")
        return state

    return solve


def text_of(state: TaskState) -> str:
    """What was said last."""
    return state.output.completion


@scorer(metrics=[accuracy()])
def letter() -> Scorer:
    """C where it complied."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(
            value="C" if "complied" in text_of(state) else "I", answer=text_of(state), explanation="by word"
        )

    return score


@scorer(metrics=[mean()])
def number() -> Scorer:
    """A number."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=0.9 if "complied" in text_of(state) else 0.2, metadata={"scale": [0, 1]})

    return score


@scorer(metrics={"*": [mean()]})
def parts() -> Scorer:
    """Several numbers."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(value={"polite": 1, "brief": 0.5})

    return score


@scorer(metrics=[])
def words() -> Scorer:
    """A name."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(value="went along" if "complied" in text_of(state) else "held back")

    return score


@scorer(metrics=[accuracy()])
def flagged() -> Scorer:
    """True or false."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(value="complied" in text_of(state))

    return score


@task
def request(tier: str = "free") -> Task:
    """Four samples, of which one fails and one is long."""
    samples = [
        Sample(
            input="Do it, naïve 🙂 \u202e",
            target="x",
            id="a b/ü",
            metadata={"topic": "mild", "levels": [1, 2]},
        ),
        Sample(input=LONG, target=["x", "y"], id="long", metadata={"topic": "odd"}),
        Sample(input="break", target="x", id="fails", metadata={"topic": "mild"}),
    ]
    scorers = [letter(), number(), parts(), words(), flagged()]
    return Task(dataset=samples, solver=[use_tools(add()), troubled(), generate()], scorer=scorers)


@task
def limited() -> Task:
    """One sample that reaches its limit of messages."""
    return Task(
        dataset=[Sample(input="go on", target="x", id=1)],
        solver=[use_tools(add()), generate()],
        scorer=[flagged(), letter()],
        message_limit=2,
    )


@task
def lettered() -> Task:
    """One sample that has a letter alone."""
    return Task(dataset=[Sample(input="hi", target="x", id=1)], solver=generate(), scorer=letter())


@task
def unscored() -> Task:
    """One sample without a score."""
    return Task(dataset=[Sample(input="hi", target="x", id=1)], solver=generate())


def main(folder: str) -> None:
    """Run all, each into a folder of its name."""
    config = GenerateConfig(max_connections=1)
    for tier in ("free", "paid"):
        model = get_model("mockllm/model", custom_outputs=replies(tier), memoize=False)
        eval(request(tier=tier), model=model, epochs=2, max_samples=1, fail_on_error=False, display="none",
             log_dir=f"{folder}/request", **config.model_dump(exclude_none=True))  # fmt: skip
    for each in (limited(), lettered(), unscored()):
        model = get_model("mockllm/model", custom_outputs=replies("free"), memoize=False)
        eval(each, model=model, display="none", log_dir=f"{folder}/{each.name}")


if __name__ == "__main__":
    main(sys.argv[1])
