"""k nearest neighbours: all digits are kept as they are, and each answer looks for the most alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import ClassVar

import numpy as np

from core.models.fitted import CLASSES, MOST_DIGITS, PIXELS, FittedClassifier, Kind, blocks, refuse, squared_norms

_SIDE, _WAVES = 28, 10
_FEW = 32  # digits with the nearest outlines, of which the farthest neighbour there can be is known
_MANY = 2000  # digits whose outlines are near enough: from there on one product with all is quicker
_TOGETHER = 25  # pictures whose bounds are in memory at a time
_ROUNDING = 1e-5  # of float32, as a share of the squared lengths


class NearestNeighbours(FittedClassifier):
    """Votes of the k training digits at the least Euclidean distance of pixels; of fewer digits than k, of all.

    weights: "uniform", each neighbour has one vote, or "distance", votes go by 1 / distance and a digit that is there
    exactly has them all (as in scikit-learn). A probability is (votes + 0.1) / (k + 1): one vote more, shared evenly
    by the ten classes, since three neighbours that agree are no proof.

    Nothing is learned: the parameters are the pixels and labels that are kept.
    """

    KINDS: ClassVar[dict[str, Kind]] = {"images": (np.uint8, ("n", 28, 28)), "labels": (np.uint8, ("n",))}

    def __init__(self, k: int, weights: str, seed: int = 0) -> None:
        super().__init__(seed)
        self.k, self.weights = k, weights
        self._outlines: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def learned_count(self) -> int:
        """None: the digits are kept as they are."""
        return 0

    def fit(self, images: np.ndarray, labels: np.ndarray) -> Iterator[float]:
        """Keep the digits."""
        self._set(images=images.copy(), labels=labels)
        self._outlines = None
        yield 1.0

    def _check(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._outlines = None
        if len(arrays["labels"]) > MOST_DIGITS:
            raise refuse(f"it keeps more than {MOST_DIGITS:,} digits")
        if arrays["labels"].max() >= CLASSES:
            raise refuse("it keeps a label that is none of the ten classes")

    def _answer(self, images: np.ndarray) -> np.ndarray:
        nearest, squared = self.nearest(images)
        k = nearest.shape[1]
        votes = np.ones(nearest.shape)
        if self.weights == "distance":
            same = squared == 0
            votes = np.where(same.any(1, keepdims=True), same, 1 / np.sqrt(np.maximum(squared, 1)))
            votes *= k / votes.sum(1, keepdims=True)
        found = np.zeros((len(images), CLASSES))
        np.add.at(found, (np.arange(len(images))[:, None], self.arrays["labels"][nearest]), votes)
        return (found + 1 / CLASSES) / (k + 1)

    def nearest(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which of the digits are nearest to uint8 (m, 784), the nearest first, and their squared distances.

        Both are int64 (m, min(k, n)); of digits equally far the first comes first. Distances between outlines are at
        most those between digits (Parseval), so that a digit whose outline is too far need not be looked at: some
        hundred of MNIST's 60,000 are (the bound of Faloutsos et al., 1994).
        """
        kept = self.arrays["images"].reshape(-1, PIXELS)
        if self._outlines is None:
            found = np.concatenate([_outlines(block) for block in blocks(kept)])
            self._outlines = found, np.square(found).sum(1)
        outlines, norms = self._outlines
        k = min(self.k, len(kept))
        few = min(max(2 * k, _FEW), len(kept))
        places, squared = np.empty((len(images), k), np.int64), np.empty((len(images), k), np.int64)
        for start in range(0, len(images), _TOGETHER):
            part = images[start : start + _TOGETHER]
            asked = _outlines(part)
            own = np.square(asked).sum(1)
            bounds = asked @ outlines.T
            bounds *= -2
            bounds += norms
            rounding = _ROUNDING * (own + norms.max())
            hard = []
            for row, (image, bound) in enumerate(zip(part, bounds, strict=True)):
                near = np.argpartition(bound, few - 1)[:few]
                farthest = np.partition(_squared(kept[near], image), k - 1)[k - 1]
                near = np.flatnonzero(bound <= farthest - own[row] + rounding[row])
                if len(near) > _MANY:  # under noise, which has no outline, nearly all are
                    hard.append(row)
                else:
                    places[start + row], squared[start + row] = _nearest_of(kept, near, image, k)
            for row, near in zip(hard, _near_in_pixels(kept, part[hard], k), strict=True):
                places[start + row], squared[start + row] = _nearest_of(kept, near, part[row], k)
        return places, squared


def _nearest_of(kept: np.ndarray, near: np.ndarray, image: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k of the digits at `near`, rising, that are nearest to one image, and their squared distances."""
    exact = _squared(kept[near], image)
    order = np.argsort(exact, kind="stable")[:k]
    return near[order], exact[order]


def _near_in_pixels(kept: np.ndarray, images: np.ndarray, k: int) -> list[np.ndarray]:
    """Return for each of uint8 (m, 784) which digits may be among its k nearest: by one product with all of them."""
    if not len(images):
        return []
    asked = images.astype(np.float32)
    apart = np.empty((len(images), len(kept)), np.float32)
    start, most = 0, 0.0
    for block in blocks(kept):
        here = slice(start, start + len(block))
        norms = squared_norms(block).astype(np.float32)
        apart[:, here] = norms - 2 * (asked @ block.astype(np.float32).T)
        start, most = start + len(block), max(most, float(norms.max()))
    rounding = 2 * _ROUNDING * (squared_norms(images) + most)
    farthest = np.partition(apart, k - 1, axis=1)[:, k - 1]
    return [np.flatnonzero(row <= far + more) for row, far, more in zip(apart, farthest, rounding, strict=True)]


@lru_cache(maxsize=1)
def _planes() -> np.ndarray:
    """Return the 100 planes of the lowest frequencies (orthonormal DCT-II, 10 x 10), float32 (784, 100)."""
    steps, waves = np.arange(_SIDE), np.arange(_WAVES)[:, None]
    lines = np.cos(np.pi * (2 * steps + 1) * waves / (2 * _SIDE)) * np.sqrt(np.where(waves, 2, 1) / _SIDE)
    planes: np.ndarray = np.einsum("ax,by->xyab", lines, lines).reshape(PIXELS, _WAVES**2).astype(np.float32)
    return planes


def _outlines(rows: np.ndarray) -> np.ndarray:
    """Return how much there is of each plane in uint8 (n, 784), float32 (n, 100)."""
    found: np.ndarray = rows.astype(np.float32) @ _planes()
    return found


def _squared(rows: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Return the squared distances of uint8 (n, 784) to (784,), exact: int64 (n,)."""
    apart = rows.astype(np.int32) - image
    found: np.ndarray = np.einsum("np,np->n", apart, apart).astype(np.int64)
    return found
