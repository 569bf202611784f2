"""Where conf/ is, for what is typed without run.py."""

from pathlib import Path

from hanlon.config.errors import ConfigError


def find_conf() -> Path:
    """The folder conf/ beside the run.py of the current folder or one above it, else of this package's checkout.

    Raises:
        ConfigError: there is none.
    """
    here, checkout = Path.cwd(), Path(__file__).resolve().parents[3]
    for folder in (here, *here.parents, checkout):
        if (folder / "run.py").is_file() and (folder / "conf" / "cell.yaml").is_file():
            return folder / "conf"
    raise ConfigError(
        f"{here} is in no checkout: overrides need the conf/ beside run.py. Change there first."
    )
