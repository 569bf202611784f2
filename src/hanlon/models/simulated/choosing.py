"""Any simulated policy by its name: those that act on a machine, and those that answer a request."""

from hanlon.models.simulated import answering, policies
from hanlon.models.simulated.answering import AnswerPolicy
from hanlon.models.simulated.policies import Policy, PolicyError


def choose_any(name: object, parameters: object = None) -> Policy | AnswerPolicy:
    """The policy called `name`, its default rates overridden by `parameters`.

    Raises:
        PolicyError: there is no such policy or parameter, or a rate is no probability.
    """
    if isinstance(name, str) and name in answering.answer_names():
        return answering.choose_answering(name, parameters)
    if isinstance(name, str) and name in policies.names():
        return policies.choose(name, parameters)
    known = ", ".join([*policies.names(), *answering.answer_names()])
    raise PolicyError(f"There is no simulated policy {name!r}. Policies: {known}.")
