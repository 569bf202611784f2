"""The verdict: every prediction held, failed or undetermined; every hypothesis consistent, ruled out or undetermined.

Several hypotheses may be consistent (a mixture, or a grid that does not part them), and none may be: both are legal
ends. A hypothesis is ruled out by one failed prediction, and consistent when all that the grid tests of it held and
nothing of which it is silent moves what it explains (`sufficiency.py`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hanlon.analysis.contrasts.contrasts import BOSCHLOO_BUDGET
from hanlon.analysis.contrasts.grid import grids, subject
from hanlon.analysis.requests import Values, no_requests
from hanlon.analysis.stats.differences import holm
from hanlon.analysis.stats.equivalence import Result
from hanlon.hypotheses.claims import JudgedPrediction, could_flip, results, weigh
from hanlon.hypotheses.gates import GateReading, read_gate
from hanlon.hypotheses.matrix import Matrix, matrix_of
from hanlon.hypotheses.observation import Observation, observe
from hanlon.hypotheses.schema import Plan
from hanlon.hypotheses.sufficiency import Sufficiency, UnexplainedEffect
from hanlon.store.cells import CellState

HypothesisResult = Literal["consistent", "ruled out", "undetermined"]
ALPHA = 0.05
DEMO = "plumbing demo: the embedded model says nothing of what it was asked"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of the hypotheses that this grid cannot tell apart. `held` and `tested` count predictions.

    `unexplained` are the effects that leave it undetermined although all predictions held.
    """

    names: tuple[str, ...]
    result: HypothesisResult
    held: int
    tested: int
    because: str
    unexplained: tuple[UnexplainedEffect, ...] = ()


@dataclass(frozen=True, slots=True)
class GridVerdict:
    """The verdict on one model and protocol.

    `family` counts the different predictions that were corrected together. `preregistered` names the hypotheses that
    were written down before its episodes. `overrides` are those of the command that swept its cells.
    """

    matrix: Matrix
    gates: Sequence[GateReading]
    judged: Sequence[JudgedPrediction]
    findings: Sequence[Finding]
    family: int = 0
    preregistered: frozenset[str] = frozenset()
    overrides: Sequence[str] = ()

    @property
    def conclusion(self) -> str:
        """The verdict in one line."""
        return conclusion(self.findings)


def judge(
    cells: Sequence[CellState],
    plan: Plan,
    *,
    planned: int = 0,
    values: Values = no_requests,
    alpha: float = ALPHA,
    predicted: Collection[str] | None = None,
) -> list[GridVerdict]:
    """Judge the hypotheses of a plan by the stored cells of one sweep, one verdict for each model and protocol.

    Args:
        cells: the cells of the sweep, of the plan's environment.
        plan: hypotheses and controls.
        planned: the n that every cell was to have; below it nothing is determined.
        values: the values by request, where the cells have requests in common.
        alpha: of the family of all predictions of the sweep, by Holm; for claims and for failures each.
        predicted: the keys of the cells that predictions may be about, None for all; controls see every cell.
    """
    in_predictions = [cell for cell in cells if predicted is None or cell.record.key in predicted]
    matrices = [matrix_of(grid, plan.hypotheses) for grid in grids(in_predictions)]
    whole = {subject(grid.cells[0].record): grid for grid in grids(cells)}
    quick = _too_much_for_boschloo(matrices)
    judged = _corrected([each for matrix in matrices for each in _tested(matrix, values, quick=quick)])
    family = len({each.identity for each in judged})
    verdicts: list[GridVerdict] = []
    for matrix in matrices:
        grid = whole[subject(matrix.grid.cells[0].record)]
        gates = [read_gate(gate, grid) for gate in plan.gates]
        obstacle = _obstacle(matrix, gates)
        claims = {id(claim) for claim in matrix.claims}
        final = [_with_result(each, obstacle, planned, alpha) for each in judged if id(each.claim) in claims]
        enough = Sufficiency(matrix, plan.gates, values, planned, alpha, quick)
        verdicts.append(GridVerdict(matrix, gates, final, _findings(enough, final), family))
    return verdicts


def conclusion(findings: Sequence[Finding]) -> str:
    """What the findings come to: the hypotheses that stand, none of these, or nothing yet; then all the others."""
    by_result: dict[str, list[str]] = {"undetermined": [], "ruled out": [], "not tested": []}
    consistent: list[str] = []
    for finding in findings:
        name = " or ".join(finding.names)
        if finding.result == "consistent":
            consistent.append(name)
        else:
            untested = finding.result == "undetermined" and not finding.tested
            by_result["not tested" if untested else finding.result].append(name)
    rest = [f"{result}: {', '.join(names)}" for result, names in by_result.items() if names]
    if len(consistent) > 1:
        first = f"more than one stands, a mixture or not parted by this grid: {'; '.join(consistent)}"
    elif consistent:
        first = consistent[0]
    elif by_result["undetermined"]:
        return "; ".join(rest)
    elif by_result["ruled out"]:
        first = "none of those that this grid tests" if by_result["not tested"] else "none of these"
    else:
        first = "undetermined"
    return "; ".join([first, *rest])


