"""A pool of digits drawn by code as people write them with a pen, as pictures like MNIST's."""

from __future__ import annotations

import numpy as np

from core.data.glyph_strokes import glyph_strokes
from core.ink.render import FIT, SIZE, render

POOL = 40_000
# How often each digit is drawn: more of those that pen-drawn shapes set apart from MNIST's.
WEIGHTS = np.array([8, 17, 8, 9, 11, 9, 8, 14, 7, 13], float)
_THINNEST, _THICKEST = 2.0, 3.4  # pixels, the width of the line


class GlyphPool:
    """Glyphs that are drawn when first asked for and kept, so that a training starts at once.

    A glyph depends on the seed and its row alone: a resumed training sees the same ones, in whatever order it asks.
    labels: int64 (size,), drawn with WEIGHTS.
    """

    def __init__(self, seed: int, size: int = POOL) -> None:
        self.labels = np.random.default_rng(seed).choice(10, size, p=WEIGHTS / WEIGHTS.sum())
        self._seed = seed
        self._images = np.zeros((size, SIZE, SIZE), np.uint8)
        self._drawn = np.zeros(size, bool)

    def images(self, rows: np.ndarray) -> np.ndarray:
        """Return the pictures of these rows, uint8 (n, 28, 28) for int64 (n,). Raises IndexError for one not there."""
        if len(rows) and not (rows.min() >= 0 and rows.max() < len(self.labels)):
            wrong = rows.min() if rows.min() < 0 else rows.max()
            raise IndexError(f"There is no glyph {wrong}: ask for rows from 0 to {len(self.labels) - 1}.")
        for row in np.unique(rows[~self._drawn[rows]]):
            self._images[row] = _picture(int(self.labels[row]), np.random.default_rng((self._seed, int(row))))
            self._drawn[row] = True
        return self._images[rows]


def _picture(label: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a digit as the pad would show it to a net, uint8 (28, 28), with a line of any width people's pens make."""
    strokes = glyph_strokes(label, rng)
    extent = float(np.ptp(np.concatenate(strokes), axis=0).max())
    line = rng.uniform(_THINNEST, _THICKEST)
    # render scales ink and line together so that both fill FIT pixels: this width comes out as `line` there.
    return render(strokes, line * extent / (FIT - line), off=("thickness",))
