"""From a command line to the cells that it sweeps and the options with which it does so. Nothing is run."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from hanlon.config.cell import Cell, build_cell, validate
from hanlon.config.compose import CellComposer, ComposedCell, hydra_loader, load_master
from hanlon.config.controls import control_cells
from hanlon.config.errors import ConfigError, argument_position
from hanlon.config.explanations import explain_error
from hanlon.config.grid import COMPOSITION_KEYS, expand, refuse_sweep_of_option
from hanlon.config.provenance import cell_record
from hanlon.config.schema import CellConfig, RunOptions
from hanlon.config.search_path import search_path
from hanlon.store.cells import CellState
from hanlon.store.tally import Tally


@dataclass(frozen=True, slots=True)
class ComposedSweep:
    """What `python run.py -m <overrides>` would run: its cells, the first `swept` of them swept, then their controls.

    `composed` is what the cells were built from, in which equal ones may occur twice.
    """

    cells: Sequence[Cell]
    swept: int
    options: RunOptions
    composed: Sequence[ComposedCell]
    overrides: Sequence[str]

    @property
    def experiment(self) -> str | None:
        """The name of its file in conf/experiment."""
        return self.composed[0].choices.get("experiment")

    def states(self) -> list[CellState]:
        """The cells as the store would have them before their first episode."""
        return [
            CellState(cell_record(cell, self.options.samples), Tally(), Path(cell.folder_name))
            for cell in self.cells
        ]


def compose_sweep(overrides: str | Sequence[str]) -> ComposedSweep:
    """The sweep of these overrides, checked as `run.py` would check it. A text is split as a shell would split it.

    Raises:
        ConfigError: the search path or the overrides are wrong.
    """
    words = _split(overrides)
    loader = hydra_loader(search_path())
    try:
        master = load_master(loader, words)
        return compose_jobs(loader, master, expand(loader, master, words), words)
    except Exception as error:  # `explain_error` knows which are about the configuration
        problem = explain_error(error, loader, words)
        if problem is None:
            raise
        raise ConfigError(problem) from None


def compose_cell(overrides: str | Sequence[str]) -> Cell:
    """The one cell of these overrides, checked as a sweep would check it.

    Raises:
        ConfigError: the search path or the overrides are wrong, or they are more than one cell.
    """
    words = _split(overrides)
    sweep = compose_sweep(words)
    for override in OverridesParser.create().parse_overrides(words):
        if override.is_sweep_override():
            raise ConfigError(f"{override.input_line} is a sweep: give one value, for one cell")
    if len(sweep.cells) > 1:
        raise ConfigError(
            f"{' '.join(words)} is a sweep of {len(sweep.cells)} cells: give one value for each key"
        )
    return sweep.cells[0]


def _split(overrides: str | Sequence[str]) -> list[str]:
    try:
        words = shlex.split(overrides) if isinstance(overrides, str) else overrides
    except ValueError as error:
        raise ConfigError(f"not readable as words of a command line: {error}") from None
    return [word for word in words if word not in ("-m", "--multirun")]


def compose_jobs(
    loader: ConfigLoader, master: DictConfig, jobs: Sequence[Sequence[str]], arguments: Sequence[str]
) -> ComposedSweep:
    """Compose a sweep from Hydra's jobs: its cells, each once, with their controls, and its options.

    Raises:
        ConfigError: a job or an option is wrong.
    """
    composer = CellComposer(loader, master)
    composed = [composer.compose(job) for job in jobs]
    _check_controls(loader, composed, arguments)
    options = read_options(composed, arguments)
    cells = {cell.key: cell for cell in (build_cell(job, arguments) for job in composed)}
    swept = len(cells)
    controls = list(control_cells(composer, composed))
    for control in controls:
        cell = build_cell(control, arguments)
        cells.setdefault(cell.key, cell)
    return ComposedSweep(list(cells.values()), swept, options, [*composed, *controls], arguments)


def _check_controls(loader: ConfigLoader, composed: Sequence[ComposedCell], arguments: Sequence[str]) -> None:
    """Refuse a mistyped `controls=`: an environment without a file of controls has none, so Hydra lets it pass."""
    options: list[str] = cast(Any, loader).repository.get_group_options("controls")
    for job in composed:
        choice = job.choices.get("controls")
        if choice not in (None, job.choices["env"], *options):
            position = argument_position("controls", arguments)
            raise ConfigError(
                f"controls={choice} is not an option of group 'controls'{position}. Options: {', '.join(options)}"
            )


def read_options(composed: Sequence[ComposedCell], arguments: Sequence[str]) -> RunOptions:
    """The run options of a sweep, which are the same for all of its jobs.

    Raises:
        ConfigError: a wrong value, or two jobs with different values.
    """
    nodes = [
        {
            key: value
            for key, value in job.config.items()
            if key not in {*CellConfig.model_fields, *COMPOSITION_KEYS}
        }
        for job in composed
    ]
    for node in nodes:
        for key, value in node.items():
            if value != nodes[0].get(key):
                refuse_sweep_of_option(key, f"{key}={nodes[0].get(key)},{value}")
    return validate(RunOptions, nodes[0], arguments)
