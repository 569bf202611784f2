"""A data frame of labels: one row for each judge or set of follow-up questions, episode and label."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hanlon.analysis.labels.answers import followup_labels
from hanlon.analysis.labels.labels import load_labels
from hanlon.store.cells import load_cells

if TYPE_CHECKING:
    import pandas as pd

LABEL_TYPES = {
    "key": "str",
    "index": "int64",
    "kind": "str",
    "judge": "str",
    "judge_key": "str",
    "judged_by": "str",
    "label": "str",
    "value": "str",
    "share": "float64",
    "yes": "int64",
    "parsed": "int64",
    "unparsed": "int64",
    "simulated": "bool",
}
"""The columns with their types; `key` and `index` join them to the frames of `hanlon.load`."""


def label_frame(
    runs: Path | str | Iterable[Path | str], threshold: float | None = None, maybe: float | None = None
) -> "pd.DataFrame":
    """The judges' labels of the episodes below the run folders, and the model's follow-up answers. Makes no call.

    Columns as in `LABEL_TYPES`: `value` is yes, maybe, no, a choice, or why there is none
    (`hanlon.inquiries.judges.votes`),
    `share` the share of yes among the parsed votes in [0, 1], `judged_by` the judge's model, "rules" without one.

    Args:
        runs: run folders.
        threshold: the share of yes from which a label is yes; None: each judge's own.
        maybe: the share from which it is maybe; None: each judge's own.

    Raises:
        FileNotFoundError: there is no cell below `runs`.
        ValueError: a threshold out of range.
    """
    import pandas as pd

    roots = [Path(run) for run in ([runs] if isinstance(runs, (str, Path)) else runs)]
    states = load_cells(roots)[0]
    if not states:
        raise FileNotFoundError(f"no cells in {', '.join(map(str, roots))}")
    rows = [
        (
            labelled.cell.key, index, labelled.judge.kind, labelled.judge.name, labelled.judge.key,
            labelled.judge.model or "rules", label.name, label.value, label.share, label.yes, label.parsed,
            label.unparsed, labelled.judge.simulated,
        )
        for labelled in (
            *load_labels(states, threshold=threshold, maybe=maybe),
            *followup_labels(states),
        )
        for index, labels in labelled.labels.items()
        for label in labels
    ]  # fmt: skip
    columns = zip(*rows, strict=True) if rows else [()] * len(LABEL_TYPES)
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=dtype)
            for (name, dtype), values in zip(LABEL_TYPES.items(), columns, strict=True)
        }
    )
