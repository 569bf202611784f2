"""A line of evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line of evidence. `says` has what each rival predicts of it, and whether the counts lie so."""

    what: str
    source: str
    observed: str
    says: Mapping[str, str]
    confounds: Sequence[str]
    missing: bool = False
