"""What must not leave this machine with a configuration or a transcript: keys, local paths, its name."""

import os
import re
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

REDACTED = "[redacted]"
SECRET_NAME = re.compile(
    r"(^|[_.-])(api_?key|access_?key|key|token|secret|password|passwd|authorization|credentials?)$",
    re.IGNORECASE,
)
SECRET_VALUE = re.compile(
    r"\b(?:sk|pk|rk|wandb|hf|gsk|xai|key)[-_][A-Za-z0-9_-]{16,}|\bAIza[A-Za-z0-9_-]{20,}|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bBearer\s+[A-Za-z0-9._~+/-]{8,}=*"
)
URL_USER = re.compile(r"(?<=://)[^/@\s]+@")
URL_QUERY_SECRET = re.compile(
    r"(?<=[?&])([^=&#\s]*(?:key|token|secret|sig)[^=&#\s]*)=[^&#\s]+", re.IGNORECASE
)
LOCAL_PATH = re.compile(r"(?:file://)?(?:/|~|[A-Za-z]:[\\/])[^\s:]*[^\s:/\\]")
SHORTEST_SECRET = 8
"""Shorter values of secret-looking environment variables are words, not keys."""


class Redaction:
    """Replaces what is secret or local. Knows this process's environment as it is when it is made."""

    def __init__(self, extra_paths: Iterable[Path] = ()) -> None:
        named = (value for name, value in os.environ.items() if SECRET_NAME.search(name))
        self._secrets = sorted({v for v in named if len(v) >= SHORTEST_SECRET}, key=len, reverse=True)
        paths = {str(path.absolute()) for path in (*extra_paths, Path.cwd(), Path.home())} - {"/"}
        self._paths = sorted(paths, key=len, reverse=True)
        self._host = socket.gethostname()

    def secrets(self, text: str) -> str:
        """`text` without keys; nothing else is touched (a transcript may rightly hold paths)."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return SECRET_VALUE.sub(REDACTED, text)

    def text(self, text: str) -> str:
        """A configuration's string without keys, a URL's user, local paths and the host's name."""
        text = URL_USER.sub("", self.secrets(text))
        text = URL_QUERY_SECRET.sub(rf"\1={REDACTED}", text)
        if LOCAL_PATH.fullmatch(text):
            return ".../" + re.split(r"[\\/]", text.rstrip("\\/"))[-1]
        for path in self._paths:
            text = re.sub(re.escape(path) + r"(?![\w.-])", "...", text)
        return text.replace(f"://{self._host}", "://localhost") if self._host else text

    def tree(self, value: Any) -> Any:
        """A configuration (nested dicts and lists), redacted; what stands under a secret's name goes."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            items = cast("Mapping[Any, Any]", value).items()
            return {self.text(str(key)): self._named(str(key), item) for key, item in items}
        if isinstance(value, list | tuple):
            return [self.tree(item) for item in cast("list[Any]", value)]
        return value if isinstance(value, bool | int | float | None) else self.text(str(value))

    def _named(self, name: str, value: Any) -> Any:
        secret = SECRET_NAME.search(name) and isinstance(value, str) and value
        return REDACTED if secret else self.tree(value)
