"""Continues stored episodes: `hanlon fork RUNS at=... set=...`. Plans all branches, checks them, then samples them."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from hanlon.analysis.paragraphs import counted
from hanlon.config.command_line import compose_sweep
from hanlon.config.errors import ConfigError
from hanlon.config.schema import ForkDesign, RunOptions
from hanlon.engine.model_check import check_environments, check_model
from hanlon.fork.branches import Branch
from hanlon.fork.changes import Change
from hanlon.fork.curves import curves
from hanlon.fork.parents import DECISIVE, Parent, draw_parents
from hanlon.fork.points import turns_at
from hanlon.fork.replay import check_replay
from hanlon.fork.stored import stored_branches
from hanlon.inquiries.pending import Inquiries, write_records
from hanlon.run.exit_codes import COMPLETE, INCOMPLETE, INTERRUPTED
from hanlon.run.label import label_by_rules
from hanlon.run.open import check_sandboxes, open_store
from hanlon.run.plan import (
    PlannedBranch,
    PlannedCell,
    missing_indices,
    models_to_call,
    plan_again,
    plan_cell,
)
from hanlon.run.print_plan import print_bill
from hanlon.run.progress import Progress
from hanlon.run.sample import sample
from hanlon.store.cells import CellState
from hanlon.store.episodes import BRANCH, branch_folders, read_branch, read_digests, runs_dir_of
from hanlon.store.outcomes import RETRIED_LATER
from hanlon.store.problems import nearest
from hanlon.tracking.base import NoTracker

DEFAULT = "fork=turns"
"""What is asked where no file of conf/fork is chosen: where was it decided?"""


def fork(states: Sequence[CellState], words: Sequence[str], say: Callable[[str], None]) -> int:
    """Continue episodes of these cells as the words say. The exit code of a sweep; `say` hears of the parents.

    Raises:
        ConfigError: anything that is wrong, before a call is made or a file written.
    """
    options, design, settings = _options(states, words)
    parents = [parent for state in states for parent in draw_parents(state, design, settings)]
    planned = plan_branches(parents, design, options)
    for line in _listed(parents, planned):
        say(line)
    if options.plan:
        print_bill(planned, options, f"{len(planned)} branches of {counted(len(parents), 'parent')}")
        return COMPLETE
    return _conduct(planned, options)


def _options(
    states: Sequence[CellState], words: Sequence[str]
) -> tuple[RunOptions, ForkDesign, Mapping[str, Any]]:
    """The run options, the design, and what the words say of the parents' models (`model.max_connections=4`)."""
    settings, others = model_settings(words)
    chosen = [] if any(word.startswith("fork=") for word in others) else [DEFAULT]
    overrides = [*chosen, *_as_overrides(others)]
    options = compose_sweep([*overrides, f"runs_dir={states[0].folder.parent.parent}"]).options
    assert options.fork is not None
    return options, options.fork, settings


def model_settings(words: Sequence[str]) -> tuple[Mapping[str, Any], list[str]]:
    """What the words say of the parents' models, as `model.max_connections=4`, and the other words."""
    of_model = [word for word in words if word.startswith("model.")]
    pairs = (word.removeprefix("model.").partition("=") for word in of_model)
    settings = {key: yaml.safe_load(value) for key, _, value in pairs}
    return settings, [word for word in words if word not in of_model]


def _as_overrides(words: Sequence[str]) -> Iterator[str]:
    """Words as Hydra reads them: `at=notice,turn:5` is a list, and so is every `set=...` together.

    Raises:
        ConfigError: a word that is nearly one of a fork's.
    """
    design: dict[str, list[str]] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in ForkDesign.model_fields:
            if key not in RunOptions.model_fields and (near := nearest(key, ForkDesign.model_fields)):
                raise ConfigError(f"{word}: {key} is no key of hanlon fork.{near}")
            yield word
        elif key == "set":
            design.setdefault(key, []).append(value)
        else:
            points = [point.strip() for point in value.split(",")]
            design[key] = [*design.get(key, ()), *points] if key == "at" else [value]
    for key, values in design.items():
        quoted = [_quoted(value) for value in values]
        yield f"++fork.{key}=" + (f"[{','.join(quoted)}]" if key in ("at", "set") else values[0])


def _quoted(text: str) -> str:
    """A text that comes out of Hydra and OmegaConf as it is: backslashes escape only before a quote and a `${`."""
    literal = re.sub(r"(\\*)\$\{", lambda found: f"{2 * found[1]}\\${{", text)
    escaped = re.sub(r"(\\*)('|\Z)", lambda found: 2 * found[1] + ("\\'" if found[2] else ""), literal)
    return f"'{escaped}'"


