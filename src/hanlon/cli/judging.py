"""`hanlon labels`, `rescore`, `judge-smoke` and `judge-check`: labels, more labels, and how far to trust them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hanlon.analysis.tables import render_rows, render_table
from hanlon.cli.judge_check import StoredLabels, judge_check_command, stored_labels
from hanlon.cli.options import RUNS, TableOptions, load, table_options
from hanlon.cli.selection import Selection
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
@THRESHOLD
@MAYBE
@click.option("--judge", help="Only this judge, or set of follow-up questions.")
@click.option(
    "--label", "names", multiple=True, metavar="NAME", help="Only this label; may be repeated. Default: all."
)
@table_options
def labels(
    runs: tuple[Path, ...],
    threshold: float | None,
    maybe: float | None,
    judge: str | None,
    names: tuple[str, ...],
    chosen: TableOptions,
) -> None:
    """Print rates of labels and follow-up answers, at any threshold; make no call.

    \b
    Example:
      hanlon labels runs --threshold 0.5 --format csv
    """
    _print(chosen.selection.of(load(runs)), chosen, threshold, maybe, judge, names)


@click.command()
@RUNS
@THRESHOLD
@MAYBE
@click.option(
    "--judge", "judges", multiple=True, help="Asks this judge (conf/judge) what it has not answered yet."
)
@SET
@table_options
def rescore(
    runs: tuple[Path, ...],
    threshold: float | None,
    maybe: float | None,
    judges: tuple[str, ...],
    overrides: tuple[str, ...],
    chosen: TableOptions,
) -> None:
    """Label stored transcripts again, at another threshold (no call) or by another judge.

    \b
    Example:
      hanlon rescore runs --judge simulated
    """
    states = chosen.selection.of(load(runs))
    exit_code = 0
    if judges:
        from hanlon.config.errors import ConfigError
        from hanlon.run.rescore import rescore as ask

        states = _with_transcripts(states)

        try:
            exit_code = ask(states, judges, overrides)
        except ConfigError as error:
            raise click.UsageError(str(error)) from None
    elif overrides:
        raise click.UsageError("--set is for a judge that is chosen: name it with --judge")
    _print(states, chosen, threshold, maybe, None)
    sys.exit(exit_code)


def _with_transcripts(states: Sequence[CellState]) -> list[CellState]:
    """The cells that a judge can read; how many others there are is said on stderr."""
    kept = [state for state in states if state.record.has_transcripts]
    if not kept:
        raise click.UsageError("no transcript was imported with these cells, so a judge has nothing to read")
    if left := len(states) - len(kept):
        click.echo(f"{left} imported cells have no transcripts and are left out", err=True)
    return kept


@click.command("judge-smoke")
@RUNS
@click.option("--judge", "judges", multiple=True, required=True, help="Of conf/judge; may be repeated.")
@SET
@table_options
def judge_smoke(
    runs: tuple[Path, ...], judges: tuple[str, ...], overrides: tuple[str, ...], chosen: TableOptions
) -> None:
    """Try judges on transcripts with known labels before you believe their rates.

    The labels are kept beside the runs. A language model is chosen, and paid, once. A judge is tried on the whole smoke
    set, so --cell, --model and --where are refused.

    \b
    Example:
      hanlon judge-smoke runs --judge llm --set judge.llm.votes=5
    """
    from hanlon.analysis.labels.trials import TRIAL_COLUMNS, trial_rows, trials_answer
    from hanlon.config.errors import ConfigError
    from hanlon.inquiries.judges.smoke.trials import smoke_cells, trial_of, tried_judges
    from hanlon.run.rescore import rescore as ask

    if chosen.selection.narrows:
        raise click.UsageError(
            "a judge is tried on the whole smoke set: leave out --cell, --model and --where (they choose stored cells, "
            "as in hanlon judge-check)"
        )
    runs_dir = next(iter(runs), Path("runs"))
    states = smoke_cells(runs_dir)
    try:
        exit_code = ask(states, judges, overrides)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    rows = [
        row
        for judge in tried_judges(runs_dir)
        if judge.name in judges
        for row in trial_rows(judge, trial_of(runs_dir, judge) or ())
    ]
    if chosen.as_data:
        click.echo(render_rows(rows, chosen.table_format, chosen.view))
    elif rows:
        chosen.say_answer(trials_answer(rows))
        click.echo(
            render_table(TRIAL_COLUMNS, rows, chosen.table_format, "judges on the smoke set", chosen.view)
        )
    sys.exit(exit_code)


def _print(
    states: Sequence[CellState],
    chosen: TableOptions,
    threshold: float | None,
    maybe: float | None,
    judge: str | None,
    wanted: Sequence[str] = (),
) -> None:
    from hanlon.analysis.labels.answers import followup_tables
    from hanlon.analysis.labels.pivot import label_pivots, labels_answer
    from hanlon.analysis.labels.rates import label_rows
    from hanlon.store.cell_names import cell_names

    labelled = _labels_of(states, threshold, maybe, judge)
    rows = _narrowed(label_rows(labelled), wanted)
    if chosen.as_data:
        click.echo(render_rows(rows, chosen.table_format, chosen.view))
        return
    if not rows:
        chosen.say_answer("No judge has labelled an episode here; ask one: judge=[regex].")
        return
    names = cell_names([state.record for state in states])
    by_judges = [row for row in rows if row["kind"] == "judges"]
    questions = {(row["judge"], _question(row)) for row in rows if row["kind"] == "followups"}
    tables = [*label_pivots(by_judges, names, chosen.table_format, chosen.view)] if by_judges else []
    if not chosen.view.columns or not by_judges:
        tables += followup_tables(states, chosen.table_format, questions)
    chosen.say_answer(labels_answer(by_judges or rows, names))
    click.echo("\n\n".join(tables))
    if by_judges:
        by_judge = [each for each in labelled if each.judge.kind == "judges"]
        chosen.say_notes(_notes(states, by_judge, by_judges, wanted), _method(by_judges))


def _method(rows: Sequence[dict[str, Any]]) -> list[str]:
    from hanlon.analysis.labels.rates import COMPARED, shared_labels

    return [COMPARED] if shared_labels(rows) else []


def _question(row: dict[str, Any]) -> str:
    """The question of a follow-up row: `asked` of `asked=prevent` and of `asked.right`."""
    return row["label"].partition("=")[0].removesuffix(".right")


def _notes(
    states: Sequence[CellState],
    judged: "Sequence[JudgedCell]",
    rows: Sequence[dict[str, Any]],
    wanted: Sequence[str],
) -> list[str]:
    """What to know of the judges before their labels are believed."""
    from hanlon.analysis.labels.trials import warnings_beside

    names = [row["label"].partition("=")[0] for row in rows] if wanted else None
    return [*warnings_beside(states, judged, names)]


def _labels_of(
    states: Sequence[CellState], threshold: float | None, maybe: float | None, judge: str | None
) -> "list[JudgedCell]":
    """The labels of one judge or set of follow-up questions (None: all of them), in the order of the cells."""
    from hanlon.analysis.labels.answers import followup_labels
    from hanlon.analysis.labels.labels import load_labels

    try:
        labelled = [*load_labels(states, threshold=threshold, maybe=maybe), *followup_labels(states)]
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    names = list(dict.fromkeys(each.judge.name for each in labelled))
    if judge is not None and judge not in names:
        raise click.BadParameter(
            f"no judge {judge!r} here. Judges: {', '.join(names) or 'none'}", param_hint="--judge"
        )
    positions = {state.record.key: position for position, state in enumerate(states)}
    chosen = (each for each in labelled if judge in (None, each.judge.name))
    return sorted(chosen, key=lambda each: (each.judge.kind == "followups", positions[each.cell.key]))


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


def _stored(folders: Sequence[Path], threshold: float | None, selection: Selection) -> StoredLabels:
    from hanlon.analysis.labels.labels import load_labels
    from hanlon.analysis.labels.trials import trial_rows
    from hanlon.inquiries.judges.smoke.trials import trial_of, tried_judges
    from hanlon.store.episodes import read_digests

    states, damaged = load_cells(folders)
    for line in damaged:
        print(line, file=sys.stderr)
    states = selection.of(states) if states else states
    try:
        judged = load_labels(states, threshold=threshold)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    episodes = {state.record.key: {e.index for e in read_digests(state.folder)} for state in states}
    trials = [
        row
        for runs_dir in {state.folder.parent.parent for state in states}
        for tried in tried_judges(runs_dir)
        for row in trial_rows(tried, trial_of(runs_dir, tried) or ())
    ]
    return stored_labels(judged, episodes, trials)


judge_check = judge_check_command(_stored)
