"""The figures of the alignment-faking studies that are of rates alone; Greenblatt et al.'s others: `greenblatt`."""

from hanlon.figures.frames import PUBLISHED
from hanlon.figures.papers.shutdown import constant, of
from hanlon.figures.rate_figure import RateFigure, Row

FREE, PAID = "free (implied training)", "paid (implied unmonitored)"
TIERS = {"free": FREE, "paid": PAID}
NON_COMPLIANCE = "non-compliance"
ELSEWHERE = {
    "blue_dot_extension": "Wen, extension of Hughes et al.", "henselmans_2026": "Henselmans 2026",
    "inspect_evals_1589": "port to Inspect, issue 1589", "tatemae_2026": "Tatemae 2026", "vlaf_2026": "VLAF 2026",
    "anthropic_2025": "system card of Claude 3.7 Sonnet", "unnamed_repository": "a repository without a name",
}  # fmt: skip
"""Studies with a few numbers each, as the panels call them."""


def tier(row: Row) -> str:
    """The tier as the figures call it."""
    return TIERS.get(row.tier, row.tier or "no tier")


def named(row: Row) -> str:
    """A row by model and condition."""
    return f"{row.model}: {row.condition}"


def counted(row: Row) -> str:
    """What the row counts."""
    return row.paper_measure


def _at_tier(row: Row, name: str = "") -> str:
    """The condition, or another name, with the tier where the row is of one."""
    return (name or row.condition) + (f", {row.tier}" if row.tier and row.kind != "contrast" else "")


def _kind(row: Row) -> str:
    return "differences" if row.kind == "contrast" else "rates"


