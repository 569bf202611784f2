"""A package that announces files of configuration by the entry point `hanlon.conf`."""

from pathlib import Path


def conf_package(site: Path, name: str, files: dict[str, str], target: str = "") -> Path:
    """Install a package with these files into a folder of sys.path; the folder of the files."""
    info = site / f"{name}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[hanlon.conf]\n{name} = {target or f'{name}_prompts.conf'}\n")
    conf = site / f"{name}_prompts" / "conf"
    for file, text in files.items():
        (conf / file).parent.mkdir(parents=True, exist_ok=True)
        (conf / file).write_text(text)
    (site / f"{name}_prompts" / "__init__.py").write_text("raise ImportError('nothing here is imported')\n")
    return conf
