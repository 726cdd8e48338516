"""Two and more readers on the same digits: which is better, where they agree, what a vote of them gains, and which
are worth what they cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.measures.classification import checked, checked_labels, same_length

LEVEL = 0.05  # a difference that chance alone makes more rarely is called one


@dataclass(frozen=True)
class McNemar:
    """Two readers on the same digits. first_only, second_only: digits that only one of them reads rightly; p: how
    often two equal readers would differ as much as these, or more.
    """

    first_only: int
    second_only: int
    p: float

    @property
    def resolved(self) -> bool:
        """Whether one is better, at 5 %."""
        return self.p < LEVEL

    def verdict(self, first: str, second: str) -> str:
        """Return in words which of two readers of these names is better: "A is better (p = .02)"."""
        if not self.resolved:
            return f"not resolved ({_p(self.p)})"
        return f"{first if self.first_only > self.second_only else second} is better ({_p(self.p)})"


@dataclass(frozen=True, eq=False)
class Agreement:
    """Shares of the digits, float64 (m, m), of each two of m readers. same: with the same answer, right or wrong;
    both_right: that both read rightly, on the diagonal the accuracies.
    """

    same: np.ndarray
    both_right: np.ndarray

    @property
    def both_wrong(self) -> np.ndarray:
        """Shares of the digits that both misread, alike or not, on the diagonal the errors: float64 (m, m)."""
        right = self.both_right.diagonal()
        wrong: np.ndarray = 1 - right[:, None] - right + self.both_right
        return np.maximum(wrong, 0.0)


@dataclass(frozen=True, eq=False)
class Vote:
    """What m readers answer together. mean, majority: int64 (n,), answers; mean_right, majority_right: how many are
    right; best: the number of the best reader alone, best_right: how many it reads rightly.

    The best is known from these same digits only, so that the gains are rather too small than too large.
    """

    mean: np.ndarray
    majority: np.ndarray
    mean_right: int
    majority_right: int
    best: int
    best_right: int

    @property
    def mean_gain(self) -> int:
        """How many digits more than the best reader the mean of probabilities reads rightly."""
        return self.mean_right - self.best_right

    @property
    def majority_gain(self) -> int:
        """How many digits more than the best reader the majority reads rightly."""
        return self.majority_right - self.best_right


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> McNemar:
    """Return the exact two-sided McNemar test of which digits two readers read rightly, bool (n,) each.

    Were they equal, each digit that only one reads rightly would be either's with a chance of one half (McNemar, 1947):
    p is binomial, and 1 without such a digit. Raises ValueError when there is no digit, or the shapes do not fit.
    """
    first, second = np.asarray(first_right), np.asarray(second_right)
    if any(right.ndim != 1 or right.dtype != bool for right in (first, second)):
        raise ValueError("What readers read rightly is no list. Pass a yes or no for each digit.")
    same_length(first, second)
    if not len(first):
        raise ValueError("There are no digits to judge. Choose at least one.")
    first_only, second_only = int((first & ~second).sum()), int((second & ~first).sum())
    return McNemar(first_only, second_only, _two_sided(first_only, second_only))


def agreement(predicted: np.ndarray, labels: np.ndarray) -> Agreement:
    """Return how far m readers agree. predicted: int (m, n), answers; labels: int (n,).

    Raises ValueError when there is no reader or no digit, or the shapes do not fit.
    """
    predicted, right = _checked_answers(predicted, labels)
    same = np.array([(predicted == answers).mean(1) for answers in predicted])
    both = right.astype(np.float64) @ right.T / right.shape[1]
    return Agreement(same, both)


def only_right(predicted: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return for each of m readers the rows of the digits that it alone reads rightly, int64, rising.

    predicted: int (m, n), answers; labels: int (n,). Raises ValueError as `agreement` does.
    """
    _, right = _checked_answers(predicted, labels)
    alone = right & (right.sum(0) == 1)
    return tuple(np.flatnonzero(row) for row in alone)


def vote(probabilities: np.ndarray, labels: np.ndarray) -> Vote:
    """Return what m readers answer together, and how often they are right. probabilities: (m, n, k); labels: int (n,).

    Of equal readers the first is the best, of equal classes the lower wins. Raises ValueError when there is no reader,
    and as `classification.checked` does.
    """
    probabilities = np.asarray(probabilities)
    if probabilities.ndim != 3 or not len(probabilities):
        raise ValueError(f"The shape {probabilities.shape} is no (readers, digits, classes). Pass one reader or more.")
    said = np.stack([checked(reader, labels)[0] for reader in probabilities])
    right = (said.argmax(2) == labels).sum(1)
    mean, most = said.mean(0).argmax(1), _majority(said)
    return Vote(
        mean=mean,
        majority=most,
        mean_right=int((mean == labels).sum()),
        majority_right=int((most == labels).sum()),
        best=int(right.argmax()),
        best_right=int(right.max()),
    )


def pareto_front(cost: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Return which of m points no other one dominates, bool (m,): is as cheap and as accurate, and in one of both more.

    cost, accuracy: finite (m,), m may be 0. Equal points are all there. Raises ValueError when the shapes do not fit,
    or one is not finite.
    """
    cost, accuracy = np.asarray(cost, np.float64), np.asarray(accuracy, np.float64)
    if cost.ndim != 1 or cost.shape != accuracy.shape:
        raise ValueError(f"Costs {cost.shape} do not fit accuracies {accuracy.shape}. Pass one of each for each point.")
    if not (np.isfinite(cost).all() and np.isfinite(accuracy).all()):
        raise ValueError("A cost or an accuracy is not a number. Leave out points that were not measured.")
    as_good = (cost <= cost[:, None]) & (accuracy >= accuracy[:, None])  # [point, other]
    better = (cost < cost[:, None]) | (accuracy > accuracy[:, None])
    front: np.ndarray = np.logical_not((as_good & better).any(1))
    return front


def _majority(probabilities: np.ndarray) -> np.ndarray:
    """Return the class that most of m readers answer, int64 (n,), ties by the mean of the probabilities (m, n, k)."""
    classes = np.arange(probabilities.shape[2])
    votes = (probabilities.argmax(2)[:, :, None] == classes).sum(0)
    most = votes == votes.max(1, keepdims=True)
    winner: np.ndarray = np.where(most, probabilities.mean(0), -1).argmax(1)
    return winner


def _two_sided(first: int, second: int) -> float:
    """Return how often as many fair coins split as unevenly or more: in whole numbers, so that none is too small."""
    coins, fewer = first + second, min(first, second)
    term = found = 1  # ways to choose none
    for chosen in range(fewer):
        term = term * (coins - chosen) // (chosen + 1)
        found += term
    return min(1.0, 2 * found / 2**coins)


def _p(p: float) -> str:
    """Return p as people write it, with as many digits as show on which side of the level it is."""
    if p < 0.001:
        return "p < .001"
    digits = 2 if p >= 0.01 else 3
    while (p < LEVEL) != (round(p, digits) < LEVEL):
        digits += 1
    return f"p = {p:.{digits}f}".replace(" 0.", " .")


def _checked_answers(predicted: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the answers (m, n), and which are right, bool (m, n)."""
    predicted, labels = np.asarray(predicted), checked_labels(labels)
    if predicted.ndim != 2 or not len(predicted):
        raise ValueError(f"Answers of the shape {predicted.shape} are no (readers, digits). Pass one reader or more.")
    for answers in predicted:
        same_length(checked_labels(answers), labels)
    return predicted, predicted == labels
