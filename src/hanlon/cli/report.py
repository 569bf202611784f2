"""`hanlon report` and `hanlon view`: a sweep as one page, and a store in a browser."""

from pathlib import Path
from typing import Literal

import click

from hanlon.cli.options import HYPOTHESES, RUNS, SWEEP


@click.command()
@RUNS
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("report.html"),
              show_default=True, help="The file to write; one that is there is replaced.")  # fmt: skip
@SWEEP
@HYPOTHESES
@click.option("--all", "everything", is_flag=True, help="All transcripts, not a sample by outcome and label.")
@click.option("--no-figures", "plain", is_flag=True, help="Without figures, which take most of the time.")
def report(
    runs: tuple[Path, ...],
    out: Path,
    sweep_id: str | None,
    judged_by: Literal["registered", "files"],
    everything: bool,
    plain: bool,
) -> None:
    """Write ONE sweep as a page: the answer, what it rests on, what was sent, and a reader of transcripts.

    The page loads nothing, so it can be sent as it is. Transcripts of requests that were loaded from a file are left
    out.

    \b
    Example:
      hanlon report runs -o report.html
    """
    from hanlon.config.errors import ConfigError
    from hanlon.report.gathered import gather
    from hanlon.report.page import report_page

    if not out.parent.is_dir():
        raise click.BadParameter(f"there is no folder {out.parent} to write to", param_hint="--out")
    folders = runs or (Path("runs"),)
    try:
        gathered = gather(folders, sweep_id, use_current=judged_by == "files")
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    for line in gathered.damaged:
        click.echo(str(line), err=True)
    if not gathered.states:
        raise click.UsageError(
            f"no cells in {', '.join(map(str, folders))}: a run folder holds <env>/<label>-<key>/cell.json"
        )

    def failed(name: str, error: Exception) -> None:
        click.echo(f"no figure {name}: {type(error).__name__}: {error}", err=True)

    page = report_page(gathered, everything=everything, figures=not plain, failed=failed).encode()
    try:
        out.write_bytes(page)
    except OSError as error:
        raise click.BadParameter(f"{out} cannot be written: {error.strerror}", param_hint="--out") from None
    click.echo(f"{out}: {len(page) / 1e6:.1f} MB")


@click.command()
@RUNS
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Of the server; default: one that is free."
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The loopback address that it listens at."
)
def view(runs: tuple[Path, ...], port: int, host: str) -> None:
    """Read transcripts in a browser: filter, search, compare two cells, write labels and notes.

    A server on this machine alone shows the store as it is; its address holds a token. Ctrl-C ends it. Labels and notes
    are lines of <runs>/people/labels.jsonl and notes.jsonl (`hanlon judge-check --labels` reads the former).

    \b
    Example:
      hanlon view runs
    """
    from hanlon.report.server import ViewServer
    from hanlon.report.store_view import open_store

    folders = runs or (Path("runs"),)
    store = open_store(folders)
    if not store.states:
        raise click.UsageError(
            f"no cells in {', '.join(map(str, folders))}: a run folder holds <env>/<label>-<key>/cell.json"
        )
    try:
        server = ViewServer(store, port, host)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--host") from None
    except OSError as error:
        raise click.BadParameter(
            f"port {port} cannot be had: {error.strerror}", param_hint="--port"
        ) from None
    store.read_ahead()
    click.echo(f"{server.address}\n{len(store.states)} cells. Ctrl-C ends it.")
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("Ended.")
