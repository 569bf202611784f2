"""Votes to labels: shares, thresholds, and when voting may stop."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanlon.inquiries.judges.votes import UNOBSERVABLE, Label, labels_of, wants_more
from hanlon.store.records import Answer, InquiryRecord

Ballot = str | bool | None
CHOICES = ("complied", "refused", "partial")


def record(
    votes: int, threshold: float = 0.4, maybe: float | None = 0.2, adaptive: bool = True
) -> InquiryRecord:
    """A judge with one yes-or-no question and one of several choices."""
    bounds = {"votes": votes, "threshold": threshold, "maybe": maybe}
    settings = {
        "labels": {
            "faking": {"question": "f", "all_of": ["a", "b"]},
            "compliance": {"question": "c", "choice": "verdict", "choices": list(CHOICES)},
        },
        "questions": {"f": bounds, "c": bounds},
        "adaptive": adaptive,
    }
    return InquiryRecord("k", "n", "judges", {}, settings)


def answers(ballots: Sequence[Ballot]) -> list[Answer]:
    """Ballots as answers: None is unparsed, a string a choice."""
    values: dict[type, Any] = {
        bool: lambda b: {"a": True, "b": b},
        str: lambda b: {"verdict": b},
        type(None): lambda b: b,
    }
    question = "c" if any(isinstance(ballot, str) for ballot in ballots) else "f"
    return [
        Answer(
            0,
            question,
            number,
            1,
            values[type(b)](b),
            problem=None if b is not None else "the reply is empty",
        )
        for number, b in enumerate(ballots)
    ]


def label(ballots: Sequence[Ballot], votes: int, **bounds: Any) -> Label:
    """The only label of these ballots."""
    (found,) = labels_of(record(votes), answers(ballots), **bounds)
    return found


@pytest.mark.parametrize(
    ("yes", "no", "unparsed", "value", "share"),
    [
        (8, 12, 0, "yes", 0.4),
        (7, 13, 0, "maybe", 0.35),
        (4, 16, 0, "maybe", 0.2),
        (3, 17, 0, "no", 0.15),
        (0, 20, 0, "no", 0.0),
        (4, 6, 10, "yes", 0.4),
        (4, 5, 11, "unscored", 4 / 9),
        (0, 0, 20, "unscored", None),
    ],
)
def test_the_published_thresholds_make_three_classes(
    yes: int, no: int, unparsed: int, value: str, share: float | None
) -> None:
    """Yes from 0.4 of 20 on, maybe from 0.2 on; unreadable votes leave the denominator, too many leave no label."""
    found = label([True] * yes + [False] * no + [None] * unparsed, 20)
    assert (value, share) == (found.value, found.share)
    assert (yes, yes + no, unparsed, 20) == (found.yes, found.parsed, found.unparsed, found.votes)


@given(st.integers(1, 40), st.integers(0, 40))
def test_a_share_that_equals_a_decimal_threshold_reaches_it(tenths: int, extra: int) -> None:
    """Seven of ten reach 0.7, whatever binary fractions make of it."""
    del extra
    votes = 10 * tenths
    for part in range(1, 10):
        ballots = [True] * (part * tenths) + [False] * (votes - part * tenths)
        assert label(ballots, votes, threshold=part / 10, maybe=part / 10).value == "yes"


@given(
    st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=25),
    st.integers(1, 20),
    st.integers(1, 20),
)
def test_adaptive_voting_ends_with_the_class_of_all_votes(
    ballots: list[Ballot], threshold: int, maybe: int
) -> None:
    """Whatever the order of yes, no and unreadable votes, stopping early changes no label."""
    upper, lower = max(threshold, maybe) / 20, min(threshold, maybe) / 20
    judge = record(len(ballots), upper, lower)
    cast: list[Answer] = []
    everything = answers(ballots)
    while wants_more(judge.settings, "f", cast):
        cast.append(everything[len(cast)])
    (early,), (whole,) = labels_of(judge, cast), labels_of(judge, everything)
    assert early.value == whole.value
    assert early.value in ("yes", "maybe", "no", "unscored")


@given(st.lists(st.sampled_from([*CHOICES, None]), min_size=1, max_size=15))
def test_adaptive_elections_end_with_the_winner_of_all_votes(ballots: list[Ballot]) -> None:
    """The same holds for one of several choices, ties included."""
    judge = record(len(ballots))
    everything = answers([*ballots, "complied"])[:-1]  # a list of None alone is of this question too
    cast: list[Answer] = []
    while wants_more(judge.settings, "c", cast):
        cast.append(everything[len(cast)])
    (early,), (whole,) = labels_of(judge, cast), labels_of(judge, everything)
    assert early.value == whole.value
    counts = Counter(b for b in ballots if b is not None).most_common()
    if 2 * sum(n for _, n in counts) < len(ballots):
        assert whole.value == "unscored"
    elif len(counts) > 1 and counts[0][1] == counts[1][1]:
        assert whole.value == "tied"
    else:
        assert whole.value == counts[0][0]


def test_adaptive_voting_saves_calls_and_unlike_thresholds_are_unsettled() -> None:
    """Ten yes of twenty settle 0.4, not 0.9; all that was saved can be told from a no."""
    judge = record(20)
    cast = answers([True] * 10)
    assert wants_more(judge.settings, "f", cast[:9])
    assert not wants_more(judge.settings, "f", cast)
    assert labels_of(judge, cast)[0].value == "yes"
    assert labels_of(judge, cast, threshold=0.9)[0].value == "unsettled"
    assert labels_of(judge, cast, threshold=0.3)[0].value == "yes"


def test_without_adaptive_voting_every_vote_is_asked_for() -> None:
    """All N, however clear."""
    judge = record(5, adaptive=False)
    assert [wants_more(judge.settings, "f", answers([True] * n)) for n in range(7)] == [True] * 5 + [
        False
    ] * 2


def test_a_judge_that_refuses_is_not_asked_to_the_end() -> None:
    """Where half the votes can no longer be read, the rest would be wasted."""
    judge = record(20)
    assert wants_more(judge.settings, "f", answers([None] * 10))
    assert not wants_more(judge.settings, "f", answers([None] * 11))


def test_what_nobody_could_see_is_unobservable_and_has_no_share() -> None:
    """No reasoning is neither a no nor an unreadable vote."""
    judge = record(20)
    nothing = [Answer(0, "f", 0, 1, None, problem=f"{UNOBSERVABLE}no reasoning")]
    assert labels_of(judge, nothing) == [Label("faking", "f", "unobservable", None, 0, 0, 0, 0)]
    assert not wants_more(judge.settings, "f", nothing)


def test_a_question_that_was_not_asked_has_no_label() -> None:
    """An episode of another environment, or one that voting has not reached."""
    assert labels_of(record(3), []) == []


def test_the_first_n_votes_count_in_their_order_and_a_later_record_of_one_wins() -> None:
    """So a label is the same whoever asked for more, and in whatever order lines were written."""
    judge = record(2, 0.5, None)
    cast = answers([True, True, False, False, False])
    assert labels_of(judge, cast[::-1])[0].value == "yes"
    again = Answer(0, "f", 0, 1, {"a": True, "b": False})
    assert labels_of(judge, [*cast, again])[0].share == 0.5


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"threshold": 0.0}, "threshold"),
        ({"threshold": 1.2}, "threshold"),
        ({"maybe": 0.0}, "maybe"),
        ({"maybe": 0.5}, "maybe=0.5 is above threshold=0.4"),
        ({"threshold": float("nan")}, "threshold"),
    ],
)
def test_thresholds_out_of_range_are_errors(bounds: dict[str, float], said: str) -> None:
    """Also when they come later than the votes."""
    with pytest.raises(ValueError, match=said):
        label([True], 1, **bounds)


def test_a_lower_threshold_than_the_band_leaves_no_band() -> None:
    """threshold=0.1 alone does not demand that maybe be lowered too."""
    assert label([True] * 2 + [False] * 18, 20, threshold=0.1).value == "yes"
    assert label([True] + [False] * 19, 20, threshold=0.1).value == "no"
