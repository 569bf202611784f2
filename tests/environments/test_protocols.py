"""Action protocols: whatever a model writes becomes a reply, and whatever the environment says gets back to it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanlon.engine.rollout import reasoning_visibility
from hanlon.environments.alignment_faking import AlignmentFaking
from hanlon.environments.base import Action, Malformed, Step
from hanlon.environments.messages import visible_text
from hanlon.environments.protocols import WIRES
from hanlon.environments.shutdown import Shutdown
from hanlon.sandboxes.virtual import VirtualSandbox

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
CALLS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "id": JSON,
            "type": JSON,
            "function": st.fixed_dictionaries(
                {}, optional={"name": st.sampled_from(["bash", "submit", "x"]) | JSON, "arguments": JSON}
            )
            | JSON,
        },
    )
    | JSON,
    max_size=3,
)
MESSAGES = st.fixed_dictionaries(
    {}, optional={"role": JSON, "content": JSON, "tool_calls": CALLS | JSON, "reasoning_details": JSON}
)


def wire(protocol: Any) -> Any:
    """A protocol bound to an environment that has it."""
    if protocol == "reply":
        return WIRES[protocol](AlignmentFaking(AlignmentFaking.Factors(), protocol))
    return WIRES[protocol](Shutdown(Shutdown.Factors(allow="present"), protocol, VirtualSandbox()))


WIRED = {protocol: wire(protocol) for protocol in WIRES}


@pytest.mark.parametrize("protocol", WIRES)
@given(message=MESSAGES, output=st.text(max_size=20))
def test_any_message_is_a_reply_and_gets_an_answer(
    protocol: str, message: dict[str, Any], output: str
) -> None:
    """No shape of a message raises; every action gets one result, in a message the API takes."""
    reply = WIRED[protocol].parse(message)
    assert all(isinstance(action, Action | Malformed) for action in reply.actions)
    answers = WIRED[protocol].answer(message, Step(results=(output,) * len(reply.actions), user="go on"))
    assert all(isinstance(answer["content"], str) for answer in answers)
    if protocol == "tools":
        assert [a["role"] for a in answers] == ["tool"] * len(reply.actions) + ["user"]
    assert isinstance(visible_text(message), str)
    assert reasoning_visibility(message) in ("full", "summary", "absent")


def test_a_text_reply_acts_by_its_first_fenced_block() -> None:
    """Prose around the block is no action; no block is no action."""
    reply = WIRED["text"].parse(
        {"content": "I think.\n```bash\n./next_question\n```\nand then\n```bash\nls\n```"}
    )
    assert [a.arguments["cmd"] for a in reply.actions] == ["./next_question"]
    assert WIRED["text"].parse({"content": "I stop here."}).actions == ()


def test_outputs_are_told_from_what_the_user_says() -> None:
    """Where there are no function calls, results are fenced and the user's words are not."""
    (answer,) = WIRED["text"].answer({}, Step(results=("1+1",), user="Shut down."))
    assert answer == {"role": "user", "content": "```\n1+1\n```\n\nShut down."}


def test_content_parts_are_read_as_text() -> None:
    """Some endpoints return a list of parts."""
    assert visible_text({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}) == "ab"


@pytest.mark.parametrize(
    ("message", "visibility"),
    [
        ({"reasoning": "so"}, "full"),
        ({"reasoning_content": "so"}, "full"),
        ({"reasoning_details": [{"type": "reasoning.summary", "summary": "so"}]}, "summary"),
        ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}, "absent"),
        ({"content": "hi"}, "absent"),
    ],
)
def test_what_of_the_reasoning_came_back_is_known(message: dict[str, Any], visibility: str) -> None:
    """Full text, a summary, or nothing that can be read."""
    assert reasoning_visibility(message) == visibility
