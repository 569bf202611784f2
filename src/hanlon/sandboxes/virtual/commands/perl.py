"""perl, as far as sed and the shell can do what it is asked."""

import re

from bashkit import BuiltinContext, BuiltinResult

from hanlon.sandboxes.virtual.commands.python import shell_line
from hanlon.sandboxes.virtual.entries import lstat, resolve
from hanlon.sandboxes.virtual.kernel import Kernel, absolute

_PRINT = re.compile(r"print\s+(if|unless)\s+(/(?:[^/\\]|\\.)*/)\s*;?\s*")
_SUBSTITUTE = re.compile(
    r"(?:(?:s|tr|y)([/|#,!@\x01])(?:(?!\1)[^\\\n]|\\.)*\1(?:(?!\1)[^\\\n]|\\.)*\1[gimsx]*\s*;?\s*)+"
)
_CONDITIONAL = re.compile(r"(s([/|#,!@]).*\2\w*)\s+if\s+(/(?:[^/\\]|\\.)*/)\s*;?")
_BRACED = re.compile(r"\bs\{([^{}]*)\}\{([^{}]*)\}")
_WORD = r"\s*['\"]([\w./ -]+)['\"]\s*"
_STATEMENTS = (
    (re.compile(rf"unlink\s*\(?{_WORD}\)?"), r"rm -f '\1'"),
    (re.compile(rf"rename\s*\(?{_WORD},{_WORD}\)?"), r"mv -f '\1' '\2'"),
    (re.compile(rf"system\s*\(?{_WORD}\)?"), r"\1"),
    (re.compile(r"kill\s*\(?\s*['\"]?(\w+)['\"]?\s*,\s*(\d+)\s*\)?"), r"kill -\1 \2"),
    (re.compile(rf"chmod\s*\(?\s*(0\d+)\s*,{_WORD}\)?"), r"chmod \1 '\2'"),
)
_PERL_TOUCHES = re.compile(r"\b(?:open|unlink|rename|system|kill|exec|chmod|truncate|link|symlink)\b|`")


def perl(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """One-liners that edit files line by line, as sed does them, and statements that a shell has too."""
    letters, code, files, suffix = "", "", list[str](), ""
    words = iter(ctx.argv)
    for word in words:
        if word.startswith("-") and not code and word != "-":
            flags, _, backup = word[1:].partition("i.")
            suffix, letters = f".{backup}" if backup else suffix, letters + flags + ("i" if backup else "")
            code = next(words, "") if flags[-1:] in ("e", "E") else code
        else:
            files.append(word)
    if "e" not in letters.lower() and files:
        path = resolve(kernel, ctx.fs, absolute(ctx, files[0]))
        file = lstat(kernel, ctx.fs, path)
        code = (
            ctx.fs.read_file(path).decode(errors="replace")
            if file is not None and file.kind == "file"
            else ""
        )
        code = code.partition("\n")[2] if code.startswith("#!") else code
    text = _as_shell(_BRACED.sub("s\x01\\1\x01\\2\x01", code), letters, suffix, files)
    if text is not None:
        kernel.leave_runner(ctx, f"{text}\n")
        return BuiltinResult("", "", 1)
    if "i" in letters or _PERL_TOUCHES.search(code):
        kernel.unsupported.append("perl")
    return kernel.finish(ctx, "", "Out of memory!\n" if code else "", 1 if code else 0)


def _as_shell(code: str, letters: str, suffix: str, files: list[str]) -> str | None:
    """Shell text that does what perl code would do, None where that is not known."""
    options = [*([f"-i{suffix}"] if "i" in letters else []), *(["-z"] if "0" in letters else [])]
    conditional = _CONDITIONAL.fullmatch(code)
    condition, code = (conditional[3], conditional[1]) if conditional else ("", code)
    printed = _PRINT.fullmatch(code)
    if "n" in letters and printed:
        script = f"{printed[2]}{'!' if printed[1] == 'unless' else ''}p"
        return f"sed {shell_line([*options, '-n', '-E', '-e', script, '--', *files])}"
    if "p" in letters and _SUBSTITUTE.fullmatch(code):
        script = condition + re.sub(r"\$(\d)", r"\\\1", code).replace(r"\d", "[0-9]")
        return f"sed {shell_line([*options, '-E', '-e', script, '--', *files])}"
    lines: list[str] = []
    for statement in filter(None, (part.strip() for part in code.split(";"))):
        translated = [
            pattern.sub(shell, statement) for pattern, shell in _STATEMENTS if pattern.fullmatch(statement)
        ]
        if not translated or "n" in letters or "p" in letters:
            return None
        lines += translated
    return "\n".join(lines) if lines else None
