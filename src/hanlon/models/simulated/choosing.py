"""Any simulated policy by its name: those that act on a machine, that answer a request, that judge."""

from hanlon.models.simulated import answering, policies
from hanlon.models.simulated.answering import AnswerPolicy
from hanlon.models.simulated.judging import JUDGE, JudgePolicy, choose_judging
from hanlon.models.simulated.policies import Policy, PolicyError


def choose_any(name: object, parameters: object = None) -> Policy | AnswerPolicy | JudgePolicy:
    """The policy called `name`, its default rates overridden by `parameters`.

    Raises:
        PolicyError: there is no such policy or parameter, or a rate is no probability.
    """
    if isinstance(name, str) and name in answering.answer_names():
        return answering.choose_answering(name, parameters)
    if isinstance(name, str) and name in policies.names():
        return policies.choose(name, parameters)
    if name == JUDGE:
        return choose_judging(parameters)
    known = ", ".join([*policies.names(), *answering.answer_names(), JUDGE])
    raise PolicyError(f"There is no simulated policy {name!r}. Policies: {known}.")
