"""The first three lines of a verdict: what happened, what explains it, and what would settle it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from hanlon.analysis.contrasts.contrasts import BOSCHLOO_BUDGET, Contrast, contrasts
from hanlon.analysis.contrasts.effects import effect_sentence, effect_text, effects
from hanlon.analysis.requests import Values
from hanlon.analysis.stats.rates import rate_of
from hanlon.hypotheses.binding import Bound
from hanlon.hypotheses.parting import would_part
from hanlon.hypotheses.predicted import predicted_contrasts
from hanlon.hypotheses.printed.wording import SeenClaim, overrides_of, swept_levels
from hanlon.hypotheses.rivals import is_shown
from hanlon.hypotheses.schema import Change, Hypothesis, Prediction
from hanlon.hypotheses.verdict import GridVerdict, Rival
from hanlon.store.cells import model_name
from hanlon.store.digest import as_json

NAMED = 4
"""Hypotheses that a line names."""


def percent(fraction: float) -> str:
    """A share in whole percent."""
    return f"{100 * fraction:.0f} %"


@dataclass(frozen=True)
class Judged:
    """A verdict with what is printed beside it."""

    verdict: GridVerdict
    values: Values

    @property
    def level(self) -> float:
        """The confidence of its intervals."""
        return 1 - self.verdict.alpha

    @property
    def title(self) -> str:
        """The model, and that it is simulated where it is."""
        record = self.verdict.planned.grid.cells[0].record
        return f"{model_name(record)} ({record.protocol}){', SIMULATED' if record.simulated else ''}"

    @property
    def usual(self) -> dict[str, str]:
        """The level of each factor that most cells have, as JSON."""
        points = self.verdict.planned.grid.points
        return {name: Counter(point[name] for point in points).most_common(1)[0][0] for name in points[0]}

    @cached_property
    def effects(self) -> list[Contrast]:
        """What each varied factor does to the behaviour, the largest first."""
        verdict, planned = self.verdict, self.verdict.planned
        return effects(
            planned.grid.cells,
            planned.behaviour.measures[0],
            values=self.values,
            predicted=predicted_contrasts(planned.bound.values(), verdict.written, verdict.preregistered),
            level=self.level,
        )

    @cached_property
    def changes(self) -> list[Contrast]:
        """The contrasts that are the behaviour, where that is a rise with a factor: the one shown best first."""
        planned = self.verdict.planned
        wanted = planned.behaviour.changes
        if not wanted:
            return []
        cells = [cell for cell in planned.grid.cells if cell.record.key not in planned.controls]
        factors = sorted({change.factor for change in wanted})
        all_contrasts = contrasts(
            cells, planned.behaviour.measures[:1], factors=factors, values=self.values, level=self.level
        )
        rises = [contrast for contrast in all_contrasts if _is_change(contrast, wanted)]
        return sorted(rises, key=lambda contrast: -contrast.comparison.difference.lo)

    @property
    def shown_effects(self) -> list[Contrast]:
        """Those whose interval leaves no difference out."""
        return [effect for effect in self.effects if effect.comparison.difference.excludes_zero]

    def seen(self, bound: Bound) -> list[SeenClaim]:
        """The claims of a hypothesis that were put to the test."""
        observed = self.verdict.observed
        claims = observed.claims(bound) if observed else []
        return [
            SeenClaim(claim, observed, self.values, self.level, self._quick) for claim in claims if observed
        ]

    @cached_property
    def _quick(self) -> bool:
        """Whether all predictions together are too much for Boschloo's test, by the budget that contrasts have."""
        cells = {cell.record.key: cell.tally.episodes for cell in self.verdict.planned.grid.cells}
        pairs = {claim.points for bound in self.verdict.planned.bound.values() for claim in bound.claims}
        return sum(cells[base[0]] * cells[last[0]] for base, *_, last in pairs) > BOSCHLOO_BUDGET

    def misfit(self, rival: Rival) -> SeenClaim | None:
        """What the counts contradict most of a hypothesis."""
        observed, claim = self.verdict.observed, rival.fit.misfit
        return SeenClaim(claim, observed, self.values, self.level) if observed and claim else None

    def price(self, prediction: Prediction) -> str:
        """What a contrast takes: cells of as many episodes as these, and the cost by the mean stored episode."""
        cells = prod(len(set(levels)) for levels in swept_levels(prediction).values())
        tallies = [cell.tally for cell in self.verdict.planned.grid.cells]
        n, episodes = max(tally.episodes for tally in tallies), sum(tally.episodes for tally in tallies)
        spent = [tally.cost_usd for tally in tallies if tally.cost_usd is not None]
        cost = sum(spent) / episodes * cells * n if spent and episodes else None
        dollars = "no cost known" if cost is None else f"about ${cost:,.2f}" if cost else "free"
        return f"{cells} cells x {n} episodes, {dollars}"


