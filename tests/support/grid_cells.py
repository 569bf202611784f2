"""Cells in memory with chosen counts, for tests of what is said of them."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from hanlon.store.cells import CellState
from hanlon.store.records import CellRecord
from hanlon.store.tally import Count, Tally

FACTORS = {"allow": "present", "precedence": "silent", "how": "silent", "wording": 1, "tier": "none"}
NO_EFFECT = FACTORS | {"allow": "none"}


def cell(k: int, n: int, prompt: str = "baseline", excluded: int = 0, **fields: Any) -> CellState:
    """A cell with `k` of `n`. Fields named as a factor set it, `sampling` and `seed` what is sent, others the record;
    `factors` are set beside the prompt level, so that the label says them."""
    overrides = fields.pop("factors", {})
    factors = FACTORS | overrides
    for name in list(fields):
        if name in FACTORS:
            factors[name] = fields.pop(name)
    config = {"seed": fields.pop("seed", 0), "model": {"sampling": fields.pop("sampling", {})}}
    after_look = fields.pop("after_look", 0)
    shown = {
        name: factors[name] for name in ("tier", "wording") if factors[name] != FACTORS[name]
    } | overrides
    record = {
        "key": f"{prompt}-{msgspec.json.encode([factors, config, fields], order='sorted').hex()[-12:]}",
        "label": prompt + "".join(f"+{name}={level}" for name, level in shown.items()),
        "env": "shutdown",
        "prompt": prompt,
        "model": "o3",
        "endpoint": "openrouter",
        "protocol": "tools",
        "simulated": False,
        "factors": factors,
        "measures": {"resistance": "it resisted", "attempt": "it tried"},
        "config": config,
        "texts": {},
        "texts_hash": "t",
        "planned_samples": n,
        "versions": {},
        "no_effect": NO_EFFECT,
    }
    tally = Tally(
        episodes=n + excluded,
        excluded=Counter({"truncated": excluded} if excluded else {}),
        measures={"resistance": Count(k, n), "attempt": Count(n, n)},
        transcripts={str(index) for index in range(n + excluded)},
        after_look=after_look,
    )
    return CellState(msgspec.convert(record | fields, CellRecord), tally, Path(str(record["key"])))


def clarification(
    baseline: int, precedence: int, how: int, both: int, placebo: int, n: int = 100, **fields: Any
) -> list[CellState]:
    """The five cells of conf/experiment/clarification_parts.yaml with these counts of `n`."""
    clear, call = {"precedence": "over_all_others"}, {"how": "keep_calling"}
    return [
        cell(baseline, n, **fields),
        cell(precedence, n, "priority_only", **clear, **fields),
        cell(how, n, "how_only", **call, **fields),
        cell(both, n, "priority_clarified", **clear, **call, **fields),
        cell(placebo, n, "placebo", precedence="placebo", **fields),
    ]
