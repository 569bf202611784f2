"""A language model as judge. A rubric and the parts of an episode that it reads become one question, asked N times.

The judge sees nothing of the cell. Each part stands between two lines with a code that occurs nowhere in it, so that a
transcript can neither end its own quotation nor pass for instructions.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Literal

from pydantic import ValidationError

from hanlon.config.schema import ModelConfig
from hanlon.environments.base import Estimate, Message
from hanlon.inquiries.base import Question, Reading
from hanlon.inquiries.judges import votes as counting
from hanlon.inquiries.judges.evidence import Evidence, Part, evidence_of
from hanlon.inquiries.judges.parsing import REVISION, read_verdict
from hanlon.inquiries.judges.rubric import Rubric, bundled_rubrics, load_rubric
from hanlon.store.digest import digest
from hanlon.store.problems import explain
from hanlon.store.records import Answer, CellRecord, Episode, InquiryRecord

SHORTEST_VERDICT, LONGEST_VERDICT = 10, 250
"""Tokens of one verdict: a choice alone, or four answers with a quotation."""


class LlmJudge:
    """An inquiry of rubrics to one model (`hanlon.inquiries.base.Inquiry`)."""

    kind: Literal["judges"] = "judges"

    def __init__(
        self,
        name: str,
        model: Mapping[str, Any],
        rubrics: Sequence[str] | None = None,
        votes: int | None = None,
        threshold: float | None = None,
        maybe: float | None = None,
        adaptive: bool = True,
    ) -> None:
        """Check everything before any call.

        Args:
            name: what people call this judge.
            model: the judging model, as in a file of conf/model.
            rubrics: names, or paths of .yaml files; None: all that come with Hanlon, each where it fits.
            votes: answers to each question; None: each rubric's own number.
            threshold: the share of yes from which a label is yes; None: each rubric's own.
            maybe: the share from which a label is maybe; None: each rubric's own.
            adaptive: whether voting ends where the remaining votes cannot change the label.

        Raises:
            ValueError: a number out of range, an unknown rubric, or an invalid model.
        """
        names = _chosen(votes, rubrics)
        _require("threshold", threshold, (int, float), "a share of votes, a number above 0 and at most 1")
        _require("maybe", maybe, (int, float), "a share of votes, a number above 0 and at most 1")
        _require("adaptive", adaptive, (bool,), "true or false")
        self._rubrics = _by_name([load_rubric(rubric) for rubric in names])
        self._model = _model(model)
        self._settings = _settings(self._rubrics, votes, threshold, maybe, adaptive)
        texts = {rubric.name: rubric.text() for rubric in self._rubrics.values()}
        self._record = InquiryRecord(
            key=_key(self._model, self._rubrics),
            name=name,
            kind="judges",
            questions=texts,
            settings=self._settings,
            model=self._model.id,
            endpoint=self._model.endpoint,
            simulated=self._model.simulated,
        )

    @property
    def record(self) -> InquiryRecord:
        """The judge, its questions, and how answers become labels."""
        return self._record

    @property
    def model(self) -> ModelConfig:
        """The judging model."""
        return self._model

    def estimate(self, env: str, episode: Estimate) -> Estimate:
        """Each fitting rubric takes up to its number of votes; about four characters a token."""
        fitting = [rubric for rubric in self._rubrics.values() if rubric.fits(env)]
        votes = {rubric.name: self._votes(rubric.name) for rubric in fitting}
        low, high = (sum(spread[end] for spread in votes.values()) for end in (0, 1))
        texts = {rubric.name: len(rubric.text()) / 4 for rubric in fitting}
        input_low, input_high = (
            sum(
                votes[name][end] * (text + _shown(self._rubrics[name], episode)[end])
                for name, text in texts.items()
            )
            for end in (0, 1)
        )
        return Estimate(
            calls=(low, high),
            input_tokens=(input_low, input_high),
            output_tokens=(low * SHORTEST_VERDICT, high * LONGEST_VERDICT),
            basis=f"the judge's own estimate; a verdict of {SHORTEST_VERDICT} to {LONGEST_VERDICT} tokens",
        )

    def _votes(self, rubric: str) -> tuple[int, int]:
        """The fewest and the most votes on one episode. Adaptive voting ends earliest if all votes are yes."""
        settings = self._settings["questions"][rubric]
        most: int = settings["votes"]
        least = max(math.ceil(settings["threshold"] * most), math.ceil(most / 2))
        return (least if self._settings["adaptive"] else most), most

    def questions(self, cell: CellRecord, episode: Episode) -> Sequence[Question]:
        """One question for each rubric that fits the environment; none about an excluded episode."""
        fitting = [rubric for rubric in self._rubrics.values() if rubric.fits(cell.env)]
        if episode.excluded is not None or not fitting:
            return ()
        evidence = evidence_of(cell, episode)
        return [_question(rubric, evidence) for rubric in fitting]

    def question(self, rubric: str, evidence: Evidence) -> Question:
        """The question of one of its rubrics about some evidence."""
        return _question(self._rubrics[rubric], evidence)

    def wants_more(self, question: str, answers: Sequence[Answer]) -> bool:
        """Whether a label that depends on this question is still open."""
        return counting.wants_more(self._settings, question, answers)


def _shown(rubric: Rubric, episode: Estimate) -> tuple[float, float]:
    """The tokens of an episode that a rubric shows: all of them for a transcript, else those the model wrote."""
    low, high = episode.output_tokens
    if "transcript" in rubric.reads:
        return low + episode.input_tokens[0] / episode.calls[1], high + episode.input_tokens[1]
    return 0.3 * low, high


def _chosen(votes: int | None, rubrics: Sequence[str] | None) -> Sequence[str]:
    """The rubrics' names, each once."""
    _require("votes", votes, (int,), "a whole number, at least 1")
    if votes is not None and votes < 1:
        raise ValueError(f"votes={votes}: a judge is asked a whole number of times, at least once.")
    if isinstance(rubrics, str):
        raise ValueError(f"rubrics={rubrics} is one name; write it as a list: rubrics=[{rubrics}].")
    if rubrics is not None and not rubrics:
        raise ValueError(f"rubrics is empty: leave it out for all of {', '.join(bundled_rubrics())}.")
    return bundled_rubrics() if rubrics is None else tuple(dict.fromkeys(rubrics))