def answers(judged: Judged) -> list[str]:
    """The three lines."""
    return [
        f"What happened, {judged.title}: {happened(judged)}",
        f"What explains it: {explains(judged)}",
        f"What would settle it: {settles(judged)}",
    ]


def happened(judged: Judged) -> str:
    """The largest effect in a sentence, or that the behaviour is shown nowhere."""
    verdict = judged.verdict
    behaviour = verdict.planned.behaviour
    if verdict.observed is None:
        return f"no episode can be counted for {behaviour.word}."
    if not verdict.shown:
        return f"{'' if verdict.obstacle else 'nothing to explain: '}{_not_shown(judged)}."
    first = next(iter([*judged.changes[:1], *judged.effects]), None)
    if first is None:
        return f"{behaviour.word} is shown; no two cells differ in one factor."
    return effect_sentence(first)


def _is_change(effect: Contrast, changes: Sequence[Change]) -> bool:
    return any(
        change.factor in effect.pair.changed
        and {as_json(level) for level in effect.pair.changed[change.factor]}
        <= {as_json(level) for level in (*change.base, *change.to)}
        for change in changes
    )


def _not_shown(judged: Judged) -> str:
    """That no cell shows the behaviour, with the one that comes nearest."""
    planned = judged.verdict.planned
    behaviour = planned.behaviour
    if behaviour.changes:
        if not judged.changes:
            factors = " or ".join(dict.fromkeys(change.factor for change in behaviour.changes))
            return (
                f"no two cells differ in the levels of {factors} between which a {behaviour.word} is looked for "
                f"(behaviour.changes of conf/hypothesis/{planned.grid.cells[0].record.env}.yaml names them)"
            )
        near = judged.changes[0]
        lo = f"the largest lower bound is {100 * near.comparison.difference.lo:.1f}"
        return (
            f"no {behaviour.word} is shown above {100 * behaviour.above:.0f} points ({lo}, {_counts(near)})"
        )
    cells = [cell for cell in planned.grid.cells if cell.record.key not in planned.controls]
    rates = [(rate_of(cell.tally, measure), cell) for cell in cells for measure in behaviour.measures]
    rate, cell = max(rates, key=lambda pair: pair[0].lo)
    bound = f"the highest lower bound is {100 * rate.lo:.1f} %, {cell.record.label} {rate.k}/{rate.n}"
    return (
        f"no cell that is not a control shows {behaviour.word} above {100 * behaviour.above:.0f} % ({bound})"
    )


def explains(judged: Judged) -> str:
    """Which explanation leads, or why none does."""
    verdict = judged.verdict
    fitting = verdict.with_status("fits")
    if verdict.conclusion == "undetermined":
        return f"undetermined: {verdict.obstacle or 'no episode can be counted'}."
    if verdict.conclusion == "nothing to explain":
        return "no explanation is needed."
    if leader := verdict.leader:
        other = f"; {_named(fitting)}" if fitting else ""
        statement = leader.fit.bound.hypothesis.statement.partition(". ")[0].rstrip(".")
        return f"{leader.name} leads ({percent(leader.fit.share)} of the variation between cells{other}): {statement}."
    if verdict.conclusion == "several fit":
        return f"several fit, and these counts do not part them: {_named(fitting)}."
    if verdict.conclusion == "none leads":
        rival = fitting[0]
        share = percent(max(rival.fit.share, 0))
        return (
            f"{rival.name} fits and explains {share} of the variation, but does not lead: {rival.why_not}."
            f"{_left(judged)}"
        )
    if verdict.conclusion == "none put to the test":
        return "undetermined: no hypothesis was put to the test."
    return f"none of the {len(verdict.rivals)} hypotheses fits. {_unexplained(judged)}"


def _named(rivals: Sequence[Rival]) -> str:
    names = [f"{rival.name} {percent(max(rival.fit.share, 0))}" for rival in rivals[:NAMED]]
    return ", ".join(names) + (f" and {len(rivals) - NAMED} more" if len(rivals) > NAMED else "")


def _unexplained(judged: Judged) -> str:
    """The two largest effects that no hypothesis claims, else where the best one fails."""
    if left := _left(judged):
        return left.strip()
    best = judged.verdict.rivals[0]
    miss = judged.misfit(best)
    return f"{_named([best])}; it fails at {misfit_text(miss)}." if miss else ""


