"""What each factor does, the largest effect first, as the share of a behaviour that it removes."""

from collections.abc import Sequence
from typing import Any

from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.contrasts.effects import EFFECTS, effect_text, share_text
from hanlon.analysis.tables import plain_rows
from hanlon.figures.captions import excluded_sentence
from hanlon.figures.frames import SIMULATED, SWEEP, Frame, require, table, unique
from hanlon.figures.layout import Layout
from hanlon.figures.names import readable
from hanlon.figures.scales import PERCENT
from hanlon.figures.shapes.intervals import Along, interval_rows, told_apart
from hanlon.store.cells import model_name

MOST = 40
"""The most effects of a figure."""


def effect_points(effects: Sequence[Contrast]) -> Frame:
    """A row an effect: the share removed with its limits (`value`, `low`, `high`), below 0 where there is more.

    Where the base has no case there is no share, and `value` is missing.
    """
    plain = plain_rows(EFFECTS, list(effects))
    return told_apart(table([_row(effect, row) for effect, row in zip(effects, plain, strict=True)]))


def _row(effect: Contrast, row: dict[str, Any]) -> dict[str, Any]:
    record, ratio = effect.pair.base.record, effect.comparison.ratio
    share, low, high = (ratio and ratio.share_removed) or (None, None, None)
    model = model_name(record).removeprefix("openrouter/")
    return row | {
        "panel": f"{model}, {record.protocol}: {readable(effect.measure)}",
        "row": readable(effect_text(effect)), "series": effect.status,
        "value": share, "low": low, "high": high, "counts": f"{effect.base.k}/{effect.base.n} → "
        f"{effect.treated.k}/{effect.treated.n}", "effect": share_text(ratio).removeprefix("removes "),
        "interval": ratio.method if ratio else "", "whose": SIMULATED if record.simulated else SWEEP,
        "key_from": record.key, "key_to": effect.pair.treated.record.key,
    }  # fmt: skip


def effect_chart(points: Frame, effects: Sequence[Contrast], layout: Layout) -> Any:
    """The chart of such rows.

    Raises:
        NothingToDraw: there is no row.
    """
    require(points, "no effect: no two cells of one model differ in one factor or in a bundle")
    behaviours = unique(readable(measure) for measure in points["measure"])
    what = behaviours[0] if len(behaviours) == 1 else "behaviour"
    along = Along(f"share of the {what} removed; below 0: added", -1, 1, PERCENT)
    level = effects[0].comparison.difference.level
    notes = [
        f"What it does to set a factor: 1 minus the treated rate over the base rate, with its {level:.0%} interval "
        f"({'; '.join(unique(filter(None, points['interval'])))}). "
        "k/n → k/n: cases of episodes in the base and in the treated cell. x: the rate is multiplied. An arrow: the "
        "interval goes on beyond the axis. No mark: the base has no case.",
        *excluded_sentence({cell.record.key: sum(cell.tally.excluded.values()) for effect in effects
                            for cell in (effect.pair.base, effect.pair.treated)}),
    ]  # fmt: skip
    if len(points) > MOST:
        notes.append(
            f"{len(points) - MOST} more effects are not drawn; `hanlon verdict --effects` lists them."
        )
    return interval_rows(points.head(MOST), f"What removes the {what}", notes, along, layout)
