"""What names stand in a figure: those of the store in words, and a reader's own from a file (`--labels`)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import yaml


def readable(name: str) -> str:
    """A label of the store in words: `baseline+stakes=replaced` is `baseline, stakes replaced`."""
    return name.replace("+", ", ").replace("=", " ").replace("_", " ")


@dataclass(frozen=True)
class Names:
    """What is shown in the place of names: each name, as it stands in a figure or in the store, and its label."""

    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def shown(self, text: str) -> str:
        """A text with its names replaced, each as whole words, the longest first."""
        if not self.labels:
            return text
        return self._pattern.sub(lambda match: self._by_words[match[0]], text)

    @cached_property
    def _by_words(self) -> dict[str, str]:
        return dict(self.labels) | {readable(name): label for name, label in self.labels.items()}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._by_words, key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")


AS_THEY_ARE = Names()


def read_names(path: Path) -> Names:
    """The labels of a YAML file, a line each: `palisade_e: Palisade's prompt E`.

    Raises:
        ValueError: it is no such file, or gives two names one label. The message says what would be right.
    """
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    lines = cast("dict[Any, Any]", content) if isinstance(content, dict) else {}
    labels = {
        str(name): label for name, label in lines.items() if isinstance(label, str) and str(name) and label
    }
    if not lines or len(labels) != len(lines):
        wrong = next((name for name in lines if str(name) not in labels), None)
        where = f" ({wrong!r} has no text)" if wrong is not None else ""
        raise ValueError(f"{path}: a line for each name, as `palisade_e: Palisade's prompt E`{where}")
    twice = [label for label in labels.values() if list(labels.values()).count(label) > 1]
    if twice:
        raise ValueError(
            f"{path}: two names have the label {twice[0]!r}, so that a figure would not tell them apart"
        )
    return Names(labels)
