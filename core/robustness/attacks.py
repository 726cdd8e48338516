"""Attacks: the smallest changes of a picture that do a reader the most harm, found by its own gradient.

Both stay within epsilon of every pixel, where white is 1, in whole levels of grey, and within black and white.
"""

from __future__ import annotations

import numpy as np

from core.models.contract import Differentiable

STEPS = 10  # of projected gradient descent
_REACH = 2.5  # that all its steps together could go, in epsilons: to any point of the ball from wherever it begins


def fgsm(
    model: Differentiable, images: np.ndarray, labels: np.ndarray, epsilon: float, rng: np.random.Generator
) -> np.ndarray:
    """Return uint8 (n, 28, 28): each pixel moved by epsilon to where the loss grows; draws nothing from `rng`.

    images: uint8 (n, 28, 28); labels: int64 (n,). The fast gradient sign method: Goodfellow, Shlens and Szegedy,
    "Explaining and Harnessing Adversarial Examples", 2015.
    """
    return _stepped(model, images.astype(np.int16), labels, levels(epsilon)).clip(0, 255).astype(np.uint8)


def pgd(
    model: Differentiable, images: np.ndarray, labels: np.ndarray, epsilon: float, rng: np.random.Generator
) -> np.ndarray:
    """Return uint8 (n, 28, 28): ten such steps of epsilon / 4 from anywhere in the ball, each brought back into it.

    Projected gradient descent: Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", 2018;
    steps of 2.5 epsilon over their number are those of its reference.
    """
    reach = levels(epsilon)
    whole = images.astype(np.int16)
    low, high = (whole - reach).clip(0, 255), (whole + reach).clip(0, 255)
    begun = np.rint(reach * (2 * rng.random(images.shape, np.float32) - 1)).astype(np.int16)
    spoilt = (whole + begun).clip(low, high)
    step = max(1, round(_REACH * reach / STEPS)) if reach else 0
    for _ in range(STEPS):
        spoilt = _stepped(model, spoilt, labels, step).clip(low, high)
    return spoilt.astype(np.uint8)


def levels(epsilon: float) -> int:
    """Return how many whole levels of grey, of 255, lie within epsilon."""
    return int(255 * epsilon + 1e-6)


def _stepped(model: Differentiable, spoilt: np.ndarray, labels: np.ndarray, step: int) -> np.ndarray:
    gradient = model.input_gradient(spoilt.astype(np.uint8), labels)
    return spoilt + step * np.sign(gradient).astype(np.int16)
