"""From a resolved configuration to a cell: its environment, key, label and factors."""

import pkgutil
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hanlon.config.compose import ComposedCell
from hanlon.config.errors import ConfigError, nearest, place
from hanlon.config.schema import CellConfig
from hanlon.environments.base import Environment
from hanlon.environments.tier import Tier
from hanlon.sandboxes.base import Sandbox
from hanlon.store.digest import digest

TARGET_KEYS = ("_target_", "name")


@dataclass(frozen=True)
class Cell:
    """One cell of a sweep, ready to run.

    `level_factors` are the factors that its prompt level alone would set, `level_tier` is its tier's file.
    """

    config: CellConfig
    environment: Environment
    sandbox: Sandbox
    factors: Mapping[str, Any]
    level_factors: Mapping[str, Any]
    level_tier: Tier

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Every text that the environment may send, by name."""
        return self.environment.texts()

    @cached_property
    def texts_hash(self) -> str:
        """A hash of `texts`, 16 hex digits."""
        return digest(dict(self.texts))

    @cached_property
    def key(self) -> str:
        """The cell's identity: a hash of all that can change what the model sees or how it samples.

        A factor that acts through its text alone is in the texts, one at its no-effect value nowhere, so a
        new factor orphans no cell, and configurations that render the same are the same cell.
        """
        return digest(
            {
                **self.config.model.identity(),
                "env": self.environment.name,
                "mechanics": dict(self.environment.mechanics()),
                "texts": self.texts_hash,
                "sandbox": [self.sandbox.kind, self.sandbox.revision],
                "seed": self.config.seed,
            }
        )[:12]

    @cached_property
    def tier(self) -> str:
        """The tier's name, and what of its file was overridden: `free(word=gratis)`."""
        own, file = self.config.tier.model_dump(), self.level_tier.model_dump()
        differing = ",".join(f"{k}={v}" for k, v in own.items() if k != "others" and file[k] != v)
        changed = differing or ("others" if own != file else "")
        return f"{self.config.tier.name}({changed})" if changed else self.config.tier.name

    @cached_property
    def label(self) -> str:
        """The level and each factor that differs from it, as `baseline+placement=system`."""
        differing = [f"{k}={v}" for k, v in self.factors.items() if self.level_factors.get(k) != v]
        tier = [f"tier={self.tier}"] if self.tier != "none" else []
        return "+".join([self.config.prompt.name, *tier, *differing])

    @cached_property
    def folder_name(self) -> str:
        """`<env>/<label>-<key>`, legal on every file system."""
        label = re.sub(r"[^A-Za-z0-9_.+=-]+", "_", self.label)[:80]
        return f"{self.environment.name}/{label}-{self.key}"


def build_cell(composed: ComposedCell, arguments: list[str]) -> Cell:
    """Check one composed configuration against every schema that it touches.

    Raises:
        ConfigError: anything wrong, all of it at once, with key, value, place and legal values.
    """
    try:
        config = CellConfig.model_validate(_without_experiment(composed.config))
    except ValidationError as error:
        raise ConfigError(_explain(error, CellConfig, "", arguments)) from None
    sandbox = cast(Sandbox, construct("sandbox", config.sandbox))
    target = _target("env", config.env)
    config = _with_protocol(config, target, arguments)
    if config.model.protocol not in target.protocols:
        raise ConfigError(
            f"model.protocol={config.model.protocol}{place('model.protocol', arguments)} is not supported by "
            f"environment '{target.name}'. It supports: {', '.join(target.protocols)}"
        )
    factors = _factors(target, config.env, arguments)
    level = _factors(target, composed.level_env, arguments)
    try:
        environment: Environment = target(
            factors=factors, protocol=config.model.protocol, sandbox=sandbox, tier=config.tier
        )
    except ValueError as error:
        raise ConfigError(str(error)) from None
    level_tier = Tier.model_validate(composed.level_tier)
    return Cell(config, environment, sandbox, factors.model_dump(), level.model_dump(), level_tier)


def _with_protocol(config: CellConfig, target: Any, arguments: list[str]) -> CellConfig:
    """A reply in words needs nothing of a model, so it is what a model without a fitting protocol gives.

    A protocol that was asked for on the command line stands, to be refused where it does not fit.
    """
    fits = config.model.protocol in target.protocols or "reply" not in target.protocols
    if fits or place("model.protocol", arguments):
        return config
    return config.model_copy(update={"model": config.model.model_copy(update={"protocol": "reply"})})


def _without_experiment(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != "experiment"}


def _target(node: str, config: Mapping[str, Any]) -> Any:
    path = config.get("_target_")
    try:
        return pkgutil.resolve_name(str(path))
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"{node}._target_={path} cannot be imported: {error}") from None


def construct(node: str, config: Mapping[str, Any], **more: Any) -> Any:
    """The object that a node of the configuration names by `_target_`, made from its other keys.

    Raises:
        ConfigError: there is no such class, or it does not take these keys or values.
    """
    arguments = {key: value for key, value in config.items() if key not in TARGET_KEYS}
    try:
        return _target(node, config)(**arguments, **more)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{node}: {error}") from None


def _factors(target: Any, config: Mapping[str, Any], arguments: list[str]) -> BaseModel:
    values = {key: value for key, value in config.items() if key not in TARGET_KEYS}
    schema: type[BaseModel] = target.Factors
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, schema, "env.", arguments, environment=target.name)) from None


def _explain(
    error: ValidationError, schema: type[BaseModel], prefix: str, arguments: list[str], environment: str = ""
) -> str:
    lines: list[str] = []
    for problem in error.errors(include_url=False):
        key = prefix + ".".join(str(part) for part in problem["loc"])
        value = problem["input"]
        where = place(key, arguments)
        levels = _levels(schema, problem["loc"])
        if problem["type"] == "extra_forbidden":
            known = list(schema.model_fields)
            lines.append(f"{key} is not a key here{where}.{nearest(str(problem['loc'][-1]), known)}")
        elif levels and environment:
            lines.append(
                f"{key}={value} is not a level of environment '{environment}'{where}."
                f"{nearest(str(value), levels)} Levels: {', '.join(levels)}"
            )
        elif levels:
            lines.append(
                f"{key}={value}{where}: legal values are {', '.join(levels)}.{nearest(str(value), levels)}"
            )
        elif not problem["loc"]:
            lines.append(_sentence(problem["msg"]))
        else:
            lines.append(f"{key}={value}{where}: {_sentence(problem['msg'])}")
    return "\n".join(lines)


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text[0].lower() + text[1:] if text.startswith("Input should") else text


def _levels(schema: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    annotation: Any = schema
    for part in location:
        fields = getattr(annotation, "model_fields", {})
        if part not in fields:
            return []
        annotation = fields[part].annotation
    return [str(level) for level in get_args(annotation)] if get_origin(annotation) is Literal else []
