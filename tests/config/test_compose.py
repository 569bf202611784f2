"""Fast composition against stock Hydra."""

import time
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.types import RunMode
from omegaconf import OmegaConf, open_dict

from hanlon.config.compose import CellComposer

CONF = Path(__file__).parents[2] / "conf"
ENVS = ("shutdown", "alignment_faking")


def options() -> list[str]:
    """One override for every file of every group of conf/."""
    chosen: list[str] = []
    for file in sorted(CONF.rglob("*.yaml")):
        group, *rest = file.relative_to(CONF).with_suffix("").parts
        if group == "hypothesis":  # no part of a cell
            continue
        if not rest or file.stem == "base" or (group == "prompt" and len(rest) > 1):
            continue
        if group == "prompt":
            chosen += [
                f"env={env} prompt={rest[0]}" for env in ENVS if (CONF / "prompt" / env / file.name).exists()
            ]
            continue
        more = "" if group != "model" else " model.id=x model.base_url=http://127.0.0.1:1/v1"
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
    loader = ConfigLoaderImpl(create_config_search_path(f"file://{CONF}"))
    master = loader.load_configuration("config", ["hydra.job.name=test"], RunMode.MULTIRUN)
    return CellComposer(loader, master)


@pytest.mark.parametrize("overrides", options())
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
