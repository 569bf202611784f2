"""A simulated server that fails as real endpoints do: faults on the wire, chance, limits, `hanlon serve`."""

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import aiohttp
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from hanlon.cli import main
from hanlon.environments.base import ActionProtocol
from hanlon.environments.protocols import WIRES
from hanlon.environments.shutdown import Shutdown, ShutdownFactors
from hanlon.environments.shutdown.prompt import Voice, opening
from hanlon.models.local_server import LocalServer, ServerStartError
from hanlon.simulated import check
from hanlon.simulated.faults.config import (
    INSTEAD,
    KINDS,
    LOST,
    FaultError,
    Faults,
    Latency,
    Rate,
    read_faults,
)
from hanlon.simulated.faults.rate_limit import RateLimit, duration
from hanlon.simulated.server import application
from hanlon.simulated.shutdown import choose
from support.command_line import ROOT, CommandLine
from support.quick import mostly_slow

MODULE = "hanlon.simulated"
Result = TypeVar("Result")


@dataclass
class Answer:
    """What a client saw."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    took_s: float

    @property
    def json(self) -> Any:
        """The body, which is JSON."""
        assert self.headers["Content-Type"].startswith("application/json")
        return json.loads(self.body)


class Client:
    """A bare aiohttp client of one server."""

    def __init__(self, base_url: str, key: str | None) -> None:
        self._root = base_url.removesuffix("/v1")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._timeout_s = 10.0

    async def __aenter__(self) -> "Client":
        """Open the connections."""
        self._session = aiohttp.ClientSession(headers=self._headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        await self._session.close()

    async def ask(
        self, seed: int = 7, protocol: ActionProtocol = "tools", timeout_s: float = 10, **fields: Any
    ) -> Answer:
        """The first request of the episode with this seed."""
        started = time.monotonic()
        body = {**request(protocol), "seed": seed, **fields}
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        url = f"{self._root}/v1/chat/completions"
        async with self._session.post(url, json=body, timeout=timeout) as reply:
            return Answer(reply.status, reply.headers, await reply.read(), time.monotonic() - started)

    async def stats(self) -> dict[str, Any]:
        """The server's own count."""
        async with self._session.get(f"{self._root}/stats") as reply:
            return await reply.json()


def request(protocol: ActionProtocol) -> dict[str, Any]:
    """A request as the engine would send it first, without its seed."""
    factors = ShutdownFactors()
    environment = Shutdown(factors, protocol, None)  # type: ignore[arg-type]
    messages = opening(factors, protocol, Voice(factors))
    return {
        "model": "simulated/obedient",
        "messages": messages,
        **WIRES[protocol](environment).request_fields,
    }


