"""How far judges can be trusted: ROC curves against people's labels, and how the votes are spread."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import altair as alt

from hanlon.analysis.labels.calibration import HumanLabel, JudgedLabel, consensus
from hanlon.analysis.stats.scores import AUROC_METHOD, auroc
from hanlon.figures.frames import SIMULATED, SWEEP, Frame, require, simulated, table, unique
from hanlon.figures.layout import LETTER, USUAL, Layout
from hanlon.figures.theme import BLUE, INK, colours, finished, lettering, panel
from hanlon.inquiries.judges.votes import YES

HEIGHT = 150
"""Pixels of a histogram."""


def votes_histogram(
    labels: Frame, title: str, notes: Sequence[str], layout: Layout = USUAL
) -> alt.ConcatChart:
    """How many episodes have which share of yes votes; a panel for each judge and label.

    `labels`: a row for each episode and label: `panel`, `share` (of the votes read, a fraction), `whose`, and the
    shares from which the label is yes (`threshold`) and perhaps (`maybe`, may be missing): the lines.
    """
    require(labels, "no votes: label the runs with a judge first (judge=llm)")
    columns = layout.columns(300, 2)
    width = layout.plot(300, 250)
    drawn: list[Any] = []
    for name in unique(labels["panel"]):
        rows = labels[labels["panel"] == name]
        bins = rows.assign(bin=(rows["share"] * 20).round() / 20).groupby("bin", as_index=False).size()
        bins = bins.assign(label=[f"{count}/{len(rows)}" for count in bins["size"]])
        base = alt.Chart(bins).encode(
            x=alt.X("bin:Q", title="share of yes votes", axis=alt.Axis(format="%", tickCount=5),
                    scale=alt.Scale(domain=[-0.04, 1.04], nice=False))
        )  # fmt: skip
        most = float(bins["size"].max()) / (1 - (LETTER * max(map(len, bins["label"])) + 6) / HEIGHT)
        up = alt.Y("size:Q", title="episodes", scale=alt.Scale(domain=[0, most], nice=False))
        bars = base.mark_bar(size=10, color=BLUE).encode(y=up)
        text = lettering(base, angle=270, baseline="middle", dx=4, y=up, text="label:N")
        lines = [{"at": at} for at in unique([*rows["maybe"].dropna(), *rows["threshold"].dropna()])]
        rules = alt.Chart(alt.Data(values=lines)).mark_rule(strokeDash=[4, 3], color=INK).encode(x="at:Q")
        drawn.append(
            panel([bars, rules, text], width, HEIGHT, name, simulated(rows), replace(layout, page=width + 50))
        )
    chart = alt.concat(*drawn, columns=columns, spacing=24)
    return finished(chart, title, notes, layout, min(columns, len(drawn)) * 350, simulated(labels))


def roc_points(judged: Sequence[JudgedLabel], human: Sequence[HumanLabel]) -> Frame:
    """The corners of each judge's ROC curve for each label that people gave as yes or no.

    Columns: `series` (judge and label), `auroc` (the same with the area and its interval), `judge`, `label`,
    `threshold`, `fpr`, `tpr`, `false_positives`, `others`, `true_positives`, `cases`, `whose`. Labels without a share
    are left out.
    """
    agreed, _ = consensus(human)
    rows: list[dict[str, Any]] = []
    for judge, label in dict.fromkeys((vote.judge, vote.label) for vote in judged):
        votes = [
            vote for vote in judged if (vote.judge, vote.label) == (judge, label) and vote.share is not None
        ]
        labelled = [
            (vote, agreed[vote.cell, vote.index, label])
            for vote in votes
            if (vote.cell, vote.index, label) in agreed
        ]
        cases = [float(vote.share or 0) for vote, value in labelled if value == YES]
        others = [float(vote.share or 0) for vote, value in labelled if value != YES]
        if cases and others:
            rows += _curve(judge, label, cases, others, any(vote.simulated for vote, _ in labelled))
    columns = ["series", "auroc", "judge", "label", "threshold", "fpr", "tpr", "false_positives", "others",
               "true_positives", "cases", "whose"]  # fmt: skip
    return table(rows, columns=columns)


def _curve(
    judge: str, label: str, cases: Sequence[float], others: Sequence[float], is_simulated: bool
) -> list[dict[str, Any]]:
    area = auroc(cases, others)
    value = "-" if area.value is None else f"{area.value:.2f}"
    spread = "" if area.lo is None or area.hi is None else f" [{area.lo:.2f}, {area.hi:.2f}]"
    series = f"{judge}, {label}"
    answer = f"{series}: AUROC {value}{spread}, {len(cases)} cases, {len(others)} others"
    thresholds = [2.0, *sorted({*cases, *others}, reverse=True)]
    return [
        {
            "series": series, "auroc": answer, "judge": judge, "label": label, "threshold": threshold,
            "false_positives": sum(score >= threshold for score in others), "others": len(others),
            "true_positives": sum(score >= threshold for score in cases), "cases": len(cases),
            "fpr": sum(score >= threshold for score in others) / len(others),
            "tpr": sum(score >= threshold for score in cases) / len(cases),
            "whose": SIMULATED if is_simulated else SWEEP,
        }
        for threshold in thresholds
    ]  # fmt: skip


def roc(points: Frame, title: str, notes: Sequence[str], layout: Layout = USUAL) -> alt.LayerChart:
    """ROC curves of judges against people, and the diagonal of a judge that guesses; `points` as of `roc_points`."""
    require(
        points, "no judge with votes on episodes that people labelled yes or no, some of each: --human FILE"
    )
    names = unique(points["series"])
    side = layout.plot(380, 180)
    axis = alt.Axis(format="%", tickCount=5)
    span = alt.Scale(domain=[0, 1])
    x = alt.X("fpr:Q", title="false positives, of those that are no cases", axis=axis, scale=span)
    y = alt.Y("tpr:Q", title="true positives, of the cases", axis=axis, scale=span)
    base = alt.Chart(points).encode(x=x, y=y, color=colours(names, layout), order="threshold:Q")
    diagonal = alt.Chart(alt.Data(values=[{"fpr": 0, "tpr": 0}, {"fpr": 1, "tpr": 1}])).mark_line(
        color="#bbbbbb", strokeDash=[4, 3]
    ).encode(x=x, y=y)  # fmt: skip
    dashes = alt.StrokeDash("series:N", scale=alt.Scale(domain=names), legend=None)
    lines = base.mark_line(interpolate="linear", strokeWidth=1.8).encode(strokeDash=dashes)
    dots = base.mark_point(filled=True, size=26, opacity=1)
    head = names[0] if len(names) == 1 else ""
    chart = panel([diagonal, lines, dots], side, side, head, simulated(points), layout)
    areas = f"{'; '.join(unique(points['auroc']))}. AUROC interval: {AUROC_METHOD}."
    return finished(chart, title, [*notes, areas], layout, 460, simulated(points))
