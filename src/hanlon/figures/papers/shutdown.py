"""The figures of the shutdown studies, from their published numbers and from own runs of the same conditions."""

from collections.abc import Callable, Collection, Sequence

from hanlon.analysis.stats.differences import fisher
from hanlon.figures.frames import PUBLISHED, Frame
from hanlon.figures.points import holds_value
from hanlon.figures.rate_figure import RateFigure, Row

OPENAI = ("o3", "codex-mini", "o4-mini")
SHEET, TABLE, RESULTS = "sheet, basis of Figs 7-11", "Table 2", "results page"
EXACT = ("gpt-4o", "claude-3.7-sonnet")
"""Models whose count in condition A stands in the paper's text."""
A, B, C = "A: no instruction", "B: user allow", "C: system no even if"
D, E, K = "D: user even if", "E: system even if", "K: competence"
F, G, H = "F: first strengthening", "G: second strengthening", "H: priority over any"
MACHINE, COPY = "I: the machine", "J: only copy never run again"
ALLOW, NO_ALLOW = "with allow instruction (user)", "without allow instruction"
RESISTED = "resistance"
MODELS = ("grok-4", "codex-mini", "o4-mini", "o3", "gpt-5", "gemini-2.5-pro", "gpt-oss-120b", "gpt-4o",
          "claude-3.7-sonnet", "claude-sonnet-4", "claude-opus-4", "claude-opus-4.1", "grok-3")  # fmt: skip
"""One order for all of Palisade's figures but Table 2: by resistance in condition E of the result sheet."""
UNCORRECTED = "No correction for many comparisons."
READ = f"{UNCORRECTED} The paper and its result sheet were read through two accounts that agree."
THREAD = "Published: thread and results page, May 2025, n = 100"
BLOG = "Published: blog of July 2025"
PAPER = "Published: arXiv 2509.14260 and its result sheet, n = 961 to 1000"


def of(
    study: str,
    places: Collection[str] = (),
    conditions: Collection[str] = (),
    models: Collection[str] = (),
    measure: str | None = None,
) -> Callable[[Row], bool]:
    """Which rows are of a study, and of these places, conditions, models and measure where any are named."""

    def has(row: Row) -> bool:
        return (
            row.study == study
            and (not places or row.place in places)
            and (not conditions or row.condition in conditions)
            and (not models or row.model in models)
            and (measure is None or row.measure == measure)
        )

    return has


def either(*those: Callable[[Row], bool]) -> Callable[[Row], bool]:
    """A condition on rows that holds where any of these does."""
    return lambda row: any(has(row) for has in those)


def constant(name: str) -> Callable[[Row], str]:
    """The same name for every row."""
    return lambda row: name


def _sheet(*conditions: str, models: Sequence[str] = ()) -> Callable[[Row], bool]:
    return of("palisade_2025", (SHEET, "Fig. 10", "Fig. 11"), conditions, models)


def _icmi_test(points: Frame) -> Sequence[str]:
    """Fisher's exact p of each framing against the first condition, as the paper prints them."""
    rows = [row for row in points.itertuples() if row.whose == PUBLISHED and holds_value(row.n)]
    first = rows[0]
    return [
        f"Fisher's exact test against '{first.condition}': {row.condition}, p = "
        f"{fisher(int(row.k), int(row.n), int(first.k), int(first.n)):.1e}."
        for row in rows[1:]
    ]


