"""fit(): the training loop, a generator of what happened. Whoever iterates decides; to stop is to stop asking."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.config import TrainConfig
from core.data import Dataset, Split
from core.models import Metrics, Model

_CHECKS_PER_EPOCH = 4  # looks at the sample of test images within an epoch
_SAMPLE = 1000  # size of that sample
_CHUNK = 500  # images evaluated between two events


@dataclass(frozen=True)
class Step:
    """One batch learned. `metrics` are of this batch before the step; `test`, at some steps, of the test sample."""

    epoch: int  # counted from 1
    step: int  # counted from 1 over the whole run
    images: int  # in this batch
    lr: float
    metrics: Metrics
    test: Metrics | None = None


@dataclass(frozen=True)
class Checking:
    """A breath during the evaluation after an epoch, so that a stop need not wait for its end."""

    epoch: int


@dataclass(frozen=True)
class Epoch:
    """An epoch ended. `train` averages its steps, `test` is the whole test set."""

    epoch: int
    step: int
    train: Metrics
    test: Metrics


class Diverged(ArithmeticError):
    """The loss is no longer a finite number."""

    def __init__(self, step: int, last: float | None) -> None:
        self.step, self.last = step, last
        known = "" if last is None else f" The last finite loss was {last:.4g}."
        super().__init__(f"The loss was not finite at step {step}.{known} Try a smaller learning rate.")


def build(config: TrainConfig) -> Model:
    """Build the model of a config with fresh weights, ready to train."""
    return config.spec.build(
        config.params,
        loss=config.loss,
        optimizer=config.optimizer,
        weight_decay=config.weight_decay,
        label_smoothing=config.label_smoothing,
        seed=config.seed,
    )


def fit(model: Model, data: Dataset, config: TrainConfig, done_epochs: int = 0) -> Iterator[Step | Checking | Epoch]:
    """Train `model` on `data` as `config` says, yielding a Step per batch and an Epoch per epoch.

    Every random draw depends on (seed, epoch) alone, so a model restored after `done_epochs` goes on exactly as
    if it had never paused. Raises Diverged at the first loss that is not finite.
    """
    train = subset(data.train, config)
    per_epoch = steps_per_epoch(len(train), config)
    total, step = per_epoch * config.epochs, per_epoch * done_epochs
    checks = {math.ceil(per_epoch * k / _CHECKS_PER_EPOCH) for k in range(1, _CHECKS_PER_EPOCH)}
    sample = Split(data.test.images[:_SAMPLE], data.test.labels[:_SAMPLE])
    last: float | None = None

    for epoch in range(done_epochs + 1, config.epochs + 1):
        sums: dict[str, float] = {}
        model.seed_step(config.seed * 1009 + epoch)
        order = np.random.default_rng((config.seed, epoch)).permutation(len(train))
        for number in range(per_epoch):
            batch = order[number * config.batch_size : (number + 1) * config.batch_size]
            step += 1
            lr = learning_rate(config, step, total)
            metrics = model.train_step(train.images[batch], train.labels[batch], lr)
            if not math.isfinite(metrics["loss"]):
                raise Diverged(step, last)
            last = metrics["loss"]
            for key, value in metrics.items():
                sums[key] = sums.get(key, 0.0) + value * len(batch)
            test = model.evaluate(sample.images, sample.labels) if number + 1 in checks else None
            yield Step(epoch, step, len(batch), lr, metrics, test)
        result: Metrics = {}
        for part in evaluate(model, data.test):
            result = part
            yield Checking(epoch)
        yield Epoch(epoch, step, {key: value / len(train) for key, value in sums.items()}, result)


def evaluate(model: Model, split: Split) -> Iterator[Metrics]:
    """Yield the metrics over a growing part of the split; the last is of all of it."""
    sums: dict[str, float] = {}
    for start in range(0, len(split), _CHUNK):
        images, labels = split.images[start : start + _CHUNK], split.labels[start : start + _CHUNK]
        for key, value in model.evaluate(images, labels).items():
            sums[key] = sums.get(key, 0.0) + value * len(labels)
        yield {key: value / (start + len(labels)) for key, value in sums.items()}


def subset(split: Split, config: TrainConfig) -> Split:
    """Return the `train_size` images that the seed chooses, or all of them when it is 0."""
    size = training_size(split, config)
    if size == len(split):
        return split
    chosen = np.sort(np.random.default_rng((config.seed, 0)).permutation(len(split))[:size])
    return Split(split.images[chosen], split.labels[chosen])


def training_size(split: Split, config: TrainConfig) -> int:
    """Return how many images of the split are trained on. Raises ValueError when there are not so many."""
    if config.train_size > len(split):
        raise ValueError(
            f"train_size is {config.train_size:,}, but {config.dataset} has {len(split):,} training images. "
            "Use at most that many."
        )
    return config.train_size or len(split)


def steps_per_epoch(images: int, config: TrainConfig) -> int:
    """Return how many batches an epoch has; the last may be smaller."""
    return math.ceil(images / config.batch_size)


def learning_rate(config: TrainConfig, step: int, total: int) -> float:
    """Return the learning rate of a step counted from 1.

    one-cycle: linear from 0 up to lr over the first fifth of the run, then linear down to 2 % of it
    (Smith and Topin, "Super-convergence", 2018).
    """
    if config.schedule == "constant":
        return config.lr
    warm = max(1.0, 0.2 * total)
    if step <= warm:
        return config.lr * step / warm
    return config.lr * (1 - 0.98 * (step - warm) / max(1.0, total - warm))
