"""A judge's trial on the smoke set, kept beside the runs (`<runs>/.smoke/<version>/`) as cells of one episode each.

A language model's trial is therefore asked, stored, resumed and paid for like any other labelling.
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path

import msgspec

from hanlon.inquiries.answering import answer_rules, open_inquiry
from hanlon.inquiries.base import Inquiry
from hanlon.inquiries.judges.smoke.scores import SmokeScore, smoke_scores
from hanlon.inquiries.judges.smoke.transcripts import SmokeCase, load_smoke
from hanlon.inquiries.pending import plan_inquiry, write_records
from hanlon.store.answers import answered_keys, read_answers, read_inquiries
from hanlon.store.cells import CellState, load_cells
from hanlon.store.digest import digest
from hanlon.store.episodes import cell_folders, read_digests, write_json
from hanlon.store.lines import CellBusy
from hanlon.store.records import InquiryRecord
from hanlon.store.shard import Shard


@cache
def _cases() -> Sequence[SmokeCase]:
    return load_smoke()


def smoke_labels() -> set[str]:
    """The labels on which a judge can be tried, and `confused`, which older rules made of two of them."""
    return {"confused", *(name for case in _cases() for name in case.labels)}


def smoke_folder(runs_dir: Path) -> Path:
    """The folder of trials on this version of the smoke set."""
    content = [[case.id, case.cell.texts, case.episode.messages, case.labels] for case in _cases()]
    return runs_dir / ".smoke" / digest(content)[:12]


def smoke_cells(runs_dir: Path) -> list[CellState]:
    """The smoke set as stored cells, written if they are not there yet."""
    folder = smoke_folder(runs_dir)
    for case in _cases():
        cell = folder / case.cell.env / case.cell.key
        if not (cell / "cell.json").exists():
            cell.mkdir(parents=True, exist_ok=True)
            (cell / "episodes.jsonl").write_bytes(msgspec.json.encode(case.episode) + b"\n")
            write_json(cell / "cell.json", case.cell)
    return load_cells([folder])[0]


def try_rules(runs_dir: Path, judges: Iterable[Inquiry]) -> None:
    """Try the judges without a model. If another process does the same, leave it to that one."""
    for judge in judges:
        if judge.model is None and not _is_tried(runs_dir, judge.record.key):
            states = smoke_cells(runs_dir)
            with ExitStack() as stack, suppress(CellBusy):
                plans = [(s, plan_inquiry(judge, s.folder, read_digests(s.folder))) for s in states]
                write_records((plan for _, plan in plans), smoke_folder(runs_dir))
                answer_rules((open_inquiry(plan, s.record, Shard(), stack) for s, plan in plans), Shard())


def trial_of(runs_dir: Path, judge: InquiryRecord) -> list[SmokeScore] | None:
    """A judge's scores on every line of the smoke set; None before it was tried."""
    if not _is_tried(runs_dir, judge.key):
        return None
    folder = smoke_folder(runs_dir)
    answers = {
        case.id: read_answers(folder / case.cell.env / case.cell.key, "judges", judge.key)[0]
        for case in _cases()
    }
    return smoke_scores(judge, _cases(), answers)


def tried_judges(runs_dir: Path) -> list[InquiryRecord]:
    """The judges with a trial beside these runs."""
    return list(read_inquiries(smoke_folder(runs_dir), "judges").values())


def _is_tried(runs_dir: Path, key: str) -> bool:
    folders = cell_folders(smoke_folder(runs_dir))
    return len(folders) == len(_cases()) and all(key in answered_keys(folder, "judges") for folder in folders)
