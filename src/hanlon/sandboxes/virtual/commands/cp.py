"""cp and install, because the mode of what is overwritten must stay, and that of a new copy must follow the source."""

import posixpath
from dataclasses import replace

from bashkit import BuiltinContext, BuiltinResult, FileSystem

from hanlon.sandboxes.virtual.entries import listing, lstat, resolve
from hanlon.sandboxes.virtual.kernel import Command, Kernel, absolute
from hanlon.sandboxes.virtual.permissions import parse_mode, settled

_LONG = {
    "--recursive": "r",
    "--archive": "a",
    "--force": "f",
    "--no-clobber": "n",
    "--verbose": "v",
    "--preserve": "p",
    "--no-target-directory": "T",
    "--symbolic-link": "s",
    "--link": "l",
    "--no-dereference": "d",
    "--backup": "b",
    "--update": "u",
}


def cp(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Copy files and trees: -a -b -d -f -l -n -p -r -s -t -T -v."""
    if "--version" in ctx.argv:
        return BuiltinResult("cp (GNU coreutils) 9.1\n", "", 0)
    flags, operands, folder = _split(ctx.argv)
    return copy_all(kernel, ctx, "cp", flags, operands, folder)


def copy_all(
    kernel: Kernel, ctx: BuiltinContext, name: str, flags: str, operands: list[str], folder: str | None
) -> BuiltinResult:
    """Copy `operands` to the last of them, or into `folder`, in the words of the command `name`."""
    operands = list(operands)
    if folder is None and len(operands) < 2:
        missing = f"destination file operand after '{operands[0]}'" if operands else "file operand"
        return BuiltinResult("", f"{name}: missing {missing}\nTry '{name} --help' for more information.\n", 1)
    target = folder if folder is not None else operands.pop()
    entry = lstat(kernel, ctx.fs, resolve(kernel, ctx.fs, absolute(ctx, target)))
    inside = entry is not None and entry.kind == "directory" and "T" not in flags
    if not inside and (len(operands) > 1 or folder is not None):
        return BuiltinResult("", f"{name}: target '{target}': No such file or directory\n", 1)
    errors, output = list[str](), list[str]()
    for operand in operands:
        destination = posixpath.join(target, posixpath.basename(operand.rstrip("/"))) if inside else target
        problem = _copy(kernel, ctx, flags, operand, destination)
        errors += [f"{name}: {problem}\n"] if problem else []
        if "v" in flags and not problem:
            output.append(f"'{operand}' -> '{destination}'\n")
    return BuiltinResult("".join(output), "".join(errors), 1 if errors else 0)


def _split(argv: list[str]) -> tuple[str, list[str], str | None]:
    flags, operands, folder = "", list[str](), None
    arguments = iter(argv)
    for text in arguments:
        if text == "-t":
            folder = next(arguments, "")
        elif text.startswith("--target-directory="):
            folder = text.partition("=")[2]
        elif text.startswith("--"):
            flags += _LONG.get(text.partition("=")[0], "")
        elif text.startswith("-") and text != "-":
            flags += text[1:].replace("R", "r")
        else:
            operands.append(text)
    return flags + ("rpd" if "a" in flags else ""), operands, folder


def _copy(kernel: Kernel, ctx: BuiltinContext, flags: str, source: str, target: str) -> str | None:
    origin, destination = absolute(ctx, source), absolute(ctx, target)
    entry = lstat(kernel, ctx.fs, origin)
    if entry is not None and entry.kind == "symlink" and "d" not in flags:
        entry = lstat(kernel, ctx.fs, resolve(kernel, ctx.fs, origin))
    if entry is None:
        return f"cannot stat '{source}': No such file or directory"
    if entry.kind == "directory" and "r" not in flags:
        return f"-r not specified; omitting directory '{source}'"
    existing = lstat(kernel, ctx.fs, destination)
    if existing is not None and ("n" in flags or ("u" in flags and existing.time_s >= entry.time_s)):
        return None
    if existing is not None and "i" in flags and not kernel.consents(ctx):
        return f"overwrite '{target}'? "
    if existing is None and kernel.may_not_change(destination):
        return f"cannot create regular file '{target}': Permission denied"
    if existing is not None and existing.kind == "directory" and entry.kind != "directory":
        return f"cannot overwrite directory '{target}' with non-directory"
    if existing is not None and set("sl") & set(flags) and not set("fb") & set(flags):
        kind = "symbolic" if "s" in flags else "hard"
        return f"cannot create {kind} link '{target}' to '{source}': File exists"
    if resolve(kernel, ctx.fs, destination) == entry.path:
        return f"'{source}' and '{target}' are the same file"
    try:
        if existing is not None and "b" in flags:
            ctx.fs.rename(destination, destination + "~")
            kernel.forget(destination)
        _write(kernel, ctx.fs, flags, entry.path, destination)
    except RuntimeError as error:
        denied = "read-only" in str(error)
        reason = "Permission denied" if denied else "No such file or directory"
        return f"cannot create regular file '{target}': {reason}"
    return None


def _write(kernel: Kernel, fs: FileSystem, flags: str, origin: str, destination: str) -> None:
    entry = lstat(kernel, fs, origin)
    if entry is None:
        return
    if entry.kind == "directory":
        fs.mkdir(destination, recursive=True)
        kernel.listings.clear()
        for item in list(listing(kernel, fs, origin)):
            if not destination.startswith(origin + "/"):
                name = str(item["name"])
                _write(kernel, fs, flags, posixpath.join(origin, name), posixpath.join(destination, name))
        return
    existing = lstat(kernel, fs, destination)
    links = "s" in flags or (entry.kind == "symlink" and "d" in flags)
    if existing is not None and (
        links or (existing.kind == "symlink" and resolve(kernel, fs, destination) == destination)
    ):
        fs.remove(destination)
        kernel.forget(destination)
    if links:
        fs.symlink(origin if "s" in flags else entry.target, destination)
        kernel.forget(destination)
        return
    destination = resolve(kernel, fs, destination)
    before = lstat(kernel, fs, destination)
    fs.write_file(destination, fs.read_file(origin))
    mode = before.mode if before is not None else entry.mode & ~kernel.umask
    mode = entry.mode if "p" in flags else mode
    fs.chmod(destination, mode)
    kernel.modes[destination] = mode
    kernel.listings.clear()
    if "l" in flags:
        kernel.link(origin, destination)


def install(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Copy with a mode, 755 unless ``-m`` says another; ``-d`` makes directories."""
    arguments, operands, mode_text, make = iter(ctx.argv), list[str](), "755", False
    for text in arguments:
        if text in ("-m", "--mode", "-o", "-g"):
            value = next(arguments, "755")
            mode_text = value if text in ("-m", "--mode") else mode_text
        elif text.startswith(("-m", "--mode=")):
            mode_text = text.removeprefix("--mode=").removeprefix("-m")
        elif text == "-d":
            make = True
        elif not text.startswith("-"):
            operands.append(text)
    mode = parse_mode(mode_text)
    if mode is None:
        return BuiltinResult("", f"install: invalid mode '{mode_text}'\n", 1)
    if make:
        for operand in operands:
            ctx.fs.mkdir(absolute(ctx, operand), recursive=True)
        return BuiltinResult("", "", 0)
    result = copy_all(kernel, ctx, "install", "", operands, None)
    destination = absolute(ctx, operands[-1]) if operands else ctx.cwd
    for source in operands[:-1]:
        inner = posixpath.join(destination, posixpath.basename(source))
        target = inner if lstat(kernel, ctx.fs, inner) is not None else destination
        entry = lstat(kernel, ctx.fs, target)
        if entry is not None and entry.kind == "file" and not result.exit_code:
            ctx.fs.chmod(target, mode(replace(entry, mode=0)))
            kernel.modes[target] = mode(replace(entry, mode=0))
    return result


COPYING_COMMANDS: dict[str, Command] = {"cp": settled(cp), "install": settled(install)}
