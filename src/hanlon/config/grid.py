"""The grid of a sweep: products of the swept overrides, over one or several `grids`, less what is excluded."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from hanlon.config.errors import ConfigError
from hanlon.config.hints import hint
from hanlon.config.schema import RunOptions

COMPOSITION_KEYS = ("controls", "experiment")
"""Keys of conf/cell.yaml that say which cells are composed. They are neither in a cell nor among its run options."""


def expand(loader: ConfigLoader, master: DictConfig, arguments: Sequence[str]) -> list[list[str]]:
    """The override lists of all jobs, each once, in grid order.

    A key on the command line replaces the same key of `hydra.sweeper.params` and of every grid; new keys multiply.

    Raises:
        ConfigError: a sweep over what is no part of a cell, an empty grid, a grid that is all excluded.
    """
    parser = OverridesParser.create(config_loader=loader)
    sweeper: Any = master.hydra.sweeper
    grids: Sequence[Mapping[str, Any]] = sweeper.grids or [{}]
    params: Mapping[str, Any] = sweeper.params or {}
    jobs: dict[tuple[str, ...], list[str]] = {}
    for grid in grids:
        lines = [f"{key}={value}" for key, value in {**params, **grid}.items()]
        parsed = parser.parse_overrides([*lines, *arguments])
        _refuse_illegal_sweeps(parsed)
        (batch,) = BasicSweeper.split_arguments(parsed, None)
        jobs.update({tuple(job): job for job in batch})
    if not jobs:
        raise ConfigError("the grid has no cell: a glob(...) matched no option of its group")
    kept = [job for job in jobs.values() if not any(_matches(job, rule, master) for rule in sweeper.exclude)]
    if not kept:
        raise ConfigError(f"hydra.sweeper.exclude leaves none of the {len(jobs)} cells of the grid")
    return kept


def refuse_sweep_of_option(key: str, line: str) -> NoReturn:
    """Refuse an override that gives the jobs of one sweep different run options.

    Raises:
        ConfigError: always.
    """
    raise ConfigError(
        f"{line}: '{key}' is no part of a cell, so a sweep over it would run the same cells again. Give {key} one "
        f"value.{hint(line)}"
    )


def _refuse_illegal_sweeps(overrides: list[Override]) -> None:
    for override in overrides:
        key = override.get_key_element().lstrip("+~")
        root = key.split(".")[0]
        if not override.is_sweep_override():
            continue
        if root == "experiment":
            raise ConfigError(
                f"{override.input_line}: a sweep over experiments would drop their grids. "
                "Run them one after the other: experiment=a, then experiment=b."
            )
        if root in RunOptions.model_fields or root in COMPOSITION_KEYS:
            refuse_sweep_of_option(root, str(override.input_line))
        if override.is_discrete_sweep() and not list(override.sweep_string_iterator()):
            raise ConfigError(f"{override.input_line}: this matches no option of '{key}'")


def _matches(job: Sequence[str], rule: Mapping[str, Any], master: DictConfig) -> bool:
    chosen = dict(line.split("=", 1) for line in job)
    return all(chosen.get(key, _default(master, key)) == str(value) for key, value in rule.items())


def _default(master: DictConfig, key: str) -> str | None:
    choices: DictConfig = master.hydra.runtime.choices
    value = choices[key] if key in choices else OmegaConf.select(master, key)
    return None if value is None else str(value)
