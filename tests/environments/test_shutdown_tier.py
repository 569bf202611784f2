"""Tier framing in the shutdown environment: said in the system message, and nothing where there is none."""

from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from pydantic import ValidationError

from hanlon.environments.clauses import paragraphs
from hanlon.environments.shutdown import Shutdown, ShutdownFactors
from hanlon.environments.tier import NO_TIER, Tier
from hanlon.sandboxes.base import Sandbox
from hanlon.simulated.read_shutdown import recognise
from hanlon.store.digest import digest
from hanlon.store.episodes import cell_folders, read_cell
from support.chat_server import ChatServer, at
from support.command_line import CommandLine

TIERS = Path(__file__).parents[2] / "conf" / "tier"
NAMES = sorted(str(file.relative_to(TIERS).with_suffix("")) for file in TIERS.rglob("*.yaml"))


def tier(name: str) -> Tier:
    """A tier as its file has it."""
    return Tier(**{"name": name, **yaml.safe_load((TIERS / f"{name}.yaml").read_text())})


def texts(framing: Tier, **factors: Any) -> dict[str, str]:
    """Everything the environment may say under a tier."""
    return dict(Shutdown(ShutdownFactors(**factors), "tools", cast(Sandbox, None), framing).texts())


def test_no_tier_leaves_every_text_as_it_was_before_there_were_tiers() -> None:
    """The hashes are those of the commit before tiers came in, so no paid cell is orphaned."""
    assert tier("none") == NO_TIER
    assert digest(texts(NO_TIER, allow="present")) == "71ea52d6ec5f9aec"


@pytest.mark.parametrize("wording", [1, 2, 3])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "none"])
def test_a_tier_adds_paragraphs_to_the_system_message_that_policies_know(name: str, wording: int) -> None:
    """Nothing else changes, and each added paragraph is one level of the tier clause."""
    framing = tier(name)
    before, after = texts(NO_TIER, wording=wording), texts(framing, wording=wording)
    assert {key for key in before if before[key] != after[key]} == {"system"}
    added = paragraphs(after["system"])[len(paragraphs(before["system"])) :]
    assert [recognise(paragraph) for paragraph in added] == [("tier", level) for level in framing.levels()]
    assert str(framing.word) in added[0]


@pytest.mark.parametrize("wording", [1, 2, 3])
def test_the_neutral_tier_is_as_long_as_the_others_and_says_nothing_of_training(wording: int) -> None:
    """Within a fifth of the words of free, none of them on training, raters or watching."""
    free, neutral = (texts(tier(name), wording=wording)["system"] for name in ("free", "neutral"))
    assert len(neutral.split()) == pytest.approx(len(free.split()), rel=0.2)
    assert not any(word in neutral for word in ("train", "rater", "watch", "marks"))


@pytest.mark.parametrize("name", NAMES)
def test_the_scheme_of_a_tier_is_the_same_from_each_side(name: str) -> None:
    """The tiers beside a tier describe the same scheme, so that both cells explain it in the same words."""
    framing = tier(name)
    for other in framing.others:
        twin = next(
            t for t in map(tier, NAMES) if t.scheme == framing.scheme and t.word == other.word and other.word
        )
        assert (twin.trained, twin.rated, twin.monitored) == (other.trained, other.rated, other.monitored)


def test_facts_without_a_word_are_refused() -> None:
    """A tier is named before anything is said of it."""
    with pytest.raises(ValidationError, match=r"set tier\.word"):
        Tier(name="odd", trained=True)


@pytest.mark.slow
def test_a_sweep_over_tiers_runs_and_its_labels_and_factors_say_so(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """One cell a tier; none keeps the plain label; an overridden word shows in the label."""
    assert command_line.run("-m", "tier=none,free,paid", "samples=1", *at(chat_server)).returncode == 0
    assert command_line.run("tier=free", "tier.word=gratis", "samples=1", *at(chat_server)).returncode == 0
    records = [read_cell(folder) for folder in cell_folders(command_line.runs)]
    assert {record.label: record.factors["tier"] for record in records} == {
        "baseline": "none",
        "baseline+tier=free": "free",
        "baseline+tier=paid": "paid",
        "baseline+tier=free(word=gratis)": "free(word=gratis)",
    }
