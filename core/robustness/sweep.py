"""The accuracy of a run on test digits over the range of a dial: measured by a worker and stored with the run."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from core.data import datasets
from core.data.datasets import Split
from core.jobs.stored import MOST_DIGITS, Arrays, Facts, Stamp, Stored, of_these_weights
from core.measures.intervals import wilson
from core.measures.predictions import PREDICTIONS, ensure_numbers
from core.models.contract import Model
from core.progress import Progress
from core.robustness.dials import DIALS, Dial, dial_name, spoilt
from core.runs.run import Run, digits_of
from core.runs.weights import load_model
from core.untrusted import whole_between

OUTDATED = "The model, or the labels of its digits, have changed since this was measured."


@dataclass(frozen=True, eq=False)
class Sweep:
    """How many of the first `count` test digits of `dataset` a run reads rightly at each value of a dial.

    right: int64 (k,); labels: the checksum of the labels it was measured by.
    """

    dial: Dial
    right: np.ndarray
    count: int
    labels: int
    dataset: str
    weights_version: int

    @property
    def accuracy(self) -> np.ndarray:
        """The share read rightly, float64 (k,)."""
        return np.asarray(self.right / self.count)

    @property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """The ends of its 95 % intervals, float64 (k,) each."""
        low, high = zip(*(wilson(int(right), self.count) for right in self.right), strict=True)
        return np.array(low), np.array(high)


def first_tested(dataset: str, count: int = 0) -> Split:
    """Return the first test digits of a data set, all for 0."""
    test = datasets.load(dataset).test
    return test[:count] if count else test


def checksum(dataset: str) -> int:
    """Return the CRC-32 of the labels of all test digits: results by others are outdated."""
    return zlib.crc32(first_tested(dataset).labels.tobytes())


def by_these_labels(run: Run, value: Any, *_: str) -> bool:
    """Say whether a result is of the run's present weights, and by the labels that its digits have now."""
    return of_these_weights(run, value) and value.labels == checksum(value.dataset)


def reader_of(run: Run) -> Model:
    """Return the model of a classifier; ValueError for a run that reads no digits, or is without weights."""
    if run.spec.task != "classify":
        raise ValueError(f"{run.name} reads no digits. Choose a classifier.")
    return load_model(run)


def count_right(model: Model, parts: Iterable[np.ndarray], labels: np.ndarray, report: Callable[[float], None]) -> int:
    """Return how many of the digits, parts uint8 (m, 28, 28) of n in all, get their labels, int64 (n,).

    report is told the share that is read. Raises ValueError when the model's probabilities are not numbers.
    """
    done = right = 0
    for images in parts:
        report(done / len(labels))
        probabilities = model.predict_proba(images)
        ensure_numbers(probabilities)
        right += int(np.count_nonzero(probabilities.argmax(1) == labels[done : done + len(images)]))
        done += len(images)
    return right


def _measure(run: Run, report: Progress, name: str) -> tuple[Arrays, Facts]:
    version, dial = run.weights_version(), DIALS[dial_name(name)]
    model, dataset = reader_of(run), digits_of(run)
    digits, steps = first_tested(dataset, dial.count), len(dial.values)
    right = np.zeros(steps, np.int64)

    def tell(step: int, share: float) -> None:
        report((step + share) / steps, f"at {dial.text(dial.values[step])}, {len(digits):,} digits")

    # A number is the same wherever it is shown, and need not be had twice.
    clean = PREDICTIONS.load_current(run, "test")
    for step, value in enumerate(dial.values):
        if value == dial.harmless and clean is not None:
            right[step] = int(np.count_nonzero(clean.predicted[: len(digits)] == digits.labels))
            continue
        right[step] = count_right(model, spoilt(dial, value, digits, model), digits.labels, partial(tell, step))
    arrays: Arrays = {"values": np.array(dial.values), "right": right}
    facts = {"count": len(digits), "labels": checksum(dataset), "dataset": dataset, "weights_version": version}
    return arrays, facts


def _parse(arrays: Arrays, facts: Facts, stamp: Stamp, name: str) -> Sweep:
    dial, right, values = DIALS[name], arrays["right"], arrays["values"]
    count = whole_between(facts["count"], "count", 1, MOST_DIGITS)
    if values.shape != (len(dial.values),) or not (values == dial.values).all():
        raise ValueError(f"its values are not those of {dial.title}")
    if right.shape != values.shape or not 0 <= right.min() <= right.max() <= count:
        raise ValueError("its counts are none")
    labels = whole_between(facts["labels"], "labels", 0, 2**32 - 1)
    return Sweep(dial, right, count, labels, str(facts["dataset"]), int(facts["weights_version"]))


SWEEP: Stored[Sweep] = Stored(
    "sweep",
    _measure,
    _parse,
    {"values": np.float64, "right": np.int64},
    1 << 16,
    current=by_these_labels,
    outdated=OUTDATED,
    check=dial_name,
    keep=256,
)
