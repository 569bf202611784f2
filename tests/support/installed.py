"""The wheel in a virtual environment of its own, and the pages that are typed there: no checkout is anywhere near."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import hydra
from hatchling.builders.wheel import WheelBuilder

from support.command_line import ROOT


@dataclass
class Installed:
    """The wheel in a virtual environment of its own, and the current folder."""

    venv: Path
    folder: Path

    @property
    def site(self) -> Path:
        """Where it is installed."""
        return next(self.venv.glob("lib/python*/site-packages"))

    def argv(self, words: str | tuple[str, ...]) -> list[str]:
        """The words of a verb."""
        return [str(self.venv / "bin" / "hanlon"), *(shlex.split(words) if isinstance(words, str) else words)]

    @property
    def environment(self) -> dict[str, str]:
        """Without keys, and without what points at this checkout."""
        kept = {k: v for k, v in os.environ.items() if "API_KEY" not in k and "WANDB" not in k}
        return {**kept, "PYTHONPATH": "", "COLUMNS": "160", "HOME": str(self.folder)}

    def hanlon(self, words: str | tuple[str, ...], code: int = 0) -> str:
        """What a verb prints."""
        return self.run(self.argv(words), code)

    def run(self, argv: list[str], code: int = 0) -> str:
        """What a command prints."""
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, (argv, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def first_line(self, words: str) -> str:
        """The first line of a verb that goes on until it is ended."""
        return self.run_until(words, "")

    def run_until(self, words: str, said: str) -> str:
        """The line of a verb that goes on until it is ended, in which this is said."""
        process = subprocess.Popen(
            self.argv(words),
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            assert process.stdout
            return next(line for line in process.stdout if said in line)
        finally:
            process.terminate()
            process.communicate(timeout=60)

    def install(self, project: Path) -> None:
        """Build a project's wheel and install it, without its dependencies."""
        (wheel,) = WheelBuilder(str(project)).build(
            directory=str(self.folder / "dist"), versions=["standard"]
        )
        pip = [sys.executable, "-m", "pip", "--python", str(self.venv / "bin" / "python"), "install"]
        subprocess.run([*pip, "--no-index", "--no-deps", "--quiet", str(wheel)], check=True)

    def follow(self, page: Path) -> None:
        """Write each file of a page and type each of its commands, in their order."""
        blocks = re.findall(
            r"(?:^`([\w/.]+)`\n\n)?^```\w*\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE
        )
        assert len(blocks) > 10
        for file, text in blocks:
            if file:
                (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / file).write_text(text)
            for line in () if file else text.splitlines():
                self._type(line)

    def _type(self, line: str) -> None:
        verb, _, words = line.partition(" ")
        if verb == "cd":
            self.folder /= words
        elif verb == "hanlon":
            self.hanlon(words)
        elif verb == "pip":
            self.install(self.folder)
            for module in self.folder.glob("*/__init__.py"):  # -e: what is written later counts too
                shutil.rmtree(self.site / module.parent.name)
                (self.site / module.parent.name).symlink_to(module.parent)
        elif verb == "pytest":
            self.run([str(self.venv / "bin" / "python"), "-m", "pytest", words])


def install_hanlon(folder: Path) -> Installed:
    """The wheel, with the dependencies of this environment behind it."""
    venv.create(folder / "venv", with_pip=False)
    made = Installed(folder / "venv", folder)
    made.install(ROOT)
    (made.site / "dependencies.pth").write_text(f"{Path(hydra.__file__).parents[1]}\n")
    where = made.run([str(made.venv / "bin" / "python"), "-c", "import hanlon; print(hanlon.__file__)"])
    assert where.strip() == str(made.site / "hanlon/__init__.py")
    return made