def _too_much_for_boschloo(matrices: Sequence[Matrix]) -> bool:
    """Whether the whole family has Fisher's test, so that no two predictions differ in it; see `contrasts`."""
    pairs = {
        claim.instance.key: [cell.tally.episodes for cell in claim.instance.cells]
        for matrix in matrices
        for claim in matrix.claims
    }
    return sum(n[0] * n[1] for n in pairs.values() if len(n) == 2) > BOSCHLOO_BUDGET


def _tested(matrix: Matrix, values: Values, *, quick: bool) -> list[JudgedPrediction]:
    seen: dict[tuple[object, ...], Observation] = {}
    judged: list[JudgedPrediction] = []
    for claim in matrix.claims:
        key = claim.instance.key
        if key not in seen:
            seen[key] = observe(claim.instance, values, quick=quick)
        test = weigh(claim.prediction, seen[key], matrix.rivals_allow(claim))
        judged.append(JudgedPrediction(claim, seen[key], test, test.holds, test.fails, "undetermined"))
    return judged


def _corrected(judged: Sequence[JudgedPrediction]) -> list[JudgedPrediction]:
    """Holm over the different predictions: one that two hypotheses share is one test."""
    family: dict[tuple[object, ...], JudgedPrediction] = {}
    for each in judged:
        family.setdefault(each.identity, each)
    keys = list(family)
    holds = dict(zip(keys, holm([family[key].test.holds for key in keys]), strict=True))
    fails = dict(zip(keys, holm([family[key].test.fails for key in keys]), strict=True))
    return [replace(e, p_holds=holds[e.identity], p_fails=fails[e.identity]) for e in judged]


def _obstacle(matrix: Matrix, gates: Sequence[GateReading]) -> str:
    if matrix.grid.cells[0].record.endpoint == "embedded":
        return DEMO
    return "; ".join(gate.obstacle for gate in gates if gate.obstacle)


def _with_result(each: JudgedPrediction, obstacle: str, planned: int, alpha: float) -> JudgedPrediction:
    """The result of one prediction, after everything that is in its way."""
    short = [c for c in each.claim.instance.cells if c.tally.episodes < planned]
    if obstacle:
        return replace(each, reason=obstacle)
    if short:
        sampled = min(cell.tally.episodes for cell in short)
        return replace(each, reason=f"{sampled} of {planned} planned episodes")
    holds, fails = each.p_holds < alpha, each.p_fails < alpha
    if each.test.lacks and not holds and not fails:
        return replace(each, reason=each.test.lacks)
    if holds and fails:
        return replace(each, reason="an effect, but smaller than what matters")
    if not holds and not fails:
        return replace(each, reason="the interval allows either")
    if could_flip(each.claim.prediction, each.seen, holds=holds):
        return replace(each, reason="the exclusions could turn it")
    return replace(each, result="held" if holds else "failed")


def _findings(enough: Sufficiency, judged: Sequence[JudgedPrediction]) -> list[Finding]:
    matrix = enough.matrix
    by_name = {hypothesis.name: hypothesis for hypothesis in matrix.hypotheses}
    findings: list[Finding] = []
    for group in matrix.groups:
        finding = _finding(tuple(group), list(results(judged, group[0]).values()))
        if finding.result == "consistent":
            predictions = [each for each in judged if each.claim.hypothesis.name == group[0]]
            finding = _with_unexplained(finding, enough.unexplained(by_name[group[0]], predictions))
        findings.append(finding)
    return findings


def _with_unexplained(finding: Finding, effects: Sequence[UnexplainedEffect]) -> Finding:
    if not effects:
        return finding
    silent = list(dict.fromkeys(effect.factor for effect in effects if effect.factor))
    name = " or ".join(finding.names)
    reasons = [f"{name} says nothing of {', '.join(silent)}, which may play a part"] if silent else []
    if any(not effect.factor for effect in effects):
        reasons.append(f"an absence is not shown to be small beside the effects of {name}")
    held = f"all {finding.held} predictions" if finding.held > 1 else "its prediction"
    because = f"{held} held, but {' and '.join(reasons)}"
    return replace(finding, result="undetermined", because=because, unexplained=tuple(effects))


def _finding(names: tuple[str, ...], ended: Sequence[Result]) -> Finding:
    held, failed, total = ended.count("held"), ended.count("failed"), len(ended)
    if not total:
        return Finding(names, "undetermined", 0, 0, "predicts nothing of this grid")
    if failed:
        return Finding(names, "ruled out", held, total, f"{failed} of {total} predictions failed")
    if held == total:
        return Finding(names, "consistent", held, total, f"all {total} predictions held")
    return Finding(names, "undetermined", held, total, f"{held} of {total} predictions held, none failed")
