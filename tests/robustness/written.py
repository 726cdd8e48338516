"""Results of MNIST-C as a worker would have stored them, for pages that only show them."""

from collections.abc import Sequence

import numpy as np

from core.data.corruptions import CORRUPTIONS
from core.robustness.mnist_c import MNIST_C
from core.robustness.sweep import checksum, first_tested
from core.runs.run import Run, digits_of


def write_mnist_c(run: Run, clean: int, wrong: Sequence[int]) -> None:
    """Store that a run misreads so many clean test digits, and so many under each of the fifteen corruptions."""
    dataset = digits_of(run)
    facts = {"names": list(CORRUPTIONS), "clean": clean, "count": len(first_tested(dataset).labels)}
    facts |= {"labels": checksum(dataset), "dataset": dataset, "weights_version": run.weights_version()}
    MNIST_C.write(run, {"wrong": np.array(wrong, np.int64)}, facts)
