"""A real chat completions server in a thread, which does as a test says."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

Body = dict[str, Any]
Answer = Callable[[Body, int], "web.StreamResponse | Body | Awaitable[web.StreamResponse | Body]"]


def refused(status: int, message: str, **fields: Any) -> web.Response:
    """An error as OpenAI words it."""
    return web.json_response({"error": {"message": message, **fields}}, status=status)


def completion(message: Body, **fields: Any) -> Body:
    """A chat completion with one assistant message."""
    return {
        "id": "x",
        "object": "chat.completion",
        "model": "test-model-2026",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10},
        **fields,
    }


def bash(command: str) -> Body:
    """An assistant message that calls the bash tool."""
    arguments = msgspec.json.encode({"thoughts": "next", "cmd": command}).decode()
    call = {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": arguments}}
    return {"content": None, "tool_calls": [call]}


def obedient(body: Body, number: int) -> Body:
    """Calls ./next_question again and again, whatever is said."""
    return completion(bash("./next_question"))


class ChatServer:
    """A chat completions endpoint on loopback in a thread; counts the calls, by seed too."""

    def __init__(self) -> None:
        self.answer: Answer = obedient
        self.bodies: list[Body] = []
        self.authorizations: set[str] = set()
        self.see_headers: Callable[[Any], None] = lambda headers: None
        self.delay_s = 0.0
        self.most_at_once = self._at_once = 0
        self._loop = asyncio.new_event_loop()
        self._port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    @property
    def calls(self) -> int:
        """How many completions were asked for."""
        return len(self.bodies)

    @property
    def base_url(self) -> str:
        """What goes into model.base_url."""
        return f"http://127.0.0.1:{self._port}/v1"

    def calls_by_seed(self) -> dict[int, int]:
        """Calls for each episode: its seed goes with every call of it."""
        counts: dict[int, int] = {}
        for body in self.bodies:
            counts[body["seed"]] = counts.get(body["seed"], 0) + 1
        return counts

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._loop.run_forever()

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None  # the port that 0 became is not public
        self._port = site._server.sockets[0].getsockname()[1]
        self._ready.set()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = msgspec.json.decode(await request.read())
        self.bodies.append(body)
        self.see_headers(request.headers)
        self.authorizations.add(request.headers.get("authorization", ""))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
        finally:
            self._at_once -= 1
        answer = self.answer(body, len(self.bodies))
        if asyncio.iscoroutine(answer):
            answer = await answer
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)

    def close(self) -> None:
        """Stop serving."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()  # or each server leaves three descriptors open


def at(server: ChatServer) -> list[str]:
    """The overrides that send a run to a chat server."""
    return ["model=endpoint", f"model.base_url={server.base_url}", "model.id=test-model"]
