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

    def read_file(self, path: str) -> Any: ...

    def write_file(self, path: str, content: Any) -> None: ...


def settle(kernel: Kernel, files: _Files) -> None:
    """Put back the modes that writing has lost, and learn those of new files, unless that was just done."""
    if HOME in kernel.listings:
        return
    try:
        items = files.read_dir(HOME)
    except RuntimeError:
        return
    kernel.listings[HOME] = items
    present: dict[str, int] = {}
    for item in items:
        metadata = item["metadata"]
        if metadata["file_type"] != "file":
            continue
        path, mode = f"{HOME}/{item['name']}", int(metadata["mode"])
        mode_before = kernel.modes.get(path, _mode_of_new_file(kernel, path) if mode == _FRESH else mode)
        if mode == _FRESH != mode_before:
            files.chmod(path, mode_before)
            metadata["mode"] = mode = mode_before
        present[path] = mode
    kernel.modes = present
    for names in kernel.links:
        _keep_alike(kernel, files, names, items)


def _mode_of_new_file(kernel: Kernel, path: str) -> int:
    """What the umask leaves, or for a backup that `sed -i` makes the mode of the file behind it."""
    behind = (
        [mode for other, mode in kernel.modes.items() if path.startswith(other)]
        if "sed" in kernel.text
        else []
    )
    return behind[0] if behind else 0o666 & ~kernel.umask


def _keep_alike(kernel: Kernel, files: _Files, names: set[str], listing: list[dict[str, Any]]) -> None:
    """Give the names of one file, as hard links, the content and mode of the one that was written last."""
    items = [
        item["metadata"] | {"path": path} for item in listing if (path := f"{HOME}/{item['name']}") in names
    ]
    if len(items) < 2:
        return
    newest = max(items, key=lambda item: float(item["modified"]))
    for item in items:
        if item["modified"] != newest["modified"] or item["size"] != newest["size"]:
            files.write_file(item["path"], files.read_file(newest["path"]))
            files.chmod(item["path"], int(newest["mode"]))
            kernel.modes[item["path"]] = int(newest["mode"])
            kernel.listings.pop(HOME, None)


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
    errors = [apply_mode(kernel, ctx, operand, change, recursive) for operand in words]
    text = "".join(error for error in errors if error)
    return BuiltinResult("", text, 1 if text else 0)


def _reference(kernel: Kernel, ctx: BuiltinContext, path: str) -> Callable[[Entry], int] | None:
    entry = lstat(kernel, ctx.fs, resolve(kernel, ctx.fs, absolute(ctx, path)))
    return (lambda _: entry.mode) if entry else None


def apply_mode(
    kernel: Kernel, ctx: BuiltinContext, operand: str, change: Callable[[Entry], int], recursive: bool
) -> str:
    """Change a mode; returns the message of `chmod` where it cannot be done."""
    path = resolve(kernel, ctx.fs, absolute(ctx, operand))
    entry = lstat(kernel, ctx.fs, path)
    if kernel.home_closed and path == HOME and not operand.startswith("/"):
        return f"chmod: cannot access '{operand}': Permission denied\n"
    if entry is None:
        return f"chmod: cannot access '{operand}': No such file or directory\n"
    if entry.owner != "user":
        return f"chmod: changing permissions of '{operand}': Operation not permitted\n"
    mode = change(entry)
    if path == HOME:
        kernel.home_mode = mode
    else:
        ctx.fs.chmod(path, mode)
    kernel.listings.clear()
    if entry.kind == "file":
        kernel.modes[path] = mode
    for other in next((names for names in kernel.links if path in names), ()):
        ctx.fs.chmod(other, mode)
        kernel.modes[other] = mode
    if recursive and entry.kind == "directory" and not (path == HOME and kernel.home_closed):
        for item in ctx.fs.read_dir(path):
            apply_mode(kernel, ctx, posixpath.join(path, str(item["name"])), change, recursive=True)
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
    ownership = "ownership" if ctx.name == "chown" else "group"
    errors: list[str] = []
    for operand in words[1:]:
        exists = lstat(kernel, ctx.fs, absolute(ctx, operand)) is not None
        problem = f"changing {ownership} of '{operand}': Operation not permitted"
        missing = f"cannot access '{operand}': No such file or directory"
        errors.append(f"{ctx.name}: {problem if exists else missing}\n")
    return BuiltinResult("", "".join(errors), 1)


def umask(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """The bits that new files of this command line do not get."""
    words = [text for text in ctx.argv if not text.startswith("-")]
    if not words:
        return BuiltinResult(f"{kernel.umask:04o}\n", "", 0)
    change = parse_mode(words[0])
    if change is None:
        return BuiltinResult("", f"bash: line 1: umask: {words[0]}: invalid octal number\n", 1)
    allowed = Entry("", "directory", 0o777 & ~kernel.umask, 0, 0)
    kernel.umask = change(allowed) if words[0].isdigit() else 0o777 & ~change(allowed)
    return BuiltinResult("", "", 0)


def ulimit(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """`ulimit` for this command line. Only the limit on processes has an effect."""
    words = [text for text in ctx.argv if not text.startswith("-")]
    of_processes = any("u" in text for text in ctx.argv if text.startswith("-"))
    if not words:
        return BuiltinResult(f"{kernel.most_processes if of_processes else 'unlimited'}\n", "", 0)
    if of_processes and words[0].isdecimal():
        kernel.most_processes = int(words[0])
    return BuiltinResult("", "", 0)


PERMISSION_COMMANDS: dict[str, Command] = {
    "chmod": settled(chmod),
    "chown": chown,
    "chgrp": chown,
    "umask": settled(umask),
    "ulimit": ulimit,
}
