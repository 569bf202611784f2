"""`hanlon show`: the episodes that were asked for, one transcript at a time, or two side by side."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from hanlon.analysis.paragraphs import counted, paragraphs
from hanlon.cli.options import RUNS, load, selection_options
from hanlon.cli.selection import Selection, named_cells
from hanlon.store.cell_names import cell_names
from hanlon.store.cells import CellState
from hanlon.store.episodes import read_digests
from hanlon.store.problems import nearest

Labels = Mapping[int, Mapping[str, set[str]]]
"""The values of each label, by episode index and label."""


@dataclass(frozen=True)
class Match:
    """An episode that matches."""

    cell: CellState
    index: int


@click.command()
@RUNS
@selection_options
@click.option("--outcome", "outcomes", multiple=True, help="Episodes of this outcome; may be repeated.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE",
              help="Episodes that a judge labels so, or the model in a follow-up answer; may be repeated.")  # fmt: skip
@click.option("--index", metavar="[CELL:]INDEX", help="This one of them, by its index in its cell.")
@click.option("--next", "go_on", is_flag=True,
              help="The next match behind --index; without it, on a terminal, one after the other.")  # fmt: skip
@click.option("--diff", "other", metavar="[CELL:]INDEX", help="Where this other episode differs.")
def show(
    runs: tuple[Path, ...],
    selection: Selection,
    outcomes: tuple[str, ...],
    labels: tuple[str, ...],
    index: str | None,
    go_on: bool,
    other: str | None,
) -> None:
    """Find episodes and print their transcripts, with labels, votes, quotes and follow-up answers.

    Shown is the first match, or that of --index. The last line says how many match, and how to see the next one.

    \b
    Example:
      hanlon show runs --outcome resisted --where stakes=replaced --next
    """
    states = load(runs)
    cells = selection.of(states)
    names = cell_names([cell.record for cell in states])
    matches = list(_matches(cells, outcomes, labels))
    if not matches:
        _nothing(cells, outcomes, labels)
    at = (
        0
        if index is None
        else _position(matches, cells, _spot(index, cells, matches, "--index"), behind=go_on)
    )
    if other is not None:
        everywhere = [cell for cell in states if ":" in other or cell is matches[at].cell]
        _diff(matches[at], _spot(other, everywhere, [], "--diff"), names)
        return
    while True:
        _print(matches[at], names)
        _say_where(matches, at)
        at += 1
        if not go_on or index is not None or at == len(matches) or not _wants_next():
            return


def _matches(cells: Sequence[CellState], outcomes: Sequence[str], labels: Sequence[str]) -> Iterator[Match]:
    """The episodes of these cells that have one of the outcomes and all of the labels, in order."""
    from hanlon.analysis.labels.of_episode import labels_by_episode

    wanted = [_name_and_value(label) for label in labels]
    for cell in cells:
        values: Labels = labels_by_episode(cell) if wanted else {}
        for digest in sorted(read_digests(cell.folder), key=lambda digest: digest.index):
            of_episode = values.get(digest.index, {})
            if (not outcomes or digest.outcome in outcomes) and all(
                value in of_episode.get(name, ()) for name, value in wanted
            ):
                yield Match(cell, digest.index)


def _name_and_value(label: str) -> tuple[str, str]:
    name, equals, value = label.partition("=")
    if not equals:
        raise click.BadParameter(f"'{label}' is no NAME=VALUE, as alignment_faking=yes", param_hint="--label")
    return name, value


def _nothing(cells: Sequence[CellState], outcomes: Sequence[str], labels: Sequence[str]) -> None:
    """Say what there is instead of what was asked for."""
    from hanlon.analysis.labels.of_episode import labels_by_episode

    there = {outcome: None for cell in cells for outcome in cell.tally.outcomes}
    for outcome in outcomes:
        if outcome not in there:
            raise click.BadParameter(
                f"no episode here has the outcome '{outcome}'.{nearest(outcome, there)} Outcomes: "
                f"{', '.join(there) or 'none'}",
                param_hint="--outcome",
            )
    values_of_label: dict[str, dict[str, None]] = {}
    for of_episode in (of for cell in cells for of in labels_by_episode(cell).values()):
        for name, values in of_episode.items():
            values_of_label.setdefault(name, {}).update(dict.fromkeys(sorted(values)))
    for name, value in map(_name_and_value, labels):
        there = values_of_label.get(name, values_of_label)
        if value not in values_of_label.get(name, ()):
            what = f"value of {name} is '{value}'" if name in values_of_label else f"label is called '{name}'"
            word = value if name in values_of_label else name
            raise click.BadParameter(
                f"no {what} here.{nearest(word, there)} There is: {', '.join(there) or 'none, no judge has looked'}",
                param_hint="--label",
            )
    filters = "".join(
        [*(f" --outcome {each}" for each in outcomes), *(f" --label {each}" for each in labels)]
    )
    raise click.UsageError(f"no episode of {counted(len(cells), 'cell')} matches{filters}")


def _spot(text: str, cells: Sequence[CellState], matches: Sequence[Match], option: str) -> Match:
    """The episode of `INDEX`, or `CELL:INDEX` where several of the cells have a match of this index."""
    name, _, index = text.rpartition(":")
    if not index.isdigit():
        raise click.BadParameter(f"'{text}' is no INDEX, and no CELL:INDEX", param_hint=option)
    having = [match.cell for match in matches if match.index == int(index)]
    owners = named_cells(cells, name) if name else having or list(cells)
    if len(owners) == 1:
        return Match(owners[0], int(index))
    listed = "\n".join(
        f"  {cell.record.key}:{index}  {cell.record.label}  {cell.record.model}" for cell in owners
    )
    problem = (
        f"{len(owners)} cells match '{name}'" if name else f"{len(owners)} cells have an episode {index}"
    )
    raise click.UsageError(f"{problem}; choose one with --cell, or {option} CELL:INDEX:\n{listed}")


def _position(matches: Sequence[Match], cells: Sequence[CellState], spot: Match, *, behind: bool) -> int:
    """Where in the matches an episode stands; with `behind`, the first match after it."""
    order = {cell.record.key: number for number, cell in enumerate(cells)}
    places = [(order[match.cell.record.key], match.index) for match in matches]
    place = order[spot.cell.record.key], spot.index
    for at, each in enumerate(places):
        if each > place if behind else each == place:
            return at
    if behind:
        raise click.UsageError(f"no match behind episode {spot.index}: that was the last one")
    matching = counted(len(matches), "episode matches", "episodes match")
    raise click.UsageError(
        f"{spot.cell.record.label} has no episode {spot.index} that matches; it has "
        f"{counted(spot.cell.tally.episodes, 'episode')}, {matching} in all"
    )


def _print(match: Match, names: dict[str, str]) -> None:
    from hanlon.analysis.transcripts import find_episode, print_transcript

    if (episode := find_episode(match.cell, match.index)) is not None:
        print_transcript(match.cell, episode, names[match.cell.record.key])


def _diff(first: Match, second: Match, names: dict[str, str]) -> None:
    from rich.console import Console

    from hanlon.analysis.prompt_diff import print_diff
    from hanlon.analysis.transcripts import find_episode, transcript_texts

    sides = [
        (each.cell, find_episode(each.cell, each.index), names[each.cell.record.key])
        for each in (first, second)
    ]
    texts = [transcript_texts(cell, episode, name) for cell, episode, name in sides if episode is not None]
    if len(texts) < 2:
        raise click.BadParameter(f"{sides[1][2]} has no episode {second.index}", param_hint="--diff")
    print_diff(texts[0], texts[1], Console(highlight=False))


def _say_where(matches: Sequence[Match], at: int) -> None:
    """Which match this is, and how to see the next one."""
    text = f"Match {at + 1:,} of {counted(len(matches), 'episode')}."
    if at + 1 < len(matches):
        after = matches[at + 1]
        text += f" The next: the same with --index {after.cell.record.key}:{after.index}"
    for line in paragraphs([text]):
        click.echo(line)


def _wants_next() -> bool:
    """Whether the person at the terminal wants to go on; where nobody sits there, no."""
    return (
        sys.stdin.isatty()
        and sys.stdout.isatty()
        and click.prompt("Enter: next, q: end", default="", show_default=False) != "q"
    )
