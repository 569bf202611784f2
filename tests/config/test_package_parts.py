"""What a package brings beside its conf/: policies, published rates, figures; each said to be wrong where it is."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from hanlon.analysis.published.published import published_rows
from hanlon.cli import main
from hanlon.config.errors import ConfigError
from hanlon.simulated import check
from hanlon.simulated.choose import choose_policy, file_config

FIGURE = """
from hanlon.figures.catalogue import Figure
BARS = Figure("acme_bars", "Bars of acme", False, None)
"""
POLICIES = """
ENVIRONMENT = "inbox"
names = lambda: ["mine"]
choose = lambda name, parameters=None: (name, parameters)
"""


def package(folder: Path, monkeypatch: pytest.MonkeyPatch, entry_points: str, module: str = "") -> None:
    """A package `acme` 1.2 on sys.path."""
    info = folder / "acme-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(entry_points)
    (folder / f"{folder.name}_acme.py").write_text(module)
    monkeypatch.syspath_prepend(folder)


@pytest.mark.parametrize(
    ("entry", "value"),
    [("acme_bars", "gone:BARS"), ("other_name", "{module}:BARS"), ("verdict", "{module}:BARS")],
)
def test_a_wrong_figure_is_named_with_its_package_group_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, value: str
) -> None:
    """It cannot be imported, has another name than its key, or the key is a figure of ours."""
    value = value.format(module=f"{tmp_path.name}_acme")
    package(tmp_path, monkeypatch, f"[hanlon.figures]\n{entry} = {value}\n", FIGURE)
    run = CliRunner().invoke(main, ["figures", "--list"])
    assert run.exit_code == 1
    said = f'the package acme 1.2 announces a figure by the entry point hanlon.figures, {entry} = "{value}". Right'
    assert said in run.output
    assert f"Figure named {entry}" in run.output


def test_a_figure_of_a_package_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands behind ours."""
    package(tmp_path, monkeypatch, f"[hanlon.figures]\nacme_bars = {tmp_path.name}_acme:BARS\n", FIGURE)
    run = CliRunner().invoke(main, ["figures", "--list"])
    assert "Bars of acme" in run.output.splitlines()[-1]


def test_published_rates_of_a_conf_folder_stand_behind_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns may be missing; an unknown one, or a number that is none, is named with its file."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "conf/published/mine.csv"
    file.parent.mkdir(parents=True)
    file.write_text("study,env,kind,measure,k,n\nmine_2026,inbox,rate,forwarding,3,10\n")
    row = published_rows()[-1]
    assert (row["study"], row["k"], row["rate"], row["note"]) == ("mine_2026", 3, None, "")
    file.with_name("mine2.csv").write_text("study,measures\nx,y\n")
    with pytest.raises(ConfigError, match=r"mine2\.csv: no column 'measures'\. Did you mean 'measure'"):
        published_rows()
    file.with_name("mine2.csv").unlink()
    file.with_name("mine3.csv").write_text("study,k\nx,many\n")
    with pytest.raises(ConfigError, match=r"mine3\.csv, line 2: .*many"):
        published_rows()


def test_a_policy_comes_from_the_module_that_its_file_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also its parameters; a module that is none, or is not there, is named with the key."""
    module = f"{tmp_path.name}_acme"
    package(tmp_path, monkeypatch, "", POLICIES)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "conf/model/simulated/mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(f"server: {{config: {{policies: {module}, policy: mine, parameters: {{often: 0.2}}}}}}\n")
    assert choose_policy(file_config("mine")) == ("mine", {"often": 0.2})
    with pytest.raises(ValueError, match=r"no simulated policy 'other'\..* Policies: mine"):
        check({"policies": module, "policy": "other"})
    with pytest.raises(
        ValueError, match=r"server\.config\.policies=gone cannot be imported: .*Install the package"
    ):
        check({"policies": "gone", "policy": "mine"})
    with pytest.raises(
        ValueError, match=r"server\.config\.policies=json has no ENVIRONMENT\. A module of policies has"
    ):
        check({"policies": "json", "policy": "mine"})
