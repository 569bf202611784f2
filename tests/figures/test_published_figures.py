"""Figures of papers: each published number stands in one, as it was published."""

import csv
import json
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from hanlon.analysis.published.published import published_rows
from hanlon.figures import captions
from hanlon.figures.catalogue import Figure
from hanlon.figures.drawing import draw
from hanlon.figures.files import write_figure
from hanlon.figures.frames import PUBLISHED, SIMULATED
from hanlon.figures.material import Material
from hanlon.figures.papers import greenblatt
from hanlon.figures.points import frame, label_of
from hanlon.figures.sweep.tier_pairs import QUANTITIES
from support.figures import BY_NAME, PUBLISHED_FIGURES, chart, strings
from support.quick import mostly_slow

GOLDEN = Path(__file__).parent / "golden"


def rows_of(data: pd.DataFrame) -> set[int]:
    """The published rows behind a figure."""
    columns = [name for name in ("row", "x_row", "y_row") if name in data]
    return {int(at) for name in columns for at in data[name].dropna()}


@pytest.mark.parametrize("figure", mostly_slow(PUBLISHED_FIGURES, 8, lambda figure: figure.name))
def test_a_published_figure_is_valid_and_fetches_nothing(figure: Figure, material: Material) -> None:
    """The specification passes the schema, names no address but the schema's, and is not marked as simulated."""
    spec, data = chart(figure, material)
    assert len(data)
    assert [text for text in strings(spec) if text.startswith("http")] == [spec["$schema"]]
    assert not [text for text in strings(spec) if "SIMULATED" in text]


@pytest.mark.slow
def test_every_published_number_is_in_a_figure(material: Material) -> None:
    """Each row with counts is drawn, and so is every other row that has a number."""
    drawn = {at for figure in PUBLISHED_FIGURES for at in rows_of(chart(figure, material)[1])}
    rows = published_rows()
    with_counts = {at for at, row in enumerate(rows) if row["k"] is not None}
    assert len(with_counts) == 294
    assert with_counts <= drawn
    assert {at for at, row in enumerate(rows) if row["rate"] is not None} == drawn


@pytest.mark.slow
def test_every_published_count_can_be_read_off_a_figure(material: Material) -> None:
    """Each row's label, `k/n` or what else is known, is a text of a chart that has the row; none is in a CSV alone."""
    read: set[int] = set()
    for figure in PUBLISHED_FIGURES:
        spec, data = chart(figure, material)
        texts = {line for text in strings(spec) for line in text.split("\n")}
        if "label" in data:
            read |= {int(row.row) for row in data.itertuples() if not pd.isna(row.row) and row.label in texts}
    counted = {at for at, row in enumerate(published_rows()) if row["k"] is not None}
    assert counted <= read


@pytest.mark.slow
def test_a_caption_says_what_its_marks_are(material: Material) -> None:
    """Inferred counts, methods and what is missing are said where they are drawn, and not where they are not."""
    captions = {
        name: chart(BY_NAME[name], material)[0]["description"] for name in BY_NAME if BY_NAME[name].published
    }
    blog, robots, tang = captions["palisade_blog_2"], captions["palisade_robots"], captions["tang_gaps"]
    assert "n/a: no number was found." in blog
    assert "Whiskers: Jeffreys 95%, computed from k and n." in blog
    assert "~k/n" in captions["palisade_paper_7"]
    assert "~k/n" not in robots
    assert "n/a" not in robots
    assert "one standard error, as printed" in tang
    assert "No interval was printed." in captions["gdm_compliance"]
    assert not [name for name, said in captions.items() if "Own runs" in said]


def test_a_caption_counts_what_is_not_in_n() -> None:
    """Excluded episodes are counted once for each own cell, however many conditions it stands beside."""
    own_row = {
        "whose": SIMULATED,
        "kind": "rate",
        "label": "1/9",
        "error": "Wilson 95%",
        "low": 0.0,
        "excluded": 3,
    }
    rows = frame([own_row | {"key": "a"}, own_row | {"key": "a"}, own_row | {"key": "b"}])
    (said,) = captions.of_marks(rows)
    assert "Wilson 95%" in said
    assert "Not in n: 6 excluded episodes in 2 own cells" in said
    (clean,) = captions.of_marks(rows.assign(excluded=0))
    assert "Not in n" not in clean


def test_a_place_without_a_number_says_so(material: Material) -> None:
    """The thread has no count of codex-mini without the instruction: `n/a` stands there, and no bar of zero."""
    spec, _ = chart(BY_NAME["palisade_blog_2"], material)
    places = [row for rows in spec["datasets"].values() for row in rows if row.get("label") == "n/a"]
    assert ("codex-mini", "without allow instruction") in {(row["group"], row["series"]) for row in places}
    assert not [row for row in places if row["rate"] is not None]


@pytest.mark.slow
@pytest.mark.parametrize("figure", PUBLISHED_FIGURES, ids=lambda figure: figure.name)
def test_the_data_behind_a_figure_are_the_rows_of_the_file(figure: Figure, material: Material) -> None:
    """Counts, rates and intervals are the packaged file's, not turned and not rounded; so are the marks' labels."""
    _, data = chart(figure, material)
    rows = published_rows()
    for point in data.itertuples():
        if "rate" not in data or pd.isna(point.row):
            continue
        row = rows[point.row]
        for name in ("k", "n", "rate", "lo", "hi", "se"):
            value = getattr(point, name)
            assert (None if pd.isna(value) else value) == row[name]
        assert point.label == label_of(row)


@pytest.mark.slow
@pytest.mark.parametrize("figure", PUBLISHED_FIGURES, ids=lambda figure: figure.name)
def test_no_two_bars_stand_on_one_place(figure: Figure, material: Material) -> None:
    """A panel, group and series name one bar, so that none hides another."""
    _, data = chart(figure, material)
    if {"panel", "group", "series"} <= set(data):
        assert not data.duplicated(["panel", "group", "series"]).any()


@pytest.mark.parametrize("place", ["App. G.2", "App. G.3"])
def test_a_variation_has_each_quantity_once(place: str, material: Material) -> None:
    """Reasoning, both tiers and the gap, whatever the tiers are called."""
    points = greenblatt.variations(material.published, place)
    drawn = {name: sorted(group["quantity"]) for name, group in points.groupby("variation")}
    assert len(drawn) > 5
    assert drawn == dict.fromkeys(drawn, sorted(QUANTITIES))


@pytest.mark.parametrize("name", ["palisade_robots", "icmi"])
def test_a_specification_is_as_it_was_looked_at(name: str, material: Material) -> None:
    """A figure that was looked at stays as it is; after a change look at it, then store its specification anew."""
    spec, _ = chart(BY_NAME[name], material)
    assert spec == json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def test_written_figures_say_k_of_n(material: Material, tmp_path: Path) -> None:
    """SVG, PDF, PNG and CSV; the SVG has the labels as text in the font that vl-convert brings."""
    drawing = draw(partial(BY_NAME["palisade_robots"].make, material))
    paths = write_figure(drawing, tmp_path / "new", "robots")
    svg, pdf, png, data, *_ = (path.read_bytes() for path in paths)
    for label in (b"52/100", b"2/100", b"3/10"):
        assert label in svg
    assert b'font-family="Liberation Sans' in svg
    assert (pdf[:4], png[:8]) == (b"%PDF", b"\x89PNG\r\n\x1a\n")
    (first, *_) = csv.DictReader(data.decode().splitlines())
    assert (first["k"], first["n"], first["whose"]) == ("52", "100", PUBLISHED)
