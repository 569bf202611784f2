"""The schema of a resolved configuration: what makes a cell, and how a command samples it."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from hanlon.environments.base import ActionProtocol
from hanlon.environments.tier import Tier
from hanlon.store.shard import Shard


class Strict(BaseModel):
    """Unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerConfig(Strict):
    """A local server: the module to run as a child process, and its configuration."""

    module: str
    config: dict[str, Any] = {}


class Sampling(Strict):
    """Sampling parameters; null is not sent. Another parameter of an endpoint goes into `extra_body`."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    reasoning_effort: str | None = None


class Price(Strict):
    """List prices in dollars per million tokens, with their date and source. No part of a cell's identity."""

    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]
    cached_input: Annotated[float, Field(ge=0)] | None = None
    as_of: str
    source: str

    def cost_usd(self, input_tokens: float, cached_tokens: float, output_tokens: float) -> float:
        """Dollars for one call; `input_tokens` include the cached ones, `output_tokens` the reasoning."""
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = max(0.0, input_tokens - cached_tokens)
        return (fresh * self.input + cached_tokens * cached + output_tokens * self.output) / 1e6


def _without_userinfo(url: str | None) -> str | None:
    if url is not None and not re.fullmatch(r"https?://[^/@\s]+(/\S*)?", url):
        raise ValueError(
            "a base_url is http(s)://host[:port]/path, without user or password; a key goes into the "
            "environment variable that model.api_key_env names"
        )
    return url.rstrip("/") if url else None


class ModelConfig(Strict):
    """Who answers. The keys are explained in conf/model/base.yaml."""

    endpoint: str
    base_url: Annotated[str | None, AfterValidator(_without_userinfo)] = None
    api_key_env: str | None = None
    id: Annotated[str, Field(min_length=1)]
    protocol: ActionProtocol
    system_role: Literal["system", "developer"] = "system"
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    sampling: Sampling = Sampling()
    extra_body: dict[str, Any] = {}
    send_seed: bool = False
    continues_prefill: bool = False
    reasoning_fields: tuple[str, ...] = ()
    simulated: bool = False
    server: ServerConfig | None = None
    max_connections: Annotated[int, Field(ge=1)] | None = None
    call_timeout_s: Annotated[float, Field(gt=0)] = 600.0
    price: Price | None = None
    note: str | None = None

    def identity(self) -> dict[str, Any]:
        """See `model_identity`."""
        return model_identity(self.model_dump())


def model_identity(model: Mapping[str, Any]) -> dict[str, Any]:
    """All of a model's configuration, as it is or as a cell stores it, that can change an answer, and nothing else."""
    server: Mapping[str, Any] | None = model.get("server")
    sampling: Mapping[str, Any] = model.get("sampling") or {}
    return {
        "endpoint": model.get("base_url") if model["endpoint"] == "endpoint" else model["endpoint"],
        "model": model["id"],
        "sampling": {name: value for name, value in sampling.items() if value is not None},
        "system_role": model.get("system_role"),
        "extra_body": model.get("extra_body"),
        "reasoning_fields": sorted(model.get("reasoning_fields") or ()),
        "server": server["config"] if server else None,
        "protocol": model["protocol"],
    }


class PromptLevel(Strict):
    """A prompt level: its name. The factor values that it sets are in `env` already."""

    name: str


class CellConfig(Strict):
    """What a cell is: every key that can change what the model sees or how it samples."""

    model: ModelConfig
    env: dict[str, Any]
    sandbox: dict[str, Any]
    tier: Tier
    prompt: PromptLevel
    seed: int


class Control(Strict):
    """Cells that are added to a sweep: where a swept cell has the choices of `when`, the same with those of `set`.

    Of the swept cell's own values only those of the keys in `keep` are kept (null: all).
    """

    when: dict[str, str] = {}
    set: dict[str, str]
    keep: tuple[str, ...] | None = None


def _parse_shard(value: object) -> object:
    if isinstance(value, Shard):
        return value
    match = re.fullmatch(r"(\d+)/(\d+)", str(value))
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError("a shard is i/n with 1 <= i <= n, such as shard=2/4")
    return Shard(int(match[1]), int(match[2]))


Speaker = Literal["user", "system", "program"]
"""Who says, in the middle of an episode, what a factor adds: a turn of the user, the system message, a result."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class ForkDesign(Strict):
    """Which stored episodes `hanlon fork` continues, from where, with what changed, how often. See conf/fork."""

    outcome: str | None = None
    n: Annotated[int, Field(ge=1)] = 8
    seed: int = 0
    at: Listed = ("turns",)
    set: Listed = ()
    by: Speaker = "user"
    draws: Annotated[int, Field(ge=1)] = 20


class RunOptions(Strict):
    """How a command samples and labels its cells. conf/cell.yaml explains the keys. No cell changes with them."""

    samples: Annotated[int, Field(ge=1)]
    looks: Annotated[int, Field(ge=1, le=20)] = 1
    runs_dir: str
    plan: bool
    tracker: dict[str, Any]
    judge: dict[str, dict[str, Any]] = {}
    followups: dict[str, dict[str, Any]] = {}
    fork: ForkDesign | None = None
    hypotheses: tuple[str, ...] | None = None
    max_connections: Annotated[int, Field(ge=1)]
    shard: Annotated[Shard, BeforeValidator(_parse_shard)]
    workers: Annotated[int, Field(ge=1)] | None = None
    budget_usd: Annotated[float, Field(gt=0)] | None = None
    max_tokens_total: Annotated[int, Field(ge=1)] | None = None
    abort_on_error_rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    episode_timeout_s: Annotated[float, Field(gt=0)] = 3600.0
    outage_patience_s: Annotated[float, Field(ge=0)] = 3600.0
