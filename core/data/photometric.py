"""What paper, light and cameras do to a picture: grey, shaded and uneven grounds, faint ink, noise, blur, lines across.

Plain tensor operations on whole batches of float32 (n, 28, 28) from 0 to 255, each with a strength of its own for
every picture, so that a batch costs little beside the training step that learns from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

_SIDE = 28
_PLACE = np.arange(_SIDE, dtype=np.float32)
_CHANCE = 0.3  # of each effect to meet a picture that is not left clean: all at once leave nothing to read
_TAPS = 4  # pixels to each side that a blur looks at
_GRIDS = (2, 3, 5, 9, 15)  # knots a side of the octaves that clouds are made of

Rng = np.random.Generator


def vary_light(pixels: np.ndarray, settings: Mapping[str, float], clean: float, rng: Rng) -> np.ndarray:
    """Return float32 (n, 28, 28), 0 to 255, each picture with effects drawn for it alone; the given ones may change.

    settings: how far each of PHOTOMETRIC goes. A share `clean` of the pictures stays as it is. Every other one meets
    each effect that is on with a chance of 0.3, with a strength that is uniform up to its setting, in their order;
    of lines, patches and inverted the setting is the chance. Effects that are off draw nothing from `rng`.
    """
    spoilt = rng.random(len(pixels)) >= clean
    for name, (effect, is_share) in _EFFECTS.items():
        most = settings[name]
        if not most:
            continue
        rows = np.flatnonzero(spoilt & (rng.random(len(pixels)) < (most if is_share else _CHANCE)))
        strengths = rng.uniform(0, most, (len(rows), 1, 1)).astype(np.float32)
        if len(rows):
            pixels[rows] = effect(pixels[rows], strengths, rng)
    return pixels.clip(0, 255)


def _lines(pixels: np.ndarray, _: np.ndarray, rng: Rng) -> np.ndarray:
    """One or two straight lines anywhere, half of them dotted, of any grey from half to full white."""
    n = len(pixels)
    for line in range(2):
        there = np.ones(n) if not line else rng.random(n) < 0.5
        angle, length = rng.uniform(0, np.pi, n), rng.uniform(8, 40, n)
        half, grey = rng.uniform(0.4, 1.2, n), 255 * rng.uniform(0.5, 1.0, n) * there
        period = np.where(rng.random(n) < 0.5, rng.uniform(2, 6, n), np.inf)  # pixels from dot to dot
        x, y = (_PLACE[None] - rng.uniform(3, 24, (n, 1)) for _ in range(2))
        cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
        along = x[:, None, :] * cos + y[:, :, None] * sin
        away = np.abs(y[:, :, None] * cos - x[:, None, :] * sin)
        cover = np.clip(half[:, None, None] + 0.5 - away, 0, 1) * (np.abs(along) < length[:, None, None] / 2)
        cover *= (along / period[:, None, None]) % 1 < 0.5
        pixels = np.maximum(pixels, (cover * grey[:, None, None]).astype(np.float32))
    return pixels


def _patches(pixels: np.ndarray, _: np.ndarray, rng: Rng) -> np.ndarray:
    """A rectangle of one grey over part of the picture (DeVries and Taylor, "Cutout", 2017)."""
    n = len(pixels)
    inside = np.ones((n, _SIDE, _SIDE), bool)
    for axis in (1, 2):
        size, middle = rng.uniform(4, 12, (n, 1)), rng.uniform(0, _SIDE, (n, 1))
        inside &= np.expand_dims(np.abs(_PLACE[None] - middle) < size / 2, 3 - axis)
    return np.where(inside, (255 * rng.random((n, 1, 1), np.float32)), pixels)


def _blur(pixels: np.ndarray, sigma: np.ndarray, _: Rng) -> np.ndarray:
    """Gaussian blur with this standard deviation in pixels, zeros outside."""
    taps = np.arange(-_TAPS, _TAPS + 1, dtype=np.float32)
    weights = np.exp(-0.5 * (taps / np.maximum(sigma[:, 0], 0.05)) ** 2)
    weights /= weights.sum(1, keepdims=True)
    for axis in (1, 2):
        room = [(0, 0), (0, 0), (0, 0)]
        room[axis] = (_TAPS, _TAPS)
        wide = np.pad(pixels, room)
        parts = (wide[:, k : k + _SIDE] if axis == 1 else wide[:, :, k : k + _SIDE] for k in range(len(taps)))
        pixels = sum(weights[:, k, None, None] * part for k, part in enumerate(parts))
    return pixels


def _contrast(pixels: np.ndarray, lost: np.ndarray, _: Rng) -> np.ndarray:
    """Ink that has lost this share of its white."""
    return pixels * (1 - lost)


def _background(pixels: np.ndarray, grey: np.ndarray, _: Rng) -> np.ndarray:
    """A ground of this grey, 0..1, ink staying as much lighter as room is left."""
    return pixels + (255 - pixels) * grey


def _shade(pixels: np.ndarray, grey: np.ndarray, rng: Rng) -> np.ndarray:
    """Beyond a straight edge anywhere the ground is of this grey, as where a shadow or a sheet of paper ends."""
    n = len(pixels)
    angle, away = rng.uniform(0, 2 * np.pi, (n, 1, 1)), rng.uniform(-12, 12, (n, 1, 1))
    place = _PLACE - _PLACE.mean()
    beyond = place * np.cos(angle) + place[:, None] * np.sin(angle) > away
    return np.where(beyond, _background(pixels, grey, rng), pixels)


def _clouds(pixels: np.ndarray, share: np.ndarray, rng: Rng) -> np.ndarray:
    """This share of the picture is another one: random octaves of grey, smooth or rough, from black to white."""
    n = len(pixels)
    roughness = 1 / rng.uniform(1.2, 2.5, (n, 1, 1)).astype(np.float32)
    field = np.zeros_like(pixels)
    for octave, (grid, spread) in enumerate(zip(_GRIDS, _spreads(), strict=True)):
        field += roughness**octave * (spread @ rng.random((n, grid, grid), np.float32) @ spread.T)
    field -= field.min(axis=(1, 2), keepdims=True)
    field *= 255 / field.max(axis=(1, 2), keepdims=True)
    return pixels * (1 - share) + field * share


def _inverted(pixels: np.ndarray, _: np.ndarray, __: Rng) -> np.ndarray:
    """Dark ink on light paper."""
    return 255 - pixels


def _shot(pixels: np.ndarray, grain: np.ndarray, rng: Rng) -> np.ndarray:
    """Poisson noise of pictures in which white is 1 / grain photons."""
    unit = 255 * np.maximum(grain, 0.01)
    return (rng.poisson(pixels.clip(0, 255) / unit) * unit).astype(np.float32)


def _gaussian(pixels: np.ndarray, deviation: np.ndarray, rng: Rng) -> np.ndarray:
    """Normal noise of this standard deviation, where white is 1."""
    return pixels + 255 * deviation * rng.standard_normal(pixels.shape, np.float32)


def _salt_and_pepper(pixels: np.ndarray, share: np.ndarray, rng: Rng) -> np.ndarray:
    """This share of the pixels is black or white, either as likely."""
    chance = rng.random(pixels.shape, np.float32)
    return np.where(chance < share / 2, 0, np.where(chance >= 1 - share / 2, 255, pixels)).astype(np.float32)


@lru_cache(maxsize=1)
def _spreads() -> list[np.ndarray]:
    """For each grid the matrix, float32 (28, knots), that spreads its knots over a row of pixels linearly."""
    spreads = []
    for grid in _GRIDS:
        knots = np.linspace(0, _SIDE - 1, grid)
        spreads.append(np.stack([np.interp(_PLACE, knots, row) for row in np.eye(grid)], 1).astype(np.float32))
    return spreads


# In the order in which they happen; True: the setting is the share of the pictures that meet it, not its strength.
_EFFECTS: dict[str, tuple[Callable[[np.ndarray, np.ndarray, Rng], np.ndarray], bool]] = {
    "lines": (_lines, True),
    "patches": (_patches, True),
    "blur": (_blur, False),
    "contrast": (_contrast, False),
    "background": (_background, False),
    "shade": (_shade, False),
    "clouds": (_clouds, False),
    "inverted": (_inverted, True),
    "shot": (_shot, False),
    "gaussian": (_gaussian, False),
    "salt_and_pepper": (_salt_and_pepper, False),
}
PHOTOMETRIC = tuple(_EFFECTS)
