"""Pen marks that many writers make, MNIST's hardly ever: flags and feet on 1s, bars and serifs on 7s, curls on 9s."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

_SIDE = 28
_INK = 64  # grey from which on a pixel counts as part of a stroke
_THINNEST, _THICKEST = 0.7, 2.0  # pixels, half the width of a mark
_CURL = np.linspace(0, 1, 7)[:, None, None]  # places along the arc of a 9's curl

Rng = np.random.Generator
Points = np.ndarray  # float (n, 2): x and y of one place in each of n pictures, in pixel centres


def add_marks(images: np.ndarray, labels: np.ndarray, share: float, rng: Rng) -> np.ndarray:
    """Return images, uint8 (n, 28, 28), where a random `share` of the 1s, 7s and 9s among them has marks.

    labels: int64 (n,). The given images are not changed, and every draw but the first is for a digit that gets marks.
    Marks are lines as wide as the digit's own, from where its strokes end.
    """
    chosen = (rng.random(len(images)) < share) & images.any(axis=(1, 2))
    marked = images.copy()
    for label, strokes in _STROKES.items():
        rows = np.flatnonzero(chosen & (labels == label))
        if len(rows):
            digits = images[rows]
            line = np.max([_line(points, _half_width(digits)) for points in strokes(digits, rng)], axis=0)
            marked[rows] = np.maximum(digits, np.rint(255 * line).astype(np.uint8))
    return marked


def _one(digits: np.ndarray, rng: Rng) -> list[list[Points]]:
    """A flag down to the left of the top, a foot across the bottom, or both."""
    n, (top, bottom, height) = len(digits), _ends(digits)
    which = rng.random(n)
    angle = np.radians(rng.uniform(25, 75, n))
    # People's flags are two thirds of the height, mostly without a foot: what makes a 7 is a roof that lies flat.
    length = rng.uniform(0.15, 0.75, n) * np.where(which < 0.55, 1, 0.6) * (which < 0.85) * height
    flag = top + length[:, None] * np.stack([-np.cos(angle), np.sin(angle)], 1)
    reach = (which >= 0.55) * height  # a longer foot would make it a 2
    slope = np.radians(rng.uniform(-8, 8, n))
    along = np.stack([np.cos(slope), np.sin(slope)], 1)
    left, right = (bottom + side * (rng.uniform(0.12, 0.33, n) * reach)[:, None] * along for side in (-1, 1))
    return [[top, flag], [left, right]]


def _seven(digits: np.ndarray, rng: Rng) -> list[list[Points]]:
    """A bar across the stem, a serif at the left end of the roof, or both."""
    n, (top, _, height) = len(digits), _ends(digits)
    which = rng.random(n)
    row = np.rint(top[:, 1] + rng.uniform(0.42, 0.68, n) * height).astype(int).clip(0, _SIDE - 1)
    stem = np.stack([_middle(digits[np.arange(n), row]), row], 1)
    slope = np.radians(rng.uniform(-30, 12, n))
    along = np.stack([np.cos(slope), np.sin(slope)], 1)
    reach = (which < 0.8) * height
    left, right = (stem + side * (rng.uniform(0.15, 0.38, n) * reach)[:, None] * along for side in (-1, 1))
    roof = _leftmost(digits, top[:, 1], height)
    fall = (rng.uniform(0.1, 0.25, n) * (which > 0.6) * height)[:, None]
    return [[left, right], [roof, roof + fall * np.stack([rng.uniform(-0.3, 0.1, n), np.ones(n)], 1)]]


def _nine(digits: np.ndarray, rng: Rng) -> list[list[Points]]:
    """A tail that curls to the left and up."""
    n, (_, bottom, height) = len(digits), _ends(digits)
    size = (rng.uniform(0.15, 0.45, n) * height)[:, None]
    corner = bottom + size * np.stack([rng.uniform(-0.6, -0.3, n), rng.uniform(0.0, 0.3, n)], 1)
    tip = bottom + size * np.stack([rng.uniform(-1.2, -0.8, n), rng.uniform(-0.5, 0.05, n)], 1)
    return [list((1 - _CURL) ** 2 * bottom + 2 * _CURL * (1 - _CURL) * corner + _CURL**2 * tip)]


_STROKES: dict[int, Callable[[np.ndarray, Rng], list[list[Points]]]] = {1: _one, 7: _seven, 9: _nine}


def _ends(digits: np.ndarray) -> tuple[Points, Points, np.ndarray]:
    """Return the middle of the highest and of the lowest row with ink, and the height between them in pixels."""
    rows = (digits >= np.minimum(_INK, digits.max(axis=(1, 2)))[:, None, None]).any(axis=2)
    high, low = rows.argmax(axis=1), _SIDE - 1 - rows[:, ::-1].argmax(axis=1)
    n = np.arange(len(digits))
    top, bottom = (np.stack([_middle(digits[n, row]), row.astype(float)], 1) for row in (high, low))
    return top, bottom, (low - high).astype(float)


def _middle(rows: np.ndarray) -> np.ndarray:
    """Return x of the centre of mass of each row of pixels (n, 28); the picture's middle where there is no ink."""
    mass = rows.sum(axis=1, dtype=float)
    centre = (_SIDE - 1) / 2
    return np.where(mass > 0, (rows @ np.arange(_SIDE, dtype=float)) / np.maximum(mass, 1), centre)


