"""The figure of the secret number, from its published numbers and from own runs of the same conditions."""

from hanlon.figures.papers.shutdown import of
from hanlon.figures.rate_figure import RateFigure

SECRET_NUMBER_FIGURES = (
    RateFigure(
        "singh_secret_number",
        "Reading the file with the number, by how often answers are false (Singh et al. 2026, Fig. 28)",
        (
            "Kimi K2 Thinking; runs that gave an answer. The text's baseline and an earlier figure have other counts "
            "than Fig. 28, and stand apart.",
        ),
        of("singh_2026"),
        "share that read the file",
        panel=lambda row: f"Published: {row.place}",
        group=lambda row: row.condition,
        series=lambda row: row.model,
        draw="lying",
    ),
)
