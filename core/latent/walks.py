"""Ways through latent space: between two codes, what each number of a code does, by arithmetic, and drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from statistics import NormalDist

import numpy as np

WAYS = {"straight": "Straight", "spherical": "Spherical"}
_BATCH = 256  # pictures decoded at once
_PARALLEL = 1e-4  # radians between two directions that count as the same, or as opposite

Decode = Callable[[np.ndarray], np.ndarray]  # codes (n, k) -> pictures in [0, 1], float32 (n, 28, 28)


def between(
    start: np.ndarray, end: np.ndarray, steps: int, way: str = "straight", centre: np.ndarray | None = None
) -> np.ndarray:
    """Return the codes on the way from one code (k,) to another, float32 (steps, k), both ends exactly as they are.

    straight: along the line. spherical: around `centre`, the origin unless it is given; the direction turns evenly
    (slerp: Shoemake, "Animating rotation with quaternion curves", 1985; White, "Sampling generative networks", 2016)
    while the distance from the centre goes evenly from one to the other. Ends that lie in the same or in opposite
    directions, or at the centre itself, know no such way, and it is the straight one.
    Raises ValueError for an unknown way, fewer than two steps, and codes of different lengths.
    """
    if way not in WAYS:
        raise ValueError(f"There is no way {str(way)[:40]!r}. Choose one of: {', '.join(WAYS)}.")
    if steps < 2:
        raise ValueError(f"A way has at least its two ends, got {steps} steps. Ask for 2 or more.")
    if start.shape != end.shape:
        raise ValueError(f"The codes have {len(start)} and {len(end)} numbers. Give two codes of the same run.")
    middle = np.zeros(len(start)) if centre is None else np.asarray(centre, np.float64)
    a, b = start.astype(np.float64) - middle, end.astype(np.float64) - middle
    t = np.linspace(0, 1, steps)[:, None]
    turned = _slerp(a, b, t) if way == "spherical" else None
    codes = (middle + ((1 - t) * a + t * b if turned is None else turned)).astype(np.float32)
    codes[0], codes[-1] = start, end
    return codes


def _slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray | None:
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if not min(lengths) > 1e-9 * max(lengths):
        return None
    a, b = a / lengths[0], b / lengths[1]
    angle = float(np.arccos(np.clip(a @ b, -1, 1)))
    if not _PARALLEL < angle < np.pi - _PARALLEL:
        return None
    turned: np.ndarray = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    return turned * ((1 - t) * lengths[0] + t * lengths[1])


def stretches(classes: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return (class, first frame, last frame) of each stretch of a way that is read as one class, frames from 0."""
    found, first = [], 0
    for label, frames in groupby(classes):
        last = first + len(list(frames)) - 1
        found.append((int(label), first, last))
        first = last + 1
    return found


def class_means(codes: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels there are, int64 (c,) rising, and the mean of each one's codes, float32 (c, k)."""
    found, rows, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.zeros((len(found), codes.shape[1]))
    for place in range(len(found)):
        sums[place] = codes[rows == place].sum(0, dtype=np.float64)
    return found.astype(np.int64), (sums / counts[:, None]).astype(np.float32)


def combine(terms: Sequence[tuple[float, np.ndarray]]) -> np.ndarray:
    """Return the sum of codes (k,), each times its number, float32 (k,)."""
    if not terms:
        raise ValueError("There is no code to add up. Give at least one.")
    total: np.ndarray = sum(weight * code.astype(np.float64) for weight, code in terms)  # type: ignore[assignment]
    return total.astype(np.float32)


def ranges(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 1st and the 99th percentile of each number of the codes (n, k), float32 (k,) each."""
    low, high = np.percentile(codes, [1, 99], axis=0)
    return low.astype(np.float32), high.astype(np.float32)


def effects(decode: Decode, code: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return what each number of a code (k,) does to its picture, float32 (k,).

    It is the mean squared change of a pixel in [0, 1] when this number alone goes from low to high, (k,) each.
    """
    k = len(code)
    changes = []
    for first in range(0, k, _BATCH // 2):
        numbers = np.arange(first, min(k, first + _BATCH // 2))
        codes = np.repeat(code[None].astype(np.float32), 2 * len(numbers), axis=0)
        codes[np.arange(len(numbers)), numbers] = low[numbers]
        codes[len(numbers) + np.arange(len(numbers)), numbers] = high[numbers]
        lows, highs = np.split(decode(codes).reshape(2 * len(numbers), -1), 2)
        changes.append(np.square(highs - lows).mean(1))
    return np.nan_to_num(np.concatenate(changes)).astype(np.float32)


def sample_prior(k: int, n: int, seed: int, temperature: float = 1.0) -> np.ndarray:
    """Draw codes from the standard normal distribution, times the temperature, float32 (n, k)."""
    return (temperature * np.random.default_rng(seed).standard_normal((n, k))).astype(np.float32)


def sample_around(codes: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of the codes (m, k), float32 (k,), and random steps away from it, float32 (n, k).

    Mean and steps together are drawn from the normal distribution with the codes' own mean and covariance.
    """
    mean = codes.mean(0, dtype=np.float64)
    centred = codes - mean.astype(np.float32)
    covariance = (centred.T @ centred).astype(np.float64) / max(1, len(codes) - 1)
    # Not Cholesky's factor: a number that is the same for every digit has no variance.
    variances, directions = np.linalg.eigh(covariance)
    steps = np.random.default_rng(seed).standard_normal((n, len(mean))) * np.sqrt(np.maximum(variances, 0))
    return mean.astype(np.float32), (steps @ directions.T).astype(np.float32)


def prior_grid(side: int) -> np.ndarray:
    """Return codes of two numbers over the plane of the standard normal distribution, float32 (side * side, 2).

    They lie at its quantiles, so that each stands for an equally likely part of it (Kingma and Welling,
    "Auto-encoding variational Bayes", 2014, appendix A); row by row, the first number rising to the right and the
    second upwards.
    """
    if side < 1:
        raise ValueError(f"A grid has at least one place a side, got {side}. Ask for 1 or more.")
    quantiles = np.array([NormalDist().inv_cdf((place + 0.5) / side) for place in range(side)], np.float32)
    x, y = np.meshgrid(quantiles, quantiles[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1)
