"""The embedded model's process: the llama.cpp server on a free port of 127.0.0.1, until its parent ends."""

import importlib
import os
from typing import Any

from hanlon.models.embedded import weights
from hanlon.models.local_server import Parent

RUNTIME_INSTALL = "`make .venv`, or `pip install 'hanlon[embedded]'`"

# Spinning OpenMP threads starve each other on a busy machine (decoding fell from 86 to 2 tokens a second).
# The library reads these when it is loaded.
PASSIVE_OPENMP = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}


def main() -> None:
    """Serve the model that the parent's configuration names."""
    parent = Parent.connect()
    try:
        server = serve(parent.api_key, **parent.config)
    except weights.WeightsError as error:
        parent.refuse(str(error))
    except ImportError as error:
        parent.refuse(
            f"The embedded model's runtime cannot be loaded ({error}). Install it: {RUNTIME_INSTALL}"
        )
    parent.announce(int(server.listening_address.rpartition(":")[2]))
    parent.wait()


def serve(
    api_key: str,
    *,
    alias: str,
    weights_sha256: str,
    slots: int = 2,
    context_per_slot: int = 4096,
    deterministic: bool = False,
) -> Any:
    """Start the server: `slots` requests at once, each with `context_per_slot` tokens of context.

    A `deterministic` server answers one request at a time and reuses no prompt: only then does a seed repeat.

    Raises:
        WeightsError: the weights are missing or not those of `weights_sha256`.
        ImportError: the runtime is missing, or a library that it needs.
    """
    path = weights.locate()
    weights.verify(path, weights_sha256)
    os.environ.update(PASSIVE_OPENMP)
    runtime: Any = importlib.import_module("xllamacpp")
    slots = 1 if deterministic else slots
    params = runtime.CommonParams()
    params.model.path = str(path)
    params.model_alias = {alias}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [api_key]
    params.n_parallel = slots
    params.n_ctx = slots * context_per_slot
    params.cpuparams.n_threads = 1  # decoding; a prompt uses all cores
    params.cache_prompt = not deterministic
    params.cache_ram_mib = 256  # default: 8 GiB
    params.ui = False
    params.verbosity = 0
    return runtime.Server(params)


if __name__ == "__main__":
    main()
