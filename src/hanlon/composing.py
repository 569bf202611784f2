"""The cells that a command line would sweep, without running it: for a plan, its power, and its preregistration."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hanlon.analysis.tables import CellState
from hanlon.cell import Cell
from hanlon.config.checkout import find_conf
from hanlon.config.compose import CellComposer
from hanlon.config.errors import ConfigError, explain
from hanlon.config.schema import CellConfig
from hanlon.config.sweeper import expand
from hanlon.launch import cells_of
from hanlon.provenance import cell_record
from hanlon.tally import Tally


@dataclass(frozen=True, slots=True)
class ComposedSweep:
    """What `python run.py -m <overrides>` would run: its cells with their controls, and the options of all of them."""

    cells: Sequence[Cell]
    options: CellConfig
    experiment: str | None
    overrides: Sequence[str]

    def states(self) -> list[CellState]:
        """The cells as the store would have them before their first episode."""
        return [
            CellState(cell_record(cell, self.options.samples), Tally(), Path(cell.folder_name))
            for cell in self.cells
        ]


def compose_sweep(overrides: str) -> ComposedSweep:
    """The sweep of these overrides, checked as `run.py` would check it.

    Raises:
        ConfigError: no conf/ is found, or the overrides are wrong.
    """
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        words = [word for word in shlex.split(overrides) if word not in ("-m", "--multirun")]
    except ValueError as error:
        raise ConfigError(f"not readable as words of a command line: {error}") from None
    conf = find_conf()
    try:
        return _compose(conf, words)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(explain(error, conf, words)) from None


def _compose(conf: Path, words: list[str]) -> ComposedSweep:
    from hydra._internal.callbacks import Callbacks
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra._internal.utils import create_config_search_path
    from hydra.core.plugins import Plugins
    from hydra.types import HydraContext, RunMode

    Plugins.instance()  # config.yaml names our launcher and sweeper, which register themselves
    loader = ConfigLoaderImpl(create_config_search_path(f"file://{conf}"))
    master = loader.load_configuration("config", [*words, "hydra.job.name=hanlon"], RunMode.MULTIRUN)
    sweeper = cast(Any, master).hydra.sweeper
    context = HydraContext(config_loader=loader, callbacks=Callbacks())
    jobs = expand(context, master, sweeper.params, sweeper.grids, sweeper.exclude, words)
    composer = CellComposer(loader, master)
    composed = [composer.compose(job) for job in jobs]
    cells, _, _ = cells_of(composer, composed, words)
    found = list(cells.values())
    return ComposedSweep(found, found[0].config, composed[0].choices.get("experiment"), words)
