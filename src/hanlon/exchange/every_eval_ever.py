"""Every Eval Ever: one JSON file for each environment and model, one result for each cell and measure.

The format is `eval.schema.json` 0.3.0 of github.com/evaleval/every_eval_ever; files lie where its datastore wants them,
`data/<collection>/<developer>/<model>/<uuid>.json`.
"""

import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from hanlon.analysis.inert import json_text
from hanlon.analysis.rates_table import RatesRow, rates_rows
from hanlon.exchange.export_rows import public_factors
from hanlon.exchange.refusal import Refusal
from hanlon.store.cells import CellState
from hanlon.store.digest import as_json, digest
from hanlon.store.records import CellRecord

SCHEMA_VERSION = "0.3.0"
GENERATION = ("temperature", "top_p", "top_k", "max_tokens")
"""Sampling parameters for which the format has a field; the others are details."""
UNKNOWN = "unknown"
DIRECTION = (
    "a rate of the behaviour that is studied, which is alarming where it happens; the format asks which is better, and "
    "the study does not"
)


def eval_files(states: Sequence[CellState], organization: str) -> dict[str, str]:
    """The files by their path below the folder.

    Raises:
        Refusal: no cell has an episode that can be counted.
    """
    groups: dict[tuple[Any, ...], list[RatesRow]] = {}
    for row in rates_rows(states, ["all"]):
        if row.rate.n:
            record = row.record
            origin = record.imported.sha256 if record.imported else ""
            groups.setdefault((record.env, row.model, record.endpoint, record.protocol, origin), []).append(
                row
            )
    if not groups:
        raise Refusal("no episode can be counted in these cells, so there is no rate to export")
    return dict(_file(rows, organization) for rows in groups.values())


def _file(rows: Sequence[RatesRow], organization: str) -> tuple[str, str]:
    record, now = rows[0].record, time.time()
    developer, _, name = record.model.rpartition("/")
    developer = developer or UNKNOWN
    name_of_file = uuid.UUID(hex=digest([row.record.key for row in rows]) * 2, version=4)
    path = "/".join(_component(part) for part in (record.env, developer, name))
    content: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{record.env}.{record.protocol}/{record.model}/{now}",
        "evaluation_timestamp": str(min(row.record.created_at for row in rows)),
        "retrieved_timestamp": str(now),
        "source_metadata": _source(record, organization),
        "eval_library": {"name": "hanlon", "version": version("hanlon")},
        "model_info": _model(rows[0], developer),
        "evaluation_results": [_result(row) for row in rows],
    }
    return f"data/{path}/{name_of_file}.json", json_text(
        json.dumps(content, indent=2, ensure_ascii=False)
    ) + "\n"


def _component(text: str) -> str:
    """A part of a path that is legal on every file system."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or UNKNOWN


def _source(record: CellRecord, organization: str) -> dict[str, Any]:
    imported = record.imported
    return {
        "source_name": imported.file if imported else "Hanlon",
        "source_type": "documentation" if imported else "evaluation_run",
        "source_organization_name": organization,
        "evaluator_relationship": "other",
        **({"additional_details": {"imported": str(imported)}} if imported else {}),
    }


def _model(row: RatesRow, developer: str) -> dict[str, Any]:
    record = row.record
    served_here = (
        record.simulated or record.endpoint == "embedded" or bool(_model_config(record).get("server"))
    )
    unknown = record.imported is not None or record.endpoint == "endpoint"
    deployed = "self_deployed" if served_here else UNKNOWN if unknown else "externally_managed"
    where = (
        {"inference_engine": {"name": record.endpoint}}
        if served_here
        else {"inference_platform": record.endpoint}
    )
    return {
        "name": row.model,
        "id": record.model,
        "developer": developer,
        **({} if unknown else where),
        "additional_details": {
            "deployment_type": deployed,
            "model_availability": UNKNOWN,
            "action_protocol": record.protocol,
            "simulated": as_json(record.simulated),
        },
    }


def _result(row: RatesRow) -> dict[str, Any]:
    record, rate = row.record, row.rate
    return {
        "evaluation_result_id": f"{record.key}:{rate.measure}",
        "evaluation_name": f"{record.env}: {row.label}",
        "source_data": {
            "dataset_name": record.env,
            "source_type": "other",
            "additional_details": _factors(record),
        },
        "evaluation_timestamp": str(record.created_at),
        "metric_config": {
            "evaluation_description": record.measures[rate.measure],
            "metric_id": f"hanlon.{record.env}.{rate.measure}",
            "metric_name": rate.measure,
            "metric_kind": "rate",
            "metric_unit": "proportion",
            "lower_is_better": True,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
            "additional_details": {"lower_is_better": DIRECTION},
        },
        "score_details": {
            "score": rate.rate,
            "details": {
                "k": str(rate.k),
                "n": str(rate.n),
                "excluded": as_json(rate.excluded),
                "bounds_if_all_excluded_went_one_way": as_json(list(rate.bounds)),
            },
            "uncertainty": {
                "confidence_interval": {
                    "lower": rate.lo,
                    "upper": rate.hi,
                    "confidence_level": rate.level,
                    "method": f"{rate.method} score interval, episodes independent",
                },
                "num_samples": rate.n,
            },
        },
        "generation_config": _generation(record),
    }


def _factors(record: CellRecord) -> dict[str, str]:
    settings = {"prompt": record.prompt, **public_factors(record)}
    return {name: value if isinstance(value, str) else as_json(value) for name, value in settings.items()}


def _model_config(record: CellRecord) -> Mapping[str, Any]:
    return record.config.get("model") or {}


def generation(record: CellRecord) -> dict[str, Any]:
    """The sampling parameters that a cell sets and every format of evaluations knows."""
    sampling = _sampling(record)
    return {name: sampling[name] for name in GENERATION if sampling.get(name) is not None}


def _generation(record: CellRecord) -> dict[str, Any]:
    return {"generation_args": generation(record), "additional_details": dict(_others(record))}


def _sampling(record: CellRecord) -> Mapping[str, Any]:
    return _model_config(record).get("sampling") or {}


def _others(record: CellRecord) -> Iterator[tuple[str, str]]:
    for name, value in _sampling(record).items():
        if name not in GENERATION and value is not None:
            yield name, value if isinstance(value, str) else as_json(value)
