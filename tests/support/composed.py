"""Cells as a sweep would compose them from conf/, without running anything."""

from functools import cache
from pathlib import Path

from hanlon.config.cell import Cell, build_cell
from hanlon.config.compose import CellComposer, hydra_loader, load_master
from hanlon.config.provenance import cell_record
from hanlon.store.records import CellRecord

CONF = Path(__file__).parents[2] / "conf"


@cache
def composer() -> CellComposer:
    """A composer over conf/."""
    loader = hydra_loader(CONF)
    return CellComposer(loader, load_master(loader, []))


def cell(*overrides: str) -> Cell:
    """The cell of one job of a sweep."""
    return build_cell(composer().compose(overrides), list(overrides))


def record(*overrides: str) -> CellRecord:
    """What its cell.json would hold."""
    return cell_record(cell(*overrides), samples=10)
