"""The loss of every digit after some epochs of a run, by which wrong labels are found: measured once per weights by a
worker and stored with the run.

A net learns what digits have in common before it learns single ones by heart: early on, a wrong label has a high loss
(Arpit et al., "A Closer Look at Memorization in Deep Networks", 2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.data import datasets, samples
from core.data.label_noise import with_label_noise
from core.jobs.stored import Arrays, Facts, Stamp, Stored, of_its_own_digits
from core.measures.predictions import judge
from core.models import Model
from core.progress import Progress
from core.runs.run import Run
from core.runs.snapshots import snapshots_of, weights_in
from core.runs.weights import initial_model, load_model
from core.training.splits import training_rows

MOST_EPOCHS = 8


@dataclass(frozen=True, eq=False)
class LabelLosses:
    """What a run makes of its labels, of which those of test digits are right.

    epochs: int64 (e,), rising, the last that of the weights as they are; test, train: float32 (e, n), the cross-entropy
    in nats of each digit of the split.
    """

    epochs: np.ndarray
    test: np.ndarray
    train: np.ndarray
    dataset: str
    weights_version: int


def noisy_labels(run: Run) -> np.ndarray:
    """Return the labels of all training digits as a run has them, int64 (n,), of which some may be wrong.

    Raises DatasetUnavailable where its data set is not here.
    """
    config = run.config
    return with_label_noise(datasets.load(config.dataset).train.labels, config.label_noise, config.seed)


def learned_rows(run: Run) -> np.ndarray:
    """Return the numbers of the training digits that a run learns from, int64 (m,), rising.

    Raises DatasetUnavailable where its data set is not here, ValueError where that has fewer by now.
    """
    return training_rows(datasets.load(run.config.dataset).train, run.config)[0]


def spread(epochs: Sequence[int], most: int = MOST_EPOCHS) -> list[int]:
    """Return at most `most` >= 2 of some rising epochs, with the first and the last, closer together at the start."""
    if len(epochs) <= most:
        return list(epochs)
    rows = set(np.rint(np.geomspace(1, len(epochs), most)).astype(int))  # counted from 1; some coincide
    rest = [row for row in range(1, len(epochs)) if row not in rows]
    return [epochs[row - 1] for row in sorted([*rows, *rest[: most - len(rows)]])]


def _measure(run: Run, report: Progress) -> tuple[Arrays, Facts]:
    version, dataset = run.weights_version(), run.config.dataset
    if run.spec.task != "classify":
        raise ValueError(f"{run.name} reads no digits. Choose a classifier.")
    labels = np.concatenate([datasets.load(dataset).test.labels, noisy_labels(run)])
    last = max((epoch.epoch for epoch in run.history().epochs), default=0)
    epochs = spread([*sorted(epoch for epoch in snapshots_of(run) if epoch < last), last])
    loss = np.empty((len(epochs), len(labels)), np.float16)
    for row, model in enumerate(_models(run, epochs)):
        for part, batch in samples.parts_of(dataset, "all"):
            done = (row + part.start / len(labels)) / len(epochs)
            report(done, f"reading {len(labels):,} digits as after epoch {epochs[row]:,}")
            loss[row, part] = judge(model.predict_proba(batch), labels[part])[1]
    return {"epochs": np.array(epochs, np.int64), "loss": loss}, {"dataset": dataset, "weights_version": version}


def _models(run: Run, epochs: Sequence[int]) -> Iterator[Model]:
    """Yield the model after each epoch, the last with the weights that the run has now."""
    found = snapshots_of(run)
    model = initial_model(run) if len(epochs) > 1 else None
    for epoch in epochs[:-1]:
        assert model is not None
        model.load_state_dict(weights_in(found[epoch], model.state_dict()))
        yield model
    yield load_model(run)


def _parse(arrays: Arrays, facts: Facts, stamp: Stamp) -> LabelLosses:
    epochs, loss, dataset = arrays["epochs"], arrays["loss"], str(facts["dataset"])
    tests = samples.size(dataset, "test")
    if loss.shape != (len(epochs), samples.size(dataset, "all")) or not 1 <= len(epochs) <= MOST_EPOCHS:
        raise ValueError("its losses are not of these digits")
    if (np.diff(epochs) <= 0).any() or epochs[0] < 0 or not np.isfinite(loss).all() or (loss < 0).any():
        raise ValueError("its epochs or losses are none")
    loss = loss.astype(np.float32)
    return LabelLosses(epochs, loss[:, :tests], loss[:, tests:], dataset, int(facts["weights_version"]))


LABEL_LOSSES: Stored[LabelLosses] = Stored(
    "label-losses",
    _measure,
    _parse,
    {"epochs": np.int64, "loss": np.float16},  # 1.1 MB of eight epochs and 70,000 digits
    1 << 21,
    current=of_its_own_digits,
    keep=6,
)
