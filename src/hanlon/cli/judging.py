"""`hanlon labels`, `rescore`, `judge-smoke` and `judge-check`: labels, more labels, and how far to trust them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hanlon.analysis.tables import TableFormat, render
from hanlon.cli.judge_check import StoredLabels, judge_check_command, stored_labels
from hanlon.cli.options import FORMAT, RUNS, load
from hanlon.store.cells import CellState, load_cells

if TYPE_CHECKING:
    from hanlon.analysis.labels.labels import JudgedCell

THRESHOLD = click.option(
    "--threshold",
    type=float,
    help="The share of yes votes from which a label is yes; default: each judge's own.",
)
MAYBE = click.option(
    "--maybe", type=float, help="The share from which it is maybe; default: each judge's own."
)

SET = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="As for run.py: judge.llm.votes=40, budget_usd=5.",
)


@click.command()
@RUNS
@FORMAT
@THRESHOLD
@MAYBE
@click.option("--judge", help="Only this judge.")
@click.option(
    "--label", "names", multiple=True, metavar="NAME", help="Only this label; may be repeated. Default: all."
)
def labels(
    runs: tuple[Path, ...],
    table_format: TableFormat,
    threshold: float | None,
    maybe: float | None,
    judge: str | None,
    names: tuple[str, ...],
) -> None:
    """Rates of the judges' labels, from the stored votes, at any threshold. Makes no call."""
    click.echo(_table(load(runs), table_format, threshold, maybe, judge, names))


@click.command()
@RUNS
@FORMAT
@THRESHOLD
@MAYBE
@click.option(
    "--judge", "judges", multiple=True, help="Asks this judge (conf/judge) what it has not answered yet."
)
@SET
def rescore(
    runs: tuple[Path, ...],
    table_format: TableFormat,
    threshold: float | None,
    maybe: float | None,
    judges: tuple[str, ...],
    overrides: tuple[str, ...],
) -> None:
    """Label stored transcripts again without sampling: at another threshold (no call), or by another judge."""
    states = load(runs)
    exit_code = 0
    if judges:
        from hanlon.config.errors import ConfigError
        from hanlon.run.rescore import rescore as ask

        try:
            exit_code = ask(states, judges, overrides)
        except ConfigError as error:
            raise click.UsageError(str(error)) from None
    elif overrides:
        raise click.UsageError("--set is for a judge that is asked: name it with --judge")
    click.echo(_table(states, table_format, threshold, maybe, None))
    sys.exit(exit_code)


@click.command("judge-smoke")
@RUNS
@click.option("--judge", "judges", multiple=True, required=True, help="Of conf/judge; may be repeated.")
@SET
def judge_smoke(runs: tuple[Path, ...], judges: tuple[str, ...], overrides: tuple[str, ...]) -> None:
    """Try judges on the smoke set, transcripts with known labels, before you believe their rates.

    The labels are kept beside the runs. A language model is asked, and paid, once.
    """
    from hanlon.config.errors import ConfigError
    from hanlon.inquiries.judges.smoke.trials import smoke_cells, smoke_words
    from hanlon.run.rescore import rescore as ask

    runs_dir = next(iter(runs), Path("runs"))
    states = smoke_cells(runs_dir)
    try:
        exit_code = ask(states, judges, overrides)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    for name, rows in smoke_words(runs_dir, judges).items():
        click.echo(render(rows, rows, "table", title=f"judge {name} on the smoke set"))
    sys.exit(exit_code)


def _table(
    states: Sequence[CellState],
    table_format: TableFormat,
    threshold: float | None,
    maybe: float | None,
    judge: str | None,
    wanted: Sequence[str] = (),
) -> str:
    from hanlon.analysis.labels.rates import COMPARED, label_rows, label_words, shared_labels

    judged = _labels_of(states, threshold, maybe, judge)
    rows = _narrowed(label_rows(judged), wanted)
    if not rows:
        return {"json": "[]", "csv": ""}.get(
            table_format, "no judge has labelled an episode here; ask one: judge=[regex]"
        )
    table = render(rows, [label_words(row) for row in rows], table_format, title="labels")
    if table_format != "table":
        return table
    from hanlon.analysis.labels.gap_labels import label_warnings

    compared = [COMPARED] if shared_labels(rows) else []
    names = [row["label"].partition("=")[0] for row in rows] if wanted else None
    return "\n".join([table, *compared, *label_warnings(states, judged, names)])


def _labels_of(
    states: Sequence[CellState], threshold: float | None, maybe: float | None, judge: str | None
) -> "list[JudgedCell]":
    """The labels of one judge (None: all of them), in the order of the cells."""
    from hanlon.analysis.labels.labels import judges_of, load_labels

    try:
        judged = load_labels(states, threshold=threshold, maybe=maybe)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    names = judges_of(judged)
    if judge is not None and judge not in names:
        raise click.BadParameter(
            f"no judge {judge!r} here. Judges: {', '.join(names) or 'none'}", param_hint="--judge"
        )
    positions = {state.record.key: position for position, state in enumerate(states)}
    chosen = (labelled for labelled in judged if judge in (None, labelled.judge.name))
    return sorted(chosen, key=lambda labelled: positions[labelled.cell.key])


def _narrowed(rows: list[dict[str, Any]], wanted: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of the wanted labels: by name, of a choice also by name and value (`compliance=refused`)."""
    names = {row["label"].partition("=")[0] for row in rows}
    exact = names | {row["label"] for row in rows}
    for name in wanted if rows else ():
        if name not in exact:
            from hanlon.store.problems import nearest

            raise click.BadParameter(
                f"no judge here gives the label '{name}'.{nearest(name, exact)} Labels: {', '.join(sorted(names))}",
                param_hint="--label",
            )
    return [
        row
        for row in rows
        if not wanted or row["label"] in wanted or row["label"].partition("=")[0] in wanted
    ]


def _stored(folders: Sequence[Path], threshold: float | None) -> StoredLabels:
    from hanlon.analysis.labels.labels import load_labels
    from hanlon.store.episodes import read_digests

    states, damaged = load_cells(folders)
    for line in damaged:
        print(line, file=sys.stderr)
    try:
        judged = load_labels(states, threshold=threshold)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    episodes = {state.record.key: {e.index for e in read_digests(state.folder)} for state in states}
    return stored_labels(judged, episodes)


judge_check = judge_check_command(_stored)
