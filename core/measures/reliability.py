"""Whether a classifier is as often right as it says, at any temperature: the reliability diagram with its band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.measures.calibration import BINS, HIGH, LOW, calibrate, confidence_bins, confidence_error, log_loss
from core.measures.classification import checked, divided
from core.measures.intervals import wilson
from core.measures.predictions import LEAST

_RESAMPLES = 500
_BAND = (2.5, 97.5)  # percentiles: 95 % lie between


@dataclass(frozen=True, eq=False)
class Reliability:
    """One row per bin of confidence, the largest probability of a digit: 15 equal ones of (0, 1], right-closed.

    count, right: int64 (15,), digits in the bin and those of them read rightly. confidence: their mean confidence;
    accuracy: right / count; low, high: the 95 % band of the accuracy; all float64 (15,), NaN where the bin is empty.
    temperature, ece, log_loss (nats): of all digits.
    """

    count: np.ndarray
    right: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    low: np.ndarray
    high: np.ndarray
    temperature: float
    ece: float
    log_loss: float

    @property
    def mean_confidence(self) -> float:
        """How sure it is on average, over all digits."""
        full = self.count > 0
        return float(self.count[full] @ self.confidence[full] / self.count.sum())

    @property
    def mean_accuracy(self) -> float:
        """The share of all digits that it reads rightly."""
        return float(self.right.sum() / self.count.sum())


def reliability(probabilities: np.ndarray, labels: np.ndarray, temperature: float = 1.0, seed: int = 0) -> Reliability:
    """Return the reliability diagram at a temperature; at 1 the probabilities are taken as they are.

    probabilities: (n, k); labels: int (n,); seed: of the band. Guo et al., "On calibration of modern neural networks",
    2017. Raises ValueError as `classification.checked` does, and for a temperature outside of [0.05, 20].
    """
    return reliabilities(probabilities, labels, [temperature], seed)[0]


def reliabilities(
    probabilities: np.ndarray, labels: np.ndarray, temperatures: Sequence[float], seed: int = 0
) -> list[Reliability]:
    """Return the reliability diagrams at several temperatures, as `reliability` does.

    What is read is the same at any: only how sure, 1 / sum of (p / p of what is read)^(1 / T), is worked out anew.
    """
    probabilities, labels = checked(probabilities, labels)
    for temperature in temperatures:
        if not LOW <= temperature <= HIGH:
            raise ValueError(f"{temperature:g} is no temperature from {LOW:g} to {HIGH:g}. Choose one between.")
    hit = probabilities.argmax(1) == labels
    logs = np.log(np.maximum(probabilities, LEAST)).T.copy()  # a class a row: sums over rows are quick
    logs -= logs.max(0)
    said, scaled, found = logs[labels, np.arange(len(labels))], np.empty_like(logs), []
    for temperature in temperatures:
        if temperature == 1:
            confidence, loss = probabilities.max(1), log_loss(probabilities, labels)
        else:
            total = np.exp(np.divide(logs, temperature, out=scaled), out=scaled).sum(0)
            confidence = 1 / total
            loss = _mean_loss(np.exp(said / temperature) / total)
        found.append(_diagram(confidence, hit, temperature, loss, seed))
    return found


def _mean_loss(said: np.ndarray) -> float:
    """The log loss of the probabilities of the right classes, (n,)."""
    return log_loss(said[:, None], np.zeros(len(said), np.int64))


def _diagram(confidence: np.ndarray, hit: np.ndarray, temperature: float, loss: float, seed: int) -> Reliability:
    bins = confidence_bins(confidence)
    count = np.bincount(bins, minlength=BINS).astype(np.int64)
    right = np.bincount(bins[hit], minlength=BINS).astype(np.int64)
    low, high = accuracy_band(count, right, seed)
    return Reliability(
        count=count,
        right=right,
        confidence=divided(np.bincount(bins, confidence, BINS), count),
        accuracy=divided(right, count),
        low=low,
        high=high,
        temperature=temperature,
        ece=confidence_error(confidence, hit),
        log_loss=loss,
    )


def confidence_histogram(
    probabilities: np.ndarray, labels: np.ndarray, temperature: float = 1.0, bins: int = 50
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many digits are read rightly, and how many wrongly, in each of `bins` equal bins of confidence.

    Both int64 (bins,), right-closed. Raises ValueError as `reliability` does.
    """
    if bins < 1:
        raise ValueError(f"A histogram of {bins} bins shows nothing. Choose at least one.")
    said, labels = _at(probabilities, labels, temperature)
    inside, hit = confidence_bins(said.max(1), bins), said.argmax(1) == labels
    right, wrong = (np.bincount(inside[which], minlength=bins).astype(np.int64) for which in (hit, ~hit))
    return right, wrong


def accuracy_band(count: np.ndarray, right: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 95 % bootstrap band of the accuracy in each bin, NaN where the bin is empty.

    count, right: int (bins,). Digits are resampled, 500 times, out of all (Efron, "Bootstrap methods", 1979): how many
    fall on each bin, rightly and wrongly, is multinomial, so that it is drawn at once and no digit is handled. Where a
    bin is all right or all wrong no resample differs and the band would have no width, as if 2 of 2 said as much as
    2,000 of 2,000: there it is Wilson's interval.
    """
    cells = np.concatenate([right, count - right])
    drawn = np.random.default_rng(seed).multinomial(count.sum(), cells / cells.sum(), _RESAMPLES)
    hits, misses = drawn[:, : len(count)], drawn[:, len(count) :]
    low, high = np.full(len(count), np.nan), np.full(len(count), np.nan)
    sure = (count > 0) & ((right == 0) | (right == count))
    for row in np.flatnonzero(sure):
        low[row], high[row] = wilson(int(right[row]), int(count[row]))
    total = hits + misses
    always = (count > 0) & ~sure & (total > 0).all(0)
    if always.any():
        low[always], high[always] = np.percentile(hits[:, always] / total[:, always], _BAND, axis=0)
    for row in np.flatnonzero((count > 0) & ~sure & ~always):  # small bins, which some draws leave empty
        there = total[:, row] > 0
        low[row], high[row] = np.percentile(hits[there, row] / total[there, row], _BAND)
    return low, high


def _at(probabilities: np.ndarray, labels: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    probabilities, labels = checked(probabilities, labels)
    if not LOW <= temperature <= HIGH:
        raise ValueError(f"{temperature:g} is no temperature from {LOW:g} to {HIGH:g}. Choose one between.")
    return probabilities if temperature == 1 else calibrate(probabilities, temperature), labels
