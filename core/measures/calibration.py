"""How sure a classifier may say it is: one temperature for its probabilities, fitted on half of the test digits.

Guo et al., "On calibration of modern neural networks", 2017. Label smoothing makes a net say 94 % where it is right in
99 of 100 cases, and long training makes one say 100 % where it is not: only calibrated do their percentages compare.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.data import datasets
from core.data.datasets import batches
from core.jobs.stored import MOST_DIGITS, Arrays, Facts, Stamp, Stored, of_its_own_digits
from core.measures.predictions import LEAST, ensure_numbers
from core.progress import Progress
from core.runs.run import Run
from core.runs.weights import load_model
from core.untrusted import number_between, whole_between

LOW, HIGH = 0.05, 20.0  # temperatures that are looked among
BINS = 15  # of confidence
# What each figure lies between.
_BOUNDS = {
    "temperature": (LOW, HIGH),
    **dict.fromkeys(("ece_before", "ece", "confidence_before", "confidence", "accuracy"), (0.0, 1.0)),
    **dict.fromkeys(("nll_before", "nll"), (0.0, -math.log(LEAST) + 0.1)),
}


@dataclass(frozen=True)
class Calibration:
    """The temperature of a run, and what it did to the half of the test digits that it was not fitted on.

    ece, ece_before: expected calibration error; nll, nll_before: mean negative log likelihood in nats; confidence,
    confidence_before: the mean of the largest probability; accuracy: which no temperature changes. count: of digits.
    """

    temperature: float
    ece_before: float
    ece: float
    nll_before: float
    nll: float
    confidence_before: float
    confidence: float
    accuracy: float
    count: int
    dataset: str
    weights_version: int


def calibrate(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities (n, k) at a temperature, float64: softmax(log p / T). Their order does not change."""
    logits = np.log(np.maximum(probabilities, LEAST, dtype=np.float64)) / temperature
    scaled = np.exp(logits - logits.max(1, keepdims=True))
    shares: np.ndarray = scaled / scaled.sum(1, keepdims=True)
    return shares


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature in [0.05, 20] with the smallest negative log likelihood.

    probabilities: (n, k); labels: int (n,). It is convex in 1 / T, so that a search by sections finds it.
    """
    from scipy.optimize import minimize_scalar

    logits = np.log(np.maximum(probabilities, LEAST, dtype=np.float64))
    rows = np.arange(len(labels))

    def loss(inverse: float) -> float:
        scaled = logits * inverse
        top = scaled.max(1)
        return float((top + np.log(np.exp(scaled - top[:, None]).sum(1)) - scaled[rows, labels]).mean())

    found = minimize_scalar(loss, bounds=(1 / HIGH, 1 / LOW), method="bounded", options={"xatol": 1e-5})
    return float(1 / found.x)


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the expected calibration error: sum of n_b / n |accuracy - confidence| over 15 equal bins, right-closed.

    probabilities: (n, k); labels: int (n,). Naeini et al., "Obtaining well calibrated probabilities", 2015.
    """
    return confidence_error(probabilities.max(1), probabilities.argmax(1) == labels)


def confidence_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Return the same of the largest probabilities, (n,), and of which of these answers are right, bool (n,)."""
    bins = confidence_bins(confidence)
    gaps = np.bincount(bins, right, BINS) - np.bincount(bins, confidence, BINS)
    return float(np.abs(gaps).sum() / len(right))


def confidence_bins(confidence: np.ndarray, count: int = BINS) -> np.ndarray:
    """Return which of `count` equal bins of (0, 1], right-closed, each confidence (n,) is in: int64 (n,), 0 with 0."""
    bins: np.ndarray = np.clip(np.ceil(confidence * count).astype(np.int64) - 1, 0, count - 1)
    return bins


def _measure(run: Run, report: Progress) -> tuple[Arrays, Facts] | None:
    if run.spec.task != "classify":
        return None  # it names no digits
    version, name = run.weights_version(), run.config.dataset
    model, test = load_model(run), datasets.load(name).test
    parts: list[np.ndarray] = []
    for images in batches(test.images):
        report(len(parts) * len(images) / len(test), f"reading {len(test):,} digits")
        parts.append(model.predict_proba(images))
    probabilities = np.concatenate(parts)
    ensure_numbers(probabilities)
    temperature = fit_temperature(probabilities[0::2], test.labels[0::2])
    before, labels = probabilities[1::2].astype(np.float64), test.labels[1::2]
    after = calibrate(before, temperature)
    facts: Facts = {
        "temperature": temperature,
        "ece_before": calibration_error(before, labels),
        "ece": calibration_error(after, labels),
        "nll_before": log_loss(before, labels),
        "nll": log_loss(after, labels),
        "confidence_before": float(before.max(1).mean()),
        "confidence": float(after.max(1).mean()),
        "accuracy": float((before.argmax(1) == labels).mean()),
        "count": len(labels),
    }
    return {}, {**facts, "dataset": name, "weights_version": version}


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean of -log p of the right class in nats, of which none counts more than 27.6.

    probabilities: (n, k); labels: int (n,).
    """
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], LEAST)).mean())


def _parse(arrays: Arrays, facts: Facts, stamp: Stamp) -> Calibration:
    return Calibration(
        **{name: number_between(facts[name], name, *bounds) for name, bounds in _BOUNDS.items()},
        count=whole_between(facts["count"], "count", 1, MOST_DIGITS),
        dataset=str(facts["dataset"]),
        weights_version=int(facts["weights_version"]),
    )


CALIBRATION: Stored[Calibration] = Stored(
    "calibration", _measure, _parse, {}, 1 << 16, current=of_its_own_digits, keep=1024
)
