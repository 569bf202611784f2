"""stat and file: what one file is, as GNU's print it."""

import re
import time

from bashkit import BuiltinContext, BuiltinResult

from hanlon.sandboxes.virtual.entries import Entry, lstat, resolve
from hanlon.sandboxes.virtual.kernel import Command, Kernel, absolute
from hanlon.sandboxes.virtual.permissions import settled

_KIND_NAMES = {"file": "regular file", "directory": "directory", "symlink": "symbolic link", "fifo": "fifo"}


def stat(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """GNU stat: the long form, or ``-c``/``--format``/``--printf`` with the usual directives."""
    layout, end, follow, operands = "", "\n", False, list[str]()
    arguments = iter(ctx.argv)
    for text in arguments:
        if text in ("-c", "--format"):
            layout = next(arguments, "")
        elif text.startswith("-c") and len(text) > 2:
            layout = text[2:]
        elif text.startswith(("--format=", "--printf=")):
            layout = text.partition("=")[2]
            end = "" if text.startswith("--printf") else "\n"
        elif text in ("-L", "--dereference"):
            follow = True
        elif not text.startswith("-"):
            operands.append(text)
    output, errors = list[str](), list[str]()
    for operand in operands:
        path = absolute(ctx, operand)
        entry = lstat(kernel, ctx.fs, resolve(kernel, ctx.fs, path) if follow else path)
        if entry is None:
            errors.append(f"stat: cannot statx '{operand}': No such file or directory\n")
        else:
            text = _directives(layout, operand, entry) + end if layout else _long_stat(operand, entry)
            output.append(text.replace("\\n", "\n") if not end else text)
    if not operands:
        errors.append("stat: missing operand\nTry 'stat --help' for more information.\n")
    return BuiltinResult("".join(output), "".join(errors), 1 if errors else 0)


def _moment(item: Entry) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S.418273905 +0000", time.gmtime(item.time_s))


def _directives(layout: str, operand: str, item: Entry) -> str:
    user = "1000" if item.owner == "user" else "0"
    values = {
        "a": f"{item.mode & 0o7777:o}",
        "A": item.permissions,
        "n": operand,
        "s": str(item.size),
        "U": item.owner,
        "G": item.owner,
        "u": user,
        "g": user,
        "F": _kind(item),
        "h": str(item.links),
        "i": str(item.inode),
        "Y": str(int(item.time_s)),
        "X": str(int(item.time_s)),
        "Z": str(int(item.time_s)),
        "y": _moment(item),
        "x": _moment(item),
        "z": _moment(item),
        "w": "-",
        "W": "0",
        "b": str(item.blocks),
        "B": "512",
        "o": "4096",
        "N": f"'{operand}'" + (f" -> '{item.target}'" if item.target else ""),
        "%": "%",
        "f": f"{item.mode | 0o100000:x}",
        "d": "48",
    }
    return re.sub(r"%([a-zA-Z%])", lambda match: values.get(match[1], match[0]), layout)


def _kind(item: Entry) -> str:
    return (
        "regular empty file"
        if item.kind == "file" and not item.size
        else _KIND_NAMES.get(item.kind, item.kind)
    )


def _long_stat(operand: str, item: Entry) -> str:
    user, number = item.owner, "1000" if item.owner == "user" else "   0"
    shown = operand + (f" -> {item.target}" if item.target else "")
    moment = _moment(item)
    return (
        f"  File: {shown}\n"
        f"  Size: {item.size:<10}\tBlocks: {item.blocks:<10} IO Block: 4096   {_kind(item)}\n"
        f"Device: 0,48\tInode: {item.inode:<11} Links: {item.links}\n"
        f"Access: ({item.mode & 0o7777:04o}/{item.permissions})  Uid: ({number:>5}/{user:>8})   "
        f"Gid: ({number:>5}/{user:>8})\n"
        f"Access: {moment}\nModify: {moment}\nChange: {moment}\n Birth: -\n"
    )


def file(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """What kind of content a file has, by its first bytes."""
    names = [text for text in ctx.argv if not text.startswith("-")]
    brief = "-b" in ctx.argv or "--brief" in ctx.argv
    lines = [
        ("" if brief else f"{name}: ") + _content_kind(kernel, ctx, absolute(ctx, name)) for name in names
    ]
    return BuiltinResult("".join(f"{line}\n" for line in lines), "", 0)


def _content_kind(kernel: Kernel, ctx: BuiltinContext, path: str) -> str:
    entry = lstat(kernel, ctx.fs, path)
    if entry is None:
        return f"cannot open `{path}' (No such file or directory)"
    if entry.kind == "symlink":
        return f"symbolic link to {entry.target}"
    if entry.kind != "file":
        return entry.kind
    head = ctx.fs.read_file(path)[:256]
    if head.startswith(b"\x7fELF"):
        return "ELF 64-bit LSB executable, x86-64, version 1 (SYSV), statically linked, stripped"
    if head.startswith((b"#!/bin/bash", b"#!/usr/bin/env bash")):
        return "Bourne-Again shell script, ASCII text executable"
    if head.startswith(b"#!/bin/sh"):
        return "POSIX shell script, ASCII text executable"
    return "ASCII text" if head else "empty"


DESCRIBING_COMMANDS: dict[str, Command] = {"stat": settled(stat), "file": file}
