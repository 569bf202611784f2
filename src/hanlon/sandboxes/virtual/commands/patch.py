"""patch, for unified diffs with or without a header."""

import re

from bashkit import BuiltinContext, BuiltinResult

from hanlon.sandboxes.virtual.entries import lstat, resolve
from hanlon.sandboxes.virtual.kernel import Command, Kernel, absolute
from hanlon.sandboxes.virtual.permissions import settle, settled

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")
_NAME = re.compile(r"^\+\+\+ ([^\t\n]+)", re.MULTILINE)


def patch(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Apply a diff to the file that is named, or that the diff names: -i, -p, -R."""
    words, operands, source, strip = iter(ctx.argv), list[str](), "", 0
    for word in words:
        if word in ("-i", "-p", "-d", "-o"):
            value = next(words, "")
            source, strip = (
                (value, strip) if word == "-i" else (source, int(value) if value.isdigit() else strip)
            )
        elif word.startswith("-p") and word[2:].isdigit():
            strip = int(word[2:])
        elif not word.startswith("-") or word == "-":
            operands.append(word)
    source = operands[1] if len(operands) > 1 else source
    diff = ctx.stdin or ""
    if source not in ("", "-"):
        diff = ctx.fs.read_file(absolute(ctx, source)).decode(errors="replace")
    named = _NAME.search(diff)
    target = operands[0] if operands else "/".join(named[1].split("/")[strip:]) if named else ""
    path = resolve(kernel, ctx.fs, absolute(ctx, target))
    file = lstat(kernel, ctx.fs, path)
    hunks = _hunks(diff, reverse="-R" in ctx.argv)
    if not hunks:
        return BuiltinResult("", "patch: **** Only garbage was found in the patch input.\n", 2)
    if not target or file is None or file.kind != "file":
        return BuiltinResult("", "can't find file to patch at input line 1\n", 1)
    lines = ctx.fs.read_file(path).decode(errors="replace").splitlines(keepends=True)
    failed = sum(not _apply(lines, *hunk) for hunk in hunks)
    message = f"{'checking' if '--dry-run' in ctx.argv else 'patching'} file {target}\n"
    if "--dry-run" not in ctx.argv:
        ctx.fs.write_file(path, "".join(lines).encode())
        kernel.listings.clear()
        settle(kernel, ctx.fs)
    if failed:
        message += f"{failed} out of {len(hunks)} hunks FAILED -- saving rejects to file {target}.rej\n"
    return BuiltinResult(message, "", 1 if failed else 0)


def _hunks(diff: str, reverse: bool) -> list[tuple[int, list[str], list[str]]]:
    """Each hunk's first line, what it takes away with its context, and what it puts there."""
    hunks: list[tuple[int, list[str], list[str]]] = []
    removed, added = ("+", "-") if reverse else ("-", "+")
    for line in diff.splitlines(keepends=True):
        if match := _HUNK.match(line):
            hunks.append((int(match[1]), [], []))
        elif hunks and line[0] in " -+\n" and not line.startswith(("--- ", "+++ ")):
            text = line[1:] or "\n"
            if line[0] != added:
                hunks[-1][1].append(text)
            if line[0] != removed:
                hunks[-1][2].append(text)
    return hunks


def _apply(lines: list[str], first: int, old: list[str], new: list[str]) -> bool:
    """Put `new` in the place of `old`, at the nearest line where that stands."""
    starts = range(len(lines) - len(old) + 1)
    for start in sorted(starts, key=lambda start: abs(start - first + 1)):
        if [line.rstrip("\n") for line in lines[start : start + len(old)]] == [
            line.rstrip("\n") for line in old
        ]:
            lines[start : start + len(old)] = new
            return True
    return False


PATCH_COMMANDS: dict[str, Command] = {"patch": settled(patch)}
