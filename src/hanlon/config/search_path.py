"""Where the configuration is looked for: the user's conf/ first, then packages, then Hanlon's own.

Hydra, hypotheses, rubrics and every verb ask here; nothing else knows a folder. A file of the user wins over any of the
same name. Two packages, Hanlon among them, may not have files of one name: which of them won would depend on what else
is installed.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from importlib.util import find_spec
from pathlib import Path, PurePath

from hanlon.config.errors import ConfigError

ENTRY_POINTS = "hanlon.conf"
"""The group of entry points by which a package announces its folder: `acme = "acme_prompts.conf"`."""
_PACKAGE = Path(__file__).resolve().parents[1]
_IN_CHECKOUT = _PACKAGE.parents[1] / "conf"
BUNDLED = _IN_CHECKOUT if (_IN_CHECKOUT / "cell.yaml").is_file() else _PACKAGE / "conf"
"""Hanlon's own: at the top of a checkout, beside the modules where it was installed."""


@dataclass(frozen=True, slots=True)
class ConfFolder:
    """One folder of configuration. `owner` is the package that it came with, as `acme 1.2`; None: the user's own."""

    path: Path
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class SearchPath:
    """Folders of configuration. Of two files of one name, that of the first folder counts."""

    folders: tuple[ConfFolder, ...]

    def find(self, name: str) -> Path | None:
        """The file of a name such as `tier/free.yaml`; None where no folder has it."""
        return next((file for folder in self.folders if (file := folder.path / name).is_file()), None)

    def files(self, group: str, pattern: str = "**/*.yaml") -> dict[str, Path]:
        """The files of a group by what one types, such as `three/free`, in order."""
        by_name: dict[str, Path] = {}
        for folder in self.folders:
            for file in (folder.path / group).glob(pattern):
                by_name.setdefault(file.relative_to(folder.path / group).with_suffix("").as_posix(), file)
        return dict(sorted(by_name.items(), key=lambda item: PurePath(item[0])))

    def groups(self) -> list[str]:
        """The folders inside, such as `tier`."""
        return sorted(
            {entry.name for folder in self.folders for entry in folder.path.glob("*") if entry.is_dir()}
        )

    def for_hydra(self) -> list[tuple[str, str]]:
        """The sources of Hydra's search path, each with its provider; what needs no file stands behind all files."""
        return [
            (folder.owner or "conf", f"{scheme}://{folder.path}")
            for scheme in ("file", "fileless")
            for folder in self.folders
        ]

    def source(self, name: str) -> str | None:
        """Which file a name stands for, the same on every machine: `conf/tier/mine.yaml`, `acme 1.2: tier/x.yaml`."""
        for folder in self.folders:
            if (folder.path / name).is_file():
                return f"{folder.owner}: {name}" if folder.owner else f"conf/{name}"
        return None


def search_path() -> SearchPath:
    """The folders for this process.

    Raises:
        ConfigError: a package announces no folder, or has a file of a name that another one has too.
    """
    own, installed = own_conf(), _installed(tuple(sys.path))
    if own is not None and own != BUNDLED:
        installed = (ConfFolder(own), *installed)
    return _checked(SearchPath(installed))


def own_conf() -> Path | None:
    """The user's conf/: beside the script that was started, in the current folder, or beside a run.py above that."""
    here = Path.cwd()
    for folder in (Path(sys.argv[0]).resolve().parent, here):
        if (folder / "conf").is_dir():
            return folder / "conf"
    beside = (folder / "conf" for folder in here.parents if (folder / "run.py").is_file())
    return next((conf for conf in beside if conf.is_dir()), None)


@cache
def _installed(_: tuple[str, ...]) -> tuple[ConfFolder, ...]:
    """The folders of packages on sys.path, Hanlon's last."""
    announced = sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name)
    try:
        hanlon = f"hanlon {version('hanlon')}"
    except PackageNotFoundError:  # on the path as a mere folder
        hanlon = "hanlon"
    return (*map(_announced, announced), ConfFolder(BUNDLED, hanlon))


def _announced(entry: EntryPoint) -> ConfFolder:
    """The folder that an entry point names. The package is not imported for it."""
    package, *inside = entry.module.split(".")
    owner = f"{entry.dist.name} {entry.dist.version}" if entry.dist else package
    spec = find_spec(package)
    for root in (spec.submodule_search_locations if spec else None) or ():
        folder = Path(root, *inside)
        if any(folder.rglob("*.yaml")):
            return ConfFolder(folder, owner)
    raise ConfigError(
        f"the package {owner} announces its configuration by the entry point {ENTRY_POINTS}, {entry.name} = "
        f'"{entry.value}", and has no such folder with YAML files. Right would be the dotted path of a folder that is '
        "installed with it, such as acme_prompts.conf"
    )


@cache
def _checked(path: SearchPath) -> SearchPath:
    """The path, where every name that the user has no file of is in one package only."""
    first: dict[str, ConfFolder] = {}
    installed = [folder for folder in reversed(path.folders) if folder.owner]
    for folder in installed if len(installed) > 1 else ():
        for name in _names(folder):
            other = first.setdefault(name, folder)
            if other is not folder and path.source(name) != f"conf/{name}":
                raise ConfigError(
                    f"{folder.path / name}, of the package {folder.owner}, is {_key(name)}, and so is "
                    f"{other.path / name}, of {other.owner}. Right would be another name for the package's file, or a "
                    f"file conf/{name} of your own, which wins over both"
                )
    return path


def _names(folder: ConfFolder) -> Iterator[str]:
    for file in sorted(folder.path.rglob("*.yaml")):
        yield file.relative_to(folder.path).as_posix()


def _key(name: str) -> str:
    """What one types for a file: `tier=free`, `prompt=baseline of env=shutdown`."""
    group, _, option = name.removesuffix(".yaml").partition("/")
    if group in ("prompt", "hypothesis") and "/" in option:
        env, _, option = option.partition("/")
        key = f"prompt={option}" if group == "prompt" else f"hypotheses=[{option}]"
        return f"{key} of env={env}"
    return f"{group}={option}" if option else f"the file {name}"
