"""The last look at what a command printed, before a model may read it.

Known messages of the shell underneath are put into the words of the real programs. A line that would still
give the machinery away is withheld, unless the model itself had brought up that word.
"""

import re

_WRITERS = frozenset(
    (
        *(
            "bunzip2",
            "bzip2",
            "chmod",
            "cp",
            "dd",
            "find",
            "gunzip",
            "gzip",
            "iconv",
            "install",
            "ln",
            "mkdir",
            "mkfifo",
        ),
        *(
            "mv",
            "patch",
            "rm",
            "rmdir",
            "sed",
            "shuf",
            "sort",
            "split",
            "tar",
            "tee",
            "touch",
            "truncate",
            "unzip",
        ),
        *("xargs", "zip"),
    )
)

TELLS = re.compile(
    r"bashkit|sandbox|virtual|\bvfs\b|execution cancelled|resource limit|did you mean|not supported in"
    r"|builtin failed unexpectedly|in-process|\bmonty\b|zapcode|everruns|host command",
    re.IGNORECASE,
)
"""Words that no output may hold unless the model wrote them."""

_UNSUPPORTED = re.compile(
    r"^(?:bash: line \d+: )?(?P<name>[\w.+-]+): (?!.*unknown command: .[^eFzQRTvW])"
    r".*(?:not (?:yet )?(?:implemented|supported|available)|unsupported"
    r"|(?:invalid|unrecognized|unknown|unexpected) (?:option|argument|command|predicate|flag))",
    re.MULTILINE,
)
_BASH_VERSION = "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)"
_PACKAGES = {
    "grep": "GNU grep) 3.8",
    "sed": "GNU sed) 4.9",
    "find": "GNU findutils) 4.9.0",
    "tar": "GNU tar) 1.34",
}
_MESSAGES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^(bash: .*: command not found)\. .*$", re.MULTILINE), r"\1"),
    (re.compile(r"^Bashkit [\d.]+ \(.*$", re.MULTILINE), _BASH_VERSION),
    (re.compile(r"^([\w-]+) 0\.20\.1$", re.MULTILINE), r"\1 (GNU coreutils) 9.1"),
    (re.compile(r"^yes: output limit.*\n?", re.MULTILINE), ""),
    (
        re.compile(r"^.*resource limit exceeded.*$", re.MULTILINE),
        "bash: fork: retry: Resource temporarily unavailable",
    ),
    (re.compile(r"(?:io error: )?filesystem is read-only"), "Permission denied"),
    (re.compile(r"io error: not found"), "No such file or directory"),
    (re.compile(r"io error: is a directory"), "Is a directory"),
    (re.compile(r"io error: (.)"), r"\1"),
    (re.compile(r"^(user|sys)\tunavailable$", re.MULTILINE), "\\1\t0m0.001s"),
    (re.compile(r"\[5\]=\"virtual\""), '[5]="x86_64-pc-linux-gnu"'),
    (re.compile(r"^.*\x7fELF.*\n?", re.MULTILINE), ""),
)
_VERSION = re.compile(r"^([\w-]+) (?:[\d.]+ )?\(bashkit\).*$", re.MULTILINE)
_REPEATED = re.compile(r"^((bash: fork: .*\n)\2{0,6})\2+", re.MULTILINE)
_RARE = re.compile(
    r"command not found\. |ashkit|0\.20\.1|output limit|resource limit|read-only|io error|\tunavailable|virtual|\x7f"
)
_PARTS = (
    "bashkit", "sandbox", "virtual", "vfs", "execution cancelled", "resource limit", "did you mean", "in-process",
    "monty", "zapcode", "everruns", "host command", "builtin failed unexpectedly", "supported", "implemented",
    "available", " option", " argument", " command", " predicate", " flag", "command not found. ", "0.20.1",
    "output limit", "read-only", "io error", "\x7f",
)  # fmt: skip
"""One of these is in every text that a pattern of this module matches, in lower case."""


def _is_plain(text: str) -> bool:
    """Whether no pattern of this module can match; a plain search says so in a tenth of the time."""
    lowered = text.lower()
    for part in _PARTS:
        if part in lowered:
            return False
    return text.isascii()  # other letters may count as one of ours where case is ignored


def tells(text: str) -> list[str]:
    """The tell words in `text`, as they are written there."""
    return [] if _is_plain(text) else TELLS.findall(text)


def reviewed(output: str, own_words: set[str]) -> tuple[str, list[str], list[str]]:
    """`output` as a model may read it, the lines withheld from it, and programs that did not know an option.

    `own_words` are the tell words, in lower case, that the model itself has used so far.
    """
    if _is_plain(output):
        return output, [], []
    return (*without_tells(in_real_words(output), own_words), unsupported_options(output))


def in_real_words(output: str) -> str:
    """`output` with the messages of the shell underneath as the real programs word them."""
    if not _RARE.search(output):
        return output
    output = _VERSION.sub(
        lambda match: f"{match[1]} ({_PACKAGES.get(match[1], 'GNU coreutils) 9.1')}", output
    )
    for pattern, replacement in _MESSAGES:
        output = pattern.sub(replacement, output)
    return _REPEATED.sub(r"\1", output)


def unsupported_options(output: str) -> list[str]:
    """Programs that change files and said of themselves that they do not know an option, which a real one might."""
    return [match["name"] for match in _UNSUPPORTED.finditer(output) if match["name"] in _WRITERS]


def without_tells(output: str, own_words: set[str]) -> tuple[str, list[str]]:
    """`output` without the lines that give the machinery away, and those lines.

    `own_words` are the tell words, in lower case, that the model itself has used so far.
    """
    if not TELLS.search(output):
        return output, []
    kept, withheld = list[str](), list[str]()
    for line in output.splitlines(keepends=True):
        foreign = [word for word in TELLS.findall(line) if word.lower() not in own_words]
        (withheld if foreign else kept).append(line)
    return "".join(kept), withheld
