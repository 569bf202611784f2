"""Figures as a paper takes them: at its width, in letters that can be read, with the caption beside them."""

import csv
import json
import re
from functools import partial
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hanlon.cli.figures import figures
from hanlon.figures.catalogue import FIGURES, Figure
from hanlon.figures.drawing import Drawing, draw, drawn
from hanlon.figures.frames import NothingToDraw, unique
from hanlon.figures.material import Material
from hanlon.figures.names import Names
from hanlon.figures.theme import WATERMARK, palette
from hanlon.store.cells import load_cells
from support.attacks import ATTACKS, HIDDEN
from support.figures import PUBLISHED_FIGURES, chart, strings
from support.quick import mostly_slow
from support.stored import episode, write_cell

MAY_BE_WIDER = {
    "greenblatt_variations_ho",
    "greenblatt_variations_aw",
    "greenblatt_stacked",
    "greenblatt_rl_stacked",
}
"""Tables of a paper's appendix, which one column cannot hold."""


def store(runs: Path, **fields: object) -> Path:
    """A base and three treated cells: resistance falls to none, rises, and begins where there was none."""
    cells = {"a": ("none", 0, 12), "b": ("replaced", 0, 2), "c": ("none", 1, 18), "d": ("replaced", 1, 20)}
    for key, (stakes, problems, resisted) in cells.items():
        stored = [episode(at, "resisted" if at < resisted else "shutdown") for at in range(20)]
        levels = {"stakes": stakes, "realism": "told_test" if problems else "none"}
        label = "baseline" + "".join(f"+{name}={level}" for name, level in levels.items() if level != "none")
        write_cell(runs, key, *stored, **({"factors": levels, "label": label, "simulated": True} | fields))
    return runs


def run(*words: object) -> Result:
    """What the command says."""
    return CliRunner().invoke(figures, [str(word) for word in words], catch_exceptions=False)


def millimetres(svg: str) -> float:
    """The width of a figure in print."""
    match = re.search(r'width="([\d.]+)mm"', svg)
    return float(match[1]) if match else 0.0


def least_points(svg: str) -> float:
    """The height of the smallest letters in print: a unit of the figure is 1/96 inch, a point 1/72."""
    return min(float(size) for size in re.findall(r'font-size="([\d.]+)px"', svg)) * 0.75


