"""The sections of the page, each made of what the command of its name prints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hanlon.analysis.contrasts.contrasts import varied_factors
from hanlon.analysis.contrasts.grid import BUNDLE
from hanlon.analysis.gaps.rows import gap_rows
from hanlon.analysis.gaps.tables import GAPS, JUDGED
from hanlon.analysis.labels.agreement import AGREEMENT_COLUMNS, agreement_rows, as_judged
from hanlon.analysis.labels.answers import COLUMNS as FOLLOWUPS
from hanlon.analysis.labels.answers import answered_questions
from hanlon.analysis.labels.calibration import CALIBRATION_COLUMNS, calibration_rows
from hanlon.analysis.labels.rates import LABEL_COLUMNS, label_rows
from hanlon.analysis.labels.trials import TRIAL_COLUMNS, trial_rows, warnings_beside
from hanlon.analysis.rates_table import STATUS, rates_columns, rates_rows, status_rows
from hanlon.analysis.rates_text import notes
from hanlon.analysis.requests import request_cells
from hanlon.analysis.tables import Column, plain, printed
from hanlon.hypotheses.printed.answers import Judged, answers, misfit_text
from hanlon.hypotheses.printed.notes import (
    control_lines,
    method_notes,
    missing_controls,
    shortfalls,
    silent_lines,
    sweep_notes,
)
from hanlon.hypotheses.printed.rows import status_of
from hanlon.hypotheses.printed.tables import (
    EFFECTS,
    PREDICTIONS,
    RIVALS,
    at_level,
    prediction_rows,
    rival_rows,
)
from hanlon.hypotheses.registration import registrations
from hanlon.inquiries.judges.smoke.trials import trial_of, tried_judges
from hanlon.report.evidence import Evidence, evidence
from hanlon.report.gathered import Gathered, roots_of
from hanlon.report.label_evidence import LabelEvidence
from hanlon.report.prompts import Prompt, prompts
from hanlon.report.tables import PageTable, page_table
from hanlon.store.cells import CellState, model_name
from hanlon.store.redaction import Redaction


@dataclass(frozen=True)
class RivalAbout:
    """What a rival says, and since when it has stood there."""

    name: str
    status: str
    statement: str
    source: str
    why_not: str


@dataclass(frozen=True)
class VerdictSection:
    """One verdict: its answer in three sentences, and what they rest on."""

    title: str
    answers: Sequence[str]
    effects: PageTable | None
    rivals: PageTable | None
    about: Sequence[RivalAbout]
    misfits: Sequence[str]
    predictions: PageTable | None
    evidence: Evidence
    notes: Sequence[str]


@dataclass(frozen=True)
class CellsSection:
    """What was sampled: rates, gaps, prompts, models, cost, and what identifies all of it."""

    rates: PageTable | None
    rate_notes: Sequence[str]
    gaps: PageTable | None
    prompts: Sequence[Prompt]
    status: PageTable | None
    identities: PageTable | None
    notes: Sequence[str]


@dataclass(frozen=True)
class JudgesSection:
    """How far each judge can be trusted, and what it says."""

    trials: PageTable | None
    people: PageTable | None
    agreement: PageTable | None
    labels: PageTable | None
    followups: PageTable | None
    warnings: Sequence[str] = field(default_factory=tuple)


def questions(gathered: Gathered) -> list[str]:
    """What the page answers, in a sentence for each environment."""
    by_question: dict[tuple[str, str], list[CellState]] = {}
    words = {
        judged.verdict.planned.grid.cells[0].record.env: judged.verdict.planned.behaviour.word
        for judged in gathered.judged
    }
    for state in gathered.states:
        record = state.record
        word = words.get(record.env, next(iter(record.measures)).replace("_", " "))
        by_question.setdefault((record.env, word), []).append(state)
    return [_question(env, word, states) for (env, word), states in by_question.items()] or [
        "No cell is stored here."
    ]


def _question(env: str, word: str, states: Sequence[CellState]) -> str:
    models = ", ".join(dict.fromkeys(model_name(state.record) for state in states))
    subject = f"{word[0].upper()}{word[1:]} of {models} in {env.replace('_', ' ')}"
    return f"{subject}: what brings it about, and what explains it?"


def varied(gathered: Gathered) -> str:
    """What was sampled, in a sentence."""
    states = gathered.states
    episodes = sum(state.tally.episodes for state in states)
    names = [name for name in varied_factors(states) if name != BUNDLE] if states else []
    listed = f"; what varies between them: {', '.join(names)}" if names else ""
    return f"{len(states)} cells, {episodes:,} episodes{listed}."


def verdict_sections(gathered: Gathered) -> Iterator[VerdictSection]:
    """A section for each verdict of the sweep."""
    labels = LabelEvidence(gathered.states, gathered.material.judged)
    for judged in gathered.judged:
        rows = rival_rows(judged)
        yield VerdictSection(
            judged.title,
            answers(judged),
            page_table(at_level(EFFECTS, judged.level), judged.effects),
            page_table(RIVALS, rows),
            _rivals_about(judged),
            [f"{row.rival.name}: {misfit_text(row.misfit)}." for row in rows if row.misfit],
            page_table(at_level(PREDICTIONS, judged.level), list(prediction_rows(judged))),
            evidence(judged, labels),
            [*silent_lines(judged), *control_lines(judged.verdict)],
        )


def _rivals_about(judged: Judged) -> list[RivalAbout]:
    return [
        RivalAbout(
            rival.name,
            f"{rival.status}; {status_of(judged, rival.name)}",
            rival.fit.bound.hypothesis.statement,
            rival.fit.bound.hypothesis.source,
            rival.why_not,
        )
        for rival in judged.verdict.rivals
    ]


IDENTITIES: Sequence[Column[CellState]] = (
    plain("cell", lambda state: state.record.label),
    plain("model", lambda state: model_name(state.record)),
    plain("endpoint", lambda state: state.record.endpoint, once=True),
    printed(
        "answered by",
        lambda state: ", ".join(
            f"{name} ({count} calls)" for name, count in state.tally.answered_by.most_common()
        ),
        once=True,
    ),
    plain("key", lambda state: state.record.key),
    plain("texts", lambda state: state.record.texts_hash),
    printed(
        "versions",
        lambda state: ", ".join(f"{name} {version}" for name, version in state.record.versions.items()),
        once=True,
    ),
    printed("commit", lambda state: state.record.git_sha or "unknown", once=True),
)


def cells_sections(gathered: Gathered, redaction: Redaction) -> CellsSection:
    """What was sampled."""
    states = gathered.states
    rates = rates_rows(states, ("all",))
    gaps = gap_rows(request_cells(states))
    lines = [redaction.text(line) for line in _notes(gathered)]
    return CellsSection(
        page_table(rates_columns(), rates),
        notes(rates_rows(states)),
        page_table(GAPS, gaps, left_out=JUDGED),
        list(prompts(states)),
        page_table(STATUS, status_rows(states), left_out=("folder",)),
        page_table(IDENTITIES, states),
        lines,
    )


def _notes(gathered: Gathered) -> Iterator[str]:
    """What was written down when, what is missing, and how it was judged."""
    stored, parts = gathered.stored, gathered.parts
    if stored is None:
        return
    yield from sweep_notes(stored, parts)
    yield from shortfalls(stored, parts)
    yield from missing_controls([judged.verdict for judged in gathered.judged], stored.record.experiment)
    yield from method_notes(gathered.judged)
    for registration in registrations(stored.record):
        yield f"Written down as {registration.hash}: n = {registration.samples}, {len(registration.cells)} cells."


def judges_sections(gathered: Gathered) -> JudgesSection:
    """What is known of each judge."""
    states, votes = gathered.states, gathered.material.votes
    trials = [
        row
        for root in roots_of(states)
        for judge in tried_judges(root)
        for row in trial_rows(judge, trial_of(root, judge) or ())
    ]
    return JudgesSection(
        page_table(TRIAL_COLUMNS, trials),
        page_table(CALIBRATION_COLUMNS, calibration_rows(votes, gathered.human)),
        page_table(AGREEMENT_COLUMNS, agreement_rows([*votes, *as_judged(gathered.human)])),
        page_table(LABEL_COLUMNS, label_rows(gathered.material.judged)),
        page_table(FOLLOWUPS, answered_questions(states)),
        list(warnings_beside(states, gathered.material.judged)),
    )
