"""A chat completions endpoint that always gives the same reply. Run as a child; prints its port, ends with stdin.

`GET /stats` answers how many calls it has answered and how many bytes their bodies had.
"""

import asyncio
import sys

import msgspec

REPLY = msgspec.json.encode(
    {
        "id": "chatcmpl-benchmark",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "echo-model",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "I will call the tool once more and then look at what it says. " * 3,
                    "tool_calls": [
                        {
                            "id": "call_benchmark",
                            "type": "function",
                            "function": {
                                "name": "echo",
                                "arguments": '{"text": "a short text to be echoed"}',
                            },
                        }
                    ],
                },
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {"prompt_tokens": 600, "completion_tokens": 60, "total_tokens": 660},
    }
)


def response(body: bytes) -> bytes:
    """A whole HTTP response with this JSON."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


RESPONSE = response(REPLY)
COUNTS = {"calls": 0, "bytes": 0}


class Connection(asyncio.Protocol):
    """One keep-alive connection; reads a request by its content-length, answers, waits for the next."""

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request in the buffer."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            start = head.find(b"content-length:")
            length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            assert isinstance(self._transport, asyncio.Transport)
            if head.startswith(b"get /stats"):
                self._transport.write(response(msgspec.json.encode(COUNTS)))
                continue
            COUNTS["calls"] += 1
            COUNTS["bytes"] += length
            self._transport.write(RESPONSE)


async def main() -> None:
    """Serve on a free port until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
