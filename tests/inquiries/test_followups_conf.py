"""The group conf/followups: off by default, one set or both, in stock Hydra and in the fast composition."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from hanlon.config.compose import CellComposer, hydra_loader, load_master
from hanlon.config.search_path import BUNDLED, search_path


@pytest.mark.parametrize(
    ("chosen", "sets"),
    [
        ("[]", []),
        ("comprehension", ["comprehension"]),
        ("[self_report]", ["self_report"]),
        ("[comprehension,self_report]", ["comprehension", "self_report"]),
    ],
)
def test_any_choice_of_sets_composes_alike(chosen: str, sets: list[str]) -> None:
    """Each chosen set is a node under `followups` by its own name, and nothing is there where none was chosen."""
    override = f"followups={chosen}"
    with initialize_config_dir(str(BUNDLED), version_base="1.3"):
        stock = OmegaConf.to_container(compose("cell", [override]), resolve=True)
    assert isinstance(stock, dict)
    assert list(stock.get("followups", {})) == sets
    for name in sets:
        assert stock["followups"][name]["questions"] == name
    loader = hydra_loader(search_path())
    composer = CellComposer(loader, load_master(loader, []))
    assert composer.compose([override]).config.get("followups", {}) == stock.get("followups", {})
