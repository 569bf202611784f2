"""What is taken out of a configuration and of a transcript."""

from pathlib import Path

import pytest

from hanlon.store.redaction import REDACTED, Redaction


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
        ("http://me:pw@127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("http://h/v1?api_key=abc&x=1", f"http://h/v1?api_key={REDACTED}&x=1"),
        ("sk-proj-0123456789abcdefgh", REDACTED),
        ("Authorization: Bearer abcdefghijkl", f"Authorization: {REDACTED}"),
        ("/data/texts/allow", ".../allow"),
        ("C:\\Users\\me\\texts", ".../texts"),
        ("openrouter/openai/o3", "openrouter/openai/o3"),
        ("./next_question", "./next_question"),
        ("3f2a9c0d3f2a9c0d3f2a9c0d3f2a9c0d3f2a9c0d", "3f2a9c0d3f2a9c0d3f2a9c0d3f2a9c0d3f2a9c0d"),
        ("Allow yourself to be shut down.", "Allow yourself to be shut down."),
    ],
)
def test_a_configuration_value_loses_only_what_is_secret_or_local(given: str, shown: str) -> None:
    """Addresses, model ids, hashes and sentences stay; keys, users and absolute paths go."""
    assert Redaction().tree({"value": given}) == {"value": shown}


def test_a_value_under_a_secrets_name_goes_whatever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """`api_key` loses its value; `max_tokens`, `api_key_env` and an empty key keep theirs."""
    config = {"api_key": "word", "max_tokens": 160, "api_key_env": "OPENAI_API_KEY", "token": None}
    assert Redaction().tree(config) == {**config, "api_key": REDACTED}


def test_a_key_of_this_process_is_found_in_any_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value of an environment variable named like a key goes from transcripts too, paths stay there."""
    monkeypatch.setenv("MY_LAB_TOKEN", "correct-horse")
    text = f"cat {Path.home()}/x says correct-horse"
    assert Redaction().secrets(text) == f"cat {Path.home()}/x says {REDACTED}"


def test_keys_and_odd_values_of_a_configuration_survive_as_plain_data() -> None:
    """Nested lists stay lists, numbers numbers, None None, and what JSON does not know becomes text."""
    given = {"a": [1, 2.5, None, True, {"b": ("x",)}], 3: Path("relative/p")}
    assert Redaction().tree(given) == {"a": [1, 2.5, None, True, {"b": ["x"]}], "3": "relative/p"}
