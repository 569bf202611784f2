"""What a summary run is made of: a sweep with its cells as they were last counted, and what follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hanlon.analysis.tables import CellState
from hanlon.records import SweepRecord

if TYPE_CHECKING:
    from hanlon.analysis.figures.material import Material


@dataclass
class Shown:
    """A sweep and its cells. What tables and figures share is computed once, where one of them asks for it."""

    sweep: SweepRecord
    cells: Sequence[CellState]

    @cached_property
    def material(self) -> "Material":
        """What the figures of `hanlon figures` are made of; its `contrasts` are the rows of `hanlon contrasts`."""
        from hanlon.analysis.figures.material import Material
        from hanlon.analysis.predictions import predictions_of

        predicted = predictions_of(self.sweep, self.cells).contrasts
        return Material(self.cells, verdict=self.verdict, predicted=predicted)

    @cached_property
    def verdict(self) -> list[dict[str, Any]]:
        """The rows of `hanlon verdict --format json`; none where no hypothesis speaks of these cells.

        Judged by what the sweep wrote down before its first call, or where it wrote down nothing by conf/hypothesis
        as it is, all of it exploratory.
        """
        from hanlon.analysis.hypotheses.files import plans_for
        from hanlon.analysis.hypotheses.printed.rows import verdict_rows
        from hanlon.analysis.hypotheses.reading import judge_by
        from hanlon.analysis.hypotheses.registered import basis

        environments = list(dict.fromkeys(cell.record.env for cell in self.cells))
        current = [] if self.sweep.registration else plans_for(environments, None)
        found = basis(self.sweep, current)
        verdicts = judge_by(self.cells, found)
        return verdict_rows(verdicts, found.preregistered) if any(one.judged for one in verdicts) else []
