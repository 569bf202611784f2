"""`hanlon ...`: reads run folders, plans sweeps, serves simulated policies.

Only `rescore` and `judge-smoke` call models, only `sync` calls W&B.
"""

import click

from hanlon.cli.compare import compare
from hanlon.cli.figures import figures
from hanlon.cli.judging import judge_check, judge_smoke, labels, rescore
from hanlon.cli.power import power, preregister
from hanlon.cli.prompts import prompts
from hanlon.cli.reading import contrasts, gaps, rates, show, status
from hanlon.cli.report import report, view
from hanlon.cli.serving import serve
from hanlon.cli.sync import sync
from hanlon.cli.verdict import verdict


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Plan sweeps and read what they stored. RUNS are run folders (default: runs)."""


for command in (
    rates,
    gaps,
    contrasts,
    compare,
    verdict,
    power,
    preregister,
    figures,
    report,
    view,
    labels,
    judge_check,
    judge_smoke,
    rescore,
    status,
    show,
    prompts,
    serve,
    sync,
):
    main.add_command(command)
