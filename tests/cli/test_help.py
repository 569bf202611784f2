"""What the command line says of itself: verbs, examples, names, new files, completion."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hanlon.cli import main
from hanlon.cli.listing import KINDS
from hanlon.inquiries.judges.rubric import load_rubric
from support.command_line import ROOT


def printed(words: str, capsys: pytest.CaptureFixture[str], code: int = 0) -> str:
    """What `hanlon` prints, as at a terminal of 80 columns."""
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(words), prog_name="hanlon")
    output = capsys.readouterr()
    assert ended.value.code == code, output.err
    return output.out + output.err


def verbs(group: click.Group = main, path: str = "hanlon") -> Iterator[tuple[str, click.Command]]:
    """Every verb with what one types for it."""
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from verbs(command, f"{path} {name}")


def test_help_has_every_verb_under_a_heading_in_whole_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    """Five headings hold all verbs; no sentence is cut and no line is longer than 80."""
    text = printed("--help", capsys)
    assert re.findall(r"(?m)^(\w+):$", text) == ["Options", "Run", "Read", "Explain", "Judge", "Share"]
    described = dict(re.findall(r"(?ms)^  ([\w-]+)  +(.*?)(?=^  [\w-]|^$|\Z)", text.partition("\nRun:")[2]))
    assert described.keys() == main.commands.keys()
    assert [name for name, sentence in described.items() if not sentence.strip().endswith(".")] == []
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("path", "command"),
    [verb for verb in verbs() if verb[0] != "hanlon run"],  # its help is Hydra's
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_verb_has_an_example_that_it_can_read(
    path: str, command: click.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last lines of its description are a command with arguments and options that exist."""
    text = printed(f"{path.removeprefix('hanlon ')} --help", capsys)
    example = text.partition("Example:\n")[2].partition("\n\n")[0]
    words = shlex.split(" ".join(example.split()), comments=True)
    if words[0] == "eval":
        words = words[1].strip("$()").split()
    assert " ".join(words).startswith(path)
    arguments = words[len(path.split()) : words.index(">") if ">" in words else None]
    command.make_parser(click.Context(command)).parse_args(arguments)


def test_version_names_the_package_and_the_commit(capsys: pytest.CaptureFixture[str]) -> None:
    """Both as in the records of cells."""
    assert re.fullmatch(
        r"hanlon \d+\.\d+\.\d+( \([0-9a-f]{7,40}(-dirty)?\))?\n", printed("--version", capsys)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_list_has_a_description_for_every_name(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No name without a word on what it is, and no line beyond 80 columns."""
    text = printed(f"list {kind} --env shutdown", capsys)
    assert max(map(len, text.splitlines())) <= 80
    assert re.findall(r"(?m)^  \S+$(?!\n {6})", text) == []


def test_list_is_read_from_the_files(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    """A level that somebody adds is listed with the first sentence of its heading."""
    (elsewhere / "conf/prompt/shutdown/polite.yaml").write_text("# Says please. And more.\nallow: present\n")
    assert re.search(r"(?m)^  polite +Says please\.$", printed("list levels --env shutdown", capsys))
    assert "polite" not in printed("list levels --env alignment_faking", capsys)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A study of one's own to write into, which is the current folder."""
    study = tmp_path / "study"
    assert "hanlon new level mine" in printed(f"init {study}", capsys)
    monkeypatch.chdir(study)
    return study


@pytest.mark.parametrize("env", ["shutdown", "alignment_faking"])
def test_new_files_are_valid_as_they_are_written(
    env: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sweep with all of them is planned, and none of them is written twice."""
    for kind in ("hypothesis", "level", "tier", "rubric", "experiment"):
        assert "plan=true" in printed(f"new {kind} mine --env {env}", capsys)
        assert "left as" in printed(f"new {kind} mine --env {env}", capsys, code=2)
    overrides = (
        f"env={env} prompt=mine tier=mine/trained hypotheses=[mine] judge=[llm] judge.llm.rubrics=[mine]"
    )
    assert "mine" in printed(f'preregister "{overrides}"', capsys)
    assert "| placebo" in printed("preregister experiment=mine", capsys)
    assert load_rubric("mine").fits(env)


def test_a_study_begins_with_the_run_py_of_the_checkout_and_empty_groups(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its conf/ has examples alone, which nothing reads; a second `init` there writes nothing."""
    assert (elsewhere / "run.py").read_text() == (ROOT / "run.py").read_text()
    assert len(list(elsewhere.rglob("conf/**/*.yaml.example"))) > 6
    assert not list(elsewhere.rglob("*.yaml"))
    (elsewhere / "run.py").unlink()
    assert "README.md" in printed("init .", capsys, code=2)
    assert not (elsewhere / "run.py").exists()


def test_a_new_level_begins_as_the_baseline(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its file has every factor of the environment, and sets those of prompt=baseline."""
    printed("new level mine", capsys)
    text = (elsewhere / "conf/prompt/shutdown/mine.yaml").read_text()
    assert re.findall(r"(?m)^(\w+: \w+)", text) == ["allow: present"]
    assert "# stakes: none" in text


def test_names_that_hydra_could_not_read_are_refused(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer says what a name is made of."""
    assert "small letters" in printed("new level My-Level", capsys, code=2)


LINES = {
    "python run.py -m prompt=baseline,pl": ["prompt=baseline,placebo"],
    "python run.py env.stakes=none,re": ["env.stakes=none,replaced"],
    "python run.py model=openrouter/openai/o": [
        "model=openrouter/openai/o3",
        "model=openrouter/openai/o4-mini",
    ],
    "python run.py env=alignment_faking env.sc": ["env.scratchpad="],
    "python run.py env.sc": [],
    'hanlon power "judge=[regex,l': ["judge=[regex,llm"],
    "python run.py plan=": ["plan=true", "plan=false"],
    "python run.py sampl": ["samples="],
    "python run.py model.sam": ["model.sampling=", "model.sampling."],
}
"""A command line up to the cursor -> what may stand there in place of its last word."""


@pytest.mark.parametrize(
    "line", [pytest.param(line, marks=[pytest.mark.slow] * bool(n % 4)) for n, line in enumerate(LINES)]
)
def test_completion_knows_levels_and_models(line: str) -> None:
    """Keys, levels of the chosen environment and bundled models are offered, also behind a comma."""
    argv = [sys.executable, "-m", "hanlon.config.completions", line]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split() == LINES[line]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_completion_works_in_bash(capsys: pytest.CaptureFixture[str]) -> None:
    """Bash, which breaks words at `=`, gets what stands behind it."""
    script = printed("completion bash", capsys) + (
        "compopt() { :; }\n"
        "COMP_LINE='python run.py prompt=baseline,pl'; COMP_POINT=${#COMP_LINE}\n"
        "COMP_WORDS=(python run.py prompt = baseline,pl); COMP_CWORD=4\n"
        '_hanlon_run_py && echo "${COMPREPLY[@]}"; complete -p python\n'
    )
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "baseline,placebo"
    assert "_hanlon_run_py" in done.stdout
