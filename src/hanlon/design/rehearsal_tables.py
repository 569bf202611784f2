"""Rehearsals for people: pairs of rivals in one matrix, and the n that a search has found."""

import shlex
from collections.abc import Iterator, Sequence

from hanlon.analysis.tables import TableFormat, render
from hanlon.design.least_n import BELOW, CONFIRM, VERIFY, WRONG, Found, Least
from hanlon.design.rehearsal import PolicyPair, Rehearsal, RehearsalSetup
from hanlon.design.request_rates import request_count
from hanlon.design.two_rates import WANTED

NOBODY = "No hypothesis of this sweep names a scripted policy: nothing to rehearse."


def rehearsal_text(on: RehearsalSetup, found: Sequence[Rehearsal], table_format: TableFormat) -> str:
    """How often the right hypothesis stood and each wrong one fell, for each scripted policy."""
    if not found:
        return NOBODY
    table = render(pair_rows(on, found), _matrix(on, found), table_format, title=_title(found))
    return table if table_format in ("json", "csv") else "\n".join([table, *_matrix_notes(on)])


def pair_rows(on: RehearsalSetup, found: Sequence[Rehearsal]) -> list[dict[str, object]]:
    """One row for each policy, right hypothesis and wrong one, shares as numbers."""
    return [
        {
            "policy": pair.policy,
            "right": pair.right,
            "wrong": pair.wrong,
            "opposed": pair.opposed,
            "n": one.n,
            "repeats": one.repeats,
            "right_stands": pair.right_stands,
            "right_stands_alone": pair.right_alone,
            "wrong_ruled_out": pair.wrong_falls,
            "wrong_stands": pair.wrong_stands,
        }
        for one in found
        for pair in on.pairs(one)
    ]


def search_text(found: Found, overrides: Sequence[str], table_format: TableFormat) -> str:
    """Each policy's least n, what was parted last, the n for all with its command, and the pairs at that n."""
    if not found.least:
        return NOBODY
    rows = [_least_row(one, found.n) for one in found.least]
    words = [_least_words(one, found.most) for one in found.least]
    table = render(rows, words, table_format, title="the least n for each scripted policy")
    if table_format in ("json", "csv"):
        return table
    return "\n".join(
        [
            *(table, *_conclusion(found, overrides), *_criterion(found), ""),
            rehearsal_text(found.on, found.confirmed, table_format),
        ]
    )


def _title(found: Sequence[Rehearsal]) -> str:
    sizes = "/".join(f"{n:,}" for n in sorted({one.n for one in found}))
    repeats = "/".join(map(str, sorted({one.repeats for one in found})))
    return f"rehearsed on simulated policies: {repeats} sweeps each of {sizes} episodes a cell; shares in %"


def _matrix(on: RehearsalSetup, found: Sequence[Rehearsal]) -> list[dict[str, str]]:
    """One row for each right hypothesis, one numbered column for each wrong one."""
    names = [h.name for h in on.plan.hypotheses]
    rows: list[dict[str, str]] = []
    for one in found:
        pairs = on.pairs(one)
        for right in one.right:
            own = {pair.wrong: pair for pair in pairs if pair.right == right}
            rows.append(
                {
                    "right": f"{names.index(right) + 1} {right}",
                    "stands": f"{100 * one.stands[right]:.0f}",
                    "alone": f"{100 * one.alone[right]:.0f}",
                    **{
                        ("ruled out: " if not number else "") + str(number + 1): _cell(own.get(name))
                        for number, name in enumerate(names)
                    },
                }
            )
    return rows


def _cell(pair: PolicyPair | None) -> str:
    if pair is None:
        return "-"
    falls = f"{100 * pair.wrong_falls:.0f}"
    stands = f" +{100 * pair.wrong_stands:.0f}" if pair.wrong_stands else ""
    return (falls if pair.opposed else f"({falls})") + stands


def _matrix_notes(on: RehearsalSetup) -> Iterator[str]:
    by_number = ", ".join(f"{number} {h.name}" for number, h in enumerate(on.plan.hypotheses, 1))
    yield f"Numbers: {by_number}."
    yield (
        "Of the sweeps of a policy that behaves as the right hypothesis says: how often that stood, and stood alone; "
        "below each other hypothesis, how often it was ruled out, and after + how often it stood too. In brackets: no "
        "contrast of this grid opposes the pair. -: itself, or not to be told from it here."
    )
    yield (
        "Simulated: counts drawn from the policies' own rates and judged as `hanlon verdict` would; nothing was played."
        + _request_note(on)
    )


def _request_note(on: RehearsalSetup) -> str:
    """How requests differ in what was simulated; empty where the cells share none."""
    sizes = sorted({size for state in on.states if (size := request_count(state.record)) is not None})
    if not sizes:
        return ""
    return (
        f" The {'/'.join(map(str, sizes))} requests differ by a standard deviation of {on.request_sd:g} logits, the "
        "same in all cells (an assumption: --request-sd)."
    )


def _least_row(one: Least, overall: int | None) -> dict[str, object]:
    return {
        "policy": one.policy,
        "right": " and ".join(one.right),
        "least_n": one.n,
        "n_for_all": overall,
        "tried_n": one.at.n,
        "repeats": one.at.repeats,
        "right_stands_alone": one.at.alone[one.right[0]],
        "parted_last_from": list(one.limit.wrong) if one.limit else [],
        "held_up_by": one.limit.why if one.limit else "",
    }


def _least_words(one: Least, most: int) -> dict[str, str]:
    return {
        "right": " and ".join(one.right),
        "policy": one.policy,
        "least n": f"> {most:,}" if one.n is None else f"{one.n:,}",
        "alone": f"{one.at.alone[one.right[0]]:.0%}",
        "parted last from": ", ".join(one.limit.wrong) or "no rival" if one.limit else "-",
        "held up by": one.limit.why if one.limit else "nothing: the least tried",
    }


def _conclusion(found: Found, overrides: Sequence[str]) -> Iterator[str]:
    if found.n is None:
        failing = [one for one in found.least if one.n is None]
        for one in failing:
            yield f"No n up to {found.most:,} does for simulated/{one.policy}: {_why(one)}."
        if not failing:
            yield f"Each policy has its n, but no n up to {found.most:,} does for all of them: see the pairs below."
        return
    words = [word for word in overrides if not word.startswith("samples=")]
    most = max(one.n or 0 for one in found.least)
    yield f"n = {found.n:,} for all. What needs it:"
    for one in found.least:
        if one.n == most:
            yield f"  {_why(one)}"
    yield f"  python run.py -m {shlex.join([*words, f'samples={found.n}'])}"


def _why(one: Least) -> str:
    right = " and ".join(one.right)
    if one.limit is None:
        return right
    return f"{right} / {' and '.join(one.limit.wrong) or 'no rival'} ({one.limit.why})"


def _criterion(found: Found) -> Iterator[str]:
    yield (
        f"Wanted: in {WANTED:.0%} of the sweeps the right hypothesis stands alone, and each that the grid opposes to "
        f"it is ruled out; a wrong one stands in at most {WRONG:.0%}. n is a multiple of {found.unit}, on a ladder; "
        f"{CONFIRM} sweeps at the least n, {VERIFY} where all were confirmed, "
        f"{BELOW} one step below for what held it up."
    )
