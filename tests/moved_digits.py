"""Test digits as strangers write them: moved, turned, of another size, with thicker or thinner lines."""

import numpy as np
import torch
from torch.nn import functional as F

_FINE = 4  # times the resolution at which digits are changed, so that no thin line gets lost
_LINE = 2.6  # pixels, the width of MNIST's lines


def moved(images: np.ndarray, seed: int) -> np.ndarray:
    """Return uint8 (n, 28, 28): shifted by up to 7 pixels each way, 0.4 to 1.2 times as large, turned by up to 15
    degrees and with lines 0.6 to 1.6 times as thick, each uniformly at random. What leaves the picture is lost.
    """
    rng = np.random.default_rng(seed)
    return np.concatenate([_moved(part, rng) for part in np.array_split(images, max(1, len(images) // 250))])


def _moved(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n, side = len(images), 28 * _FINE
    fine = F.interpolate(torch.tensor(images)[:, None] / 255, scale_factor=_FINE, mode="bicubic").clamp(0, 1)
    steps = np.rint((rng.uniform(0.6, 1.6, n) - 1) * _LINE / 2 * _FINE).astype(int)
    for step in np.unique(steps):
        fine[steps == step] = _outlines_moved(fine[steps == step], int(step))
    angle, scale = np.radians(rng.uniform(-15, 15, n)), rng.uniform(0.4, 1.2, n)
    shift = torch.tensor(rng.uniform(-7, 7, (n, 1, 2)), dtype=torch.float32)
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    inverse = torch.tensor(np.stack([cos, sin, -sin, cos], 1).reshape(n, 2, 2), dtype=torch.float32)
    place = (torch.arange(side) + 0.5) / _FINE - 14
    places = torch.stack(torch.meshgrid(place, place, indexing="xy"), -1).reshape(1, -1, 2)
    sources = ((places - shift) @ inverse.mT / 14).view(n, side, side, 2)
    pixels = F.avg_pool2d(F.grid_sample(fine, sources, align_corners=False), _FINE)[:, 0]
    return (255 * pixels).round().byte().numpy()


def _outlines_moved(fine: torch.Tensor, step: int) -> torch.Tensor:
    """Lines thicker by twice so many fine pixels, or thinner; square and cross by turns make an octagon of the nib."""
    signed = fine if step > 0 else -fine
    for number in range(abs(step)):
        if number % 2:
            across, down = F.max_pool2d(signed, (1, 3), 1, (0, 1)), F.max_pool2d(signed, (3, 1), 1, (1, 0))
            signed = torch.maximum(across, down)
        else:
            signed = F.max_pool2d(signed, 3, 1, 1)
    return signed if step > 0 else -signed
