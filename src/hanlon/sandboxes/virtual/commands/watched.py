"""Commands of machines with watched files.

The shell's own `wc` reads a file where GNU's asks for its size alone (`-c`). Its `touch` fails there for every file.
"""

from bashkit import BuiltinContext, BuiltinResult

from hanlon.sandboxes.virtual.entries import lstat, resolve
from hanlon.sandboxes.virtual.kernel import Command, Kernel, absolute

_LONG = {"--lines": "l", "--words": "w", "--bytes": "c", "--chars": "m", "--max-line-length": "L"}
_COUNTS = "lwmcL"


def wc(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Count lines, words, characters, bytes and the longest line: -l -w -m -c -L."""
    flags, operands = set[str](), list[str]()
    for word in ctx.argv:
        if word.startswith("-") and word != "-":
            flags |= set(_LONG.get(word, word[1:]))
        else:
            operands.append(word)
    if unknown := flags - set(_COUNTS):
        return BuiltinResult("", f"wc: invalid option -- '{min(unknown)}'\n", 1)
    shown = [name for name in _COUNTS if name in (flags or "lwc")]
    rows, errors = list[tuple[list[int], str]](), list[str]()
    for operand in operands or [""]:
        counts = _counts(kernel, ctx, operand, shown)
        if isinstance(counts, str):
            errors.append(f"wc: {operand}: {counts}\n")
        else:
            rows.append((counts, operand))
    if len(operands) > 1:
        rows.append(([sum(column) for column in zip(*(row for row, _ in rows), strict=True)], "total"))
    width = len(str(max((count for row, _ in rows for count in row), default=0)))
    if len(shown) > 1 or len(rows) > 1:
        width = max(width, 7 if not operands else width)
    lines = [f"{' '.join(f'{count:>{width}}' for count in row)} {name}".rstrip() for row, name in rows]
    return BuiltinResult("".join(f"{line}\n" for line in lines), "".join(errors), 1 if errors else 0)


def _counts(kernel: Kernel, ctx: BuiltinContext, operand: str, shown: list[str]) -> list[int] | str:
    """The counts of one operand, or why there are none."""
    if operand in ("", "-"):
        return _of_text((ctx.stdin or "").encode(), shown)
    entry = lstat(kernel, ctx.fs, resolve(kernel, ctx.fs, absolute(ctx, operand)))
    if entry is None:
        return "No such file or directory"
    if entry.kind == "directory":
        return "Is a directory"
    return [entry.size] if shown == ["c"] else _of_text(ctx.fs.read_file(entry.path), shown)


def _of_text(content: bytes, shown: list[str]) -> list[int]:
    text = content.decode(errors="replace")
    counts = {
        "l": content.count(b"\n"),
        "w": len(text.split()),
        "m": len(text),
        "c": len(content),
        "L": max(map(len, text.splitlines()), default=0),
    }
    return [counts[name] for name in shown]


_TOUCH_VALUES = ("-d", "--date", "-t", "-r", "--reference")


def touch(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Make the files that are missing; the times of those that are there stay as they are."""
    errors, words, create = list[str](), iter(ctx.argv), True
    for word in words:
        if word in _TOUCH_VALUES:
            next(words, "")
        elif word.startswith("-") and word != "-":
            create = create and word not in ("-c", "--no-create")
        elif create and lstat(kernel, ctx.fs, path := resolve(kernel, ctx.fs, absolute(ctx, word))) is None:
            try:
                ctx.fs.write_file(path, b"")
                kernel.listings.clear()
            except RuntimeError:
                errors.append(f"touch: cannot touch '{word}': No such file or directory\n")
    return BuiltinResult("", "".join(errors), 1 if errors else 0)


WATCHED_COMMANDS: dict[str, Command] = {"wc": wc, "touch": touch}
