"""The real command line, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class CommandLine:
    """The real `run.py` and `hanlon`, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = folder / "runs"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.endswith("_API_KEY") and "WANDB" not in name
        }
        self.environment.update(COLUMNS="200", HOME=str(folder))

    def argv(self, *arguments: str) -> list[str]:
        """The words of a run."""
        return [sys.executable, str(ROOT / "run.py"), *arguments]

    def run(
        self, *arguments: str, tracker: str = "none", timeout_s: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """Run a sweep to its end."""
        return self.finish([*self.argv(*arguments), f"tracker={tracker}"], timeout_s)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a sweep and come back at once."""
        return subprocess.Popen(
            [*self.argv(*arguments), "tracker=none"],
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def hanlon(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a verb of the `hanlon` command."""
        return self.finish([sys.executable, "-m", "hanlon.cli", *arguments], 600)

    def finish(self, argv: list[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
        """Run any command to its end, in the folder and with the environment of this command line."""
        return subprocess.run(
            argv,
            cwd=self.folder,
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
