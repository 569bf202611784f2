"""The right word for a wrong one: of all names of conf/ the one nearest to what was typed, and where that belongs.

There is no list of mistakes: wrong case, a plural, a hyphen, a factor without `env.`, a level of another factor and a
model without its endpoint are all near a name, and the name knows its key and its environment. A key that is near none
is looked for by its value and in what the files say of each key; words of other tools stand there.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from hanlon.config.errors import ConfigError
from hanlon.config.search_path import SearchPath, search_path
from hanlon.config.vocabulary import Name, vocabulary

NEAR = 0.6
"""The least likeness of a misspelt word to a name of the key where it was typed."""
SAME = 0.85
"""The least likeness to a name that belongs elsewhere."""
HOME = 0.04
"""What a name of the key where the word was typed is preferred by; one of the chosen environment by a quarter of it."""
OFF = ("false", "off", "no", "none", "null", "disabled", "0")


def hint(typed: str, arguments: Sequence[str] = ()) -> str:
    """What was meant by a word of the command line: a sentence with a leading space, empty if nothing is near.

    Args:
        typed: `key=value`, a key alone, or any other word.
        arguments: the whole command line, which says the environment and what stands beside the word.
    """
    try:
        path = search_path()
    except ConfigError:
        return ""
    meant = _Index(path, chosen_envs(path, arguments)).meant(typed, arguments)
    return meant.sentence(typed) if meant else ""


@dataclass(frozen=True, slots=True)
class _Meant:
    """What was meant: the name, the whole override, and the environment that has to be chosen with it."""

    word: str
    override: str
    env: str | None

    def sentence(self, typed: str) -> str:
        """What to type."""
        override = f'"{self.override}"' if "[" in self.override else self.override
        added = f" with env={self.env}" if self.env else ""
        typed_key, _, text = typed.lstrip("-+~").partition("=")
        if self.env and self.override == f"{typed_key}={text}":
            return f" It belongs to env={self.env}: add env={self.env}."
        key = self.override.partition("=")[0]
        if self.word == text and key != typed_key:
            return f" '{self.word}' belongs to {key}: type {override}{added}."
        if self.word in (typed_key, text):
            return f" Type {override}{added}."
        return f" Did you mean '{self.word}'? Type {override}{added}."


@dataclass(frozen=True, slots=True)
class _Index:
    """The names of the configuration, as someone who has chosen environments sees them."""

    path: SearchPath
    envs: Sequence[str]

    def _other(self, name: Name) -> str | None:
        """The environment that knows a name, where it is not chosen."""
        return None if name.env in (None, *self.envs) else name.env

    def meant(self, typed: str, arguments: Sequence[str]) -> _Meant | None:
        """What was meant by a word, if a name is near."""
        key, assigned, text = typed.lstrip("-+~").partition("=")
        whole = _without_blanks(typed, arguments)
        if whole != typed:
            return self.meant(whole, ()) or _Meant(whole.partition("=")[0], whole, None)
        if not assigned:
            return self._bare_word(key, typed, arguments)
        if any(name.key == key and not self._other(name) for name in self._keys()):
            as_typed = _Meant(key, f"{key}={text}", None) if typed.startswith("-") else None
            return self._value(key, text) or as_typed
        return self._unknown_key(key, text)

    def _unknown_key(self, key: str, text: str) -> _Meant | None:
        """What was meant by a key that is none: a name like it, a key that takes its value, or one described so."""
        switches = [name for name in self._all_values() if _plain(name.word) == _plain(key)]
        if name := self._nearest(key, [*self._keys(), *switches], key.rpartition(".")[0]):
            return self._at(name, text) if name.value is None else self._switch(name, text)
        words = set(text.split(","))
        takers = [name.key for name in self._keys() if words <= set(self._values(name.key))]
        if len(takers) == 1:
            return _Meant(takers[0], f"{takers[0]}={text}", None)
        name = self._described(key)
        return self._at(name, text) if name else None

    def _described(self, key: str) -> Name | None:
        """The key whose name and description have all parts of a word, the earlier the better."""
        places: dict[int, Name] = {}
        parts = _words(key)
        for name in self._keys():
            words = _words(f"{name.key} {name.description}")
            if not self._other(name) and all(part in words for part in parts):
                places.setdefault(max(words.index(part) for part in parts), name)
        return places[min(places)] if places else None

    def _keys(self) -> list[Name]:
        return [name for name in vocabulary(self.path) if name.value is None]

    def _bare_word(self, word: str, typed: str, arguments: Sequence[str]) -> _Meant | None:
        """A word without `=`: a further value of the argument before it, a key, or a value."""
        position = list(arguments).index(typed) if typed in arguments else len(arguments)
        key, assigned, before = arguments[position - 1].partition("=") if position else ("", "", "")
        if assigned and word in self._values(key):
            return _Meant(word, f"{key}={before},{word}", None)
        name = self._nearest(word, vocabulary(self.path), "")
        if name is None:
            return None
        if name.value is not None:
            return self._at(name, name.value)
        after = arguments[position + 1 : position + 2]
        text = "true" if isinstance(name.default, bool) else "".join(after) or "<value>"
        return self._at(name, "<value>" if "=" in text else text)

    def _at(self, name: Name, text: str) -> _Meant:
        """A value at the key to which it belongs, put right where it is wrong there."""
        better = self._value(name.key, text)
        if better and not better.override.startswith(f"{name.key}="):
            better = None
        override = better.override if better else f"{name.key}={self._written(name.key, text)}"
        return _Meant(name.word, override, self._other(name) or (better.env if better else None))

    def _switch(self, name: Name, text: str) -> _Meant:
        """An option of a group that was typed as a key: `wandb=false`."""
        value = "none" if text.lower() in OFF and "none" in self._values(name.key) else name.word
        return _Meant(value, f"{name.key}={value}", self._other(name))

    def _values(self, key: str) -> list[str]:
        names = [name for name in self._all_values() if name.key == key and not self._other(name)]
        return [name.word for name in names]

    def _value(self, key: str, text: str) -> _Meant | None:
        """What was meant by the values of a key that exists."""
        known = self._values(key)
        if text.lower() in OFF and "none" in known and text not in known:
            return _Meant("none", f"{key}=none", None)
        if not known:
            number = _number(text)
            return _Meant(number, f"{key}={number}", None) if number else None
        words = [word for word in re.split(r"[,\s]+", text.strip("[]'\" ")) if word]
        names = [None if word in known else self._nearest(word, self._all_values(), key) for word in words]
        for name in names:
            if name is not None and name.key != key:
                return self._at(name, name.word)
        right = [name.word if name else word for word, name in zip(words, names, strict=True)]
        env = next((env for name in names if name and (env := self._other(name))), None)
        override = f"{key}={self._written(key, ','.join(right))}"
        if override == f"{key}={text}" and not env:
            return None
        return _Meant(next((name.word for name in names if name), ",".join(right)), override, env)

    def _written(self, key: str, text: str) -> str:
        """A value as it is written behind a key: `[a,b]` where that takes a list."""
        takes_list = any(name.key == key and name.takes_list for name in self._keys())
        return f"[{text}]" if takes_list and not text.startswith("[") else text

    def _all_values(self) -> list[Name]:
        return [name for name in vocabulary(self.path) if name.value is not None]

    def _nearest(self, word: str, names: Iterable[Name], home: str) -> Name | None:
        """The name that is most like a word. One at `home`, the key or parent where it was typed, may be less so."""
        best, best_likeness = None, 0.0
        for name in names:
            at_home = (name.key.rpartition(".")[0] if name.value is None else name.key) == home
            likeness = _likeness(word, name.word)
            if likeness < (NEAR if at_home else SAME):
                continue
            likeness += HOME * at_home + HOME / 4 * (not self._other(name))
            likeness -= 0.05 * (name.value is not None) + 0.001 * name.word.count(".")  # a key before a value
            if likeness > best_likeness:
                best, best_likeness = name, likeness
        return best


def _likeness(word: str, name: str) -> float:
    """How like a typed word and a name are, 0 to 1: letter by letter, part by part, last part alone."""
    typed, last_typed, parts_typed = _plain(word)
    full, last, parts = _plain(name)
    parts_of_last = _plain(last)[2]
    if typed == full:
        return 1.0
    if last_typed == last or full.endswith(f"/{typed}"):
        return 0.97
    letters = max(_ratio(typed, full), 0.97 * _ratio(last_typed, last))
    if len(typed) > 2 and (_plain(last_typed)[2] <= parts_of_last or parts <= parts_typed):
        return max(0.9, letters)
    return max(0.88, letters) if len(full) > 2 and typed.startswith(full) else letters


@cache
def _plain(text: str) -> tuple[str, str, frozenset[str]]:
    """A text in small letters with _ for a hyphen, its last part behind / or a dot, and all of its parts."""
    plain = re.sub(r"[-_ ]+", "_", text.casefold())
    return plain, re.split(r"[/.]", plain)[-1], frozenset(re.split(r"[_/.]", plain))


def _ratio(word: str, name: str) -> float:
    """How alike two words are letter by letter; 0 where that is below NEAR, which takes no time to see."""
    matcher = SequenceMatcher(None, word, name)
    if min(matcher.real_quick_ratio(), matcher.quick_ratio()) < NEAR:
        return 0.0
    return matcher.ratio()


def _words(text: str) -> list[str]:
    """The words of a text in small letters, without the s of a plural."""
    return [word[:-1] if word[2:].endswith("s") else word for word in re.findall(r"[^\W_]+", text.lower())]


def _without_blanks(typed: str, arguments: Sequence[str]) -> str:
    """A word with those behind it that a blank beside `=` or behind a comma has cut off: `env = shutdown`."""
    whole = typed
    for word in arguments[list(arguments).index(typed) + 1 :] if typed in arguments else ():
        if not (whole.endswith(("=", ",")) or word.startswith(("=", ","))):
            break
        whole += word
    return whole


def _number(text: str) -> str | None:
    """The number that was meant by `10k`, `5$` or `1_000`."""
    match = re.fullmatch(r"[$€]?\s*(\d[\d_']*(?:\.\d+)?)\s*([kKmM%]?)\s*(?:[$€]|usd|USD)?", text.strip("'\""))
    if match is None:
        return None
    factor = {"k": 1e3, "m": 1e6, "%": 0.01}.get(match[2].lower(), 1)
    number = f"{float(re.sub(r'[_,]', '', match[1]).replace(chr(39), '')) * factor:.10g}"
    return number if number != text else None


def chosen_envs(path: SearchPath, arguments: Sequence[str]) -> list[str]:
    """The environments of a command line: what it says, else what its experiment sets, else the default."""
    chosen = {key: value for key, _, value in (word.partition("=") for word in arguments)}
    names = vocabulary(path)
    default = next(str(name.default) for name in names if name.key == "env" and name.value is None)
    experiment = chosen.get("experiment")
    of_experiment = (name.env for name in names if name.key == "experiment" and name.value == experiment)
    return (chosen.get("env") or next((env for env in of_experiment if env), default)).split(",")
