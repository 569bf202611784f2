"""Differences, intervals and p as they are printed: percentage points with one digit, and never a negative zero."""


def points(fraction: float | None) -> str:
    """A difference in percentage points with its sign; `-` where there is none."""
    return "-" if fraction is None else f"{round(100 * fraction, 1) + 0.0:+.1f}"


def points_interval(low: float, high: float) -> str:
    """The limits of a difference in percentage points, in brackets; only a minus is printed."""
    low, high = (round(100 * limit, 1) + 0.0 for limit in (low, high))
    return f"[{low:.1f}, {high:.1f}]"


def p_value(p: float | None) -> str:
    """Three digits; `<0.001` below that, `-` where there is none."""
    return "-" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"
