"""Which of many cases `make test` runs, so that it ends within minutes. `make check` runs all of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import pytest
from _pytest.mark import ParameterSet


def mostly_slow(
    cases: Mapping[str, Any] | Iterable[Any], quick: int, name: Callable[[Any], str] | None = None
) -> list[ParameterSet]:
    """All cases, with the names of a mapping or those by `name`. `quick` of them, spread over all, are not slow."""
    listed: list[tuple[str | None, Any]] = (
        list(cast("Mapping[str, Any]", cases).items())
        if isinstance(cases, Mapping)
        else [(name(case) if name else None, case) for case in cases]
    )
    chosen = {number * len(listed) // quick for number in range(quick)}
    return [
        pytest.param(
            *(cast("tuple[Any, ...]", case) if isinstance(case, tuple) else (case,)),
            id=called,
            marks=[pytest.mark.slow] * (number not in chosen),
        )
        for number, (called, case) in enumerate(listed)
    ]
