"""Runs a sweep: what `run.py` and `hanlon run` call. Nothing but Hydra is imported before Hydra has read the words.

The one place where errors become exit codes (hanlon.run.exit_codes): 0 complete, 1 a cell failed, 2 wrong
configuration, 3 incomplete, 130 interrupted.
"""

import os
import sys

import hydra
from hydra._internal.utils import get_args_parser
from omegaconf import DictConfig

from hanlon.config.search_path import BUNDLED, search_path


@hydra.main(version_base=None, config_path=str(BUNDLED), config_name="config")
def _sweep(config: DictConfig) -> None:
    """What another sweeper than `grid` would run as a job; `grid` runs all cells itself (hanlon.run.launch)."""
    from hanlon.config.errors import ConfigError

    raise ConfigError(
        "Hanlon reads the whole sweep before it runs a cell: leave hydra/sweeper=grid and hydra.mode=MULTIRUN as "
        "they are. hydra/launcher may be pool, joblib, submitit_local or submitit_slurm"
    )


def _refuse_unknown_flags(arguments: list[str]) -> None:
    """Say what was meant by `--samples=10`, before Hydra prints all of its own flags.

    Raises:
        ConfigError: a word begins like a flag and is none of Hydra's.
    """
    words = [word for word in arguments if word.startswith("-")]
    for flag in get_args_parser().parse_known_args(words)[1] if words else ():
        from hanlon.config.errors import ConfigError
        from hanlon.config.hints import hint

        near = hint(flag, arguments) or " An override is key=value; python run.py --help lists the keys."
        raise ConfigError(f"{flag} is no flag.{near}")


def main() -> int:
    """Run the command line, the words of sys.argv, and return the exit code."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra's exceptions reach us instead of a traceback
    for flag in {"-m", "--multirun"}.intersection(sys.argv[2:]):  # Hydra reads no override behind it
        sys.argv.append(sys.argv.pop(sys.argv.index(flag)))
    try:
        _refuse_unknown_flags(sys.argv[1:])
        search_path()  # before Hydra asks for it, which would hide its error
        _sweep()
    except KeyboardInterrupt:
        from hanlon.run.exit_codes import INTERRUPTED

        return INTERRUPTED
    except Exception as error:  # each has its exit code; a fault of ours is printed with its traceback
        from hanlon.run.launch import exit_code_for

        return exit_code_for(error, sys.argv[1:])
    return 0
