"""API keys, read from the environment or a `.env` file and kept nowhere else; and what else a model needs."""

import importlib
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, cast

from hanlon.config.cell import Cell
from hanlon.config.errors import ConfigError
from hanlon.config.schema import ModelConfig
from hanlon.models.addresses import unusable_proxy


@cache
def _dotenv() -> dict[str, str | None]:
    from dotenv import dotenv_values

    try:
        return dotenv_values(Path(".env"))
    except UnicodeDecodeError as error:
        raise ConfigError(f".env is not UTF-8 (byte {error.start + 1}). Write it anew as UTF-8.") from None


def api_key(model: ModelConfig) -> str | None:
    """The key for a model, None where it needs none.

    Raises:
        ConfigError: the variable that the model's file names is not set.
    """
    name = model.api_key_env
    if name is None or model.server is not None:
        return None
    key = ((os.environ.get(name) or "").strip() or _dotenv().get(name) or "").strip()
    if not key:
        raise ConfigError(
            f"model {model.endpoint} {model.id} needs a key: set {name} in the environment or in a file .env "
            f"({name}=...). Nothing was called."
        )
    odd = next((position for position, char in enumerate(key, 1) if not "!" <= char <= "~"), None)
    if odd is not None:
        raise ConfigError(
            f"{name} is no key: its character {odd} of {len(key)} is a blank, a line break or not ASCII, which no HTTP "
            "header can hold. Copy the key again. Nothing was called."
        )
    return key


def check_model(model: ModelConfig, budget_usd: float | None) -> None:
    """Refuse a model that cannot be sampled as it is configured, before anything is called or written.

    Raises:
        ConfigError: its key is not set, its local server cannot run with this configuration, or the budget could
            not be kept since nothing says what its calls cost; a proxy that cannot be used.
    """
    api_key(model)
    if proxy := unusable_proxy(model.base_url) if model.base_url else None:
        raise ConfigError(
            f"{proxy} cannot be used for {model.base_url}: only http:// proxies can. Unset it, name an http:// proxy, "
            "or add the host to no_proxy. Nothing was called."
        )
    if model.server is None:
        if budget_usd is not None and model.price is None and not _returns_cost(model):
            raise ConfigError(
                f"budget_usd={budget_usd:g} cannot be kept: model {model.endpoint} {model.id} has no price. Add what "
                "it costs in dollars per million tokens: '++model.price={input: 1.0, output: 4.0, as_of: 2026-01, "
                "source: price page}', or limit tokens with max_tokens_total instead. Nothing was called."
            )
        return
    try:
        importlib.import_module(model.server.module).check(model.server.config)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"model {model.id}: {error}") from None


def check_environments(cells: Iterable[Cell]) -> None:
    """Refuse a cell whose local server cannot answer its environment, before anything is planned or called.

    Raises:
        ConfigError: the server's module says why not, and what would be right.
    """
    for cell in cells:
        model = cell.config.model
        if model.server is None:
            continue
        try:
            module = importlib.import_module(model.server.module)
            if hasattr(module, "check_environment"):
                module.check_environment(model.server.config, cell.environment.name, cell.factors)
        except (ImportError, ValueError) as error:
            raise ConfigError(f"model {model.id}: {error}") from None


def _returns_cost(model: ModelConfig) -> bool:
    """Whether the endpoint is asked to return the cost of each call (OpenRouter)."""
    usage: object = model.extra_body.get("usage")
    return isinstance(usage, dict) and bool(cast(dict[str, Any], usage).get("include"))
