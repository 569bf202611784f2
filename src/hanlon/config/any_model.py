"""`model=openrouter/any/thing` without a file: the endpoint's file, with the rest of the path as the id."""

from hydra.core.default_element import InputDefault
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import OmegaConf


def load(source: ConfigSource, config_path: str) -> ConfigResult:
    """The configuration for `model/<endpoint>/<id>`; the id may itself hold slashes and colons."""
    _, endpoint, model_id = config_path.removesuffix(".yaml").split("/", 2)
    config = OmegaConf.create({"defaults": [f"/model/{endpoint}@_here_", "_self_"], "id": model_id})
    defaults: list[InputDefault] | None = None  # the repository reads them from the config itself
    return ConfigResult(
        provider=source.provider,
        path=f"{source.scheme()}://{model_id}",
        config=config,
        header={"package": None},
        defaults_list=defaults,
    )
