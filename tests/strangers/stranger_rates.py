"""What models are that are written down as rates, and the noise that some of them have."""

import hashlib
from collections.abc import Callable

from hanlon.store.cells import CellState

Rates = Callable[[CellState], float]


def fraction(text: str) -> float:
    """A number between 0 and 1 that only depends on the text's hash."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 1000 / 1000
