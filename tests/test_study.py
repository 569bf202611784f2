"""A study in a folder of its own, with the wheel alone: no checkout is anywhere near."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from hanlon.cli import main
from support.command_line import ROOT
from support.conf_package import conf_package
from support.installed import Installed, install_hanlon

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "your_own_study.md"
ENVIRONMENT_PAGE = ROOT / "docs" / "your_own_environment.md"
REQUESTS = "+requests=requests.jsonl"
CELLS = tuple(f"ranked+tier=guests/{tier}{REQUESTS}" for tier in ("trained", "untrained"))
READING = {
    "rates runs": "3 cells",
    "status runs": "60 of 60",
    "show runs --outcome complied": "assistant",
    f"compare {CELLS[0]} {CELLS[1]} runs": "guests",
    "verdict runs --predictions": "What explains it: grudge ",
    "contrasts runs": "guests/trained",
    "gaps runs": "guests/trained - guests/untrained",
    "labels runs": "candour",
    "judge-check runs": "regex",
    "report runs --no-figures -o report.html": "report.html",
    "figures runs --out figures --only cell_rates": "cell_rates",
    "fork runs": "has been forked",
    "ask runs": "Nothing was asked",
    "sync runs": "ran without W&B",
    "export runs --to csv --rows counts -o counts.csv": "of 3 cells",
    "import others.csv --map others.yaml --runs imported": "2 cells",
}
"""Each verb that reads, with a word of its answer."""
OTHERS = {
    "list levels --env alignment_faking": "that the criteria win",
    "list tiers": "acme",
    'prompts show "env=alignment_faking prompt=ranked tier=guests/trained"': "guests",
    "power prompt=baseline,placebo model=simulated/ambiguity": "silent -> placebo",
    "preregister env=alignment_faking prompt=ranked hypotheses=[grudge]": "grudge",
    "completion bash": "_hanlon_verbs",
    "rescore runs --judge regex": "wrong_tier",
    "judge-smoke runs --judge regex": "wrong_tier",
}
"""Each other verb, with a word of its answer."""
OTHERS_TABLE = {
    "others.csv": "condition,k,n\nbaseline,8,20\nremoved,1,20\n",
    "others.yaml": "rows: counts\nsource: a test\nenv: {value: elsewhere}\nmodel: {value: lab/model}\n"
    "prompt: condition\nmeasure: {value: harm}\nk: k\nn: n\n",
}
"""Counts of somebody else, and what their columns are."""
SERVERS = {"view runs": "http://127.0.0.1", "serve simulated/ambiguity": "a scripted policy"}
"""Those that go on until they are ended, with a word of what they begin with."""


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The wheel alone."""
    return install_hanlon(tmp_path)


def test_a_study_from_an_empty_folder_to_a_report(installed: Installed) -> None:
    """Own files are swept and judged by every verb; a clash is refused; what is stored outlives all configuration."""
    assert "hanlon init my-study" in installed.hanlon("new level ranked", code=2)
    installed.follow(PAGE)
    conf = installed.folder / "conf"
    package = conf_package(installed.site, "acme", {"tier/acme.yaml": "word: acme\n"})
    typed = re.search(r"^hanlon run (.*)$", PAGE.read_text(), re.MULTILINE)
    assert typed
    again = [str(installed.venv / "bin" / "python"), "run.py", *shlex.split(typed[1])]
    assert " calls, " not in installed.run(again)
    (sweep,) = (json.loads(file.read_text()) for file in (installed.folder / "runs/sweeps").glob("*.json"))
    own = [file for file in sweep["files"] if not file.startswith("hanlon ")]
    assert sorted(own) == [
        "conf/hypothesis/alignment_faking.yaml",
        "conf/hypothesis/alignment_faking/grudge.yaml",
        "conf/prompt/alignment_faking/ranked.yaml",
        "conf/rubric/candour.yaml",
        "conf/tier/guests/trained.yaml",
        "conf/tier/guests/untrained.yaml",
    ]
    assert not [file for file in sweep["files"] if str(installed.folder) in file]

    for name, text in OTHERS_TABLE.items():
        (installed.folder / name).write_text(text)
    for words, answer in {**OTHERS, **READING}.items():
        assert answer in installed.hanlon(words), words
    for words, answer in SERVERS.items():
        assert answer in installed.first_line(words), words
    tried = {words.split()[0] for words in (*READING, *OTHERS, *SERVERS)} | {"init", "new", "run"}
    assert tried == set(main.commands)
    assert "Options: acme, free" in installed.hanlon("run tier=gust", code=2)
    assert "tier: acme, free" in installed.hanlon("run --help")

    clash = package / "tier/free.yaml"
    clash.write_text("word: free\n")
    assert f"{clash}, of the package acme 1.2, is tier=free" in installed.hanlon("run tier=free", code=2)
    assert "grudge" in installed.hanlon("verdict runs")
    clash.unlink()
    for folder in (conf, package, installed.site / "hanlon/conf"):
        shutil.rmtree(folder)
    shutil.rmtree(installed.site / "acme-1.2.dist-info")
    for words, answer in READING.items():
        if not words.startswith("figures"):  # of all verbs the slowest
            assert answer in installed.hanlon(words), words


def test_an_environment_from_an_empty_folder_to_a_verdict(installed: Installed) -> None:
    """A package of one class keeps the contract and is explained; its store is read when the package is gone."""
    installed.follow(ENVIRONMENT_PAGE)
    sweeps = [json.loads(file.read_text()) for file in (installed.folder / "runs/sweeps").glob("*.json")]
    (explained,) = (sweep["id"] for sweep in sweeps if len(sweep["cells"]) == 3)
    assert "inbox 0.1: prompt/inbox/ranked.yaml" in {file for sweep in sweeps for file in sweep["files"]}
    assert "simulated/unsure" in installed.hanlon("list policies")
    assert "env=inbox model=endpoint" in installed.run_until("serve simulated/unsure", "model=endpoint")
    refused = installed.hanlon("run env=inbox model=simulated/ambiguity tracker=none", code=2)
    assert "Add env=shutdown for this one. Policies for it: simulated/unsure." in refused
    reading = {
        f"verdict runs --sweep {explained}": "What explains it: unsure leads",
        "gaps runs": "none for env=inbox, which declares none",
        "rates runs": "Forwarding of simulated/unsure",
        "contrasts runs": "rank",
        "show runs --next": "FORWARD",
        f"report runs --sweep {explained} --no-figures -o report.html": "report.html",
    }
    for package_is_there in (True, False):
        for words, answer in reading.items():
            assert answer in installed.hanlon(words), (words, package_is_there)
        (installed.site / "inbox").unlink(missing_ok=True)
        for record in installed.site.glob("inbox-*.dist-info"):
            shutil.rmtree(record)
