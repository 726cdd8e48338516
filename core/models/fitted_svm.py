"""Support vector machines: linear ones, each class against all others, and RBF ones, each class against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import ClassVar

import numpy as np

from core.models.fitted import (
    MOST_DIGITS,
    PIXELS,
    FittedClassifier,
    Kind,
    among_ten,
    blocks,
    check_classes,
    refuse,
    shares_done,
    softmax,
    squared_norms,
)

# How steeply a class's odds rise with the value of the machine that decides about it (the slope of Platt, 1999): with
# the least log loss on 5,000 training digits of MNIST beside the 20,000 that were fitted.
_LINEAR_SLOPE = 2.5
_RBF_SLOPE = 8.0


class LinearMachines(FittedClassifier):
    """One plane a class, between it and all others; the answer is the class furthest on its own side.

    Fitted by scikit-learn's LinearSVC (squared hinge loss, pixels in [0, 1]), a class at a time. Probabilities are
    softmax(2.5 x decision values), whose order is that of the values. Its parameters are the weights and the biases;
    all are learned.
    """

    KINDS: ClassVar[dict[str, Kind]] = {
        "classes": (np.uint8, ("classes",)),
        "weights": (np.float32, ("classes", PIXELS)),
        "biases": (np.float32, ("classes",)),
    }

    def __init__(self, c: float, seed: int = 0) -> None:
        super().__init__(seed)
        self.c = c

    @property
    def parameter_count(self) -> int:
        """The weights and the biases."""
        return self.arrays["weights"].size + self.arrays["biases"].size

    def fit(self, images: np.ndarray, labels: np.ndarray) -> Iterator[float]:
        """Fit one plane after the other."""
        from sklearn.svm import LinearSVC

        classes = np.unique(labels)
        weights, biases = np.zeros((len(classes), PIXELS)), np.zeros(len(classes))
        pixels = images.reshape(-1, PIXELS) / 255
        done = shares_done([1.0] * len(classes))
        for row, label in enumerate(classes if len(classes) > 1 else []):
            machine = LinearSVC(C=self.c, dual=False, random_state=self.seed)
            machine.fit(pixels, labels == label)
            weights[row], biases[row] = machine.coef_[0], machine.intercept_[0]
            if row + 1 < len(classes):
                yield next(done)
        self._set(classes=classes, weights=weights, biases=biases)
        yield 1.0

    def _check(self, arrays: Mapping[str, np.ndarray]) -> None:
        check_classes(arrays["classes"])

    def decision(self, images: np.ndarray) -> np.ndarray:
        """Return the decision values of uint8 (m, 784), float64 (m, classes)."""
        values = images.astype(np.float32) @ self.arrays["weights"].T
        return values.astype(np.float64) / 255 + self.arrays["biases"]

    def _answer(self, images: np.ndarray) -> np.ndarray:
        return among_ten(softmax(_LINEAR_SLOPE * self.decision(images)), self.arrays["classes"])


class RbfMachines(FittedClassifier):
    """A machine for each pair of classes, with the kernel exp(-gamma |x - y|^2) on pixels in [0, 1].

    Fitted by scikit-learn's SVC pair by pair, which is what it does inside with more classes than two. Column p of
    `coefficients` weights the kernels of the support vectors that all pairs share; a value above 0 is a vote for the
    first class of pair p. The answer is the class with the most votes, and of equals the one that decided more surely,
    as by decision_function_shape="ovr" (LIBSVM; Knerr et al., 1990).

    A class's odds against the answer are exp(8 x the value of the machine that tells these two apart), at most even;
    so the probabilities' largest is the answer's. Its parameters are the pixels of the support vectors, the
    coefficients that are not 0, and the biases; the last two are learned, the pixels kept as they are given.
    """

    KINDS: ClassVar[dict[str, Kind]] = {
        "classes": (np.uint8, ("classes",)),
        "vectors": (np.uint8, ("vectors", 28, 28)),
        "coefficients": (np.float32, ("vectors", "pairs")),
        "biases": (np.float64, ("pairs",)),
        "gamma": (np.float64, (1,)),
    }

    def __init__(self, c: float, gamma: float, seed: int = 0) -> None:
        super().__init__(seed)
        self.c, self.gamma = c, gamma
        self._norms: np.ndarray | None = None

    @property
    def fitted(self) -> bool:
        """Whether there is anything to answer from; of digits of one class alone no machine is needed."""
        return self.arrays["classes"].size > 0

    @property
    def parameter_count(self) -> int:
        """The pixels of the support vectors and what is learned."""
        return self.arrays["vectors"].size + self.learned_count

    @property
    def learned_count(self) -> int:
        """The coefficients that are not 0, and the biases."""
        return int(np.count_nonzero(self.arrays["coefficients"])) + self.arrays["biases"].size

    def fit(self, images: np.ndarray, labels: np.ndarray) -> Iterator[float]:
        """Fit one machine after the other."""
        from sklearn.svm import SVC

        classes = np.unique(labels)
        rows = {label: np.flatnonzero(labels == label) for label in classes}
        pairs = list(combinations(classes, 2))
        pixels = images.reshape(-1, PIXELS)
        gamma = self.gamma or 1 / (PIXELS * max(float(pixels.var(dtype=np.float64)) / 255**2, 1e-12))
        coefficients, biases = np.zeros((len(images), len(pairs)), np.float32), np.zeros(len(pairs))
        done = shares_done([float(len(rows[a]) + len(rows[b])) ** 2 for a, b in pairs] or [1.0])
        for column, (first, second) in enumerate(pairs):
            chosen = np.concatenate([rows[first], rows[second]])  # in the order in which LIBSVM sees them
            machine = SVC(C=self.c, kernel="rbf", gamma=gamma, cache_size=500)
            machine.fit(pixels[chosen] / 255, labels[chosen])
            # With two classes alone, scikit-learn's value above 0 is for the second.
            coefficients[chosen[machine.support_], column] = -machine.dual_coef_[0]
            biases[column] = -machine.intercept_[0]
            if column + 1 < len(pairs):
                yield next(done)
        used = coefficients.any(1)
        self._norms = None
        self._set(
            classes=classes,
            vectors=images[used],
            coefficients=coefficients[used],
            biases=biases,
            gamma=[gamma],
        )
        yield 1.0

    def _check(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._norms = None
        count, pairs = len(arrays["classes"]), len(arrays["biases"])
        check_classes(arrays["classes"])
        if not count or 2 * pairs != count * (count - 1):
            raise refuse(f"it has {pairs:,} machines for the pairs of {count:,} classes")
        if len(arrays["vectors"]) > MOST_DIGITS:
            raise refuse(f"it has more than {MOST_DIGITS:,} support vectors")
        if not 0 < arrays["gamma"][0] <= 1e12:
            raise refuse("its gamma is not above 0")

    def decision(self, images: np.ndarray) -> np.ndarray:
        """Return the value of each pair's machine for uint8 (m, 784), float64 (m, pairs); above 0 is for its first."""
        vectors = self.arrays["vectors"].reshape(-1, PIXELS)
        if self._norms is None:
            self._norms = squared_norms(vectors).astype(np.float32)
        asked, own = images.astype(np.float32), squared_norms(images).astype(np.float32)[:, None]
        found = np.repeat(self.arrays["biases"][None], len(images), 0)
        start = 0
        for block in blocks(vectors):
            here = slice(start, start + len(block))
            squared = asked @ block.astype(np.float32).T
            squared *= -2
            squared += own
            squared += self._norms[here]
            np.maximum(squared, 0, out=squared)
            squared *= -self.arrays["gamma"][0] / 255**2
            found += np.exp(squared, out=squared) @ self.arrays["coefficients"][here]
            start += len(block)
        return found

    def votes(self, values: np.ndarray) -> np.ndarray:
        """Return the votes for each class of pairs' values (m, pairs), float64 (m, classes), as scikit-learn does.

        To the count of votes comes a share of at most a third, by how surely the machines decided.
        """
        count = len(self.arrays["classes"])
        votes, sure = np.zeros((len(values), count)), np.zeros((len(values), count))
        for column, (first, second) in enumerate(combinations(range(count), 2)):
            value = values[:, column]
            votes[:, first] += value >= 0
            votes[:, second] += value < 0
            sure[:, first] += value
            sure[:, second] -= value
        found: np.ndarray = votes + sure / (3 * (np.abs(sure) + 1))
        return found

    def _answer(self, images: np.ndarray) -> np.ndarray:
        values = self.decision(images)
        count = len(self.arrays["classes"])
        winner = self.votes(values).argmax(1)
        against = np.zeros((count, count), np.int64)  # the column of each pair
        sign = np.zeros((count, count))
        for column, (first, second) in enumerate(combinations(range(count), 2)):
            against[first, second] = against[second, first] = column
            sign[first, second], sign[second, first] = 1, -1
        rows = np.arange(len(images))[:, None]
        if count == 1:
            return among_ten(np.ones((len(images), 1)), self.arrays["classes"])
        # How each class's machine against the answer speaks for it; a tie with the answer stays just below it.
        odds = -sign[winner] * values[rows, against[winner]]
        odds = np.minimum(odds, -1e-6)
        odds[rows[:, 0], winner] = 0
        return among_ten(softmax(_RBF_SLOPE * odds), self.arrays["classes"])
