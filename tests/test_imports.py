"""Which room of `src/hanlon` may import which, as docs/architecture.md has it: nothing imports upward."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "hanlon"

GROUND = ("clauses", "content_rule", "digest", "messages", "questions", "records", "shard", "tally")
"""Modules at the top that every room may import, and that import only each other."""
MAY_IMPORT: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(GROUND, ()),
    "sandboxes": (),
    "models": (),
    "environments": ("sandboxes.base", "sandboxes.shell_syntax"),
    "config": ("environments.base", "environments.tier"),
    "cell": ("config", "environments.base", "environments.tier", "sandboxes.base"),
    "inquiries": ("config", "environments.base"),
    "judges": ("config", "environments.base", "environments.tier", "inquiries"),
    "engine": ("cell", "config", "environments.base", "inquiries", "models"),
    "followups": ("cell", "config", "engine.protocols", "environments.base", "inquiries"),
    "analysis": (
        *("config", "environments.tier", "judges.votes"),
        *("engine.answers", "engine.lines", "engine.outcomes", "engine.store"),
    ),
    "tracking": (
        *("analysis", "judges.votes"),
        *("engine.answers", "engine.lines", "engine.outcomes", "engine.store"),
    ),
}
"""What each room may import beside itself and the ground: rooms, or of a room only its contract or its files.

Every other module at the top ties rooms together: it may import all of them, and is imported by none but `cli`.
"""
NOT_IN = {
    "sandboxes": ("hydra", "omegaconf", "wandb"),
    "models": ("hydra", "omegaconf", "wandb"),
    "environments": ("hydra", "omegaconf", "wandb"),
    "judges": ("hydra", "omegaconf", "wandb"),
    "analysis": ("hydra", "omegaconf", "openai", "wandb"),
    "engine": ("hydra", "wandb"),
}
"""Packages that a room knows nothing of."""


def test_nothing_imports_upward() -> None:
    """Every import, also one inside a function or for types alone, is of a room that lies below."""
    assert list(_upward(_imports(SOURCE))) == []


def test_rooms_know_nothing_of_what_lies_outside_them() -> None:
    """No Hydra and no W&B where environments, sandboxes, models and judges are; no client where rates are counted."""
    found = [
        f"{module} imports {name}"
        for module, names in _imports(SOURCE).items()
        for name in names
        if name.split(".")[0] in NOT_IN.get(_room(module), ())
    ]
    assert found == []


def test_no_two_modules_import_each_other() -> None:
    """The imports of all modules, also those inside functions, have an order."""
    modules = _imports(SOURCE)
    try:
        TopologicalSorter({module: set(names) & set(modules) for module, names in modules.items()}).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize(
    ("file", "line", "found"),
    [
        ("tracking/shown.py", "from hanlon.registering import register", "hanlon.registering"),
        ("tracking/shown.py", "def f():\n    from hanlon import registering", "hanlon.registering"),
        (
            "judges/regex.py",
            "import hanlon.environments.shutdown.episode",
            "hanlon.environments.shutdown.episode",
        ),
        ("environments/tier.py", "from ..engine import store", "hanlon.engine.store"),
        ("environments/shutdown/episode.py", "from ...cli.verdict import verdict", "hanlon.cli.verdict"),
        ("records.py", "from . import conduct", "hanlon.conduct"),
        ("conduct.py", "from hanlon.cli import main", "hanlon.cli"),
        ("engine/lane.py", "from hanlon import load", "hanlon"),
        ("basement/new.py", "from hanlon.records import Outcome", "hanlon.records"),
    ],
)
def test_an_import_upward_is_found(tmp_path: Path, file: str, line: str, found: str) -> None:
    """However it is written, and in a room that nobody has given a place."""
    for name in ("cli/__init__", "cli/verdict", "engine/store", "registering", "conduct", "records"):
        _write(tmp_path, f"{name}.py", "")
    _write(tmp_path, "environments/shutdown/episode.py", "")
    _write(tmp_path, file, line)
    (said,) = _upward(_imports(tmp_path))
    assert said.endswith(f" imports {found}")


def _write(root: Path, file: str, text: str) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text, encoding="utf-8")


def _upward(imports: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for module, names in imports.items():
        for name in names:
            if name.split(".")[0] == "hanlon" and not _is_below(_room(name), name, _room(module), imports):
                yield f"{module} imports {name}"


def _is_below(imported: str, name: str, room: str, modules: Iterable[str]) -> bool:
    if imported == room or room == "hanlon":
        return True
    if room in MAY_IMPORT:
        inside = name.removeprefix("hanlon.")
        allowed = MAY_IMPORT[room] + GROUND
        return any(inside == one or inside.startswith(f"{one}.") for one in allowed)
    is_folder = any(module.startswith(f"hanlon.{room}.") for module in modules)
    return room == "cli" or (imported != "cli" and not is_folder)


def _room(module: str) -> str:
    """The folder or the module at the top; of the package itself `hanlon`."""
    return module.split(".")[1] if "." in module else module


def _imports(root: Path) -> dict[str, list[str]]:
    """What each module below a folder imports, by full name; of our own the module, not the name in it."""
    files = {_name(file.relative_to(root)): file for file in sorted(root.rglob("*.py"))}
    return {
        module: list(
            _imported(ast.parse(file.read_text(encoding="utf-8")), _package(module, file), set(files))
        )
        for module, file in files.items()
    }


def _imported(tree: ast.Module, package: str, modules: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{source}.{alias.name}"
                yield whole if whole in modules else source


def _package(module: str, file: Path) -> str:
    return module if file.name == "__init__.py" else module.rpartition(".")[0]


def _name(file: Path) -> str:
    parts = ("hanlon", *file.with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
