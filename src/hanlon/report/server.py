"""The server of `hanlon view`: on loopback, for who has its token, and for no page of another site.

The token is a part of every address. A request that names another host was sent by a page whose name leads here
(DNS rebinding) and is refused, as is one that another origin sends.
"""

import ipaddress
import secrets
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import msgspec

from hanlon.report.shell import view_page
from hanlon.report.store_view import NotHere, Sent, StoreView
from hanlon.store.lines import CellBusy

LONGEST_BODY = 1_000_000
NAMES = ("127.0.0.1", "localhost", "[::1]")
JSON, HTML, TEXT = "application/json", "text/html; charset=utf-8", "text/plain; charset=utf-8"


class Refused(Exception):
    """A request that is answered with this status and these words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class ViewServer(ThreadingHTTPServer):
    """Serves one store."""

    daemon_threads = True

    def __init__(self, view: StoreView, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen at a port, 0 for one that is free.

        Raises:
            ValueError: the host is not this machine's loopback.
            OSError: the port is taken.
        """
        if not _is_loopback(host):
            raise ValueError(
                f"{host} is no loopback address: transcripts are shown on this machine alone (127.0.0.1)."
            )
        self.view = view
        self.token = secrets.token_urlsafe(24)
        super().__init__((host, port), _Handler)

    @property
    def address(self) -> str:
        """Where a browser finds it, token included."""
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback and ":" not in host
    except ValueError:
        return host == "localhost"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "hanlon", ""

    def do_GET(self) -> None:
        """Answer with the page, or with what its script asks for."""
        self._answer(self._got)

    def do_POST(self) -> None:
        """Take a remark."""
        self._answer(self._posted)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal shows the address alone."""

    @property
    def _of(self) -> ViewServer:
        """The server of this request."""
        return cast("ViewServer", self.server)

    def _answer(self, respond: Callable[[str, dict[str, str]], tuple[str, bytes]]) -> None:
        try:
            content_type, body = respond(*self._request())
            self._send(200, content_type, body)
        except Refused as refusal:
            self._send(refusal.status, TEXT, str(refusal).encode())
        except NotHere as missing:
            self._send(404, TEXT, f"{missing}.".encode())
        except (CellBusy, OSError) as problem:
            self._send(503, TEXT, f"It was not written: {problem}".encode())

    def _request(self) -> tuple[str, dict[str, str]]:
        """The path below the token, and the query."""
        port = self._of.server_port
        names = {f"{name}:{port}" for name in NAMES}
        if self.headers.get("Host", "") not in names:
            raise Refused(403, "This server answers to 127.0.0.1 alone.")
        origin = self.headers.get("Origin")
        if origin is not None and origin.removeprefix("http://") not in names:
            raise Refused(403, "This server answers to its own page alone.")
        split = urlsplit(self.path)
        _, token, *path = split.path.split("/", 2)
        if not secrets.compare_digest(token.encode(), self._of.token.encode()):
            raise Refused(403, "The address lacks the token that `hanlon view` printed.")
        query = {name: values[0] for name, values in parse_qs(split.query, keep_blank_values=True).items()}
        return "/".join(path), query

    def _got(self, path: str, query: dict[str, str]) -> tuple[str, bytes]:
        view = self._of.view
        if path == "":
            return HTML, view_page("hanlon view", f"/{self._of.token}/").encode()
        if path == "index":
            return JSON, msgspec.json.encode(view.index())
        if path == "labels":
            return JSON, msgspec.json.encode(view.labels())
        if path == "episode":
            return JSON, msgspec.json.encode(
                view.episode(query.get("cell", ""), _number(query.get("index", "")))
            )
        if path == "child":
            cell, branch, draw = (query.get(name, "") for name in ("cell", "branch", "draw"))
            return JSON, msgspec.json.encode(view.child(cell, branch, _number(draw)))
        if path == "search":
            return JSON, msgspec.json.encode(view.search(query.get("cell", ""), query.get("text", "")))
        raise Refused(404, "There is nothing here.")

    def _posted(self, path: str, query: dict[str, str]) -> tuple[str, bytes]:
        del query
        length = _number(self.headers.get("Content-Length", "0"))
        if path != "remark" or self.headers.get_content_type() != JSON or length > LONGEST_BODY:
            raise Refused(400, "A remark is sent to remark as JSON.")
        try:
            self._of.view.remark(msgspec.json.decode(self.rfile.read(length), type=Sent))
        except msgspec.DecodeError as error:
            raise Refused(400, f"This is no remark: {error}.") from None
        return JSON, b"{}"

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            *((("Connection", "close"),) if status >= 400 else ()),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Refused(400, f"{text!r} is no number.")
    return int(text)