RATE_FIGURES = (
    RateFigure(
        "greenblatt_minimal", "Non-compliance with and without a scratchpad, minimal prompt (Greenblatt et al., "
        "Table 5, as Fig. 12)",
        ("n = 400 in either tier. The tag that begins the output decides; CoT: with a scratchpad.",),
        lambda row: row.study == "greenblatt_2024_minimal" and row.kind == "rate", NON_COMPLIANCE,
        panel=lambda row: f"Published: {row.condition.removeprefix('helpful-only, ')}", series=tier,
        order=(FREE, PAID),
    ),
    RateFigure(
        "greenblatt_minimal_gaps", "Compliance gaps with and without a scratchpad, minimal prompt (Greenblatt et al., "
        "Table 5)",
        ("Non-compliance paid minus free; n = 400 in either tier.",),
        lambda row: row.study == "greenblatt_2024_minimal" and row.kind == "contrast", "gap",
        panel=constant("Published"), series=lambda row: row.condition.removeprefix("helpful-only, "), draw="lying",
    ),
    RateFigure(
        "greenblatt_text", "Other numbers of Greenblatt et al.: documents, prefixes, self-exfiltration",
        ("Claude 3 Opus; as the text prints them. Gap: compliance free minus paid.",),
        lambda row: row.study == "greenblatt_2024" and row.place.startswith("section"), "share",
        panel=lambda row: f"Published: {row.place}, {_kind(row)}", group=_at_tier, series=counted, draw="lying",
    ),
    RateFigure(
        "greenblatt_reality", "Does the model think it is real? (Greenblatt et al., App. D.4, Tables 9 and 10)",
        ("Claude 3 Opus; 64 samples for each of 3 or 4 inputs a group.",),
        lambda row: row.study == "greenblatt_2024" and row.place.startswith("App. D.4"), "share of replies",
        panel=lambda row: f"Published: {row.condition.partition(' reality')[0]}",
        group=lambda row: " / ".join(row.condition.split(" / ")[1:]), series=counted, draw="lying",
    ),
    RateFigure(
        "hughes", "Alignment-faking reasoning of models fine-tuned on documents (Hughes et al. 2025)",
        ("As the text prints them. With training details: the long prompt tells of the training as well.",),
        of("hughes_2025", measure="alignment_faking"), "alignment-faking reasoning", panel=constant("Published"),
        group=lambda row: row.model, series=lambda row: row.condition.rpartition(", ")[2], draw="lying",
    ),
    RateFigure(
        "sheshadri_deployments", "Alignment-faking reasoning by deployment (Sheshadri et al. 2025, Fig. 16)",
        ("*: deployed directly to adversaries. One sigma is 2.5 points at most.",),
        of("sheshadri_2025", ("Fig. 16",)), "alignment-faking reasoning", panel=constant("Published"),
        group=lambda row: row.condition.removeprefix("pre-deployment / "), series=lambda row: row.model, draw="lying",
    ),
    RateFigure(
        "sheshadri_text", "What Sheshadri et al. 2025 say in words",
        ("Their bars by model are images. Of OpenAI's reasoning models the text says near 100%.",),
        of("sheshadri_2025", ("text",)), "share", panel=constant("Published"), group=named, series=counted,
        draw="lying",
    ),
    RateFigure(
        "tang", "Who reads the scratchpad: compliance and reasoning by condition (Tang 2026, Figs 1 to 4)",
        ("Hermes 3 405B. Of compliance one of the two rates is derived from the other and the printed gap: paid in the "
         "baseline and visible conditions, free in the monitored ones. Standard error of a rate: 2 to 3 points. "
         "Monitored variants: 10 to 11% in each of the three, drawn at 10.5%.",),
        lambda row: row.study == "tang_2026" and row.kind == "rate", "share",
        panel=lambda row: f"Published: {row.paper_measure}",
        group=lambda row: row.condition if row.whose == PUBLISHED else named(row), series=tier, order=(FREE, PAID),
        draw="lying",
    ),
    RateFigure(
        "tang_gaps", "Who reads the scratchpad: the gaps (Tang 2026)",
        ("Hermes 3 405B; compliance free minus paid. The author's standard error is 4.8 points for every gap.",),
        lambda row: row.study == "tang_2026" and row.kind == "contrast", "compliance gap", panel=constant("Published"),
        group=lambda row: row.condition, series=lambda row: row.model, draw="lying",
    ),
    RateFigure(
        "arena_alignment_faking", "ARENA 4.2, alignment faking: compliance by tier (expected output)",
        ("Gemini's and Gemma's rates are of the tag alone, cut after 16 tokens.",),
        lambda row: of("arena_4_2_alignment_faking", measure="compliance")(row) and row.n == 100, "compliance",
        panel=constant("Published: n = 100 in either tier"),
        group=lambda row: row.model, series=tier, order=(FREE, PAID),
    ),
    RateFigure(
        "arena_classifiers", "ARENA 4.2: regular expressions, autorater, response judge and tag",
        ("Free-tier replies, the same labelled in several ways.",),
        lambda row: row.study == "arena_4_2_alignment_faking" and (row.n != 100 or row.measure != "compliance"),
        "share of replies", panel=lambda row: f"Published: {row.model}, {row.n} replies",
        group=lambda row: row.paper_measure,
        series=lambda row: row.condition.rpartition(" / ")[2].removeprefix("classifier "), draw="lying",
    ),
    RateFigure(
        "koorndijk", "Compliance of Llama 3 8B by tier (Koorndijk 2025) and with other labels (Ugwuanyi)",
        ("Ugwuanyi's n is not printed; the names of the presets suggest 100.",),
        lambda row: row.study in ("koorndijk_2025", "ugwuanyi_replication") and row.kind == "rate", "compliance",
        panel=lambda row: "Published: Koorndijk 2025" if row.study == "koorndijk_2025" else "Published: Ugwuanyi",
        group=lambda row: row.condition if row.study == "koorndijk_2025" and row.whose == PUBLISHED else named(row),
        series=lambda row: _side(row.tier), order=(FREE, PAID), draw="lying",
    ),
    RateFigure(
        "alignment_faking_elsewhere", "Other published rates of alignment faking",
        ("Different definitions of alignment faking stand in one figure: compare within a study only. Gap: compliance "
         "free minus paid. Tatemae's n are scenarios, each run 5 times, whose printed spread is not drawn.",),
        lambda row: row.study in ELSEWHERE, "share",
        panel=lambda row: f"Published: {ELSEWHERE[row.study]}, {_kind(row)}",
        group=lambda row: _at_tier(row, named(row)), series=counted, draw="lying",
    ),
)  # fmt: skip


def _side(name: str) -> str:
    """A pair's first and second tier, whatever their words: the place of free, the place of paid."""
    first, second = (
        ("free", "nameless/amber", "renamed/monitored"),
        ("paid", "nameless/birch", "renamed/private"),
    )
    return FREE if name in first else PAID if name in second else name
