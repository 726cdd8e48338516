"""What a classifier reads in every digit of a sample, how probable it finds each class, and its loss there: measured
once per weights by a worker and stored with the run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data import samples
from core.jobs.stored import Arrays, Facts, Stamp, Stored
from core.progress import Progress
from core.runs.run import Run, digits_of
from core.runs.weights import load_model

LEAST = 1e-12  # probabilities below count as this: a loss of 27.6 nats, and never an infinite one


@dataclass(frozen=True, eq=False)
class Predictions:
    """One row per digit of a sample, in the canonical order of `dataset`.

    predicted: uint8 (n,), the most probable class; loss: float32 (n,), the cross-entropy in nats. log_probabilities:
    float16 (n, 10), from -27.6 to 0: probabilities themselves would lose what is between .9995 and 1, which is where
    most of a good reader's are.
    """

    predicted: np.ndarray
    loss: np.ndarray
    log_probabilities: np.ndarray
    dataset: str
    weights_version: int
    version: str  # changes with the stored file

    def probabilities(self, rows: slice = slice(None)) -> np.ndarray:
        """Return the probabilities of the digits in some rows, float64 (m, 10), each row with the sum 1."""
        shares: np.ndarray = np.exp(self.log_probabilities[rows].astype(np.float64))
        shares /= shares.sum(1, keepdims=True)
        return shares


def _measure(run: Run, report: Progress, sample: str) -> tuple[Arrays, Facts]:
    version = run.weights_version()
    if run.spec.task != "classify":
        raise ValueError(f"{run.name} reads no digits. Choose a classifier.")
    model = load_model(run)
    dataset = digits_of(run)
    labels = samples.labels_of(dataset, sample)
    predicted, loss = np.empty(len(labels), np.uint8), np.empty(len(labels), np.float32)
    logs = np.empty((len(labels), 10), np.float16)
    for rows, batch in samples.parts_of(dataset, sample):
        report(rows.start / len(labels), f"reading {len(labels):,} digits")
        probabilities = model.predict_proba(batch)
        predicted[rows], loss[rows] = judge(probabilities, labels[rows])
        logs[rows] = rounded_logs(probabilities, predicted[rows])
    arrays: Arrays = {"predicted": predicted, "loss": loss, "log_probabilities": logs}
    return arrays, {"dataset": dataset, "weights_version": version}


def ensure_numbers(probabilities: np.ndarray) -> None:
    """Raise ValueError when a model's probabilities are not finite."""
    if not np.isfinite(probabilities).all():
        raise ValueError("The model's probabilities are not numbers. Train it again with a smaller learning rate.")


def judge(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the most probable class, uint8 (n,), and -log p of the right one in nats, float32 (n,).

    probabilities: float (n, 10); labels: int (n,). Raises ValueError when the probabilities are not finite.
    """
    ensure_numbers(probabilities)
    right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return probabilities.argmax(1).astype(np.uint8), -np.log(np.clip(right, LEAST, 1)).astype(np.float32)


def rounded_logs(probabilities: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return log p, float16 (n, k), of float (n, k), where the predicted class stays the one with the largest.

    predicted: uint8 (n,). Rounding may make another as large: that one becomes the next smaller number.
    """
    logs = np.log(np.clip(probabilities, LEAST, 1)).astype(np.float16)
    largest = np.take_along_axis(logs, predicted[:, None].astype(np.int64), 1)
    tied = (logs >= largest) & (np.arange(logs.shape[1]) != predicted[:, None])
    return np.where(tied, np.nextafter(largest, np.float16(-np.inf)), logs)


def _parse(arrays: Arrays, facts: Facts, stamp: Stamp, sample: str) -> Predictions:
    predicted, loss, logs = arrays["predicted"], arrays["loss"], arrays["log_probabilities"]
    dataset = str(facts["dataset"])
    count = samples.size(dataset, sample)
    if predicted.shape != (count,) or loss.shape != (count,) or predicted.max() > 9 or not loss.min() >= 0:
        raise ValueError("its classes or losses are none")
    if logs.shape != (count, 10) or not (logs <= 0).all() or not np.isfinite(logs).all():
        raise ValueError("its probabilities are none")
    return Predictions(predicted, loss, logs, dataset, int(facts["weights_version"]), f"{stamp[1]:x}-{stamp[2]:x}")


PREDICTIONS: Stored[Predictions] = Stored(
    "predictions",
    _measure,
    _parse,
    {"predicted": np.uint8, "loss": np.float32, "log_probabilities": np.float16},  # 1.75 MB of 70,000 digits
    1 << 22,
    check=samples.sample_name,
    stem="readings",
)
