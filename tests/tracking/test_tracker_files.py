"""The files of `conf/tracker` name exactly what the constructors take."""

import inspect
from pathlib import Path

import pytest
import yaml
from hydra.utils import get_class, instantiate

CONF = Path(__file__).parents[2] / "conf" / "tracker"


@pytest.mark.parametrize("file", sorted(CONF.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_tracker_file_spells_out_its_trackers_options(file: Path) -> None:
    """Every option stands in the file with the constructor's default; only `say` is the engine's to give."""
    config = yaml.safe_load(file.read_text())
    tracker = get_class(config["_target_"])
    options = {
        name: one.default for name, one in inspect.signature(tracker).parameters.items() if name != "say"
    }
    assert {name: value for name, value in config.items() if name != "_target_"} == options
    assert isinstance(instantiate(config), tracker)
