"""Reads hypotheses and controls: `conf/hypothesis/<env>/<name>.yaml` and `conf/hypothesis/<env>.yaml`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from hanlon.config.command_line import find_conf
from hanlon.config.errors import ConfigError
from hanlon.hypotheses.schema import Hypothesis, Plan
from hanlon.store.problems import explain, nearest

_Model = TypeVar("_Model", bound=BaseModel)


def plans_for(environments: Sequence[str], names: Sequence[str] | None) -> list[Plan]:
    """The plan of each environment by the conf/ beside run.py, of all its hypotheses or of the named ones.

    Raises:
        ConfigError: no environment has a hypothesis of that name, or a file is malformed.
    """
    folder = find_conf() / "hypothesis"
    known = {env: known_names(folder, env) for env in dict.fromkeys(environments)}
    for name in names or ():
        everywhere = [one for own in known.values() for one in own]
        if name not in everywhere:
            raise ConfigError(
                f"hypotheses: '{name}' is no hypothesis about env={' or '.join(known)}.{nearest(name, everywhere)} "
                f"There are: {', '.join(everywhere) or f'none in {folder}'}"
            )
    return [
        load_plan(folder, env, None if names is None else [name for name in names if name in own])
        for env, own in known.items()
    ]


def load_plan(folder: Path, env: str, names: Sequence[str] | None = None) -> Plan:
    """The hypotheses of an environment, all of them or the named ones, with its controls.

    Args:
        folder: `conf/hypothesis`.
        env: the environment's name. One without a folder has no hypotheses.
        names: which, of `known_names`; None for all.

    Raises:
        ConfigError: a file is malformed; the message says which, where and what would do.
    """
    wanted = known_names(folder, env) if names is None else names
    found = [_hypothesis(folder / env / f"{name}.yaml", env) for name in wanted]
    controls = folder / f"{env}.yaml"
    gates: Any = _read(controls).get("gates", ()) if controls.exists() else ()
    return _validated(Plan, {"env": env, "hypotheses": found, "gates": gates}, folder / f"{env}.yaml")


def known_names(folder: Path, env: str) -> list[str]:
    """The hypotheses that `conf/hypothesis` has about an environment."""
    return sorted(file.stem for file in (folder / env).glob("*.yaml"))


def plan_of(content: Mapping[str, Any]) -> Plan:
    """The plan that a sweep keeps.

    Raises:
        ConfigError: it is not one that this version can read.
    """
    return _validated(Plan, content, Path("the sweep's record"))


def _hypothesis(file: Path, env: str) -> Hypothesis:
    read = _validated(Hypothesis, _read(file), file)
    if (read.name, read.env) != (file.stem, env):
        raise ConfigError(
            f"{file}: name and env are those of the file, {file.stem} and {env}; not {read.name} and {read.env}"
        )
    return read


def _read(file: Path) -> dict[str, Any]:
    import yaml

    try:
        value: object = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise ConfigError(f"{file}: a mapping is expected: name, env, statement, source, predicts")
    return cast(dict[str, Any], value)


def _validated(kind: type[_Model], value: Mapping[str, Any], file: Path) -> _Model:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise ConfigError(f"{file}: {'; '.join(explain(error, kind))}") from None
