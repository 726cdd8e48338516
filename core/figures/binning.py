"""Curves short enough for a screen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

MAX_POINTS = 400  # of one curve; more cannot be told apart on a screen and only slow the page


def binned(x: Sequence[float], y: Sequence[float], limit: int = MAX_POINTS) -> tuple[list[float], list[float | None]]:
    """Return at most `limit` points: means of neighbours, with the first and the last point kept as they are.

    Values that are not finite are left out of the means; where nothing is left the curve has a gap (None).
    """
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(xs) != len(ys):
        raise ValueError(f"x and y must be of the same length, got {len(xs)} and {len(ys)}. Pair them.")
    if limit < 3:
        raise ValueError(f"limit must be at least 3, got {limit}. Give more points.")
    if len(xs) > limit:
        edges = np.linspace(1, len(xs) - 1, limit - 1).astype(int)
        counts = np.diff(edges)
        finite = np.isfinite(ys)
        known = np.add.reduceat(finite[:-1], edges[:-1])
        sums = np.add.reduceat(np.where(finite, ys, 0.0)[:-1], edges[:-1])
        middle = np.divide(sums, known, out=np.full(len(known), np.nan), where=known > 0)
        xs = np.concatenate([xs[:1], np.add.reduceat(xs[:-1], edges[:-1]) / counts, xs[-1:]])
        ys = np.concatenate([ys[:1], middle, ys[-1:]])
    return [short(v) for v in xs], [short(v) if math.isfinite(v) else None for v in ys]


def short(value: float) -> float:
    """Return a value with five digits."""
    # Five digits are more than a screen can show, and make the message to the browser a third as long.
    return float(f"{value:.5g}")
