"""From a resolved configuration to a cell: its environment, key, label and factors."""

import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from hanlon.config.compose import ComposedCell
from hanlon.config.errors import ConfigError, argument_position
from hanlon.config.hints import hint
from hanlon.config.schema import CellConfig
from hanlon.environments.base import Environment
from hanlon.environments.tier import Tier
from hanlon.sandboxes.base import Sandbox
from hanlon.store.digest import digest
from hanlon.store.problems import explain

NO_MACHINE = ["virtual", "3+bashkit-0.20.1"]
"""Stands for the sandbox in the key of a cell without a machine. Such cells were stored under this value."""
TARGET = "_target_"
"""The key of a node that names a class; the others are its arguments."""

_Schema = TypeVar("_Schema", bound=BaseModel)


@dataclass(frozen=True)
class Cell:
    """One cell of a sweep, ready to run.

    `level_factors` are the factors that its prompt level alone sets. `level_tier` is its tier's file. `under_tier`
    makes its environment under another tier.
    """

    config: CellConfig
    environment: Environment
    under_tier: Callable[[Tier], Environment]
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
                "sandbox": self._machine(),
                "seed": self.config.seed,
            }
        )[:12]

    @cached_property
    def texts_beside_tier(self) -> str:
        """A hash of `texts` under the first tier of the scheme, its words blanked; empty without a tier."""
        tier = self.config.tier
        if tier.word is None:
            return ""
        texts = self.under_tier(tier.first()).texts()
        for word in sorted(
            (str(facts.word) for facts in tier.scheme), key=len, reverse=True
        ):  # one may be in another
            texts = {name: text.replace(word, "*") for name, text in texts.items()}
        return digest(dict(texts))

    def _machine(self) -> list[str]:
        if self.environment.has_machine:
            return [self.sandbox.kind, self.sandbox.revision]
        return NO_MACHINE

    @cached_property
    def tier(self) -> str:
        """The tier's name, and what of its file was overridden: `free(word=gratis)`."""
        facts, file = self.config.tier.model_dump(), self.level_tier.model_dump()
        differing = ",".join(f"{k}={v}" for k, v in facts.items() if k != "others" and file[k] != v)
        changed = differing or ("others" if facts != file else "")
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


def build_cell(composed: ComposedCell, arguments: Sequence[str]) -> Cell:
    """Check one composed configuration against every schema that it touches.

    Raises:
        ConfigError: what is wrong, with key, value, position and legal values.
    """
    config = _cell_config(composed, arguments)
    sandbox = cast(Sandbox, construct("sandbox", config.sandbox))
    target = _target("env", config.env)
    config = _with_protocol(config, target, arguments)
    if config.model.protocol not in target.protocols:
        near = hint(f"model={composed.choices.get('model')}", arguments)
        raise ConfigError(
            f"model.protocol={config.model.protocol}{argument_position('model.protocol', arguments)} is not "
            f"supported by environment '{target.name}'. It supports: {', '.join(target.protocols)}.{near}"
        )
    factors = _factors(target, config.env, arguments)
    level = _factors(target, composed.level_env, arguments)

    def under_tier(tier: Tier) -> Environment:
        return target(factors=factors, protocol=config.model.protocol, sandbox=sandbox, tier=tier)

    try:
        environment = under_tier(config.tier)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    level_tier = Tier.model_validate({**composed.level_tier, "name": config.tier.name})
    return Cell(
        config, environment, under_tier, sandbox, factors.model_dump(), level.model_dump(), level_tier
    )


def _cell_config(composed: ComposedCell, arguments: Sequence[str]) -> CellConfig:
    node = {key: value for key, value in composed.config.items() if key in CellConfig.model_fields}
    for group in ("prompt", "tier"):
        if group in node:
            node[group] = _with_name(group, node[group], composed.choices.get(group))
    config = validate(CellConfig, node, arguments)
    choice = composed.choices.get("model") or ""
    is_renamed = argument_position("model.id", arguments)
    if choice.startswith("simulated/") and config.model.id != choice and not is_renamed:
        raise ConfigError(
            f"the file of model={choice} gives the id {config.model.id}, so that tables would take it for another "
            f"model. Set id: {choice} in it."
        )
    return config


def _with_name(group: str, node: dict[str, Any], choice: str | None) -> dict[str, Any]:
    """An option of a group with its name, which is that of its file: two files never share one label."""
    name = node.get("name", choice)
    if name != choice:
        raise ConfigError(f"{group}.name={name}: the name of {group}={choice} is its file's. Leave it out.")
    return {**node, "name": name}


def validate(
    schema: type[_Schema], node: Mapping[str, Any], arguments: Sequence[str], **words: str
) -> _Schema:
    """A node of the configuration as its schema has it; `words` go to `explain`.

    Raises:
        ConfigError: everything that is wrong with it.
    """
    try:
        return schema.model_validate(node)
    except ValidationError as error:
        source = partial(argument_position, arguments=arguments)
        near = partial(hint, arguments=arguments)
        raise ConfigError("\n".join(explain(error, schema, source=source, hint=near, **words))) from None


def _with_protocol(config: CellConfig, target: Any, arguments: Sequence[str]) -> CellConfig:
    """The cell with `protocol: reply` where the model's own protocol does not fit: words need nothing of a model.

    A protocol of the command line stands, to be refused where it does not fit.
    """
    fits = config.model.protocol in target.protocols or "reply" not in target.protocols
    if fits or argument_position("model.protocol", arguments):
        return config
    return config.model_copy(update={"model": config.model.model_copy(update={"protocol": "reply"})})


def _target(node: str, config: Mapping[str, Any]) -> Any:
    path = config.get(TARGET)
    try:
        return pkgutil.resolve_name(str(path))
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"{node}._target_={path} cannot be imported: {error}") from None


def construct(node: str, config: Mapping[str, Any], **more: Any) -> Any:
    """The object that a node of the configuration names by `_target_`, made from its other keys.

    Raises:
        ConfigError: there is no such class, or it does not take these keys or values.
    """
    arguments = {key: value for key, value in config.items() if key != TARGET}
    for key in arguments.keys() & more.keys():
        raise ConfigError(f"{node}.{key}: it is the same for every file and set for you. Leave it out.")
    try:
        return _target(node, config)(**arguments, **more)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{node}: {error}") from None


def _factors(target: Any, config: Mapping[str, Any], arguments: Sequence[str]) -> BaseModel:
    values = {key: value for key, value in config.items() if key != TARGET}
    schema: type[BaseModel] = target.Factors
    return validate(schema, values, arguments, prefix="env.", levels_of=target.name)
