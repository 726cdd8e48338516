"""The training digits nearest to a picture by the Euclidean distance of their pixels, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core import paths
from core.data import datasets

_ROWS = 500  # compared at once: as floats they stay in the processor's cache
_SPARE = 16  # more than asked for are measured exactly: float32 may have put two of nearly one distance the wrong way


@dataclass(frozen=True, eq=False)
class Nearest:
    """rows: int64 (m,), numbers in the training split, nearest first, of equals the first; labels: int64 (m,);
    distances: float64 (m,), grey from 0 to 1.
    """

    rows: np.ndarray
    labels: np.ndarray
    distances: np.ndarray


def nearest_in_pixels(dataset: str, image: np.ndarray, count: int, without: int | None = None) -> Nearest:
    """Return the training digits of a data set nearest to a picture, uint8 (28, 28); fewer where there are fewer.

    without: the number of one that is left out, as the picture itself. Raises ValueError for a picture of another shape
    or type, DatasetUnavailable when the digits are not here.
    """
    if image.shape != (28, 28) or image.dtype != np.uint8:
        raise ValueError(f"A picture of {image.dtype} {image.shape} has no neighbours here. Pass uint8 (28, 28).")
    datasets.load(dataset)  # outside the cache, so that files that went away are noticed
    return _nearest(dataset, str(paths.data_dir()), image.tobytes(), count, without)


@lru_cache(maxsize=256)
def _nearest(dataset: str, folder: str, picture: bytes, count: int, without: int | None) -> Nearest:
    train = datasets.load(dataset).train
    pixels = np.frombuffer(picture, np.uint8)
    # |a - b|^2 = |a|^2 - 2 a b + |b|^2, without the |b|^2 that is the same for all.
    squares = _products(train.images, pixels.astype(np.float32))
    squares *= -2
    squares += _lengths(dataset, folder)
    if without is not None:
        squares[without] = np.inf
    some = min(count + _SPARE, len(squares))
    near = np.sort(np.argpartition(squares, some - 1)[:some])
    near = near[near != without] if without is not None else near
    gaps = train.images[near].reshape(len(near), -1).astype(np.int64) - pixels
    exact = np.einsum("ij,ij->i", gaps, gaps)
    best = np.argsort(exact, kind="stable")[:count]
    rows = near[best].astype(np.int64)
    return Nearest(rows, train.labels[rows], np.sqrt(exact[best]) / 255)


@lru_cache(maxsize=4)
def _lengths(dataset: str, folder: str) -> np.ndarray:
    """The squared lengths of the training digits, float32 (n,)."""
    return _products(datasets.load(dataset).train.images)


def _products(images: np.ndarray, other: np.ndarray | None = None) -> np.ndarray:
    """The product of each picture, uint8 (n, 28, 28), with another, float32 (784,), or with itself: float32 (n,)."""
    found = np.empty(len(images), np.float32)
    room = np.empty((_ROWS, 784), np.float32)
    for start in range(0, len(images), _ROWS):
        some = images[start : start + _ROWS].reshape(-1, 784)
        part = room[: len(some)]
        np.copyto(part, some)
        if other is None:
            np.einsum("ij,ij->i", part, part, out=found[start : start + len(some)])
        else:
            np.matmul(part, other, out=found[start : start + len(some)])
    return found
