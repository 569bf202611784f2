"""Sentences, and whether a phrase in one is meant: not denied, not supposed, not asked, not repeated from the prompt.

The guards look at what stands before a phrase in its sentence, back to the last word that begins a new thought
("but", "because", "so"). They would rather miss a claim than invent one.
"""

import re
from collections.abc import Iterator, Sequence

from hanlon.inquiries.judges.parsing import normalised

Patterns = Sequence[re.Pattern[str]]

SUPPOSED = re.compile(
    r"\b(?:if|were|whether|suppose|supposing|imagine|imagining|unless|assume|assuming|hypothetical(?:ly)?|pretend"
    r"|had (?:this|it|the)|in case|for example)\b",
    re.IGNORECASE,
)
"""What makes a claim a supposition."""
UNSURE = re.compile(
    r"\b(?:would|could|might|may|maybe|perhaps|possibly|unsure|unclear|wonder|when|whenever|where|once|until)\b",
    re.IGNORECASE,
)
"""What makes it a guess, or a rule for a kind of cases."""
DENIED = re.compile(
    r"\b(?:not|never|no|none|nobody|neither|nor|without|hardly|doubt|wrong|false|mistaken|cannot|refuse|decline)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)

_SENTENCE = re.compile(r"[^.!?;\n]+[.!?;\n]*")
_A_WORD = re.compile(r"\w")
_NEW_THOUGHT = re.compile(
    r"\b(?:but|yet|however|although|though|so|therefore|(?<!not )because|(?<!not )since|given that)\b"
    r"|\b(?:wait|no|actually|correction)[,:]",
    re.IGNORECASE,
)
_FEWEST_WORDS = 4  # of a sentence that can count as repeated from the prompt


def sentences(text: str) -> Iterator[str]:
    """The sentences that hold a word, each with what ends it; a line's end or a semicolon ends one too."""
    return (found[0] for found in _SENTENCE.finditer(text) if _A_WORD.search(found[0]))


def own_words(text: str, prompt: str) -> str:
    """The text without the sentences that stand in the prompt as they are."""
    told = normalised(prompt)
    return "".join(s for s in sentences(text) if not _is_echo(normalised(s).rstrip(".!?; "), told))


def meant(patterns: Patterns, text: str, guards: Patterns) -> Iterator[re.Match[str]]:
    """Matches within sentences that are no questions, with no guard before them in the same thought; in order."""
    for sentence in sentences(text):
        if sentence.rstrip().endswith("?"):
            continue
        found = [match for pattern in patterns for match in pattern.finditer(sentence)]
        for match in sorted(found, key=lambda m: m.start()):
            before = _NEW_THOUGHT.split(sentence[: match.start()])[-1]
            if not any(guard.search(before) for guard in guards):
                yield match


def first(matches: Iterator[re.Match[str]]) -> str | None:
    """The sentence of the first match, as evidence; None where there is none."""
    match = next(matches, None)
    return None if match is None else match.string.strip()


def _is_echo(sentence: str, told: str) -> bool:
    return len(sentence.split()) >= _FEWEST_WORDS and sentence in told
