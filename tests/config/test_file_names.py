"""A level, a tier, a simulated model and a judge are named by their files."""

import shutil
from pathlib import Path

import pytest
from yaml import MarkedYAMLError

from hanlon.config.cell import Cell, build_cell, construct
from hanlon.config.command_line import compose_sweep
from hanlon.config.compose import CellComposer, ComposedCell, hydra_loader, load_master
from hanlon.config.errors import ConfigError
from hanlon.config.explanations import explain_error
from support.composed import only

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """A copy of conf/ to add files to."""
    return Path(shutil.copytree(CONF, tmp_path / "conf"))


def build(conf: Path, *overrides: str) -> Cell:
    """The cell of these overrides by a folder conf/."""
    return build_cell(compose(conf, *overrides), overrides)


def compose(conf: Path, *overrides: str) -> ComposedCell:
    """What a folder conf/ makes of these overrides."""
    loader = hydra_loader(only(conf))
    return CellComposer(loader, load_master(loader, [])).compose(overrides)


def test_a_new_level_file_is_an_option_with_its_own_label(conf: Path) -> None:
    """One file below prompt/<env> is all that a level needs."""
    (conf / "prompt/shutdown/copied.yaml").write_text("allow: present\nstakes: replaced\n")
    assert build(conf, "prompt=copied").label == "copied"


def test_a_copied_tier_has_the_name_of_its_file(conf: Path) -> None:
    """Its label differs from the original's; a file that gives itself another name is refused."""
    text = (conf / "tier/free.yaml").read_text()
    (conf / "tier/gratis.yaml").write_text(text)
    (conf / "tier/wrong.yaml").write_text(f"{text}name: free\n")
    assert build(conf, "env=alignment_faking", "tier=gratis").label == "baseline+tier=gratis"
    with pytest.raises(ConfigError, match=r"tier\.name=free: the name of tier=wrong is its file's"):
        build(conf, "env=alignment_faking", "tier=wrong")


def test_a_copied_simulated_model_needs_an_id_of_its_own(conf: Path) -> None:
    """With the id of its policy, tables would show two models as one."""
    text = (conf / "model/simulated/ambiguity.yaml").read_text()
    (conf / "model/simulated/bold.yaml").write_text(text)
    (conf / "model/simulated/named.yaml").write_text(f"{text}id: simulated/named\n")
    assert build(conf, "model=simulated/named").config.model.id == "simulated/named"
    with pytest.raises(ConfigError, match="Set id: simulated/bold"):
        build(conf, "model=simulated/bold")


@pytest.mark.parametrize("name", ["judge/regex", "judge/simulated", "followups/self_report"])
def test_a_copied_judge_has_the_name_of_its_file(conf: Path, name: str) -> None:
    """While it writes to its original's node, the message has the line that makes it an option of its own."""
    group, _, original = name.partition("/")
    text = (conf / f"{name}.yaml").read_text()
    copy = conf / group / "mine.yaml"
    copy.write_text(text)
    both = f"{group}=[{original},mine]"
    with pytest.raises(ConfigError, match=rf"{group}/mine\.yaml .*# @package {group}\.mine$"):
        compose(conf, both)
    copy.write_text(text.replace(f"@package {group}.{original}", f"@package {group}.mine"))
    assert list(compose(conf, both).config[group]) == [original, "mine"]


def test_a_judge_that_names_itself_is_refused(conf: Path) -> None:
    """Its file's name is its name."""
    node = {**compose(conf, "judge=llm").config["judge"]["llm"], "name": "other"}
    with pytest.raises(ConfigError, match=r"judge\.llm\.name: .*Leave it out"):
        construct("judge.llm", node, name="llm")


def test_grids_with_different_run_options_are_refused() -> None:
    """A sweep has one number of samples, also where each of its grids names one."""
    grids = "hydra.sweeper.grids=[{prompt:baseline,samples:3},{prompt:placebo,samples:4}]"
    with pytest.raises(ConfigError, match="samples=3,4: 'samples' is no part of a cell"):
        compose_sweep([grids])


def test_a_file_with_a_tab_is_named_with_its_line(conf: Path) -> None:
    """YAML knows no tabs: the message says which file below conf/, and where."""
    (conf / "prompt/shutdown/tabbed.yaml").write_text("allow: present\n\tstakes: replaced\n")
    loader = hydra_loader(only(conf))
    with pytest.raises(MarkedYAMLError) as caught:
        CellComposer(loader, load_master(loader, [])).compose(["prompt=tabbed"])
    message = explain_error(caught.value, loader, ["prompt=tabbed"])
    assert message is not None
    assert message.startswith(f"{conf}/prompt/shutdown/tabbed.yaml, line 2 is not YAML: ")
