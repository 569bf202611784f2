"""What is said beside tables of rates: the sentence that answers, and what a reader must know."""

from collections.abc import Sequence

from hanlon.analysis.paragraphs import counted
from hanlon.analysis.rates_table import CellRow, RatesRow, dollars, limits, percent


def rates_answer(rows: Sequence[RatesRow]) -> str:
    """From which rate to which the cells go, of the first measure."""
    measure = rows[0].rate.measure
    of_measure = [row for row in rows if row.rate.measure == measure]
    known = [row for row in of_measure if row.rate.rate is not None]
    if not known:
        return f"No episode can be counted: {measure} is not known in {counted(len(of_measure), 'cell')}."
    low, high = (pick(known, key=lambda row: row.rate.rate or 0.0) for pick in (min, max))
    models = {row.model for row in known}
    what = _word(measure) + (f" of {high.model}" if len(models) == 1 else "")
    first, last = (row.label if len(models) == 1 else row.name for row in (low, high))
    if len(known) == 1:
        return f"{what} in {last} is {_rate(high)} {limits(high.rate)}."
    cells = counted(len(known), "cell")
    if low.rate.rate == high.rate.rate:
        return f"{what} is {percent(high.rate.rate)} in all of {cells}."
    return f"{what} goes from {_rate(low)} in {first} to {_rate(high)} in {last}, among {cells}."


def _word(measure: str) -> str:
    return measure.replace("_", " ").capitalize()


def _rate(row: RatesRow) -> str:
    return f"{row.rate.k}/{row.rate.n} = {percent(row.rate.rate)}"


def status_answer(rows: Sequence[CellRow]) -> str:
    """How much is there, what it cost, and where it lies."""
    episodes, planned = (sum(each) for each in zip(*(_progress(row) for row in rows), strict=True))
    behind = sum(there < wanted for there, wanted in map(_progress, rows))
    costs = [row.tally.cost_usd for row in rows if row.tally.cost_usd is not None]
    unknown = sum(row.tally.calls > 0 and row.tally.cost_usd is None for row in rows)
    cost = dollars(sum(costs) if costs else None)
    if costs and unknown:
        cost += f" and what {counted(unknown, 'cell')} cost"
    calls = counted(sum(row.tally.calls for row in rows), "call")
    folders = ", ".join(dict.fromkeys(str(row.cell.folder.parent) for row in rows))
    done = f"{episodes:,} of {counted(planned, 'episode')}"
    return f"{_complete(len(rows), behind)}: {done}, {calls}, cost {cost}, in {folders}."


def _complete(cells: int, behind: int) -> str:
    if behind:
        return f"{behind:,} of {counted(cells, 'cell')} {'is' if behind == 1 else 'are'} incomplete"
    return "The cell is complete" if cells == 1 else f"All {cells:,} cells are complete"


def _progress(row: CellRow) -> tuple[int, int]:
    return row.tally.episodes, row.record.planned_samples


def notes(rows: Sequence[RatesRow]) -> list[str]:
    """What a reader of the rates must know beside them, what makes them useless first."""
    inactive: list[str] = []
    changed: list[str] = []
    repeated: list[str] = []
    untagged: list[str] = []
    added: list[str] = []
    for row in {row.record.key: row for row in rows}.values():
        tally = row.tally
        if row.hardly_acts:
            inactive.append(
                f"{row.name}: {tally.never_acted} of {row.counted} episodes never acted in protocol "
                f"{row.record.protocol}: no reply had the form that was asked for. Its rate (marked ?) may say nothing "
                "of the model: is its tool parser on, does it know this protocol? hanlon show prints what it wrote."
            )
        if len(tally.answered_by) > 1:
            calls = ", ".join(f"{count} calls by {name}" for name, count in tally.answered_by.most_common())
            changed.append(
                f"{row.name}: the endpoint changed the model or provider part-way: {calls}. This is not one model's "
                "rate."
            )
        if row.rate.n and row.repeats_itself:
            repeated.append(
                f"{row.name}: only {counted(row.distinct, 'distinct transcript')} in {tally.episodes} episodes. Where "
                "they are repeats and no samples, the interval is too narrow."
            )
        if tally.by_content:
            untagged.append(
                f"{row.name}: {tally.by_content} of {tally.episodes} replies lack a mark that the prompt asks for. "
                "Each counts by its content, by a rule on words: compare the labels of judge=[llm]."
            )
        if tally.after_look:
            added.append(
                f"{row.name}: {tally.after_look} of {tally.episodes} episodes were added after a look at the rates, "
                "for which its interval is not adjusted."
            )
    stored = [f"{row.model}: {note}." for row in rows for note in row.record.notes]
    return [*inactive, *changed, *repeated, *untagged, *added, *dict.fromkeys(stored)]
