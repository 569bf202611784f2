"""Fast composition against stock Hydra."""

import time
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf, open_dict

from hanlon.config.compose import CellComposer, hydra_loader, load_master
from hanlon.config.search_path import search_path
from support.quick import mostly_slow

CONF = Path(__file__).parents[2] / "conf"


def options() -> list[str]:
    """One override for every file of every group of conf/."""
    chosen: list[str] = []
    for file in sorted(CONF.rglob("*.yaml")):
        group, *rest = file.relative_to(CONF).with_suffix("").parts
        if group == "hypothesis":  # no part of a cell
            continue
        if not rest or file.stem == "base":
            continue
        if group == "prompt":  # a level has no other file than its environment's
            env, *level = rest
            chosen.append(f"env={env} prompt={'/'.join(level)}")
            continue
        more = "" if group != "model" else " model.id=x model.base_url=http://127.0.0.1:1/v1"
        more += " model.server.config.policy=ambiguity" if rest == ["simulated"] and group == "model" else ""
        chosen.append(f"{group}={'/'.join(rest)}{more}")
    return [
        *chosen,
        "model=openrouter/some-vendor/some-model:free",
        "model=openai/gpt-x model.sampling.temperature=0.5",
        "env.placement=system ++model.extra_body.top_k=3 samples=7",
        "tracker=none prompt=baseline ++model.extra_body={a:{b:1}}",
    ]


@pytest.fixture(scope="module")
def composer() -> CellComposer:
    """A composer over conf/."""
    loader = hydra_loader(search_path())
    return CellComposer(loader, load_master(loader, []))


@pytest.mark.parametrize("overrides", mostly_slow(options(), 25))
def test_every_file_of_conf_composes_as_stock_hydra_does(composer: CellComposer, overrides: str) -> None:
    """The resolved cell equals what stock Hydra composes from the same overrides."""
    with initialize_config_dir(str(CONF), version_base=None, job_name="test"):
        stock = compose("config", overrides.split())
    with open_dict(stock):
        stock.pop("hydra", None)
    expected = OmegaConf.to_container(stock, resolve=True, throw_on_missing=True)
    assert composer.compose(overrides.split()).config == expected


def test_a_thousand_cells_cost_at_most_ten_milliseconds_each(composer: CellComposer) -> None:
    """Far from the bound: a grid over factors repeats its group choices."""
    started = time.process_time()
    for number in range(200):
        composer.compose(
            [
                f"prompt={('baseline', 'placebo')[number % 2]}",
                f"env.wording={number % 3 + 1}",
                f"seed={number}",
            ]
        )
    assert time.process_time() - started < 200 * 0.020
