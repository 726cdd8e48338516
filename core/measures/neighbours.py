"""The nearest codes of every code, exactly: what bent maps are made of and what every map is judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

COUNT = 15
_ROWS = 1000  # compared at once


@dataclass(frozen=True, eq=False)
class Neighbours:
    """rows: int32 (n, COUNT) of the nearest codes of each, nearest first, its own row left out; fewer where there are
    fewer codes. distances: float32, likewise.
    """

    rows: np.ndarray
    distances: np.ndarray

    def with_own(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and distances (n, count) with each code as its own nearest."""
        own = np.arange(len(self.rows), dtype=self.rows.dtype)[:, None]
        rows = np.hstack([own, self.rows[:, : count - 1]])
        return rows, np.hstack([np.zeros_like(own, np.float32), self.distances[:, : count - 1]])


def nearest_of_all(
    codes: np.ndarray, count: int = COUNT, progress: Callable[[float], None] = lambda share: None
) -> Neighbours:
    """Compare every code float32 (n, k), n >= 2, with every other."""
    from sklearn.neighbors import NearestNeighbors

    count = min(count, len(codes) - 1)
    search = NearestNeighbors(n_neighbors=count + 1, algorithm="brute", n_jobs=1).fit(codes)
    rows = np.empty((len(codes), count), np.int32)
    distances = np.empty((len(codes), count), np.float32)
    for start in range(0, len(codes), _ROWS):
        progress(start / len(codes))
        part = slice(start, start + _ROWS)
        lengths, found = search.kneighbors(codes[part])
        rows[part], distances[part] = without_own(found, lengths, np.arange(len(codes))[part])
    return Neighbours(rows, distances)


def without_own(rows: np.ndarray, distances: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take each row's own number (m,) out of what was found for it, (m, count + 1).

    Where it is not among them, because others are at the very same place, the last is left out.
    """
    strangers = rows != own[:, None]
    strangers[strangers.all(1), -1] = False
    shape = len(rows), rows.shape[1] - 1
    return rows[strangers].reshape(shape), distances[strangers].reshape(shape)


def centred(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean (k,) of codes float32 (n, k), the codes about it, and their squared lengths (n,).

    With them a code's distance to all others is one product: |a - b|^2 = |a|^2 - 2ab + |b|^2.
    """
    mean = codes.mean(0, dtype=np.float64).astype(np.float32)
    rest = codes - mean  # small numbers, so that little is lost where squares are subtracted
    return mean, rest, np.einsum("ij,ij->i", rest, rest)
