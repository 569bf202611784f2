"""rm, unlink, mv and ln, which replace a file rather than write into it."""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass

from bashkit import BuiltinContext, BuiltinResult

from hanlon.sandboxes.virtual.entries import lstat, resolve
from hanlon.sandboxes.virtual.kernel import Command, Kernel, absolute
from hanlon.sandboxes.virtual.permissions import settled

_LONG = {
    "--recursive": "r",
    "--force": "f",
    "--verbose": "v",
    "--symbolic": "s",
    "--no-clobber": "n",
    "--backup": "b",
    "--no-target-directory": "T",
    "--no-dereference": "n",
    "--dir": "d",
}

_Act = Callable[[Kernel, BuiltinContext, str, str, str], str]


@dataclass(frozen=True, slots=True)
class _Words:
    flags: str
    operands: list[str]
    folder: str | None


def _words(argv: list[str]) -> _Words:
    flags, operands, folder, ended = "", list[str](), None, False
    arguments = iter(argv)
    for text in arguments:
        if ended or not text.startswith("-") or text == "-":
            operands.append(text)
        elif text == "--":
            ended = True
        elif text == "-t":
            folder = next(arguments, "")
        elif text.startswith("--target-directory="):
            folder = text.partition("=")[2]
        else:
            flags += _LONG.get(text.partition("=")[0], "") if text.startswith("--") else text[1:]
    return _Words(flags, operands, folder)


