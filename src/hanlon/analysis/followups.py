"""What follow-up answers say of an episode: whether the model had understood, question by question and altogether.

Rates split by comprehension are associational: what makes a model misread may also make it act as it does.
"""

from collections.abc import Sequence

from hanlon.records import Answer


def correct_by_question(answers: Sequence[Answer]) -> dict[str, bool | None]:
    """For each question asked about one episode, whether its answer is right.

    None where no answer could be read, or where what happened does not say which is right.
    """
    found: dict[str, bool | None] = {}
    for answer in answers:
        correct = (answer.value or {}).get("correct")
        found[answer.question] = correct if isinstance(correct, bool) else found.get(answer.question)
    return found


def comprehended(answers: Sequence[Answer]) -> bool | None:
    """Whether all questions of a comprehension set about one episode were answered right.

    One wrong answer settles it. None where none is wrong and one, or all, could not be read: an unreadable reply
    shows neither understanding nor its lack. None, too, where nothing was asked.
    """
    correct = correct_by_question(answers).values()
    if any(value is False for value in correct):
        return False
    return True if correct and all(correct) else None
