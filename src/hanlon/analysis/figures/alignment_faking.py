"""The figures of the alignment-faking studies that are of rates alone; Greenblatt et al.'s others: `greenblatt`."""

from hanlon.analysis.figures.rate_figure import RateFigure, Row
from hanlon.analysis.figures.shutdown import MARKS, OWN, constant, either, of
from hanlon.analysis.figures.theme import PUBLISHED

FREE, PAID = "free (implied training)", "paid (implied unmonitored)"
TIERS = {"free": FREE, "paid": PAID}
NON_COMPLIANCE = "non-compliance"
SCATTERED = ("henselmans_2026", "inspect_evals_1589", "tatemae_2026", "vlaf_2026", "anthropic_2025",
             "unnamed_repository")  # fmt: skip
"""Studies with a few numbers each."""


def tier(row: Row) -> str:
    """The tier as the figures call it."""
    return TIERS.get(row.tier, row.tier or "no tier")


def named(row: Row) -> str:
    """A row by model and condition."""
    return f"{row.model}: {row.condition}"


def what(row: Row) -> str:
    """What the row counts, a gap told from a rate."""
    return f"{row.paper_measure} (free minus paid)" if row.kind == "contrast" else row.paper_measure


def _kind(row: Row) -> str:
    return "differences, in points" if row.kind == "contrast" else "rates"


