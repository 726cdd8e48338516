"""Label noise: training digits that get another class than theirs, to see what wrong labels do and how to find them."""

from __future__ import annotations

import numpy as np

CLASSES = 10


def with_label_noise(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return labels, int64 (n,), of which a share is wrong, rounded to whole digits: always the same for a seed.

    labels: int64 (n,), from 0 to 9. Which digits, and which of the nine other classes each of them gets, is uniformly
    at random: "symmetric" label noise (Natarajan et al., "Learning with Noisy Labels", 2013).
    """
    count = round(share * len(labels))
    if not count:
        return labels
    rng = np.random.default_rng((seed, 0, 1))
    rows = rng.permutation(len(labels))[:count]
    noisy = labels.copy()
    noisy[rows] = (noisy[rows] + rng.integers(1, CLASSES, len(rows))) % CLASSES
    return noisy
