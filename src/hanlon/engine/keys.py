"""API keys, read from the environment or a `.env` file and kept nowhere else; and what else a model needs."""

import importlib
import os
from functools import cache
from pathlib import Path

from hanlon.config.errors import ConfigError
from hanlon.config.schema import ModelConfig


@cache
def _dotenv() -> dict[str, str | None]:
    from dotenv import dotenv_values

    return dotenv_values(Path(".env"))


def api_key(model: ModelConfig) -> str | None:
    """The key for a model, None where it needs none.

    Raises:
        ConfigError: the variable that the model's file names is not set.
    """
    name = model.api_key_env
    if name is None or model.server is not None:
        return None
    key = os.environ.get(name) or _dotenv().get(name)
    if not key:
        raise ConfigError(
            f"model {model.endpoint} {model.id} needs a key: set {name} in the environment or in a file .env "
            f"({name}=...). Nothing was called."
        )
    return key


def check_model(model: ModelConfig) -> None:
    """Refuse a model that cannot be sampled as it is configured, before anything is called or written.

    Raises:
        ConfigError: its key is not set, or its local server cannot run with this configuration.
    """
    api_key(model)
    if model.server is None:
        return
    try:
        importlib.import_module(model.server.module).check(model.server.config)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"model {model.id}: {error}") from None
