"""Pen strokes to the 28x28 a model reads, the way MNIST made its digits.

Crop to the ink, fit it into 20x20 keeping the aspect, put its centre of mass in the middle of 28x28.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np

SIZE = 28  # pixels a side of the picture
FIT = 20.0  # pixels a side of the box the ink is fitted into
# Where the centre of mass comes to, in pixel centres: between the picture's own centre, 13.5, and 14.0, where MNIST's
# digits have it (its authors counted 28 / 2). Softmax feels the difference: 90 % of 500 redrawn test digits with 13.5,
# 92 % with 13.75, 92 % with 14.
MASS_AT = 13.75
# A person's brush is fixed while digits are drawn small and large, so after fitting a small drawing would be a blob
# and a large one a hair. The line is kept between these widths in pixels; MNIST's own digits have 2.1 to 3.0.
THINNEST, THICKEST = 2.2, 3.0
SMALLEST = 0.05  # pad units; a drawing smaller than this is not enlarged any further, so a tap stays a dot

CENTRE = (SIZE - 1) / 2  # of the picture, in pixel centres
MAX_STROKES = 500
MAX_POINTS = 20_000
LOWEST, HIGHEST = -1.0, 2.0  # pad units; a captured pointer may leave the pad, but not by more than its own size
DEFAULT_WIDTH = 0.07  # pad units

_SPACING = 0.5  # pixels between the discs a line is made of; at these widths their outline is off by 0.03 pixel
_MOST_WALKED = 20_000  # points along the strokes of a scribble
_CHUNK = 128  # discs measured at once: the arrays stay in the cache of a core, also for a pad full of ink


def render(strokes: Sequence[np.ndarray], width: float = DEFAULT_WIDTH) -> np.ndarray:
    """Return what a model sees of a drawing: uint8 (28, 28), ink 255 on 0, with anti-aliased round lines.

    strokes: float arrays (m, 2) of x, y in pad units (0..1, y down); width: of the pen, in pad units.
    The ink's longer side becomes 20 pixels and its centre of mass comes to MASS_AT, except where ink would then
    leave the picture. No ink gives zeros; a dot stays a dot; a line gives the same picture wherever it was drawn.
    Raises ValueError when the width is not a positive number or a coordinate is not finite.
    """
    if not (np.isfinite(width) and width > 0):
        raise ValueError(f"The pen width is {width}: give a positive number of pad units, for example 0.07.")
    drawn = [np.asarray(stroke, dtype=np.float64).reshape(-1, 2) for stroke in strokes if len(stroke)]
    if not drawn:
        return np.zeros((SIZE, SIZE), np.uint8)
    corners = np.concatenate(drawn)
    if not np.isfinite(corners).all():
        raise ValueError("A stroke has a coordinate that is not a finite number: leave such points out.")

    low, high = corners.min(axis=0), corners.max(axis=0)
    extent = float((high - low).max())
    thickness = float(np.clip(FIT * width / (extent + width), THINNEST, THICKEST))
    scale = (FIT - thickness) / max(extent, SMALLEST)
    discs = (_walk(drawn, _SPACING / scale) - (low + high) / 2) * scale
    radius = thickness / 2

    room = SIZE / 2 - ((high - low) * scale / 2 + radius)
    shift = np.clip(MASS_AT - CENTRE - _centre_of_mass(_cover(discs, radius)), -room, room)
    return np.rint(255 * _cover(discs + shift, radius)).astype(np.uint8)


def parse_strokes(obj: object) -> list[np.ndarray]:
    """Read the strokes of a stranger's message: lists of [x, y] pairs become float64 arrays (m, 2), empty ones go.

    Raises ValueError when there are more than 500 strokes or 20,000 points, or when anything but a pair of
    finite numbers between -1 and 2 stands where a point should.
    """
    if not isinstance(obj, list):
        raise ValueError(
            f"The strokes are a {type(obj).__name__}: send a list of strokes, each a list of [x, y] pairs."
        )
    if len(obj) > MAX_STROKES:
        raise ValueError(f"The drawing has {len(obj):,} strokes: send at most {MAX_STROKES}.")
    if wrong := set(map(type, obj)) - {list}:
        raise ValueError(f"A stroke is a {wrong.pop().__name__}: send each stroke as a list of [x, y] pairs.")
    if (count := sum(map(len, obj))) > MAX_POINTS:
        raise ValueError(f"The drawing has {count:,} points: send at most {MAX_POINTS:,}.")
    return [_points(stroke) for stroke in obj if stroke]


def _points(stroke: list) -> np.ndarray:
    """One stroke as float64 (m, 2); the checks run over whole lists at once because this happens at every pen move."""
    if set(map(type, stroke)) != {list} or set(map(len, stroke)) != {2}:
        raise ValueError("A point is not a pair of numbers: send each point as [x, y].")
    if wrong := set(map(type, chain.from_iterable(stroke))) - {int, float}:  # bool is an int to isinstance
        raise ValueError(f"A coordinate is a {wrong.pop().__name__}: send numbers between -1 and 2.")
    try:
        points = np.array(stroke, dtype=np.float64)
    except OverflowError as error:
        raise ValueError("A coordinate is too large for a number: send numbers between -1 and 2.") from error
    outside = ~((points >= LOWEST) & (points <= HIGHEST))  # also true for NaN
    if outside.any():
        raise ValueError(f"A coordinate is {points[outside][0]:g}: send numbers between -1 and 2 (the pad is 0 to 1).")
    return points


def _walk(strokes: list[np.ndarray], spacing: float) -> np.ndarray:
    """Points along the strokes, `spacing` apart or closer: float64 (n, 2)."""
    corners = np.concatenate(strokes)
    steps = np.diff(corners, axis=0)
    steps[np.cumsum([len(stroke) for stroke in strokes[:-1]], dtype=int) - 1] = 0  # the pen was up between two strokes
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    # A line that long crosses each pixel many times over: fewer points fill the box just as well.
    apart = max(spacing, lengths.sum() / _MOST_WALKED)
    counts = np.ceil(lengths / apart).astype(int)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    fraction = nth / np.repeat(counts, counts)
    between = np.repeat(corners[:-1], counts, axis=0) + fraction[:, None] * np.repeat(steps, counts, axis=0)
    points = np.concatenate([corners, between])
    if len(points) <= 200:
        return points
    # A slow pen and a scribble leave many points on one place: one in each cell of a fine grid is enough.
    cells = ((points - points.min(axis=0)) * (2 / spacing)).astype(np.int64)
    return points[np.unique(cells[:, 0] << 20 | cells[:, 1], return_index=True)[1]]


def _cover(discs: np.ndarray, radius: float) -> np.ndarray:
    """How much of each pixel the discs cover, 0..1: float32 (28, 28). discs: (n, 2) x, y in pixels from the centre."""
    pixels = np.arange(SIZE, dtype=np.float32) - np.float32(CENTRE)
    nearest = np.full((SIZE, SIZE), np.inf, np.float32)
    for start in range(0, len(discs), _CHUNK):
        part = discs[start : start + _CHUNK].astype(np.float32)
        across, down = (pixels - part[:, :1]) ** 2, (pixels - part[:, 1:]) ** 2
        np.minimum(nearest, (down[:, :, None] + across[:, None, :]).min(axis=0), out=nearest)
    return np.clip(radius + 0.5 - np.sqrt(nearest), 0, 1)


def _centre_of_mass(cover: np.ndarray) -> np.ndarray:
    """x, y of the ink's centre of mass, in pixels from the centre: (2,)."""
    pixels = np.arange(SIZE) - CENTRE
    return np.array([cover.sum(axis=0) @ pixels, cover.sum(axis=1) @ pixels]) / cover.sum()