def rm(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Remove files, with -r trees; -f says nothing of what is not there."""
    words = _words(ctx.argv)
    errors, output = list[str](), list[str]()
    if not words.operands and "f" not in words.flags:
        return BuiltinResult("", "rm: missing operand\nTry 'rm --help' for more information.\n", 1)
    for operand in words.operands:
        problem = remove(kernel, ctx, operand, words.flags.replace("R", "r"))
        errors += [f"rm: {problem}\n"] if problem else []
        if "v" in words.flags and not problem:
            output.append(f"removed '{operand}'\n")
    return BuiltinResult("".join(output), "".join(errors), 1 if errors else 0)


def remove(kernel: Kernel, ctx: BuiltinContext, operand: str, flags: str) -> str:
    """Remove a file; returns why it cannot be done, empty where it was."""
    path = absolute(ctx, operand)
    if operand.rstrip("/").rpartition("/")[2] in (".", ".."):
        return f"refusing to remove '.' or '..' directory: skipping '{operand}'"
    entry = lstat(kernel, ctx.fs, path)
    if entry is None:
        return "" if "f" in flags else f"cannot remove '{operand}': No such file or directory"
    if kernel.may_not_change(path):
        return f"cannot remove '{operand}': Permission denied"
    if "i" in flags and "f" not in flags and not kernel.consents(ctx):
        return f"remove regular file '{operand}'? "
    if entry.kind == "directory" and "r" not in flags and "d" not in flags:
        return f"cannot remove '{operand}': Is a directory"
    try:
        ctx.fs.remove(path, recursive="r" in flags)
    except RuntimeError as error:
        reason = "Directory not empty" if "empty" in str(error) else "Permission denied"
        return f"cannot remove '{operand}': {reason}"
    kernel.forget(path)
    return ""


def unlink(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Remove one file."""
    problem = remove(kernel, ctx, ctx.argv[0], "") if ctx.argv else "missing operand"
    return BuiltinResult(
        "", f"unlink: {problem.replace('remove', 'unlink')}\n" if problem else "", 1 if problem else 0
    )


def mv(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Rename, or move into a directory: -b -f -n -t -T -v."""
    return _each(kernel, ctx, "mv", move)


def ln(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Make links."""
    return _each(kernel, ctx, "ln", link)


def _each(kernel: Kernel, ctx: BuiltinContext, name: str, act: _Act) -> BuiltinResult:
    words = _words(ctx.argv)
    operands = list(words.operands)
    if words.folder is None and len(operands) == 1 and name == "ln":
        operands.append(posixpath.basename(operands[0]))
    if not operands or (words.folder is None and len(operands) < 2):
        operand_name = f"destination file operand after '{operands[0]}'" if operands else "file operand"
        return BuiltinResult(
            "", f"{name}: missing {operand_name}\nTry '{name} --help' for more information.\n", 1
        )
    target = words.folder if words.folder is not None else operands.pop()
    behind = resolve(kernel, ctx.fs, absolute(ctx, target))
    existing = lstat(kernel, ctx.fs, behind)
    inside = existing is not None and existing.kind == "directory" and "T" not in words.flags
    if not inside and (len(operands) > 1 or words.folder is not None):
        return BuiltinResult("", f"{name}: target '{target}': No such file or directory\n", 1)
    errors, output = list[str](), list[str]()
    for operand in operands:
        destination = posixpath.join(target, posixpath.basename(operand.rstrip("/"))) if inside else target
        problem = act(kernel, ctx, operand, destination, words.flags)
        errors += [f"{name}: {problem}\n"] if problem else []
        if "v" in words.flags and not problem:
            output.append(
                f"renamed '{operand}' -> '{destination}'\n"
                if name == "mv"
                else f"'{destination}' -> '{operand}'\n"
            )
    return BuiltinResult("".join(output), "".join(errors), 1 if errors else 0)


def move(kernel: Kernel, ctx: BuiltinContext, source: str, target: str, flags: str) -> str:
    """Rename a file; returns why it cannot be done, empty where it was."""
    origin, destination = absolute(ctx, source), absolute(ctx, target)
    entry, existing = lstat(kernel, ctx.fs, origin), lstat(kernel, ctx.fs, destination)
    if entry is None:
        return f"cannot stat '{source}': No such file or directory"
    if existing is not None and "n" in flags:
        return ""
    if existing is not None and "i" in flags and "f" not in flags and not kernel.consents(ctx):
        return f"overwrite '{target}'? "
    if kernel.may_not_change(origin) or kernel.may_not_change(destination):
        return f"cannot move '{source}' to '{target}': Permission denied"
    if origin == destination:
        return f"'{source}' and '{target}' are the same file"
    if existing is not None and entry.kind == "directory" and existing.kind != "directory":
        return f"cannot overwrite non-directory '{target}' with directory '{source}'"
    if destination.startswith(origin + "/"):
        return f"cannot move '{source}' to a subdirectory of itself, '{target}'"
    try:
        if existing is not None and "b" in flags:
            ctx.fs.rename(destination, destination + "~")
        elif existing is not None:
            ctx.fs.remove(destination)
        ctx.fs.rename(origin, destination)
    except RuntimeError as error:
        reason = "Permission denied" if "read-only" in str(error) else "No such file or directory"
        return f"cannot move '{source}' to '{target}': {reason}"
    kernel.forget(origin)
    kernel.forget(destination)
    return ""


def link(kernel: Kernel, ctx: BuiltinContext, source: str, target: str, flags: str) -> str:
    """Make a link; returns why it cannot be done, empty where it was."""
    origin, destination = absolute(ctx, source), absolute(ctx, target)
    kind = "symbolic" if "s" in flags else "hard"
    entry = lstat(kernel, ctx.fs, origin)
    if kind == "hard" and entry is None:
        return f"failed to access '{source}': No such file or directory"
    if kind == "hard" and entry is not None and entry.owner != "user":
        return f"failed to create hard link '{target}' => '{source}': Operation not permitted"
    if kernel.may_not_change(destination):
        return f"failed to create {kind} link '{target}': Permission denied"
    if lstat(kernel, ctx.fs, destination) is not None:
        if "f" not in flags and not ("i" in flags and kernel.consents(ctx)):
            return f"failed to create {kind} link '{target}': File exists"
        if origin == destination:
            return f"'{source}' and '{target}' are the same file"
        ctx.fs.remove(destination)
    kernel.forget(destination)
    try:
        if kind == "symbolic" or entry is None:
            ctx.fs.symlink(source, destination)
        else:
            ctx.fs.write_file(destination, ctx.fs.read_file(origin))
            ctx.fs.chmod(destination, entry.mode)
            kernel.link(origin, destination)
    except RuntimeError:
        return f"failed to create {kind} link '{target}': Permission denied"
    kernel.listings.clear()
    return ""


MOVING_COMMANDS: dict[str, Command] = {
    "rm": settled(rm),
    "unlink": settled(unlink),
    "mv": settled(mv),
    "ln": settled(ln),
}
