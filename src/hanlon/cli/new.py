"""`hanlon new`: a commented file to begin with, valid as it is written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import click

from hanlon.config.errors import ConfigError
from hanlon.config.search_path import SearchPath, own_conf, search_path
from hanlon.config.vocabulary import environments, vocabulary
from hanlon.store.problems import nearest


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where a new file goes, and what to type next."""

    files: Mapping[str, str]
    """Where they go below conf/ -> their templates. NAME and ENV are filled in."""
    next_command: str


KINDS = {
    "hypothesis": _Kind(
        {"hypothesis/ENV/NAME.yaml": "hypothesis.yaml"},
        'python run.py -m env=ENV "hypotheses=[NAME]" plan=true',
    ),
    "level": _Kind(
        {"prompt/ENV/NAME.yaml": "level.yaml"},
        "python run.py -m env=ENV prompt=baseline,NAME plan=true",
    ),
    "tier": _Kind(
        {"tier/NAME/trained.yaml": "tier.yaml", "tier/NAME/untrained.yaml": "tier_untrained.yaml"},
        "python run.py -m env=alignment_faking tier=NAME/trained,NAME/untrained plan=true",
    ),
    "rubric": _Kind(
        {"rubric/NAME.yaml": "rubric.yaml"},
        'python run.py -m env=ENV "judge=[llm]" "judge.llm.rubrics=[NAME]" plan=true',
    ),
    "experiment": _Kind(
        {"experiment/NAME.yaml": "experiment.yaml"},
        "python run.py -m experiment=NAME plan=true",
    ),
}


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("name")
@click.option("--env", default="shutdown", show_default=True, help="The environment that it is about.")
def new(kind: str, name: str, env: str) -> None:
    """Write a commented file for a hypothesis, a level, a tier, a rubric or an experiment of your own.

    It goes into your conf/, is valid as it is written, and replaces nothing that exists.

    \b
    Example:
      hanlon new hypothesis grudge --env shutdown
    """
    try:
        path = search_path()
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    conf = own_conf()
    if conf is None:
        raise click.UsageError(
            "there is no conf/ of yours in this folder. `hanlon init my-study` makes a folder with one; change there"
        )
    if env not in environments(path):
        near = nearest(env, environments(path))
        raise click.UsageError(
            f"there is no environment '{env}'.{near} There are: {', '.join(environments(path))}"
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise click.UsageError(
            f"'{name}': a name is of small letters, digits and _, and begins with a letter"
        )
    written = templates(path, kind, name, env)
    write_new({conf / file: text for file, text in written.items()})
    command = _filled(KINDS[kind].next_command, NAME=name, ENV=env)
    places = " and ".join(str(conf / file) for file in written)
    click.echo(
        f"Wrote {places}, valid as it stands. Say in it what you mean, then see what it does:\n  {command}"
    )


def write_new(texts: Mapping[Path, str]) -> None:
    """Write files, or none where one of them exists.

    Raises:
        UsageError: which exist.
    """
    if existing := [str(file) for file in texts if file.exists()]:
        left = "exists, and is left as it is" if len(existing) == 1 else "exist, and are left as they are"
        raise click.UsageError(f"{', '.join(existing)} {left}. Choose another name")
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new_file:
            new_file.write(text)


def templates(path: SearchPath, kind: str, name: str, env: str) -> dict[str, str]:
    """The files of a kind, by their place below conf/, filled in with names of the environment."""
    words = {"NAME": name, "ENV": env}
    if kind == "hypothesis":
        words |= dict(zip(("FACTOR", "FROM", "TO"), _first_contrast(path, env), strict=True))
    if kind == "level":
        words["FACTORS"] = _factors(path, env)
    folder = files("hanlon").joinpath("cli", "templates")
    return {
        _filled(file, NAME=name, ENV=env): _filled(folder.joinpath(source).read_text("utf-8"), **words)
        for file, source in KINDS[kind].files.items()
    }


def _filled(text: str, **words: str) -> str:
    """A text with words in the place of names in capitals."""
    return re.sub(rf"\b({'|'.join(words)})\b", lambda match: words[match[0]], text)


def _first_contrast(path: SearchPath, env: str) -> tuple[str, str, str]:
    """A factor of an environment with its first two levels."""
    levels = [name for name in vocabulary(path) if name.kind == "level" and name.env == env]
    first, second = levels[:2]
    return first.key.removeprefix("env."), first.word, second.word


def _factors(path: SearchPath, env: str) -> str:
    """A line for each factor, with its comment: those of prompt=baseline in force, the others behind a #."""
    baseline = path.find(f"prompt/{env}/baseline.yaml")
    in_force = dict(
        re.findall(r"(?m)^(\w+): (.*)$", baseline.read_text(encoding="utf-8") if baseline else "")
    )
    lines: list[str] = []
    for line in path.files("env")[env].read_text(encoding="utf-8").splitlines():
        factor, _, rest = line.partition(":")
        if not re.fullmatch(r"[a-z]\w*", factor):
            continue
        comment = rest.partition(" # ")[2]
        value = in_force.get(factor)
        lines.append(f"{factor}: {value} # {comment}" if value else f"# {factor}:{rest}")
    return "\n".join(lines)
