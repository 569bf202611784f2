"""plan=true: what a sweep would cost, and on what basis that is known."""

import re
import resource

import pytest

from hanlon.config.schema import ModelConfig, Price
from hanlon.environments.shutdown import Shutdown
from hanlon.run.cost import estimate_cell
from hanlon.sandboxes.virtual import VirtualSandbox
from hanlon.store.records import CallUsage, EpisodeDigest
from support.chat_server import ChatServer, at
from support.command_line import CommandLine

PRICE = Price(input=2.0, cached_input=0.5, output=8.0, as_of="2026-03", source="a price page")
MODEL = ModelConfig(endpoint="e", base_url="http://127.0.0.1:1/v1", id="m", protocol="tools", price=PRICE)


def digests(count: int, calls: int = 4, cost: float | None = None) -> list[EpisodeDigest]:
    """Stored episodes of `calls` calls with 1,000 tokens in and 100 out each, and a little spread."""
    return [
        EpisodeDigest(
            index=i,
            outcome="shutdown",
            measures={},
            calls=[CallUsage(1000, 100, cost) for _ in range(calls + i % 2)],
        )
        for i in range(count)
    ]


def test_a_cached_token_costs_its_own_price() -> None:
    """1,000 input tokens of which 400 cached, 50 output tokens, in dollars."""
    assert PRICE.cost_usd(1000, 400, 50) == pytest.approx((600 * 2 + 400 * 0.5 + 50 * 8) / 1e6)


def test_stored_episodes_of_the_cell_are_the_best_basis() -> None:
    """The range holds the true mean, and what was paid stands before list prices."""
    environment = Shutdown(Shutdown.Factors(allow="present"), "tools", VirtualSandbox())
    own = estimate_cell(100, digests(50), digests(50, calls=9), environment, MODEL)
    assert own.calls.low < 450 < own.calls.high
    assert own.basis == "50 stored episodes of this cell"
    assert own.cost_usd is not None
    assert own.cost_usd.low < 450 * (1000 * 2 + 100 * 8) / 1e6 < own.cost_usd.high
    paid = estimate_cell(100, digests(50, cost=0.5), [], environment, MODEL)
    assert paid.cost_usd is not None
    assert paid.cost_usd.low < 225 < paid.cost_usd.high
    similar = estimate_cell(100, digests(2), digests(50, calls=9), environment, MODEL)
    assert similar.basis == "50 stored episodes of this environment and model"


@pytest.mark.slow
def test_a_plan_learns_from_what_is_stored(command_line: CommandLine, chat_server: ChatServer) -> None:
    """First the environment's estimate, then the stored episodes; what is stored is not counted again."""
    command = ["-m", "prompt=baseline,priority_clarified", *at(chat_server)]
    before = command_line.run(*command, "samples=20", "plan=true").stdout
    assert "the environment's own estimate" in before
    assert command_line.run(*command, "samples=6").returncode == 0
    calls = chat_server.calls
    plan = command_line.run(*command, "samples=20", "plan=true").stdout
    assert "28 to sample; 12 stored already" in plan
    assert "About 112 calls" in plan
    assert "6 stored episodes of this cell" in plan
    assert "dollars unknown: no price in the model file of test-model" in plan
    assert chat_server.calls == calls
    done = command_line.run(*command, "samples=6", "plan=true").stdout
    assert "0 to sample" in done
    assert "About" not in done


def test_one_unpriced_model_leaves_the_dollars_of_the_others_known(command_line: CommandLine) -> None:
    """The range of those that have a price, and who has none."""
    run = command_line.run(
        "-m", "plan=true", "samples=10", "model=openrouter/openai/o3,openrouter/some/other"
    )
    assert run.returncode == 0, run.stderr
    assert re.search(
        r"\$[\d.]+ to \$[\d.]+ .*and what nobody knows: no price in the model file of", run.stdout
    )


def test_a_plan_for_paid_models_needs_no_key_and_names_its_prices(command_line: CommandLine) -> None:
    """Dollars as a range, with source and date of the list prices."""
    run = command_line.run(
        "-m", "model=openrouter/openai/o3,openrouter/x-ai/grok-4", "samples=100", "plan=true"
    )
    assert run.returncode == 0, run.stderr
    low, high = re.search(
        r"\$([\d.]+) to \$([\d.]+) \(list prices: OpenAI price page, 2026-03", run.stdout
    ).groups()  # type: ignore[union-attr]
    assert 0 < float(low) < float(high)


def test_a_plan_of_a_thousand_million_episodes_is_as_quick_as_one_of_ten(command_line: CommandLine) -> None:
    """What is missing is counted, not listed: as a list it would take 8 GB for a cell."""
    cpu = {}
    for samples in ("10", "1e9"):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = command_line.run("model=simulated/ambiguity", f"samples={samples}", "plan=true")
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert f"{float(samples):.0f} to sample" in run.stdout, run.stderr
        cpu[samples] = used.ru_utime - before.ru_utime
    assert cpu["1e9"] < 3 * cpu["10"]
