"""The digits that a map of latent space shows, in one order for all maps: first the test digits, then the training
digits. A digit's number in that order is its row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from core import paths
from core.data import datasets
from core.data.datasets import Split, batches
from core.table import table
from core.untrusted import shown


@dataclass(frozen=True)
class Sample:
    """One row of SAMPLES: a part of a data set that can be mapped, always its first rows."""

    name: str
    title: str


SAMPLES = table(Sample("test", "Test digits"), Sample("all", "All digits"))


def sample_name(sample: str) -> str:
    """Return the name as it is; ValueError for a sample there is not."""
    if sample not in SAMPLES:
        raise ValueError(f"There is no sample {shown(sample)}. Choose one of: {', '.join(SAMPLES)}.")
    return sample


def size(dataset: str, sample: str) -> int:
    """Return how many digits a sample has."""
    return sum(map(len, _splits(dataset, sample)))


def labels_of(dataset: str, sample: str) -> np.ndarray:
    """Return the labels of a sample, int64 (n,), read-only."""
    sample_name(sample)
    datasets.load(dataset)  # outside the cache, so that files that went away are noticed
    return _labels(dataset, sample, str(paths.data_dir()))


@lru_cache(maxsize=8)
def _labels(dataset: str, sample: str, folder: str) -> np.ndarray:
    labels = np.concatenate([split.labels for split in _splits(dataset, sample)])
    labels.flags.writeable = False
    return labels


def images_of(dataset: str, rows: np.ndarray) -> np.ndarray:
    """Return the pictures of some rows, uint8 (m, 28, 28), in their order; ValueError for a row that is none."""
    opened = datasets.load(dataset)
    wanted = np.asarray(rows, np.int64).reshape(-1)
    tests, count = len(opened.test), len(opened.test) + len(opened.train)
    if len(wanted) and not 0 <= wanted.min() <= wanted.max() < count:
        raise _no_digit(int(wanted[(wanted < 0) | (wanted >= count)][0]), count)
    images = np.empty((len(wanted), 28, 28), np.uint8)
    test = wanted < tests
    images[test] = opened.test.images[wanted[test]]
    images[~test] = opened.train.images[wanted[~test] - tests]
    return images


def batches_of(dataset: str, sample: str) -> Iterator[np.ndarray]:
    """Yield the pictures of a sample in the order of their rows, uint8 (at most 500, 28, 28) at a time."""
    for split in _splits(dataset, sample):
        yield from batches(split.images)


def parts_of(dataset: str, sample: str) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield what `batches_of` does, each with the rows that it is of."""
    start = 0
    for batch in batches_of(dataset, sample):
        yield slice(start, start + len(batch)), batch
        start += len(batch)


def where(dataset: str, row: int) -> tuple[Literal["test", "train"], int]:
    """Return the split that a row is of, and its number there; ValueError for a row that is none."""
    opened = datasets.load(dataset)
    tests, count = len(opened.test), len(opened.test) + len(opened.train)
    if not 0 <= row < count:
        raise _no_digit(row, count)
    return ("test", row) if row < tests else ("train", row - tests)


def _no_digit(row: int, count: int) -> ValueError:
    return ValueError(f"There is no digit {row} among {count:,}. Choose one from 0 to {count - 1:,}.")


def _splits(dataset: str, sample: str) -> tuple[Split, ...]:
    opened = datasets.load(dataset)
    return (opened.test,) if sample_name(sample) == "test" else (opened.test, opened.train)
