"""Which cells a command is about: `--cell`, `--model` and `--where`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import click

from hanlon.store.cell_names import settings_of
from hanlon.store.cells import CellState, model_name
from hanlon.store.problems import nearest
from hanlon.store.records import CellRecord


@dataclass(frozen=True)
class Selection:
    """The cells that were asked for: all, or those of these names, models and levels."""

    cells: Sequence[str] = ()
    models: Sequence[str] = ()
    where: Sequence[str] = ()

    @property
    def narrows(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.cells or self.models or self.where)

    def of(self, states: Sequence[CellState]) -> list[CellState]:
        """The cells that were asked for, in their order.

        Raises:
            click.UsageError: a name, model, factor or level that none of these cells has, or no cell has all.
        """
        kept = list(states)
        if self.cells:
            keys = {state.record.key for name in self.cells for state in _of_name(states, name)}
            kept = [state for state in kept if state.record.key in keys]
        if self.models:
            keys = {state.record.key for name in self.models for state in _of_model(states, name)}
            kept = [state for state in kept if state.record.key in keys]
        for condition in self.where:
            matching = {id(state) for state in _of_level(states, condition)}
            kept = [state for state in kept if id(state) in matching]
        if not kept:
            raise click.UsageError(f"no cell has all of this: {self}")
        return kept

    def __str__(self) -> str:
        """As it was typed."""
        named = {"cell": self.cells, "model": self.models, "where": self.where}
        return " ".join(f"--{option} {value}" for option, values in named.items() for value in values)


def named_cells(states: Sequence[CellState], name: str) -> list[CellState]:
    """The cells of this label or key, else those whose folder begins so, else those that a pattern with `*` fits."""
    exact = [state for state in states if name in (state.record.label, state.record.key)]
    begins = [state for state in states if state.folder.name.startswith(name)]
    return exact or begins or [state for state in states if fnmatchcase(state.record.label, name)]


def _of_name(states: Sequence[CellState], name: str) -> list[CellState]:
    labels = list(dict.fromkeys(state.record.label for state in states))
    return named_cells(states, name) or _refuse("--cell", f"no cell is called '{name}'", name, labels)


def _of_model(states: Sequence[CellState], name: str) -> list[CellState]:
    """The cells of this model, else those of the models whose name has this in it."""
    names = list(dict.fromkeys(model_name(state.record) for state in states))
    exact = [state for state in states if name in (state.record.model, model_name(state.record))]
    within = [state for state in states if name in model_name(state.record)]
    return exact or within or _refuse("--model", f"no cell has the model '{name}'", name, names)


def _of_level(states: Sequence[CellState], condition: str) -> list[CellState]:
    """The cells of these levels of a factor: `env.stakes=none,replaced`."""
    factor, equals, levels = condition.partition("=")
    factor = factor.strip().removeprefix("env.").removeprefix("model.")
    if not equals or not factor:
        raise click.BadParameter(
            f"'{condition}' is no FACTOR=LEVEL, as stakes=replaced", param_hint="--where"
        )
    facts = [facts_of(state.record) for state in states]
    if not any(factor in of for of in facts):
        names = dict.fromkeys(name for of in facts for name in of)
        varied = [name for name in names if len({of.get(name) for of in facts}) > 1]
        _refuse("--where", f"no cell has a factor '{factor}'", factor, varied or names, known=names)
    wanted = {level.strip() for level in levels.split(",")}
    there = dict.fromkeys(of[factor] for of in facts if factor in of)
    for level in wanted - set(there):
        _refuse("--where", f"no cell has {factor}={level}", level, there)
    return [state for state, of in zip(states, facts, strict=True) if of.get(factor) in wanted]


def facts_of(record: CellRecord) -> dict[str, str]:
    """What a cell can be selected by, as it is typed."""
    return settings_of(record) | {"env": record.env, "prompt": record.prompt, "model": record.model}


def _refuse(
    option: str, problem: str, word: str, candidates: Iterable[str], *, known: Iterable[str] = ()
) -> list[CellState]:
    listed = list(candidates)
    hint = nearest(word, [*listed, *known])
    raise click.BadParameter(f"{problem}.{hint} There is: {', '.join(listed)}", param_hint=option)
