"""`hanlon figures`: the papers' figures from their published numbers, and figures of your runs."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from hanlon.cli.options import HYPOTHESES, RUNS, SWEEP, load, selection_options
from hanlon.cli.selection import Selection
from hanlon.store.problems import nearest

if TYPE_CHECKING:
    from hanlon.analysis.labels.calibration import HumanLabel
    from hanlon.figures.catalogue import Figure
    from hanlon.figures.material import Material
    from hanlon.report.gathered import Gathered


def _width(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """`single`, `double` or a number, in millimetres."""
    del ctx, param
    if value is None:
        return None
    from hanlon.figures.drawing import WIDTHS

    try:
        width = WIDTHS.get(value) or float(value.removesuffix("mm"))
    except ValueError:
        width = 0.0
    if not 40 <= width <= 1000:
        raise click.BadParameter(
            f"'{value}' is no width: single ({WIDTHS['single']:g} mm), double ({WIDTHS['double']:g} mm), or a "
            "number of millimetres from 40 to 1000"
        )
    return width


@click.command()
@RUNS
@SWEEP
@HYPOTHESES
@selection_options
@click.option("--only", "names", multiple=True, metavar="NAME", help="This figure alone; may be repeated.")
@click.option("--all", "every", is_flag=True, help="All figures in which these runs stand.")
@click.option("--published", is_flag=True, help="Also the papers' figures in which none of them stands.")
@click.option("--contrast", "choice", multiple=True, metavar="FACTOR[=LEVEL]",
              help="Contrasts of this factor or level alone: stakes=replaced; prompt=NAME for a bundle.")  # fmt: skip
@click.option(
    "--width",
    metavar="single|double|MM",
    callback=_width,
    help="Of the figure in print: one or two columns of a paper, or millimetres.",
)
@click.option("--no-title", is_flag=True, help="No title in the picture; it stands in the .txt.")
@click.option("--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="YAML of what to show for a name: `palisade_e: Palisade's prompt E`.")  # fmt: skip
@click.option("--human", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="CSV of people's labels beside those of `hanlon view`; as for `hanlon judge-check`.")  # fmt: skip
@click.option("--list", "listing", is_flag=True, help="Name the figures and draw none.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("figures"), show_default=True,
    help="The folder to write to, made if it is not there; figures of the same names are replaced.",
)  # fmt: skip
def figures(
    runs: tuple[Path, ...],
    sweep_id: str | None,
    judged_by: Literal["registered", "files"],
    selection: Selection,
    names: tuple[str, ...],
    every: bool,
    published: bool,
    choice: tuple[str, ...],
    width: float | None,
    no_title: bool,
    labels: Path | None,
    human: Path | None,
    listing: bool,
    out: Path,
) -> None:
    """Draw figures (plots, charts) as SVG, PDF and PNG, each with its data as CSV, its Vega-Lite and its caption.

    With RUNS: what each factor does (the share of the behaviour that it removes); --all draws every figure that these
    runs have data for, the papers' among them. Without RUNS: the papers' figures from their published numbers.

    \b
    Example:
      hanlon figures runs --width single
    """
    _check_installed()
    from hanlon.config.errors import ConfigError
    from hanlon.figures.catalogue import OF_A_SWEEP
    from hanlon.figures.catalogue import figures as all_figures

    try:
        available = all_figures()
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    if listing:
        for figure in available:
            click.echo(f"{figure.name:<28}  {figure.about}")
        return
    every_name = [figure.name for figure in available]
    for name in set(names) - set(every_name):
        raise click.BadParameter(
            f"no figure is called '{name}'.{nearest(name, every_name)} --list names them all",
            param_hint="--only",
        )
    first = bool(runs) and not (names or every or published)
    chosen_names = names or (OF_A_SWEEP if first else every_name)
    chosen = [figure for name in chosen_names for figure in available if figure.name == name]
    sweep = _sweep(runs, sweep_id, judged_by) if runs and (sweep_id or "verdict" in chosen_names) else None
    material = _material(runs, sweep, selection, choice, human, whole=sweep_id is None)
    options = {"width": width, "names": _names(labels), "title": not no_title}
    _draw(material, chosen, out, first=first, published=published or not runs or bool(names), options=options)


def _check_installed() -> None:
    missing = [name for name in ("altair", "vl_convert") if find_spec(name) is None]
    if missing:
        raise click.UsageError(
            f"figures need {' and '.join(missing)}, which is not installed: pip install 'hanlon[figures]'"
        )


def _names(path: Path | None) -> Any:
    from hanlon.figures.names import AS_THEY_ARE, read_names

    try:
        return read_names(path) if path else AS_THEY_ARE
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--labels") from None


def _draw(
    material: "Material", chosen: "Sequence[Figure]", out: Path, *, first: bool, published: bool, options: Any
) -> None:
    """Make and write the figures, or the `first` that can be made, and say what came of each."""
    from hanlon.figures.catalogue import drawings
    from hanlon.figures.files import write_figure
    from hanlon.figures.frames import NothingToDraw

    written, absent = 0, 0
    for figure, result in drawings(material, chosen, published=published, **options):
        if isinstance(result, NothingToDraw):
            absent += 1
            click.echo(f"{figure.name:<28}  not drawn: {str(result).removeprefix('nothing to draw: ')}")
            continue
        paths = write_figure(result, out, figure.name)
        written += 1
        endings = ",".join(path.name.removeprefix(f"{figure.name}.") for path in paths)
        click.echo(
            f"{figure.name:<28}  {out / figure.name}.{{{endings}}}{_too_wide(result.width, options['width'])}"
        )
        if first:
            break
    if not written and not absent:
        raise click.UsageError(
            f"{', '.join(figure.name for figure in chosen)}: shows own runs, so name run folders: hanlon figures runs"
        )
    if not written:
        click.echo("No figure was drawn.", err=True)
        raise click.exceptions.Exit(1)
    more = "; --all draws every other that these runs have data for, --list names them" if first else ""
    click.echo(
        f"{written} figure{'' if written == 1 else 's'} in {out}, each with its data and caption{more}."
    )


def _too_wide(width: float, wanted: float | None) -> str:
    if wanted is None or width <= wanted + 1:
        return ""
    return f"  {width:.0f} mm wide: it cannot be narrower with text of 7 pt"


def _material(
    runs: tuple[Path, ...],
    sweep: "Gathered | None",
    selection: Selection,
    choice: Sequence[str],
    human: Path | None,
    *,
    whole: bool,
) -> "Material":
    """The cells, all or those of the sweep, with what was predicted and people said of them, and the verdict."""
    from hanlon.figures.material import Material
    from hanlon.hypotheses.predicted import predictions
    from hanlon.hypotheses.printed.rows import verdict_rows
    from hanlon.report.gathered import people_of

    if not runs:
        return Material(choice=choice)
    states = selection.of(sweep.states if sweep and not whole else load(runs))
    people = [*people_of(states), *(_people(Material(states), human) if human else ())]
    rows = verdict_rows(sweep.judged) if sweep else ()
    material = Material(states, people, rows, predictions(runs, states).contrasts, choice)
    _check_choice(material)
    return material


def _sweep(
    runs: Sequence[Path], sweep_id: str | None, judged_by: Literal["registered", "files"]
) -> "Gathered | None":
    """The sweep of an id, or the only one; None where there are several and none was chosen."""
    from hanlon.config.errors import ConfigError
    from hanlon.report.gathered import gather

    try:
        return gather(runs, sweep_id, use_current=judged_by == "files")
    except ConfigError as error:
        if sweep_id:
            raise click.UsageError(str(error)) from None
        return None


def _check_choice(material: "Material") -> None:
    """Refuse a choice of contrasts that these cells have none of."""
    from hanlon.figures.sweep.choice import choices, chosen

    for word in material.choice:
        contrasts = material.whole_report.contrasts
        if not chosen(contrasts, [word]):
            words = choices(contrasts)
            listed = ", ".join(words) or "none"
            raise click.BadParameter(
                f"no contrast of these cells is of '{word}'.{nearest(word, words)} There is: {listed}",
                param_hint="--contrast",
            )


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
