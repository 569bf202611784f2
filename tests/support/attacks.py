"""What a model may write to be more than text: the one set that every room is tried with."""

import json
import re
from pathlib import Path

from support.judged import write_judge
from support.stored import episode, write_cell

ATTACKS = {
    "script": "<script>document.title='HACKED'</script>",
    "closing": "</script><script>document.title='HACKED'</script>",
    "closing_json": '"}]}</script><img src=x onerror="document.title=\'HACKED\'">',
    "comment": "<!--<script>",
    "image": "<img src=x onerror=\"document.title='HACKED'\">",
    "svg": "<svg onload=\"document.title='HACKED'\"><animate onbegin=alert(1)></svg>",
    "style": "<style>body{display:none}</style>",
    "style_end": "</style><script>document.title='HACKED'</script>",
    "frame": "<iframe src=\"javascript:parent.document.title='HACKED'\"></iframe>",
    "link": "[click](javascript:document.title='HACKED')",
    "refresh": '<meta http-equiv="refresh" content="0;url=//127.0.0.1:1/">',
    "base": '<base href="//127.0.0.1:1/">',
    "form": '<form action="//127.0.0.1:1/"><input name=q></form>',
    "details": "<details open ontoggle=\"document.title='HACKED'\">",
    "template": "{{ 7 * 7 }}{% raw %}${7*7}#{7*7}",
    "entity": "&lt;script&gt;&#60;b&#62;&amp;",
    "quotes": "' \" ` \\ \\u003cscript\\u003e",
    "ansi": "\x1b[31mred\x1b[0m\x1b[2J\x1b[H",
    "title": "\x1b]0;HACKED\x07",
    "hyperlink": "\x1b]8;;http://127.0.0.1:1/\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;SEFDS0VE\x07",
    "c1": "\x9b31mred\x9b0m",
    "override": "safe \u202etxt.exe\u202c end",
    "isolate": "a\u2066b\u2069\u200fc",
    "no_width": "pass\u200bword\ufeff\u00ad",
    "tags": "hi\U000e0048\U000e0049",
    "separators": "a\u2028b\u2029c",
    "selectors": "a\U000e0120\ufe01 \u3164 emoji \u2764\ufe0f",
    "nul": "before\x00after",
    "backspace": "safe\b\b\b\bevil\rgone",
    "marks": "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319",
    "formula": '=HYPERLINK("http://127.0.0.1:1/")',
    "formula_call": '=cmd|"/c calc"!A1',
    "formula_plus": "+1+1",
    "formula_minus": "-1+cmd",
    "formula_at": "@SUM(A1)",
    "formula_tab": "\t=1+1",
    "formula_return": "\r=1+1",
    "long_line": "x" * 300_000,
    "proto": "__proto__",
}
HIDDEN = (
    *(
        "ansi",
        "title",
        "hyperlink",
        "clipboard",
        "c1",
        "override",
        "isolate",
        "no_width",
        "tags",
        "selectors",
    ),
    *("separators", "nul", "backspace", "marks", "formula_return"),
)
"""Those of which something would not be seen."""
FORMULAS = tuple(name for name in ATTACKS if name.startswith("formula"))
"""Those that a spreadsheet would compute."""


def restored(shown: str) -> str:
    """What was written, of a text in which hidden characters are written out."""
    return re.sub(r"\[U\+([0-9A-F]{4,6})\]", lambda match: chr(int(match[1], 16)), shown)


def attacked_store(runs: Path) -> list[Path]:
    """A cell for each attack, in which it is the model's name, the label, a level, a text, and all that was said of it.

    Returns:
        The cells' folders, in the order of ATTACKS.
    """
    folders = []
    for number, (name, text) in enumerate(ATTACKS.items()):
        key, short = f"{number:06x}", text[:200]
        call = {"function": {"name": "bash", "arguments": json.dumps({"cmd": text})}}
        reply = {"role": "assistant", "content": text, "reasoning": text, "tool_calls": [{"id": "a", **call}]}
        said = [
            {"role": "user", "content": "hello"},
            reply,
            {"role": "tool", "tool_call_id": "a", "content": text},
        ]
        folder = write_cell(
            runs, key, episode(0, messages=said, facts={"output": text}), episode(1, "resisted"),
            label=short, model=short, texts={"system": text}, prompt=name, factors={"placement": short},
        )  # fmt: skip
        write_judge(runs, folder, "gpt", {0: True}, text)
        folders.append(folder)
    return folders
