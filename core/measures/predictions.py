"""What a classifier reads in every digit of a sample, and its loss there: measured once per weights by a worker and
stored with the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.data import samples
from core.jobs.stored import Arrays, Facts, Stamp, Stored
from core.progress import Progress
from core.runs.run import Run, digits_of
from core.runs.weights import load_model

_LEAST = 1e-12  # probabilities below count as this: a loss of 27.6 nats, and never an infinite one


@dataclass(frozen=True, eq=False)
class Predictions:
    """One row per digit of a sample, in the canonical order of `dataset`.

    predicted: uint8 (n,), the most probable class; loss: float32 (n,), the cross-entropy in nats.
    """

    predicted: np.ndarray
    loss: np.ndarray
    dataset: str
    weights_version: int
    version: str  # changes with the stored file


def _measure(run: Run, report: Progress, sample: str) -> tuple[Arrays, Facts]:
    version = run.weights_version()
    if run.spec.task != "classify":
        raise ValueError(f"{run.name} reads no digits. Choose a classifier.")
    model = load_model(run)
    dataset = digits_of(run)
    labels = samples.labels_of(dataset, sample)
    predicted, loss = np.empty(len(labels), np.uint8), np.empty(len(labels), np.float32)
    for rows, batch in _batches(dataset, sample):
        report(rows.start / len(labels), f"reading {len(labels):,} digits")
        predicted[rows], loss[rows] = judge(model.predict_proba(batch), labels[rows])
    return {"predicted": predicted, "loss": loss}, {"dataset": dataset, "weights_version": version}


def _batches(dataset: str, sample: str) -> Iterator[tuple[slice, np.ndarray]]:
    start = 0
    for batch in samples.batches_of(dataset, sample):
        yield slice(start, start + len(batch)), batch
        start += len(batch)


def judge(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the most probable class, uint8 (n,), and -log p of the right one in nats, float32 (n,).

    probabilities: float (n, 10); labels: int (n,). Raises ValueError when the probabilities are not finite.
    """
    if not np.isfinite(probabilities).all():
        raise ValueError("The model's probabilities are not numbers. Train it again with a smaller learning rate.")
    right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return probabilities.argmax(1).astype(np.uint8), -np.log(np.clip(right, _LEAST, 1)).astype(np.float32)


def _parse(arrays: Arrays, facts: Facts, stamp: Stamp, sample: str) -> Predictions:
    predicted, loss, dataset = arrays["predicted"], arrays["loss"], str(facts["dataset"])
    shape = (samples.size(dataset, sample),)
    if predicted.shape != shape or loss.shape != shape or predicted.max() > 9 or loss.min() < 0:
        raise ValueError("its classes or losses are none")
    return Predictions(predicted, loss, dataset, int(facts["weights_version"]), f"{stamp[1]:x}-{stamp[2]:x}")


PREDICTIONS: Stored[Predictions] = Stored(
    "predictions",
    _measure,
    _parse,
    {"predicted": np.uint8, "loss": np.float32},  # 350 KB each of 70,000 digits
    1 << 22,
    check=samples.sample_name,
)
