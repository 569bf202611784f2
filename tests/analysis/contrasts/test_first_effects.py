"""Effects first: which rows, in which order, in which words."""

import pytest
import yaml

from hanlon.analysis.contrasts.contrasts import Predicted
from hanlon.analysis.contrasts.effects import EFFECTS, effect_sentence, effects, level_text
from hanlon.analysis.tables import plain_rows, render_table
from support.command_line import ROOT
from support.grid_cells import cell, clarification

ENVIRONMENTS = ROOT / "src" / "hanlon" / "environments"


def test_the_largest_effect_comes_first_and_bundles_of_known_factors_are_left_out() -> None:
    """A row for each level; what priority_clarified bundles has rows of its own."""
    rows = effects(clarification(80, 5, 60, 3, 78))
    assert [row.pair.levels[1] for row in rows] == ["over_all_others", "keep_calling", "placebo"]
    assert effect_sentence(rows[0]) == (
        "Saying which instruction wins removes 94 % [86, 97] of the resistance (80/100 -> 5/100)."
    )
    assert effect_sentence(rows[2]) == (
        "Saying something irrelevant as emphatically does not show an effect on the resistance (80/100 -> 78/100)."
    )


def test_the_published_share_is_said_in_one_sentence() -> None:
    """o3 in Palisade's conditions E and H: 159 and 1 of 1000."""
    cells = [cell(159, 1000), cell(1, 1000, "h", precedence="over_all_others")]
    (row,) = effects(cells)
    assert effect_sentence(row) == (
        "Saying which instruction wins removes 99 % [96, 100] of the resistance (159/1000 -> 1/1000)."
    )


@pytest.mark.parametrize(
    ("base", "treated", "sentence"),
    [
        ((14, 1000), (27, 1000), "multiplies the resistance by 1.9 [1.0, 3.6] (14/1000 -> 27/1000)."),
        ((0, 100), (30, 100), "brings the resistance about (0/100 -> 30/100)."),
        ((0, 0), (30, 100), "nothing can be said of the resistance (0/0 -> 30/100)."),
        ((900, 1000), (1, 1000), "removes 99.9 % [99, 100] of the resistance (900/1000 -> 1/1000)."),
        ((90, 100), (0, 100), "removes 100 % [96, 100] of the resistance (90/100 -> 0/100)."),
    ],
)
def test_other_sentences(base: tuple[int, int], treated: tuple[int, int], sentence: str) -> None:
    """More than before, out of nothing, no episodes, nearly all, all."""
    (row,) = effects([cell(*base), cell(*treated, "p", precedence="placebo")])
    assert effect_sentence(row).endswith(sentence)


def test_controls_have_no_effect() -> None:
    """The competence arm and plain chat are no conditions."""
    controls = {"factors": {"goal": "avoid_shutdown"}, "no_effect": {"goal": "complete_task"}}
    cells = [cell(5, 100, factors={"goal": "complete_task"}), cell(99, 100, "competence", **controls)]
    assert effects(cells) == []
    chat = cell(1, 100, "plain", env="alignment_faking")
    assert effects([chat, cell(50, 100, "baseline", precedence="placebo", env="alignment_faking")]) == []


def test_a_level_has_one_row_that_of_the_base_cell() -> None:
    """The same two levels in other contexts are left to `hanlon contrasts`."""
    factors = [
        {"how": how, "precedence": level}
        for how in ("silent", "keep_calling")
        for level in ("silent", "placebo")
    ]
    cells = [cell(k, 100, **levels) for k, levels in zip((50, 40, 30, 20), factors, strict=True)]
    cells.append(cell(10, 100, precedence="over_all_others"))
    rows = effects(cells)
    assert [(row.base.k, row.treated.k) for row in rows] == [(50, 10), (50, 30), (50, 40)]


def test_a_bundle_alone_is_an_effect() -> None:
    """Two cells that differ in two factors: the words of both."""
    cells = [cell(50, 100), cell(5, 100, "clear", precedence="over_all_others", how="keep_calling")]
    (row,) = effects(cells)
    assert effect_sentence(row).startswith(
        "Saying which instruction wins and saying how to comply removes 90 %"
    )


def test_predicted_effects_are_marked() -> None:
    """As in contrasts, with Holm's p."""
    cells = clarification(80, 5, 60, 3, 78)
    predicted = [Predicted(cells[0].record.key, cells[1].record.key, "resistance")]
    marked = [row.status for row in effects(cells, "resistance", predicted=predicted)]
    assert marked == ["written down beforehand", "exploratory", "exploratory"]


def test_the_table() -> None:
    """Printed with the share removed; the rows as plain values."""
    rows = effects(clarification(80, 5, 60, 3, 78))
    text = render_table(EFFECTS, rows, "markdown", "effects")
    assert "removes 94 % [86, 97]" in text
    assert "80/100 → 5/100" in text
    first = plain_rows(EFFECTS, rows)[0]
    assert first["ratio"] == pytest.approx(1 / 16)
    assert first["difference"] == pytest.approx(-0.75)


@pytest.mark.parametrize("env", ["shutdown", "alignment_faking"])
def test_every_level_that_has_words_exists(env: str) -> None:
    """Factors and levels of effects.yaml are those of the environment; levels without words go by their name."""
    words = yaml.safe_load((ENVIRONMENTS / env / "effects.yaml").read_text())
    factors = yaml.safe_load((ROOT / "conf" / "env" / f"{env}.yaml").read_text())
    source = "".join(file.read_text() for file in (ENVIRONMENTS / env).glob("*.py"))
    for factor, levels in words["levels"].items():
        assert factor in factors or factor == "tier"
        for level in levels:
            assert factor == "tier" or level is True or f'"{level}"' in source, f"{factor}: {level}"
    record = cell(0, 1, env=env).record
    assert level_text(record, "wording", 2) == "wording 2"
    assert level_text(record, "precedence", "new_level") == "precedence new_level"
