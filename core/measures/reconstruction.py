"""How well autoencoders redraw a data set, and PCA as the line each of them must beat."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from core.data.datasets import batches

PIXELS = 28 * 28


class Autoencoder(Protocol):
    """The part of the model contract that reconstruction needs."""

    def encode(self, images: np.ndarray) -> np.ndarray: ...
    def decode(self, codes: np.ndarray) -> np.ndarray: ...


def reconstruct(model: Autoencoder, images: np.ndarray) -> np.ndarray:
    """Return what the model makes of uint8 images (n, 28, 28), as uint8 (n, 28, 28)."""
    if not len(images):
        return np.zeros((0, 28, 28), np.uint8)
    parts = [model.decode(model.encode(batch)) for batch in batches(images)]
    return to_bytes(np.concatenate(parts))


def to_bytes(pictures: np.ndarray) -> np.ndarray:
    """Turn float pictures in [0, 1] into uint8; what lies outside is clipped, NaN becomes black."""
    return np.rint(np.clip(np.nan_to_num(pictures), 0, 1) * 255).astype(np.uint8)


def reconstruction_errors(model: Autoencoder, images: np.ndarray) -> np.ndarray:
    """Return the mean squared error per picture over its 784 pixels in [0, 1], float32 (n,).

    Raises ValueError when the model's pictures are not finite.
    """
    errors = [mean_squared_errors(batch, model.decode(model.encode(batch))) for batch in batches(images)]
    result = np.concatenate(errors) if errors else np.zeros(0, np.float32)
    if not np.isfinite(result).all():
        raise ValueError("The model draws pictures that are not numbers. Train it again with a smaller learning rate.")
    return result


def mean_squared_errors(images: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """Return the mean squared error per picture, float32 (n,), of float pictures against uint8 images."""
    difference = images.reshape(-1, PIXELS) / np.float32(255) - pictures.reshape(-1, PIXELS)
    return np.square(difference).mean(1, dtype=np.float32)
