"""Which digits lie in a part of a map that was drawn by hand, and what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MAX_CORNERS = 300


@dataclass(frozen=True)
class ClassShare:
    """A class in a selection: how many of its digits are in it, and what part it is of the selection and of all."""

    label: int
    name: str
    count: int
    share: float
    overall: float


def inside(points: np.ndarray, polygon: Sequence[tuple[float, float]]) -> np.ndarray:
    """Return the rows, int64 and rising, of the points (n, 2) in a polygon by the even-odd rule (Shimrat, 1962).

    A side belongs to the polygon at its left and its lower end, so that neighbours share no point. Raises ValueError
    for more than MAX_CORNERS corners or any that is not finite; fewer than three hold nothing.
    """
    corners = np.asarray(polygon, np.float64).reshape(-1, 2)
    if len(corners) > MAX_CORNERS:
        raise ValueError(f"The selection has {len(corners):,} corners: draw one with at most {MAX_CORNERS}.")
    if not np.isfinite(corners).all():
        raise ValueError("The selection has corners that are nowhere. Draw it again.")
    if len(corners) < 3:
        return np.zeros(0, np.int64)
    low, high = corners.min(0), corners.max(0)
    near = np.flatnonzero(((points >= low) & (points <= high)).all(1))
    x, y = points[near].astype(np.float64).T
    within = np.zeros(len(near), bool)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, 0), strict=True):
        if y1 != y2:
            level = np.flatnonzero((y1 > y) != (y2 > y))
            # Divided last: the slope of an almost level side may be beyond float64, its product is not.
            within[level] ^= x[level] < x1 + (x2 - x1) * ((y[level] - y1) / (y2 - y1))
    return near[within]


def mix(labels: np.ndarray, rows: np.ndarray, classes: Sequence[str]) -> list[ClassShare]:
    """Return the share of each class among the rows of labels, int (n,), the most frequent first."""
    here = np.bincount(labels[rows], minlength=len(classes))
    all_of_them = np.bincount(labels, minlength=len(classes))
    order = np.argsort(-here, kind="stable")
    return [
        ClassShare(
            int(i), classes[i], int(here[i]), float(here[i] / max(len(rows), 1)), float(all_of_them[i] / len(labels))
        )
        for i in order
    ]


def mean_digit(images: np.ndarray) -> np.ndarray:
    """Return the mean of uint8 images (n, 28, 28) with n >= 1, uint8 (28, 28)."""
    mean: np.ndarray = np.rint(images.mean(0, dtype=np.float64)).astype(np.uint8)
    return mean


def describe_map(points: np.ndarray, labels: np.ndarray, classes: Sequence[str], title: str) -> str:
    """Return one sentence on points (n, 2) with labels (n,): how many there are, and which two classes lie nearest."""
    names = [int(name) for name in np.unique(labels)]
    begin = f"The {title} shows {len(points):,} digits of {len(names)} classes"
    if len(names) < 2:
        return begin + "."
    middles = np.stack([np.median(points[labels == name], axis=0) for name in names])
    gaps = np.linalg.norm(middles[:, None] - middles[None], axis=-1)
    np.fill_diagonal(gaps, np.inf)
    a, b = (names[i] for i in np.unravel_index(gaps.argmin(), gaps.shape))
    return f"{begin}; the middles of {classes[a]} and {classes[b]} lie nearest to each other."
