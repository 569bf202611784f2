"""Discovery shim. Hydra 1.3 imports this at every start and takes plugin classes from `hydra_plugins` only."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.object_type import ObjectType
from hydra.core.utils import JobReturn
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.launcher import Launcher
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf


@dataclass
class PoolConf:
    """`hydra/launcher=pool`: all cells of a sweep in one process and one event loop."""

    _target_: str = "hydra_plugins.hanlon_launcher.plugins.PoolLauncher"


@dataclass
class GridConf:
    """`hydra/sweeper=grid`: `params` as in Hydra's own sweeper, several `grids`, cells to `exclude`."""

    _target_: str = "hydra_plugins.hanlon_launcher.plugins.GridSweeper"
    max_batch_size: int | None = None
    params: dict[str, Any] | None = None
    grids: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    exclude: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


class PoolLauncher(Launcher):
    """Hands all cells to `hanlon.run.launch`."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what `launch` needs."""
        self.hydra_context, self.config = hydra_context, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Compose, check and run all cells of the sweep."""
        from hanlon.run.launch import launch

        return launch(self.hydra_context, self.config, job_overrides)


class GridSweeper(BasicSweeper):
    """Expands the command line by `hanlon.config.grid` and hands the jobs to `hanlon.run.launch`."""

    def __init__(  # Hydra gives it its node of the configuration; `expand` reads grids and exclude there
        self,
        max_batch_size: int | None,
        params: dict[str, Any] | None,
        grids: list[dict[str, Any]],
        exclude: list[dict[str, Any]],
    ) -> None:
        super().__init__(max_batch_size=max_batch_size, params=params)

    def sweep(self, arguments: list[str]) -> Any:
        """Expand the grid and run it as one sweep, whatever the launcher."""
        from hanlon.config.grid import expand
        from hanlon.run.launch import launch

        assert self.config is not None
        assert self.hydra_context is not None
        assert self.launcher is not None
        jobs = expand(self.hydra_context.config_loader, self.config, arguments)
        launcher = None if isinstance(self.launcher, PoolLauncher) else self.launcher
        return [launch(self.hydra_context, self.config, jobs, launcher)]


class FilelessSource(ConfigSource):
    """Options without a file of their own: `model=openrouter/any/thing`, and the prompt levels.

    `prompt=<level>` exists where an environment has a file `prompt/<env>/<level>.yaml`.
    """

    @staticmethod
    def scheme() -> str:
        """The scheme of this source in Hydra's search path; behind it stands a folder of that path."""
        return "fileless"

    def load_config(self, config_path: str) -> ConfigResult:
        """A prompt level's name, or an endpoint's file with the rest of the path as the model's id."""
        group, _, option = config_path.removesuffix(".yaml").partition("/")
        if group == "prompt":
            content: dict[str, Any] = {"name": option}
        else:  # an id may hold slashes and colons
            endpoint, _, model_id = option.partition("/")
            content = {"defaults": [f"/model/{endpoint}@_here_", "_self_"], "id": model_id}
        return ConfigResult(
            provider=self.provider,
            path=f"{self.scheme()}://{config_path}",
            config=OmegaConf.create(content),
            header={"package": None},
            defaults_list=None,  # the repository reads them from the config itself
        )

    def available(self) -> bool:
        """Always."""
        return True

    def is_group(self, config_path: str) -> bool:
        """Whether it lists options of the group."""
        return config_path == "prompt"

    def is_config(self, config_path: str) -> bool:
        """Whether the path names a prompt level, or a model of an endpoint that takes any id."""
        path = self._normalize_file_name(config_path)
        group, _, option = path.partition("/")
        if group == "prompt":
            return any(Path(self.path, group).glob(f"*/{glob.escape(option)}"))
        endpoint, _, model_id = option.removesuffix(".yaml").partition("/")
        lacks_vendor = endpoint == "openrouter" and model_id and "/" not in model_id  # each id there has one
        return path.startswith(ANY_MODEL_PREFIXES) and not lacks_vendor

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """The prompt levels of all environments. Model ids are endless, so it lists none."""
        if config_path != "prompt" or results_filter == ObjectType.GROUP:
            return []
        return sorted({file.stem for file in Path(self.path, config_path).glob("*/*.yaml")})


ANY_MODEL_PREFIXES = (
    "model/openrouter/",
    "model/openai/",
    "model/vllm/",
    "model/ollama/",
    "model/llama_cpp/",
)


class HanlonSearchPath(SearchPathPlugin):
    """Lets Hydra look into all folders of `hanlon.config.search_path`, where the application is Hanlon."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Put the folders in place of Hanlon's own."""
        from hanlon.config import search_path as ours

        entries = search_path.get_path()
        for entry in [each for each in entries if each.provider == "main"]:
            if (entry.path or "").removeprefix("file://") == str(ours.BUNDLED):
                entries.remove(entry)
                for provider, source in ours.search_path().for_hydra():
                    search_path.append(provider, source)


ConfigStore.instance().store(group="hydra/launcher", name="pool", node=PoolConf, provider="hanlon")
ConfigStore.instance().store(group="hydra/sweeper", name="grid", node=GridConf, provider="hanlon")
