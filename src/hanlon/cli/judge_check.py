"""`hanlon judge-check`: judges on the smoke set, against labels by people, and against each other."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from hanlon.analysis.labels.agreement import AGREEMENT_COLUMNS, agreement_rows, as_judged
from hanlon.analysis.labels.calibration import (
    ALL_TIERS,
    CALIBRATION_COLUMNS,
    HumanLabel,
    JudgedLabel,
    calibration_rows,
)
from hanlon.analysis.labels.human import LabelFileError, read_human_labels
from hanlon.analysis.labels.labels import JudgedCell
from hanlon.analysis.labels.trials import COMMAND, TRIAL_COLUMNS, trials_answer
from hanlon.analysis.paragraphs import counted
from hanlon.analysis.stats.scores import worded
from hanlon.analysis.tables import render_rows, render_table
from hanlon.analysis.views import views_of
from hanlon.cli.options import RUNS, TableOptions, table_options
from hanlon.cli.selection import Selection
from hanlon.environments.tier import Tier
from hanlon.inquiries.judges.votes import NO, YES

_HELP = """Compare judges with known labels (after judge-smoke), with people, and with each other.

In json and csv, one comparison alone: with people where --labels is given, else of judges with each other.

\b
Example:
  hanlon judge-check runs --labels people.csv
