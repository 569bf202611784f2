"""Rehearsals for people: pairs of rivals in one matrix, and the n that a search has found."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hanlon.analysis.tables import Column, TableFormat, printed, render_table
from hanlon.design.least_n import BELOW, CONFIRM, VERIFY, WRONG, LeastN, Search
from hanlon.design.rehearsal import PolicyPair, Rehearsal, RehearsalSetup
from hanlon.design.request_rates import request_count
from hanlon.design.two_rates import WANTED

NOBODY = "No hypothesis of this sweep names a scripted policy: nothing to rehearse."


PAIRS: tuple[Column[PolicyPair], ...] = (
    Column("policy", lambda pair: pair.rehearsal.policy),
    Column("right", lambda pair: pair.right),
    Column("wrong", lambda pair: pair.wrong),
    Column("opposed", lambda pair: pair.opposed),
    Column("n", lambda pair: pair.rehearsal.n),
    Column("repeats", lambda pair: pair.rehearsal.repeats),
    Column("right_stands", lambda pair: pair.rehearsal.stands[pair.right]),
    Column("right_stands_alone", lambda pair: pair.rehearsal.alone[pair.right]),
    Column("wrong_ruled_out", lambda pair: pair.wrong_falls),
    Column("wrong_stands", lambda pair: pair.wrong_stands),
)
"""A row for each policy, right hypothesis and wrong one, for JSON and CSV."""


@dataclass(frozen=True, slots=True)
class RightRow:
    """A right hypothesis in a rehearsal, with its pairs by the wrong hypothesis."""

    name: str
    rehearsal: Rehearsal
    pairs: dict[str, PolicyPair]


def rehearsal_text(setup: RehearsalSetup, rehearsals: Sequence[Rehearsal], table_format: TableFormat) -> str:
    """How often the right hypothesis stood and each wrong one fell, for each scripted policy."""
    if not rehearsals:
        return NOBODY
    title = _title(rehearsals)
    if table_format in ("json", "csv"):
        pairs = [pair for rehearsal in rehearsals for pair in setup.pairs(rehearsal)]
        return render_table(PAIRS, pairs, table_format, title)
    rights = [
        RightRow(name, rehearsal, {p.wrong: p for p in setup.pairs(rehearsal) if p.right == name})
        for rehearsal in rehearsals
        for name in rehearsal.right
    ]
    names = [hypothesis.name for hypothesis in setup.plan.hypotheses]
    table = render_table(_matrix_columns(names), rights, table_format, title)
    return "\n".join([table, *_matrix_notes(setup, names)])


def _matrix_columns(names: Sequence[str]) -> list[Column[RightRow]]:
    """One row for each right hypothesis, one numbered column for each wrong one."""
    return [
        printed("right", lambda row: f"{names.index(row.name) + 1} {row.name}"),
        printed("stands", lambda row: f"{100 * row.rehearsal.stands[row.name]:.0f}"),
        printed("alone", lambda row: f"{100 * row.rehearsal.alone[row.name]:.0f}"),
        *(
            _wrong_column(f"ruled out: {number}" if number == 1 else str(number), name)
            for number, name in enumerate(names, 1)
        ),
    ]


def _wrong_column(heading: str, wrong: str) -> Column[RightRow]:
    return printed(heading, lambda row: _pair_text(row.pairs.get(wrong)))


def _pair_text(pair: PolicyPair | None) -> str:
    if pair is None:
        return "-"
    falls = f"{100 * pair.wrong_falls:.0f}"
    stands = f" +{100 * pair.wrong_stands:.0f}" if pair.wrong_stands else ""
    return (falls if pair.opposed else f"({falls})") + stands


def _title(rehearsals: Sequence[Rehearsal]) -> str:
    sizes = "/".join(f"{n:,}" for n in sorted({rehearsal.n for rehearsal in rehearsals}))
    repeats = "/".join(map(str, sorted({rehearsal.repeats for rehearsal in rehearsals})))
    return f"rehearsed on simulated policies: {repeats} sweeps each of {sizes} episodes a cell; shares in %"


def _matrix_notes(setup: RehearsalSetup, names: Sequence[str]) -> Iterator[str]:
    yield f"Numbers: {', '.join(f'{number} {name}' for number, name in enumerate(names, 1))}."
    yield (
        "Of the sweeps of a policy that behaves as the right hypothesis says: how often that stood, and stood alone; "
        "below each other hypothesis, how often it was ruled out, and after + how often it stood too. In brackets: no "
        "contrast of this grid opposes the pair. -: itself, or not to be told from it here."
    )
    yield (
        "Simulated: counts drawn from the policies' own rates and judged as `hanlon verdict` would; nothing was played."
        + _request_note(setup)
    )


def _request_note(setup: RehearsalSetup) -> str:
    """How requests differ in what was simulated; empty where the cells share none."""
    sizes = sorted({size for state in setup.states if (size := request_count(state.record)) is not None})
    if not sizes:
        return ""
    return (
        f" The {'/'.join(map(str, sizes))} requests differ by a standard deviation of {setup.request_sd:g} logits, the "
        "same in all cells (an assumption: --request-sd)."
    )


def search_text(search: Search, overrides: Sequence[str], table_format: TableFormat) -> str:
    """Each policy's least n, what was parted last, the n for all with its command, and the pairs at that n."""
    if not search.least:
        return NOBODY
    title = "the least n for each scripted policy"
    table = render_table(_least_columns(search), search.least, table_format, title)
    if table_format in ("json", "csv"):
        return table
    lines = [table, *_conclusion(search, overrides), *_criterion(search), ""]
    return "\n".join([*lines, rehearsal_text(search.setup, search.confirmed, table_format)])


