"""Which training digits a run learns from, which are held out, and with which labels: as its seed chooses them."""

from __future__ import annotations

import numpy as np

from core.data.datasets import Split
from core.data.label_noise import with_label_noise
from core.training.config import TrainConfig

_HELD_OUT = 12  # one in so many training digits is held out for early stopping: 5,000 of MNIST's


def training_split(split: Split, config: TrainConfig) -> tuple[Split, Split]:
    """Return the images to train on, as the seed chooses them, and those held out for early stopping.

    They have the labels that are learned from, of which some are wrong where the config wants that. Raises ValueError
    when there are not as many as it wants.
    """
    train, held_out = training_rows(split, config)
    learned = Split(split.images, with_label_noise(split.labels, config.label_noise, config.seed))
    return (learned if len(train) == len(split) else learned[train]), learned[held_out]


def training_rows(split: Split, config: TrainConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of what `training_split` returns, int64 (n,) and (m,), each rising; ValueError as there."""
    size = training_size(split, config)
    if size == len(split):
        return np.arange(size), np.empty(0, np.int64)
    order = np.random.default_rng((config.seed, 0)).permutation(len(split))
    if config.per_class:
        order = _balanced(order, split.labels, config.per_class)
    elif config.train_size:
        order = order[: config.train_size]
    # What is held out comes from the end: without patience the same digits are trained on as with it and some more.
    return np.sort(order[:size]), np.sort(order[size:])


def _balanced(order: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Return those of `order` that are among the first `count` of their class."""
    labels = labels[order]
    rank = np.zeros(len(order), np.int64)
    for label in np.unique(labels):
        rank[labels == label] = np.arange((labels == label).sum())
    return order[rank < count]


def training_size(split: Split, config: TrainConfig) -> int:
    """Return how many images of the split are trained on. Raises ValueError when there are not so many."""
    count = config.train_size or len(split)
    if count > len(split):
        raise ValueError(
            f"train_size is {config.train_size:,}, but {config.dataset} has {len(split):,} training images. "
            "Use at most that many."
        )
    if config.per_class:
        count, rarest = config.per_class * 10, most_per_class(split)
        if config.per_class > rarest:
            raise ValueError(
                f"per_class is {config.per_class:,}, but {config.dataset} has only {rarest:,} training images of its "
                "rarest class. Use at most that many."
            )
    return count - (max(1, count // _HELD_OUT) if config.patience else 0)


def most_per_class(split: Split) -> int:
    """Return how many images of every class there are: the count of the rarest."""
    return int(np.bincount(split.labels, minlength=10).min())
