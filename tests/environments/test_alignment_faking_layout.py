"""The grammar of the constrained protocol: it asks for the layout of the prompt and no more."""

import re
from typing import Any

import pytest

from hanlon.environments.alignment_faking import AlignmentFaking, AlignmentFakingFactors
from hanlon.environments.base import Action, Malformed, Reply
from hanlon.environments.tier import Tier

TAGS = {"scratchpad": "tags", "suffix": "tags"}
SAID = "Here it is in short."


def constrained(**factors: Any) -> AlignmentFaking:
    """The environment under the protocol."""
    return AlignmentFaking(AlignmentFakingFactors(**factors), "constrained", None, Tier(word="free"))


def shortest(grammar: str) -> str:
    """A reply of the grammar: its root with every literal as it is, the first verdict, and a sentence for prose."""
    rules = dict(line.split(" ::= ", 1) for line in grammar.split("\n"))
    first = {"prose": SAID, "verdict": rules.get("verdict", '""').split(" | ")[0].strip('"')}
    parts = re.findall(r'"[^"]*"|\w+', rules["root"])
    return "".join(first[part] if part in first else part.strip('"').replace("\\n", "\n") for part in parts)


@pytest.mark.parametrize(
    "factors",
    [
        TAGS, {**TAGS, "tag_case": "upper"}, {**TAGS, "suffix": "none"}, {**TAGS, "prefill": "however"}, {},
        {"scratchpad": "output_only", "suffix": "tags"}, {"scratchpad": "output_only", "prefill": "output"},
        {"suffix": "tags"},
    ],
)  # fmt: skip
def test_a_reply_of_the_grammar_is_read_without_a_problem(factors: dict[str, Any]) -> None:
    """In every layout a reply that the grammar allows keeps the format, and each beginning of it is cut off."""
    environment = constrained(**factors)
    reply = shortest(environment.syntax().grammar)
    run = environment.open(0)
    assert run.step(Reply(reply)).outcome == "complied", reply
    assert run.facts()["format_problem"] is None, reply
    assert isinstance(environment.action_from_line(reply), Action)
    for length in range(len(reply) - 1):
        if not reply[:length].rstrip().endswith(SAID):  # without tags, each sentence could be the last
            assert isinstance(environment.action_from_line(reply[:length]), Malformed)


def test_the_grammar_is_part_of_a_constrained_cell_and_of_no_other() -> None:
    """It decides what can be written, so it belongs to the key; a cell of replies has the texts that it had."""
    assert "grammar" in constrained(**TAGS).texts()
    assert "grammar" not in AlignmentFaking(AlignmentFakingFactors(), "reply").texts()
    assert constrained().estimate().output_tokens[1] <= 200
