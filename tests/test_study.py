"""A study in a folder of its own, with the wheel alone: no checkout is anywhere near."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import hydra
import pytest
from hatchling.builders.wheel import WheelBuilder

from hanlon.cli import main
from support.command_line import ROOT
from support.conf_package import conf_package

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "your_own_study.md"
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


@dataclass
class Installed:
    """The wheel in a virtual environment of its own, and the current folder."""

    venv: Path
    folder: Path

    @property
    def site(self) -> Path:
        """Where it is installed."""
        return next(self.venv.glob("lib/python*/site-packages"))

    def argv(self, words: str | tuple[str, ...]) -> list[str]:
        """The words of a verb."""
        return [str(self.venv / "bin" / "hanlon"), *(shlex.split(words) if isinstance(words, str) else words)]

    @property
    def environment(self) -> dict[str, str]:
        """Without keys, and without what points at this checkout."""
        kept = {k: v for k, v in os.environ.items() if "API_KEY" not in k and "WANDB" not in k}
        return {**kept, "PYTHONPATH": "", "COLUMNS": "160", "HOME": str(self.folder)}

    def hanlon(self, words: str | tuple[str, ...], code: int = 0) -> str:
        """What a verb prints."""
        return self.run(self.argv(words), code)

    def run(self, argv: list[str], code: int = 0) -> str:
        """What a command prints."""
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, (argv, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def first_line(self, words: str) -> str:
        """The first line of a verb that goes on until it is ended."""
        process = subprocess.Popen(
            self.argv(words),
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            assert process.stdout
            return process.stdout.readline()
        finally:
            process.terminate()
            process.communicate(timeout=60)


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The wheel, with the dependencies of this environment behind it."""
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path / "dist"), versions=["standard"])
    venv.create(tmp_path / "venv", with_pip=False)
    made = Installed(tmp_path / "venv", tmp_path)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(tmp_path / "venv/bin/python"),
        "install",
        "--no-index",
    ]
    subprocess.run([*pip, "--no-deps", "--quiet", str(wheel)], check=True)
    (made.site / "dependencies.pth").write_text(f"{Path(hydra.__file__).parents[1]}\n")
    where = made.run([str(tmp_path / "venv/bin/python"), "-c", "import hanlon; print(hanlon.__file__)"])
    assert where.strip() == str(made.site / "hanlon/__init__.py")
    return made


def follow_the_page(installed: Installed) -> None:
    """Write each file of the page and type each of its commands, in their order."""
    blocks = re.findall(
        r"(?:^`([\w/.]+)`\n\n)?^```\w*\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    assert len(blocks) > 10
    for file, text in blocks:
        if file:
            (installed.folder / file).write_text(text)
        for line in () if file else text.splitlines():
            if line == "cd my-study":
                installed.folder /= "my-study"
            elif line.startswith("hanlon "):
                installed.hanlon(line.removeprefix("hanlon "))


def test_a_study_from_an_empty_folder_to_a_report(installed: Installed) -> None:
    """Own files are swept and judged by every verb; a clash is refused; what is stored outlives all configuration."""
    assert "hanlon init my-study" in installed.hanlon("new level ranked", code=2)
    follow_the_page(installed)
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
