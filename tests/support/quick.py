"""Which of many cases `make test` runs, so that it ends within minutes. `make check` runs all of them."""

from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest
from _pytest.mark import ParameterSet


def mostly_slow(
    cases: Iterable[Any], quick: int, name: Callable[[Any], str] | None = None
) -> list[ParameterSet]:
    """All cases, named by `name`. `quick` of them, spread over the list, are quick; the others are slow."""
    listed = list(cases)
    chosen = {number * len(listed) // quick for number in range(quick)}
    return [
        pytest.param(
            *(cast("tuple[Any, ...]", case) if isinstance(case, tuple) else (case,)),
            id=name(case) if name else None,
            marks=[pytest.mark.slow] * (number not in chosen),
        )
        for number, case in enumerate(listed)
    ]
