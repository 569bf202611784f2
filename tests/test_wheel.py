"""What is installed is what the checkout has: templates, rubrics, clause files and conf/ as well as modules."""

from pathlib import Path
from zipfile import ZipFile

from hatchling.builders.wheel import WheelBuilder

from support.command_line import ROOT

SOURCES = ROOT / "src"


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    """No file of src/ and conf/ is left out, and those of the page are there by name."""
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    held = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    files = [file.relative_to(SOURCES) for file in SOURCES.rglob("*") if file.is_file()]
    files += ["hanlon" / file.relative_to(ROOT) for file in (ROOT / "conf").rglob("*.yaml")]
    assert held == {file.as_posix() for file in files if "__pycache__" not in file.parts}
    templates = {"page.html.jinja", "reader.css", "reader.js", "transcript.js"}
    assert {f"hanlon/report/templates/{name}" for name in templates} <= held
