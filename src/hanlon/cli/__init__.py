"""`hanlon ...`: begins a study, plans and runs sweeps, reads run folders, serves simulated policies.

Only `run`, `fork`, `ask`, `rescore` and `judge-smoke` call models, only `run`, `fork` and `sync` call W&B.
"""

import click

from hanlon.cli.ask import ask
from hanlon.cli.compare import compare
from hanlon.cli.completion import completion
from hanlon.cli.exchange import export_cells, import_cells
from hanlon.cli.figures import figures
from hanlon.cli.fork import fork
from hanlon.cli.init import init
from hanlon.cli.judging import judge_check, judge_smoke, labels, rescore
from hanlon.cli.listing import list_names
from hanlon.cli.new import new
from hanlon.cli.power import power, preregister
from hanlon.cli.prompts import prompts
from hanlon.cli.reading import contrasts, gaps, rates, status
from hanlon.cli.report import report, view
from hanlon.cli.run import run
from hanlon.cli.serving import serve
from hanlon.cli.show import show
from hanlon.cli.sync import sync
from hanlon.cli.verbs import Verbs, print_version
from hanlon.cli.verdict import verdict


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Print the version and the commit.",
)
def main() -> None:
    """Plan and run sweeps, and read what they stored. RUNS are run folders (default: runs).

    A first sweep: hanlon run -m env=shutdown prompt=baseline,post_task
    """


main.add_section("Run", [init, new, list_names, run, prompts, power, preregister, serve, completion])
main.add_section("Read", [rates, status, show, view, compare])
main.add_section("Explain", [verdict, contrasts, gaps, fork, ask])
main.add_section("Judge", [labels, rescore, judge_smoke, judge_check])
main.add_section("Share", [report, figures, sync, export_cells, import_cells])
