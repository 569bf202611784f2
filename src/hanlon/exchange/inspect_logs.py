"""Finds and opens Inspect logs, or says in words why one is not taken. A log is only read."""

import hashlib
import os
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from hanlon.exchange.inspect_package import inspect_module
from hanlon.exchange.refusal import Refusal
from hanlon.exchange.source_table import Source
from hanlon.models.replies import decode_json

_JSON_LOG = re.compile(r"\d{4}-\d\d-\d\dT\d\d[:-]\d\d[:-]\d\d.*\.json")
_HEADERS = ("header.json", "_journal/start.json")
"""Parts of a `.eval` file that say its version: of one that has ended, and of one under way."""
_IN_MEMORY = 4
"""Bytes of memory that a byte of a log takes at least. Measured with small samples: 8."""


def log_files(paths: Sequence[Path]) -> list[Path]:
    """The logs, each once, and those in the folders among them.

    Raises:
        Refusal: a path that is not there, or no log at all.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        try:
            path.stat()
        except FileNotFoundError:
            raise Refusal(f"{path}: there is no such file or folder") from None
        except OSError as error:
            raise Refusal(f"{path}: cannot be read: {error.strerror}") from None
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            named = file.suffix == ".eval" or _JSON_LOG.fullmatch(file.name)
            if file.is_file() and (named or file == path):
                files.setdefault(file.resolve(), file)
    if not files:
        raise Refusal(
            f"{', '.join(map(str, paths))}: no log in it, which is a file .eval or <time>_<task>.json"
        )
    return list(files.values())


def read_log(file: Path) -> tuple[Source, Any]:
    """A log with all of its samples, as Inspect's reader has it.

    Raises:
        Refusal: it is none, cannot be read, is of a newer format, or has no samples.
    """
    reader = inspect_module("log")  # first: it also teaches zipfile how logs are compressed
    newest: int = reader.EvalLog.model_fields["version"].default
    installed = f"inspect-ai {version('inspect-ai')}"
    try:
        content = file.read_bytes()
        if (written := _version(file)) > newest:
            raise Refusal(
                f"{file}: version {written} of Inspect's log format, and {installed} reads up to {newest}: "
                "pip install -U inspect-ai"
            )
        log = reader.read_eval_log(str(file), resolve_attachments=True)
    except OSError as error:
        raise Refusal(f"{file}: cannot be read: {error.strerror}") from None
    except Refusal:
        raise
    except Exception as error:  # the reader of another program, and a file that anything may have written
        text = " ".join(str(error).split())[:300] or type(error).__name__
        raise Refusal(f"{file}: {installed} cannot read it as a log: {text}") from None
    if not log.samples:
        raise Refusal(
            f"{file}: its status is {log.status} and no sample is in it, so there is nothing to count. It ended before "
            "its first sample, or was run without log_samples. Leave it out"
        )
    _refuse_twice(file, log.samples)
    return Source(file.name, hashlib.sha256(content).hexdigest()), log


def _version(file: Path) -> int:
    """Of its format. A header may hold NaN, which Inspect writes and JSON does not have."""
    header: Any = decode_json(file.read_bytes() if file.suffix != ".eval" else _header(file))
    if not isinstance(header, dict):
        raise ValueError("its JSON is no object")
    version = cast("dict[str, Any]", header).get("version")
    return version if isinstance(version, int) else 0


def _header(file: Path) -> bytes:
    with zipfile.ZipFile(file) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if unpacked * _IN_MEMORY > memory:
            raise Refusal(
                f"{file}: {unpacked / 1e9:,.1f} GB unpacked, which this machine with {memory / 1e9:,.1f} GB of memory "
                "cannot read at once. Split it, or import it on a larger machine"
            )
        name = next((name for name in _HEADERS if name in archive.namelist()), None)
        if name is None:
            raise ValueError(f"an archive without {' or '.join(_HEADERS)}")
        return archive.read(name)


def _refuse_twice(file: Path, samples: Sequence[Any]) -> None:
    counts = Counter((str(sample.id), sample.epoch) for sample in samples)
    ((name, epoch), count), *_ = counts.most_common(1)
    if count > 1:
        raise Refusal(
            f"{file}: sample {name}, epoch {epoch} is in it {count} times. A sample counts once: write the log again "
            "with one of them, or leave it out"
        )
