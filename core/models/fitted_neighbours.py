"""k nearest neighbours: all digits are kept as they are, and each answer looks for the most alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from core.models.fitted import CLASSES, PIXELS, FittedClassifier, Kind, blocks, refuse, squared_norms

_SPARE = 8  # more candidates than asked for, since float32 rounds squared distances to about their sixth digit


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
        self._norms: np.ndarray | None = None

    @property
    def learned_count(self) -> int:
        """None: the digits are kept as they are."""
        return 0

    def fit(self, images: np.ndarray, labels: np.ndarray) -> Iterator[float]:
        """Keep the digits."""
        self._set(images=images.copy(), labels=labels)
        self._norms = None
        yield 1.0

    def _check(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._norms = None
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

        Both are int64 (m, min(k, n)); of digits equally far the first comes first. By one matrix product a block,
        in float32, of which the best are measured again in whole numbers.
        """
        kept = self.arrays["images"].reshape(-1, PIXELS)
        if self._norms is None:
            self._norms = squared_norms(kept)
        asked = images.astype(np.float32)
        k = min(self.k, len(kept))
        wanted = min(k + _SPARE, len(kept))
        best = np.empty((len(images), 0), np.float32)
        places = np.empty((len(images), 0), np.int64)
        start = 0
        for block in blocks(kept):
            here = np.arange(start, start + len(block))
            found = asked @ block.astype(np.float32).T
            found *= -2
            found += self._norms[here].astype(np.float32)
            best = np.concatenate([best, found], 1)
            places = np.concatenate([places, np.broadcast_to(here, found.shape)], 1)
            if best.shape[1] > wanted:
                chosen = np.argpartition(best, wanted - 1, 1)[:, :wanted]
                best, places = np.take_along_axis(best, chosen, 1), np.take_along_axis(places, chosen, 1)
            start += len(block)
        places.sort(1)
        apart = kept[places].astype(np.int32) - images[:, None].astype(np.int32)
        squared = np.einsum("mkp,mkp->mk", apart, apart).astype(np.int64)
        order = np.argsort(squared, 1, kind="stable")[:, :k]
        return np.take_along_axis(places, order, 1), np.take_along_axis(squared, order, 1)