def plan_branches(parents: Sequence[Parent], design: ForkDesign, options: RunOptions) -> list[PlannedCell]:
    """Every branch of the design, checked, with what is stored of it and what is missing.

    Raises:
        ConfigError: a parent that cannot be replayed, or not be changed at a point.
    """
    check_environments([parent.cell for parent in parents])
    inquiries, branches = Inquiries(options), dict[str, PlannedBranch]()
    decisive = _decisive(parents) if DECISIVE in design.at else {}
    for parent in parents:
        for at in design.at:
            for turn in turns_at(at, parent, decisive.get(parent.state.record.key, {})):
                check_replay(parent, turn)
                for planned in _branches_at(parent, turn, at, design):
                    key = planned.branch.key
                    branches[key] = branches[key].merged(planned) if key in branches else planned
    return [
        plan_cell(
            planned.branch.cell,
            options.shard,
            planned.branch.folder,
            planned.draws,
            inquiries.of(planned.branch.cell),
            planned,
        )
        for planned in branches.values()
    ]


def _branches_at(parent: Parent, turn: int, at: str, design: ForkDesign) -> Iterator[PlannedBranch]:
    """The branch without a change, and each with one. Draws that chose a decisive turn are no control there."""
    unchanged = Branch(parent, turn, Change(), parent.cell, (at,))
    control_draws = design.draws
    for typed in design.set:
        change = Change(typed, design.by)
        branch = Branch(parent, turn, change, change.cell(parent), (at,))
        first = _control_from(branch, unchanged) if at == DECISIVE else 0
        control_draws = max(control_draws, first + design.draws)
        yield PlannedBranch(branch, design.draws, first)
    yield PlannedBranch(unchanged, control_draws)


def _control_from(branch: Branch, unchanged: Branch) -> int:
    if (branch.folder / BRANCH).exists():
        return read_branch(branch.folder).control_from
    done = [e.index for e in read_digests(unchanged.folder) if e.outcome not in RETRIED_LATER]
    return max(done, default=-1) + 1


def _decisive(parents: Sequence[Parent]) -> dict[str, dict[int, int]]:
    """By cell and parent, the turn before the decisive reply of the headline measure's stored curve.

    Once a branch was sampled there it stays, though further draws may move the largest jump.
    """
    states = {parent.state.record.key: parent.state for parent in parents}
    return {key: _decisive_turns(state) for key, state in states.items()}


def _decisive_turns(state: CellState) -> dict[int, int]:
    of_parents = curves(stored_branches(state), next(iter(state.record.measures)))
    known = {curve.index: curve.decisive for curve in of_parents if len(curve.counts) > 1}
    records = map(read_branch, branch_folders(state.folder))
    taken = {record.index: record.turn for record in records if DECISIVE in record.points}
    return {index: turn for index, turn in (known | taken).items() if turn is not None}


def _listed(parents: Sequence[Parent], planned: Sequence[PlannedCell]) -> Iterator[str]:
    """Which parents were drawn, and what is to be sampled of each."""
    by_cell: dict[str, list[Parent]] = {}
    for parent in parents:
        by_cell.setdefault(parent.state.folder.name, []).append(parent)
    for name, group in by_cell.items():
        yield f"{name}: {group[0].drawn}."
        for parent in group:
            mine = [plan for plan in planned if plan.branch and plan.branch.branch.parent is parent]
            turns = sorted({plan.branch.branch.turn for plan in mine if plan.branch})
            missing = sum(len(plan.missing) for plan in mine)
            yield (
                f"  episode {parent.episode.index} ({parent.episode.outcome}, {len(parent.replies)} replies): "
                f"turn{'s' * (len(turns) > 1)} {', '.join(map(str, turns))}; {missing} to sample"
            )


def _conduct(planned: Sequence[PlannedCell], options: RunOptions) -> int:
    """Sample what is missing and label it. The exit code."""
    for model in models_to_call(planned):
        check_model(model, options.budget_usd)
    check_sandboxes(planned)
    console = Console(stderr=True, highlight=False)
    say = partial(console.print, markup=False, soft_wrap=True)
    with ExitStack() as stack:
        opened = open_store(planned, options, stack)
        for folder in {runs_dir_of(plan.folder) for plan in planned}:
            write_records((i for plan in planned for i in plan.inquiries), folder)
        counted_cells = [(cell.record, cell.plan.tally) for cell in opened]
        draws = max(plan.branch.draws for plan in planned if plan.branch)
        progress = Progress(console, counted_cells, draws, sum(len(plan.missing) for plan in planned))
        exit_code, _ = sample(opened, options, progress, NoTracker())
        if exit_code != INTERRUPTED:
            label_by_rules(opened, options, say)
    if (Path(options.runs_dir) / "wandb").is_dir():
        say(f"W&B: hanlon sync {options.runs_dir} sends the forks to the summaries of their sweeps.")
    return _end(planned, options, exit_code)


def _end(planned: Sequence[PlannedCell], options: RunOptions, exit_code: int) -> int:
    """Say what is missing. The exit code, which is not 0 where something is."""
    missing = sum(
        len(missing_indices(read_digests(plan.folder), plan.shard, plan.branch.draws))
        for plan in planned
        if plan.branch
    )
    open_answers = sum(len(pending.open) for plan in planned for pending in plan_again(plan))
    if missing or open_answers:
        parts = [f"{missing} children are missing"] * bool(missing)
        parts += [f"{open_answers} answers are open"] * bool(open_answers)
        print(
            f"Incomplete: {'; '.join(parts)}. Everything finished is stored; the same command goes on from there.",
            file=sys.stderr,
        )
        return exit_code or INCOMPLETE
    return exit_code
