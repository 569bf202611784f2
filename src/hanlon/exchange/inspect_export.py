"""Writes cells as Inspect logs, one `.eval` a cell, or a branch of its episodes.

The same cells give the same bytes with the same Inspect.
"""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hanlon.analysis.rates_table import RatesRow, rates_rows
from hanlon.environments.tier import TierFacts
from hanlon.exchange.every_eval_ever import generation
from hanlon.exchange.export_rows import branch_fields, public_factors
from hanlon.exchange.inspect_package import inspect_module
from hanlon.exchange.inspect_rows import FORK, OURS, STAND_IN
from hanlon.exchange.inspect_samples import inspect_samples
from hanlon.store.cells import CellState
from hanlon.store.digest import digest
from hanlon.store.episodes import BRANCH, read_branch
from hanlon.store.records import BranchRecord, CellRecord
from hanlon.store.redaction import Redaction

SIMULATED = "simulated"
"""How a log says that its model is a scripted policy: in the model's name, as a tag and in the metadata."""
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""Of each part of an archive: the earliest that there is."""


def write_logs(states: Sequence[CellState], folder: Path) -> None:
    """Write a log for each cell, or branch of episodes, into a folder that is there.

    Raises:
        Refusal: Inspect is not installed.
        OSError: it cannot be written.
    """
    reader = inspect_module("log")
    run = digest([state.record.key for state in states])
    rates: dict[str, list[RatesRow]] = {}
    for row in rates_rows(states, ["all"]):
        rates.setdefault(row.record.key, []).append(row)
    for state in states:
        log = _log(state, rates.get(state.record.key, []), run)
        file = folder / _file_name(state.record)
        reader.write_eval_log(log, str(file), format="eval")
        _without_clock(file)


def _file_name(record: CellRecord) -> str:
    """In the form by which Inspect finds time, task and id."""
    label = re.sub(r"[^A-Za-z0-9.]+", "-", f"{record.env}-{record.label}").strip("-")[:80]
    return f"{_time(record.created_at):%Y-%m-%dT%H-%M-%S+00-00}_{label}_{record.key}.eval"


def _without_clock(file: Path) -> None:
    """Write an archive again without the times of its parts, so that two exports are equal."""
    with zipfile.ZipFile(file) as archive:
        parts = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            part = zipfile.ZipInfo(name, _ZIP_TIME)
            part.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(part, content)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _log(state: CellState, rates: Sequence[RatesRow], run: str) -> Any:
    log, record = inspect_module("log"), state.record
    branch = read_branch(state.folder) if (state.folder / BRANCH).is_file() else None
    model = _model(record)
    samples = inspect_samples(state, model, branch)
    times = [time for sample in samples for time in (sample.started_at, sample.completed_at) if time]
    return log.EvalLog(
        status="success",
        eval=_spec(record, branch, model, samples, run),
        plan=log.EvalPlan(steps=[log.EvalPlanStep(solver=f"hanlon/{record.protocol}")]),
        results=log.EvalResults(
            total_samples=len(samples),
            completed_samples=sum(not sample.error for sample in samples),
            scores=[*map(_rate, rates), *_frequencies(samples, {row.rate.measure for row in rates})],
        ),
        stats=log.EvalStats(
            started_at=min(times, default=""),
            completed_at=max(times, default=""),
            model_usage=_usage(samples),
        ),
        samples=samples,
    )


def _usage(samples: Sequence[Any]) -> dict[str, Any]:
    """Of all samples together, by model."""
    total: dict[str, Any] = {}
    for sample in samples:
        for model, usage in sample.model_usage.items():
            total[model] = total[model] + usage if model in total else usage
    return total


def _model(record: CellRecord) -> str:
    if record.simulated and not record.model.startswith((SIMULATED, STAND_IN)):
        return f"{SIMULATED}/{record.model}"
    return record.model


def _spec(
    record: CellRecord, branch: BranchRecord | None, model: str, samples: Sequence[Any], run: str
) -> Any:
    log = inspect_module("log")
    ids: list[str | int] = list(dict.fromkeys(sample.id for sample in samples))
    task = f"{record.env}_{FORK}" if branch else record.env
    factors = {**_leaves(branch), "prompt": record.prompt, **public_factors(record)}
    config = generation(record)
    created = _time(record.created_at).isoformat()
    return log.EvalSpec(
        eval_id=record.key,
        run_id=run,
        task_id=record.key,
        created=created,
        task=task,
        task_display_name=f"{task}: {record.label}",
        task_args=factors,
        task_args_passed=factors,
        solver=f"hanlon/{record.protocol}",
        dataset=log.EvalDataset(name=record.env, samples=len(ids), sample_ids=_of_one_type(ids)),
        model=model,
        model_generate_config=inspect_module("model").GenerateConfig(**config),
        config=log.EvalConfig(epochs=max((sample.epoch for sample in samples), default=1)),
        revision=log.EvalRevision(type="git", origin="", commit=record.git_sha) if record.git_sha else None,
        packages={"hanlon": version("hanlon"), "inspect_ai": version("inspect-ai")},
        tags=[OURS, *([FORK] if branch else []), *([SIMULATED] if record.simulated else [])],
        metadata=_metadata(record, branch),
    )


def _leaves(branch: BranchRecord | None) -> dict[str, Any]:
    return Redaction().tree(branch_fields(branch)) if branch else {}


def _of_one_type(ids: Sequence[str | int]) -> list[Any]:
    return list(ids) if len({type(each) for each in ids}) < 2 else [str(each) for each in ids]


def _metadata(record: CellRecord, branch: BranchRecord | None) -> dict[str, Any]:
    """What a cell is beside its factors; with it an import makes the same cell again."""
    tier: dict[str, Any] = record.config.get("tier") or {}
    ours: dict[str, Any] = {
        "cell": record.key,
        "label": record.label,
        "endpoint": record.endpoint,
        "protocol": record.protocol,
        "simulated": record.simulated,
        "measures": record.measures,
        "no_effect": record.no_effect,
        "tiers": {tier["name"]: {name: tier.get(name) for name in TierFacts.model_fields}}
        if tier.get("word")
        else {},
        "versions": record.versions,
        "imported": str(record.imported) if record.imported else None,
        "notes": record.notes,
    }
    if branch:
        ours[FORK] = {**branch_fields(branch), "parents": branch.drawn, "parent_outcome": branch.outcome}
    policy = {SIMULATED: "a scripted policy, not a language model"} if record.simulated else {}
    return {**policy, OURS: Redaction().tree(ours)}


def _rate(row: RatesRow) -> Any:
    """A measure with its rate and interval as the tables have them."""
    log, rate = inspect_module("log"), row.rate
    numbers = (
        {"rate": rate.rate, "k": rate.k, "n": rate.n, "lo": rate.lo, "hi": rate.hi}
        if rate.n
        else {"k": 0, "n": 0}
    )
    return log.EvalScore(
        name=rate.measure,
        scorer=rate.measure,
        scored_samples=rate.n,
        unscored_samples=row.tally.episodes - rate.n,
        metrics={name: log.EvalMetric(name=name, value=value) for name, value in numbers.items()},
        metadata={
            "description": row.record.measures[rate.measure],
            "interval": f"{rate.method} {rate.level}",
        },
    )


def _frequencies(samples: Sequence[Any], measures: set[str]) -> Iterator[Any]:
    """How often each outcome and each value of a label is."""
    log = inspect_module("log")
    counts: dict[str, Counter[str]] = {}
    for sample in samples:
        for name, score in sample.scores.items():
            if name not in measures and isinstance(score.value, str):
                counts.setdefault(name, Counter())[score.value] += 1
    for name, values in counts.items():
        metrics = {value: log.EvalMetric(name=value, value=count) for value, count in sorted(values.items())}
        yield log.EvalScore(name=name, scorer=name, scored_samples=values.total(), metrics=metrics)
