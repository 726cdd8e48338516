"""The figures of a run: what the weights it keeps come to on the whole test set, and on all digits it was trained with.

Measured once per weights by a worker, when training ends, and stored with the run; every page shows these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from core.data import datasets
from core.data.datasets import Split
from core.jobs.stored import MOST_DIGITS, Arrays, Facts, Stamp, Stored, of_its_own_digits
from core.measures.intervals import wilson
from core.models.contract import Metrics, Model
from core.progress import Progress, part_of
from core.runs.events import Summary
from core.runs.run import Run
from core.runs.weights import load_model
from core.training.config import TrainConfig
from core.training.loop import evaluate
from core.training.splits import training_split
from core.untrusted import number_between, whole_between

_CHUNK = 500  # images of one step of `evaluate`
_MOST_PARAMETERS = 10**12
_LARGEST = 1e38  # about what float32 holds
_ROUNDED = -1e-3  # of a divergence that is 0
_PARTS = {"test": (0.0, 0.15), "noisy": (0.15, 0.3), "train": (0.3, 1.0)}  # of the time


@dataclass(frozen=True)
class Scores:
    """Metrics as `Model.evaluate` names them: test, of the whole test set; train, of all digits trained with.

    Both without augmentation, dropout and noise. noisy: of the test set under the noise that the run learns to take
    off; empty for a run that knows of none. test_count, train_count: of how many digits. parameters, learned: of the
    model, and those of them that training changes.
    """

    test: Metrics
    train: Metrics
    noisy: Metrics
    test_count: int
    train_count: int
    parameters: int
    learned: int
    dataset: str
    weights_version: int

    @property
    def negative_elbo(self) -> float:
        """The negative evidence lower bound on the test set, in nats per image; NaN for a run that is no VAE."""
        return self.test.get("reconstruction", math.nan) + self.test.get("kl", math.nan)

    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % interval of the test accuracy; None where there is none."""
        share = self.test.get("accuracy", math.nan)
        return wilson(round(share * self.test_count), self.test_count) if math.isfinite(share) else None


def _measure(run: Run, report: Progress) -> tuple[Arrays, Facts]:
    version, config = run.weights_version(), run.config
    model, dataset = load_model(run), datasets.load(config.dataset)
    train = training_split(dataset.train, config)[0]
    clean = replace(config, noise="none")
    parts = {"test": (dataset.test, clean), "train": (train, clean)}
    if config.noise != "none":
        parts["noisy"] = (dataset.test, config)
    found = {name: _metrics(model, split, how, part_of(report, *_PARTS[name])) for name, (split, how) in parts.items()}
    counts = {"test_count": len(dataset.test), "train_count": len(train)}
    sizes = {"parameters": model.parameter_count, "learned": model.learned_count}
    return {}, {**found, **counts, **sizes, "dataset": config.dataset, "weights_version": version}


def _metrics(model: Model, split: Split, config: TrainConfig, report: Progress) -> Metrics:
    found: Metrics = {}
    for done, metrics in enumerate(evaluate(model, split, config)):
        report(min(1.0, done * _CHUNK / len(split)), f"measuring {len(split):,} digits")
        found = metrics
    if not all(_ROUNDED <= value <= _LARGEST for value in found.values()):
        raise ValueError("The model's answers are not numbers. Train it again with a smaller learning rate.")
    if "accuracy" in found:
        found["accuracy"] = round(found["accuracy"] * len(split)) / len(split)  # of whole digits, not of float32 means
    return found


def _parse(arrays: Arrays, facts: Facts, stamp: Stamp) -> Scores:
    test, train, noisy = (_numbers(facts.get(name, {}), name) for name in ("test", "train", "noisy"))
    parameters = whole_between(facts["parameters"], "parameters", 0, _MOST_PARAMETERS)
    return Scores(
        test=test,
        train=train,
        noisy=noisy,
        test_count=whole_between(facts["test_count"], "test_count", 1, MOST_DIGITS),
        train_count=whole_between(facts["train_count"], "train_count", 1, MOST_DIGITS),
        parameters=parameters,
        learned=whole_between(facts["learned"], "learned", 0, parameters),
        dataset=str(facts["dataset"]),
        weights_version=int(facts["weights_version"]),
    )


def _numbers(metrics: dict[str, Any], of: str) -> Metrics:
    bounds = {"accuracy": (0.0, 1.0), "loss": (0.0, _LARGEST), "mse": (0.0, _LARGEST)}
    return {
        name: number_between(value, f"{name[:20]} of {of}", *bounds.get(name, (_ROUNDED, _LARGEST)))
        for name, value in metrics.items()
    }


SCORES: Stored[Scores] = Stored(
    "scores", _measure, _parse, {}, 1 << 16, current=of_its_own_digits, keep=1024, then=("calibration",)
)


@dataclass(frozen=True)
class Figure:
    """A figure of the weights that a run keeps, on the whole test set; low, high: its 95 % interval, NaN for none."""

    metric: str
    value: float
    low: float = math.nan
    high: float = math.nan

    @property
    def text(self) -> str:
        """The figure as people read it, with its interval where it has one."""
        if self.metric != "accuracy":
            return f"{self.value:.4f}" if self.value < 1e4 else f"{self.value:.4g}"  # diverged: up to 38 digits
        interval = "" if math.isnan(self.low) else f" ({100 * self.low:.2f}\N{EN DASH}{100 * self.high:.2f})"
        return f"{100 * self.value:.2f}\N{NO-BREAK SPACE}%{interval}"

    @property
    def words(self) -> str:
        """The figure with what it is of."""
        return f"{self.text} of the test digits right" if self.metric == "accuracy" else f"test error {self.text}"


def figure_of(run: Run, summary: Summary | None = None) -> Figure | None:
    """Return the accuracy of a classifier or the mean squared error of an autoencoder, on clean test digits.

    While a run trains it is that of its last whole epoch; None where the weights were not measured yet. summary: the
    run's, where it is known already.
    """
    metric = "accuracy" if run.spec.task == "classify" else "mse"
    if (scores := SCORES.load_current(run)) is not None and metric in scores.test:
        return Figure(metric, scores.test[metric], *(scores.interval() or ()))
    summary = summary or run.summary()
    known = summary.metric == metric and math.isfinite(summary.test) and run.config.noise == "none"
    return Figure(metric, summary.test) if known and (summary.whole or run.active()) else None
