"""The evidence table: what each line of evidence says for each rival, where it comes from, and what confounds it.

A line is a contrast that some rival speaks of, a label of the same transcripts, what was seen in forks of them, or a
control. Nothing is summed. What
confounds several lines is said once, with the lines that share it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from hanlon.analysis.contrasts.grid import BUNDLE
from hanlon.hypotheses.gates import GateReading, cells_text
from hanlon.hypotheses.printed.answers import Judged
from hanlon.hypotheses.printed.tables import in_order
from hanlon.hypotheses.printed.wording import SeenClaim
from hanlon.hypotheses.selection import MEASURE
from hanlon.report.fork_evidence import fork_lines
from hanlon.report.label_evidence import LabelEvidence
from hanlon.report.line import Line
from hanlon.store.cells import CellState

MOST_COUNTS = 3
"""Pairs of cells whose counts a line shows."""
MANY_NEVER_ACTED = 0.1


@dataclass(frozen=True)
class Confound:
    """What makes lines of evidence less than they seem, with the numbers of these lines."""

    text: str
    lines: Sequence[int]

    @property
    def shared_by(self) -> str:
        """`line 4`, `lines 1 to 11, 24`."""
        spans: list[list[int]] = []
        for number in self.lines:
            if spans and number == spans[-1][-1] + 1:
                spans[-1].append(number)
            else:
                spans.append([number])
        texts = [f"{span[0]} to {span[-1]}" if span[1:] else str(span[0]) for span in spans]
        return f"line{'s' if self.lines[1:] else ''} {', '.join(texts)}"


@dataclass(frozen=True)
class Evidence:
    """The lines of one verdict, numbered from 1, for these rivals."""

    rivals: Sequence[str]
    lines: Sequence[Line]

    @cached_property
    def confounds(self) -> list[Confound]:
        """Each confound once, the one that most lines share first."""
        lines_of: dict[str, list[int]] = {}
        for number, line in enumerate(self.lines, 1):
            for text in dict.fromkeys(line.confounds):
                lines_of.setdefault(text, []).append(number)
        ordered = sorted(lines_of.items(), key=lambda pair: -len(pair[1]))
        return [Confound(text, numbers) for text, numbers in ordered]

    def letters(self, number: int) -> str:
        """The confounds of a line by their letters."""
        return " ".join(letter(place) for place, each in enumerate(self.confounds) if number in each.lines)


def letter(place: int) -> str:
    """`a`, `b`, ..., `z`, `aa`, ..."""
    return ("" if place < 26 else letter(place // 26 - 1)) + chr(ord("a") + place % 26)


def evidence(judged: Judged, labels: LabelEvidence) -> Evidence:
    """The evidence of a verdict: contrasts by how many rivals speak of them, then labels, forks, controls."""
    rivals = [bound.hypothesis.name for bound in in_order(judged)]
    by_contrast: dict[str, list[tuple[str, SeenClaim]]] = {}
    several = len({cell.record.prompt for cell in judged.verdict.planned.grid.cells}) > 1
    for bound in in_order(judged):
        for seen in judged.seen(bound):
            prompt = seen.claim.instance.cells[0].record.prompt
            named = several and seen.claim.prediction.factor != BUNDLE
            text = f"{seen.contrast_text} in {prompt}" if named else seen.contrast_text
            by_contrast.setdefault(text, []).append((bound.hypothesis.name, seen))
    everywhere = list(_everywhere(judged))
    contrasts = [_contrast_line(text, seen, everywhere) for text, seen in by_contrast.items()]
    contrasts.sort(key=lambda line: -len(line.says))
    controls = [_control_line(reading, everywhere) for reading in judged.verdict.gates]
    forks = fork_lines(judged.verdict.planned.grid.cells, everywhere)
    return Evidence(rivals, [*contrasts, *labels.lines(judged, everywhere), *forks, *controls])


def _everywhere(judged: Judged) -> Iterator[str]:
    """What confounds all lines of a verdict."""
    if judged.verdict.planned.grid.cells[0].record.simulated:
        yield "A scripted policy was sampled, no language model."
    yield from judged.verdict.cautions


def _contrast_line(what: str, spoken: Sequence[tuple[str, SeenClaim]], everywhere: Sequence[str]) -> Line:
    by_rival: dict[str, list[SeenClaim]] = {}
    for rival, seen in spoken:
        by_rival.setdefault(rival, []).append(seen)
    contexts = list({seen.claim.points: seen for _, seen in spoken}.values())
    cells = {cell.record.key: cell for seen in contexts for cell in seen.claim.instance.cells}
    more = f"; and {len(contexts) - MOST_COUNTS} more" if len(contexts) > MOST_COUNTS else ""
    return Line(
        what,
        f"{contexts[0].claim.instance.label}" if len(contexts) == 1 else f"{len(contexts)} pairs of cells",
        "; ".join(seen.counts_text for seen in contexts[:MOST_COUNTS]) + more,
        {rival: _said(claims) for rival, claims in by_rival.items()},
        [*everywhere, *_of_contrast(contexts), *_of_cells(cells.values())],
    )


def _said(claims: Sequence[SeenClaim]) -> str:
    """`falls: yes`, `changes nothing: 2 of 4`."""
    by_text: dict[str, list[bool]] = {}
    for seen in claims:
        by_text.setdefault(seen.claim.prediction.text, []).append(seen.met)
    return "; ".join(f"{text}: {_met(met)}" for text, met in by_text.items())


def _met(met: Sequence[bool]) -> str:
    if len(met) == 1:
        return "yes" if met[0] else "no"
    return f"{sum(met)} of {len(met)}"


def _of_contrast(contexts: Sequence[SeenClaim]) -> Iterator[str]:
    prediction = contexts[0].claim.prediction
    if prediction.factor == BUNDLE:
        names = {name: None for seen in contexts for name in _changed(seen)}
        yield f"The prompt level changes several clauses at once: {', '.join(names)}."
    if prediction.factor == MEASURE:
        yield "Two measures of the same episodes: no cell was changed."
    if any(seen.comparison and seen.comparison.unit == "request" for seen in contexts):
        yield "Episodes share requests: what is seen holds for these requests."


def _changed(seen: SeenClaim) -> list[str]:
    base, treated, *_ = (cell.record.factors for cell in seen.claim.instance.cells)
    return [name for name in base if base[name] != treated.get(name)]


def _of_cells(cells: Iterable[CellState]) -> Iterator[str]:
    """What confounds every line in which a cell stands."""
    for cell in cells:
        label, tally = cell.record.label, cell.tally
        if excluded := sum(tally.excluded.values()):
            yield f"{label}: {excluded} of {tally.episodes} episodes are excluded (their bounds: table of rates)."
        if tally.after_look:
            yield f"{label}: {tally.after_look} episodes were added after a look at the rates."
        if len(tally.answered_by) > 1:
            yield f"{label}: several models or providers answered."
        if tally.never_acted > MANY_NEVER_ACTED * tally.episodes:
            yield f"{label}: {tally.never_acted} of {tally.episodes} episodes never acted in the protocol."
        if tally.by_content:
            yield f"{label}: {tally.by_content} replies were judged by their content, by a rule on words."


def _control_line(reading: GateReading, everywhere: Sequence[str]) -> Line:
    gate = reading.gate
    missing = reading.applies and reading.worked is None
    worked = (
        "not needed"
        if not reading.applies
        else "MISSING"
        if missing
        else "worked"
        if reading.worked
        else "DID NOT WORK"
    )
    return Line(
        f"Control {gate.name}: {gate.measure} {gate.bound}",
        f"the cell {cells_text(gate)}",
        f"{worked}: {reading.says}" if reading.applies else worked,
        {},
        [] if missing or not reading.applies else everywhere,
        missing,
    )
