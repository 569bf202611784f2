"""The files of `conf/tracker` name exactly the options that a tracker takes."""

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from hydra.utils import get_class, instantiate

from hanlon.tracking.state import Options

CONF = Path(__file__).parents[2] / "conf" / "tracker"


@pytest.mark.parametrize("file", sorted(CONF.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_tracker_file_spells_out_its_trackers_options(file: Path) -> None:
    """Every option stands in the file with its default."""
    config = yaml.safe_load(file.read_text())
    options = asdict(Options()) if file.stem == "wandb" else {}
    assert {name: value for name, value in config.items() if name != "_target_"} == options
    assert isinstance(instantiate(config), get_class(config["_target_"]))