Serve = Callable[..., LocalServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts real child processes with faults; they end with the test."""
    running: list[LocalServer] = []

    def start(**faults: Any) -> LocalServer:
        running.append(LocalServer.start(MODULE, {"policy": "obedient", "faults": faults}))
        return running[-1]

    yield start
    for server in running:
        server.close()


async def talk(server: LocalServer, dialogue: Callable[[Client], Awaitable[Result]]) -> Result:
    """What a dialogue with a server comes to."""
    async with Client(server.base_url, server.api_key) as client:
        return await dialogue(client)


def tool_call(answer: Answer) -> dict[str, Any]:
    """The first function call of a completion."""
    return answer.json["choices"][0]["message"]["tool_calls"][0]["function"]


def is_error(answer: Answer, status: int, code: object) -> bool:
    """Whether it is an error object that says it is simulated."""
    error = answer.json["error"]
    return (answer.status, error["code"], error["simulated"]) == (status, code, True)


def is_html(answer: Answer) -> bool:
    """Whether it is a page with a 200."""
    return answer.status == 200 and answer.headers["Content-Type"].startswith("text/html")


def is_cut(answer: Answer) -> bool:
    """Whether it is a completion that ends too early, in a reply that is whole by its headers."""
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    with pytest.raises(json.JSONDecodeError):
        _ = answer.json
    return answer.body.startswith(b'{"id":"chatcmpl-simulated')


def is_malformed(answer: Answer) -> bool:
    """Whether the arguments of its call are broken JSON."""
    with pytest.raises(json.JSONDecodeError):
        json.loads(tool_call(answer)["arguments"])
    return answer.status == 200


def is_twice(answer: Answer) -> bool:
    """Whether its call stands there twice, under two ids."""
    first, second = answer.json["choices"][0]["message"]["tool_calls"]
    return first["function"] == second["function"] and first["id"] != second["id"]


LOOKS: dict[str, Callable[[Answer], bool]] = {
    "http_429": lambda a: is_error(a, 429, "rate_limit_exceeded") and a.headers["Retry-After"] == "3",
    "http_429_bare": lambda a: is_error(a, 429, "rate_limit_exceeded") and "Retry-After" not in a.headers,
    **{
        f"http_{status}": lambda a, status=status: is_error(a, status, status)
        for status in (500, 502, 503, 529)
    },
    "html": is_html,
    "error_in_200": lambda a: is_error(a, 200, 502),
    "bad_json": is_cut,
    "empty_choices": lambda a: a.status == 200 and a.json["choices"] == [] and a.json["usage"] is not None,
    "slow_drip": lambda a: 0.5 <= a.took_s < 5 and tool_call(a)["name"] == "bash",
    "malformed_arguments": is_malformed,
    "mistyped_arguments": lambda a: json.loads(tool_call(a)["arguments"])["cmd"] == ["./next_question"],
    "several_calls": is_twice,
    "wrong_model": lambda a: a.json["model"] == "simulated/another-model" and tool_call(a)["name"] == "bash",
}
RAISES: dict[str, tuple[type[Exception], str]] = {
    "hang": (TimeoutError, "^$"),
    "reset": (aiohttp.ClientConnectionError, "reset by peer"),
    "reset_body": (aiohttp.ClientPayloadError, "not completed"),
}


@pytest.mark.parametrize("kind", mostly_slow(list(KINDS), 7))
async def test_every_fault_is_what_it_says_and_is_counted(serve: Serve, kind: str) -> None:
    """On the wire, and in /stats: a fault instead of a completion is no call, a completion spoiled is one."""
    server = serve(errors={kind: 1}, drip_s=0.5, retry_after_s=3)

    async def dialogue(client: Client) -> dict[str, Any]:
        if kind in LOOKS:
            assert LOOKS[kind](await client.ask())
        else:
            error, said = RAISES[kind]
            with pytest.raises(error, match=said):
                await client.ask(timeout_s=0.5)
        return await client.stats()

    stats = await talk(server, dialogue)
    calls = 0 if kind in INSTEAD else 1
    assert stats == {
        "calls": calls,
        "requests": 1,
        "refused": 0,
        "rate_limited": 0,
        "faults": {kind: 1},
        "calls_by_seed": {"7": 1} if calls else {},
        "simulated": True,
    }


async def test_a_reply_without_a_tool_call_has_none_to_spoil(serve: Serve) -> None:
    """Under another protocol the completion arrives as it is, and no fault is counted."""
    server = serve(errors={"malformed_arguments": 0.5, "several_calls": 0.5})

    async def dialogue(client: Client) -> None:
        for seed in range(4):
            reply = await client.ask(seed, "text")
            assert "```bash" in reply.json["choices"][0]["message"]["content"]
        stats = await client.stats()
        assert (stats["calls"], stats["faults"]) == (4, {})

    await talk(server, dialogue)


async def outcomes(client: Client, seeds: list[int]) -> dict[int, str]:
    """What became of the first request of each episode."""
    found: dict[int, str] = {}

    async def one(seed: int) -> None:
        answer = await client.ask(seed)
        found[seed] = "html" if is_html(answer) else f"http_{answer.status}"

    for start in range(0, len(seeds), 20):
        await asyncio.gather(*map(one, seeds[start : start + 20]))
    return found


@pytest.mark.parametrize("share", mostly_slow([0.05, 0.6], 1))
async def test_each_fault_is_as_frequent_as_its_probability(serve: Serve, share: float) -> None:
    """Of 600 episodes, within four standard errors."""
    server = serve(errors={"html": share / 2, "http_503": share / 2})
    found = Counter((await talk(server, lambda client: outcomes(client, list(range(600))))).values())
    for kind in ("html", "http_503"):
        expected = 600 * share / 2
        assert abs(found[kind] - expected) < 4 * (expected * (1 - share / 2)) ** 0.5
    assert found["http_200"] == 600 - found["html"] - found["http_503"]


@pytest.mark.slow
async def test_drawn_faults_depend_on_the_seed_and_not_on_the_order_of_calls(serve: Serve) -> None:
    """The same requests backwards meet the same faults on another server; with another seed they do not."""
    errors, seeds = {"html": 0.3, "http_500": 0.3}, list(range(60))
    first = await talk(serve(errors=errors, seed=1), lambda client: outcomes(client, seeds))
    again = await talk(serve(errors=errors, seed=1), lambda client: outcomes(client, seeds[::-1]))
    other = await talk(serve(errors=errors, seed=2), lambda client: outcomes(client, seeds))
    assert first == again != other


@pytest.mark.slow
async def test_a_request_that_is_tried_again_draws_again(serve: Serve) -> None:
    """At 60 % of failures every request gets through in the end, and then always in the same way."""
    server = serve(errors={"http_500": 0.6})

    async def dialogue(client: Client) -> None:
        for seed in range(20):
            tries = [(await client.ask(seed)).status for _ in range(30)]
            first = tries[: tries.index(200) + 1]  # what the request meets until it gets through
            whole = len(first) * (30 // len(first))
            assert tries[:whole] == first * (30 // len(first))
        stats = await client.stats()
        assert stats["calls"] + stats["faults"]["http_500"] == stats["requests"] == 600

    await talk(server, dialogue)


@pytest.mark.slow
async def test_one_probability_is_shared_by_all_kinds(serve: Serve) -> None:
    """errors: 1 means that every call meets one of them, most of them sooner or later."""
    server = serve(errors=1, drip_s=0)

    async def dialogue(client: Client) -> dict[str, int]:
        asked = (client.ask(seed, timeout_s=1.5) for seed in range(150))
        await asyncio.gather(*asked, return_exceptions=True)
        return (await client.stats())["faults"]

    faults = await talk(server, dialogue)
    assert sum(faults.values()) == 150
    assert set(faults) <= set(KINDS)
    assert len(faults) >= len(KINDS) - 3


class Clock:
    """Time as a test sets it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_the_bucket_and_its_headers_are_exact() -> None:
    """Two at once, then one every half second; each reply says what is left and when it is whole again."""
    clock = Clock()
    limit = RateLimit(Rate(per_second=2, burst=2), clock)

    def ask() -> tuple[float, str, str, str]:
        said = limit.admit(400)
        names = ("limit", "remaining", "reset")
        values = [said.headers[f"x-ratelimit-{name}-requests"] for name in names]
        return (round(said.wait_s, 6), values[0], values[1], values[2])

    assert [ask() for _ in range(3)] == [(0, "2", "1", "500ms"), (0, "2", "0", "1s"), (0.5, "2", "0", "1s")]
    clock.now += 0.3
    assert ask() == (0.2, "2", "0", "700ms")
    clock.now += 0.2
    assert ask() == (0, "2", "0", "1s")
    clock.now += 60
    assert ask() == (0, "2", "1", "500ms")
    clock.now -= 30  # a clock that is set back neither fills the bucket nor empties it
    assert ask() == (0, "2", "0", "1s")


@given(
    st.floats(0.1, 100),
    st.integers(1, 50),
    st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_no_pattern_of_calls_gets_more_than_the_rate(rate: float, burst: int, pauses: list[float]) -> None:
    """Let through at any time: at most the burst and what has flowed in; whoever waits as told gets through."""
    clock = Clock()
    limit = RateLimit(Rate(per_second=rate, burst=burst), clock)
    admitted = 0
    for pause in pauses:
        clock.now += pause
        wait_s = limit.admit(1).wait_s
        if wait_s and pause > 1:
            clock.now += wait_s
            wait_s = limit.admit(1).wait_s
            assert wait_s < 1e-9
        admitted += not wait_s
        assert admitted <= burst + rate * (clock.now - 100) + 1e-6


def test_tokens_have_a_bucket_of_their_own() -> None:
    """A quarter of the characters; what is larger than the bucket waits for a full one."""
    clock = Clock()
    limit = RateLimit(Rate(per_second=100, burst=100, tokens_per_second=50, tokens_burst=100), clock)
    assert limit.admit(240).wait_s == 0
    refused = limit.admit(240)
    assert (refused.limit, round(refused.wait_s, 6)) == ("tokens", 0.4)
    assert refused.headers["x-ratelimit-limit-tokens"] == "100"
    assert refused.headers["x-ratelimit-remaining-tokens"] == "40"
    assert refused.headers["x-ratelimit-reset-tokens"] == "1.2s"
    assert refused.headers["x-ratelimit-remaining-requests"] == "99"
    clock.now += 1.2
    assert limit.admit(10_000).wait_s == 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.02, "20ms"),
        (0.0001, "1ms"),
        (1.2, "1.2s"),
        (0.9999, "1s"),
        (59.9999, "1m0s"),
        (360, "6m0s"),
        (86.4, "1m26.4s"),
        (3720.5, "1h2m0.5s"),
    ],
)
def test_durations_are_written_as_openai_writes_them(seconds: float, text: str) -> None:
    """Milliseconds, seconds, minutes, hours, in the words of Go."""
    assert duration(seconds) == text