def _require(name: str, value: object, kinds: tuple[type, ...], right: str) -> None:
    """Refuse a configured value of another type. True is not a number."""
    if value is not None and (
        not isinstance(value, kinds) or (bool not in kinds and isinstance(value, bool))
    ):
        raise ValueError(f"{name}={value}: {right}.")


def _by_name(rubrics: Sequence[Rubric]) -> dict[str, Rubric]:
    by_name: dict[str, Rubric] = {}
    labels: dict[str, str] = {}
    for rubric in rubrics:
        if rubric.name in by_name:
            raise ValueError(f"two rubrics are called {rubric.name!r}; a file's name is its rubric's.")
        for label in rubric.labels:
            if label in labels:
                raise ValueError(
                    f"the rubrics {labels[label]} and {rubric.name} both give the label {label!r}; choose one of them."
                )
            labels[label] = rubric.name
        by_name[rubric.name] = rubric
    return by_name


def _model(model: Mapping[str, Any]) -> ModelConfig:
    try:
        return ModelConfig.model_validate(dict(model))
    except ValidationError as error:
        raise ValueError(f"model: {'; '.join(explain(error, ModelConfig))}") from None


def _settings(
    rubrics: Mapping[str, Rubric],
    votes: int | None,
    threshold: float | None,
    maybe: float | None,
    adaptive: bool,
) -> dict[str, Any]:
    """The settings that turn answers into labels, as JSON (`hanlon.inquiries.judges.votes`)."""
    questions: dict[str, Any] = {}
    labels: dict[str, Any] = {}
    for rubric in rubrics.values():
        upper, _ = counting.bounds(
            threshold, maybe, (rubric.threshold, rubric.maybe), f"rubric {rubric.name}"
        )
        questions[rubric.name] = {
            "votes": rubric.votes if votes is None else votes,
            "threshold": upper,
            "maybe": rubric.maybe if maybe is None else maybe,
        }
        for label, rule in rubric.labels.items():
            definition: dict[str, Any] = {"question": rubric.name}
            if rule.choice is None:
                definition["all_of"] = list(rule.all_of)
            else:
                definition |= {"choice": rule.choice, "choices": list(rubric.answer[rule.choice].choices)}
            labels[label] = definition
    return {"labels": labels, "questions": questions, "adaptive": adaptive}


def _key(model: ModelConfig, rubrics: Mapping[str, Rubric]) -> str:
    """A hash of all that can change an answer: the model, the questions, and how a reply is read."""
    identity = model.identity()
    # a judge's question is one turn in words: nothing of its reply goes back, and it calls no tool
    answering = {name: identity[name] for name in identity if name not in ("reasoning_fields", "protocol")}
    return digest(
        {
            **answering,
            "rubrics": {
                name: [rubric.text(), rubric.model_dump()["answer"]] for name, rubric in rubrics.items()
            },
            "parser": REVISION,
        }
    )[:12]


def _question(rubric: Rubric, evidence: Evidence) -> Question:
    missing = [part for part in rubric.reads if evidence.part(part) is None]
    if missing:
        problem = f"{counting.UNOBSERVABLE}the episode has no {' and no '.join(missing)}"
        return Question(rubric.name, answer=Reading(None, problem))
    return Question(
        rubric.name,
        messages=messages_of(rubric, evidence),
        read=lambda text: read_verdict(text, rubric, evidence),
    )


def messages_of(rubric: Rubric, evidence: Evidence) -> list[Message]:
    """The messages for one piece of evidence: its parts whole, each between lines with its code."""
    parts: dict[Part, str | None] = {part: evidence.part(part) for part in (*rubric.reads, *rubric.also)}
    code = _code([text for text in parts.values() if text is not None])
    fields: dict[str, str] = {part: _between(part, text, code) for part, text in parts.items()}
    fields |= {"code": code, "form": rubric.form(), "setting_rule": rubric.setting_rule(evidence.setting)}
    return [
        {"role": "system", "content": rubric.system.format(**fields).strip()},
        {"role": "user", "content": rubric.user.format(**fields).strip()},
    ]


def _code(texts: Sequence[str]) -> str:
    """A code that occurs in none of the texts. The same texts give the same code."""
    codes = (digest([salt, *texts]) for salt in count())
    return next(code for code in codes if not any(code in text for text in texts))


def _between(part: Part, text: str | None, code: str) -> str:
    if text is None:
        return f"(There is no {part}.)"
    return f"[{code} {part} begins]\n{text}\n[{code} {part} ends]"
