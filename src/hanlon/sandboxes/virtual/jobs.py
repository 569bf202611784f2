"""Background jobs that begin by sleeping: as jobs run to their end at once, they are put where they would run."""

import re

from hanlon.sandboxes.virtual.kernel import duration_s

TOKEN = re.compile(
    r"(?P<here><<-?[ \t]*(?P<q>['\"\\]?)(?P<word>\w+)(?P=q)?[^\n]*\n(?P<body>.*?)(?:\n\s*(?P=word)(?=\n|$)|$))"
    r"|(?P<script>\b(?:ba|da)?sh\s+(?:-\w+\s+)*-\w*c\s+)(?P<text>'[^']*'|\"[^\"$`\\]*\")"
    r"|(?P<single>'[^']*')"
    r"|(?P<escaped>\\.)"
    r"|(?P<double>\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<comment>(?<=\s)#[^\n]*)",
    re.DOTALL,
)
"""What stands apart in a command line: here-documents, scripts as a word, quotes, comments."""

STARTS = r"(?:(?<![^;&|({!\n])|(?<=\bthen\s)|(?<=\bdo\s)|(?<=\belse\s)|(?<=\bif\s)|(?<=\btime\s))"
"""Where a command begins."""

_DELAY = r"sleep[ \t]+(?P<delay>[\d.]+[smhd]?|infinity)"
_END = r"(?:\s*\d?>>?&?\s*[\w./&-]+)*\s*&(?!&)"
_JOBS = (
    re.compile(
        rf"(?:[({{]\s*|(?:nohup\s+|setsid\s+)*(?:ba|da)?sh\s+-c\s+(?P<quote>['\"])){_DELAY}\s*(?:;|&&)"
        rf"(?P<body>[^(){{}}&]*?);?\s*(?:[)}}]|(?P=quote)){_END}"
    ),
    re.compile(
        rf"(?<![^;&|({{\n])[ \t]*(?:nohup\s+|setsid\s+)*{_DELAY}[ \t]*(?:&&(?P<body>[^;&|\n]*(?:&&[^;&|\n]*)*))?{_END}"
    ),
)
_WAITS = re.compile(rf"{STARTS}[ \t]*(?:sleep[ \t]+([\d.]+[smhd]?)|wait)(?=[\s;&|)]|$)")


def deferred(text: str) -> tuple[str, list[tuple[float, str]]]:
    """A text without its background jobs that first sleep, and these jobs with the seconds that they do.

    A job goes behind the `sleep` or `wait` of the foreground that outlasts it; without one it is kept for later.
    """
    later: list[tuple[float, str]] = []
    while (job := _job_in(text)) is not None:
        delay_s, passed_s, body = duration_s(job["delay"]), 0.0, job["body"] or ":"
        head, rest = text[: job.start()] + ":;", text[job.end() :]
        for wait in _WAITS.finditer(rest):
            passed_s += duration_s(wait[1] or "infinity")
            if passed_s >= delay_s:
                rest = f"{rest[: wait.end()]}; ( {body}\n){rest[wait.end() :]}"
                break
        else:
            later.append((delay_s - passed_s, body))
        text = head + rest
    return text, later


def _job_in(text: str) -> re.Match[str] | None:
    """The first such job outside of quotes."""
    if "&" not in text or "sleep" not in text:
        return None
    quoted = [match.span() for match in TOKEN.finditer(text) if match["script"] is None]
    for job in (match for pattern in _JOBS for match in pattern.finditer(text)):
        if not any(start < job.start() < end for start, end in quoted):
            return job
    return None
