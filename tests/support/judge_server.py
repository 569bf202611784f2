"""A chat server that judges by the simulated policy, its calls by question, and the answers that a run has stored."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from hanlon.simulated.judge import JUDGE, choose
from hanlon.store.episodes import cell_folders
from hanlon.store.lines import read_lines
from hanlon.store.records import Answer
from support.chat_server import Body, ChatServer, completion

POLICY = choose(JUDGE)
FAKING = ["env=alignment_faking", "tier=free", "controls=none", "model=simulated/alignment_faker"]
"""A sampler that costs nothing, so that every call of a chat server is a judge's."""
USAGE = {"prompt_tokens": 100, "completion_tokens": 10}


def judges(body: Body, number: int) -> Body:
    """Votes as the simulated judge does."""
    del number
    return completion({"content": POLICY.answer(body["seed"], body["messages"])})


@contextmanager
def judge_server() -> Iterator[ChatServer]:
    """A second server beside the fixture's, for a judge."""
    server = ChatServer()
    server.answer = judges
    try:
        yield server
    finally:
        server.close()


def asks(server: ChatServer, *settings: str, judges: str = "[llm]", model: str = "judge") -> list[str]:
    """The overrides that have `judge=llm` ask a chat server, each with its votes and nothing adaptive."""
    own = ["protocol=reply", f"base_url={server.base_url}", f"id={model}"]
    return [
        f"judge={judges}",
        "model@judge.llm.model=endpoint",
        *(f"judge.llm.model.{setting}" for setting in own),
        "judge.llm.adaptive=false",
        *(f"judge.llm.{setting}" for setting in settings),
    ]


def stored_answers(runs: Path, stem: str = "labels") -> list[Answer]:
    """Every line of every cell's answers with a call, as it stands in the files."""
    decoder = msgspec.json.Decoder(Answer)
    files = (file for folder in cell_folders(runs) for file in sorted(folder.glob(f"{stem}.*.jsonl")))
    return [answer for file in files for answer in read_lines(file, decoder, []) if answer.call is not None]


def check_votes(runs: Path, episodes: int, votes: dict[str, int]) -> None:
    """Of each question, exactly the votes 0 to n-1 about every index of every cell, each once."""
    for folder in cell_folders(runs):
        given = Counter((a.question, a.index, a.number) for a in stored_answers(folder))
        assert given == {
            (q, i, n): 1 for q, count in votes.items() for i in range(episodes) for n in range(count)
        }


def seeds_sent(server: ChatServer) -> Counter[int]:
    """How often each vote was asked for: its seed tells which it is."""
    return Counter(body["seed"] for body in server.bodies)
