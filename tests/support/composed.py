"""Cells as a sweep would compose them from conf/, without running anything."""

from functools import cache
from pathlib import Path

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.types import RunMode

from hanlon.config.cell import Cell, build_cell
from hanlon.config.compose import CellComposer
from hanlon.config.provenance import cell_record
from hanlon.store.records import CellRecord

CONF = Path(__file__).parents[2] / "conf"


@cache
def composer() -> CellComposer:
    """A composer over conf/."""
    loader = ConfigLoaderImpl(create_config_search_path(f"file://{CONF}"))
    master = loader.load_configuration("config", ["hydra.job.name=test"], RunMode.MULTIRUN)
    return CellComposer(loader, master)


def cell(*overrides: str) -> Cell:
    """The cell of one job of a sweep."""
    return build_cell(composer().compose(overrides), list(overrides))


def record(*overrides: str) -> CellRecord:
    """What its cell.json would hold."""
    return cell_record(cell(*overrides), samples=10)
