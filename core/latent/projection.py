"""A map of latent space in memory: from a place on it to a code and back, and how far both are from the real ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core.measures.neighbours import centred

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

NEIGHBOURS = 8  # stored codes that are mixed for a place of the map
_LOOKS = 120  # codes from which the usual distance between neighbours is taken
_BLOCK = 64
_AT_ONCE = 32  # codes that are compared with all in one product


class CodesMissing(ValueError):
    """The codes of a map are not on this disk: its points can be shown, what is made of codes has to wait."""


@dataclass(frozen=True, eq=False)
class Projection:
    """A stored map: one row per digit of the sample, in the order of `core.data.samples`.

    points: float32 (n, 2); known_codes: float32 (n, k), None while they are not here, as those of a map that ships;
    labels: int64 (n,); parameters: the projector's settings; weights_version: of the run; mean, basis: of a linear map;
    version: changes with the map, safe in an address. What takes codes that are not here raises CodesMissing.
    """

    method: str
    sample: str
    dataset: str
    points: np.ndarray
    known_codes: np.ndarray | None
    labels: np.ndarray
    parameters: dict[str, Any]
    weights_version: int = 0
    mean: np.ndarray | None = field(default=None, repr=False)
    basis: np.ndarray | None = field(default=None, repr=False)
    version: str = ""

    @cached_property
    def codes(self) -> np.ndarray:
        """The codes, float32 (n, k); those of two numbers are in a linear map itself. Raises CodesMissing."""
        if self.known_codes is not None:
            return self.known_codes
        if self.mean is not None and self.basis is not None and self.basis.shape == (2, 2):
            return (self.mean + self.points @ self.basis).astype(np.float32)
        raise CodesMissing("The codes of these digits are not computed yet. Wait a moment.")

    @property
    def has_codes(self) -> bool:
        """Whether the codes are here, or in the map itself."""
        return self.known_codes is not None or (self.basis is not None and self.basis.shape == (2, 2))

    def invert(self, xy: np.ndarray) -> np.ndarray:
        """Return a code for each place (m, 2) of the map, float32 (m, k).

        Of a linear map it is the one code in the plane of its two directions; otherwise the mean of the
        NEIGHBOURS nearest stored codes, weighted by inverse distance (Shepard, 1968).
        """
        places = np.asarray(xy, np.float32).reshape(-1, 2)
        if self.mean is not None and self.basis is not None:
            return (self.mean + places @ self.basis).astype(np.float32)
        distances, rows = self._near(places, NEIGHBOURS)
        return _mixed(self.codes, rows, distances)

    def place(self, codes: np.ndarray) -> np.ndarray:
        """Return the place on the map of each code (m, k), float32 (m, 2): what `invert` undoes.

        On a linear map it is exact; otherwise the mean of the NEIGHBOURS nearest stored codes' points, weighted by
        inverse distance (Shepard, 1968).
        """
        if self.mean is not None and self.basis is not None:
            flat = np.asarray(codes, np.float32).reshape(-1, len(self.mean))
            return ((flat - self.mean) @ self.basis.T).astype(np.float32)
        rows, distances = self._nearest(codes, NEIGHBOURS)
        return _mixed(self.points, rows, distances)

    def nearest(
        self, code: np.ndarray, k: int = NEIGHBOURS, without: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of the k stored codes nearest to a code (k,), and their distances, nearest first.

        `without` is a row to leave out, such as the digit's own.
        """
        rows, distances = (found[0] for found in self._nearest(code, k + (without is not None)))
        keep = rows != without if without is not None else np.ones(len(rows), bool)
        return rows[keep][:k], distances[keep][:k]

    def distance_ratio(self, codes: np.ndarray) -> np.ndarray:
        """Say how far codes (m, k) are from the stored ones, float32 (m,).

        It is the distance to the nearest in multiples of the usual: the median of a stored code's distance to its
        nearest other. 0 at a stored code.
        """
        return (self._nearest(codes, 1)[1][:, 0] / self._code_spacing).astype(np.float32)

    def spread(self, xy: np.ndarray) -> np.ndarray:
        """Say how far places (m, 2) are from the points of the map, float32 (m,), in multiples of the usual distance
        of a point to its nearest other.
        """
        return (self._near(np.asarray(xy, np.float32).reshape(-1, 2), 1)[0][:, 0] / self._point_spacing).astype(
            np.float32
        )

    def _near(self, places: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The distances to the k points nearest to places (m, 2), and their rows, each (m, k)."""
        k = min(k, len(self.points))
        # A place beyond all reach is as far as it goes: its square must be a number.
        distances, rows = self._tree.query(np.clip(places, -1e30, 1e30), k=np.arange(1, k + 1))
        return distances, rows

    def _nearest(self, codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows of the k stored codes nearest to codes (m, k), and their distances, each (m, k)."""
        codes = np.asarray(codes, np.float32).reshape(-1, self.codes.shape[1])
        k = min(k, len(self.codes))
        mean, rest, squares = self._centred
        # |a - b|^2 = |a|^2 - 2ab + |b|^2: one product instead of a table of differences; of more than needed, because
        # float32 may confuse close ones.
        count = min(4 * k, len(squares))
        rows = np.empty((len(codes), k), np.int64)
        distances = np.empty((len(codes), k))
        for start in range(0, len(codes), _AT_ONCE):
            products = (codes[start : start + _AT_ONCE] - mean) @ rest.T
            for number, product in enumerate(products, start):
                some = _smallest(squares - 2 * product, count)
                exact = np.sqrt(((self.codes[some].astype(np.float64) - codes[number]) ** 2).sum(1))
                order = np.lexsort((some, exact))[:k]
                rows[number], distances[number] = some[order], exact[order]
        return rows, distances

    @cached_property
    def explained_variance(self) -> float:
        """The share of the codes' variance that the points have, in [0, 1]; of a linear map it is what is not lost."""
        whole = float(self.codes.var(0, dtype=np.float64).sum())
        return min(1.0, float(self.points.var(0, dtype=np.float64).sum()) / whole) if whole else 1.0

    @cached_property
    def _tree(self) -> cKDTree:
        from scipy.spatial import cKDTree

        return cKDTree(self.points.astype(np.float64))

    @cached_property
    def _centred(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return centred(self.codes)

    @cached_property
    def _code_spacing(self) -> float:
        rows = np.random.default_rng(0).permutation(len(self.codes))[:_LOOKS]
        return _median(self._nearest(self.codes[rows], 2)[1][:, 1])

    @cached_property
    def _point_spacing(self) -> float:
        rows = np.random.default_rng(0).permutation(len(self.points))[:_LOOKS]
        return _median(self._near(self.points[rows], 2)[0][:, 1])


def _smallest(values: np.ndarray, count: int) -> np.ndarray:
    """The places of the smallest of many values (n,), unordered.

    They lie in the blocks with the smallest minima, of which so many are enough: that spares sorting the others.
    """
    starts = np.arange(0, len(values), _BLOCK)
    if len(starts) <= count:
        return np.argpartition(values, count - 1)[:count]
    blocks = np.argpartition(np.minimum.reduceat(values, starts), count - 1)[:count]
    rows = (starts[blocks, None] + np.arange(_BLOCK)).ravel()
    rows = rows[rows < len(values)]
    found: np.ndarray = rows[np.argpartition(values[rows], count - 1)[:count]]
    return found


def _mixed(values: np.ndarray, rows: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """The means of some values (n, d), weighted by inverse distance; rows and distances: (m, k). float32 (m, d)."""
    weights = 1 / np.maximum(distances, 1e-6 * (1 + distances.max(1, keepdims=True, initial=0)))
    mixed: np.ndarray = np.einsum("ij,ijd->id", weights / weights.sum(1, keepdims=True), values[rows])
    return mixed.astype(np.float32)


def _median(distances: np.ndarray) -> float:
    """The median of those that are not 0: of equal codes there may be many."""
    apart = distances[distances > 0]
    return float(np.median(apart)) if len(apart) else 1.0