def _left(judged: Judged) -> str:
    """The two largest effects that no hypothesis claims."""
    rivals = judged.verdict.rivals
    left = [e for e in judged.shown_effects if not any(_claims(judged, rival, e) for rival in rivals)]
    named = " and ".join(f"{effect_text(effect)} ({_counts(effect)})" for effect in left[:2])
    return f" No rival predicts: {named}." if left else ""


def _claims(judged: Judged, rival: Rival, effect: Contrast) -> bool:
    pair = {effect.pair.base.record.key, effect.pair.treated.record.key}
    observed = judged.verdict.observed
    return observed is not None and any(
        {key for key, _ in claim.points} == pair and is_shown(observed, claim, judged.level)
        for claim in rival.fit.effects
    )


def _counts(effect: Contrast) -> str:
    return f"{effect.base.k}/{effect.base.n} -> {effect.treated.k}/{effect.treated.n}"


def misfit_text(seen: SeenClaim | None) -> str:
    """`stakes none -> replaced changes nothing, but 39/60 -> 55/60`."""
    return f"{seen.contrast_text} {seen.claim.prediction.text}, but {seen.counts_text}" if seen else ""


def settles(judged: Judged) -> str:
    """What to sample next, as overrides to type, and what that costs."""
    verdict = judged.verdict
    fitting, untested = verdict.with_status("fits"), verdict.with_status("not put to the test")
    if verdict.conclusion == "undetermined":
        return _missing(judged)
    if verdict.conclusion == "nothing to explain":
        return "it is settled for this model and these cells." if verdict.settled else _little(judged)
    if verdict.conclusion == "several fit":
        first, second, *_ = (rival.fit.bound.hypothesis for rival in fitting)
        return _parting(judged, first, [second])
    if verdict.conclusion == "none fits" or (verdict.conclusion == "none leads" and _left(judged)):
        return (
            "a hypothesis that predicts what these do not (a file in conf/hypothesis), tested on a new sweep."
        )
    leading, *others = [*verdict.with_status("leads"), *fitting, None]
    against = untested or [rival for rival in others[:1] if rival]
    if leading is None or not against:
        return "nothing more among these hypotheses: all were put to the test."
    return _parting(judged, leading.fit.bound.hypothesis, [rival.fit.bound.hypothesis for rival in against])


def _little(judged: Judged) -> str:
    """What is lacking where the behaviour is not shown: a control, or episodes."""
    if any(reading.applies and reading.worked is None for reading in judged.verdict.gates):
        return _missing(judged)
    return "more episodes of these cells: the intervals still leave room for it."


def _missing(judged: Judged) -> str:
    advice = [
        reading.gate.advice for reading in judged.verdict.gates if reading.applies and reading.worked is None
    ]
    if advice:
        return f"the control: {'; '.join(advice)}."
    return "nothing in this sweep: see the controls below." if judged.verdict.gates else "another model."


def _parting(judged: Judged, first: Hypothesis, others: Sequence[Hypothesis]) -> str:
    """The contrast that parts a hypothesis from most others, those that the grid lacks before those that it has."""
    parted: dict[str, list[str]] = {}
    by_selector: dict[str, Prediction] = {}
    for other in others:
        for prediction in would_part(first, other):
            if prediction.contrast is None:
                continue
            parted.setdefault(prediction.selector, []).append(other.name)
            by_selector.setdefault(prediction.selector, prediction)
    if not parted:
        return f"nothing that {first.name} and {', '.join(h.name for h in others)} predict parts them."
    best = max(
        parted,
        key=lambda selector: (
            _is_new(judged, by_selector[selector]),
            len(parted[selector]),
            len(by_selector[selector].where),
        ),
    )
    prediction, names = by_selector[best], parted[best]
    named = [hypothesis.name for hypothesis in others]
    rest = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    untested = bool(judged.verdict.with_status("not put to the test"))
    against = (
        ""
        if judged.verdict.conclusion == "several fit" or not untested
        else f"it was not tested against {', '.join(named[:NAMED])}{rest}; "
    )
    subject = "it" if against else first.name
    more = "" if _is_new(judged, prediction) else "more episodes of "
    overrides = overrides_of(prediction, judged.usual)
    parts = f"would part {subject} from {', '.join(names)} ({judged.price(prediction)})"
    return f"{against}{more}{overrides} {parts}."


def _is_new(judged: Judged, prediction: Prediction) -> bool:
    """Whether the grid has no such contrast yet."""
    planned = judged.verdict.planned
    measure = prediction.measure or planned.behaviour.measures[0]
    return not planned.selector.find(prediction, measure)
