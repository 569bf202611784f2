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


def check_environment(config: Mapping[str, Any], environment: str, factors: Mapping[str, Any]) -> None:
    """Refuse one of our environments where the policy does not know its texts, before anything is planned.

    Raises:
        ValueError: the policy is for another environment, or `env.texts` replaces the texts that it knows.
    """
    from hanlon.simulated.acting_policies import names
    from hanlon.simulated.answering_policies import answer_names

    policies = {"shutdown": names(), "alignment_faking": answer_names()}
    if environment not in policies:
        return
    policy = config.get("policy")
    if policy not in policies[environment]:
        home = "".join(f" Add env={env} for this one." for env, known in policies.items() if policy in known)
        raise ValueError(
            f"this policy does not know the texts of env={environment}.{home} Policies for it: "
            f"{', '.join(f'simulated/{name}' for name in policies[environment])}."
        )
    if texts := factors.get("texts"):
        raise ValueError(
            f"simulated policies know our texts alone, and env.texts={texts} replaces them. Leave env.texts out, or "
            "choose a language model."
        )
