"""What a cell says without being run or stored: its texts from overrides, through the conf/ that run.py uses."""

import re
import shlex

from hanlon.analysis.prompt_diff import Said
from hanlon.cell import Cell, build_cell
from hanlon.config.checkout import find_conf
from hanlon.config.compose import CellComposer
from hanlon.config.errors import ConfigError, explain

_OVERRIDE = re.compile(r"[+~]{0,2}[\w@./]+=.*", re.DOTALL)


def are_overrides(text: str) -> bool:
    """Whether a text reads `key=value key=value`; a label (`baseline+tier=free`) does not."""
    words = text.split()
    return bool(words) and _OVERRIDE.fullmatch(words[0]) is not None


def said_by(overrides: str) -> Said:
    """The texts of the cell that `python run.py <overrides>` would run.

    Raises:
        ConfigError: no conf/ is found, or the overrides are wrong or more than one cell.
    """
    try:
        cell = compose_cell(shlex.split(overrides))
    except ValueError as error:  # of shlex
        raise ConfigError(f"not readable as words of a command line: {error}") from None
    return Said(f"{cell.environment.name} {cell.label}  {cell.key}  {cell.config.model.id}", cell.texts)


def compose_cell(overrides: list[str]) -> Cell:
    """The cell of these overrides, checked as a sweep would check it.

    Raises:
        ConfigError: no conf/ is found, or the overrides are wrong or more than one cell.
    """
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra._internal.utils import create_config_search_path
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.plugins import Plugins
    from hydra.errors import HydraException
    from hydra.types import RunMode
    from omegaconf.errors import OmegaConfBaseException

    conf = find_conf()
    Plugins.instance()  # config.yaml names our launcher and sweeper, which register themselves
    try:
        for override in OverridesParser.create().parse_overrides(overrides):
            if override.is_sweep_override():
                raise ConfigError(f"{override.input_line} is a sweep: give one value, for one cell")
        loader = ConfigLoaderImpl(create_config_search_path(f"file://{conf}"))
        composer = CellComposer(loader, loader.load_configuration("config", [], RunMode.MULTIRUN))
        return build_cell(composer.compose(overrides), [])
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(explain(error, conf, overrides)) from None
