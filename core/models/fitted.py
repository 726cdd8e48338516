"""What the models that scikit-learn fits have in common: plain arrays that they are made of, and answers from those.

scikit-learn is imported by a fit alone: who only asks a model needs NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from threadpoolctl import threadpool_limits

from core.models.contract import Metrics

# As for torch: processes of one thread each share the cores best, and sums are rounded in the same order everywhere.
threadpool_limits(1, user_api="blas")

CLASSES = 10
PIXELS = 28 * 28
MOST_DIGITS = 60_000  # of all data sets: more are kept by no fit, and would take long to compare with
Kind = tuple[type[np.generic], tuple[int | str, ...]]  # dtype, and shape with a letter where the fit decides
_LEAST = 1e-12  # probabilities below count as this: a loss of 27.6 nats, and never an infinite one
_AT_ONCE = 250  # images that are answered together, for the memory that takes


class FittedClassifier:
    """Arrays and the answers from them, meeting `core.models.contract.FittedModel` once a subclass has `fit`.

    KINDS says what its arrays are. Before it is fitted all sizes are 0, and it gives each class 0.1.
    """

    KINDS: ClassVar[dict[str, Kind]]
    code_size = 0

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.arrays: dict[str, np.ndarray] = {
            name: np.zeros([size if isinstance(size, int) else 0 for size in shape], dtype)
            for name, (dtype, shape) in self.KINDS.items()
        }

    @property
    def parameter_count(self) -> int:
        """How many numbers its answers are made from."""
        return sum(array.size for array in self.arrays.values())

    @property
    def learned_count(self) -> int:
        """How many of them fitting has chosen: all, but for a model that says otherwise."""
        return self.parameter_count

    @property
    def fitted(self) -> bool:
        """Whether there is anything to answer from."""
        return all(array.size for array in self.arrays.values())

    def fit(self, images: np.ndarray, labels: np.ndarray) -> Iterator[float]:
        """Learn from uint8 (n, 28, 28) and int64 (n,), as the contract says."""
        raise NotImplementedError

    def _check(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Raise ValueError where arrays of the right kinds hold what would lead an answer astray."""

    def _answer(self, images: np.ndarray) -> np.ndarray:
        """Return probabilities (m, 10) of uint8 (m, 784), 1 <= m <= 250, by a model that is fitted."""
        raise NotImplementedError

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Return class probabilities, float32 (n, 10)."""
        if not self.fitted:
            return np.full((len(images), CLASSES), 1 / CLASSES, np.float32)
        found = np.empty((len(images), CLASSES), np.float32)
        rows = images.reshape(len(images), PIXELS)
        for start in range(0, len(rows), _AT_ONCE):
            found[start : start + _AT_ONCE] = self._answer(rows[start : start + _AT_ONCE])
        return found

    def evaluate(self, images: np.ndarray, labels: np.ndarray, targets: np.ndarray | None = None) -> Metrics:
        """Return the cross-entropy and the share read rightly, averaged over the images."""
        probabilities = self.predict_proba(images)
        right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
        loss = float(-np.log(np.maximum(right, _LEAST)).mean())
        return {"loss": loss, "accuracy": int(np.count_nonzero(probabilities.argmax(1) == labels)) / len(labels)}

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all arrays."""
        return {name: array.copy() for name, array in self.arrays.items()}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Set all arrays; ValueError when they are of another model, or hold what no fit would have made."""
        if set(state) != set(self.KINDS):
            names = ", ".join(sorted(set(state) ^ set(self.KINDS))[:3])
            raise ValueError(f"The weights are of another model (they differ in {names}). Train the model again.")
        sizes: dict[str, int] = {}
        for name, (dtype, shape) in self.KINDS.items():
            array = state[name]
            wanted = [
                sizes.setdefault(n, s) if isinstance(n, str) else n for n, s in zip(shape, array.shape, strict=False)
            ]
            if array.dtype != dtype or array.ndim != len(shape) or [*array.shape] != wanted:
                raise ValueError(
                    f"The weight {name} is {array.dtype} of the shape {array.shape}, which does not fit this model. "
                    "Train the model again."
                )
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise ValueError(f"The weight {name} holds numbers that are not finite. Train the model again.")
        if any(sizes.values()):
            self._check(state)
        self.arrays = {name: np.array(state[name]) for name in self.KINDS}

    def _set(self, **arrays: Any) -> None:
        """Take over what a fit has made, in the kinds that are kept."""
        self.arrays = {name: np.asarray(arrays[name], dtype) for name, (dtype, _) in self.KINDS.items()}


def refuse(what: str) -> ValueError:
    """Return the error for a state that no fit makes."""
    return ValueError(f"The weights cannot be used: {what}. Train the model again.")


def squared_norms(rows: np.ndarray) -> np.ndarray:
    """Return the squared length of each of uint8 (n, 784), int64 (n,)."""
    return np.concatenate(
        [np.zeros(0, np.int64)] + [np.square(block, dtype=np.int32).sum(1, dtype=np.int64) for block in blocks(rows)]
    )


def blocks(rows: np.ndarray, size: int = 2000) -> Iterator[np.ndarray]:
    """Yield parts of the rows, each small enough that it stays in the processor's cache as float32."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return shares (n, k) whose logarithms are the scores but for a constant."""
    raised = np.exp(scores - scores.max(1, keepdims=True))
    shares: np.ndarray = raised / raised.sum(1, keepdims=True)
    return shares


def among_ten(shares: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return (n, 10) of the shares (n, k) of some classes; a class that nothing was learned of has none."""
    found = np.zeros((len(shares), CLASSES))
    found[:, classes] = shares
    return found


def check_classes(classes: np.ndarray) -> None:
    """Raise ValueError unless these are some of the ten classes, rising."""
    if (np.diff(classes.astype(np.int64)) <= 0).any() or classes.max(initial=0) >= CLASSES:
        raise refuse("its classes are not among the ten")


def shares_done(costs: list[float]) -> Iterator[float]:
    """Yield the share done after each of some pieces of work, the last of them exactly 1."""
    done, total = 0.0, math.fsum(costs)
    for cost in costs[:-1]:
        done += cost
        yield done / total
    yield 1.0
