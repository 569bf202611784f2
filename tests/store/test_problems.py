"""Sentences about values that pydantic refuses."""

from typing import Any

import pytest
from pydantic import ValidationError

from hanlon.config.schema import ModelConfig
from hanlon.store.problems import explain


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"sampling": {"temperature": 3}}, "model.sampling.temperature=3 should be at most 2"),
        ({"endpoint": None}, "model.endpoint is not a text. Quote words such as yes and no"),
        ({"extra_body": [1]}, "model.extra_body is not a mapping"),
        ({"protocol": "tool"}, "model.protocol=tool: legal values are tools, text, constrained, reply."),
        ({"endpiont": "x"}, "model.endpiont is not a key here. Did you mean 'endpoint'?"),
    ],
)
def test_a_sentence_has_key_value_and_what_would_be_right(values: dict[str, Any], sentence: str) -> None:
    """Each kind of mistake is named with its key, and with its value where that is short."""
    assert any(line.startswith(sentence) for line in sentences(values))


def test_a_missing_key_is_named() -> None:
    """A model without an endpoint lacks its key."""
    assert "model.endpoint is missing" in sentences({"id": "x"})


def test_a_password_in_a_url_is_not_repeated() -> None:
    """The sentence names the key and what would be right, without the value."""
    text = "; ".join(sentences({"base_url": "https://user:hunter2@host/v1"}))
    assert "model.base_url: a base_url is http(s)://host[:port]/path, without user or password" in text
    assert "hunter2" not in text


def sentences(values: dict[str, Any]) -> list[str]:
    """What is wrong with a model that has these values alone."""
    with pytest.raises(ValidationError) as caught:
        ModelConfig.model_validate(values)
    return explain(caught.value, ModelConfig, prefix="model.")
