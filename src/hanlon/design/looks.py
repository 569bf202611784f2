"""Plans interim looks before the first call: at which n, and at which alpha each."""

import math
from collections.abc import Sequence

from hanlon.analysis.contrasts.grid import subject
from hanlon.analysis.stats.looks import ALPHA, nominal_alphas
from hanlon.config.errors import ConfigError
from hanlon.config.schema import RunOptions
from hanlon.design.request_rates import request_count
from hanlon.hypotheses.schema import Plan
from hanlon.store.records import CellRecord, Look, LookPlan


def planned_looks(
    records: Sequence[CellRecord], plans: Sequence[Plan], options: RunOptions
) -> list[LookPlan]:
    """The looks of each model and protocol among these cells; none where the only look is the end.

    Raises:
        ConfigError: looks that cannot be equally spaced, that have nothing to judge, or that do not see all episodes.
    """
    if options.looks == 1:
        return []
    _check_judged(records, plans, options)
    models: dict[object, list[CellRecord]] = {}
    for record in records:
        models.setdefault(subject(record), []).append(record)
    for cells in models.values():
        _check_spacing(cells, options)
    sizes = [options.samples * number // options.looks for number in range(1, options.looks + 1)]
    looks = [Look(n, alpha) for n, alpha in zip(sizes, nominal_alphas(options.looks), strict=True)]
    return [LookPlan([record.key for record in cells], list(looks)) for cells in models.values()]


def looks_text(looks: Sequence[Look]) -> str:
    """At which n they are and how each is tested."""
    alphas = _and([f"{look.alpha:.2g}" for look in looks])
    return (
        f"n = {sizes_text(looks)} episodes a cell, tested at a two-sided alpha of {alphas} ({ALPHA} in all: Lan & "
        "DeMets 1983, spending of the O'Brien-Fleming type)"
    )


def sizes_text(looks: Sequence[Look]) -> str:
    """The n of each look."""
    return _and([str(look.n) for look in looks])


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _check_judged(records: Sequence[CellRecord], plans: Sequence[Plan], options: RunOptions) -> None:
    for env in dict.fromkeys(record.env for record in records):
        if not any(plan.hypotheses for plan in plans if plan.env == env):
            raise ConfigError(
                f"looks={options.looks}: there is nothing to judge at a look, since no hypothesis about env={env} is "
                "chosen. Choose some (hypotheses=[...], null for all of conf/hypothesis), or looks=1."
            )
    if options.shard.of > 1:
        raise ConfigError(
            f"looks={options.looks} with shard={options.shard.number}/{options.shard.of}: a look judges the episodes "
            "of all shards, and this process has a part of them. Leave shard out, or looks=1."
        )


def _check_spacing(cells: Sequence[CellRecord], options: RunOptions) -> None:
    """Refuse looks between which cells get different numbers of episodes, or requests different numbers of repeats."""
    samples, looks = options.samples, options.looks
    if looks > samples:
        raise ConfigError(
            f"looks={looks} is more than samples={samples}: every look needs new episodes. Give fewer looks or more "
            "samples."
        )
    requests = math.lcm(*(count for cell in cells if (count := request_count(cell)) is not None))
    repeated = 1 < requests < samples
    step = looks * requests if repeated else looks
    if samples % step:
        why = f" times {requests} requests, each as often as the others at every look" if repeated else ""
        lower = samples // step * step
        instead = [f"samples={n}" for n in (lower, lower + step) if n]
        raise ConfigError(
            f"looks={looks}: samples={samples} is no multiple of {looks}{why}. Equally spaced looks take "
            f"{' or '.join(instead)}."
        )
