"""One stored episode, and the episodes that hold a text, without decoding more lines than are asked for."""

import mmap
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from hanlon.store.episodes import scan
from hanlon.store.lines import UNREADABLE
from hanlon.store.outcomes import RETRIED_LATER
from hanlon.store.records import Episode

INDEX = re.compile(rb'\{"index":(\d+),"seed":')
MESSAGES = b'"messages":['
"""Behind it in a line stand the messages."""
BLOCK_BYTES = 1 << 20
"""That are read and searched at once."""


def episode_at(folder: Path, index: int) -> Episode | None:
    """Episode `index` of a cell, the one that counts (see `scan`); None where there is none."""
    kept: Episode | None = None
    decoder = msgspec.json.Decoder(Episode)
    try:
        for content in _contents(folder):
            for line in _lines_of(content, index):
                episode = decoder.decode(line)
                if kept is None or kept.outcome in RETRIED_LATER:
                    kept = episode
    except UNREADABLE:  # a damaged line: the careful way
        return next((episode for episode in scan(folder, Episode)[0] if episode.index == index), None)
    return kept


def indices_with(folder: Path, text: str) -> set[int]:
    """The episodes of a cell in whose messages, as they are stored, a text stands, in capitals or not."""
    wanted = msgspec.json.encode(text.lower())[1:-1]
    found: set[int] = set()
    for block in (block for content in _contents(folder) for block in _blocks(content, text.isascii())):
        at = block.find(wanted)
        while at >= 0:
            begin, end = block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at)
            if block.find(MESSAGES, begin, at) < 0:
                at = block.find(wanted, at + 1)
                continue
            if match := INDEX.match(block, begin):
                found.add(int(match[1]))
            at = block.find(wanted, end) if end >= 0 else -1
    return found


def _blocks(content: mmap.mmap, is_ascii: bool) -> Iterator[bytes]:
    """Whole lines, some megabytes at a time, in lower case: the letters of ASCII, which is faster, or all."""
    at = 0
    while at < len(content):
        end = content.find(b"\n", min(at + BLOCK_BYTES, len(content)))
        end = len(content) if end < 0 else end
        block = content[at:end]
        yield block.lower() if is_ascii else block.decode(errors="replace").lower().encode()
        at = end + 1


def _lines_of(content: mmap.mmap, index: int) -> Iterator[bytes]:
    start = b'{"index":%d,"seed":' % index
    at = content.find(start)
    while at >= 0:
        end = content.find(b"\n", at)
        if end < 0:  # still being written
            return
        yield content[content.rfind(b"\n", 0, at) + 1 : end]
        at = content.find(start, end)


def _contents(folder: Path) -> Iterator[mmap.mmap]:
    """The episode files of a cell, each as one text in memory that is read where it is looked at."""
    for file in sorted(folder.glob("episodes*.jsonl")):
        if file.stat().st_size:
            with _mapped(file) as content:
                yield content


@contextmanager
def _mapped(file: Path) -> Generator[mmap.mmap]:
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content
