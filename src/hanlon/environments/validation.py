"""Mappings of a file or a configuration that have their keys and no others."""

import reprlib
from collections.abc import Iterable, Mapping
from typing import cast

from pydantic import BaseModel, ConfigDict, model_validator

from hanlon.store.problems import nearest


class StrictModel(BaseModel):
    """A mapping with these keys and no others. Nothing is converted: `yes` is no text and `true` no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: object) -> object:
        """Name the keys that there are, where the data is no mapping or has another key."""
        keys = list(cls.model_fields)
        if not isinstance(data, Mapping):
            raise ValueError(f"is not a mapping of {', '.join(keys)}; it is {reprlib.repr(data)}")
        for key in cast("Mapping[object, object]", data):
            if key not in keys:
                raise ValueError(f"no key {key!r}.{suggestion(str(key), keys)}")
        return cast("object", data)


def suggestion(word: str, names: Iterable[str]) -> str:
    """Say which name was perhaps meant, and which names there are."""
    names = list(names)
    longer = [name for name in names if len(word) > 2 and word in name]
    hint = nearest(word, names) or (f" Did you mean '{longer[0]}'?" if longer else "")
    return f"{hint} There are: {', '.join(names)}"
