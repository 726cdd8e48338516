"""What the chosen classifiers read: computed by a worker where it is not there, and what follows from it, made once."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from core.cache import keep_newest
from core.data import samples
from core.data.datasets import DATASETS
from core.measures.classification import Overview, PerClass, confusion_counts, overview, per_class
from core.measures.predictions import PREDICTIONS
from core.measures.thresholds import (
    PrecisionRecallCurve,
    Ranking,
    RocCurve,
    macro_precision_recall_curve,
    macro_roc_curve,
    precision_recall_curve,
    rank_classes,
    rank_micro,
    roc_curve,
)
from core.runs.run import Run
from pages.parts.shared.controls.address import select
from pages.parts.shared.controls.pickers import run_labels
from pages.parts.shared.job import Wish, follow
from pages.parts.shared.style import guarded

SPLITS = {"test": "Test digits", "train": "Training digits"}
_SAMPLES = {"test": "test", "train": "all"}  # what is read for a split


@dataclass(frozen=True, eq=False)
class Digits:
    """What one classifier reads in the n digits of a split.

    labels, predicted: int64 (n,); probabilities: float64 (n, 10); first: the row of the split's first digit among all
    digits of the data set.
    """

    dataset: str
    split: str
    labels: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray
    first: int

    @cached_property
    def overview(self) -> Overview:
        """Its figures."""
        return overview(self.probabilities, self.labels)

    @cached_property
    def counts(self) -> np.ndarray:
        """How many digits of each class are read as which, int64 (10, 10) [true, read as]."""
        return confusion_counts(self.labels, self.predicted, 10)

    @cached_property
    def per_class(self) -> PerClass:
        """Precision, recall and F1 of each class."""
        return per_class(self.counts)

    @cached_property
    def rankings(self) -> tuple[Ranking, ...]:
        """The digits by the probability of each class."""
        return rank_classes(self.probabilities, self.labels)

    @cached_property
    def rocs(self) -> list[RocCurve]:
        """The ROC curve of each class."""
        return [roc_curve(one) for one in self.rankings]

    @cached_property
    def precision_recalls(self) -> list[PrecisionRecallCurve]:
        """The precision-recall curve of each class."""
        return [precision_recall_curve(one) for one in self.rankings]

    @cached_property
    def macro_curves(self) -> tuple[RocCurve, PrecisionRecallCurve]:
        """The means of the curves of all classes."""
        return macro_roc_curve(self.rankings), macro_precision_recall_curve(self.rankings)

    @cached_property
    def micro_curves(self) -> tuple[RocCurve, PrecisionRecallCurve]:
        """The curves of all pairs of a digit and a class as one ranking."""
        ranking = rank_micro(self.probabilities, self.labels)
        return roc_curve(ranking), precision_recall_curve(ranking)

    @cached_property
    def confidence(self) -> np.ndarray:
        """The probability of what is read, float64 (n,)."""
        return np.asarray(self.probabilities.max(1))

    @property
    def classes(self) -> tuple[str, ...]:
        """What the classes are called."""
        return DATASETS[self.dataset].classes

    def read_as(self, true: int, read: int) -> np.ndarray:
        """Return the numbers, int64 (m,), of the digits of one class that are read as another, the surest first."""
        rows = np.flatnonzero((self.labels == true) & (self.predicted == read))
        return rows[np.argsort(-self.probabilities[rows, read], kind="stable")]

    def images(self, rows: np.ndarray) -> np.ndarray:
        """Return the pictures of some of the digits, uint8 (m, 28, 28)."""
        return samples.images_of(self.dataset, rows + self.first)

    def training_images(self, rows: np.ndarray) -> np.ndarray:
        """Return the pictures of some training digits of the data set, uint8 (m, 28, 28)."""
        return samples.images_of(self.dataset, rows + samples.size(self.dataset, "test"))


@dataclass(frozen=True, eq=False)
class Reading:
    """A run with what it reads in a split."""

    run: Run
    digits: Digits


def pick_reading(label: str, readings: Sequence[Reading]) -> Reading:
    """Let people choose one of several, the same in all parts and in the address; of one alone there is no choice."""
    if len(readings) == 1:
        return readings[0]
    labels = run_labels([one.run for one in readings])
    picked = select(label, "of", labels, readings[0].run.id, 280)
    return next((one for one in readings if one.run.id == picked), readings[0])


def share_text(value: float) -> str:
    """Return a share as people read it."""
    return "undefined" if math.isnan(value) else f"{100 * value:.2f} %"


def request(runs: Sequence[Run], split: str) -> None:
    """Have the digits of a split read by these runs, and show how far that is."""
    for run in runs:
        with guarded():
            follow(Wish(PREDICTIONS, run, (_SAMPLES[split],), f"What {run.name} reads"))


def readings(runs: Sequence[Run], split: str) -> list[Reading]:
    """Return what is known of these runs, of their present weights."""
    found = []
    for run in runs:
        for sample in dict.fromkeys((_SAMPLES[split], "all")):
            with guarded():
                if (known := PREDICTIONS.load_current(run, sample)) is not None:
                    found.append(Reading(run, _digits(f"{run.folder}/{split}", known.version, sample)))
                    break
    return found


@keep_newest(12)  # two splits of the runs on the page; of 60,000 digits one is 20 MB with all that is made of it
def _digits(name: str, version: str, sample: str) -> Digits:
    """name: of the run's folder, and of the split in it; sample: what was read at this version."""
    folder, split = os.path.split(name)
    predictions = PREDICTIONS.read(Run(Path(folder)), sample)
    if predictions is None:
        raise ValueError(f"What was read in the {SPLITS[split].lower()} is gone. Reload the page.")
    tests = samples.size(predictions.dataset, "test")
    rows = slice(0, tests) if split == "test" else slice(tests, None)
    return Digits(
        predictions.dataset,
        split,
        samples.labels_of(predictions.dataset, sample)[rows],
        predictions.predicted[rows].astype(np.int64),
        predictions.probabilities(rows),
        rows.start,
    )
