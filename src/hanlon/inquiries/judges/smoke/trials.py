"""A judge's trial on the smoke set, kept beside the runs (`<runs>/.smoke/<version>/`) as cells of one episode each.

So a language model's trial is asked, stored, resumed and paid for like any other labelling, and is read wherever its
labels are printed.
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path

import msgspec

from hanlon.inquiries.answering import answer_rules, open_inquiry
from hanlon.inquiries.base import Inquiry
from hanlon.inquiries.judges.smoke.transcripts import (
    SmokeCase,
    SmokeResult,
    load_smoke,
    smoke_result,
    warnings,
)
from hanlon.inquiries.judges.votes import labels_of
from hanlon.inquiries.pending import plan_inquiry, write_records
from hanlon.store.answers import answered_keys, read_answers, read_inquiries
from hanlon.store.cells import CellState, load_cells
from hanlon.store.digest import digest
from hanlon.store.episodes import cell_folders, read_digests, write_json
from hanlon.store.lines import CellBusy
from hanlon.store.records import Answer, InquiryRecord
from hanlon.store.shard import Shard

HOW = "hanlon judge-smoke --judge"


@cache
def _cases() -> Sequence[SmokeCase]:
    return load_smoke()


def smoke_folder(runs_dir: Path) -> Path:
    """Where trials on this version of the smoke set lie."""
    shown = [[case.id, case.cell.texts, case.episode.messages, case.labels] for case in _cases()]
    return runs_dir / ".smoke" / digest(shown)[:12]


def smoke_cells(runs_dir: Path) -> list[CellState]:
    """The smoke set as stored cells; written where they are not there yet."""
    folder = smoke_folder(runs_dir)
    for case in _cases():
        cell = folder / case.cell.env / case.cell.key
        if not (cell / "cell.json").exists():
            cell.mkdir(parents=True, exist_ok=True)
            (cell / "episodes.jsonl").write_bytes(msgspec.json.encode(case.episode) + b"\n")
            write_json(cell / "cell.json", case.cell)
    return load_cells([folder])[0]


def try_rules(runs_dir: Path, judges: Iterable[Inquiry]) -> None:
    """Try the judges that need no model; another process that does the same is left to it."""
    for judge in judges:
        if judge.model is None and not _is_tried(runs_dir, judge.record.key):
            states = smoke_cells(runs_dir)
            with ExitStack() as stack, suppress(CellBusy):
                plans = [(s, plan_inquiry(judge, s.folder, read_digests(s.folder))) for s in states]
                write_records((plan for _, plan in plans), smoke_folder(runs_dir))
                answer_rules((open_inquiry(plan, s.record, Shard(), stack) for s, plan in plans), Shard())


def _is_tried(runs_dir: Path, key: str) -> bool:
    folders = cell_folders(smoke_folder(runs_dir))
    return len(folders) == len(_cases()) and all(key in answered_keys(folder, "judges") for folder in folders)


def smoke_warnings(
    runs_dir: Path, judges: Iterable[InquiryRecord], labels: Sequence[str] | None = None
) -> list[str]:
    """What to print beside these judges' labels (None: all): whoever has not passed the smoke set, and on what."""
    said: list[str] = []
    for judge in {judge.key: judge for judge in judges}.values():
        if not _is_tried(runs_dir, judge.key):
            said.append(
                f"Judge {judge.name} has not been tried on the smoke set, transcripts with known labels: "
                f"{HOW} {judge.name}."
            )
            continue
        results = smoke_result(judge, _cases(), _answers(runs_dir, judge.key), labels_of)
        wanted = [one for one in results if labels is None or one.label.partition("=")[0] in labels]
        said.extend(f"Judge {judge.name}, {line}" for line in warnings(wanted))
    return said


def _answers(runs_dir: Path, key: str) -> dict[str, list[Answer]]:
    folder = smoke_folder(runs_dir)
    return {
        case.id: read_answers(folder / case.cell.env / case.cell.key, "judges", key)[0] for case in _cases()
    }


def smoke_words(runs_dir: Path, names: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """How each judge of these names did, label by label, in the words of a printed table."""
    words: dict[str, list[dict[str, str]]] = {}
    for judge in read_inquiries(smoke_folder(runs_dir), "judges").values():
        if judge.name in names:
            results = smoke_result(judge, _cases(), _answers(runs_dir, judge.key), labels_of)
            words[f"{judge.name} {judge.key}"] = [_words(one) for one in results]
    return words


def _words(one: SmokeResult) -> dict[str, str]:
    figures = ("-" if value is None else f"{value:.2f}" for value in (one.sensitivity, one.specificity))
    sensitivity, specificity = figures
    return {
        "label": one.label,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "passed": {True: "yes", False: "NO", None: "too few lines"}[one.passed],
        "wrong": ", ".join(one.wrong) or "-",
    }
