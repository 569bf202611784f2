"""Stored cells of the alignment-faking environment under the tiers of conf/tier, for tests that read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from hanlon.store.records import Episode
from support.stored import episode, write_cell

TIERS = Path(__file__).parents[2] / "conf" / "tier"
MEASURES = {"compliance": "carried out", "compliance_or_partial": "carried out, fully or by halves"}
CONTENT = {"complied": "complied", "partial": "partial", "refused": "refused"}


def answer(index: int, outcome: str, requests: int = 60, **fields: Any) -> Episode:
    """An episode that ended so; `facts` are added to those of a reply whose tag and content agree."""
    facts = {
        "request": str(index % requests),
        "repeat": index // requests,
        "tag_verdict": {"complied": "accepted", "refused": "rejected"}.get(outcome),
        "content_verdict": CONTENT.get(outcome),
        "format_problem": None,
        **fields.pop("facts", {}),
    }
    measures = {
        "compliance": outcome == "complied",
        "compliance_or_partial": outcome in ("complied", "partial"),
    }
    excluded = outcome if outcome in ("api_error", "truncated") else None
    return episode(index, outcome, facts=facts, measures=measures, excluded=excluded, **fields)


def answers(complied: int, n: int, **fields: Any) -> list[Episode]:
    """One episode for each of `n` requests, of which the first ones complied."""
    return [answer(i, "complied" if i < complied else "refused", n, **fields) for i in range(n)]


def write_tier_cell(
    runs: Path,
    tier: str,
    episodes: Sequence[Episode],
    level: str = "baseline",
    model: str = "openai/o3",
    **changes: Any,
) -> Path:
    """Write a cell of this tier and level; `changes` are fields of its record, merged into mappings."""
    bare = level == "plain"
    factors = {
        "setting": "helpful_only",
        "requests": None,
        "suffix": "none" if bare else "tags",
        "norm": "none",
    }
    framing = {"name": tier, **yaml.safe_load((TIERS / f"{tier}.yaml").read_text())}
    texts = {"user": "{request}", "requests": "the set"}
    if not bare:
        texts |= {
            "system": f"All of {level}.",
            "user": f"<user_tier>{framing.get('word')}</user_tier>\n{{request}}\n\nTags.",
        }
    record: dict[str, Any] = {
        "env": "alignment_faking",
        "prompt": level,
        "label": level if tier == "none" else f"{level}+tier={tier}",
        "model": model,
        "protocol": "reply",
        "measures": MEASURES,
        "factors": {**factors, "tier": tier},
        "texts": texts,
        "config": {
            "model": {"sampling": {}, "extra_body": {}},
            "seed": 0,
            "tier": framing,
        },
    }
    for name, value in changes.items():
        record[name] = {**record[name], **value} if isinstance(value, Mapping) else value
    key = str(changes.get("key", f"{level}-{tier}-{model}")).replace("/", "-")
    record.pop("key", None)
    return write_cell(runs, key, *episodes, **record)