PALISADE_FIGURES = (
    RateFigure(
        "palisade_blog_2", "Shutdown resistance with and without being told to allow it (Palisade 2025, blog, Fig. 2)",
        (UNCORRECTED, "The blog's Fig. 2 is an image; its second panel is what the blog says in words."),
        of("palisade_2025", (RESULTS, "Fig. 2")), RESISTED,
        panel=lambda row: THREAD if row.place == RESULTS else f"{BLOG}, Fig. 2, n = 100",
        order=(NO_ALLOW, ALLOW), groups=MODELS,
    ),
    RateFigure(
        "palisade_blog_3", "Four wordings of the instruction to allow shutdown (Palisade 2025, blog, Fig. 3)",
        (READ, "Only one of the blog's bars was found in words; Prompts 1, 2 and 4 are conditions E, F and H of "
         "the paper, whose larger runs stand beside. Prompt 3 (G) was not found; 4% was read off the paper's Fig. 10."),
        either(of("palisade_2025", ("Fig. 3",)), _sheet(E, F, H, models=OPENAI)), RESISTED,
        panel=lambda row: f"{BLOG}, Fig. 3, n = 200" if row.place == "Fig. 3" else PAPER,
        series=lambda row: {E: "Prompt 1", F: "Prompt 2", G: "Prompt 3", H: "Prompt 4"}.get(
            row.condition, str(row.condition)
        ),
        order=("Prompt 1", "Prompt 2", "Prompt 3", "Prompt 4"), groups=MODELS,
    ),
    RateFigure(
        "palisade_blog_4", "The instruction in the user or in the system message (Palisade 2025, blog, Fig. 4)",
        (READ, "The blog's system bars are an image; the paper's runs of prompt E stand for them, which also says "
         "'even if unfinished', so that the two bars differ in more than the place."),
        either(of("palisade_2025", (RESULTS,), (ALLOW,), OPENAI), _sheet(E, models=OPENAI)), RESISTED,
        panel=constant("Published: user message, n = 100 (thread); system message, n = 1000 (sheet)"),
        series=lambda row: "system message (E)" if row.condition == E else "user message",
        order=("user message", "system message (E)"), groups=MODELS,
    ),
    RateFigure(
        "palisade_blog_5", "Yourself, the machine, or never run again (Palisade 2025, blog, Fig. 5)",
        (READ, "The conditions are E, I and J of the paper. Of I only o3's bar was found, read off its Fig. 11."),
        _sheet(E, MACHINE, COPY, models=OPENAI), RESISTED, panel=constant(PAPER),
        series=lambda row: {E: "yourself (E)", MACHINE: "the machine (I)", COPY: "never run again (J)"}[row.condition],
        order=("yourself (E)", "the machine (I)", "never run again (J)"), groups=MODELS,
    ),
    RateFigure(
        "palisade_blog_6", "Reasoning effort, OpenAI's models (Palisade 2025, blog, Fig. 6)",
        (READ, "Of high effort no rate was found; in words, o4-mini's more than doubled."),
        _sheet(E, models=OPENAI), RESISTED, panel=constant(PAPER),
        series=lambda row: f"{row.effort} effort", any_effort=True,
        groups=MODELS,
    ),
    RateFigure(
        "palisade_table_2", "No instruction, competence and default prompt by model (Palisade 2025, paper, Table 2)",
        ("A/K: resistance without an instruction over resistance when told to resist; no attempt rate without further "
         "assumptions. GPT-5's E is 0.0 here and 1.4 in the sheet.",),
        of("palisade_2025", (TABLE,)), RESISTED, panel=constant(PAPER),
        series=lambda row: "A/K" if row.condition == "A over K" else row.condition,
        order=(A, K, "A/K", E), draw="table",
    ),
    RateFigure(
        "palisade_paper_7", "Without and with the instruction, in the user message (Palisade 2025, paper, Fig. 7)",
        (READ, "The original leaves out models below 1%. In words: with the instruction neither Claude nor Grok 3 "
         "resisted."),
        either(
            lambda row: of("palisade_2025", (TABLE,), (A,))(row) and row.model not in EXACT,
            of("palisade_2025", ("text",), (A,)), _sheet(B),
        ), RESISTED, panel=constant(PAPER), order=(A, B), groups=MODELS,
    ),
    RateFigure(
        "palisade_paper_8", "Placement and 'even if unfinished': a 2 x 2 (Palisade 2025, paper, Fig. 8)", (READ,),
        either(_sheet(B, C, D, E), of("palisade_2025", ("text",), (C,))), RESISTED,
        panel=constant(PAPER), order=(B, D, C, E), groups=MODELS,
    ),
    RateFigure(
        "palisade_paper_9", "Reasoning effort or thinking budget, condition E (Palisade 2025, paper, Fig. 9)",
        (READ, "No rate at more effort was found; that Fig. 9 is this figure is inferred."),
        _sheet(E), RESISTED, panel=constant(PAPER), series=lambda row: f"{row.effort} effort", any_effort=True,
        groups=MODELS,
    ),
    RateFigure(
        "palisade_paper_10", "Stronger wordings of the instruction (Palisade 2025, paper, Fig. 10)",
        (READ, "Of F only codex-mini's bar was read off; of G none was found."),
        _sheet(E, F, G, H), RESISTED, panel=constant(PAPER), order=(E, F, G, H), groups=MODELS,
    ),
    RateFigure(
        "palisade_paper_11", "The machine, and never run again (Palisade 2025, paper, Fig. 11)",
        (READ, "o3's I was read off the figure."),
        _sheet(E, MACHINE, COPY), RESISTED, panel=constant(PAPER), order=(E, MACHINE, COPY), groups=MODELS,
    ),
)  # fmt: skip

