"""Runs a sweep: python run.py -m env=shutdown prompt=priority_clarified,baseline

The one place where errors become exit codes (hanlon.run.exit_codes): 0 complete, 1 a cell failed, 2 wrong
configuration, 3 incomplete, 130 interrupted.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # so that Hydra's exceptions reach us instead of a traceback

import hydra
from hydra._internal.utils import get_args_parser
from omegaconf import DictConfig

CONF_DIR = Path(__file__).resolve().parent / "conf"


@hydra.main(version_base=None, config_path=str(CONF_DIR), config_name="config")
def sweep(config: DictConfig) -> None:
    """What another sweeper than `grid` would run as a job; `grid` runs all cells itself (hanlon.run.launch)."""
    from hanlon.config.errors import ConfigError

    raise ConfigError(
        "Hanlon reads the whole sweep before it runs a cell: leave hydra/sweeper=grid and hydra.mode=MULTIRUN as "
        "they are. hydra/launcher may be pool, joblib, submitit_local or submitit_slurm"
    )


def refuse_unknown_flags(arguments: list[str]) -> None:
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
    """Run the command line and return the exit code."""
    for flag in {"-m", "--multirun"}.intersection(sys.argv[2:]):  # Hydra reads no override behind it
        sys.argv.append(sys.argv.pop(sys.argv.index(flag)))
    try:
        refuse_unknown_flags(sys.argv[1:])
        sweep()
    except KeyboardInterrupt:
        from hanlon.run.exit_codes import INTERRUPTED

        return INTERRUPTED
    except Exception as error:  # each has its exit code; a fault of ours is printed with its traceback
        from hanlon.run.launch import exit_code_for

        return exit_code_for(error, CONF_DIR, sys.argv[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
