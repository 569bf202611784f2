"""Scripted policies of known ground truth, served like any other model. No language model is involved.

They see what a model sees (the request's messages, tools and seed) and read the prompt by the markers of the
clause files. A text that they do not know is an error (HTTP 400), since a policy that skipped it would answer
another question. ``python -m`` this package is the server's process; `hanlon.models.local_server` starts it.
"""

from collections.abc import Mapping
from typing import Any


def check(config: Mapping[str, Any]) -> None:
    """Refuse a policy, parameter or fault that does not exist, before the server is started.

    Raises:
        ValueError: what is wrong and what would be right.
    """
    from hanlon.simulated.faults.config import read_faults
    from hanlon.simulated.server import choose_policy

    choose_policy(config.get("policy"), config.get("parameters"))
    read_faults(config.get("faults"))
