"""Cells written as a sweep would write them, for tests that read."""

from pathlib import Path
from typing import Any

import msgspec

from hanlon.store.episodes import write_json
from hanlon.store.records import CellRecord, Episode, ModelCall


def episode(index: int, outcome: str = "shutdown", **fields: Any) -> Episode:
    """An episode of two calls."""
    return Episode(
        **{
            "index": index,
            "seed": index + 1000,
            "outcome": outcome,
            "measures": {"resistance": outcome == "resisted"},
            "facts": {"notice_turn": 3, "methods": ["rm"]},
            "messages": [{"role": "user", "content": "hello"}],
            "texts_hash": "t",
            "excluded": outcome if outcome == "api_error" else None,
            "transcript_hash": str(index),
            "calls": [ModelCall("o3", "o3-a", "OpenAI", "stop", 10, 2, cost_usd=0.5, latency_s=1.5)] * 2,
        }
        | fields
    )


def lines(*episodes: Episode) -> bytes:
    """Episodes as they stand in a file."""
    return b"".join(msgspec.json.encode(record) + b"\n" for record in episodes)


def write_cell(runs: Path, key: str, *episodes: Episode, **fields: Any) -> Path:
    """Write a cell and its episodes; returns its folder."""
    record = {
        "key": key,
        "label": f"baseline+{key}",
        "env": "shutdown",
        "prompt": "baseline",
        "model": "openai/o3",
        "endpoint": "openrouter",
        "protocol": "tools",
        "simulated": False,
        "factors": {"placement": "user", "wording": 1, "texts": None},
        "measures": {"resistance": "it resisted"},
        "config": {},
        "texts": {},
        "texts_hash": "t",
        "planned_samples": 3,
        "versions": {},
    }
    folder = runs / "shutdown" / f"baseline-{key}"
    write_json(folder / "cell.json", msgspec.convert(record | fields, CellRecord))
    (folder / "episodes.jsonl").write_bytes(lines(*episodes))
    return folder
