"""What changes under `wandb agent`: it has made a run for the one cell of this command, and wants that one logged.

wandb then ignores the id that a run is opened with, so every run of the process would become the same one.
"""

import os


def agent_run() -> str | None:
    """The id of the run that an agent has made for this command; None where no agent has started it."""
    return os.environ.get("WANDB_RUN_ID") if os.environ.get("WANDB_SWEEP_ID") else None