@pytest.mark.parametrize("style", mostly_slow(["seconds", "ms", "date", "none"], 1))
async def test_beyond_the_rate_is_429_with_the_wish_as_configured(serve: Serve, style: str) -> None:
    """The header says when there is room; whoever waits so long is let through, and a 429 is no call."""
    server = serve(rate={"per_second": 0.8, "burst": 2}, retry_after=style)

    async def dialogue(client: Client) -> None:
        answers = [await client.ask(seed) for seed in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]
        left = [answer.headers["x-ratelimit-remaining-requests"] for answer in answers]
        assert left == ["1", "0", "0"]
        refused = answers[2]
        assert refused.json["error"]["type"] == "requests"
        wait_s = _wish(refused.headers)
        assert (wait_s is None) == (style == "none")
        await asyncio.sleep(1.25 if wait_s is None else wait_s)
        assert (await client.ask(3)).status == 200
        stats = await client.stats()
        assert (stats["calls"], stats["rate_limited"], stats["requests"]) == (3, 1, 4)

    await talk(server, dialogue)


def _wish(headers: Mapping[str, str]) -> float | None:
    if "Retry-After-Ms" in headers:
        return int(headers["Retry-After-Ms"]) / 1000
    value = headers.get("Retry-After")
    if value is None:
        return None
    if value.isdigit():
        return int(value)
    return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())


