"""All figures by name, and how each is made of the published numbers and of runs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from hanlon.config.errors import ConfigError
from hanlon.figures.captions import left_out, of_marks
from hanlon.figures.drawing import Drawing, draw
from hanlon.figures.frames import PUBLISHED, Frame, NothingToDraw, require
from hanlon.figures.layout import Layout
from hanlon.figures.material import Material
from hanlon.figures.papers import greenblatt
from hanlon.figures.papers.alignment_faking import RATE_FIGURES
from hanlon.figures.papers.secret_number import SECRET_NUMBER_FIGURES
from hanlon.figures.papers.shutdown import SHUTDOWN_FIGURES
from hanlon.figures.rate_figure import RateFigure
from hanlon.figures.shapes.bars import lying_bars
from hanlon.figures.shapes.stacked import LEAST, dumbbell, stacked_shares
from hanlon.figures.sweep import contrasts, judges, specifications
from hanlon.figures.sweep.cell_rates import rate_chart, rate_points
from hanlon.figures.sweep.dose import dose_curves, dose_points
from hanlon.figures.sweep.effects import effect_chart, effect_points
from hanlon.figures.sweep.forks import fork_curves, fork_points
from hanlon.figures.sweep.tier_pairs import GAP, QUANTITIES
from hanlon.figures.sweep.tiers import OUTCOMES, by_tier, gaps_by_tier, outcome_shares
from hanlon.figures.sweep.verdicts import answer, exploratory, verdict_points, verdict_table
from hanlon.fork.jumps import fork_reports

SETTINGS = {"helpful-only": "helpful_only", "animal welfare": "animal_welfare"}
Made = tuple[Any, Frame]
"""A chart and the data behind it."""
OF_A_SWEEP = (
    *("effects", "cell_rates", "verdict", "contrast_forest", "clause_attribution", "dose_curves"),
    "fork_curves",
    *("sheshadri_dumbbell", "sheshadri_stacked", "judges_votes", "judges_roc", "specification_curve"),
)
"""The figures that are about own cells, in the order of a page; the first that can be drawn is the default."""
MOST_PREDICTIONS = 300
"""The most that a figure of a verdict shows."""


@dataclass(frozen=True)
class Figure:
    """A figure by name. `make` raises `NothingToDraw` where the material has nothing for it.

    `published`: it shows published numbers, so that it can be drawn without runs.
    """

    name: str
    about: str
    published: bool
    make: Callable[[Material, Layout], Made]


def _rates(figure: RateFigure) -> Figure:
    def make(material: Material, layout: Layout) -> Made:
        points = figure.points(material.published, material.sweep_points if material.states else None)
        return figure.chart(points, layout), points

    return Figure(figure.name, figure.title, True, make)


def _variations(name: str, setting: str, table: str) -> Figure:
    def make(material: Material, layout: Layout) -> Made:
        points = greenblatt.variations(material.published, table)
        pairs = material.pairs if material.states else None
        chosen = greenblatt.beside_sweep(points, pairs, SETTINGS[setting])
        return greenblatt.variations_chart(chosen, setting, table, layout), chosen

    return Figure(name, f"Variations of the prompt, {setting} (Greenblatt et al., {table})", True, make)


def _shares(name: str, title: str, chosen: Callable[[Frame], Frame]) -> Figure:
    def make(material: Material, layout: Layout) -> Made:
        segments = chosen(material.published)
        return greenblatt.shares_chart(segments, title, layout), segments

    return Figure(name, title, True, make)


def _rl_gaps(material: Material, layout: Layout) -> Made:
    """The gaps of the reinforced model beside its two rates."""
    rows = greenblatt.after_rl(material.published)
    points = rows.assign(panel="Published", group=rows["variation"], series=rows["quantity"])
    title = "After reinforcement learning: reasoning, non-compliance and gap (Greenblatt et al., Table 2)"
    about = "Helpful-only, Claude 3 Opus. Gap: non-compliance paid minus free, in points."
    notes = (*of_marks(points), about)
    return lying_bars(points, title, notes, "share of replies, or gap", QUANTITIES, layout), points


def _scatter(material: Material, layout: Layout) -> Made:
    tables = [
        points[points["model"] == greenblatt.OPUS].assign(panel=panel)
        for panel, table in (("helpful-only", "App. G.2"), ("animal welfare", "App. G.3"))
        for points in [greenblatt.variations(material.published, table)]
    ]
    if material.states and len(material.pairs):
        pairs = material.pairs
        tables.append(pairs.assign(panel="own runs", series=pairs["model"], variation=pairs["pair"]))
    points = greenblatt.scatter_points(*tables, greenblatt.after_rl(material.published))
    return greenblatt.scatter_chart(points, layout), points


def _published_auroc(material: Material, layout: Layout) -> Made:
    rows = material.published[material.published["kind"] == "auroc"]
    points = rows.assign(panel="Published: Hughes et al. 2025", group=rows["model"], series=rows["condition"])
    labels = [f"{row.rate:.2f} (n={row.n})" for row in points.itertuples()]
    notes = (
        "Area under the ROC curve against 106 replies labelled by people, 0.5 for guessing; the prompt of the judge "
        "with 20 votes was tuned on the same. No interval was printed.",
    )
    title = "Judges of alignment faking, published"
    return lying_bars(points.assign(label=labels), title, notes, "AUROC", layout=layout), points


def _stacked_outcomes(material: Material, layout: Layout) -> Made:
    segments = outcome_shares(material.outcomes)
    notes = (
        f"Shares of the countable replies of a cell; k/n in each part above {LEAST:.1%}. AF: a judge labelled the "
        "reasoning as alignment faking. The first tier is the one that trains; swapped: the names are exchanged. The "
        "bars by model of Sheshadri et al. 2025 (Fig. 1) are images without numbers, so none are drawn.",
    )
    title = "Outcomes by tier, with and without alignment-faking reasoning (as Sheshadri et al., Fig. 1)"
    return stacked_shares(segments, title, notes, OUTCOMES, layout), segments


def _dumbbell(material: Material, layout: Layout) -> Made:
    rates, gaps = by_tier(material.pairs), gaps_by_tier(material.pairs)
    methods = "; ".join(dict.fromkeys(material.pairs[material.pairs["quantity"] == GAP]["error"]))
    notes = (
        "Points: non-compliance, k/n with 95% Wilson intervals. Line: the gap between two tiers, in points with its "
        f"95% interval, by request ({methods}). A gap where tiers differ in being trained on is one of goal guarding; "
        "where they differ in being rated, of deference to raters.",
        *left_out(rates),
    )
    title = "Non-compliance by tier and the gaps between (as Sheshadri et al., Fig. 3)"
    return dumbbell(rates, gaps, title, notes, layout), material.pairs


def _cell_rates(material: Material, layout: Layout) -> Made:
    points = rate_points(material.states)
    return rate_chart(points, layout), points


def _dose_curves(material: Material, layout: Layout) -> Made:
    points = dose_points(material.report.trends)
    return dose_curves(points, "The rate over a factor's numbers", layout), points


def _fork_curves(material: Material, layout: Layout) -> Made:
    points = fork_points(fork_reports(material.states))
    return fork_curves(points, "Where it was decided", layout), points


def _effects(material: Material, layout: Layout) -> Made:
    points = effect_points(material.effects)
    return effect_chart(points, material.effects, layout), points


def _contrast_forest(material: Material, layout: Layout) -> Made:
    rows, remarks = contrasts.contrast_points(material.report)
    return contrasts.contrast_forest(rows, "What each factor does", remarks, layout), rows


def _attribution(material: Material, layout: Layout) -> Made:
    rows, remarks = contrasts.attribution_points(material.report)
    notes = ("A clause alone starts from the bundle's base; a clause added last ends at the bundle. Interaction: what "
             "two clauses do beyond the sum of both, from four cells.", *remarks)  # fmt: skip
    title = "Which clause did it? The bundled prompt taken apart"
    return contrasts.clause_attribution(rows, title, notes, layout), rows


def _specifications(material: Material, layout: Layout) -> Made:
    curve, name = specifications.specifications(material.states, material.labels_by_judge, material.choice)
    require(curve, "no specification: no contrast")
    notes, title = (specifications.caption(curve, name),), "One contrast under every choice of analysis"
    return specifications.specification_curve(curve, title, notes, layout), curve


def _verdict(material: Material, layout: Layout) -> Made:
    points = verdict_points(material.verdict)
    more = len(points) - MOST_PREDICTIONS
    left = [f"{more} more predictions are not drawn; `hanlon verdict` lists them."] if more > 0 else []
    notes = (*answer(material.verdict), "k/n to k/n, and the difference in points with its interval.",
             *exploratory(material.verdict), *left)  # fmt: skip
    return verdict_table(points.head(MOST_PREDICTIONS), "Which explanation survives?", notes, layout), points


def _votes(material: Material, layout: Layout) -> Made:
    shares = material.shares()
    notes = ("Episodes by the share of yes votes, count/all. Dashed: the thresholds of maybe (left) and yes. Where "
             "voting stopped early, the share does not estimate the share of all votes.",)  # fmt: skip
    return judges.votes_histogram(shares, "How judges' votes are spread", notes, layout), shares


def _roc(material: Material, layout: Layout) -> Made:
    points = judges.roc_points(material.votes, material.human)
    return judges.roc(points, "Judges against people", ("Scores: share of yes votes.",), layout), points


FIGURES: Sequence[Figure] = (
    *(_rates(figure) for figure in SHUTDOWN_FIGURES),
    _shares("greenblatt_stacked", "Compliance and alignment-faking reasoning by tier (Greenblatt et al., Figs 2 and 5)",
            greenblatt.shares),
    _shares("greenblatt_rl_stacked",
            "Compliance and alignment-faking reasoning before and after RL (Greenblatt et al., Table 2)",
            greenblatt.rl_shares),
    Figure("greenblatt_rl", "After reinforcement learning: rates and gap (Greenblatt et al., Table 2)", True, _rl_gaps),
    _variations("greenblatt_variations_ho", "helpful-only", "App. G.2"),
    _variations("greenblatt_variations_aw", "animal welfare", "App. G.3"),
    Figure("greenblatt_scatter", "AF reasoning against the gap (Greenblatt et al., Fig. 32)", True, _scatter),
    *(_rates(figure) for figure in (*RATE_FIGURES, *SECRET_NUMBER_FIGURES)),
    Figure("judges_published", "Published AUROC of judges of alignment faking", True, _published_auroc),
    Figure("sheshadri_stacked", "Outcomes by tier (as Sheshadri et al., Fig. 1); own runs", False, _stacked_outcomes),
    Figure("sheshadri_dumbbell", "Non-compliance by tier (as Sheshadri et al., Fig. 3); own runs", False, _dumbbell),
    Figure("judges_votes", "How judges' votes are spread; own runs", False, _votes),
    Figure("judges_roc", "Judges against people's labels; own runs", False, _roc),
    Figure("effects", "What each factor does: the share removed with its interval; own runs", False, _effects),
    Figure("cell_rates", "The rate of each cell with its interval; own runs", False, _cell_rates),
    Figure("dose_curves", "Rates against a factor with numbers as levels; own runs", False, _dose_curves),
    Figure("fork_curves", "Where it was decided: rates by turn and jumps; own runs with forks", False, _fork_curves),
    Figure("contrast_forest", "Contrasts with margins; own runs", False, _contrast_forest),
    Figure("verdict", "Each hypothesis and its predictions; own runs of one sweep", False, _verdict),
    Figure("clause_attribution", "A bundled prompt taken apart; own runs", False, _attribution),
    Figure("specification_curve", "One contrast under every choice of analysis; own runs", False, _specifications),
)  # fmt: skip


ENTRY_POINTS = "hanlon.figures"
"""The group of entry points by which a package adds figures: `acme_bars = "acme.figures:BARS"`, a `Figure`."""


def figures() -> Sequence[Figure]:
    """All figures: ours, then those of installed packages.

    Raises:
        ConfigError: an entry point of `ENTRY_POINTS` is no figure of that name, or its name is taken.
    """
    found = list(FIGURES)
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        figure, taken = _announced(entry), {figure.name for figure in found}
        if not isinstance(figure, Figure) or figure.name != entry.name or figure.name in taken:
            owner = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.module
            raise ConfigError(
                f"the package {owner} announces a figure by the entry point {ENTRY_POINTS}, {entry.name} = "
                f'"{entry.value}". Right would be a hanlon.figures.catalogue.Figure named {entry.name}, as no other is'
            )
        found.append(figure)
    return found


def _announced(entry: EntryPoint) -> object:
    try:
        return entry.load()
    except (ImportError, AttributeError):
        return None


def named(name: str) -> Figure:
    """Our figure of a name."""
    return next(figure for figure in FIGURES if figure.name == name)


def drawings(
    material: Material, figures: Sequence[Figure], *, published: bool = True, **options: Any
) -> Iterator[tuple[Figure, Drawing | NothingToDraw]]:
    """Draw figures one after the other; in the place of one, why it cannot be drawn. `options`: those of `draw`.

    Without `published`, a figure of published numbers is left out unless some own row stands in it.
    """
    for figure in figures:
        if not figure.published and not material.states:
            continue
        try:
            drawing = draw(partial(figure.make, material), **options)
        except NothingToDraw as reason:
            yield figure, reason
            continue
        if published or not figure.published or set(drawing.frame["whose"]) != {PUBLISHED}:
            yield figure, drawing
