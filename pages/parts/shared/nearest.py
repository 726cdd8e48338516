"""The digits whose codes are nearest to a code, as tiles with their class and their distance."""

from __future__ import annotations

import numpy as np

from core.data import samples
from core.data.datasets import DATASETS
from core.latent.projection import Projection
from pages.parts.shared.strips import image_tiles

_NEAR = 8


def nearest_tiles(
    projection: Projection, code: np.ndarray, own: int | None, *, scale: int = 2, columns: int = 0
) -> np.ndarray:
    """Show the digits of a map that are nearest to a code, float32 (k,); return their rows. own: a row left out."""
    rows, distances = projection.nearest(code, _NEAR, without=own)
    names = [DATASETS[projection.dataset].classes[label] for label in projection.labels[rows]]
    captions = [f"{name} · {distance:.3g}" for name, distance in zip(names, distances, strict=True)]
    pictures, label = samples.images_of(projection.dataset, rows), "The digits whose codes are nearest"
    image_tiles(pictures, captions, label=label, scale=scale, columns=columns)
    return rows
