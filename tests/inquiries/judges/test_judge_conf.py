"""The judges of conf/judge compose, one or several at once, and can be made."""

from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from hanlon.config.cell import construct

CONF = Path(__file__).parents[3] / "conf"
Composer = Callable[[Sequence[str]], dict[str, Any]]


@pytest.fixture
def composed(tmp_path: Path) -> Composer:
    """Composes a configuration that has judges only."""
    conf = copytree(CONF, tmp_path / "conf")
    (conf / "judged.yaml").write_text("defaults: [{judge: [regex, llm]}, _self_]\n")

    def run(overrides: Sequence[str]) -> dict[str, Any]:
        with initialize_config_dir(str(conf), version_base=None, job_name="test"):
            config: Any = OmegaConf.to_container(compose("judged", list(overrides)), resolve=True)
        return config.get("judge", {})

    return run


@pytest.mark.parametrize(
    ("overrides", "names"),
    [([], ["regex", "llm"]), (["judge=[]"], []), (["judge=[llm]"], ["llm"]), (["judge=regex"], ["regex"])],
)
def test_any_set_of_judges_composes_and_can_be_made(
    composed: Composer, overrides: list[str], names: list[str]
) -> None:
    """Several, one or none; each node makes its judge under its own name."""
    nodes = composed(overrides)
    assert list(nodes) == names
    for name, node in nodes.items():
        judge = construct(f"judge.{name}", node, name=name)
        assert judge.record.name == name
        assert judge.kind == "judges"


def test_the_judge_model_is_a_choice_of_its_own(composed: Composer) -> None:
    """Another model judges at the same temperature, under another key."""
    own = composed([])["llm"]
    other = composed(["model@judge.llm.model=openrouter/anthropic/claude-sonnet-4"])["llm"]
    assert (own["model"]["id"], other["model"]["id"]) == ("openai/gpt-4o", "anthropic/claude-sonnet-4")
    assert own["model"]["sampling"]["temperature"] == other["model"]["sampling"]["temperature"] == 1.0
    keys = {construct("judge.llm", node, name="llm").record.key for node in (own, other)}
    assert len(keys) == 2


def test_choices_reach_the_judge(composed: Composer) -> None:
    """Votes and rubrics by override."""
    node = composed(["judge.llm.votes=3", "judge.llm.rubrics=[compliance]"])["llm"]
    settings = construct("judge.llm", node, name="llm").record.settings
    assert settings["questions"] == {"compliance": {"votes": 3, "threshold": 0.5, "maybe": None}}
