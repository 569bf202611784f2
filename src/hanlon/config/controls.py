"""The control cells of a sweep over tiers: those without which a gap between them cannot be read (conf/controls)."""

from collections.abc import Iterator, Sequence
from typing import Any

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from hanlon.config.cell import validate
from hanlon.config.compose import CellComposer, ComposedCell
from hanlon.config.errors import ConfigError
from hanlon.config.schema import Control


def control_cells(composer: CellComposer, swept: Sequence[ComposedCell]) -> Iterator[ComposedCell]:
    """The controls of the swept cells, where these are of more than one tier; equal ones once.

    Raises:
        ConfigError: a control is malformed, or cannot be composed with the other choices of the command line.
    """
    several_tiers = len({cell.choices.get("tier") for cell in swept}) > 1
    seen = {cell.overrides for cell in swept}
    for cell in swept:
        controls: dict[str, Any] = cell.config.get("controls") or {}
        for name, node in controls.items():
            control = validate(Control, node, (), prefix=f"controls.{name}.")
            if not several_tiers or any(cell.choices.get(g) != choice for g, choice in control.when.items()):
                continue
            overrides = _overrides(cell.overrides, control)
            if overrides not in seen:
                seen.add(overrides)
                yield _compose(composer, name, overrides)


def _overrides(swept: Sequence[str], control: Control) -> tuple[str, ...]:
    kept = [line for line in swept if _is_kept(line.lstrip("+~").split("=", 1)[0], control)]
    return (*kept, *(f"{group}={choice}" for group, choice in control.set.items()))


def _is_kept(key: str, control: Control) -> bool:
    if key in control.set or any(key.startswith(f"{group}.") for group in control.set):
        return False
    return control.keep is None or not key.startswith("env.") or key in control.keep


def _compose(composer: CellComposer, name: str, overrides: tuple[str, ...]) -> ComposedCell:
    try:
        return composer.compose(overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(
            f"the control {name} ({' '.join(overrides)}) cannot be composed: {str(error).splitlines()[0]} "
            "Leave the controls out with controls=none."
        ) from error
