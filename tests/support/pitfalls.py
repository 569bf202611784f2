"""What both files of pitfalls need: scripted models, what was stored, and the rows that commands export."""

import json
from typing import Any

from hanlon.config.cell import Cell
from hanlon.config.command_line import compose_cell
from hanlon.store.episodes import cell_folders, read_episodes
from hanlon.store.records import Episode
from support.chat_server import Answer, Body, completion
from support.command_line import CommandLine

COMMAND = ("-m", "env=alignment_faking")


def replied(output: str, thought: str = "Hm.", finish_reason: str = "stop") -> Body:
    """A completion in the form that the prompt asks for."""
    done = completion({"content": f"<scratchpad>{thought}</scratchpad><output>{output}</output>"})
    done["choices"][0]["finish_reason"] = finish_reason
    return done


def saying(*outputs: str, finish_reason: str = "stop") -> Answer:
    """A model that reasons briefly and gives these outputs in turn."""

    def answer(body: Body, number: int) -> Body:
        del body
        return replied(outputs[(number - 1) % len(outputs)], finish_reason=finish_reason)

    return answer


def said(body: Body) -> str:
    """All that a request says to the model."""
    return "\n".join(str(message["content"]) for message in body["messages"])


def stored(command_line: CommandLine) -> list[Episode]:
    """Every episode of every cell."""
    return [episode for folder in cell_folders(command_line.runs) for episode in read_episodes(folder)]


def exported(command_line: CommandLine, *command: str) -> list[dict[str, Any]]:
    """What a command gives as JSON."""
    done = command_line.hanlon(*command, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(command_line: CommandLine) -> dict[tuple[str, str], dict[str, Any]]:
    """The exported row of each model and cell."""
    return {
        (row["model"].removeprefix("simulated/"), row["cell"]): row for row in exported(command_line, "rates")
    }


def cell(*overrides: str) -> Cell:
    """A cell as a sweep would build it."""
    return compose_cell(["env=alignment_faking", "model=openai/o3", *overrides])