RATE_FIGURES = (
    RateFigure(
        "greenblatt_minimal", "Non-compliance with and without a scratchpad, minimal prompt (Greenblatt et al., "
        "Table 5, as Fig. 12)",
        (MARKS, "Whiskers: 95% Wilson intervals, computed from the inferred k of n = 400. The tag that begins the "
         "output decides.", OWN),
        lambda row: row.study == "greenblatt_2024_minimal" and row.kind == "rate", NON_COMPLIANCE,
        panel=lambda row: f"Published: {row.condition.removeprefix('helpful-only, ')}", series=tier,
        order=(FREE, PAID),
    ),
    RateFigure(
        "greenblatt_minimal_gaps", "Compliance gaps with and without a scratchpad, minimal prompt (Table 5)",
        ("Non-compliance paid minus free, in points; n = 400 in either tier, no k: a difference has none. No interval "
         "was printed.",),
        lambda row: row.study == "greenblatt_2024_minimal" and row.kind == "contrast", "gap",
        panel=constant("Published"), series=lambda row: row.condition.removeprefix("helpful-only, "), draw="lying",
    ),
    RateFigure(
        "greenblatt_text", "Other numbers of Greenblatt et al.: documents, prefixes, self-exfiltration",
        ("As the text prints them, without n or interval.",),
        lambda row: row.study == "greenblatt_2024" and row.place.startswith("section"), "share, or difference",
        panel=lambda row: f"Published: {row.place}, {_kind(row)}",
        group=lambda row: f"{row.condition} {row.tier}".strip(), series=what, draw="lying",
    ),
    RateFigure(
        "greenblatt_reality", "Does the model think it is real? (Greenblatt et al., App. D.4, Tables 9 and 10)",
        ("Claude 3 Opus; 64 samples for each of 3 or 4 inputs a group; no n of replies was printed.",),
        lambda row: row.study == "greenblatt_2024" and row.place.startswith("App. D.4"), "share of replies",
        panel=lambda row: f"Published: {row.condition.partition(' reality')[0]}",
        group=lambda row: " / ".join(row.condition.split(" / ")[1:]), series=what, draw="lying",
    ),
    RateFigure(
        "hughes", "Alignment-faking reasoning of models fine-tuned on documents (Hughes et al. 2025)",
        ("As the text prints them, without n or interval. Training details: the long prompt says of the training.",),
        of("hughes_2025", measure="alignment_faking"), "alignment-faking reasoning", panel=constant("Published"),
        group=lambda row: row.model, series=lambda row: row.condition.rpartition(", ")[2], draw="lying",
    ),
    RateFigure(
        "sheshadri_deployments", "Alignment-faking reasoning by deployment (Sheshadri et al. 2025, Fig. 16)",
        (MARKS, "n = 400; no k was printed. *: deployed directly to adversaries. One sigma is 2.5 points at most.",
         OWN),
        of("sheshadri_2025", ("Fig. 16",)), "alignment-faking reasoning", panel=constant("Published"),
        group=lambda row: row.condition.removeprefix("pre-deployment / "), series=lambda row: row.model, draw="lying",
    ),
    RateFigure(
        "sheshadri_text", "What Sheshadri et al. 2025 say in words", ("Their bars by model are images.",),
        of("sheshadri_2025", ("text",)), "share", panel=constant("Published"), group=named, series=what, draw="lying",
    ),
    RateFigure(
        "tang", "Who reads the scratchpad: compliance and reasoning by condition (Tang 2026, Figs 1 to 4)",
        (MARKS, "Hermes 3 405B, n = 200 in either tier; no k. In the monitored conditions one of the two compliance "
         "rates is derived from the other and the gap. Standard error of a rate 2 to 3 points.", OWN),
        lambda row: row.study == "tang_2026" and row.kind == "rate", "share",
        panel=lambda row: f"Published: {row.paper_measure}",
        group=lambda row: row.condition if row.whose == PUBLISHED else named(row), series=tier, order=(FREE, PAID),
    ),
    RateFigure(
        "tang_gaps", "Who reads the scratchpad: the gaps (Tang 2026)",
        ("Compliance free minus paid, in points; whiskers: the author's standard error, 4.8 points for every gap.",),
        lambda row: row.study == "tang_2026" and row.kind == "contrast", "compliance gap", panel=constant("Published"),
        group=lambda row: row.condition, series=lambda row: row.model, draw="lying",
    ),
    RateFigure(
        "arena_alignment_faking", "ARENA 4.2, alignment faking: compliance by tier (expected output)",
        (MARKS, "Whiskers: 95% Wilson intervals. Gemini's and Gemma's rates are of the tag alone, cut after 16 tokens.",
         OWN),
        lambda row: of("arena_4_2_alignment_faking", measure="compliance")(row) and row.n == 100, "compliance",
        panel=constant("Published: n = 100 in either tier"),
        group=lambda row: row.model, series=tier, order=(FREE, PAID),
    ),
    RateFigure(
        "arena_classifiers", "ARENA 4.2: regular expressions, autorater, response judge and tag",
        (MARKS, "Free-tier replies labelled in two ways. Whiskers: 95% Wilson intervals, computed from k and n."),
        lambda row: row.study == "arena_4_2_alignment_faking" and (row.n != 100 or row.measure != "compliance"),
        "share of replies", panel=lambda row: f"Published: {row.model}, {row.n} replies",
        group=lambda row: row.paper_measure,
        series=lambda row: row.condition.rpartition(" / ")[2].removeprefix("classifier "), draw="lying",
    ),
    RateFigure(
        "koorndijk", "Compliance of Llama 3 8B by tier (Koorndijk 2025) and with other labels (Ugwuanyi)",
        (MARKS, "Whiskers: 95% Wilson intervals, computed from k and n. Ugwuanyi printed rates only, n = 100 inferred.",
         OWN),
        lambda row: row.study in ("koorndijk_2025", "ugwuanyi_replication") and row.kind == "rate", "compliance",
        panel=lambda row: "Published: Koorndijk 2025" if row.study == "koorndijk_2025" else "Published: Ugwuanyi",
        group=lambda row: row.condition if row.study == "koorndijk_2025" and row.whose == PUBLISHED else named(row),
        series=lambda row: _side(row.tier), order=(FREE, PAID),
    ),
    RateFigure(
        "alignment_faking_elsewhere", "Other published rates of alignment faking",
        (MARKS, "Different definitions of alignment faking stand in one figure: compare within a study only. Whiskers: "
         "95% Wilson intervals where there are counts."),
        either(of("blue_dot_extension"), lambda row: row.study in SCATTERED), "share, or difference",
        panel=lambda row: f"Published: {row.study}, {_kind(row)}",
        group=lambda row: named(row) + (f" ({row.tier})" if row.tier else ""), series=what, draw="lying",
    ),
)  # fmt: skip


def _side(name: str) -> str:
    """A pair's first and second tier, whatever their words: the place of free, the place of paid."""
    first, second = (
        ("free", "nameless/amber", "renamed/monitored"),
        ("paid", "nameless/birch", "renamed/private"),
    )
    return FREE if name in first else PAID if name in second else name
