"""One class against the rest by a score: what every threshold finds, and the curves over all of them with their areas.

ROC: Fawcett, "An introduction to ROC analysis", 2006. Everything is counted once, over the sorted scores.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.measures.classification import checked, mean_defined, same_length

MOST_POINTS = 1000  # of a curve: a plot shows no more


@dataclass(frozen=True)
class AtThreshold:
    """What is found of a class when a score >= `threshold` says it: true and false positives and negatives.

    Figures are NaN where they are undefined.
    """

    threshold: float
    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def precision(self) -> float:
        """The share of the class among what is said to be of it."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """The share of the class that is found: the true positive rate."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def false_positive_rate(self) -> float:
        """The share of the rest that is taken for the class."""
        return _ratio(self.fp, self.fp + self.tn)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)


@dataclass(frozen=True, eq=False)
class Ranking:
    """The scores of one class against the rest, of n >= 1 digits with m different scores.

    scores: float64 (m,), rising; tp, fp: int64 (m + 1,), digits of the class and of the rest with at least this score,
    and last none; so tp[0] and fp[0] are all there are.
    """

    scores: np.ndarray
    tp: np.ndarray
    fp: np.ndarray

    @property
    def positives(self) -> int:
        """How many digits are of the class."""
        return int(self.tp[0])

    @property
    def negatives(self) -> int:
        """How many digits are of the rest."""
        return int(self.fp[0])

    def at(self, threshold: float) -> AtThreshold:
        """Return what a threshold finds, in O(log m); ValueError when it is NaN."""
        if math.isnan(threshold):
            raise ValueError("A threshold that is no number finds nothing. Choose one from 0 to 1.")
        row = self.scores.searchsorted(threshold)
        tp, fp = int(self.tp[row]), int(self.fp[row])
        return AtThreshold(threshold, tp, fp, self.positives - tp, self.negatives - fp)

    @property
    def auc(self) -> float:
        """The area under the ROC curve; NaN unless there are digits of the class and of the rest.

        (R - p (p + 1) / 2) / (p q), R the sum of the mid-ranks of the p scores of the class among all p + q: the chance
        that one of the class scores more than one of the rest, ties for a half. Hanley and McNeil, 1982.
        """
        own = self.tp[:-1] - self.tp[1:]
        doubled = own @ (2 * self.negatives - self.fp[:-1] - self.fp[1:])  # whole numbers: below, and equal for a half
        return _ratio(int(doubled), 2 * self.positives * self.negatives)

    @property
    def average_precision(self) -> float:
        """The sum over thresholds of precision times what recall gains there; NaN without a digit of the class."""
        gained = (self.tp[:-1] - self.tp[1:]) * (self.tp[:-1] / (self.tp[:-1] + self.fp[:-1]))
        return float(gained.sum()) / self.positives if self.positives else math.nan

    def roc(self) -> tuple[np.ndarray, np.ndarray]:
        """Return false and true positive rates, float64 (m + 1,), from the highest threshold down; NaN if undefined."""
        return self.fp[::-1] / (self.negatives or math.nan), self.tp[::-1] / (self.positives or math.nan)

    def precision_recall(self) -> tuple[np.ndarray, np.ndarray]:
        """Return recall and precision, float64 (m + 1,), from the highest threshold down, at first 0 and 1."""
        tp, fp = self.tp[-2::-1], self.fp[-2::-1]
        return self.tp[::-1] / (self.positives or math.nan), np.concatenate([[1.0], tp / (tp + fp)])


@dataclass(frozen=True, eq=False)
class RocCurve:
    """At most MOST_POINTS points, float64 (m,), from (0, 0) to (1, 1), joined by straight lines; none if undefined.

    thresholds: falling, at first infinite; NaN in a mean over classes. auc: of all points, also of those left out.
    """

    false_positive_rate: np.ndarray
    true_positive_rate: np.ndarray
    thresholds: np.ndarray
    auc: float


@dataclass(frozen=True, eq=False)
class PrecisionRecallCurve:
    """At most MOST_POINTS points, float64 (m,), from recall 0, where precision counts as 1, to recall 1; none if
    undefined. Joined by steps: from one recall to the next, precision is that of the next.

    thresholds: falling, at first infinite; NaN in a mean over classes. average_precision: also of points left out.
    """

    recall: np.ndarray
    precision: np.ndarray
    thresholds: np.ndarray
    average_precision: float