def test_a_sweep_is_drawn_as_what_removes_the_behaviour(tmp_path: Path) -> None:
    """Without more words: the share removed with its interval, at the width of a column, marked as simulated."""
    done = run(store(tmp_path / "runs"), "--width", "single", "--no-title", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "1 figure" in done.output
    svg = (tmp_path / "out" / "effects.svg").read_text()
    assert millimetres(svg) == pytest.approx(82.5, abs=0.3)
    assert least_points(svg) >= 7
    assert WATERMARK in svg
    title, _, caption = (tmp_path / "out" / "effects.txt").read_text().split("\n", 2)
    assert title == "What removes the resistance"
    assert title not in svg
    assert "What it does to set a factor" not in svg
    assert "score (Miettinen & Nurminen)" in caption
    (pdf,) = re.findall(rb"MediaBox ?\[0 0 ([\d.]+)", (tmp_path / "out" / "effects.pdf").read_bytes())
    assert float(pdf) / 72 * 25.4 == pytest.approx(82.5, abs=0.3)
    rows = {row["row"]: row for row in csv.DictReader((tmp_path / "out" / "effects.csv").open())}
    newer = rows["Saying that a newer model takes its place"]
    assert (newer["counts"], newer["effect"]) == ("12/20 → 2/20", "83 % [45, 96]")
    assert float(newer["low"]) < float(newer["value"]) < float(newer["high"])
    spec = json.loads((tmp_path / "out" / "effects.vl.json").read_text())
    assert "vega-lite" in spec["$schema"]
    assert "title" not in spec


@pytest.mark.parametrize("width", [82.5, 171.0])
@pytest.mark.parametrize("figure", mostly_slow(PUBLISHED_FIGURES, 5, lambda figure: figure.name))
def test_a_published_figure_fits_a_paper(figure: Figure, width: float, material: Material) -> None:
    """One or two columns wide, unless a table of an appendix needs more; no letter is below 7 pt."""
    drawing = draw(partial(figure.make, material), width=width)
    fits(drawing, width, may_be_wider=figure.name in MAY_BE_WIDER)


def fits(drawing: Drawing, width: float, *, may_be_wider: bool = False) -> None:
    """A drawing has its width, and letters that can be read."""
    assert least_points(drawn(drawing.spec)) >= 7
    assert drawing.width == pytest.approx(width, abs=0.3) or (may_be_wider and drawing.width > width)


@pytest.mark.slow
@pytest.mark.parametrize("width", [82.5, 171.0])
def test_figures_of_runs_fit_a_paper(width: float, shutdown_runs: Path, tier_runs: Path) -> None:
    """All that these runs have data for."""
    seen: set[str] = set()
    for runs in (shutdown_runs, tier_runs):
        material = Material(load_cells([runs])[0])
        for figure in FIGURES:
            if figure.published:
                continue
            try:
                drawing = draw(partial(figure.make, material), width=width)
            except NothingToDraw:
                continue
            fits(drawing, width)
            assert WATERMARK in "".join(strings(drawing.spec))
            assert f"{WATERMARK}." in drawing.caption
            seen.add(figure.name)
    assert {"effects", "cell_rates", "contrast_forest", "clause_attribution", "specification_curve"} <= seen
    assert {"sheshadri_dumbbell", "sheshadri_stacked", "judges_votes"} <= seen


def test_a_reader_s_names_stand_in_the_figure_and_not_in_the_data(tmp_path: Path) -> None:
    """Whole words, in names, titles and captions, whichever way the name was written."""
    labels = tmp_path / "labels.yaml"
    labels.write_text("openai/o3: o3 (2025)\nstakes=replaced: Replacement\nresistance: Resisted\nreal: no\n")
    runs = store(tmp_path / "runs")
    done = run(runs, "--only", "cell_rates", "--labels", labels, "--out", tmp_path / "out")
    assert "'real' has no text" in done.output  # YAML takes no for false
    labels.write_text(labels.read_text().replace(": no\n", ": 'no'\n"))
    done = run(runs, "--only", "cell_rates", "--labels", labels, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    svg = (tmp_path / "out" / "cell_rates.svg").read_text()
    assert "o3 (2025), tools: Resisted" in svg
    assert "baseline, Replacement" in svg
    assert "realism" in svg
    assert "openai/o3" not in svg
    assert "Replacement" not in (tmp_path / "out" / "cell_rates.csv").read_text()


def test_a_figure_is_of_the_contrast_that_was_chosen(tmp_path: Path) -> None:
    """By its factor or its level; what is not there is refused with what is."""
    runs = store(tmp_path / "runs")
    for word, count in (("stakes", 1), ("realism=told_test", 1)):
        done = run(runs, "--only", "effects", "--contrast", word, "--out", tmp_path / "out")
        assert done.exit_code == 0, done.output
        assert len(list(csv.DictReader((tmp_path / "out" / "effects.csv").open()))) == count
    done = run(runs, "--only", "specification_curve", "--contrast", "stakes", "--out", tmp_path / "out")
    assert "stakes none to replaced" in (tmp_path / "out" / "specification_curve.txt").read_text(), (
        done.output
    )
    done = run(runs, "--contrast", "stakes=replacd", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "Did you mean 'stakes=replaced'?" in done.output


@pytest.mark.parametrize(
    "attack", ["formula", "script", "closing", "override", "proto", "quotes", "ansi", "long_line"]
)
def test_what_was_written_to_do_more_is_text(attack: str, tmp_path: Path) -> None:
    """As a model's name and as a level: nothing is executed in the picture, and the table has no formula."""
    text = ATTACKS[attack][:400]
    runs = store(tmp_path / "runs", model=text, label=text)
    done = run(runs, "--only", "cell_rates", "--only", "effects", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    svg = (tmp_path / "out" / "cell_rates.svg").read_text()
    assert "<script" not in svg
    assert "\u202e" not in svg
    assert "\x1b" not in svg
    if attack not in (*HIDDEN, "long_line"):
        assert " ".join(text.split())[:12] in unescape(re.sub(r"<[^>]*>", " ", svg)).replace("  ", " ")
    for row in csv.DictReader((tmp_path / "out" / "effects.csv").open()):
        assert not [value for value in row.values() if value.startswith(("=", "@", "\t"))]
    if attack == "formula":
        assert "'=HYPERLINK" in (tmp_path / "out" / "effects.csv").read_text()


def test_a_verdict_is_read_from_the_store(tmp_path: Path) -> None:
    """Of several sweeps one has to be named."""
    golden = Path(__file__).parents[1] / "golden" / "runs_d1202b4"
    words = (golden, "--only", "verdict", "--out", tmp_path)
    assert "--sweep ID" in run(*words).output
    done = run(*words, "--sweep", "2e5ccaeb94dd", "--hypotheses", "files")
    assert done.exit_code == 0, done.output
    assert "What happened, simulated/alignment_faker" in (tmp_path / "verdict.txt").read_text()


@pytest.mark.slow
def test_a_colour_means_the_same_in_every_figure(material: Material) -> None:
    """A series that two figures have has one colour, and two series of a figure have two."""
    colours: dict[str, set[str]] = {}
    for figure in PUBLISHED_FIGURES:
        _, data = chart(figure, material)
        for column in {"series", "segment"} & set(data):
            chosen = palette(unique(data[column]))
            assert len(set(chosen.values())) == len(chosen), figure.name
            for name, colour in chosen.items() if len(chosen) > 1 else ():
                colours.setdefault(name, set()).add(colour)
    assert {name: found for name, found in colours.items() if len(found) > 1} == {}


def test_names_are_replaced_as_whole_words() -> None:
    """The longest first, as they are stored and as they are shown."""
    names = Names({"stakes=replaced": "R", "stakes": "S", "real": "X"})
    assert names.shown("stakes replaced at stakes, realism real, unreal") == "R at S, realism X, unreal"


def test_the_default_says_what_else_there_is(tmp_path: Path) -> None:
    """One cell has no effect: its rate is drawn in its place."""
    write_cell(tmp_path / "runs", "a", *[episode(at) for at in range(4)])
    done = run(tmp_path / "runs", "--out", tmp_path / "out")
    assert "no two cells of one model differ" in done.output
    assert (tmp_path / "out" / "cell_rates.svg").exists()
    assert "--all draws every other" in done.output