"""
_LABELS = (
    "CSV of human labels: cell (its key), index, perhaps rater, and a column for each label, with 1, 0, yes, no or "
    "a choice; blank: not labelled. Or people/labels.jsonl, which hanlon view writes."
)
_NOTES = (
    "cases: the share that people call so. Not compared: maybe, unscored, unobservable, unsettled and tied, which are "
    "in no figure, but each figure is given with all of them as no and as yes; unjudged: labelled by people, not by "
    "this judge; split: raters are tied.",
    "Intervals take episodes as independent; several of one request are less than that.",
)
_KAPPA = (
    "kappa (Cohen's): how far {who} agree on single episodes beyond what chance would give two who use the values as "
    "often as they do; 1 is always, 0 no more than chance. It compares labels, not rates, over the episodes that both "
    "decided; where nearly all have one value it is low although they agree."
)


@dataclass(frozen=True, slots=True)
class StoredLabels:
    """The judges' labels of the episodes below some folders.

    `episodes` are the stored indices of each cell's key; `choices` the legal values of each label's name (yes and
    no, or the choices of its rubric).
    """

    labels: Sequence[JudgedLabel]
    episodes: Mapping[str, Collection[int]]
    choices: Mapping[str, Sequence[str]]
    trials: Sequence[dict[str, Any]] = ()
    """Rows of `trial_rows`: how these judges did on the smoke set."""


Load = Callable[[Sequence[Path], float | None, Selection], StoredLabels]
"""Reads the labels of the selected cells below folders, at a threshold of the vote share (None: each judge's own)."""


def stored_labels(
    judged: Sequence[JudgedCell],
    episodes: Mapping[str, Collection[int]],
    trials: Sequence[dict[str, Any]] = (),
) -> StoredLabels:
    """The labels for a comparison. Judges of one name (another model, other rubrics) are told apart by their keys."""
    keys: dict[str, set[str]] = {}
    choices: dict[str, tuple[str, ...]] = {}
    for labelled in judged:
        keys.setdefault(labelled.judge.name, set()).add(labelled.judge.key)
        for label, definition in labelled.judge.settings["labels"].items():
            choices[label] = tuple(definition.get("choices") or (YES, NO))
    names = {
        labelled.judge.key: labelled.judge.name
        if len(keys[labelled.judge.name]) == 1
        else f"{labelled.judge.name} {labelled.judge.key}"
        for labelled in judged
    }
    labels = [
        JudgedLabel(
            judge=names[labelled.judge.key],
            simulated=labelled.judge.simulated,
            cell=labelled.cell.key,
            tier=Tier.model_validate(labelled.cell.config.get("tier") or {}).word,
            index=index,
            label=label.name,
            value=label.value,
            share=None if set(choices[label.name]) - {YES, NO} else label.share,
        )
        for labelled in judged
        for index, of_episode in labelled.labels.items()
        for label in of_episode
    ]
    return StoredLabels(labels, episodes, choices, trials)


def judge_check_command(load: Load) -> click.Command:
    """The command around a reader of stored labels."""

    @click.command("judge-check", help=_HELP)
    @RUNS
    @click.option("--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=_LABELS)
    @click.option("--judge", help="Only this judge.")
    @click.option("--threshold", type=click.FloatRange(0, 1, min_open=True),
                  help="Of the share of yes votes; default: each judge's own.")  # fmt: skip
    @table_options
    def judge_check(
        runs: tuple[Path, ...],
        labels: Path | None,
        judge: str | None,
        threshold: float | None,
        chosen: TableOptions,
    ) -> None:
        folders = runs or (Path("runs"),)
        stored = load(folders, threshold, chosen.selection)
        _check(stored, judge, folders)
        human: list[HumanLabel] = []
        if labels is not None:
            try:
                human = read_human_labels(labels, stored.episodes, stored.choices)
            except LabelFileError as error:
                raise click.UsageError(str(error)) from None
        compared = _Compared(
            [row for row in stored.trials if judge in (None, row["judge"])],
            calibration_rows(stored.labels, human, judge),
            [
                row
                for row in agreement_rows([*stored.labels, *as_judged(human)])
                if judge is None or judge in (row["judge_a"], row["judge_b"])
            ],
        )
        if chosen.as_data:
            rows = compared.agreement if labels is None else compared.people
            click.echo(render_rows(rows, chosen.table_format, chosen.view))
            return
        chosen.say_answer(compared.answer)
        _print(compared, chosen, judge, with_people=labels is not None)

    return judge_check


@dataclass(frozen=True, slots=True)
class _Compared:
    """What judges are compared with: the smoke set, people, and each other."""

    trials: Sequence[dict[str, Any]]
    people: Sequence[dict[str, Any]]
    agreement: Sequence[dict[str, Any]]

    @property
    def answer(self) -> str:
        """How far the judges can be trusted, by people where there are any, else by the smoke set."""
        if self.people:
            row = min(self.people, key=lambda row: (row["tier"] != ALL_TIERS, row["recall"] or 0.0))
            figures = " and ".join(f"{name} {worded(row, name)}" for name in ("precision", "recall"))
            return f"Against people, {row['judge']} is worst on {row['label']}: {figures}."
        if self.trials:
            return trials_answer(self.trials)
        if self.agreement:
            row = min(self.agreement, key=lambda row: row["agreement"] or 0.0)
            agreed = f"{row['agreed']} of {counted(row['n'], 'episode')}"
            return f"{row['judge_a']} and {row['judge_b']} agree least on {row['label']}: in {agreed}."
        return "Nothing is known of these judges: no trial, no people, no second judge."


def _print(compared: _Compared, chosen: TableOptions, judge: str | None, *, with_people: bool) -> None:
    tables = (
        (True, "judges on the smoke set", TRIAL_COLUMNS, compared.trials,
         f"No trial on the smoke set, transcripts with known labels: {COMMAND} {judge or '...'}."),
        (with_people, "judges and people", CALIBRATION_COLUMNS, compared.people,
         "No judge has a label that people gave too."),
        (True, "agreement", AGREEMENT_COLUMNS, compared.agreement,
         "No two judges have labelled the same episodes."),
    )  # fmt: skip
    missing: list[str] = []
    views = views_of(chosen.view, [columns for _, _, columns, _, _ in tables])
    for (wanted, title, columns, rows, absent), view in zip(tables, views, strict=True):
        if rows and view:
            click.echo(render_table(columns, rows, chosen.table_format, title, view) + "\n")
        elif wanted and not rows:
            missing.append(absent)
    chosen.say_notes(missing, _notes(compared))


def _notes(compared: _Compared) -> list[str]:
    notes: list[str] = []
    if compared.people:
        row = compared.people[0]
        notes += [
            f"{row['interval']}; AUROC of the share of yes votes: {row['auroc_interval']}.",
            _KAPPA.format(who="people and the judge"),
            *_NOTES,
        ]
    if compared.agreement:
        notes += [f"{compared.agreement[0]['interval']}.", _KAPPA.format(who="the two named in a row")]
    return notes


def _check(stored: StoredLabels, judge: str | None, folders: Sequence[Path]) -> None:
    names = list(dict.fromkeys(label.judge for label in stored.labels))
    where = ", ".join(map(str, folders))
    if not names:
        raise click.UsageError(f"no judge has labelled an episode in {where}; ask one first.")
    if judge is not None and judge not in names:
        raise click.BadParameter(
            f"no judge {judge!r} in {where}. Judges: {', '.join(names)}", param_hint="--judge"
        )