def rank(scores: np.ndarray, positive: np.ndarray) -> Ranking:
    """Sort scores, any finite (n,), of digits that are of the class where `positive`, bool (n,).

    Raises ValueError when there is none, one is not finite, or the shapes do not fit.
    """
    scores, positive = np.asarray(scores, np.float64), np.asarray(positive)
    if scores.ndim != 1 or positive.ndim != 1 or positive.dtype != bool:
        raise ValueError("Scores or classes are no lists. Pass a number and a yes or no for each digit.")
    same_length(scores, positive)
    if not len(scores):
        raise ValueError("There are no digits to judge. Choose at least one.")
    if not np.isfinite(scores).all():
        raise ValueError("The model's scores are not numbers. Train it again with a smaller learning rate.")
    order = scores.argsort()
    scores, positive = scores[order], positive[order]
    first = np.flatnonzero(np.concatenate([[True], scores[1:] != scores[:-1]]))  # of each run of equal scores
    left = np.append(len(scores) - first, 0)
    tp = np.append(positive.sum() - (positive.cumsum() - positive)[first], 0)
    return Ranking(scores[first], tp, left - tp)


def rank_classes(probabilities: np.ndarray, labels: np.ndarray) -> tuple[Ranking, ...]:
    """Return each class against the rest by its probability. probabilities: (n, k); labels: int (n,).

    Raises ValueError as `classification.checked` does.
    """
    probabilities, labels = checked(probabilities, labels)
    return tuple(rank(scores, labels == digit) for digit, scores in enumerate(probabilities.T))


def rank_micro(probabilities: np.ndarray, labels: np.ndarray) -> Ranking:
    """Return all n k pairs of a digit and a class as one ranking: what micro averages are of. As `rank_classes`."""
    probabilities, labels = checked(probabilities, labels)
    return rank(probabilities.ravel(), (labels[:, None] == np.arange(probabilities.shape[1])).ravel())


def roc_curve(ranking: Ranking) -> RocCurve:
    """Return the ROC curve of a class, or the micro average of all."""
    kept = thinned(*ranking.roc()) if ranking.positives and ranking.negatives else np.empty(0, int)
    false, true = ranking.roc()
    return RocCurve(false[kept], true[kept], _thresholds(ranking)[kept], ranking.auc)


def precision_recall_curve(ranking: Ranking) -> PrecisionRecallCurve:
    """Return the precision-recall curve of a class, or the micro average of all."""
    recall, precision = ranking.precision_recall()
    kept = thinned(recall, precision) if ranking.positives else np.empty(0, int)
    return PrecisionRecallCurve(recall[kept], precision[kept], _thresholds(ranking)[kept], ranking.average_precision)


def macro_roc_curve(rankings: Sequence[Ranking]) -> RocCurve:
    """Return the mean of the true positive rates at each false positive rate, over the classes that have a curve.

    Its area is the mean of theirs. Where curves rise upright, so does the mean.
    """
    curves = [ranking.roc() for ranking in rankings if ranking.positives and ranking.negatives]
    grid = np.unique(np.concatenate([[], *(false for false, _ in curves)]))
    ends = [_between(false, true, grid) for false, true in curves]
    false, true = np.repeat(grid, 2), np.mean(ends, 0).ravel() if ends else np.empty(0)
    kept = thinned(false, true)
    area = mean_defined(np.array([ranking.auc for ranking in rankings]))
    return RocCurve(false[kept], true[kept], np.full(len(kept), math.nan), area)


def macro_precision_recall_curve(rankings: Sequence[Ranking]) -> PrecisionRecallCurve:
    """Return the mean of the precisions at each recall, over the classes that are there; its area is theirs' mean."""
    curves = [ranking.precision_recall() for ranking in rankings if ranking.positives]
    grid = np.unique(np.concatenate([[], *(recall for recall, _ in curves)]))
    steps = [precision[recall.searchsorted(grid)] for recall, precision in curves]
    precision = np.mean(steps, 0) if steps else np.empty(0)
    kept = thinned(grid, precision)
    area = mean_defined(np.array([ranking.average_precision for ranking in rankings]))
    return PrecisionRecallCurve(grid[kept], precision[kept], np.full(len(kept), math.nan), area)


def thinned(x: np.ndarray, y: np.ndarray, most: int = MOST_POINTS) -> np.ndarray:
    """Return at most `most` >= 2 indices of a curve (m,), rising, with both its ends.

    They lie evenly along it, up and down counted like to the side: evenly in x, the steep start would be lost.
    """
    if len(x) <= most:
        return np.arange(len(x))
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    found = way.searchsorted(np.linspace(0, way[-1], most))
    found[-1] = len(x) - 1
    return np.unique(found)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _thresholds(ranking: Ranking) -> np.ndarray:
    return np.concatenate([[np.inf], ranking.scores[::-1]])


def _between(x: np.ndarray, y: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Where a rising curve arrives and where it leaves at each x of a grid: float64 (len(grid), 2)."""
    steps, first = np.unique(x, return_index=True)
    arrives, leaves = y[first], y[np.append(first[1:], len(x)) - 1]
    row = steps.searchsorted(grid, "right") - 1
    after = np.minimum(row + 1, len(steps) - 1)
    share = (grid - steps[row]) / np.maximum(steps[after] - steps[row], np.finfo(float).tiny)
    right = leaves[row] + share * (arrives[after] - leaves[row])
    return np.column_stack([np.where(steps[row] == grid, arrives[row], right), right])
