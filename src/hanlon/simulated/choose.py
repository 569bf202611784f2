"""Which policy a name stands for: the model's file names the module that it comes from, for every use alike."""

import importlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from hanlon.config.cell import Cell
from hanlon.config.search_path import search_path
from hanlon.environments.clauses import read_yaml
from hanlon.simulated.policy import PolicyError, PolicyModule, PolicyRates, ScriptedPolicy
from hanlon.store.problems import nearest

POLICIES = "policies"
"""The key of `server.config` that names a module of policies."""
OURS = tuple(
    f"hanlon.simulated.{name}" for name in ("shutdown", "alignment_faking", "secret_number", "judge")
)


def choose_policy(config: Mapping[str, Any]) -> ScriptedPolicy:
    """The policy of a server's configuration: `policy`, `parameters`, and `policies`, where it is not one of ours.

    Raises:
        PolicyError: there is no such module, policy or parameter, or a rate is no probability.
    """
    name = config.get("policy")
    return module_of(config).choose(str(name), config.get("parameters"))


def module_of(config: Mapping[str, Any]) -> PolicyModule:
    """The module of policies of a server's configuration.

    Raises:
        PolicyError: it cannot be imported, is no such module, or has no such policy.
    """
    name, named = config.get("policy"), config.get(POLICIES)
    modules = [_imported(module) for module in ([str(named)] if named else OURS)]
    for module in modules:
        if name in module.names():
            return module
    known = [policy for module in modules for policy in module.names()]
    near = nearest(f"simulated/{name}", [f"simulated/{policy}" for policy in known])
    raise PolicyError(f"There is no simulated policy {name!r}.{near} Policies: {', '.join(known)}.")


def _imported(name: str) -> PolicyModule:
    said = f"server.config.{POLICIES}={name}"
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise PolicyError(f"{said} cannot be imported: {error}. Install the package that it is in.") from None
    for part in ("ENVIRONMENT", "names", "choose"):
        if not hasattr(module, part):
            raise PolicyError(
                f"{said} has no {part}. A module of policies has ENVIRONMENT, names() and choose(name, parameters): "
                "docs/your_own_environment.md."
            )
    return cast("PolicyModule", module)


def file_config(policy: str) -> dict[str, Any]:
    """`server.config` as the file of `model=simulated/<policy>` has it; the name alone where there is no file."""
    file = search_path().find(f"model/simulated/{policy}.yaml")
    return {"policy": policy, **(_server_config(file, file.stat().st_mtime_ns) if file else {})}


@lru_cache(maxsize=100)  # a rehearsal asks once a cell
def _server_config(file: Path, _: int) -> dict[str, Any]:
    content: Any = read_yaml(file, str(file))
    try:
        return dict(content["server"]["config"])
    except (TypeError, KeyError):
        return {}


def known_policies(environment: str) -> list[str]:
    """The models whose policies know the texts of an environment."""
    known: list[str] = []
    for policy in search_path().files("model/simulated"):
        try:
            module = module_of(file_config(policy))
        except PolicyError:
            continue
        known += [f"simulated/{policy}"] if environment == module.ENVIRONMENT else []
    return known


def policy_rates(cell: Cell, policy: str) -> PolicyRates:
    """What `simulated/<policy>` does in a cell.

    Raises:
        ValueError: the policy is not one of the cell's environment.
    """
    config = file_config(policy)
    if cell.environment.name != module_of(config).ENVIRONMENT:
        raise ValueError(f"simulated/{policy} is no policy for env={cell.environment.name}")
    return choose_policy(config).rates_in(cell)
