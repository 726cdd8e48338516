"""fit(): the training loop, a generator of what happened. Whoever iterates decides; to stop is to stop asking."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from core.data.augment import augment, corrupt
from core.data.datasets import Dataset, Split
from core.data.glyphs import GlyphPool
from core.models.contract import FittedModel, Health, Metrics, Model, SteppedModel
from core.training.config import TrainConfig
from core.training.splits import training_split

_CHECKS_PER_EPOCH = 4  # looks at the sample of test images within an epoch
_SAMPLE = 1000  # size of that sample
_TRAIN_SAMPLE = 10_000  # training digits that are measured after each epoch as test digits are
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
class Fitting:
    """A model that is fitted at once is so far: the share done, up to 1, from which on it can answer."""

    share: float


@dataclass(frozen=True)
class Checking:
    """A breath during the evaluation after an epoch, so that a stop need not wait for its end."""

    epoch: int


@dataclass(frozen=True)
class Epoch:
    """An epoch ended. `train` averages its steps, `test` is the whole test set, `health` of some training digits.

    A fit is one epoch and one step, with nothing in `train` and `health`: there was no batch, and there is no layer.
    train_sample: of the first 10,000 training digits, measured as the test set is: by the weights at the end, without
    augmentation and dropout. validation: of the digits held out for early stopping, where there are any.
    """

    epoch: int
    step: int
    train: Metrics
    train_sample: Metrics
    test: Metrics
    health: Health
    validation: Metrics | None = None


@dataclass(frozen=True)
class EarlyStop:
    """The loss on the held-out digits has not improved since epoch `best`; nothing comes after this."""

    epoch: int
    best: int

    def __str__(self) -> str:
        return (
            f"Stopped early after epoch {self.epoch}: the loss on held-out digits has not improved since epoch "
            f"{self.best}."
        )


class Diverged(ArithmeticError):
    """The loss is no longer a finite number."""

    def __init__(self, step: int, last: float | None) -> None:
        self.step, self.last = step, last
        known = "" if last is None else f" The last finite loss was {last:.4g}."
        super().__init__(f"The loss was not finite at step {step}.{known} Try a smaller learning rate.")


def fit(
    model: Model,
    data: Dataset,
    config: TrainConfig,
    done_epochs: int = 0,
    validation: Sequence[float] = (),
    own: Split | None = None,
) -> Iterator[Step | Fitting | Checking | Epoch | EarlyStop]:
    """Train `model` on `data` as `config` says, yielding a Step per batch and an Epoch per epoch.

    A model that is fitted at once yields Fitting about each second instead, and one Epoch.
    Every random draw depends on (seed, epoch) alone, so a model restored after `done_epochs` goes on exactly as
    if it had never paused; `validation` holds the losses on held-out digits of those epochs. `own` are the drawings
    that `config.own_share` of each batch is drawn from, with replacement. Raises Diverged at the first loss that is
    not finite, ValueError where there are too few images or no drawings.
    """
    train, held_out = training_split(data.train, config)
    if not len(train):
        raise ValueError("There are no images to train on. Give at least one.")
    if config.spec.learns == "at once":
        yield from _at_once(cast(FittedModel, model), train, data.test, config)
        return
    model = cast(SteppedModel, model)
    if config.own_share and not own:
        raise ValueError(f"own_share is {config.own_share:g}, but there are no drawings. Give at least one.")
    pool = GlyphPool(config.seed) if config.glyphs_per_batch else None
    losses = list(validation)
    last: Step | None = None
    for epoch in range(done_epochs + 1, config.epochs + 1):
        last, means = yield from _pass(model, train, own, pool, data.test, config, epoch, last)
        held = (yield from _tested(model, held_out, config, epoch)) if len(held_out) else None
        test = yield from _tested(model, data.test, config, epoch)
        learned = yield from _tested(model, train[:_TRAIN_SAMPLE], config, epoch)
        health = model.health(train.images[:_CHUNK], train.labels[:_CHUNK])
        yield Epoch(epoch, last.step, means, learned, test, health, held)
        if held is not None:
            losses.append(held["loss"])
            best = int(np.argmin(losses)) + 1
            if epoch - best >= config.patience:
                yield EarlyStop(epoch, best)
                return


def _at_once(
    model: FittedModel, train: Split, test: Split, config: TrainConfig
) -> Iterator[Fitting | Checking | Epoch]:
    """Fit the model to every training image, varied once, and test it."""
    rng, varied = np.random.default_rng((config.seed, 1)), []
    for start in range(0, len(train), _CHUNK):
        part = slice(start, start + _CHUNK)
        varied.append(augment(train.images[part], config.augmentation, rng, train.labels[part]))
        yield Fitting(0.0)
    for share in model.fit(np.concatenate(varied), train.labels):
        yield Fitting(share)
    tested = yield from _tested(model, test, config, 1)
    learned = yield from _tested(model, train[:_TRAIN_SAMPLE], config, 1)
    yield Epoch(1, 1, {}, learned, tested, {})


def _pass(
    model: SteppedModel,
    train: Split,
    own: Split | None,
    pool: GlyphPool | None,
    test: Split,
    config: TrainConfig,
    epoch: int,
    last: Step | None,
) -> Generator[Step, None, tuple[Step, Metrics]]:
    """Learn every training image once, with some of one's own in each batch; return the last step and mean metrics."""
    per_epoch = steps_per_epoch(len(train), config)
    total, first = per_epoch * config.epochs, per_epoch * (epoch - 1) + 1
    checks = {math.ceil(per_epoch * k / _CHECKS_PER_EPOCH) for k in range(1, _CHECKS_PER_EPOCH)}
    sample, targets = with_noise(test[:_SAMPLE], config)
    model.seed_step(config.seed * 1009 + epoch)
    rng = np.random.default_rng((config.seed, epoch))
    order = rng.permutation(len(train))
    each = config.from_data
    seen, sums = 0, dict[str, float]()
    for number in range(per_epoch):
        end = None if number + 1 == per_epoch else (number + 1) * each
        batch = order[number * each : end]
        step, lr = first + number, learning_rate(config, first + number, total)
        chosen, labels = train.images.take(batch, 0), train.labels[batch]  # take: half the time of images[batch]
        if own and config.own_per_batch:
            mine = rng.integers(len(own), size=config.own_per_batch)
            chosen, labels = np.concatenate([chosen, own.images[mine]]), np.concatenate([labels, own.labels[mine]])
        clean = augment(chosen, config.augmentation, rng, labels)
        if pool:
            rows = rng.integers(len(pool.labels), size=config.glyphs_per_batch)
            glyphs = augment(pool.images(rows), config.augmentation.of_glyphs, rng)
            clean, labels = np.concatenate([clean, glyphs]), np.concatenate([labels, pool.labels[rows]])
        images = corrupt(clean, config.noise, config.noise_level, rng)
        metrics = model.train_step(images, labels, lr, None if images is clean else clean)
        if not math.isfinite(metrics["loss"]):
            raise Diverged(step, last.metrics["loss"] if last else None)
        seen += len(labels)
        for key, value in metrics.items():
            sums[key] = sums.get(key, 0.0) + value * len(labels)
        looked = model.evaluate(sample.images, sample.labels, targets) if number + 1 in checks else None
        last = Step(epoch, step, len(labels), lr, metrics, looked)
        yield last
    return cast(Step, last), {key: value / seen for key, value in sums.items()}


