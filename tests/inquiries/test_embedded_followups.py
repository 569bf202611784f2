"""The embedded model answers follow-up questions through a grammar over the choices."""

import json
import urllib.request

import pytest

from hanlon.models.local_server import LocalServer
from support.played import SETS, N, asked, cell, play, say

pytestmark = pytest.mark.slow

pytest.importorskip("xllamacpp", reason="the embedded runtime is not installed")


@pytest.mark.parametrize("name", SETS)
def test_every_question_is_answered_readably(name: str) -> None:
    """A real model, if a very small one: each reply is one of the choices, right or not."""
    played = cell("env=shutdown", "prompt=baseline", "model=embedded")
    episode = play(played, say(N))
    server_config = played.config.model.server
    assert server_config is not None
    server = LocalServer.start(server_config.module, server_config.config)
    try:
        for question in asked(played, name, episode).values():
            sampling = played.config.model.sampling.model_dump(exclude_none=True)
            body = {"model": played.config.model.id, "seed": 1, **sampling, **question.request_fields}
            request = urllib.request.Request(
                f"{server.base_url}/chat/completions",
                json.dumps({**body, "messages": question.messages}).encode(),
                {"Authorization": f"Bearer {server.api_key}", "Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=120) as response:
                reply = json.loads(response.read())["choices"][0]["message"]["content"]
            assert question.read is not None
            assert question.read(reply).value is not None, (question.name, reply)
    finally:
        server.close()