async def test_every_reply_carries_the_limit_headers(serve: Serve) -> None:
    """A page, an error object and a request that cannot be answered count, and say what is left, as well."""
    server = serve(rate={"per_second": 0.001, "burst": 9}, errors={"html": 0.4, "http_500": 0.4})

    async def dialogue(client: Client) -> None:
        answers = [await client.ask(seed) for seed in range(7)] + [await client.ask(7, stream=True)]
        left = [answer.headers["x-ratelimit-remaining-requests"] for answer in answers]
        assert left == ["8", "7", "6", "5", "4", "3", "2", "1"]
        assert len({is_html(answer) or answer.status for answer in answers}) >= 3

    await talk(server, dialogue)


async def test_an_outage_begins_and_ends(serve: Serve) -> None:
    """Counted from the first call, every call within it meets its kind at once, and every other none."""
    server = serve(outage={"start_s": 0.4, "duration_s": 0.5, "kind": "html"}, latency=0.01)

    async def dialogue(client: Client) -> None:
        started = time.monotonic()
        seen: list[tuple[bool, float, float]] = []
        while time.monotonic() - started < 1.4:
            sent = time.monotonic() - started
            down = is_html(await client.ask())
            seen.append((down, sent, time.monotonic() - started))
            await asyncio.sleep(0.02)
        phases = [down for index, (down, *_) in enumerate(seen) if not index or seen[index - 1][0] != down]
        assert phases == [False, True, False]
        first_call_done = seen[0][2]
        for down, sent, done in seen:  # the server's clock starts somewhere within the first call
            if down:
                assert done >= 0.4
                assert sent <= 0.9 + first_call_done
            else:
                assert sent <= 0.4 + first_call_done or done >= 0.9
        stats = await client.stats()
        assert stats["faults"] == {"html": sum(down for down, *_ in seen)}

    await talk(server, dialogue)


