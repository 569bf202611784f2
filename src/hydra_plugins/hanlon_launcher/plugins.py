"""Discovery shim. Hydra 1.3 imports this at every start and takes plugin classes from `hydra_plugins` only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
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
    """Hands the command line to `hanlon.config.grid`, and what it makes of it to `hanlon.run.launch`."""

    def __init__(
        self,
        max_batch_size: int | None,
        params: dict[str, Any] | None,
        grids: list[dict[str, Any]],
        exclude: list[dict[str, Any]],
    ) -> None:
        super().__init__(max_batch_size=max_batch_size, params=params)
        self.grids, self.exclude = grids, exclude

    def sweep(self, arguments: list[str]) -> Any:
        """Expand the grid and run it as one sweep, whatever the launcher."""
        from hanlon.config.grid import expand
        from hanlon.run.launch import launch

        assert self.config is not None
        assert self.hydra_context is not None
        assert self.launcher is not None
        jobs = expand(self.hydra_context, self.config, self.params, self.grids, self.exclude, arguments)
        launcher = None if isinstance(self.launcher, PoolLauncher) else self.launcher
        return [launch(self.hydra_context, self.config, jobs, launcher)]


class AnyModelSource(ConfigSource):
    """`model=openrouter/any/thing`: a model that has no file is its endpoint's file with this id."""

    @staticmethod
    def scheme() -> str:
        """The scheme of this source in Hydra's search path."""
        return "anymodel"

    def load_config(self, config_path: str) -> ConfigResult:
        """The endpoint's file, with the rest of the path as the id, which may hold slashes and colons."""
        _, endpoint, model_id = config_path.removesuffix(".yaml").split("/", 2)
        config = OmegaConf.create({"defaults": [f"/model/{endpoint}@_here_", "_self_"], "id": model_id})
        return ConfigResult(
            provider=self.provider,
            path=f"{self.scheme()}://{model_id}",
            config=config,
            header={"package": None},
            defaults_list=None,  # the repository reads them from the config itself
        )

    def available(self) -> bool:
        """Always: it needs no file."""
        return True

    def is_group(self, config_path: str) -> bool:
        """It adds no group."""
        return False

    def is_config(self, config_path: str) -> bool:
        """Whether the path names a model of an endpoint that takes any id."""
        return self._normalize_file_name(config_path).startswith(ANY_MODEL_PREFIXES)

    def list(self, config_path: str, results_filter: Any) -> list[str]:
        """It lists nothing: the ids are endless."""
        return []


ANY_MODEL_PREFIXES = (
    "model/openrouter/",
    "model/openai/",
    "model/vllm/",
    "model/ollama/",
    "model/llama_cpp/",
)


class AnyModelSearchPath(SearchPathPlugin):
    """Appends `AnyModelSource` behind conf/, so that a file always wins."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the source."""
        search_path.append(provider="hanlon", path="anymodel://")


ConfigStore.instance().store(group="hydra/launcher", name="pool", node=PoolConf, provider="hanlon")
ConfigStore.instance().store(group="hydra/sweeper", name="grid", node=GridConf, provider="hanlon")
