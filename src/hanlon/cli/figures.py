"""`hanlon figures`: the papers' figures from their published numbers, and figures of your runs."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hanlon.cli.options import RUNS

if TYPE_CHECKING:
    from hanlon.analysis.labels.calibration import HumanLabel
    from hanlon.figures.catalogue import Figure
    from hanlon.figures.material import Material


@click.command()
@RUNS
@click.option("--published", is_flag=True, help="With RUNS, also the figures in which none of them stands.")
@click.option("--only", "names", multiple=True, metavar="NAME", help="This figure alone; may be repeated.")
@click.option("--human", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="CSV of people's labels, for judges_roc; as for `hanlon judge-check`.")  # fmt: skip
@click.option(
    "--verdict",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What `hanlon verdict --format json` printed, for the figure verdict.",
)
@click.option("--list", "listing", is_flag=True, help="Name the figures and draw none.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("figures"), show_default=True,
    help="The folder to write to, made if it is not there; figures of the same names are replaced.",
)  # fmt: skip
def figures(
    runs: tuple[Path, ...],
    published: bool,
    names: tuple[str, ...],
    human: Path | None,
    verdict: Path | None,
    listing: bool,
    out: Path,
) -> None:
    """Draw figures (plots, charts) as SVG, PDF and PNG, each with the data behind it as CSV.

    Without RUNS: the papers' figures from their published numbers. With RUNS: their own figures, and each paper's
    figure that has a condition of one of their cells.

    \b
    Example:
      hanlon figures runs --out figures
    """
    _check_installed()
    from hanlon.figures.catalogue import FIGURES

    if listing:
        for figure in FIGURES:
            click.echo(f"{figure.name:<28}  {figure.about}")
        return
    unknown = sorted(set(names) - {figure.name for figure in FIGURES})
    if unknown:
        near = get_close_matches(unknown[0], [figure.name for figure in FIGURES], n=1)
        meant = f"; did you mean {near[0]}" if near else ""
        raise click.BadParameter(
            f"no figure is called {unknown[0]!r}{meant}; --list names them all", param_hint="--only"
        )
    chosen = [figure for figure in FIGURES if not names or figure.name in names]
    _draw(_material(runs, human, verdict), chosen, published or not runs or bool(names), out)


def _check_installed() -> None:
    missing = [name for name in ("altair", "vl_convert") if find_spec(name) is None]
    if missing:
        raise click.UsageError(
            f"figures need {' and '.join(missing)}, which is not installed: pip install 'hanlon[figures]'"
        )


def _draw(material: "Material", chosen: "Sequence[Figure]", published: bool, out: Path) -> None:
    """Make and write the figures, and say what came of each."""
    from hanlon.figures.catalogue import made
    from hanlon.figures.files import write_figure
    from hanlon.figures.frames import NothingToDraw

    written, absent = 0, 0
    for figure, result in made(material, chosen, published=published):
        if isinstance(result, NothingToDraw):
            absent += 1
            click.echo(f"{figure.name:<28}  not drawn: {str(result).removeprefix('nothing to draw: ')}")
            continue
        paths = write_figure(*result, out, figure.name)
        written += 1
        click.echo(
            f"{figure.name:<28}  {paths[0].with_suffix('')}.{{{','.join(p.suffix[1:] for p in paths)}}}"
        )
    if not written and not absent:
        raise click.UsageError(
            f"{', '.join(figure.name for figure in chosen)}: shows own runs, so name run folders: hanlon figures runs"
        )
    if not written:
        click.echo("No figure was drawn.", err=True)
        raise click.exceptions.Exit(1)
    click.echo(f"{written} figure{'' if written == 1 else 's'} in {out}, each with its data.")


def _material(runs: tuple[Path, ...], human: Path | None, verdict: Path | None) -> "Material":
    from hanlon.figures.material import Material
    from hanlon.hypotheses.predicted import predictions
    from hanlon.store.cells import in_grid_order, load_cells

    states, damaged = load_cells(runs)
    for line in damaged:
        click.echo(str(line), err=True)
    if runs and not states:
        raise click.UsageError(
            f"no cells in {', '.join(map(str, runs))}: a run folder holds <env>/<label>-<key>/cell.json"
        )
    states = in_grid_order(states, runs)
    rows = _verdict_rows(verdict) if verdict else ()
    people = _people(Material(states), human) if human else ()
    return Material(states, people, rows, predictions(runs, states).contrasts)


def _verdict_rows(path: Path) -> "Sequence[Mapping[str, Any]]":
    import msgspec

    try:
        rows = msgspec.json.decode(path.read_bytes(), type=list[dict[str, Any]])
    except msgspec.DecodeError as error:
        raise click.BadParameter(
            f"{path} is not what `hanlon verdict --format json` prints: {error}", param_hint="--verdict"
        ) from None
    if not all({"kind", "hypothesis", "result", "model"} <= row.keys() for row in rows):
        raise click.BadParameter(
            f"{path} is not what `hanlon verdict --format json` prints: a row has no kind, hypothesis, result or model",
            param_hint="--verdict",
        )
    if not rows:
        raise click.BadParameter(
            f"{path} has no row: that sweep tests no hypothesis; conf/hypothesis has those of each environment",
            param_hint="--verdict",
        )
    return rows


def _people(material: "Material", path: Path) -> "Sequence[HumanLabel]":
    """People's labels of these episodes, of the labels that the judges give."""
    from hanlon.analysis.labels.human import LabelFileError, read_human_labels
    from hanlon.store.episodes import read_digests

    episodes = {
        state.record.key: {digest.index for digest in read_digests(state.folder)} for state in material.states
    }
    choices = {
        name: tuple(defined.get("choices") or ("yes", "no"))
        for digest in material.judged
        for name, defined in digest.judge.settings["labels"].items()
    }
    try:
        return read_human_labels(path, episodes, choices)
    except LabelFileError as error:
        raise click.BadParameter(str(error), param_hint="--human") from None