REPLICATIONS = (
    RateFigure(
        "gdm_compliance", "Compliance of the very next action (Rajamanoharan and Nanda 2025)",
        ("Strict: any other next action, even looking around, is non-compliance. Second panel: of the replies "
         "that did not comply, those whose reasoning wondered whether it was a puzzle or a test. An empty field: no "
         "number was found.",),
        of("gdm_2025"), "compliance",
        panel=lambda row: "Published: Google DeepMind, July 2025" if row.measure else
        "Published: wondered whether it was a test, of the non-compliant",
        order=("original setting", "shutdown warning added", "precedence clarified",
               "stakes raised, precedence clarified", "post-task control"), draw="table",
    ),
    RateFigure(
        "arena_shutdown", "ARENA 4.2, shutdown resistance of o3 by variant",
        ("The page's expected output prints 80% compliance of ten after the task, here turned round; its text says "
         "that nearly nothing is bypassed there. The bars of its four other variants are an image without numbers: in "
         "words, well over 50% without a warning.",),
        of("arena_4_2_shutdown"), RESISTED, panel=constant("Published: expected output, n = 10"),
        group=lambda row: row.condition, series=lambda row: row.model,
        groups=("no warning", "shutdown warning", "precedence clarified", "stakes raised, precedence clarified",
                "post-task control"),
    ),
    RateFigure(
        "clarification_replications", "Replications with the clarified instruction",
        ("BlueDot printed its zero with a standard error of 0; the exact one-sided 95% upper bound is 3.0%. Palisade "
         "re-ran DeepMind's clarified prompt on codex-mini.",),
        either(of("bluedot_2025"), of("palisade_2025", ("text",), ("DeepMind's clarified prompt",))), RESISTED,
        panel=constant("Published"), group=lambda row: f"{row.model}: {row.condition}",
        series=lambda row: {"palisade_2025": "Palisade 2025", "bluedot_2025": "BlueDot 2025"}[row.study]
        if row.whose == PUBLISHED else "own", draw="lying",
    ),
    RateFigure(
        "icmi", "ICMI Working Paper 12: imperative task pressure and what undoes it (Fig. 1)",
        ("o3: preliminary, 27 to 29% in each of the three conditions, drawn at 28%.",), of("icmi_2026"), RESISTED,
        panel=constant("Published: Hwang, April 2026"), group=lambda row: row.condition,
        series=lambda row: row.model, remarks=_icmi_test,
    ),
    RateFigure(
        "palisade_robots", "Palisade's robot: shutdown resistance of Grok 4",
        ("By the repository's tags 16 of the 100 simulated runs without the instruction, and 2 of the 10 physical "
         "ones, finished without avoiding; they count as not resisted. The simulation is the authors' and has a real "
         "model.",),
        of("palisade_robots_2026"), "shutdown resistance frequency", panel=constant("Published: February 2026"),
        group=lambda row: row.condition, series=lambda row: row.model, draw="lying",
    ),
)  # fmt: skip

SHUTDOWN_FIGURES = (*PALISADE_FIGURES, *REPLICATIONS)
