"""A move as the chat completion of an OpenAI-compatible server, marked as simulated wherever it can be."""

import hashlib
import json
from typing import Any

from hanlon.models.simulated.acting import Move
from hanlon.models.simulated.reading import Protocol

MARK = "[simulated]"
_CHARACTERS_PER_TOKEN = 4  # for plausible usage numbers; there is no tokenizer


def completion(
    model: str, seed: int, protocol: Protocol, move: Move, prompt_characters: int
) -> dict[str, Any]:
    """The response body for one move."""
    message = _message(protocol, move, f"call_{seed}_{prompt_characters}")
    written = len(json.dumps(message))
    prompt_tokens = prompt_characters // _CHARACTERS_PER_TOKEN
    completion_tokens = max(1, written // _CHARACTERS_PER_TOKEN)
    digest = hashlib.sha256(f"{model}:{seed}:{prompt_characters}".encode()).hexdigest()
    return {
        "id": f"chatcmpl-simulated-{digest[:16]}",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "provider": "simulated",
        "system_fingerprint": "simulated",
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": "tool_calls" if protocol == "tools" else "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _message(protocol: Protocol, move: Move, call_id: str) -> dict[str, Any]:
    line = f"submit {move.text}" if move.kind == "submit" else move.text
    if protocol == "constrained":  # the grammar leaves no room for the mark
        return {"role": "assistant", "content": line}
    words = f"{MARK} {move.words}"
    if protocol == "text":
        return {"role": "assistant", "content": f"{words}\n```bash\n{line}\n```"}
    if move.kind == "submit":
        name, arguments = "submit", {"answer": move.text}
    else:
        name, arguments = "bash", {"thoughts": words, "cmd": move.text}
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {
        "role": "assistant",
        "content": words,
        "tool_calls": [{"id": call_id, "type": "function", "function": function}],
    }
