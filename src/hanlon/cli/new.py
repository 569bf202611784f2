"""`hanlon new`: a commented file to begin with, valid as it is written."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import click

from hanlon.config.errors import ConfigError
from hanlon.config.vocabulary import environments, find_conf, vocabulary
from hanlon.store.problems import nearest


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where a new file goes, and what to type next."""

    file: Callable[[Path, str, str], Path]
    next_command: str


KINDS = {
    "hypothesis": _Kind(
        lambda conf, env, name: conf / "hypothesis" / env / f"{name}.yaml",
        'python run.py -m env=ENV "hypotheses=[NAME]" plan=true',
    ),
    "level": _Kind(
        lambda conf, env, name: conf / "prompt" / env / f"{name}.yaml",
        "python run.py -m env=ENV prompt=baseline,NAME plan=true",
    ),
    "tier": _Kind(
        lambda conf, env, name: conf / "tier" / f"{name}.yaml",
        "python run.py -m env=alignment_faking tier=NAME,paid plan=true",
    ),
    "rubric": _Kind(
        lambda conf, env, name: Path(f"{name}.yaml"),
        'python run.py -m env=ENV "judge=[llm]" "judge.llm.rubrics=[NAME.yaml]" plan=true',
    ),
}


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("name")
@click.option("--env", default="shutdown", show_default=True, help="The environment that it is about.")
def new(kind: str, name: str, env: str) -> None:
    """Write a commented file for a hypothesis, a level, a tier or a rubric of your own.

    It is valid as it is written, and nothing that exists is replaced. A rubric goes into
    the current folder, everything else into conf/.

    \b
    Example:
      hanlon new hypothesis grudge --env shutdown
    """
    try:
        conf = find_conf()
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    if env not in environments(conf):
        near = nearest(env, environments(conf))
        raise click.UsageError(
            f"there is no environment '{env}'.{near} There are: {', '.join(environments(conf))}"
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise click.UsageError(
            f"'{name}': a name is of small letters, digits and _, and begins with a letter"
        )
    file = KINDS[kind].file(conf, env, name)
    _write(file, _text(conf, kind, name, env))
    command = KINDS[kind].next_command.replace("NAME", name).replace("ENV", env)
    click.echo(
        f"Wrote {file}. It is valid as it stands; say in it what you mean. Then see what it does:\n  {command}"
    )


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as new_file:
            new_file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{file} exists, and is left as it is. Choose another name") from None


def _text(conf: Path, kind: str, name: str, env: str) -> str:
    """The template of a kind, filled in with names of the environment."""
    text = files("hanlon").joinpath("cli", "templates", f"{kind}.yaml").read_text(encoding="utf-8")
    words = {"NAME": name, "ENV": env}
    if kind == "hypothesis":
        words |= dict(zip(("FACTOR", "FROM", "TO"), _first_contrast(conf, env), strict=True))
    if kind == "level":
        words["FACTORS"] = _factors(conf, env)
    return re.sub(r"\b(NAME|ENV|FACTORS|FACTOR|FROM|TO)\b", lambda match: words.get(match[0], match[0]), text)


def _first_contrast(conf: Path, env: str) -> tuple[str, str, str]:
    """A factor of an environment with its first two levels."""
    levels = [name for name in vocabulary(conf) if name.kind == "level" and name.env == env]
    first, second = levels[:2]
    return first.key.removeprefix("env."), first.word, second.word


def _factors(conf: Path, env: str) -> str:
    """A line for each factor, with its comment: those of prompt=baseline in force, the others behind a #."""
    baseline = (conf / "prompt" / env / "baseline.yaml").read_text(encoding="utf-8")
    in_force = dict(re.findall(r"(?m)^(\w+): (.*)$", baseline))
    lines: list[str] = []
    for line in (conf / "env" / f"{env}.yaml").read_text(encoding="utf-8").splitlines():
        factor, _, rest = line.partition(":")
        if not re.fullmatch(r"[a-z]\w*", factor):
            continue
        comment = rest.partition(" # ")[2]
        value = in_force.get(factor)
        lines.append(f"{factor}: {value} # {comment}" if value else f"# {factor}:{rest}")
    return "\n".join(lines)
