"""ls, as GNU's prints when not on a terminal."""

import posixpath
import time
from dataclasses import replace

from bashkit import BuiltinContext, BuiltinResult

from hanlon.sandboxes.virtual.entries import Entry, children, lstat, resolve
from hanlon.sandboxes.virtual.kernel import Command, Kernel, absolute
from hanlon.sandboxes.virtual.permissions import settled

_LONG_OPTIONS = {
    "--all": "a",
    "--almost-all": "A",
    "--recursive": "R",
    "--directory": "d",
    "--human-readable": "h",
    "--reverse": "r",
    "--classify": "F",
    "--inode": "i",
    "--numeric-uid-gid": "n",
}


def _split(argv: list[str]) -> tuple[str, list[str]]:
    flags, operands, ended = "", list[str](), False
    for text in argv:
        if ended or not text.startswith("-") or text == "-":
            operands.append(text)
        elif text == "--":
            ended = True
        elif text.startswith("--"):
            flags += _LONG_OPTIONS.get(text, "")
        else:
            flags += text[1:]
    return flags, operands


def ls(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """List files; the options that change what is shown are honoured, the rest are accepted."""
    if "--version" in ctx.argv:
        return BuiltinResult("ls (GNU coreutils) 9.1\n", "", 0)
    flags, operands = _split(ctx.argv)
    errors, files, directories = list[str](), list[Entry](), list[tuple[str, str]]()
    for operand in operands or ["."]:
        path = absolute(ctx, operand)
        entry = lstat(kernel, ctx.fs, path)
        if entry and entry.kind == "symlink" and not (set("ld") & set(flags)):
            entry = lstat(kernel, ctx.fs, resolve(kernel, ctx.fs, path)) or entry
        if entry is None:
            errors.append(f"ls: cannot access '{operand}': No such file or directory\n")
        elif entry.kind == "directory" and "d" not in flags:
            directories.append((operand, entry.path))
        else:
            files.append(replace(entry, path=operand))
    blocks = [_rows(files, flags)] if files else []
    several = len(operands) > 1 or "R" in flags
    while directories:
        label, path = directories.pop(0)
        content, below = _directory(kernel, ctx, path, flags)
        blocks.append(f"{label}:\n{content}" if several else content)
        if "R" in flags and len(blocks) < 200:
            directories[:0] = [(posixpath.join(label, name), posixpath.join(path, name)) for name in below]
    return BuiltinResult("\n".join(blocks), "".join(errors), 2 if errors else 0)


def _directory(kernel: Kernel, ctx: BuiltinContext, path: str, flags: str) -> tuple[str, list[str]]:
    entry = children(kernel, ctx, path)
    if not set("aA") & set(flags):
        entry = [item for item in entry if not posixpath.basename(item.path).startswith(".")]
    below = [posixpath.basename(item.path) for item in entry if item.kind == "directory"]
    shown = [replace(item, path=posixpath.basename(item.path)) for item in entry]
    owners = {shown_item.path: item.owner for shown_item, item in zip(shown, entry, strict=True)}
    if "a" in flags:
        dots = [(".", path), ("..", posixpath.dirname(path))]
        for name, where in reversed(dots):
            if (item := lstat(kernel, ctx.fs, where)) is not None:
                shown.insert(0, replace(item, path=name))
                owners[name] = item.owner
    total = f"total {sum(item.blocks for item in shown) // 2}\n" if set("lgon") & set(flags) else ""
    return total + _rows(shown, flags, owners), below


def _rows(entries: list[Entry], flags: str, owners: dict[str, str] | None = None) -> str:
    if "t" in flags:
        entries = sorted(entries, key=lambda item: -item.time_s)
    if "S" in flags:
        entries = sorted(entries, key=lambda item: -item.size)
    if "r" in flags:
        entries = entries[::-1]
    if not set("lgon") & set(flags):
        return "".join(f"{_inode(item, flags)}{_name(item, flags)}\n" for item in entries)
    sizes = [_size(item, flags) for item in entries]
    width = max(map(len, sizes), default=0)
    lines: list[str] = []
    for item, size in zip(entries, sizes, strict=True):
        owner = (owners or {}).get(item.path) or _owner_of_operand(item)
        if "n" in flags:
            owner = "1000" if owner == "user" else "0"
        people = " ".join([owner] * (2 - ("g" in flags) - ("o" in flags)))
        day = time.strftime("%b %e %H:%M", time.gmtime(item.time_s))
        arrow = f" -> {item.target}" if item.target else ""
        head = f"{_inode(item, flags)}{item.permissions} {item.links} {people}"
        lines.append(f"{head} {size:>{width}} {day} {_name(item, flags)}{arrow}\n")
    return "".join(lines)


def _owner_of_operand(item: Entry) -> str:
    return item.owner if item.path.startswith("/") else "user"


def _inode(item: Entry, flags: str) -> str:
    return f"{item.inode} " if "i" in flags else ""


def _size(item: Entry, flags: str) -> str:
    if "h" not in flags or item.size < 1024:
        return str(item.size)
    value = item.size / 1024
    return f"{value:.1f}K" if value < 10 else f"{value:.0f}K"


def _name(item: Entry, flags: str) -> str:
    if "F" in flags or "p" in flags:
        if item.kind == "directory":
            return item.path + "/"
        if "F" in flags and item.kind == "symlink":
            return item.path + "@"
        if "F" in flags and item.mode & 0o111:
            return item.path + "*"
    return item.path


LISTING_COMMANDS: dict[str, Command] = {"ls": settled(ls)}
