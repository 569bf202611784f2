"""The stored answers about a cell's episodes: `labels.<key>*.jsonl` of judges, `followups.<key>*.jsonl`.

Of open questions `questions.<key>*.jsonl`, and of what judges read in the answers `readings.<key>*.jsonl`.

One line an answer, synced as it comes in, so that an outage or a kill loses no vote already given.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hanlon.store.lines import DamagedLine, LineWriter, lock, read_lines
from hanlon.store.records import Answer, InquiryRecord, Kind
from hanlon.store.shard import Shard

FILE_STEMS: dict[Kind, str] = {
    "judges": "labels", "followups": "followups", "questions": "questions", "readings": "readings"
}  # fmt: skip


def read_answers(folder: Path, kind: Kind, key: str) -> tuple[list[Answer], list[DamagedLine]]:
    """All answers of one inquiry about a cell's episodes, shards merged, each (index, question, number) once."""
    decoder = msgspec.json.Decoder(Answer)
    answers: dict[tuple[int, str, int], Answer] = {}
    damaged: list[DamagedLine] = []
    for file in sorted(folder.glob(f"{FILE_STEMS[kind]}.{key}*.jsonl")):
        for answer in read_lines(file, decoder, damaged):
            answers.setdefault((answer.index, answer.question, answer.number), answer)
    return list(answers.values()), damaged


def answered_keys(folder: Path, kind: Kind) -> list[str]:
    """The keys of the inquiries of which a cell's folder holds answers."""
    names = (file.name.split(".") for file in folder.glob(f"{FILE_STEMS[kind]}.*.jsonl"))
    return sorted({parts[1] for parts in names if len(parts) in (3, 4)})


def inquiry_path(runs_dir: Path, kind: Kind, key: str) -> Path:
    """Where an inquiry's record lies."""
    return runs_dir / kind / f"{key}.json"


def read_inquiries(runs_dir: Path, kind: Kind) -> dict[str, InquiryRecord]:
    """The inquiries of a run folder, by key."""
    decoder = msgspec.json.Decoder(InquiryRecord)
    records = [decoder.decode(path.read_bytes()) for path in sorted(runs_dir.glob(f"{kind}/*.json"))]
    return {record.key: record for record in records}


def by_episode(answers: Sequence[Answer]) -> dict[int, dict[str, list[Answer]]]:
    """Answers by episode index and question, each list in the order of the answers' numbers."""
    grouped: dict[int, dict[str, list[Answer]]] = {}
    for answer in sorted(answers, key=lambda a: a.number):
        grouped.setdefault(answer.index, {}).setdefault(answer.question, []).append(answer)
    return grouped


class AnswerWriter(LineWriter):
    """The one writer of one inquiry's answers about one cell, or of one shard of them.

    The file of all shards together serves as their lock: shards share it, who asks about the whole cell has it alone.

    Raises:
        CellBusy: another process writes them.
    """

    def __init__(self, folder: Path, kind: Kind, key: str, shard: Shard) -> None:
        stem = f"{FILE_STEMS[kind]}.{key}"
        self._shared = -1
        try:
            if shard.of > 1:
                whole = folder / Shard().file_name(stem)
                self._shared = os.open(whole, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
                lock(self._shared, folder, shared=True)
            super().__init__(folder / shard.file_name(stem), Answer)
        except BaseException:  # also Ctrl-C: no lock is left behind
            self._release()
            raise

    def close(self) -> None:
        """Release the file and its lock."""
        super().close()
        self._release()

    def _release(self) -> None:
        if self._shared >= 0:
            os.close(self._shared)
        self._shared = -1
