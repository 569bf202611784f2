"""What a shell may offer for the override that is being typed: `python -m hanlon.config.completions LINE`."""

import re
import sys
from collections.abc import Iterator, Sequence

from hanlon.config.errors import ConfigError
from hanlon.config.hints import chosen_envs
from hanlon.config.search_path import SearchPath, search_path
from hanlon.config.vocabulary import vocabulary


def completions(path: SearchPath, words: Sequence[str], word: str) -> list[str]:
    """The overrides that begin with `word`, in the order of the files; values also behind a comma.

    Args:
        path: where the configuration is.
        words: the other words of the line, of which one may choose the environment.
        word: what has been typed of the last one.
    """
    envs = (None, *chosen_envs(path, words))
    key, assigned, text = word.partition("=")
    if not assigned:
        return list(dict.fromkeys(_keys(path, envs, word)))
    typed = re.match(r"(.*[\[,])?(.*)", text)
    before, begun = (typed[1] or "", typed[2]) if typed else ("", "")
    taken = re.split(r"[\[,]", before)
    return [
        f"{key}={before}{value}"
        for value in _values(path, envs, key.lstrip("+~"))
        if value.startswith(begun) and value not in taken
    ]


def _keys(path: SearchPath, envs: Sequence[str | None], word: str) -> Iterator[str]:
    """The keys that begin so, to the next dot: `env.` stands for all factors until it is typed."""
    sign = word[: len(word) - len(word.lstrip("+~"))]
    for name in vocabulary(path):
        if name.value is None and name.env in envs and name.key.startswith(word[len(sign) :]):
            rest = name.key[len(word) - len(sign) :]
            end = rest.find(".", 1)
            yield sign + (name.key + "=" if end < 0 else name.key[: len(name.key) - len(rest) + end + 1])


def _values(path: SearchPath, envs: Sequence[str | None], key: str) -> list[str]:
    names = [name for name in vocabulary(path) if name.key == key and name.env in envs]
    if any(isinstance(name.default, bool) and name.value is None for name in names):
        return ["true", "false"]
    return [name.value for name in names if name.value is not None]


def main() -> None:
    """Print the completions of a command line that ends at the cursor, one a line; none where packages clash."""
    line = sys.argv[1] if len(sys.argv) > 1 else ""
    *words, word = re.split(r"\s", line)
    try:
        found = completions(search_path(), words, word.lstrip("\"'"))
    except ConfigError:
        return
    print("\n".join(found))


if __name__ == "__main__":
    main()
