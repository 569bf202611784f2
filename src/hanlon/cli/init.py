"""`hanlon init`: a folder for a study of one's own."""

from importlib.resources import files
from itertools import product
from pathlib import Path

import click

from hanlon.cli.new import KINDS, templates, write_new
from hanlon.config.search_path import BUNDLED, ConfFolder, SearchPath
from hanlon.config.vocabulary import environments

FILES = {
    "run.py": "run.py",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "env.example": ".env.example",
}
"""The names of the templates, and those of the files."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> None:
    """Make a folder for a study of your own: run.py, conf/ for your files, and what belongs beside them.

    What stands in its conf/ wins over Hanlon's files of the same names. Nothing that exists is replaced.

    \b
    Example:
      hanlon init my-study
    """
    study = files("hanlon").joinpath("cli", "templates", "study")
    texts = {folder / name: study.joinpath(source).read_text("utf-8") for source, name in FILES.items()}
    bundled = SearchPath((ConfFolder(BUNDLED, "hanlon"),))
    for kind, env in product(KINDS, environments(bundled)):
        for file, text in templates(bundled, kind, "example", env).items():
            texts[folder / "conf" / f"{file}.example"] = text
    write_new(texts)
    click.echo(
        f"Wrote {folder}. A first level of your own, and what it does:\n"
        f"  cd {folder}\n"
        "  hanlon new level mine           # then say in its file what the prompt says\n"
        "  hanlon run -m prompt=baseline,mine model=simulated/ambiguity tracker=none"
    )
