"""What a model says of its answer against what the answer holds: the tag's verdict and the content's, per cell.

A model may accept and then refuse, and then a rate by tags is a rate of tags (seen for Gemini 2.0 Flash and Hermes).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hanlon.analysis.requests import RequestCell
from hanlon.store.cells import model_name

TAGS = ("accepted", "rejected")
CONTENTS = ("complied", "partial", "refused")
TOLERATED = 0.05
"""The share of contradictions, or of cut replies, above which a line warns."""
KEPT = {("accepted", "complied"), ("rejected", "refused")}


def tag_rows(cells: Sequence[RequestCell]) -> list[dict[str, Any]]:
    """One row for each cell whose prompt asks for tags: counts of tag x content over its countable episodes."""
    return [_tag_row(cell) for cell in cells if cell.record.factors.get("suffix") == "tags"]


def _tag_row(cell: RequestCell) -> dict[str, Any]:
    counts = Counter((e.facts.tag_verdict, e.facts.content_verdict) for e in cell.countable)
    table = {tag: {content: counts[tag, content] for content in CONTENTS} for tag in TAGS}
    both = sum(count for row in table.values() for count in row.values())
    contradictions = both - sum(counts[kept] for kept in KEPT)
    return {
        "cell": cell.record.label,
        "model": model_name(cell.record),
        "table": table,
        "n": both,
        "contradictions": contradictions,
        "share": contradictions / both if both else None,
        "without_content": {tag: counts[tag, None] for tag in TAGS},
        "without_tag": sum(count for (tag, _), count in counts.items() if tag is None),
        "key": cell.record.key,
    }


def tag_words(row: Mapping[str, Any]) -> dict[str, str]:
    """A tag row as the words of a printed table."""
    words = {f"{tag}: {', '.join(CONTENTS)}": ", ".join(map(str, row["table"][tag].values())) for tag in TAGS}
    empty = sum(row["without_content"].values())
    share = "-" if row["share"] is None else f"{row['contradictions']}/{row['n']} = {row['share']:.1%}"
    return {
        "cell": row["cell"],
        "model": row["model"],
        **words,
        "contradictions": share,
        "tag but no content": str(empty),
        "no tag": str(row["without_tag"]),
    }


def tag_warnings(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each cell whose tags often contradict what they stand before."""
    for row in rows:
        if row["share"] is not None and row["share"] > TOLERATED:
            accepted, rejected = row["table"]["accepted"], row["table"]["rejected"]
            yield (
                f"{row['cell']} ({row['model']}): tag and content disagree in {row['contradictions']} of "
                f"{row['n']} ({accepted['refused']} accept and then refuse, {accepted['partial']} accept and help "
                f"by halves, {rejected['complied'] + rejected['partial']} reject and then help). Its rate is one of "
                "tags; read transcripts before calling a gap."
            )


def cut_warnings(cells: Sequence[RequestCell]) -> Iterator[str]:
    """A line for each cell of whose replies many were cut: by max_tokens (excluded), or by a stop text."""
    for cell in cells:
        total = len(cell.episodes)
        truncated = sum(e.excluded == "truncated" for e in cell.episodes)
        unclosed = sum((e.facts.format_problem or "").endswith("never closes") for e in cell.countable)
        if truncated + unclosed > TOLERATED * total:
            yield (
                f"{cell.record.label} ({model_name(cell.record)}): {truncated} of {total} replies were cut at "
                f"max_tokens (excluded as truncated), {unclosed} ended within a tag. What was cut off may be a "
                "refusal: raise model.sampling.max_tokens, and leave out stop texts."
            )
