"""The floors: clients that make the same calls and do nothing else."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
import httpx2
import msgspec
from openai import AsyncOpenAI, DefaultAioHttpClient

Conversation = Sequence[dict[str, Any]]
"""The request bodies of one episode, in order."""
Post = Callable[[dict[str, Any]], Awaitable[object]]


async def _share_out(episodes: Sequence[Conversation], connections: int, post: Post) -> None:
    waiting = iter(episodes)

    async def worker() -> None:
        for episode in waiting:
            for body in episode:
                await post(body)

    await asyncio.gather(*(worker() for _ in range(connections)))


async def bare_aiohttp(base_url: str, key: str, episodes: Sequence[Conversation], connections: int) -> None:
    """aiohttp and the standard library's json."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def post(body: dict[str, Any]) -> object:
            async with session.post(f"{base_url}/chat/completions", data=json.dumps(body).encode()) as reply:
                return json.loads(await reply.read())["choices"][0]["message"]["content"]

        await _share_out(episodes, connections, post)


async def bare_fast_openai(
    base_url: str, key: str, episodes: Sequence[Conversation], connections: int
) -> None:
    """The openai client's `post` with bytes, the aiohttp transport and msgspec."""
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    http = DefaultAioHttpClient(limits=limits)
    async with AsyncOpenAI(base_url=base_url, api_key=key, max_retries=0, http_client=http) as client:

        async def post(body: dict[str, Any]) -> object:
            reply = await client.post(
                "/chat/completions",
                cast_to=httpx2.Response,
                content=msgspec.json.encode(body),
                options={"headers": {"content-type": "application/json"}},
            )
            return msgspec.json.decode(reply.content)["choices"][0]["message"]["content"]

        await _share_out(episodes, connections, post)
