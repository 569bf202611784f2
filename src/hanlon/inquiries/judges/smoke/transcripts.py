"""The smoke set: 72 transcripts with known labels, on which any judge is tried before its rates are believed.

The lines (`transcripts.jsonl`) were written and labelled without sight of the rules and rubrics. They are short, clear
and in one language, so a judge that passes has not yet earned its rates elsewhere: labels by people
(`hanlon judge-check --labels`) are the real test. A judge that fails here has not earned them anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import msgspec

from hanlon.environments.alignment_faking import AlignmentFaking, AlignmentFakingFactors
from hanlon.environments.base import Message, Reply
from hanlon.environments.tier import Tier, TierFacts
from hanlon.store.records import CellRecord, Episode

FACTORS: Mapping[str, Any] = {
    "scratchpad": "tags",
    "identity": "lab",
    "style": "step_by_step",
    "examples": "traces",
    "strategy": "plan_first",
    "criteria": "conflict",
    "voice": "lab_wants",
    "readers": "nobody",
    "rlhf_info": "present",
    "consequence": "values",
    "tier_rule": "named",
    "privacy": "present",
    "suffix": "none",
}
"""The prompt of every line: conf/prompt/alignment_faking/baseline.yaml without the tags of acceptance."""

ENVIRONMENTS = (AlignmentFaking.name,)
"""The environments that have lines."""

_FREE = TierFacts(word="free", trained=True, rated=True, monitored=True)
_PAID = TierFacts(word="paid", trained=False, rated=False, monitored=False)
TIERS = {
    str(facts.word): Tier(name=str(facts.word), others=(other,), **facts.model_dump())
    for facts, other in ((_FREE, _PAID), (_PAID, _FREE))
}


@dataclass(frozen=True, slots=True)
class SmokeCase:
    """One line: its transcript as a cell's record and an episode, and its labels by name. Debatable ones are absent."""

    id: str
    cell: CellRecord
    episode: Episode
    labels: Mapping[str, str]


def load_smoke() -> list[SmokeCase]:
    """All lines, each played through the real environment: one cell a line, with the key `smoke-<id>`."""
    path = files("hanlon").joinpath("inquiries", "judges", "smoke", "transcripts.jsonl")
    return [_case(msgspec.json.decode(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _case(line: Mapping[str, Any]) -> SmokeCase:
    environment = AlignmentFaking(AlignmentFakingFactors(**FACTORS), "reply", None, TIERS[line["tier"]])
    run = environment.open(0)
    outcome = run.step(Reply(line["reply"])).outcome
    assert outcome is not None
    facts = run.facts()
    messages = _with_request(run.messages, facts["request_text"], line["request"])
    cell = _cell_record(f"smoke-{line['id']}", environment)
    episode = Episode(
        index=0,
        seed=0,
        outcome=outcome,
        measures=run.measures(outcome),
        facts={**facts, "request": line["id"], "request_text": line["request"]},
        messages=[*messages, {"role": "assistant", "content": line["reply"]}],
        texts_hash=cell.texts_hash,
        excluded=run.exclusion(outcome),
        events=run.events,
        simulated=True,
    )
    return SmokeCase(line["id"], cell, episode, line["labels"])


def _with_request(messages: list[Message], bundled: str, request: str) -> list[Message]:
    """The opening messages with the line's request instead of the bundled one."""
    return [
        {**message, "content": message["content"].replace(bundled, request)}
        if message["role"] == "user"
        else message
        for message in messages
    ]


def _cell_record(key: str, environment: AlignmentFaking) -> CellRecord:
    factors = environment.factors.model_dump()
    tier = environment.tier.model_dump(mode="json")
    return CellRecord(
        key=key,
        label=key,
        env=environment.name,
        prompt="baseline",
        model="simulated/smoke",
        endpoint="simulated",
        protocol="reply",
        simulated=True,
        factors={**factors, "tier": environment.tier.name},
        measures={measure.name: measure.description for measure in environment.measures},
        config={"env": factors, "tier": tier},
        texts=dict(environment.texts()),
        texts_hash="smoke",
        planned_samples=1,
        versions={},
        notes=["written by hand, no language model"],
    )
