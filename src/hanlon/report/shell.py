"""What the report and `hanlon view` have in common: the template, its style and scripts, and the policy that guards it.

The policy allows the scripts of the page by their hashes. It forbids every other script, every load, and `eval`.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import msgspec
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from hanlon.analysis.inert import inert
from hanlon.store.redaction import Redaction

ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
"""What would end a script element, or a line of a script, in JSON within a page."""
NOT_SENT = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'; img-src data:"
"""The policy of every page, but for its scripts. Styles cannot load anything."""


def view_page(name: str, token_path: str) -> str:
    """The page of `hanlon view`, which asks the server below a path for everything."""
    script = reader_script()
    data = msgspec.json.encode({"server": token_path}).decode()
    parts = reader_parts(data, [script], " connect-src 'self';")
    return template(None).render(title=name, about=None, **parts)


def reader_parts(data: str, scripts: Sequence[str], more: str = "") -> dict[str, Any]:
    """What the template needs for the reader: style, data, scripts, and the policy that allows these alone."""
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return {
        "policy": f"{NOT_SENT};{more} script-src {hashes}",
        "style": Markup(_file("reader.css")),
        "data": Markup(data.translate(ESCAPED)),
        "scripts": [Markup(script) for script in scripts],
    }


def reader_script() -> str:
    """The reader's own script."""
    return "\n".join(_file(name) for name in ("transcript.js", "reader.js"))


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def _file(name: str) -> str:
    return resources.files("hanlon.report").joinpath("templates", name).read_text(encoding="utf-8")


def template(redaction: Redaction | None) -> Template:
    """The template of both pages. What is put in is escaped, every character of it can be seen, no key is in it."""

    def finalize(value: Any) -> Any:
        if isinstance(value, Markup):
            return value
        return inert(redaction.secrets(str(value)) if redaction else str(value))

    environment = Environment(
        autoescape=True, finalize=finalize, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_file("page.html.jinja"))
