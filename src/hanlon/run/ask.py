"""Asks open questions about stored episodes: `hanlon ask RUNS`. First the cells' own models, then the judges."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hanlon.config.cell import Cell, construct
from hanlon.config.command_line import compose_sweep
from hanlon.config.errors import ConfigError
from hanlon.config.schema import RunOptions
from hanlon.engine.model_check import check_environments
from hanlon.fork.parents import stored_cell
from hanlon.inquiries.battery import Battery, load_battery
from hanlon.inquiries.judges.llm import LlmJudge
from hanlon.inquiries.open_questions import AnswerReading, OpenQuestions, is_alarming
from hanlon.inquiries.pending import plan_inquiry, unanswered
from hanlon.run.exit_codes import COMPLETE, INCOMPLETE, INTERRUPTED
from hanlon.run.fork import model_settings
from hanlon.run.print_plan import print_inquiries
from hanlon.run.rescore import Asking, ask_open, say_left
from hanlon.store.answers import read_answers
from hanlon.store.cells import CellState, model_name
from hanlon.store.digest import digest
from hanlon.store.episodes import read_digests, read_episodes
from hanlon.store.records import Answer, EpisodeDigest


@dataclass(frozen=True)
class AskDesign:
    """Which battery is asked, of how many alarming and of how many clean parents of each model, how often."""

    battery: str
    n: int
    draws: int
    seed: int
    measure: str | None


@dataclass(frozen=True)
class AskedCell:
    """A stored cell, the questions to its model, and those of its episodes that were drawn as parents."""

    state: CellState
    cell: Cell
    inquiry: OpenQuestions
    parents: Sequence[EpisodeDigest]


def ask(
    states: Sequence[CellState], design: AskDesign, words: Sequence[str], say: Callable[[str], None]
) -> int:
    """Ask, then let the judges read the answers. The exit code of a sweep; `say` hears of the parents.

    Raises:
        ConfigError: anything that is wrong, before a call is made or a file written.
    """
    settings, others = model_settings(words)
    options = compose_sweep(others).options
    battery = _battery(design.battery, states)
    judges = [_judge(name, node, battery) for name, node in options.judge.items() if "rubrics" in node]
    if not judges:
        say("No judge reads the answers: they are stored, and not counted. Add judge=[llm].")
    asked = [cell for group in _by_model(states) for cell in _drawn(group, battery, design, settings, say)]
    check_environments([each.cell for each in asked])
    planned = [*_questions(asked), *_readings(asked, battery, judges)]
    if options.plan:
        say(f"{_missing(planned)} answers are missing; a judge votes on each.")
        print_inquiries([(_cell_of(s, asked).environment, 0, plan) for s, plan in planned])
        print("No call was made.")
        return COMPLETE
    return _conduct(asked, battery, judges, options)


def _conduct(
    asked: Sequence[AskedCell], battery: Battery, judges: Sequence[LlmJudge], options: RunOptions
) -> int:
    exit_code = COMPLETE
    for plan_stage in (lambda: _questions(asked), lambda: _readings(asked, battery, judges)):
        spent = [plan for _, plan in (*_questions(asked), *_readings(asked, battery, judges))]
        exit_code = ask_open(plan_stage(), options, spent) or exit_code
        if exit_code == INTERRUPTED:
            return exit_code
    left = unanswered(plan for _, plan in (*_questions(asked), *_readings(asked, battery, judges)))
    say_left(left)
    return exit_code or (INCOMPLETE if left else COMPLETE)


def _battery(name: str, states: Sequence[CellState]) -> Battery:
    try:
        battery = load_battery(name)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    for state in states:
        if not battery.fits(state.record.env):
            raise ConfigError(
                f"questions/{name}.yaml is for {', '.join(battery.environments)}, and {state.folder.name} is a cell of "
                f"{state.record.env}. Choose cells by --cell."
            )
    return battery


def _judge(name: str, node: dict[str, Any], battery: Battery) -> LlmJudge:
    judge = construct(f"judge.{name}", {**node, "rubrics": battery.rubrics}, name=name)
    assert isinstance(judge, LlmJudge)
    return judge


def _by_model(states: Sequence[CellState]) -> list[list[CellState]]:
    """The cells of each environment and model: their episodes are drawn from together."""
    groups: dict[tuple[str, str], list[CellState]] = {}
    for state in states:
        groups.setdefault((state.record.env, model_name(state.record)), []).append(state)
    return list(groups.values())


def _drawn(
    group: Sequence[CellState],
    battery: Battery,
    design: AskDesign,
    settings: Any,
    say: Callable[[str], None],
) -> Iterator[AskedCell]:
    """The cells of one model with their parents. A larger draw holds a smaller one."""
    measure = design.measure or next(iter(group[0].record.measures))
    stored = [(state, episode) for state in group for episode in read_digests(state.folder)]
    by_kind = {
        kind: sorted(
            (pair for pair in stored if is_alarming(pair[1], measure) is kind),
            key=lambda pair: digest([design.seed, pair[0].record.key, pair[1].index]),
        )
        for kind in (True, False)
    }
    name = f"{model_name(group[0].record)}, {measure}"
    if not by_kind[True]:
        raise ConfigError(f"{name}: no stored episode shows it, so nothing is to be asked about.")
    drawn = [pair for pairs in by_kind.values() for pair in pairs[: design.n]]
    counts = {kind: f"{min(design.n, len(pairs))} of {len(pairs)}" for kind, pairs in by_kind.items()}
    say(f"{name}: {counts[True]} alarming and {counts[False]} clean episodes, seed {design.seed}.")
    for state in group:
        parents = [episode for of, episode in drawn if of is state]
        if parents:
            cell = stored_cell(state.record, settings)
            yield AskedCell(state, cell, OpenQuestions(battery, cell, measure, design.draws), parents)


def _questions(asked: Sequence[AskedCell]) -> list[Asking]:
    return [(each.state, plan_inquiry(each.inquiry, each.state.folder, each.parents)) for each in asked]


def _readings(asked: Sequence[AskedCell], battery: Battery, judges: Sequence[LlmJudge]) -> list[Asking]:
    planned: list[Asking] = []
    for each in asked if judges else ():
        record = each.inquiry.record
        stored, _ = read_answers(each.state.folder, "questions", record.key)
        for draw in range(each.inquiry.draws):
            answers: dict[int, dict[str, Answer]] = {}
            for answer in stored:
                if answer.number == draw:
                    answers.setdefault(answer.index, {})[answer.question] = answer
            readings = (AnswerReading(judge, battery, record, draw, answers) for judge in judges)
            planned += [(each.state, plan_inquiry(r, each.state.folder, each.parents)) for r in readings]
    return planned


def _missing(planned: Sequence[Asking]) -> int:
    """The answers that are yet to be given: as many calls to the cells' models."""
    missing = 0
    for state, plan in planned:
        if isinstance(inquiry := plan.inquiry, OpenQuestions):
            for episode in read_episodes(state.folder):
                if episode.index in plan.open:
                    have = plan.open[episode.index]
                    names = [question.name for question in inquiry.questions(state.record, episode)]
                    missing += sum(max(0, inquiry.draws - len(have.get(name, ()))) for name in names)
    return missing


def _cell_of(state: CellState, asked: Sequence[AskedCell]) -> Cell:
    return next(each.cell for each in asked if each.state is state)
