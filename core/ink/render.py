"""Pen strokes to the 28x28 a model reads, the way MNIST made its digits.

Crop to the ink, fit it into 20x20 keeping the aspect, put its centre of mass in the middle of 28x28. Each step can be
left out, to see what it is good for.
"""

import math
from collections.abc import Collection, Sequence
from itertools import chain

import numpy as np

# In this order; what is left out of them is in render's docstring.
STEPS = ("crop", "box", "mass", "thickness", "smooth", "polarity")
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
THIN, FAT = 0.1, 5.0  # how wide the line may be at a point, in widths of the pen
FATTEST = 3.0  # in mean widths of the drawing's line: a blot leaves room in the box for the rest
DEFAULT_WIDTH = 0.07  # pad units
DOT = 0.02  # pad units; the ink of a stroke counts at least so long, so that dots take their turn in a replay

_PAINTING = ("smooth", "polarity")  # the steps that change what covers a pixel into grey, not where ink lies
_SPACING = 0.5  # pixels between the discs a line is made of; at these widths their outline is off by 0.03 pixel
_MOST_WALKED = 20_000  # points along the strokes of a scribble
_CHUNK = 128  # discs measured at once: the arrays stay in the cache of a core, also for a pad full of ink


def render(strokes: Sequence[np.ndarray], width: float = DEFAULT_WIDTH, off: Collection[str] = ()) -> np.ndarray:
    """Return what a model sees of a drawing: uint8 (28, 28), ink 255 on 0, with anti-aliased round lines.

    strokes: float arrays (m, 2) of x, y in pad units (0..1, y down) or (m, 3), with the line's width there in widths
    of the pen; width: of the pen, in pad units. The ink's longer side becomes 20 pixels and its centre of mass comes
    to MASS_AT, except where ink would then leave the picture. No ink gives zeros; a dot stays a dot; a line gives the
    same picture wherever it was drawn.

    off: steps to leave out. Without crop the whole pad counts as the ink's extent; without box the extent fills all
    28 pixels; without mass the extent's middle comes to the picture's; without thickness the line keeps its drawn
    width, scaled; without smooth a pixel is 0 or 255; without polarity ink is 0 on 255, as on paper.
    Raises ValueError when the width is not a positive number, a coordinate is not finite or a step is unknown.
    """
    drawn = _checked(strokes, width, off)
    return _picture(_drawn(drawn, width, off), off)


def stages(strokes: Sequence[np.ndarray], width: float = DEFAULT_WIDTH, off: Collection[str] = ()) -> list[np.ndarray]:
    """Return seven pictures as of `render`: with every step left out, then after each of STEPS in turn.

    A step in `off` changes nothing, so its picture is the one before.
    """
    drawn = _checked(strokes, width, off)
    left_out = set(STEPS)
    cover = _drawn(drawn, width, left_out)
    pictures = [_picture(cover, left_out)]
    for step in STEPS:
        if step not in off:
            left_out.remove(step)
            if step not in _PAINTING:
                cover = _drawn(drawn, width, left_out)
        pictures.append(_picture(cover, left_out))
    return pictures


def prefix(strokes: Sequence[np.ndarray], fraction: float) -> list[np.ndarray]:
    """Return the first `fraction` (0..1) of the ink by length, the last stroke cut where that falls.

    A stroke counts at least DOT, and is whole where its own length has been reached. Raises ValueError for NaN.
    """
    if math.isnan(fraction):
        raise ValueError("The fraction of the ink is not a number: give one from 0 to 1.")
    drawn = [stroke for stroke in strokes if len(stroke)]
    if fraction >= 1:
        return drawn
    steps = [np.hypot(*np.diff(stroke[:, :2], axis=0).T) for stroke in drawn]
    lengths = [max(float(step.sum()), DOT) for step in steps]
    left, kept = fraction * sum(lengths), []
    for stroke, step, length in zip(drawn, steps, lengths, strict=True):
        if left <= 0:
            break
        kept.append(stroke if left >= length else _cut(stroke, np.concatenate([[0.0], np.cumsum(step)]), left))
        left -= length
    return kept


def _cut(stroke: np.ndarray, along: np.ndarray, left: float) -> np.ndarray:
    """The beginning of a stroke, `left` long; along: how far along it its points are."""
    whole = int(np.searchsorted(along, left, side="right"))
    if whole == len(stroke):
        return stroke
    end = stroke[whole - 1] + (left - along[whole - 1]) / (along[whole] - along[whole - 1]) * np.diff(
        stroke[whole - 1 : whole + 1], axis=0
    )
    return np.concatenate([stroke[:whole], end])


