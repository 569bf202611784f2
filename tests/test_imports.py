"""Which room of `src/hanlon` may import which, as docs/architecture.md draws it: nothing imports upward."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "hanlon"

FLOORS = (
    ("store", "sandboxes"),
    ("environments", "models"),
    ("config",),
    ("inquiries",),
    ("engine", "simulated", "analysis"),
    ("fork",),
    ("hypotheses", "figures", "exchange"),
    ("report",),
    ("design", "tracking"),
    ("run",),
    ("cli",),
)
"""The rooms, from the ground up. A room imports itself and the floors below, never a neighbour on its own floor."""
NOT_IN = {
    "sandboxes": ("hydra", "omegaconf", "wandb"),
    "models": ("hydra", "omegaconf", "wandb"),
    "environments": ("hydra", "omegaconf", "wandb"),
    "store": ("hydra", "omegaconf", "openai", "wandb"),
    "inquiries": ("hydra", "omegaconf", "wandb"),
    "simulated": ("hydra", "omegaconf", "openai", "wandb"),
    "analysis": ("hydra", "omegaconf", "openai", "wandb"),
    "hypotheses": ("hydra", "omegaconf", "openai", "wandb"),
    "figures": ("hydra", "omegaconf", "openai", "wandb"),
    "report": ("hydra", "omegaconf", "openai", "wandb"),
    "exchange": ("hydra", "omegaconf", "openai", "wandb"),
    "engine": ("hydra", "wandb"),
}
"""Packages that a room knows nothing of."""


def test_nothing_imports_upward() -> None:
    """Every import, also one inside a function or for types alone, is of a room that lies below."""
    assert list(_upward(_imports(SOURCE))) == []


def test_every_module_lies_in_a_room() -> None:
    """The root of the package holds `__init__.py` and nothing else, and every folder has its floor."""
    rooms = {path.relative_to(SOURCE).parts[0] for path in SOURCE.rglob("*.py")}
    assert rooms == {"__init__.py", *(room for floor in FLOORS for room in floor)}


def test_rooms_know_nothing_of_what_lies_outside_them() -> None:
    """No Hydra and no W&B where environments, sandboxes, models and judges are; no client where rates are counted."""
    violations = [
        f"{module} imports {name}"
        for module, names in _imports(SOURCE).items()
        for name in names
        if name.split(".")[0] in NOT_IN.get(_room(module), ())
    ]
    assert violations == []


def test_no_two_modules_import_each_other() -> None:
    """The imports of all modules, also those inside functions, have an order."""
    modules = _imports(SOURCE)
    try:
        TopologicalSorter({module: set(names) & set(modules) for module, names in modules.items()}).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize(
    ("file", "line", "upward"),
    [
        ("tracking/panels.py", "from hanlon.run.conduct import conduct", "hanlon.run.conduct"),
        ("tracking/panels.py", "def f():\n    from hanlon.run import conduct", "hanlon.run.conduct"),
        ("environments/tier.py", "from ..engine import lane", "hanlon.engine.lane"),
        ("environments/shutdown/episode.py", "from ...cli.verdict import verdict", "hanlon.cli.verdict"),
        ("sandboxes/base.py", "from hanlon.store import records", "hanlon.store.records"),
        ("figures/theme.py", "import hanlon.hypotheses.schema", "hanlon.hypotheses.schema"),
        ("run/conduct.py", "from hanlon.cli import main", "hanlon.cli"),
        ("engine/lane.py", "from hanlon import load", "hanlon"),
        ("basement/new.py", "from hanlon.store.records import Outcome", "hanlon.store.records"),
        ("store/records.py", "from hanlon import basement", "hanlon.basement"),
        ("loose.py", "from hanlon.store import records", "hanlon.store.records"),
    ],
)
def test_an_import_upward_is_found(tmp_path: Path, file: str, line: str, upward: str) -> None:
    """However it is written: also to a neighbour, and in a room that nobody has given a floor."""
    for name in (
        "cli/__init__",
        "cli/verdict",
        "engine/lane",
        "run/conduct",
        "store/records",
        "basement/__init__",
    ):
        _write(tmp_path, f"{name}.py", "")
    _write(tmp_path, "hypotheses/schema.py", "")
    _write(tmp_path, file, line)
    (violation,) = _upward(_imports(tmp_path))
    assert violation.endswith(f" imports {upward}")


def _write(root: Path, file: str, text: str) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text, encoding="utf-8")


def _upward(imports: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for module, names in imports.items():
        for name in names:
            if name.split(".")[0] == "hanlon" and not _is_below(_room(name), _room(module)):
                yield f"{module} imports {name}"


def _is_below(imported: str, importing: str) -> bool:
    """The package itself is the door: it may import all rooms, and none imports it."""
    if imported == importing or importing == "hanlon":
        return True
    floors = {room: number for number, floor in enumerate(FLOORS) for room in floor}
    return imported in floors and importing in floors and floors[imported] < floors[importing]


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
