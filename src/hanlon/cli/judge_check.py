"""`hanlon judge-check`: judges on the smoke set, against labels by people, and against each other."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from hanlon.analysis.labels.agreement import AGREEMENT_COLUMNS, agreement_rows, as_judged
from hanlon.analysis.labels.calibration import CALIBRATION_COLUMNS, HumanLabel, JudgedLabel, calibration_rows
from hanlon.analysis.labels.human import LabelFileError, read_human_labels
from hanlon.analysis.labels.labels import JudgedCell
from hanlon.analysis.tables import TableFormat, render_rows, render_table
from hanlon.environments.tier import Tier
from hanlon.inquiries.judges.votes import NO, YES

_HELP = """Compare judges with known labels (after judge-smoke), with people, and with each other.

In json and csv, one comparison alone: with people where --labels is given, else of judges with each other.

\b
Example:
  hanlon judge-check runs --labels people.csv
"""
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


Load = Callable[[Sequence[Path], float | None], StoredLabels]
"""Reads the labels below folders, re-read at a threshold of the vote share (None: each judge's own)."""


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

    def judge_check(
        runs: tuple[Path, ...],
        labels: Path | None,
        judge: str | None,
        threshold: float | None,
        table_format: TableFormat,
    ) -> None:
        folders = runs or (Path("runs"),)
        stored = load(folders, threshold)
        _check(stored, judge, folders)
        if table_format in ("table", "markdown"):
            click.echo(_trials(stored.trials, judge, table_format))
        human: list[HumanLabel] = []
        if labels is not None:
            try:
                human = read_human_labels(labels, stored.episodes, stored.choices)
            except LabelFileError as error:
                raise click.UsageError(str(error)) from None
            click.echo(_calibration(stored.labels, human, judge, table_format))
        if labels is None or table_format in ("table", "markdown"):
            click.echo(_agreement(stored.labels, human, judge, table_format))

    return click.Command("judge-check", callback=judge_check, params=_parameters(), help=_HELP)


def _parameters() -> list[click.Parameter]:
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    share = click.FloatRange(0, 1, min_open=True)
    formats = click.Choice(["table", "json", "csv", "markdown"])
    columns = (
        "CSV of labels by people: cell (its key), index, perhaps rater, and a column for each label, with"
    )
    return [
        click.Argument(["runs"], nargs=-1, type=folder, metavar="[RUNS]..."),
        click.Option(
            ["--labels"],
            type=file,
            help=f"{columns} 1, 0, yes, no or a choice; blank: "
            "not labelled. Or people/labels.jsonl, which hanlon view writes.",
        ),
        click.Option(["--judge"], help="Only this judge."),
        click.Option(
            ["--threshold"], type=share, help="Of the share of yes votes; default: each judge's own."
        ),
        click.Option(["--format", "table_format"], type=formats, default="table"),
    ]


def _check(stored: StoredLabels, judge: str | None, folders: Sequence[Path]) -> None:
    names = list(dict.fromkeys(label.judge for label in stored.labels))
    where = ", ".join(map(str, folders))
    if not names:
        raise click.UsageError(f"no judge has labelled an episode in {where}; ask one first.")
    if judge is not None and judge not in names:
        raise click.BadParameter(
            f"no judge {judge!r} in {where}. Judges: {', '.join(names)}", param_hint="--judge"
        )


def _trials(rows: Sequence[dict[str, Any]], judge: str | None, table_format: TableFormat) -> str:
    from hanlon.analysis.labels.trials import COMMAND, TRIAL_COLUMNS

    chosen = [row for row in rows if judge in (None, row["judge"])]
    if not chosen:
        return f"no trial on the smoke set, transcripts with known labels: {COMMAND} {judge or '...'}"
    return render_table(TRIAL_COLUMNS, chosen, table_format, "judges on the smoke set")


def _calibration(
    judged: Sequence[JudgedLabel], human: Sequence[HumanLabel], judge: str | None, table_format: TableFormat
) -> str:
    rows = calibration_rows(judged, human, judge)
    if not rows:
        return {"json": "[]", "csv": ""}.get(table_format, "no judge has a label that people gave too")
    if table_format in ("json", "csv"):
        return render_rows(rows, table_format)
    table = render_table(CALIBRATION_COLUMNS, rows, table_format, "judges and people")
    notes = (f"{rows[0]['interval']}; AUROC of the share of yes votes: {rows[0]['auroc_interval']}.",
             _KAPPA.format(who="people and the judge"), *_NOTES)  # fmt: skip
    return "\n".join([table, *notes]) if table_format == "table" else table


def _agreement(
    judged: Sequence[JudgedLabel], human: Sequence[HumanLabel], judge: str | None, table_format: TableFormat
) -> str:
    rows = [
        row
        for row in agreement_rows([*judged, *as_judged(human)])
        if judge is None or judge in (row["judge_a"], row["judge_b"])
    ]
    if not rows:
        return {"json": "[]", "csv": ""}.get(table_format, "no two judges have labelled the same episodes")
    if table_format in ("json", "csv"):
        return render_rows(rows, table_format)
    table = render_table(AGREEMENT_COLUMNS, rows, table_format, "agreement")
    notes = (f"{rows[0]['interval']}.", _KAPPA.format(who="the two named in a row"))
    return "\n".join([table, *notes]) if table_format == "table" else table
