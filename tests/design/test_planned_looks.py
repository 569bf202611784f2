"""Looks that are planned: equally spaced, with each request equally often, each model by itself."""

import pytest

from hanlon.config.errors import ConfigError
from hanlon.config.schema import RunOptions
from hanlon.design.looks import planned_looks
from hanlon.design.request_rates import request_count
from hanlon.hypotheses.files import plans_for
from hanlon.store.records import CellRecord, LookPlan
from hanlon.store.shard import Shard
from support.composed import record

FREE_AND_PAID = [
    record("env=alignment_faking", f"tier={tier}", "prompt=baseline") for tier in ("free", "paid")
]


def planned(cells: list[CellRecord], samples: int, looks: int) -> list[LookPlan]:
    """The looks of these cells."""
    run = RunOptions(
        samples=samples, looks=looks, runs_dir="", plan=False, tracker={}, max_connections=1, shard=Shard()
    )
    return planned_looks(cells, plans_for([cell.env for cell in cells], None), run)


def test_each_model_has_its_own_looks() -> None:
    """Those of one command are at the same n."""
    ambiguity, obedient = (
        record("prompt=baseline", f"model=simulated/{name}") for name in ("ambiguity", "obedient")
    )
    first, second = planned([ambiguity, obedient], 90, 3)
    assert (first.cells, second.cells) == ([ambiguity.key], [obedient.key])
    assert [look.n for look in first.looks] == [look.n for look in second.looks] == [30, 60, 90]
    assert planned([ambiguity], 90, 1) == []


def test_a_look_sees_each_request_equally_often() -> None:
    """Where there are more episodes than requests; with fewer, each request has one episode at most."""
    requests = request_count(FREE_AND_PAID[0])
    assert requests == 60
    (plan,) = planned(FREE_AND_PAID, 360, 3)
    assert [look.n for look in plan.looks] == [120, 240, 360]
    (plan,) = planned(FREE_AND_PAID, 60, 3)
    assert [look.n for look in plan.looks] == [20, 40, 60]
    with pytest.raises(ConfigError, match=r"times 60 requests.*samples=180 or samples=360"):
        planned(FREE_AND_PAID, 240, 3)


def test_more_looks_than_episodes_are_refused() -> None:
    """Every look needs new ones."""
    with pytest.raises(ConfigError, match="looks=5 is more than samples=4"):
        planned([record("prompt=baseline")], 4, 5)