@pytest.mark.slow
async def test_latency_is_waited_for(serve: Serve) -> None:
    """Completions and errors both take as long as the distribution says, and wait side by side."""
    server = serve(latency={"uniform": [0.3, 0.5]}, errors={"http_500": 0.5})

    async def dialogue(client: Client) -> None:
        started = time.monotonic()
        answers = await asyncio.gather(*(client.ask(seed) for seed in range(20)))
        assert time.monotonic() - started < 3
        assert {answer.status for answer in answers} == {200, 500}
        assert min(answer.took_s for answer in answers) >= 0.3

    await talk(server, dialogue)


def test_latency_distributions_have_their_quantiles() -> None:
    """In seconds: the median of a lognormal is its median, one sigma above it a factor of e to the sigma."""
    assert latency(2).quantile(0.1) == latency({"fixed": 2}).quantile(0.9) == 2
    assert latency({"uniform": [1, 3]}).quantile(0.25) == 1.5
    lognormal = latency({"lognormal": {"median": 0.8, "sigma": 0.5}})
    assert lognormal.quantile(0.5) == pytest.approx(0.8)
    assert lognormal.quantile(0.841345) == pytest.approx(0.8 * 2.718282**0.5, rel=1e-4)
    assert latency({"lognormal": {"median": 3000, "sigma": 5}}).quantile(0.999) == 3600


def latency(shape: object) -> Latency:
    """The distribution that a configuration gets by `latency: shape`."""
    latency = read_faults({"latency": shape}).latency
    assert latency is not None
    return latency


