"""Scripted policies of known ground truth, served like any other model. No language model is involved.

They see what a model sees (the request's messages, tools and seed) and read the prompt by the markers of the
clause files. A text that they do not know is an error (HTTP 400), since a policy that skipped it would answer
another question. ``python -m`` this package is the server's process; `hanlon.models.local_server` starts it.
"""

from collections.abc import Mapping
from typing import Any

from hanlon.store.contract import TEXTS


def check(config: Mapping[str, Any]) -> None:
    """Refuse a policy, parameter or fault that does not exist, before the server is started.

    Raises:
        ValueError: what is wrong and what would be right.
    """
    from hanlon.simulated.choose import choose_policy
    from hanlon.simulated.faults.config import read_faults

    choose_policy(config)
    read_faults(config.get("faults"))


def check_environment(config: Mapping[str, Any], environment: str, factors: Mapping[str, Any]) -> None:
    """Refuse an environment where the policy does not know its texts, before anything is planned.

    Raises:
        ValueError: the policy is for another environment, or `env.texts` replaces the texts that it knows.
    """
    from hanlon.simulated.choose import known_policies, module_of

    home = module_of(config).ENVIRONMENT
    if home != environment:
        there = f" Add env={home} for this one." if home else ""
        raise ValueError(
            f"this policy does not know the texts of env={environment}.{there} Policies for it: "
            f"{', '.join(known_policies(environment)) or 'none'}."
        )
    if texts := factors.get(TEXTS):
        raise ValueError(
            f"simulated policies know their environment's texts, and env.texts={texts} replaces them. Leave env.texts "
            "out, or choose a language model."
        )
