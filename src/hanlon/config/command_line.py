"""The cells that a command line would sweep, without running it: for a plan, its power, and its preregistration."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from hanlon.config.cell import Cell, build_cell
from hanlon.config.compose import CellComposer
from hanlon.config.errors import ConfigError, explain

if TYPE_CHECKING:
    pass

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from hydra.errors import HydraException
from hydra.types import HydraContext
from omegaconf.errors import OmegaConfBaseException

from hanlon.config.compose import ComposedCell
from hanlon.config.controls import control_cells
from hanlon.config.grid import expand
from hanlon.config.provenance import cell_record
from hanlon.config.schema import CellConfig
from hanlon.store.cells import CellState
from hanlon.store.tally import Tally


def find_conf() -> Path:
    """The folder conf/ beside the run.py of the current folder or one above it, else of this package's checkout.

    Raises:
        ConfigError: there is none.
    """
    here, checkout = Path.cwd(), Path(__file__).resolve().parents[3]
    for folder in (here, *here.parents, checkout):
        if (folder / "run.py").is_file() and (folder / "conf" / "cell.yaml").is_file():
            return folder / "conf"
    raise ConfigError(
        f"{here} is in no checkout: overrides need the conf/ beside run.py. Change there first."
    )


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
    from hydra.types import RunMode

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


def cells_of(
    composer: CellComposer, composed: Sequence[ComposedCell], arguments: list[str]
) -> tuple[dict[str, Cell], int, list[ComposedCell]]:
    """The different cells of composed jobs by key, how many of them were swept, and as composed those behind them.

    Behind the swept cells stand their controls.

    Raises:
        ConfigError: anything wrong with one of them.
    """
    cells = {cell.key: cell for cell in (build_cell(c, arguments) for c in composed)}
    swept = len(cells)
    controls = list(control_cells(composer, composed))
    added = [build_cell(c, arguments) for c in controls]
    return cells | {cell.key: cell for cell in added if cell.key not in cells}, swept, controls


def compose_cell(overrides: list[str]) -> Cell:
    """The cell of these overrides, checked as a sweep would check it.

    Raises:
        ConfigError: no conf/ is found, or the overrides are wrong or more than one cell.
    """
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra._internal.utils import create_config_search_path
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.plugins import Plugins
    from hydra.types import RunMode

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
