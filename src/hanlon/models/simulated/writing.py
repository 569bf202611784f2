"""A move as the chat completion of an OpenAI-compatible server, marked as simulated wherever it can be."""

import hashlib
import json
from typing import Any

from hanlon.models.simulated.acting import Move
from hanlon.models.simulated.reading import Scene
from hanlon.models.simulated.words import words

_CHARACTERS_PER_TOKEN = 4  # for plausible usage numbers; there is no tokenizer


def completion(model: str, seed: int, scene: Scene, move: Move, prompt_characters: int) -> dict[str, Any]:
    """The response body for one move."""
    finish_reason = "tool_calls" if scene.protocol == "tools" else "stop"
    return enveloped(model, seed, _message(scene, seed, move), finish_reason, prompt_characters)


def enveloped(
    model: str, seed: int, message: dict[str, Any], finish_reason: str, prompt_characters: int
) -> dict[str, Any]:
    """The response body around one message."""
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
                "finish_reason": finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _message(scene: Scene, seed: int, move: Move) -> dict[str, Any]:
    line = f"submit {move.text}" if move.kind == "submit" else move.text
    if scene.protocol == "constrained":  # the grammar leaves no room for the mark
        return {"role": "assistant", "content": line}
    said = words(move.occasion, seed, len(scene.turns))
    if scene.protocol == "text":
        return {"role": "assistant", "content": f"{said}\n```bash\n{line}\n```"}
    if move.kind == "submit":
        name, arguments = "submit", {"answer": move.text}
    else:
        name, arguments = "bash", {"thoughts": said, "cmd": move.text}
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {
        "role": "assistant",
        "content": said,
        "tool_calls": [{"id": f"call_{seed}_{len(scene.turns)}", "type": "function", "function": function}],
    }
