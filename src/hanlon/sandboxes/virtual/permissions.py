"""The modes of the files in the home directory, and chmod.

The file system underneath gives every file that is written anew the mode 644, where a real one keeps the
mode of what is overwritten. So modes are remembered here and put back before anybody can look.
"""

import posixpath
import re
from collections.abc import Callable
from typing import Any, Protocol

from bashkit import BuiltinContext, BuiltinResult

from hanlon.sandboxes.container import HOME
from hanlon.sandboxes.virtual.entries import Entry, lstat, resolve
from hanlon.sandboxes.virtual.kernel import Command, Kernel, absolute

_FRESH = 0o644
_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)")
_STEP = re.compile(r"([-+=])([rwxXstugo]*)")
_BITS = {"r": 4, "w": 2, "x": 1}
_SHIFT = {"u": 6, "g": 3, "o": 0}


class _Files(Protocol):
    def read_dir(self, path: str) -> list[dict[str, Any]]: ...

    def chmod(self, path: str, mode: int) -> None: ...


def settle(kernel: Kernel, files: _Files) -> None:
    """Put back the modes that writing has lost, and learn those of new files, unless that was just done."""
    if HOME in kernel.listings:
        return
    try:
        found = files.read_dir(HOME)
    except RuntimeError:
        return
    kernel.listings[HOME] = found
    present: dict[str, int] = {}
    for item in found:
        metadata = item["metadata"]
        if metadata["file_type"] != "file":
            continue
        path, mode = f"{HOME}/{item['name']}", int(metadata["mode"])
        known = kernel.modes.get(path, mode)
        if mode == _FRESH != known:
            files.chmod(path, known)
            metadata["mode"] = mode = known
        present[path] = mode
    kernel.modes = present


def settled(command: Command) -> Command:
    """`command`, which sees the right modes."""

    def run(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
        settle(kernel, ctx.fs)
        return command(kernel, ctx)

    return run


def chmod(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Octal and symbolic modes, -R, -v, --reference."""
    flags = [text for text in ctx.argv if re.fullmatch(r"-[Rcfv]+|--\w.*", text)]
    words = [text for text in ctx.argv if text not in flags]
    reference = next((text.partition("=")[2] for text in flags if text.startswith("--reference=")), None)
    if len(words) < (1 if reference else 2):
        missing = f"chmod: missing operand{f' after ‘{words[0]}’' if words else ''}\n"
        return BuiltinResult("", missing + "Try 'chmod --help' for more information.\n", 1)
    change = _reference(kernel, ctx, reference) if reference else parse_mode(words.pop(0))
    if change is None:
        return BuiltinResult(
            "", f"chmod: invalid mode: ‘{ctx.argv[0]}’\nTry 'chmod --help' for more information.\n", 1
        )
    recursive = any("R" in text for text in flags if not text.startswith("--")) or "--recursive" in flags
    errors = [_apply(kernel, ctx, operand, change, recursive) for operand in words]
    text = "".join(error for error in errors if error)
    return BuiltinResult("", text, 1 if text else 0)


def _reference(kernel: Kernel, ctx: BuiltinContext, path: str) -> Callable[[Entry], int] | None:
    found = lstat(kernel, ctx.fs, resolve(kernel, ctx.fs, absolute(ctx, path)))
    return (lambda _: found.mode) if found else None


def _apply(
    kernel: Kernel, ctx: BuiltinContext, operand: str, change: Callable[[Entry], int], recursive: bool
) -> str:
    path = resolve(kernel, ctx.fs, absolute(ctx, operand))
    found = lstat(kernel, ctx.fs, path)
    if found is None:
        return f"chmod: cannot access '{operand}': No such file or directory\n"
    if found.owner != "user":
        return f"chmod: changing permissions of '{operand}': Operation not permitted\n"
    mode = change(found)
    ctx.fs.chmod(path, mode)
    kernel.listings.clear()
    if found.kind == "file":
        kernel.modes[path] = mode
    if recursive and found.kind == "directory":
        for item in ctx.fs.read_dir(path):
            _apply(kernel, ctx, posixpath.join(path, str(item["name"])), change, recursive=True)
    return ""


def parse_mode(text: str) -> Callable[[Entry], int] | None:
    """The mode that an entry has after ``chmod text``; None where the text is no mode."""
    if re.fullmatch(r"[0-7]{1,4}", text):
        return lambda _: int(text, 8)
    clauses = [_CLAUSE.fullmatch(part) for part in text.split(",")]
    if not all(clauses):
        return None
    return lambda entry: _symbolic(entry, [match for match in clauses if match])


def _symbolic(entry: Entry, clauses: list[re.Match[str]]) -> int:
    mode = entry.mode
    for match in clauses:
        who = "ugo" if not match[1] or "a" in match[1] else match[1]
        for operator, letters in _STEP.findall(match[2]):
            for target in who:
                bits = _letters(mode, letters, entry.kind == "directory", target)
                if not match[1] and operator != "-" and target != "u":
                    bits &= ~2  # without "ugoa" the umask 022 keeps its say
                bits <<= _SHIFT[target]
                if operator == "=":
                    mode &= ~(7 << _SHIFT[target])
                mode = mode & ~bits if operator == "-" else mode | bits
    return mode


def _letters(mode: int, letters: str, is_directory: bool, target: str) -> int:
    del target
    bits = 0
    for letter in letters:
        if letter in _BITS:
            bits |= _BITS[letter]
        elif letter == "X" and (is_directory or mode & 0o111):
            bits |= 1
        elif letter in _SHIFT:
            bits |= (mode >> _SHIFT[letter]) & 7
    return bits


def chown(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Nobody but root gives files away; chgrp the same."""
    words = [text for text in ctx.argv if not text.startswith("-")]
    if len(words) < 2:
        return BuiltinResult(
            "", f"{ctx.name}: missing operand\nTry '{ctx.name} --help' for more information.\n", 1
        )
    if set(words[0].split(":")) <= {"user", "1000", ""}:
        return BuiltinResult("", "", 0)
    what = "ownership" if ctx.name == "chown" else "group"
    errors: list[str] = []
    for operand in words[1:]:
        known = lstat(kernel, ctx.fs, absolute(ctx, operand)) is not None
        problem = f"changing {what} of '{operand}': Operation not permitted"
        missing = f"cannot access '{operand}': No such file or directory"
        errors.append(f"{ctx.name}: {problem if known else missing}\n")
    return BuiltinResult("", "".join(errors), 1)


PERMISSION_COMMANDS: dict[str, Command] = {"chmod": settled(chmod), "chown": chown, "chgrp": chown}
