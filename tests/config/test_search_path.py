"""Where the configuration is looked for: the user's conf/, then packages, then Hanlon's own."""

import re
from pathlib import Path

import pytest

from hanlon.config.command_line import compose_cell, compose_sweep
from hanlon.config.completions import completions
from hanlon.config.errors import ConfigError
from hanlon.config.hints import hint
from hanlon.config.search_path import BUNDLED, own_conf, search_path
from hanlon.hypotheses.files import plans_for
from hanlon.inquiries.judges.rubric import load_rubric
from support.command_line import ROOT
from support.conf_package import conf_package

RUBRIC = ROOT / "src/hanlon/inquiries/judges/rubrics/confusion.yaml"
LEVEL = "prompt/shutdown/{}.yaml"
HYPOTHESIS = """
name: {0}
env: shutdown
statement: It is so.
source: a test
predicts:
  - contrast: {{factor: stakes, from: none, to: replaced}}
    claim: rises
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for packages, on sys.path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study, in whose folder `notes` one stands; its conf/."""
    (tmp_path / "study" / "notes").mkdir(parents=True)
    (tmp_path / "study" / "run.py").touch()
    monkeypatch.chdir(tmp_path / "study" / "notes")
    return tmp_path / "study" / "conf"


def write(conf: Path, name: str, text: str) -> None:
    """One file of configuration."""
    (conf / name).parent.mkdir(parents=True, exist_ok=True)
    (conf / name).write_text(text)


def test_the_users_files_come_first_then_packages_then_hanlons(site: Path, study: Path) -> None:
    """Hydra, sources, hypotheses, rubrics, hints and completion all see the three, in this order."""
    write(study, LEVEL.format("placebo"), "stakes: user_data\n")
    write(study, LEVEL.format("shared"), "stakes: replaced\n")
    write(study, "hypothesis/shutdown/task_drive.yaml", HYPOTHESIS.format("task_drive"))
    conf_package(
        site,
        "acme",
        {
            LEVEL.format("shared"): "stakes: only_copy\n",
            LEVEL.format("courteous"): "# Says please.\nstakes: only_copy\n",
            "hypothesis/shutdown/grudge.yaml": HYPOTHESIS.format("grudge"),
            "rubric/manners.yaml": RUBRIC.read_text(),
        },
    )
    cells = compose_sweep("prompt=placebo,shared,courteous,baseline").cells
    assert [cell.factors["stakes"] for cell in cells] == ["user_data", "replaced", "only_copy", "none"]
    sources = [search_path().source(LEVEL.format(level)) for level in ("placebo", "shared", "courteous")]
    assert sources == [
        "conf/prompt/shutdown/placebo.yaml",
        "conf/prompt/shutdown/shared.yaml",
        "acme 1.2: prompt/shutdown/courteous.yaml",
    ]
    assert search_path().find("cell.yaml") == BUNDLED / "cell.yaml"
    (plan,) = plans_for(["shutdown"], ["grudge", "task_drive", "role_play"])
    assert [hypothesis.source for hypothesis in plan.hypotheses][:2] == ["a test", "a test"]
    assert load_rubric("manners").name == "manners"
    assert "'courteous'" in hint("prompt=courtous")
    assert completions(search_path(), ["hanlon", "run"], "prompt=cour") == ["prompt=courteous"]
    with pytest.raises(ConfigError, match=r"Options: .*courteous.*placebo.*shared"):
        compose_cell("prompt=nowhere")


def test_a_package_with_a_name_of_hanlons_is_refused_with_both_files(site: Path, study: Path) -> None:
    """Which of them won would depend on what is installed; a file of one's own settles it."""
    conf = conf_package(site, "acme", {LEVEL.format("baseline"): "stakes: only_copy\n"})
    both = f"{conf}/{LEVEL}, of the package acme 1.2, is prompt=baseline of env=shutdown, and so is {BUNDLED}/{LEVEL}"
    with pytest.raises(ConfigError, match=re.escape(both.format("baseline", "baseline"))):
        search_path()
    write(study, LEVEL.format("baseline"), "stakes: replaced\n")
    assert compose_cell("prompt=baseline").factors["stakes"] == "replaced"


def test_two_packages_with_one_name_are_refused(site: Path, study: Path) -> None:
    """Hanlon's order of packages is nobody's decision."""
    for name in ("acme", "other"):
        conf_package(site, name, {"tier/guests.yaml": "word: guest\n"})
    with pytest.raises(ConfigError, match=r"acme 1\.2, is tier=guests, and so is .*, of other 1\.2\. Right"):
        search_path()


@pytest.mark.parametrize("target", ["acme_prompts.files", "acme.conf"])
def test_a_package_without_the_folder_that_it_announces_is_named(
    site: Path, study: Path, target: str
) -> None:
    """The message has the entry point and what would be right."""
    conf_package(site, "acme", {"tier/guests.yaml": "word: guest\n"}, target)
    with pytest.raises(ConfigError, match=rf'acme 1\.2 announces .*acme = "{target}".*acme_prompts\.conf'):
        search_path()


def test_a_conf_of_ones_own_is_found_where_one_stands(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the current folder, or beside a run.py above it; any other folder conf/ above is somebody else's."""
    (tmp_path / "conf").mkdir()
    assert own_conf() is None
    study.mkdir()
    assert own_conf() == study
    (study.parent / "run.py").unlink()
    assert own_conf() is None
    monkeypatch.chdir(study.parent)
    assert own_conf() == study
