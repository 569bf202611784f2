"""What must be read beside a verdict: what was stored, what was written down before, and how it was judged."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from hanlon.analysis.cells import CellState
from hanlon.analysis.gaps.differences import RESAMPLES
from hanlon.analysis.hypotheses.overrides import overrides_of
from hanlon.analysis.hypotheses.reading import StoredSweep
from hanlon.analysis.hypotheses.registered import Basis
from hanlon.analysis.hypotheses.selection import as_json
from hanlon.analysis.hypotheses.separation import separation_notes, untested_notes
from hanlon.analysis.hypotheses.verdict import ALPHA, GridVerdict
from hanlon.records import SweepRecord

NAMED = 3
"""Cells that a note names."""
SWEEPS = 5
"""Sweeps that are offered to somebody whose own one tests nothing."""


def sweep_notes(stored: StoredSweep, found: Basis) -> Iterator[str]:
    """Which sweep, whether it was preregistered, what was excluded or added after a look."""
    record, cells = stored.record, stored.cells
    episodes = sum(cell.tally.episodes for cell in cells)
    registered = (
        "preregistered" if found.preregistered else "not preregistered, so that all of it is exploratory"
    )
    reached = "not reached in all" if list(shortfalls(stored, found.planned)) else "reached in all"
    yield (
        f"Sweep {record.id}: {len(cells)} cells, {episodes} episodes, planned n {found.planned} a cell {reached}; "
        f"{registered}."
    )
    yield from (f"{note[0].upper()}{note[1:]}." for note in found.notes)
    excluded = sum((cell.tally.excluded for cell in cells), Counter[str]())
    if excluded:
        reasons = ", ".join(f"{count} {reason}" for reason, count in excluded.most_common())
        yield (
            f"Excluded: {reasons} of {episodes} episodes. They leave n; an ending that they could turn is undetermined."
        )
    if added := [cell for cell in cells if cell.tally.after_look]:
        count = sum(cell.tally.after_look for cell in added)
        yield f"{count} episodes of {_named(added)} were added after a look at the rates."
    notes = dict.fromkeys(note for cell in cells for note in cell.record.notes)
    yield from (f"{note[0].upper()}{note[1:]}." for note in notes)


def shortfalls(stored: StoredSweep, planned: int) -> Iterator[str]:
    """Cells of the sweep that are not stored, and those below the planned n, with what to do."""
    record, cells = stored.record, stored.cells
    again = f"The same command goes on: {again_text(record)}"
    if missing := stored.missing:
        more = ", ..." if len(missing) > NAMED else ""
        yield (
            f"{len(missing)} of the {len(record.cells)} cells of sweep {record.id} are not in these run folders (keys "
            f"{', '.join(missing[:NAMED])}{more}), and nothing is said of their contrasts. {again}"
        )
    if short := [cell for cell in cells if cell.tally.episodes < planned]:
        least = min(cell.tally.episodes for cell in short)
        yield (
            f"Planned n not reached in {len(short)} of {len(cells)} cells, {_named(short)}: {least} of {planned} "
            f"episodes in the shortest. What they take part in is undetermined. {again}"
        )


def again_text(record: SweepRecord) -> str:
    """The command of a sweep, to be typed again."""
    return f"python run.py -m {shlex.join(record.overrides)}"


def nothing_said(stored: StoredSweep, found: Basis) -> str:
    """Why there is no verdict on a sweep, and what to sweep for one."""
    record, cells = stored.record, stored.cells
    if not cells:
        return (
            f"none of the {len(record.cells)} cells of sweep {record.id} is in these run folders, as "
            f"<env>/<label>-<key>/cell.json. The same command samples them: {again_text(record)}"
        )
    environments = ", ".join(dict.fromkeys(f"env={cell.record.env}" for cell in cells))
    said = f"sweep {record.id} ({len(cells)} cells of {environments}) has no contrast that a hypothesis speaks of"
    hypotheses = [h for plan in found.plans for h in plan.hypotheses]
    if not hypotheses:
        return f"{said}: none was registered (hypotheses=[...]; files conf/hypothesis/<env>/<name>.yaml)"
    no_effect = {name: as_json(level) for cell in cells for name, level in cell.record.no_effect.items()}
    speak = dict.fromkeys(overrides_of(p, no_effect) for h in hypotheses for p in h.predicts)
    return f"{said}. What would: {'; or '.join(list(speak)[:SWEEPS])}"


def method_notes(verdicts: Sequence[GridVerdict]) -> Iterator[str]:
    """How it was judged, and what its words mean."""
    family = len({one.identity for verdict in verdicts for one in verdict.judged})
    yield (
        f"p: of the ending that is nearer, that the prediction holds or (fails) that it fails, each corrected by Holm "
        f"over the {family} different predictions of the sweep, alpha {ALPHA}. Intervals are 95 % and not corrected."
    )
    units = {one.seen.unit for verdict in verdicts for one in verdict.judged}
    if "episode" in units:
        tests = sorted(
            {one.seen.test for verdict in verdicts for one in verdict.judged if one.seen.unit == "episode"}
        )
        changes = any(len(one.seen.rates) > 2 for verdict in verdicts for one in verdict.judged)
        yield (
            f"Episodes are independent: Newcombe's interval; tests: {', '.join(tests)}"
            + ("; a change of a difference by MOVER on Wilson intervals." if changes else ".")
        )
    if "request" in units:
        yield f"Requests are the unit: bootstrap ({RESAMPLES:,} resamples, fixed seed) and sign flips over requests."
    yield (
        "Seen: k/n at the first level and at the second, and the difference in points, in the context that decides: "
        "the plainest failure, else the one furthest from holding (--contexts shows all). (2 of 3): so in two of three "
        "contexts. One is enough to fail; to hold it takes all that have room. Undetermined without a reason: the "
        "interval allows either."
    )
    yield (
        "Ruled out: a prediction failed. Consistent: all that this grid tests held, which does not make it true. "
        "None of these, or several, are ends too."
    )


def grid_notes(verdicts: Sequence[GridVerdict]) -> list[str]:
    """Which rivals the grids cannot part, and which they do not test; once for all models of which it is so."""
    matrices = [verdict.matrix for verdict in verdicts]
    parting = (note for matrix in matrices for note in separation_notes(matrix))
    return list(dict.fromkeys([*parting, *untested_notes(matrices)]))


def _named(cells: Sequence[CellState]) -> str:
    labels = list(dict.fromkeys(cell.record.label for cell in cells))
    return ", ".join(labels[:NAMED]) + (f" and {len(labels) - NAMED} more" if len(labels) > NAMED else "")