def _checked(strokes: Sequence[np.ndarray], width: float, off: Collection[str]) -> list[np.ndarray]:
    """The strokes that have points; ValueError for an impossible width or step."""
    if not (np.isfinite(width) and width > 0):
        raise ValueError(f"The pen width is {width}: give a positive number of pad units, for example 0.07.")
    if unknown := set(off) - set(STEPS):
        raise ValueError(f"There is no step {str(unknown.pop())[:40]!r}: the steps are {', '.join(STEPS)}.")
    return [stroke for stroke in strokes if len(stroke)]


def _picture(cover: np.ndarray, off: Collection[str]) -> np.ndarray:
    if "smooth" in off:
        cover = np.floor(cover + 0.5)
    image = np.rint(255 * cover).astype(np.uint8)
    return 255 - image if "polarity" in off else image


def _drawn(strokes: list[np.ndarray], width: float, off: Collection[str]) -> np.ndarray:
    """How much of each pixel the ink covers, 0..1: float32 (28, 28)."""
    if not strokes:
        return np.zeros((SIZE, SIZE), np.float32)
    drawn, mean = _relative(strokes)
    corners = np.concatenate(drawn)
    if not np.isfinite(corners).all():
        raise ValueError("A stroke has a coordinate that is not a finite number: leave such points out.")
    low, high, scale, thickness = _measure(corners, width * mean, off)
    middle = (low + high) / 2

    discs = _walk(drawn, _SPACING / scale)
    frame = middle if "crop" not in off else np.full(2, 0.5)
    places = (discs[:, :2] - frame) * scale
    radius = thickness / 2
    radii = discs[:, 2] * radius if discs.shape[1] == 3 else radius
    cover = _cover(places, radii)
    if "mass" in off:
        return cover
    room = np.maximum(SIZE / 2 - ((high - low) * scale / 2 + radius), 0)
    aside = (middle - frame) * scale  # 0 unless the whole pad counts as ink
    shift = np.clip(MASS_AT - CENTRE - _centre_of_mass(cover), -room - aside, room - aside)
    return _cover(places + shift, radii)


def _measure(corners: np.ndarray, width: float, off: Collection[str]) -> tuple[np.ndarray, np.ndarray, float, float]:
    """The middle line's lowest and highest x, y (2,) in pad units, pixels a pad unit, and the line's width in pixels.

    corners: (n, 2), or (n, 3) with the line's width in multiples of the mean one, `width`. Where the line is wider
    than that it reaches further, as if the corner lay further out.
    """
    fit = SIZE if "box" in off else FIT
    places = corners[:, :2]
    wider = (corners[:, 2:] - 1) / 2 if corners.shape[1] == 3 else None
    line = width  # in pad units; how wide it will be and the scale depend on each other
    for _ in range(1 if wider is None else 5):
        reach = 0.0 if wider is None else wider * line
        low, high = (places - reach).min(axis=0), (places + reach).max(axis=0)
        extent = float((high - low).max())
        if "crop" in off:
            scale, thickness = fit, width * fit if "thickness" in off else _kept(width * fit)
        elif "thickness" in off:
            scale = fit / (max(extent, SMALLEST) + width)
            thickness = width * scale
        else:
            thickness = _kept(fit * width / (extent + width))
            scale = (fit - thickness) / max(extent, SMALLEST)
        line = thickness / scale
    return low, high, scale, thickness


def _kept(thickness: float) -> float:
    return float(np.clip(thickness, THINNEST, THICKEST))


def _relative(strokes: list[np.ndarray]) -> tuple[list[np.ndarray], float]:
    """The strokes with their widths in multiples of the mean one, all (m, 3) or all (m, 2), and that mean.

    It is taken over the ink's length, or over the points where there are only dots.
    """
    drawn = [np.asarray(stroke, dtype=np.float64) for stroke in strokes]
    if not any(stroke.shape[-1] == 3 for stroke in drawn):
        return [stroke.reshape(-1, 2) for stroke in drawn], 1.0
    drawn = [stroke if stroke.shape[1] == 3 else np.insert(stroke, 2, 1.0, axis=1) for stroke in drawn]
    lengths = np.concatenate([np.hypot(*np.diff(stroke[:, :2], axis=0).T) for stroke in drawn])
    between = np.concatenate([(stroke[1:, 2] + stroke[:-1, 2]) / 2 for stroke in drawn])
    widths = np.concatenate(drawn)[:, 2]
    mean = float(lengths @ between / lengths.sum() if lengths.any() else widths.mean())
    for number, stroke in enumerate(drawn):
        relative = np.minimum(stroke[:, 2] / mean, FATTEST)
        drawn[number] = np.column_stack([stroke[:, :2], relative])
    return drawn, mean


