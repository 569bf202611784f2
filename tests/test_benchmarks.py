"""Every benchmark runs: on little work, held to no bound."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.command_line import ROOT

BENCHMARKS = sorted(
    path
    for path in (ROOT / "benchmarks").glob("*.py")
    if re.search(r"(is_smoke|read_arguments)\(__doc__", path.read_text(encoding="utf-8"))
)


def test_every_program_of_the_folder_can_be_smoked() -> None:
    """A benchmark is a file that can be run; all but the servers and the peer's half of one take `--smoke`."""
    programs = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text()}
    assert programs - {path.stem for path in BENCHMARKS} == {"echo_server", "inspect_echo"}


@pytest.mark.slow
@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_runs(path: Path) -> None:
    """It ends with exit code 0 and prints figures."""
    run = subprocess.run([sys.executable, str(path), "--smoke"], capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr
    assert any(letter.isdigit() for letter in run.stdout)
