"""What an exception means at the terminal: a text without a traceback where a person can act, and a code."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from hanlon.config.errors import ConfigError, explain
from hanlon.launch import SweepEnded

FAILED, WRONG_CONFIGURATION = 1, 2


def exit_code_for(error: Exception, conf_dir: Path, arguments: Sequence[str]) -> int:
    """Print what is left to say about an exception and return the exit code that it means."""
    if isinstance(error, SweepEnded):
        return error.exit_code
    if isinstance(error, ConfigError):
        print(error, file=sys.stderr)
        return WRONG_CONFIGURATION
    if isinstance(error, (HydraException, OmegaConfBaseException)):
        print(explain(error, conf_dir, arguments), file=sys.stderr)
        return WRONG_CONFIGURATION
    if isinstance(error, BrokenPipeError):  # `... | head` has read enough
        sys.stderr.close()
        return FAILED
    traceback.print_exception(error)
    return FAILED
