"""Prints what a sweep would do, what it would cost, and what that puts to the test: `plan=true`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hanlon.config.schema import ModelConfig, RunOptions
from hanlon.environments.base import Environment
from hanlon.hypotheses.schema import Plan
from hanlon.inquiries.pending import PlannedInquiry
from hanlon.run.cost import (
    NOTHING,
    CostEstimate,
    Range,
    estimate_branch,
    estimate_cell,
    estimate_inquiry,
)
from hanlon.run.plan import PlannedCell, asked_models, sampled_models
from hanlon.store.episodes import read_cell, read_digests
from hanlon.store.records import EpisodeDigest

if TYPE_CHECKING:  # a branch needs the engine, which imports openai
    from hanlon.fork.branches import Branch

SIMILAR_CELLS = 8
"""Stored cells of the same environment and model that are read for an estimate."""


def print_plan(planned: Sequence[PlannedCell], options: RunOptions) -> None:
    """Print what the sweep would do and what it would cost. Nothing is called, started or written."""
    for plan in planned:
        model = plan.cell.config.model
        print(
            f"{plan.cell.label} on {model.id} ({model.protocol}): {len(plan.missing)} to sample; {plan.folder}"
        )
    print_bill(planned, options, f"{len(planned)} cells x {options.samples} episodes")


def print_bill(planned: Sequence[PlannedCell], options: RunOptions, all_of_it: str) -> None:
    """Print what is missing and stored of `all_of_it`, and what it would cost."""
    total = NOTHING
    similar: dict[tuple[str, str], list[EpisodeDigest]] = {}
    for plan in planned:
        model, env = plan.cell.config.model, plan.cell.environment.name
        if plan.branch is not None:
            total = _sum(total, _estimate_branch(plan, plan.branch.branch))
            continue
        if (env, model.id) not in similar:
            similar[env, model.id] = _similar(planned, env, model.id, Path(options.runs_dir))
        cost = estimate_cell(
            len(plan.missing), plan.stored, similar[env, model.id], plan.cell.environment, model
        )
        total = _sum(total, cost)
    asking = print_inquiries(
        [(plan.cell.environment, len(plan.missing), i) for plan in planned for i in plan.inquiries]
    )
    missing = sum(len(plan.missing) for plan in planned)
    stored = sum(plan.tally.episodes for plan in planned)
    print(f"{all_of_it}: {missing} to sample; {stored} stored already and not paid again.")
    if missing:
        print(_bill(total, sampled_models(planned)))
        print(f"Basis: {total.basis}.")
    if missing and asking is not NOTHING:
        print(f"Together: {_bill(_sum(total, asking), [*sampled_models(planned), *asked_models(planned)])}")
    print("No call was made.")


def _estimate_branch(plan: PlannedCell, branch: "Branch") -> CostEstimate:
    """What the missing children take: as those that are stored, else as their cell's episodes from this turn on."""
    same_model = branch.cell.config.model.identity() == branch.parent.cell.config.model.identity()
    return estimate_branch(
        len(plan.missing),
        plan.stored,
        read_digests(branch.parent.state.folder),
        branch.turn,
        plan.cell.environment,
        plan.cell.config.model,
        keeps_prices=same_model,
    )


def _sum(total: CostEstimate, more: CostEstimate) -> CostEstimate:
    return more if total is NOTHING else total if more is NOTHING else total + more


def print_inquiries(asked: Sequence[tuple[Environment, int, PlannedInquiry]]) -> CostEstimate:
    """Print what asking about episodes would take, one line for each judge and set of questions.

    `asked` has each inquiry with its cell's environment and the number of episodes that are yet to be sampled.
    """
    total = NOTHING
    by_name: dict[str, list[tuple[Environment, int, PlannedInquiry]]] = {}
    for environment, missing, pending in asked:
        if pending.inquiry.model is not None:
            by_name.setdefault(pending.inquiry.record.name, []).append((environment, missing, pending))
    for name, group in by_name.items():
        cost, unasked = NOTHING, 0
        similar = [episode for _, _, pending in group for episode in pending.answered]
        for environment, missing, pending in group:
            more = missing + len(pending.open)
            answered = pending.answered or similar
            cost = _sum(cost, estimate_inquiry(more, answered, pending.inquiry, environment))
            unasked += more
        models = [pending.inquiry.model for _, _, pending in group if pending.inquiry.model is not None]
        print(
            f"{name} ({', '.join(dict.fromkeys(m.id for m in models))}): {unasked} episodes to ask about.",
            end=" ",
        )
        print(f"{_bill(cost, models)} Basis: {cost.basis}." if unasked else "Nothing to ask.")
        total = _sum(total, cost)
    return total


def _similar(planned: Sequence[PlannedCell], env: str, model: str, runs_dir: Path) -> list[EpisodeDigest]:
    """Stored episodes of the same environment and model: of this sweep's cells, else of others in the store."""
    of_sweep = [
        plan.stored
        for plan in planned
        if (plan.cell.environment.name, plan.cell.config.model.id) == (env, model) and plan.stored
    ]
    if not of_sweep:
        folders = sorted(path.parent for path in runs_dir.glob(f"{env}/*/cell.json"))
        matching = (folder for folder in folders if read_cell(folder).model == model)
        of_sweep = [read_digests(folder) for folder, _ in zip(matching, range(SIMILAR_CELLS), strict=False)]
    return [episode for stored in of_sweep for episode in stored]


def _bill(total: CostEstimate, models: Sequence[ModelConfig]) -> str:
    tokens = f"{_between(total.input_tokens)} tokens in, {_between(total.output_tokens)} out"
    unpriced = f"no price in the model file of {', '.join(sorted(total.unpriced))}"
    if total.cost_usd is None:
        dollars = f"dollars unknown: {unpriced}"
    else:
        dollars = f"${total.cost_usd.low:,.2f} to ${total.cost_usd.high:,.2f}"
        listed = sorted({f"{m.price.source}, {m.price.as_of}" for m in models if m.price})
        dollars += f" (list prices: {'; '.join(listed)}; cached input costs less)" if listed else ""
        dollars += f" and what nobody knows: {unpriced}" if total.unpriced else ""
    return f"About {_between(total.calls)} calls, {tokens}, {dollars}."


def _between(span: Range) -> str:
    low, high = (f"{value:,.0f}" for value in (span.low, span.high))
    return low if low == high else f"{low} to {high}"


def print_hypotheses(planned: Sequence[PlannedCell], plans: Sequence[Plan], samples: int) -> None:
    """Print which hypotheses the planned cells put to the test, which pairs they do not part, and what n shows."""
    from hanlon.design.power import power_lines
    from hanlon.hypotheses.printed.plan import plan_lines, planned_grids

    states = [plan.state(samples) for plan in planned]
    for line in (*plan_lines(planned_grids(states, plans)), *power_lines(states, samples)):
        print(line)