WRONG: list[tuple[Any, str]] = [
    ([], "faults is not a mapping of seed, latency"),
    ({"error": 0.1}, "faults: no key 'error'. Did you mean 'errors'?"),
    ({"errors": {"htm": 0.1}}, "errors.htm cannot be 'htm'. Did you mean 'html'?"),
    ({"errors": {503: 0.1}}, "errors.503 cannot be 503. Did you mean 'http_503'?"),
    ({"errors": {"html": 1.2}}, "errors.html=1.2 should be at most 1"),
    ({"errors": {"html": -0.1}}, "errors.html=-0.1 should be at least 0"),
    ({"errors": {"html": True}}, "errors.html=True should be a valid number"),
    ({"errors": {"html": float("nan")}}, "errors.html=nan should be"),
    ({"errors": {"html": 0.6, "http_500": 0.6}}, "add up to 1.2"),
    ({"errors": 2}, "faults.errors is a probability from 0 to 1"),
    ({"latency": "slow"}, "lognormal: {median: S, sigma: X}"),
    ({"latency": -1}, "latency.fixed=-1 should be at least 0"),
    ({"latency": {"normal": 1}}, "latency: no key 'normal'. Did you mean 'lognormal'?"),
    ({"latency": {"uniform": [2, 1]}}, "2 is above 1"),
    ({"latency": {"uniform": 1}}, r"[LOW, HIGH] in seconds"),
    ({"latency": {"lognormal": {"median": 1}}}, "lognormal.sigma is missing"),
    ({"latency": {"fixed": 1, "uniform": [1, 2]}}, "is one of"),
    ({"rate": {"burst": 3}}, "faults.rate.per_second is missing"),
    ({"rate": {"per_second": 0}}, "rate.per_second=0 should be at least 0.000001"),
    ({"rate": {"per_second": 1, "burst": 0.5}}, "at least 1"),
    ({"rate": {"per_second": 1, "tokens_burst": 5}}, "needs tokens_per_second"),
    ({"rate": 20}, "faults.rate is not a mapping of per_second"),
    ({"retry_after": "minutes"}, "retry_after=minutes: legal values are seconds, ms, date, none"),
    ({"seed": 1.5}, "whole number"),
    ({"outage": {"kind": "http_503"}}, "outage.duration_s is missing"),
    ({"outage": {"duration_s": 1, "kind": 503}}, "cannot be 503. Did you mean 'http_503'?"),
    ({"outage": {"duration_s": 1, "kind": "wrong_model"}}, "outage.kind cannot be 'wrong_model'"),
]


