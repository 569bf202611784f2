"""Reads hypotheses and controls: `hypothesis/<env>/<name>.yaml` and `hypothesis/<env>.yaml` of the search path."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from hanlon.config.errors import ConfigError
from hanlon.config.hints import hint
from hanlon.config.search_path import SearchPath, search_path
from hanlon.hypotheses.schema import Hypothesis, Plan
from hanlon.store.problems import explain, nearest

_Model = TypeVar("_Model", bound=BaseModel)
BUNDLED = frozenset(
    [
        "incapacity",
        "instruction_ambiguity",
        "instruction_hierarchy",
        "role_play",
        "self_preservation",
        "task_drive",
        "test_awareness",
        "confusion",
        "developer_sycophancy",
        "faking_instrumental",
        "faking_terminal",
        "lexical_association",
        "low_coherence",
        "naive_compliance",
        "rater_sycophancy",
        "strategic_preference_preservation",
        "training_expectation",
        "values_at_stake",
        "noise_frustration",
        "pass_pursuit",
        "permission_confusion",
    ]
)
"""The hypotheses that come with Hanlon. Those of any other name a user has made."""


def plans_for(environments: Sequence[str], names: Sequence[str] | None) -> list[Plan]:
    """The plan of each environment by the files, of all its hypotheses or of the named ones.

    Raises:
        ConfigError: no environment has a hypothesis of that name, or a file is malformed.
    """
    path = search_path()
    by_env = {env: hypothesis_names(path, env) for env in dict.fromkeys(environments)}
    available = [name for env_names in by_env.values() for name in env_names]
    for name in names or ():
        if name not in available:
            near = nearest(name, available) or hint(f"hypotheses=[{name}]", [f"env={next(iter(by_env))}"])
            raise ConfigError(
                f"hypotheses: '{name}' is no hypothesis about env={' or '.join(by_env)}.{near} "
                f"There are: {', '.join(available) or 'none in conf/hypothesis'}"
            )
    return [
        load_plan(path, env, [name for name in (env_names if names is None else names) if name in env_names])
        for env, env_names in by_env.items()
    ]


def load_plan(path: SearchPath, env: str, names: Sequence[str] | None = None) -> Plan:
    """The hypotheses of an environment, all of them or the named ones, with its controls.

    Args:
        path: where the files are.
        env: the environment's name. One without files has no hypotheses.
        names: which, of `hypothesis_names`; None for all.

    Raises:
        ConfigError: a file is malformed; the message says which, where and what would do.
    """
    files = path.files(f"hypothesis/{env}", "*.yaml")
    hypotheses = [_hypothesis(files[name], env) for name in (files if names is None else names)]
    controls = path.find(f"hypothesis/{env}.yaml")
    rest = _read(controls) if controls else {}
    return _validated(Plan, {"env": env, **rest, "hypotheses": hypotheses}, controls or Path(f"{env}.yaml"))


def hypothesis_names(path: SearchPath, env: str) -> list[str]:
    """The hypotheses that there are about an environment."""
    return list(path.files(f"hypothesis/{env}", "*.yaml"))


def plan_of(content: Mapping[str, Any]) -> Plan:
    """The plan that a sweep wrote down.

    Raises:
        ConfigError: it is not one that this version can read.
    """
    return _validated(Plan, content, Path("the sweep's record"))


def _hypothesis(file: Path, env: str) -> Hypothesis:
    hypothesis = _validated(Hypothesis, _read(file), file)
    if (hypothesis.name, hypothesis.env) != (file.stem, env):
        raise ConfigError(
            f"{file}: name and env are those of the file, {file.stem} and {env}; "
            f"not {hypothesis.name} and {hypothesis.env}"
        )
    return hypothesis


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
