"""A run's errors on its own test digits under the fifteen corruptions of MNIST-C, measured once by a worker."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from core.data.corruptions import CORRUPTIONS, corrupted_parts
from core.data.datasets import batches
from core.jobs.stored import MOST_DIGITS, Arrays, Facts, Stamp, Stored
from core.measures.intervals import wilson
from core.progress import Progress, part_of
from core.robustness.sweep import OUTDATED, by_these_labels, checksum, count_right, first_tested, reader_of
from core.runs.run import Run, digits_of
from core.untrusted import whole_between

SEED = 0  # of whatever is drawn


@dataclass(frozen=True, eq=False)
class Corrupted:
    """How many of `count` test digits of `dataset` a run misreads under each of CORRUPTIONS, and of the clean ones.

    wrong: int64 (15,), in their order; labels: the checksum of the labels it was measured by.
    """

    wrong: np.ndarray
    clean: int
    count: int
    labels: int
    dataset: str
    weights_version: int

    @property
    def mean(self) -> float:
        """The mean of the fifteen shares of errors."""
        return float(self.wrong.mean() / self.count)

    def interval(self, wrong: float) -> tuple[float, float]:
        """Return the 95 % interval of a share of errors, given their number.

        Of a mean number, too: over digits, the mean of fifteen answers varies at most as much as one answer that is as
        often wrong, so the interval is not too narrow.
        """
        return wilson(round(wrong), self.count)


def _measure(run: Run, report: Progress) -> tuple[Arrays, Facts]:
    version = run.weights_version()
    model, dataset = reader_of(run), digits_of(run)
    digits, labels, steps = first_tested(dataset), checksum(dataset), len(CORRUPTIONS) + 1
    wrong = []
    for step, name in enumerate(("", *CORRUPTIONS)):
        part = part_of(report, step / steps, (step + 1) / steps)
        images = corrupted_parts(digits.images, name, SEED) if name else batches(digits.images)
        tell = partial(_tell, part, f"{name or 'clean'}, {len(digits):,} digits")
        wrong.append(len(digits) - count_right(model, images, digits.labels, tell))
    facts = {"names": list(CORRUPTIONS), "clean": wrong[0], "count": len(digits), "labels": labels}
    arrays: Arrays = {"wrong": np.array(wrong[1:], np.int64)}
    return arrays, {**facts, "dataset": dataset, "weights_version": version}


def _tell(report: Progress, message: str, share: float) -> None:
    report(share, message)


def _parse(arrays: Arrays, facts: Facts, stamp: Stamp) -> Corrupted:
    wrong = arrays["wrong"]
    count = whole_between(facts["count"], "count", 1, MOST_DIGITS)
    if facts["names"] != list(CORRUPTIONS) or wrong.shape != (len(CORRUPTIONS),):
        raise ValueError("its corruptions are not those of MNIST-C")
    if not 0 <= wrong.min() <= wrong.max() <= count:
        raise ValueError("its counts are none")
    return Corrupted(
        wrong,
        whole_between(facts["clean"], "clean", 0, count),
        count,
        whole_between(facts["labels"], "labels", 0, 2**32 - 1),
        str(facts["dataset"]),
        int(facts["weights_version"]),
    )


MNIST_C: Stored[Corrupted] = Stored(
    "mnist-c", _measure, _parse, {"wrong": np.int64}, 1 << 16, current=by_these_labels, outdated=OUTDATED, keep=256
)
