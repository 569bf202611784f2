"""`hanlon init`: a folder for a study of one's own."""

from importlib.resources import files
from pathlib import Path

import click

from hanlon.cli.new import KINDS, filled, template, write_new
from hanlon.config.search_path import BUNDLED, ConfFolder, SearchPath

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
    templates = files("hanlon").joinpath("cli", "templates", "study")
    texts = {folder / name: templates.joinpath(source).read_text("utf-8") for source, name in FILES.items()}
    bundled = SearchPath((ConfFolder(BUNDLED, "hanlon"),))
    for kind, where in KINDS.items():
        for env in ("shutdown", "alignment_faking") if "ENV" in where.file else ("alignment_faking",):
            file = folder / "conf" / filled(where.file, NAME="example", ENV=env)
            texts[file.with_suffix(".yaml.example")] = template(bundled, kind, "example", env)
    write_new(texts)
    click.echo(
        f"Wrote {folder}. A first level of your own, and what it does:\n"
        f"  cd {folder}\n"
        "  hanlon new level mine\n"
        "  hanlon run -m prompt=baseline,mine model=simulated/ambiguity tracker=none"
    )
