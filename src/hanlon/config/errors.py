"""What is wrong with a configuration, and where on the command line it stands."""

from collections.abc import Sequence


class ConfigError(Exception):
    """A wrong configuration, found before any call was made. The message is complete."""


def argument_position(key: str, arguments: Sequence[str]) -> str:
    """Where a key stands on the command line, as ` (command line, argument 3)`; empty where it does not."""
    for number, argument in enumerate(arguments, 1):
        if argument.lstrip("+~").split("=", 1)[0] == key:
            return f" (command line, argument {number})"
    return ""
