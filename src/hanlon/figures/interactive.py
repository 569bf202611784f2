"""Figures in a page of HTML that loads nothing: no network, no CDN, no `eval`.

Each figure stands there drawn, and a script replaces it by an interactive one. Vega's libraries are in the page, once
for all figures: from a CDN the page would be blank in an offline viewer, behind a proxy, and where a policy allows no
foreign scripts.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import msgspec

EMBED = """
for (const [name, spec] of Object.entries(FIGURES)) {
  const figure = document.getElementById(name), live = document.createElement("div");
  figure.append(live);
  vegaEmbed(live, spec, {renderer: "svg", ast: true, actions: {export: true, source: false, compiled: false,
    editor: false}}).then(() => figure.firstElementChild.remove(), () => live.remove());
}
"""
"""`ast`: expressions are interpreted, since a strict policy forbids compiling them. What fails stays as drawn."""


def available() -> bool:
    """Whether figures can be drawn."""
    return find_spec("altair") is not None and find_spec("vl_convert") is not None


def scripts(specs: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """The libraries, and what makes the figures of these ids interactive: the texts of two script elements."""
    import vl_convert

    from hanlon.figures.drawing import VEGA_LITE

    libraries = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE)
    data = msgspec.json.encode(specs).decode().replace("<", "\\u003c")
    return libraries, f"const FIGURES = {data};{EMBED}"
