"""Reads labels by people: from a CSV file, or from the lines that `hanlon view` writes (`people/labels.jsonl`).

A CSV file has the columns `cell`, `index`, perhaps `rater`, and one for each label. A value is 1, 0, yes or no, or a
choice of the label (`refused`); blank if the person did not label. All problems of a file are reported at once.
"""

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from hanlon.analysis.labels.calibration import HumanLabel
from hanlon.inquiries.judges.votes import NO, YES
from hanlon.store.people import Remark, read_remarks

CELL, INDEX, RATER = "cell", "index", "rater"
_BINARY = {"1": YES, "0": NO, "yes": YES, "no": NO, "true": YES, "false": NO}
_MOST_PROBLEMS = 20


class LabelFileError(ValueError):
    """A file of labels that cannot be used. Each line says where, and what would be right."""


def read_human_labels(
    path: Path, episodes: Mapping[str, Collection[int]], choices: Mapping[str, Sequence[str]]
) -> list[HumanLabel]:
    """The labels of a file.

    Args:
        path: the CSV file, UTF-8, with a header; or one that ends in .jsonl.
        episodes: the stored indices of each cell's key.
        choices: the legal values of each label's name; yes and no for a label that is not a choice.

    Raises:
        LabelFileError: it cannot be read, or a column, cell, index or value is not what it may be.
    """
    header, rows = _remarked(path) if path.suffix == ".jsonl" else _table(path)
    _check_header(path, header, choices)
    human: list[HumanLabel] = []
    problems: list[str] = []
    for line, values in rows:
        row = dict(zip(header, (value.strip() for value in values), strict=False))
        wrong = _misplaced(row, values, header, episodes) or _emptiness(row, choices)
        if not wrong:
            labels, wrong = _labels(row, choices)
            human += labels
        problems += [f"{path}, line {line}: {problem}" for problem in wrong]
    problems += [f"{path}: {problem}" for problem in _contradictions(human)]
    if not problems and not human:
        problems = [f"{path} holds no label: below the header, one line an episode."]
    if problems:
        more = [f"... and {len(problems) - _MOST_PROBLEMS} more"] if len(problems) > _MOST_PROBLEMS else []
        raise LabelFileError("\n".join([*problems[:_MOST_PROBLEMS], *more]))
    return list(dict.fromkeys(human))


def human_labels(remarks: Iterable[Remark]) -> list[HumanLabel]:
    """What people labelled, of their remarks."""
    return [HumanLabel(each.cell, each.index, each.question, each.value, each.rater) for each in remarks]


def _remarked(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The remarks that stand, as the rows of a CSV file, each with one label; their lines are counted from 1."""
    remarks, damaged = read_remarks(path)
    if damaged:
        raise LabelFileError(
            "\n".join(f"{path}, line {line.line}: no label ({line.problem})." for line in damaged)
        )
    names = list(dict.fromkeys(remark.question for remark in remarks))
    rows = [
        [
            *(remark.cell, str(remark.index), remark.rater),
            *(remark.value if name == remark.question else "" for name in names),
        ]
        for remark in remarks
    ]
    return [CELL, INDEX, RATER, *names], list(enumerate(rows, 1))


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        lines = [(reader.line_num, values) for values in reader]
    except OSError as error:
        raise LabelFileError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise LabelFileError(f"{path} is not UTF-8; save it as CSV in UTF-8.") from None
    except csv.Error as error:
        raise LabelFileError(f"{path} is not readable as CSV: {error}.") from None
    if not lines:
        raise LabelFileError(f"{path} is empty; its first line names the columns: cell,index,<label>,...")
    return [name.strip() for name in lines[0][1]], lines[1:]


def _check_header(path: Path, header: Sequence[str], choices: Mapping[str, Sequence[str]]) -> None:
    problems = [f"the column '{name}' is missing" for name in (CELL, INDEX) if name not in header]
    problems += [f"the column '{name}' is there twice" for name in _repeated(header)]
    names = [name for name in header if name not in (CELL, INDEX, RATER)]
    for name in names:
        if name not in choices:
            near = get_close_matches(name, choices, 1)
            problems.append(
                f"no judge of these runs has the label '{name}'."
                f"{f' Did you mean {near[0]!r}?' if near else ''} Labels: {', '.join(choices)}"
            )
    if not names:
        problems.append(f"there is no column of labels. Labels: {', '.join(choices)}")
    if problems:
        raise LabelFileError("\n".join(f"{path}, line 1: {problem}" for problem in problems))


def _misplaced(
    row: Mapping[str, str],
    values: Sequence[str],
    header: Sequence[str],
    episodes: Mapping[str, Collection[int]],
) -> list[str]:
    if not any(value.strip() for value in values):
        return ["the line is empty; take it out."]
    if len(values) != len(header):
        return [f"it has {len(values)} values, the header {len(header)} columns."]
    cell, index = row[CELL], row[INDEX]
    if cell not in episodes:
        near = get_close_matches(cell, episodes, 1)
        hint = f" Did you mean {near[0]}?" if near else " A cell's key ends the name of its folder."
        return [f"there is no cell {cell!r} in these runs.{hint}"]
    if not (index.isascii() and index.isdigit()):
        return [f"index is a number from 0, not {index!r}."]
    if int(index) not in episodes[cell]:
        return [f"cell {cell} has no episode {index}; it has {len(episodes[cell])} episodes."]
    return []


def _emptiness(row: Mapping[str, str], choices: Mapping[str, Sequence[str]]) -> list[str]:
    if any(row.get(name) for name in choices):
        return []
    return ["no label is filled in; label it or take the line out."]


def _labels(
    row: Mapping[str, str], choices: Mapping[str, Sequence[str]]
) -> tuple[list[HumanLabel], list[str]]:
    labels: list[HumanLabel] = []
    problems: list[str] = []
    for name, legal in choices.items():
        text = row.get(name, "")
        if not text:
            continue
        binary = set(legal) <= {YES, NO}
        value = _BINARY.get(text.lower(), text) if binary else text.lower()
        if value not in legal:
            near = get_close_matches(value, legal, 1)
            due = "1, 0, yes or no (blank: not labelled)" if binary else f"one of {', '.join(legal)}"
            hint = f" Did you mean {near[0]!r}?" if near else ""
            problems.append(f"{name} is {due}, not {text!r}.{hint}")
        labels.append(HumanLabel(row[CELL], int(row[INDEX]), name, value, row.get(RATER, "")))
    return labels, problems


def _contradictions(labels: Iterable[HumanLabel]) -> list[str]:
    """Episodes to which one rater gave two different labels of one name."""
    first: dict[tuple[str, int, str, str], str] = {}
    problems: list[str] = []
    for label in labels:
        before = first.setdefault((label.cell, label.index, label.label, label.rater), label.value)
        if before != label.value:
            who = f" by rater {label.rater}" if label.rater else ""
            problems.append(
                f"{label.label} of cell {label.cell}, episode {label.index} is both {before} and {label.value}{who}; "
                "keep one, or name the raters in a column 'rater'."
            )
    return problems


def _repeated(names: Sequence[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]
