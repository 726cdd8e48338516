"""What an autoencoder's answers are measured against: how well it redraws the test digits, and where the training
digits lie in its latent space. Measured once per weights, stored with the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from core.cache import keep_newest
from core.data import datasets
from core.data.datasets import batches
from core.files import UNREADABLE, open_npz
from core.jobs.stored import Arrays, Facts, Stamp, Stored
from core.measures.neighbours import centred
from core.measures.reconstruction import reconstruction_errors
from core.progress import Progress
from core.runs.run import Run, digits_of
from core.runs.weights import load_model

KNOWN = 10_000  # training digits whose codes are kept
_QUANTILES = 1001
_MAX_CODE, _MAX_BYTES = 4096, 1 << 28

Neighbour = tuple[int, int, float]  # index in the training split, label, distance between the codes


@dataclass(frozen=True, eq=False)
class KnownCodes:
    """Codes of training digits, float32 (n, k), sorted by label.

    labels: int64 (n,); indices: int64 (n,) into the training split.
    """

    codes: np.ndarray
    labels: np.ndarray
    indices: np.ndarray

    @cached_property
    def _centred(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return centred(self.codes)

    @cached_property
    def _classes(self) -> list[tuple[int, int]]:
        starts = np.flatnonzero(np.diff(self.labels, prepend=-1)).tolist()
        return list(zip(starts, [*starts[1:], len(self.labels)], strict=True))

    def around(self, code: np.ndarray, k: int) -> tuple[list[Neighbour], list[Neighbour]]:
        """Return the k digits whose codes are nearest to a code (k,), and of each class the nearest, nearest first."""
        mean, rest, squares = self._centred
        # |a - b|^2 = |a|^2 - 2ab + |b|^2, of which the last is the same for all: one product of matrix and vector.
        squares = squares - 2 * (rest @ (code - mean))
        count = min(4 * k, len(squares))  # more than asked for, because float32 may confuse close ones
        rows = np.argpartition(squares, count - 1)[:count]
        classes = [start + int(squares[start:end].argmin()) for start, end in self._classes]
        return self._ranked(rows, code)[:k], self._ranked(np.array(classes), code)

    def _ranked(self, rows: np.ndarray, code: np.ndarray) -> list[Neighbour]:
        distances = np.sqrt(((self.codes[rows].astype(np.float64) - code) ** 2).sum(1))
        order = np.lexsort((self.indices[rows], distances))
        rows, distances = rows[order], distances[order].round(4)
        return list(zip(self.indices[rows].tolist(), self.labels[rows].tolist(), distances.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Reference:
    """quantiles: float64 (1001,), rising, of the mean squared errors with which a run redraws the test digits of
    `dataset`; stored: the file with the codes, and what tells its versions apart.
    """

    quantiles: np.ndarray
    dataset: str
    weights_version: int
    stored: Stamp

    def error_percentile(self, error: float) -> float:
        """Return the share of the test digits, 0..1, that the run redraws better than with this error."""
        below = int(np.searchsorted(self.quantiles, error, side="left"))
        if below in (0, len(self.quantiles)):
            return float(below > 0)
        low, high = self.quantiles[below - 1 : below + 1]
        return float((below - 1 + (error - low) / (high - low)) / (len(self.quantiles) - 1))

    def around(self, code: np.ndarray, k: int) -> tuple[list[Neighbour], list[Neighbour]]:
        """Return the k training digits nearest to a code, and of each class the nearest; OSError without the file."""
        return _codes(*self.stored).around(code, k)


def _measure(run: Run, report: Progress) -> tuple[Arrays, Facts]:
    version = run.weights_version()
    model = load_model(run)
    if run.spec.task != "reconstruct":
        raise ValueError(f"{run.name} has no latent space. Choose an autoencoder.")
    dataset = digits_of(run)
    opened = datasets.load(dataset)
    report(0.1, f"redrawing {len(opened.test):,} test digits")
    errors = reconstruction_errors(model, opened.test.images)
    labels = np.asarray(opened.train.labels[:KNOWN])
    report(0.5, f"encoding {len(labels):,} training digits")
    codes = np.concatenate([model.encode(batch) for batch in batches(opened.train.images[:KNOWN])])
    bad = int((~np.isfinite(codes)).any(1).sum())
    if bad:
        raise ValueError(f"{bad:,} of {len(codes):,} codes are not finite numbers. Train with a smaller learning rate.")
    order = np.argsort(labels, kind="stable")
    arrays: dict[str, np.ndarray] = {
        "quantiles": np.quantile(errors.astype(np.float64), np.linspace(0, 1, _QUANTILES)),
        "codes": codes[order].astype(np.float32),
        "labels": labels[order],
        "indices": order,
    }
    return arrays, {"dataset": dataset, "weights_version": version}


def _parse(arrays: Arrays, facts: Facts, stamp: Stamp) -> Reference:
    quantiles = arrays["quantiles"]
    if quantiles.shape != (_QUANTILES,) or (np.diff(quantiles) < 0).any():
        raise ValueError(f"its quantiles have the shape {quantiles.shape} or fall")
    return Reference(quantiles, str(facts["dataset"]), int(facts["weights_version"]), stamp)


def _is_current(run: Run, found: Reference) -> bool:
    # The run's own digits are always the right ones; whether they are here is looked up for a stand-in only.
    fits = found.dataset == run.config.dataset or found.dataset == digits_of(run)
    return fits and found.weights_version == run.weights_version()


@keep_newest(8)  # 3 MB of codes of 64 numbers, and as much again to compare with
def _codes(path: str, mtime_ns: int, size: int) -> KnownCodes:
    try:
        arrays, _ = open_npz(path, {"codes": np.float32, "labels": np.int64, "indices": np.int64}, _MAX_BYTES)
        codes, labels, indices = arrays["codes"], arrays["labels"], arrays["indices"]
        n, k = codes.shape
        if not 1 <= n <= KNOWN or not 1 <= k <= _MAX_CODE:
            raise ValueError(f"its codes have the shape {codes.shape}")
        for array, top in ((labels, 10), (indices, KNOWN)):
            if array.shape != (n,) or array.min() < 0 or array.max() >= top:
                raise ValueError("its labels or indices are out of range")
        if (np.diff(labels) < 0).any():
            raise ValueError("its digits are not sorted by label")
    except OSError:
        raise
    except UNREADABLE as error:
        raise ValueError(
            f"The stored codes cannot be used ({error}). Delete {Path(path).name}, and they are made anew."
        ) from error
    return KnownCodes(codes, labels, indices)


REFERENCE: Stored[Reference] = Stored(
    "reference",
    _measure,
    _parse,
    {"quantiles": np.float64},  # 8 KB each; the codes are read when they are asked for
    _MAX_BYTES,
    current=_is_current,
    keep=128,
)


def reference_of(run: Run) -> Reference | None:
    """Return the reference of a run's present weights; None while it is not measured yet.

    Raises ValueError with the reason when measuring it failed.
    """
    found = REFERENCE.load_current(run)
    if found is None and (job := REFERENCE.state(run)).state == "failed":
        raise ValueError(job.message)
    return found
