"""What a classifier reads in every digit of a sample, and its loss there: measured once per weights by a worker and
stored with the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.cache import newest
from core.data import samples
from core.files import UNREADABLE, open_npz, write_npz
from core.jobs import submit
from core.jobs.state import Work, ask, carry_out, how_far
from core.progress import Progress
from core.runs.run import Run, digits_of
from core.runs.weights import load_model

_LEAST = 1e-12  # probabilities below count as this: a loss of 27.6 nats, and never an infinite one
_MAX_BYTES = 1 << 22


@dataclass(frozen=True, eq=False)
class Readings:
    """One row per digit of a sample, in the canonical order of `dataset`.

    predicted: uint8 (n,), the most probable class; loss: float32 (n,), the cross-entropy in nats.
    """

    predicted: np.ndarray
    loss: np.ndarray
    dataset: str
    weights_version: int
    version: str  # changes with the stored file


def name_of(sample: str) -> str:
    """Return what the work of reading a sample is called; ValueError when there is no such sample."""
    return f"readings-{samples.sample_name(sample)}"


def measure(run: Run, sample: str) -> None:
    """Read a sample and store what was read, unless it is there; belongs in a worker, see `jobs.state.carry_out`."""
    name = name_of(sample)
    if not _is_current(run, sample):
        carry_out(run, name, lambda report: _measure(run, sample, report))


def readings_state(run: Run, sample: str) -> Work:
    """Tell how far the reading of a sample is."""
    return how_far(run, name_of(sample), lambda: _is_current(run, sample))


def _is_current(run: Run, sample: str) -> bool:
    found = load_readings(run, sample)
    return found is not None and found.weights_version == run.weights_version() and found.dataset == digits_of(run)


def _measure(run: Run, sample: str, report: Progress) -> None:
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
    facts = {"dataset": dataset, "weights_version": version}
    write_npz(run.projection_file(name_of(sample)), {"predicted": predicted, "loss": loss}, facts=facts)


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


def load_readings(run: Run, sample: str) -> Readings | None:
    """Return what was read last, maybe with older weights; None when there is nothing, or it is damaged."""
    path = run.projection_file(name_of(sample))
    try:
        stat = path.stat()
        return _read(str(path), stat.st_mtime_ns, stat.st_size, sample)
    except UNREADABLE:
        return None


@newest(16)  # 350 KB each of 70,000 digits
def _read(path: str, mtime_ns: int, size: int, sample: str) -> Readings:
    """Open a file that anyone may have written; one of UNREADABLE when it holds no readings."""
    arrays, facts = open_npz(path, {"predicted": np.uint8, "loss": np.float32}, _MAX_BYTES)
    predicted, loss, dataset = arrays["predicted"], arrays["loss"], str(facts["dataset"])
    shape = (samples.size(dataset, sample),)
    if predicted.shape != shape or loss.shape != shape or predicted.max() > 9 or loss.min() < 0:
        raise ValueError("its classes or losses are none")
    return Readings(predicted, loss, dataset, int(facts["weights_version"]), f"{mtime_ns:x}-{size:x}")


def submit_readings(run: Run, sample: str) -> None:
    """Have a classifier read every digit of a sample in a background process; returns at once."""
    ask(run, name_of(sample))
    submit.submit({"job": "readings", "folder": str(run.folder.resolve()), "sample": sample})
