"""What `cell.json` says of a cell: what it is, resolved, and with which versions and commit it was opened."""

import importlib.metadata
import os
import subprocess
import time
from contextlib import suppress
from functools import cache
from typing import Any

from hanlon.config.cell import Cell
from hanlon.environments.tier import NO_TIER
from hanlon.store.records import CellRecord

VERSIONED = ("hanlon", "hydra-core", "openai", "bashkit", "xllamacpp")


def cell_record(cell: Cell, samples: int) -> CellRecord:
    """What `cell.json` holds of a cell."""
    model = cell.config.model
    return CellRecord(
        key=cell.key,
        label=cell.label,
        env=cell.environment.name,
        prompt=cell.config.prompt.name,
        model=model.id,
        endpoint=model.endpoint,
        protocol=model.protocol,
        simulated=model.simulated,
        factors={**cell.factors, "tier": cell.tier},
        measures={measure.name: measure.description for measure in cell.environment.measures},
        config=cell.config.model_dump(mode="json"),
        texts=dict(cell.texts),
        texts_hash=cell.texts_hash,
        planned_samples=samples,
        versions=_versions(type(cell.environment)),
        git_sha=git_sha(),
        created_at=time.time(),
        local_only=cell.environment.local_only,
        notes=[model.note] if model.note else [],
        no_effect={**_no_effect(cell), "tier": NO_TIER.name},
        declaration=cell.environment.declaration,
        texts_beside_tier=cell.texts_beside_tier,
    )


def _no_effect(cell: Cell) -> dict[str, Any]:
    """Each factor's default; the environments' contract is that it does nothing."""
    return {
        name: field.get_default(call_default_factory=True)
        for name, field in cell.environment.Factors.model_fields.items()
        if not field.is_required()
    }


def _versions(environment: type) -> dict[str, str]:
    """Versions of what a cell is made with; of the environment's package too, where that is another than ours."""
    package = environment.__module__.partition(".")[0]
    return dict(_package_versions(package))


@cache
def _package_versions(package: str) -> dict[str, str]:
    versions: dict[str, str] = {}
    others = [] if package == "hanlon" else importlib.metadata.packages_distributions().get(package, [])
    for name in (*VERSIONED, *others):
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


@cache
def git_sha() -> str | None:
    """The commit of this package's checkout, with `-dirty` where files differ from it; None outside one.

    Installed into an environment that lies in the user's own repository, the package is none of its files.
    """
    if _git("ls-files", os.path.basename(__file__)) is None:
        return None
    return _git("describe", "--always", "--dirty", "--abbrev=40")


def _git(*arguments: str) -> str | None:
    """What git says of this folder; None where it says nothing. A hook's GIT_DIR must not name another repository."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", os.path.dirname(__file__), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=10, check=True, env=environment
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
