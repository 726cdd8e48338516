"""The fifteen corruptions of MNIST-C, to measure how a reader of clean digits bears what it was not trained on.

After Mu and Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision" (2019), in their severities. Written anew for
whole sets of digits; motion blur differs in that its line is sampled bilinearly, the others but for their random draws
do what the reference does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter, map_coordinates

_SIDE = 28
_CENTRE = (_SIDE - 1) / 2
_CHUNK = 500  # pictures at once
_FOGS = 25

Rng = np.random.Generator
Pixels = np.ndarray  # float64 (n, 28, 28), 0 to 1


def corrupted(images: np.ndarray, name: str, seed: int) -> np.ndarray:
    """Return uint8 (n, 28, 28): the images, of the same kind, under one of CORRUPTIONS, the same for the same seed.

    Raises ValueError for an unknown name.
    """
    if name not in CORRUPTIONS:
        raise ValueError(f"There is no corruption {name!r:.80}: they are {', '.join(CORRUPTIONS)}.")
    return np.concatenate([images[:0], *corrupted_parts(images, name, seed)])


def corrupted_parts(images: np.ndarray, name: str, seed: int) -> Iterator[np.ndarray]:
    """Yield what `corrupted` returns, 500 images at a time, for those who report how far they are."""
    rng = np.random.default_rng((seed, list(CORRUPTIONS).index(name)))
    for start in range(0, len(images), _CHUNK):
        spoilt = CORRUPTIONS[name](images[start : start + _CHUNK] / 255, rng)
        yield np.rint(255 * spoilt.clip(0, 1)).astype(np.uint8)


def _shot_noise(pixels: Pixels, rng: Rng) -> Pixels:
    """Counts of photons, of which white is 3."""
    return rng.poisson(3 * pixels) / 3


def _impulse_noise(pixels: Pixels, rng: Rng) -> Pixels:
    """Every sixth pixel, about, black or white."""
    chance = rng.random(pixels.shape)
    return np.where(chance < 0.085, 0, np.where(chance < 0.17, 1, pixels))


def _glass_blur(pixels: Pixels, rng: Rng) -> Pixels:
    """Blurred, pixels of every second place swapped with a neighbour above or to the left, twice, blurred again."""
    soft = np.floor(255 * _blurred(pixels, 0.7)) / 255
    every = np.arange(len(pixels))
    for _ in range(2):
        for row in range(_SIDE - 1, 1, -1):
            for column in range(_SIDE - 1, 1, -1):
                up, left = rng.integers(0, 2, (2, len(pixels))) * (rng.random(len(pixels)) < 0.5)
                here, there = soft[:, row, column].copy(), soft[every, row - up, column - left]
                soft[:, row, column] = there
                soft[every, row - up, column - left] = here
    return _blurred(soft, 0.7)


def _motion_blur(pixels: Pixels, rng: Rng) -> Pixels:
    """Smeared over 20 pixels to one side, ever fainter, at up to 45 degrees."""
    weights = np.exp(-0.5 * (np.arange(21) / 3) ** 2)
    weights /= weights.sum()
    angle = np.radians(rng.uniform(-45, 45, len(pixels)))
    return np.stack([_smeared(*pair, weights) for pair in zip(pixels, angle, strict=True)])


def _smeared(picture: np.ndarray, angle: float, weights: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[:_SIDE, :_SIDE]
    steps = np.arange(len(weights))[:, None, None]
    places = np.stack([y - steps * np.sin(angle), x - steps * np.cos(angle)])
    smeared: np.ndarray = np.tensordot(weights, map_coordinates(picture, places, order=1, mode="nearest"), 1)
    return smeared


def _shear(pixels: Pixels, rng: Rng) -> Pixels:
    return _mapped(pixels, [np.array([[1, 0], [side * np.tan(0.4), 1]]) for side in _sides(pixels, rng)])


def _scale(pixels: Pixels, rng: Rng) -> Pixels:
    """0.7 of the size."""
    return _mapped(pixels, [np.eye(2) / 0.7] * len(pixels))


def _rotate(pixels: Pixels, rng: Rng) -> Pixels:
    """Turned by 23 degrees to either side."""
    cos, sin = np.cos(0.4), np.sin(0.4)
    return _mapped(pixels, [np.array([[cos, side * sin], [-side * sin, cos]]) for side in _sides(pixels, rng)])


def _translate(pixels: Pixels, rng: Rng) -> Pixels:
    """Moved by 3 pixels across and by 3 up or down."""
    moved = np.zeros_like(pixels)
    padded = np.pad(pixels, [(0, 0), (3, 3), (3, 3)])
    down, across = (3 + 3 * _sides(pixels, rng) for _ in range(2))
    for row in range(len(pixels)):
        moved[row] = padded[row, down[row] : down[row] + _SIDE, across[row] : across[row] + _SIDE]
    return moved


def _brightness(pixels: Pixels, rng: Rng) -> Pixels:
    return pixels + 0.5


def _stripe(pixels: Pixels, rng: Rng) -> Pixels:
    """The outer quarters to the left and right inverted."""
    striped = pixels.copy()
    for side in (slice(0, 7), slice(21, None)):
        striped[:, :, side] = 1 - striped[:, :, side]
    return striped


def _fog(pixels: Pixels, rng: Rng) -> Pixels:
    """Three times as much plasma as ink, brought back to the range of grey."""
    most = pixels.max(axis=(1, 2), keepdims=True)
    # A few at a time: their 65,536 numbers each stay where the processor has them at hand.
    plasma = [_plasma(len(few), rng) for few in np.array_split(pixels, -(-len(pixels) // _FOGS))]
    return (pixels + 3 * np.concatenate(plasma)) * most / (most + 3)


def _plasma(count: int, rng: Rng) -> Pixels:
    """A corner of 28 by 28 of 256 by 256 by the diamond-square algorithm, each step 1.4 times finer than the last."""
    side, step, spread = 256, 256, 100.0
    plasma = np.zeros((count, side, side), np.float32)
    while step >= 2:
        half = step // 2

        def wobble(sums: np.ndarray, spread: float = spread) -> np.ndarray:
            drawn = rng.random(sums.shape, np.float32)
            drawn -= np.float32(0.5)
            drawn *= np.float32(2 * spread * spread)
            drawn += np.float32(0.25) * sums
            return drawn

        corners = plasma[:, ::step, ::step]
        sums = corners + np.roll(corners, -1, 1)
        plasma[:, half::step, half::step] = wobble(sums + np.roll(sums, -1, 2))
        middles = plasma[:, half::step, half::step]
        across, down = corners + np.roll(corners, -1, 2), corners + np.roll(corners, -1, 1)
        plasma[:, ::step, half::step] = wobble(middles + np.roll(middles, 1, 1) + across)
        plasma[:, half::step, ::step] = wobble(middles + np.roll(middles, 1, 2) + down)
        step, spread = half, spread / 1.4
    plasma -= plasma.min(axis=(1, 2), keepdims=True)
    return (plasma / plasma.max(axis=(1, 2), keepdims=True))[:, :_SIDE, :_SIDE]


def _spatter(pixels: Pixels, rng: Rng) -> Pixels:
    """Drops of a dark mud."""
    liquid = _blurred(rng.normal(0.65, 0.3, pixels.shape), 1)
    drops = _blurred((liquid > 0.65).astype(float), 1.5)
    drops[drops < 0.8] = 0
    return 63 / 255 * drops + pixels * (1 - drops)


def _dotted_line(pixels: Pixels, rng: Rng) -> Pixels:
    """A line from side to side, of which every second two columns are there."""
    lines = [_line(0, first, 27, last) for first, last in rng.integers(0, 27, (len(pixels), 2))]
    there = (np.arange(_SIDE) // 2) % 2 == 1
    return (pixels + np.stack(lines) * there).clip(0, 1)


def _zigzag(pixels: Pixels, rng: Rng) -> Pixels:
    """A zigzag from side to side, four pixels from tooth to tooth and as high."""
    return np.stack([_zigzagged(picture, rng) for picture in pixels])


def _zigzagged(picture: np.ndarray, rng: Rng) -> np.ndarray:
    first, fall = rng.integers(0, 27), rng.integers(-5, 5)
    angle = np.arctan(fall / 23)
    length = 23 / np.cos(angle)
    teeth = np.arange(int((length - 2) // 4) + 1)
    along = np.concatenate([[0], 4 * teeth + 2, [length]])
    beside = np.concatenate([[0], 2.0 * (-1) ** teeth, [(-1.0) ** teeth[-1] / (length - 4 * (length // 4))]])
    x = np.cos(angle) * along - np.sin(angle) * beside + 2
    y = np.sin(angle) * along + np.cos(angle) * beside + first
    for k in range(len(x) - 1):
        picture = (picture + _line(x[k], y[k], x[k + 1], y[k + 1])).clip(0, 1)
    return picture


def _line(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """A line in the columns from x0 to x1, its grey falling with the logarithm of the distance up and down."""
    place = np.arange(_SIDE, dtype=float)
    away = np.abs(place[:, None] - (y1 - y0) / (x1 - x0) * (place - x0) - y0).clip(0, 2.3 - 1e-10)
    line = (np.log(1 - away / 2.3) + 1).clip(0, 1)
    line[:, : int(np.floor(x0))] = 0
    line[:, int(np.ceil(x1)) :] = 0
    return line


def _canny_edges(pixels: Pixels, rng: Rng) -> Pixels:
    from skimage.feature import canny  # half a second, which a page that shows results need not wait

    return np.stack([canny(picture) for picture in pixels]).astype(float)


def _blurred(pixels: Pixels, sigma: float) -> Pixels:
    blurred: np.ndarray = gaussian_filter(pixels, (0, sigma, sigma), mode="nearest")
    return blurred


def _sides(pixels: Pixels, rng: Rng) -> np.ndarray:
    return rng.choice([-1, 1], len(pixels))


def _mapped(pixels: Pixels, matrices: list[np.ndarray]) -> Pixels:
    """Fetch each picture's pixels from where its matrix, of y and x about the centre, says."""
    return np.stack(
        [
            affine_transform(picture, matrix, _CENTRE - matrix @ [_CENTRE, _CENTRE], order=1)
            for picture, matrix in zip(pixels, matrices, strict=True)
        ]
    )


CORRUPTIONS: dict[str, Callable[[Pixels, Rng], Pixels]] = {
    "shot noise": _shot_noise,
    "impulse noise": _impulse_noise,
    "glass blur": _glass_blur,
    "motion blur": _motion_blur,
    "shear": _shear,
    "scale": _scale,
    "rotate": _rotate,
    "brightness": _brightness,
    "translate": _translate,
    "stripe": _stripe,
    "fog": _fog,
    "spatter": _spatter,
    "dotted line": _dotted_line,
    "zigzag": _zigzag,
    "Canny edges": _canny_edges,
}