def _leftmost(digits: np.ndarray, top: np.ndarray, height: np.ndarray) -> Points:
    """Return the leftmost ink within the upper third of each digit."""
    row = np.arange(_SIDE)
    upper = (row >= top[:, None]) & (row <= (top + height / 3)[:, None])
    roof = np.where(upper[:, :, None], digits, 0)
    x = (roof >= np.minimum(_INK, roof.max(axis=(1, 2)))[:, None, None]).any(axis=1).argmax(axis=1)
    y = _middle(roof[np.arange(len(digits)), :, x])
    return np.stack([x.astype(float), y], 1)


def _half_width(digits: np.ndarray) -> np.ndarray:
    """Return half the width of each digit's strokes in pixels: two of its area over its outline's length, (n,).

    A long line of width w has, per unit of length, area w and outline 2.
    """
    ink = digits / 255
    across, down = np.diff(ink, axis=1, prepend=0, append=0), np.diff(ink, axis=2, prepend=0, append=0)
    # The sums of steps over rows and columns count a slanted outline 4/pi times on average (Cauchy and Crofton).
    outline = (np.abs(across).sum(axis=(1, 2)) + np.abs(down).sum(axis=(1, 2))) * np.pi / 4
    half: np.ndarray = np.clip(ink.sum(axis=(1, 2)) / np.maximum(outline, 1), _THINNEST, _THICKEST)
    return half


def _line(points: list[Points], half: np.ndarray) -> np.ndarray:
    """How much of each pixel the line through the points covers, 0..1: float (n, 28, 28). A point alone covers none."""
    place = np.arange(_SIDE, dtype=float)
    nearest = np.full((len(half), _SIDE, _SIDE), np.inf)
    for a, b in pairwise(points):
        step = b - a
        square = (step**2).sum(axis=1)[:, None, None]
        x, y = (place - a[:, :1])[:, None, :], (place - a[:, 1:])[:, :, None]
        across, down = step[:, 0, None, None], step[:, 1, None, None]
        along = np.clip((x * across + y * down) / np.maximum(square, 1e-9), 0, 1)
        distance = (x - along * across) ** 2 + (y - along * down) ** 2
        np.minimum(nearest, np.where(square > 1e-9, distance, np.inf), out=nearest)
    return np.clip(half[:, None, None] + 0.5 - np.sqrt(nearest), 0, 1)
