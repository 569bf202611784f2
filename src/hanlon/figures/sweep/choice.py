"""Which contrasts a figure is about: those of a factor, of one of its levels, or all."""

from collections.abc import Iterable, Sequence

from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.contrasts.grid import BUNDLE


def chosen(contrasts: Iterable[Contrast], words: Sequence[str]) -> list[Contrast]:
    """The contrasts that any of some words names: `stakes`, `stakes=replaced`, `prompt=clarified`; all for no word."""
    return [contrast for contrast in contrasts if not words or any(_is(contrast, word) for word in words)]


def choices(contrasts: Iterable[Contrast]) -> list[str]:
    """What a choice may name among some contrasts."""
    return list(dict.fromkeys(f"{name}={level}" for contrast in contrasts for name, level in _ends(contrast)))


def _ends(contrast: Contrast) -> list[tuple[str, str]]:
    """What a contrast sets: its factor's level, or of a bundle the prompt."""
    if contrast.pair.kind == "bundle":
        return [(BUNDLE, contrast.pair.treated.record.prompt)]
    return [(name, "unset" if to is None else str(to)) for name, (_, to) in contrast.pair.changed.items()]


def _is(contrast: Contrast, word: str) -> bool:
    factor, equals, level = word.removeprefix("env.").partition("=")
    return any(factor == name and (not equals or level == to) for name, to in _ends(contrast))
