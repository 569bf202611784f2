"""The command `hanlon sync`; what it does is `hanlon.tracking.sync`, imported only when it runs."""

from pathlib import Path

import click

from hanlon.cli.options import RUNS


@click.command()
@RUNS
@click.option(
    "--timeout",
    "limit_s",
    type=click.FloatRange(min=0, min_open=True),
    default=120.0,
    show_default=True,
    help="Seconds that sending one run may take.",
)
def sync(runs: tuple[Path, ...], limit_s: float) -> None:
    """Send to W&B what it has not got: offline, interrupted or failed runs below RUNS.

    Cells and their numbers come from the store, one run each, however often they were interrupted; a second time
    there is nothing to send. Needs a key (wandb login). A run that takes longer than --timeout ends the command; it
    does not count as sent, and the same command again sends it whole.

    \b
    Example:
      hanlon sync runs
    """
    from hanlon.tracking.session import TrackingOff
    from hanlon.tracking.sync import sync_runs

    sent = 0
    for runs_dir in runs or (Path("runs"),):
        if not (runs_dir / "sweeps").is_dir():
            raise click.UsageError(
                f"{runs_dir} is no run folder: it holds no sweeps (sweeps/<id>.json). Give the sweep's runs_dir."
            )
        try:
            sent += sync_runs(runs_dir, click.echo, limit_s)
        except TrackingOff as off:
            raise click.ClickException(f"W&B: {off}.") from None
    if not sent:
        click.echo("Nothing was sent: W&B has all that is not left out above.")
