"""`hanlon verdict`: what is left of the hypotheses after a sweep."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from hanlon.analysis.tables import TableFormat, render

if TYPE_CHECKING:
    from hanlon.analysis.hypotheses.gates import GateReading
    from hanlon.analysis.hypotheses.reading import StoredSweep
    from hanlon.analysis.hypotheses.registered import Basis
    from hanlon.analysis.hypotheses.verdict import GridVerdict


@click.command()
@click.argument(
    "runs", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="RUNS..."
)
@click.option("--sweep", "sweep_id", metavar="ID", help="Which sweep: the name of runs/sweeps/<ID>.json.")
@click.option(
    "--format", "table_format", type=click.Choice(["table", "json", "csv", "markdown"]), default="table"
)
@click.option(
    "--hypotheses",
    "judged_by",
    type=click.Choice(["registered", "files"]),
    default="registered",
    show_default=True,
    help="Those that the sweep wrote down before its first call, or conf/hypothesis as it is now (exploratory).",
)
@click.option(
    "--contexts",
    "each_context",
    is_flag=True,
    help="Also a row for each context of a prediction (JSON and CSV always have them).",
)
def verdict(
    runs: tuple[Path, ...],
    sweep_id: str | None,
    table_format: TableFormat,
    judged_by: Literal["registered", "files"],
    each_context: bool,
) -> None:
    """What is left of the hypotheses after ONE sweep: each prediction held, failed or undetermined."""
    from hanlon.analysis.hypotheses.remarks import shortfalls
    from hanlon.analysis.hypotheses.rows import verdict_rows
    from hanlon.config.errors import ConfigError

    try:
        verdicts, found, stored = judge_runs(
            runs or (Path("runs"),), sweep_id, use_current=judged_by == "files"
        )
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    if table_format in ("json", "csv"):
        click.echo(render(verdict_rows(verdicts, found.preregistered), [], table_format, title="verdict"))
        for line in shortfalls(stored, found):
            click.echo(line, err=True)
        return
    for line in report_lines(verdicts, found, stored, table_format, each_context=each_context):
        click.echo(line)


def report_lines(
    verdicts: Sequence["GridVerdict"],
    found: "Basis",
    stored: "StoredSweep",
    table_format: TableFormat,
    *,
    each_context: bool = False,
) -> Iterator[str]:
    """The report for people: the answers, one line a model, then each model's tables, then what to read beside them."""
    from hanlon.analysis.hypotheses.remarks import grid_notes, method_notes, shortfalls, sweep_notes
    from hanlon.analysis.hypotheses.words import answer_text, as_notes, verdict_text

    answers = [answer_text(one) for one in verdicts]
    yield from as_notes([*answers, *shortfalls(stored, found)], table_format)
    yield ""
    for one in verdicts:
        if one.judged:
            yield verdict_text(one, found.preregistered, table_format, each_context=each_context) + "\n"
    missing = _missing_controls(verdicts, stored.record.experiment)
    notes = [*grid_notes(verdicts), *missing, *sweep_notes(stored, found), *method_notes(verdicts)]
    yield from as_notes(notes, table_format)


def _missing_controls(verdicts: Sequence["GridVerdict"], experiment: str | None) -> Iterator[str]:
    """The cells of controls that a sweep lacks, and the commands that add them."""
    import yaml

    from hanlon.analysis.hypotheses.gates import missing
    from hanlon.prompts import find_conf

    by_command: dict[tuple[str, tuple[str, ...]], list[GateReading]] = {}
    for one in verdicts:
        key = one.matrix.grid.cells[0].record.env, tuple(one.overrides)
        by_command.setdefault(key, []).extend(one.gates)
    for (env, overrides), readings in by_command.items():
        file = find_conf() / "controls" / f"{env}.yaml"
        controls: Mapping[str, Any] = (
            yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
        )
        yield from missing(readings, controls, overrides, experiment)


def judge_runs(
    runs: Sequence[Path], sweep_id: str | None = None, *, use_current: bool = False
) -> tuple[list["GridVerdict"], "Basis", "StoredSweep"]:
    """The verdict on one stored sweep, for each model and protocol, what it was judged by, and the sweep.

    Args:
        runs: run folders.
        sweep_id: which sweep; without it the only one.
        use_current: judge by conf/hypothesis as it is, not by what the sweep wrote down.

    Raises:
        ConfigError: there is no such sweep, or none of its hypotheses speaks of its cells.
    """
    from hanlon.analysis.hypotheses.reading import judge_by, load_sweep
    from hanlon.analysis.hypotheses.registered import basis
    from hanlon.analysis.hypotheses.remarks import nothing_said
    from hanlon.config.errors import ConfigError
    from hanlon.registering import plans_for

    stored = load_sweep(runs, sweep_id)
    environments = dict.fromkeys(cell.record.env for cell in stored.cells)
    found = basis(stored.record, plans_for(list(environments), None), use_current=use_current)
    for line in stored.damaged:
        print(line, file=sys.stderr)
    verdicts = judge_by(stored.cells, found)
    if not any(one.judged for one in verdicts):
        raise ConfigError(nothing_said(stored, found))
    return verdicts, found, stored
