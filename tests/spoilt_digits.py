"""Test digits on another ground, under noise and in faint ink, as scans and cameras give them."""

from collections.abc import Callable

import numpy as np

Rng = np.random.Generator


def _ground(grey: float) -> Callable[[np.ndarray, Rng], np.ndarray]:
    return lambda pixels, rng: pixels + grey


def _gaussian(deviation: float) -> Callable[[np.ndarray, Rng], np.ndarray]:
    return lambda pixels, rng: pixels + deviation * rng.standard_normal(pixels.shape)


def _salt_and_pepper(share: float) -> Callable[[np.ndarray, Rng], np.ndarray]:
    def spoil(pixels: np.ndarray, rng: Rng) -> np.ndarray:
        chance = rng.random(pixels.shape)
        return np.where(chance < share / 2, 0, np.where(chance >= 1 - share / 2, 1, pixels))

    return spoil


# What happens to pixels from 0 to 1, and the largest share of errors that the main model may make of it.
SPOILT: dict[str, tuple[Callable[[np.ndarray, Rng], np.ndarray], float]] = {
    "grey ground .05": (_ground(0.05), 0.01),
    "grey ground .10": (_ground(0.10), 0.02),
    "Gaussian noise .1": (_gaussian(0.1), 0.01),
    "Gaussian noise .2": (_gaussian(0.2), 0.02),
    "salt and pepper .05": (_salt_and_pepper(0.05), 0.015),
    "salt and pepper .1": (_salt_and_pepper(0.1), 0.03),
    "ink x .5": (lambda pixels, rng: 0.5 * pixels, 0.01),
}


def spoilt(images: np.ndarray, name: str) -> np.ndarray:
    """Return uint8 (n, 28, 28): the images as one of SPOILT leaves them, always the same."""
    rng = np.random.default_rng(list(SPOILT).index(name))
    return np.rint(255 * SPOILT[name][0](images / 255, rng).clip(0, 1)).astype(np.uint8)