def parse_strokes(obj: object) -> list[np.ndarray]:
    """Read the strokes of a stranger's message: lists of points become float64 arrays, empty ones go.

    A point is [x, y], or [x, y, w] with the line's width there; all points of a stroke are of one kind, so an array
    is (m, 2) or (m, 3). Raises ValueError when there are more than 500 strokes or 20,000 points, or when anything
    else stands where a point should: x and y are finite numbers between -1 and 2, w is between 0.1 and 5.
    """
    if not isinstance(obj, list):
        raise ValueError(
            f"The strokes are a {type(obj).__name__}: send a list of strokes, each a list of points [x, y]."
        )
    if len(obj) > MAX_STROKES:
        raise ValueError(f"The drawing has {len(obj):,} strokes: send at most {MAX_STROKES}.")
    if wrong := set(map(type, obj)) - {list}:
        raise ValueError(f"A stroke is a {wrong.pop().__name__}: send each stroke as a list of points [x, y].")
    if (count := sum(map(len, obj))) > MAX_POINTS:
        raise ValueError(f"The drawing has {count:,} points: send at most {MAX_POINTS:,}.")
    return [_points(stroke) for stroke in obj if stroke]


def _points(stroke: list) -> np.ndarray:
    """One stroke as float64 (m, 2) or (m, 3); whole lists are checked at once, for this happens at every pen move."""
    kinds = set(map(len, stroke)) if set(map(type, stroke)) == {list} else set()
    if kinds not in ({2}, {3}):
        raise ValueError(
            "A point is not a pair of numbers: send each point of a stroke as [x, y], or each as [x, y, w]."
        )
    if wrong := set(map(type, chain.from_iterable(stroke))) - {int, float}:  # bool is an int to isinstance
        raise ValueError(f"A coordinate is a {wrong.pop().__name__}: send numbers between -1 and 2.")
    try:
        points = np.array(stroke, dtype=np.float64)
    except OverflowError as error:
        raise ValueError("A coordinate is too large for a number: send numbers between -1 and 2.") from error
    places, widths = points[:, :2], points[:, 2:]
    outside = ~((places >= LOWEST) & (places <= HIGHEST))  # also true for NaN
    if outside.any():
        raise ValueError(f"A coordinate is {places[outside][0]:g}: send numbers between -1 and 2 (the pad is 0 to 1).")
    outside = ~((widths >= THIN) & (widths <= FAT))
    if outside.any():
        raise ValueError(f"The line's width at a point is {widths[outside][0]:g}: send {THIN:g} to {FAT:g} pen widths.")
    return points


def _walk(strokes: list[np.ndarray], spacing: float) -> np.ndarray:
    """Points along the strokes, `spacing` apart or closer: float64 (n, 2), or (n, 3) with the widths."""
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
    if points.shape[1] == 3:
        points = points[np.argsort(-points[:, 2], kind="stable")]  # of those on one place the widest stays
    # A slow pen and a scribble leave many points on one place: one in each cell of a fine grid is enough.
    cells = ((points[:, :2] - points[:, :2].min(axis=0)) * (2 / spacing)).astype(np.int64)
    return points[np.unique(cells[:, 0] << 20 | cells[:, 1], return_index=True)[1]]


def _cover(discs: np.ndarray, radius: float | np.ndarray) -> np.ndarray:
    """How much of each pixel the discs cover, 0..1: float32 (28, 28). discs: (n, 2) x, y in pixels from the centre."""
    pixels = np.arange(SIZE, dtype=np.float32) - np.float32(CENTRE)
    nearest = np.full((SIZE, SIZE), np.inf, np.float32)  # squared to the centre of a disc, or to its edge
    for start in range(0, len(discs), _CHUNK):
        part = discs[start : start + _CHUNK].astype(np.float32)
        across, down = (pixels - part[:, :1]) ** 2, (pixels - part[:, 1:]) ** 2
        distances = down[:, :, None] + across[:, None, :]
        if isinstance(radius, np.ndarray):
            np.sqrt(distances, out=distances)
            distances -= radius[start : start + _CHUNK, None, None].astype(np.float32)
        np.minimum(nearest, distances.min(axis=0), out=nearest)
    if isinstance(radius, np.ndarray):
        return np.clip(0.5 - nearest, 0, 1)
    return np.clip(radius + 0.5 - np.sqrt(nearest), 0, 1)


def _centre_of_mass(cover: np.ndarray) -> np.ndarray:
    """x, y of the ink's centre of mass, in pixels from the centre: (2,)."""
    pixels = np.arange(SIZE) - CENTRE
    return np.array([cover.sum(axis=0) @ pixels, cover.sum(axis=1) @ pixels]) / cover.sum()
