"""How well a classifier reads, from its probabilities at a glance, and which digits it takes for which."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.measures.calibration import calibration_error, log_loss
from core.measures.intervals import wilson
from core.measures.predictions import ensure_numbers

_SLACK = 1e-3  # by which probabilities of low precision may miss 0, 1 and their sum


@dataclass(frozen=True)
class Overview:
    """The figures of one reader on `count` digits, `right` of which it reads rightly.

    top2: digits whose label is among the two most probable; log_loss: nats; brier: from 0, the best, to 2;
    ece: expected calibration error, 0..1.
    """

    right: int
    top2: int
    count: int
    log_loss: float
    brier: float
    ece: float

    @property
    def errors(self) -> int:
        """How many digits it reads wrongly."""
        return self.count - self.right

    @property
    def accuracy(self) -> float:
        """The share of digits that it reads rightly."""
        return self.right / self.count

    @property
    def top2_accuracy(self) -> float:
        """The share of digits whose label is among the two most probable."""
        return self.top2 / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy."""
        return wilson(self.right, self.count)


@dataclass(frozen=True, eq=False)
class PerClass:
    """Figures of each class, float64 (k,), NaN where they are undefined; support: int64 (k,), digits of each class.

    precision is undefined of a class never predicted, recall of one never there, f1 of one that is neither. A class
    that is there and never predicted has an f1 of 0.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray

    @property
    def macro_precision(self) -> float:
        """The mean over the classes where it is defined: it flatters a reader that never says some class."""
        return mean_defined(self.precision)

    @property
    def macro_recall(self) -> float:
        """The mean over the classes that are there: the balanced accuracy."""
        return mean_defined(self.recall)

    @property
    def macro_f1(self) -> float:
        """The mean over the classes that are there or are predicted."""
        return mean_defined(self.f1)


@dataclass(frozen=True, eq=False)
class ConfusionDifference:
    """The second reader's confusion less the first's, [true, predicted]: counts, int64 (k, k); rates, float64 (k, k),
    NaN in the rows of classes that either has no digits of.
    """

    counts: np.ndarray
    rates: np.ndarray


def overview(probabilities: np.ndarray, labels: np.ndarray) -> Overview:
    """Return the figures of one reader; of equal probabilities the lower class counts as the more probable.

    probabilities: (n, k); labels: int (n,). brier is the mean over digits of the sum over all classes of the squared
    differences to 1 and 0 (Brier, "Verification of forecasts", 1950), twice the usual one of two classes. Raises
    ValueError as `checked` does.
    """
    probabilities, labels = checked(probabilities, labels)
    rows, classes = np.arange(len(labels)), np.arange(probabilities.shape[1])
    said = probabilities[rows, labels][:, None]
    before = (probabilities > said) | ((probabilities == said) & (classes < labels[:, None]))
    rank = before.sum(1)
    missing = probabilities.copy()
    missing[rows, labels] -= 1
    return Overview(
        right=int((rank == 0).sum()),
        top2=int((rank < 2).sum()),
        count=len(labels),
        log_loss=log_loss(probabilities, labels),
        brier=float((missing**2).sum(1).mean()),
        ece=calibration_error(probabilities, labels),
    )


def confusion_counts(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return how many digits of each class are read as each: int64 (classes, classes), [true, predicted].

    labels, predicted: int (n,). Raises ValueError as `checked_labels` does.
    """
    labels, predicted = checked_labels(labels, classes), checked_labels(predicted, classes)
    same_length(labels, predicted)
    cells = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


def confusion_rates(counts: np.ndarray) -> np.ndarray:
    """Return each row of confusion counts (k, k) as shares of its sum: float64 (k, k), NaN where there is no digit."""
    counts = _checked_counts(counts)
    return divided(counts, counts.sum(1, keepdims=True))


def confusion_difference(first: np.ndarray, second: np.ndarray) -> ConfusionDifference:
    """Return what two readers' confusion counts (k, k) differ in; ValueError when their shapes differ."""
    first, second = _checked_counts(first), _checked_counts(second)
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} classes cannot be compared with {len(second)}. Choose readers of the same.")
    return ConfusionDifference(second - first, confusion_rates(second) - confusion_rates(first))


def per_class(counts: np.ndarray) -> PerClass:
    """Return precision TP / (TP + FP), recall TP / (TP + FN), f1 2 TP / (2 TP + FP + FN) and support of each class.

    counts: int (k, k), [true, predicted]. van Rijsbergen, "Information retrieval", 1979.
    """
    counts = _checked_counts(counts)
    right, there, said = counts.diagonal(), counts.sum(1), counts.sum(0)
    return PerClass(divided(right, said), divided(right, there), divided(2 * right, said + there), there)


def checked(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities, float64 (n, k), and labels, int64 (n,), n >= 1 and k >= 2.

    Raises ValueError when the shapes do not fit, no digit is there, a probability is not finite, those of a digit do
    not add up to 1, or a label is none of the k classes.
    """
    probabilities = np.asarray(probabilities, np.float64)
    if probabilities.ndim != 2 or probabilities.shape[1] < 2:
        raise ValueError(f"Probabilities of the shape {probabilities.shape} are no (digits, classes). Pass two axes.")
    labels = checked_labels(labels, probabilities.shape[1])
    same_length(labels, probabilities)
    ensure_numbers(probabilities)
    outside = probabilities.min() < -_SLACK or probabilities.max() > 1 + _SLACK
    if outside or (np.abs(probabilities.sum(1) - 1) > _SLACK).any():
        raise ValueError("The probabilities of a digit do not add up to 1. Pass the output of softmax, not the logits.")
    return np.clip(probabilities, 0, 1), labels


def checked_labels(labels: np.ndarray, classes: int | None = None) -> np.ndarray:
    """Return labels or answers as int64 (n,), n >= 1.

    Raises ValueError unless there are some and each is a whole number from 0, below `classes` where that is known.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ValueError(f"Labels of the shape {labels.shape} are no list. Pass one for each digit.")
    if not len(labels):
        raise ValueError("There are no digits to judge. Choose at least one.")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or (classes is not None and labels.max() >= classes):
        known = "" if classes is None else f" 0 to {classes - 1}"
        raise ValueError(f"Some labels or answers are none of the classes{known}. Pass whole numbers from 0.")
    return labels.astype(np.int64)


def same_length(first: np.ndarray, second: np.ndarray) -> None:
    """Raise ValueError unless both arrays are of as many digits."""
    if len(first) != len(second):
        raise ValueError(f"{len(first):,} digits do not fit {len(second):,}. Pass both of the same digits.")


def divided(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, float64, NaN where the whole is 0."""
    empty = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    return np.divide(part, whole, out=empty, where=whole != 0)


def mean_defined(values: np.ndarray) -> float:
    """Return the mean of the values that are not NaN; NaN where there is none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def _checked_counts(counts: np.ndarray) -> np.ndarray:
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.dtype.kind not in "iu" or not counts.size:
        raise ValueError(f"{counts.dtype} of the shape {counts.shape} are no confusion counts. Pass whole (k, k).")
    if counts.min() < 0 or not counts.any():
        raise ValueError("Confusion counts are of no digits, or below 0. Count at least one digit.")
    return counts.astype(np.int64)
