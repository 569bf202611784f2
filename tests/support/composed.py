"""Cells as a sweep would compose them from conf/, without running anything."""

from functools import cache
from pathlib import Path

from hanlon.config.cell import Cell, build_cell
from hanlon.config.compose import CellComposer, hydra_loader, load_master
from hanlon.config.provenance import cell_record
from hanlon.config.search_path import ConfFolder, SearchPath, search_path
from hanlon.store.records import CellRecord

CONF = Path(__file__).parents[2] / "conf"


def only(folder: Path) -> SearchPath:
    """A search path of one folder."""
    return SearchPath((ConfFolder(folder),))


@cache
def composer() -> CellComposer:
    """A composer over conf/."""
    loader = hydra_loader(search_path())
    return CellComposer(loader, load_master(loader, []))


def cell(*overrides: str) -> Cell:
    """The cell of one job of a sweep."""
    return build_cell(composer().compose(overrides), list(overrides))


def record(*overrides: str) -> CellRecord:
    """What its cell.json would hold."""
    return cell_record(cell(*overrides), samples=10)
