"""Every notebook runs from top to bottom, and is stored without outputs."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def test_there_is_a_notebook_for_each_paper() -> None:
    """One for each set of figures, and one for own runs."""
    assert [path.stem for path in NOTEBOOKS] == [
        "arena_shutdown", "gdm", "greenblatt", "palisade", "sheshadri", "tang", "which_explanation_survives",
    ]  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    """What a cell shows is made anew, and no number grows stale in a file."""
    notebook = nbformat.read(path, as_version=4)
    assert not [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With simulated runs: every cell that draws shows an SVG, and simulated runs are marked in one of them."""
    for name in [name for name in os.environ if name == "HANLON_RUNS" or name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()
    drawn = [cell for cell in notebook.cells if cell.source.startswith("draw(")]
    shown = ["".join(o.get("data", {}).get("image/svg+xml", "") for o in cell.outputs) for cell in drawn]
    assert all(svg.startswith("<svg") for svg in shown)
    assert any("SIMULATED" in svg for svg in shown)
