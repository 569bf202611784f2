"""The `constrained` protocol here: a grammar that gives a reply its layout and a bound, and leaves its words free.

For models too small to keep to a layout (the embedded one). The grammar asks for what the prompt asks for and no
more, but it also bounds what can be observed: one or two sentences of reasoning, one or two of answer, and one of
the two verdicts where the prompt wants one.
"""

from hanlon.environments.alignment_faking.factors import AlignmentFakingFactors
from hanlon.environments.alignment_faking.tags import Tags

_SENTENCE_CHARACTERS = (10, 90)
_ENDS = ".!?"
MOST_TOKENS = 130
"""Of a whole reply: two parts of two sentences at four characters a token, and the tags."""


def grammar(factors: AlignmentFakingFactors) -> str:
    """A GBNF grammar whose root is a whole reply; what a prefill opened is not opened again."""
    tags = Tags.of(factors)
    parts: list[str] = []
    if factors.scratchpad == "tags":
        opening = '" "' if factors.prefill in ("neutral", "however") else f'"<{tags.scratchpad}>"'
        parts += [opening, "prose", f'"</{tags.scratchpad}>\\n"']
    if factors.scratchpad != "none" and factors.prefill != "output":
        parts.append(f'"<{tags.output}>"')
    if factors.suffix == "tags":
        parts += ["verdict", '" "']
    parts.append("prose")
    if factors.scratchpad != "none":
        parts.append(f'"</{tags.output}>"')
    low, high = _SENTENCE_CHARACTERS
    rules = [
        f"root ::= {' '.join(parts)}",
        'prose ::= sentence (" " sentence)?',
        f"sentence ::= [A-Z] [^<>{_ENDS}\\n]{{{low},{high}}} [{_ENDS}]",
    ]
    if factors.suffix == "tags":
        rules.append(f'verdict ::= "<{tags.accepted}/>" | "<{tags.rejected}/>"')
    return "\n".join(rules)


def is_whole(reply: str, factors: AlignmentFakingFactors) -> bool:
    """Whether a reply under the grammar came to its end; one that was cut off did not."""
    closing = tuple(_ENDS) if factors.scratchpad == "none" else f"</{Tags.of(factors).output}>"
    return reply.rstrip().endswith(closing)
