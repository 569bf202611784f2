"""`hanlon serve`: a simulated policy in the foreground, for a sweep that is started from another terminal."""

import asyncio
import contextlib
import json
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hanlon.simulated.choose import choose_policy, file_config, module_of
from hanlon.simulated.faults.config import FaultError, read_faults
from hanlon.simulated.served import ServedCounts
from hanlon.simulated.server import application, listen

KEY_VARIABLE = "HANLON_SERVE_KEY"
"""The environment variable that the printed command sets to the key."""

_PREFIX = "simulated/"


def serve(
    model: str, faults: Mapping[str, Any], port: int, with_key: bool, say: Callable[[str], None]
) -> None:
    """Serve `model` on loopback until Ctrl-C or SIGTERM; `say` prints how to use it and what was served.

    Raises:
        ValueError: there is no such model or fault; what there is.
        OSError: the port is taken or not ours to take.
    """
    config = file_config(model.removeprefix(_PREFIX))
    policy = choose_policy(config)
    tally = ServedCounts()
    key = secrets.token_urlsafe(24) if with_key else None
    app = application(policy, key, read_faults(faults), tally)

    def announce(bound: int) -> None:
        for line in _how_to_use(config, faults, bound, key):
            say(line)

    asyncio.run(listen(app, port, announce, until=_interrupted()))
    say(f"\n{_PREFIX}{policy.name} served (simulated):")
    for line in tally.lines():
        say(line)


async def _interrupted() -> None:
    """Done at the first SIGINT or SIGTERM."""
    interrupt = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, interrupt.set)
    await interrupt.wait()


def _how_to_use(
    config: Mapping[str, Any], faults: Mapping[str, Any], port: int, key: str | None
) -> Sequence[str]:
    base_url, model = f"http://127.0.0.1:{port}/v1", _PREFIX + config["policy"]
    command, node = _command(module_of(config).ENVIRONMENT)
    command += f" {node}.base_url={base_url} {node}.id={model} {node}.simulated=true"
    if key is not None:
        command = f"{KEY_VARIABLE}={key} {command} {node}.api_key_env={KEY_VARIABLE}"
    return (
        f"{model}: a scripted policy, no language model. Ctrl-C ends it.",
        f"  base_url  {base_url}",
        f"  key       {key or 'no key needed'}",
        f"  faults    {json.dumps(faults) if faults else 'none'}",
        "From another terminal:",
        f"  {command}",
    )


def _command(environment: str | None) -> tuple[str, str]:
    """The command that uses a policy, and the node of the configuration that names it. Without one it is a judge."""
    if environment is None:
        node = "judge.llm.model"
        return f"python run.py judge=llm model@{node}=endpoint", node
    return f"python run.py env={environment} model=endpoint", "model"


def fault_options(
    latency: str | None, rate: str | None, errors: Sequence[str], outage: tuple[str, float, float] | None
) -> dict[str, Any]:
    """The words of the command line as `faults` of a configuration (faults/config.py), not yet checked.

    `latency` is S, uniform:LOW,HIGH or lognormal:MEDIAN,SIGMA; `rate` PER_SECOND or PER_SECOND,BURST; each of
    `errors` is one probability for all kinds or KIND=P,KIND=P; `outage` the kind, its start and duration.

    Raises:
        FaultError: a word should be a number and is none.
    """
    faults: dict[str, Any] = {}
    if latency is not None:
        faults["latency"] = _latency(latency)
    if rate is not None:
        faults["rate"] = dict(zip(("per_second", "burst"), _numbers(rate, "--rate", (1, 2)), strict=False))
    if errors:
        faults["errors"] = _errors(errors)
    if outage is not None:
        kind, start_s, duration_s = outage
        faults["outage"] = {"kind": kind, "start_s": start_s, "duration_s": duration_s}
    return faults


def _latency(text: str) -> object:
    shape, colon, values = text.rpartition(":")
    if not colon:
        return _numbers(text, "--latency", (1,))[0]
    if shape == "lognormal":
        median, sigma = _numbers(values, "--latency", (2,))
        return {shape: {"median": median, "sigma": sigma}}
    numbers = _numbers(values, "--latency", (1, 2))
    return {shape: numbers[0] if shape == "fixed" else numbers}


def _errors(options: Sequence[str]) -> object:
    words = [word for option in options for word in option.split(",")]
    if len(words) == 1 and "=" not in words[0]:
        with contextlib.suppress(ValueError):
            return float(words[0])
    errors: dict[str, float] = {}
    for word in words:
        kind, equals, probability = word.partition("=")
        if not equals:
            raise FaultError(f"--errors takes KIND=PROBABILITY or one probability for all, not {word!r}.")
        errors[kind] = _numbers(probability, f"--errors {kind}", (1,))[0]
    return errors


def _numbers(text: str, option: str, counts: tuple[int, ...]) -> list[float]:
    numbers: list[float] = []
    with contextlib.suppress(ValueError):
        numbers = [float(word) for word in text.split(",")]
    if len(numbers) not in counts:
        due = " or ".join(("one number", "two numbers with a comma between")[count - 1] for count in counts)
        raise FaultError(f"{option} takes {due}, not {text!r}.")
    return numbers
