"""Cells that differ in nothing that a label holds are told apart by the model's name."""

from pathlib import Path
from typing import Any

import pytest

from hanlon.analysis.rates_table import rates_rows, status_rows
from hanlon.store.cells import load_cells, model_names
from hanlon.store.episodes import read_cell
from support.stored import episode, write_cell


def models(tmp_path: Path, *configs: dict[str, Any], **fields: Any) -> list[str]:
    """The names of cells with these model configurations, in their order."""
    records = [
        read_cell(write_cell(tmp_path, str(number), config={"model": config}, **fields))
        for number, config in enumerate(configs)
    ]
    return list(model_names(records).values())


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"sampling": {"reasoning_effort": "high", "top_p": None}}, "reasoning_effort=high"),
        ({"sampling": {"temperature": 0.0}}, "temperature=0.0"),
        ({"extra_body": {"reasoning": {"max_tokens": 4096}}}, "reasoning.max_tokens=4096"),
        ({"extra_body": {"provider": {"order": ["azure"]}}}, 'provider.order=["azure"]'),
    ],
)
def test_what_differs_is_named_and_nothing_else(tmp_path: Path, config: dict[str, Any], said: str) -> None:
    """The cell at the defaults keeps the bare name; what both have in common is not said."""
    common = {"usage": {"include": True}}
    bare = {"sampling": {"max_tokens": 9}, "extra_body": common}
    other = {
        "sampling": {"max_tokens": 9} | config.get("sampling", {}),
        "extra_body": common | config.get("extra_body", {}),
    }
    assert models(tmp_path, bare, other) == ["openai/o3", f"openai/o3 {said}"]
    assert models(tmp_path, other, other) == ["openai/o3", "openai/o3"]


def test_one_model_at_two_endpoints(tmp_path: Path) -> None:
    """The endpoint is named for both; addresses only of models that have no endpoint's name."""
    one = read_cell(write_cell(tmp_path, "a", endpoint="openrouter"))
    two = read_cell(write_cell(tmp_path, "b", endpoint="openai"))
    other = read_cell(write_cell(tmp_path, "c", model="x-ai/grok-4"))
    assert model_names([one, two, other]) == {
        "a": "openai/o3 endpoint=openrouter",
        "b": "openai/o3 endpoint=openai",
        "c": "x-ai/grok-4",
    }
    urls = [{"base_url": f"http://{host}/v1"} for host in ("one", "two")]
    assert models(tmp_path, *urls) == ["openai/o3"] * 2
    named = models(tmp_path, *urls, endpoint="endpoint")
    assert named == [f"openai/o3 base_url=http://{host}/v1" for host in ("one", "two")]


def test_the_tables_show_it_and_labels_stay(tmp_path: Path) -> None:
    """`rates` and `status` of three efforts have three different rows with one label."""
    for key, effort in (("a", None), ("b", "low"), ("c", "high")):
        config = {"model": {"sampling": {"reasoning_effort": effort}}}
        write_cell(tmp_path, key, episode(0), label="palisade_e", config=config)
    cells, _ = load_cells([tmp_path])
    for rows in (rates_rows(cells), status_rows(cells)):
        assert {row.record.label for row in rows} == {"palisade_e"}
        assert [row.model for row in sorted(rows, key=lambda row: row.record.key)] == [
            "openai/o3",
            "openai/o3 reasoning_effort=low",
            "openai/o3 reasoning_effort=high",
        ]