@pytest.mark.parametrize(("faults", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_wrong_configuration_is_refused_with_what_would_be_right(faults: Any, said: str) -> None:
    """Before a server is started, by the key's name."""
    with pytest.raises(FaultError) as caught:
        check({"policy": "obedient", "faults": faults})
    assert said in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_what_is_left_out_or_null_is_no_fault() -> None:
    """A model file may spell the keys out and leave them empty."""
    check({"policy": "obedient"})
    check({"policy": "obedient", "faults": None})
    check({"policy": "obedient", "faults": dict.fromkeys(Faults.model_fields)})
    assert not Faults(errors={"html": 0.1}).none
    faultless = application(choose("obedient"), "key", Faults(errors={"html": 0.0}))
    assert len(faultless.middlewares) == 1  # the key's: nothing else is in a benchmark's way
    assert set(LOST) | set(INSTEAD) < set(KINDS)


def test_the_child_says_why_it_does_not_serve() -> None:
    """A wrong fault reaches whoever starts the server."""
    with pytest.raises(ServerStartError, match="There are: http_429"):
        LocalServer.start(MODULE, {"policy": "obedient", "faults": {"errors": {"fire": 1}}})


class Served:
    """`hanlon serve` in a process of its own, stopped by Ctrl-C."""

    def __init__(self, command_line: CommandLine, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hanlon.cli", "serve", *arguments],
            cwd=command_line.folder,
            env=command_line.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        self.told: list[str] = []
        while not (self.told and "run.py" in self.told[-1]):
            self.told.append(self._process.stdout.readline())
            assert self.told[-1], "".join(self.told)

    def said(self, name: str) -> str:
        """What it printed under a name."""
        return next(line.split(maxsplit=1)[1].strip() for line in self.told if line.split()[0] == name)

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C: the exit code and what it printed since."""
        os.kill(self._process.pid, signal.SIGINT)
        rest, _ = self._process.communicate(timeout=20)
        return self._process.returncode, rest


@pytest.mark.slow
async def test_hanlon_serve_prints_a_command_that_runs_and_sums_up(command_line: CommandLine) -> None:
    """The printed command, typed as it is, samples a sweep marked simulated; Ctrl-C prints what it paid for."""
    errors = "http_500=0.1,bad_json=0.1"
    served = Served(command_line, "simulated/ambiguity", "--errors", errors, "--seed", "4", "--rate", "500")
    try:
        words = shlex.split(served.told[-1])
        name, _, key = words[0].partition("=")
        assert served.said("key") == key
        command_line.environment[name] = key
        assert words[1:3] == ["python", "run.py"]
        run = await asyncio.to_thread(command_line.run, *words[3:], "prompt=baseline", "samples=6")
        assert run.returncode == 0, run.stderr
        assert "simulated" in run.stdout
        async with Client(served.said("base_url"), key) as client:
            stats = await client.stats()
    finally:
        code, summary = served.interrupt()
    assert code == 0, summary
    lines = [line.split(maxsplit=1) for line in summary.strip().splitlines()[1:]]
    counts = {name: int(count) for count, name in lines}
    assert "ambiguity served (simulated)" in summary
    assert counts["calls, of 6 episodes"] == stats["calls"] == sum(stats["calls_by_seed"].values())
    assert counts["requests"] == stats["calls"] + stats["faults"].get("http_500", 0)
    assert {name: counts[f"fault {name}"] for name in stats["faults"]} == stats["faults"] != {}


async def test_ctrl_c_ends_hanlon_serve_while_calls_hang(command_line: CommandLine) -> None:
    """Nobody waits for a call that is never answered; without a key anybody may ask."""
    outage = ("--outage", "hang", "0", "1000")
    served = Served(command_line, "simulated/obedient", "--no-key", *outage)
    try:
        assert served.said("key") == "no key needed"
        async with Client(served.said("base_url"), None) as client:
            hanging = asyncio.ensure_future(client.ask())
            while not (await client.stats())["requests"]:
                pass
            started = time.monotonic()
            code, summary = await asyncio.to_thread(served.interrupt)
            assert time.monotonic() - started < 5
            with pytest.raises(aiohttp.ClientConnectionError):
                await hanging
    finally:
        if served._process.poll() is None:
            served.interrupt()
    assert code == 0
    assert "1  fault hang" in summary


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["simulated/ambiguty"], "no simulated policy 'ambiguty'. Did you mean 'simulated/ambiguity'?"),
        (["simulated/obedient", "--errors", "htm=0.1"], "Did you mean 'html'?"),
        (
            ["simulated/obedient", "--errors", "html"],
            "KIND=PROBABILITY or one probability for all, not 'html'",
        ),
        (["simulated/obedient", "--errors", "1.5"], "a probability from 0 to 1"),
        (["simulated/obedient", "--latency", "fast"], "--latency takes one number, not 'fast'"),
        (["simulated/obedient", "--latency", "lognormal:1"], "two numbers with a comma between, not '1'"),
        (
            ["simulated/obedient", "--latency", "normal:1,2"],
            "latency: no key 'normal'. Did you mean 'lognormal'?",
        ),
        (["simulated/obedient", "--rate", "1,2,3"], "--rate takes one number or two numbers"),
        (["simulated/obedient", "--retry-after", "soon"], "seconds, ms, date, none"),
        (["simulated/obedient", "--outage", "fire", "1", "2"], "outage.kind cannot be 'fire'"),
    ],
)
def test_wrong_options_of_hanlon_serve_are_refused(options: list[str], said: str) -> None:
    """Exit 2 and what would be right; nothing is served."""
    result = CliRunner().invoke(main, ["serve", *options])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_hanlon_serve_lists_its_faults() -> None:
    """--kinds prints each kind with what it is."""
    result = CliRunner().invoke(main, ["serve", "--kinds"])
    assert result.exit_code == 0
    assert dict(line.split(maxsplit=1) for line in result.output.splitlines()) == KINDS


def test_hanlon_serve_says_that_its_port_is_taken() -> None:
    """Exit 1 and the port, no traceback."""
    server = LocalServer.start(MODULE, {"policy": "obedient"})
    try:
        port = server.base_url.removesuffix("/v1").rpartition(":")[2]
        command = [sys.executable, "-m", "hanlon.cli", "serve", "simulated/obedient", "--port", port]
        taken = subprocess.run(command, text=True, capture_output=True, timeout=30, check=False, cwd=ROOT)
    finally:
        server.close()
    assert taken.returncode == 1
    assert f"cannot listen on 127.0.0.1, --port {port}" in taken.stderr
    assert "Traceback" not in taken.stderr
