"""Hints come from the names of conf/: whatever name stands there is found again when it is misspelt."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hanlon.config.hints import hint
from hanlon.config.search_path import own_conf, search_path
from hanlon.config.vocabulary import Name, vocabulary
from hanlon.simulated import secret_number
from hanlon.simulated.acting_policies import names
from hanlon.simulated.answering_policies import answer_names

CONF = Path(__file__).parents[2] / "conf"
VALUES = [name for name in vocabulary(search_path()) if name.value is not None]
FACTORS = [name for name in vocabulary(search_path()) if name.kind == "factor"]


def chosen(name: Name) -> list[str]:
    """The words that choose the environment of a name."""
    return [f"env={name.env}"] if name.env else []


@pytest.mark.parametrize(
    "spoil", [str.upper, lambda word: word.replace("_", "-") + "x"], ids=["case", "typo"]
)
def test_every_value_is_found_under_its_key(spoil: Callable[[str], str]) -> None:
    """Wrong case, hyphens and one letter too many: the answer has the key with the right value."""
    lost: list[str] = []
    for name in VALUES:
        typed = spoil(name.word)
        is_right = typed == name.word or len(name.word) < 4
        if not is_right and name.word not in (answer := hint(f"{name.key}={typed}", chosen(name))):
            lost.append(f"{name.key}={typed}:{answer}")
    assert lost == []


def test_every_factor_is_found_without_its_prefix() -> None:
    """`placement=system` says env.placement=system, also of factors with numbers or texts as levels."""
    for name in FACTORS:
        typed = f"{name.key.removeprefix('env.')}=1"
        assert f"{name.key}=" in hint(typed, chosen(name)), typed


def test_a_factor_of_another_environment_says_which() -> None:
    """A factor that the environment does not have comes with the env=... of one that has it."""
    of_each = {name.env: {other.key for other in FACTORS if other.env == name.env} for name in FACTORS}
    for name in FACTORS:
        other = "shutdown" if name.env == "alignment_faking" else "alignment_faking"
        if name.key not in of_each[other]:
            said = hint(f"{name.key}=1", [f"env={other}"])
            assert any(f"env={env}" in said for env, keys in of_each.items() if name.key in keys), name


def test_a_bare_model_name_is_found_at_its_endpoint() -> None:
    """`model=o3` says model=openrouter/openai/o3, for each bundled model."""
    for name in VALUES:
        if name.key == "model" and name.word.count("/") == 2:
            assert f"model={name.word}." in hint(f"model={name.word.rpartition('/')[2]}")


def test_what_is_near_nothing_gets_no_hint() -> None:
    """No name is better than a wrong one."""
    assert hint("qqqq=1") == ""
    assert hint("model=qqqq") == ""


def test_each_policy_names_its_environment() -> None:
    """The headings of conf/model/simulated agree with the policies themselves."""
    stated = {name.word: name.env for name in VALUES if name.word.startswith("simulated/") and name.env}
    assert stated == {
        **{f"simulated/{policy}": "shutdown" for policy in names()},
        **{f"simulated/{policy}": "alignment_faking" for policy in answer_names()},
        **{f"simulated/{policy}": "secret_number" for policy in secret_number.names()},
    }


def test_a_broken_file_leaves_the_hints_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tab in one file is not what another mistake is answered with."""
    shutil.copytree(CONF, tmp_path / "conf")
    (tmp_path / "run.py").touch()
    (tmp_path / "conf/hypothesis/shutdown/broken.yaml").write_text("a:\n\t- b: [")
    (tmp_path / "conf/judge/broken.yaml").write_text("[")
    monkeypatch.chdir(tmp_path)
    assert own_conf() == tmp_path / "conf"
    assert "env.placement=system" in hint("placement=system")
