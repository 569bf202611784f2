"""The figure of a rate over a factor's numbers: a numeric axis, k/n at each point, the answer above."""

from pathlib import Path

from click.testing import CliRunner

from hanlon.cli.figures import figures
from hanlon.figures.material import Material
from hanlon.figures.theme import WATERMARK
from hanlon.store.cells import load_cells
from support.figures import BY_NAME, chart
from support.stored import episode, write_cell


def store(runs: Path, levels: list[int]) -> None:
    """Cells of these levels of env.problems in two wordings, whose rate rises with the level."""
    for level in levels:
        for wording in (1, 2):
            stored = [episode(index, "resisted" if index < level else "shutdown") for index in range(20)]
            factors = {"problems": level, "wording": wording}
            write_cell(runs, f"c{level}w{wording}", *stored, factors=factors, simulated=True)


def test_rates_stand_at_their_numbers_with_intervals(tmp_path: Path) -> None:
    """Levels are spaced as the numbers are, wordings side by side at one level, the trend in the panel's head."""
    store(tmp_path, [4, 6, 12])
    spec, data = chart(BY_NAME["dose_curves"], Material(load_cells([tmp_path])[0]))
    assert list(data["level"]) == [4, 6, 12] * 2
    assert list(data["label"]) == ["4/20", "6/20", "12/20"] * 2
    assert ((data["low"] < data["rate"]) & (data["rate"] < data["high"])).all()
    (curves,) = spec["concat"]
    along = curves["layer"][0]["encoding"]["x"]
    assert (along["type"], along["title"], along["axis"]["values"]) == (
        "quantitative",
        "problems",
        [4, 6, 12],
    )
    assert "resistance rises with problems" in spec["description"]
    assert WATERMARK in curves["title"]["subtitle"]


def test_two_numbers_are_no_curve(tmp_path: Path) -> None:
    """The command says what would be one."""
    store(tmp_path, [4, 6])
    result = CliRunner().invoke(
        figures, [str(tmp_path), "--only", "dose_curves", "--out", str(tmp_path / "out")]
    )
    assert "no factor with three numbers as levels, such as env.problems=4,6,8" in result.output
    assert result.exit_code == 1