def _least_columns(search: Search) -> tuple[Column[LeastN], ...]:
    """A row for each policy. The printed columns follow those of JSON and CSV."""
    return (
        Column("policy", lambda row: row.policy),
        Column("right", lambda row: _right(row), lambda row: _right(row)),
        printed("policy", lambda row: row.policy),
        Column("least_n", lambda row: row.n),
        printed("least n", lambda row: f"> {search.most:,}" if row.n is None else f"{row.n:,}"),
        Column("n_for_all", lambda row: search.n),
        Column("tried_n", lambda row: row.rehearsal.n),
        Column("repeats", lambda row: row.rehearsal.repeats),
        Column("right_stands_alone", lambda row: row.rehearsal.alone[row.right[0]]),
        printed("alone", lambda row: f"{row.rehearsal.alone[row.right[0]]:.0%}"),
        Column("parted_last_from", lambda row: list(row.limit.wrong) if row.limit else []),
        printed("parted last from", lambda row: _rivals(row, ", ") if row.limit else "-"),
        Column("held_up_by", lambda row: row.limit.why if row.limit else ""),
        printed("held up by", lambda row: row.limit.why if row.limit else "nothing: the least tried"),
    )


def _right(least: LeastN) -> str:
    return " and ".join(least.right)


def _rivals(least: LeastN, joint: str) -> str:
    return joint.join(least.limit.wrong if least.limit else ()) or "no rival"


def _conclusion(search: Search, overrides: Sequence[str]) -> Iterator[str]:
    if search.n is None:
        failing = [least for least in search.least if least.n is None]
        for least in failing:
            yield f"No n up to {search.most:,} is enough for simulated/{least.policy}: {_why(least)}."
        if not failing:
            yield f"Each policy has its n, but no n up to {search.most:,} is enough for all: see the pairs below."
        return
    words = [word for word in overrides if not word.startswith("samples=")]
    most = max(least.n or 0 for least in search.least)
    yield f"n = {search.n:,} for all. What needs it:"
    for least in search.least:
        if least.n == most:
            yield f"  {_why(least)}"
    yield f"  python run.py -m {shlex.join([*words, f'samples={search.n}'])}"


def _why(least: LeastN) -> str:
    if least.limit is None:
        return _right(least)
    return f"{_right(least)} / {_rivals(least, ' and ')} ({least.limit.why})"


def _criterion(search: Search) -> Iterator[str]:
    yield (
        f"Wanted: in {WANTED:.0%} of the sweeps the right hypothesis stands alone, and each that the grid opposes to "
        f"it is ruled out; a wrong one stands in at most {WRONG:.0%}. n is a multiple of {search.unit}, on a ladder; "
        f"{CONFIRM} sweeps at the least n, {VERIFY} where all were confirmed, "
        f"{BELOW} one step below for what held it up."
    )