def _tested(model: Model, split: Split, config: TrainConfig, epoch: int) -> Generator[Checking, None, Metrics]:
    result: Metrics = {}
    for part in evaluate(model, split, config):
        result = part
        yield Checking(epoch)
    return result


def evaluate(model: Model, split: Split, config: TrainConfig) -> Iterator[Metrics]:
    """Yield the metrics over a growing part of the split; the last is of all of it.

    A model that learns to clean noise is tested on digits with that noise, the same at every call.
    """
    noisy, targets = with_noise(split, config)
    sums: dict[str, float] = {}
    for start in range(0, len(split), _CHUNK):
        part = slice(start, start + _CHUNK)
        wanted = None if targets is None else targets[part]
        count = len(split.labels[part])
        for key, value in model.evaluate(noisy.images[part], noisy.labels[part], wanted).items():
            sums[key] = sums.get(key, 0.0) + value * count
        yield {key: value / (start + count) for key, value in sums.items()}


def with_noise(split: Split, config: TrainConfig) -> tuple[Split, np.ndarray | None]:
    """Return the split as the model is to see it, and the clean images where the config's noise is on them."""
    if config.noise == "none":
        return split, None
    rng = np.random.default_rng((config.seed, 0))
    return Split(corrupt(split.images, config.noise, config.noise_level, rng), split.labels), split.images


def steps_per_epoch(images: int, config: TrainConfig) -> int:
    """Return how many batches an epoch has, with so many images beside one's own drawings; a fit is one.

    A single image left over joins the batch before it: alone it has no spread that batch norm could use.
    """
    if config.spec.learns == "at once":
        return 1
    each = config.from_data
    return math.ceil(images / each) - (images % each == 1 < min(images, each))


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
