"""Where an episode is forked: `at=notice`, `at=turn:5`, `at=turns`, `at=decisive`, each as numbers of kept replies."""

from collections.abc import Mapping

from hanlon.config.errors import ConfigError
from hanlon.fork.parents import DECISIVE, TURN, Parent


def turns_at(at: str, parent: Parent, decisive: Mapping[int, int]) -> list[int]:
    """How many of the parent's replies a child keeps at this point: one number, or with `turns` each there is.

    An event's name, such as `notice`, is the point before the reply at which the environment noted the first one of it.
    `decisive` has the decisive reply of each parent by its index, where its curve is stored.

    Raises:
        ConfigError: the curve of this parent is not stored.
    """
    if at == "turns":
        return list(range(len(parent.replies)))
    if turn := TURN.fullmatch(at):
        return [int(turn[1])]
    if at == DECISIVE:
        if parent.episode.index not in decisive:
            raise ConfigError(
                f"at=decisive: no curve of {parent.name} is stored. Sample it first: the same command with at=turns."
            )
        return [decisive[parent.episode.index]]
    return [next(event.turn for event in parent.episode.events if event.kind == at)]
