"""The words of a command line that make a prediction testable."""

from collections.abc import Mapping

from hanlon.analysis.grid import BUNDLE
from hanlon.analysis.hypotheses.schema import Level, Prediction, level_text
from hanlon.analysis.hypotheses.selection import as_json

OUTSIDE_ENV = (BUNDLE, "tier", "seed")
"""Factors that are keys of a cell themselves; those of the environment stand below `env`."""


def overrides_of(prediction: Prediction, no_effect: Mapping[str, str] | None = None) -> str:
    """What to sweep for a prediction, to be typed behind `python run.py -m`: `env.realism=silent,told_real`.

    Of alternative levels the first is taken. A condition at the factor's `no_effect` value (as JSON) is left out.
    """
    levels: dict[str, list[Level]] = {}
    for change in (prediction.contrast, prediction.compared_with, prediction.changed_by):
        if change is not None:
            levels.setdefault(change.factor, []).extend([change.base[0], change.to[0]])
    for name, own in prediction.where.items():
        if name not in levels and (no_effect or {}).get(name) != as_json(own[0]):
            levels[name] = [own[0]]
    return " ".join(
        f"{_key(name)}={','.join(map(level_text, dict.fromkeys(own)))}" for name, own in levels.items()
    )


def _key(factor: str) -> str:
    if factor.startswith("sampling."):
        return f"model.{factor}"
    return factor if factor in OUTSIDE_ENV else f"env.{factor}"
