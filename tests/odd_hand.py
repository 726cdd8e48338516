"""A deliberately odd hand: digits as strokes, all bent in the same strange way, and each drawing a little different."""

from __future__ import annotations

import numpy as np

from core.ink.drawing import Drawing
from core.ink.render import DEFAULT_WIDTH

# The strokes of each digit, as corners of smooth lines, x and y from 0 to 1 with y down.
_DIGITS: dict[int, list[list[tuple[float, float]]]] = {
    0: [[(0.5, 0.05), (0.2, 0.25), (0.18, 0.7), (0.5, 0.95), (0.82, 0.7), (0.8, 0.25), (0.5, 0.05)]],
    1: [[(0.3, 0.25), (0.52, 0.05), (0.5, 0.5), (0.5, 0.95)]],
    2: [[(0.2, 0.25), (0.45, 0.05), (0.75, 0.25), (0.6, 0.55), (0.2, 0.93), (0.5, 0.9), (0.82, 0.92)]],
    3: [[(0.22, 0.12), (0.6, 0.06), (0.72, 0.27), (0.42, 0.47), (0.76, 0.66), (0.6, 0.93), (0.2, 0.86)]],
    4: [[(0.4, 0.05), (0.3, 0.35), (0.18, 0.6), (0.5, 0.6), (0.85, 0.58)], [(0.65, 0.3), (0.62, 0.6), (0.6, 0.95)]],
    5: [[(0.78, 0.07), (0.3, 0.08), (0.27, 0.42), (0.6, 0.42), (0.76, 0.68), (0.55, 0.93), (0.2, 0.87)]],
    6: [[(0.65, 0.05), (0.35, 0.3), (0.23, 0.7), (0.5, 0.95), (0.75, 0.72), (0.5, 0.52), (0.26, 0.7)]],
    7: [[(0.2, 0.1), (0.5, 0.08), (0.8, 0.1), (0.6, 0.5), (0.42, 0.95)]],
    8: [[(0.7, 0.15), (0.4, 0.07), (0.3, 0.28), (0.7, 0.65), (0.5, 0.94), (0.28, 0.7), (0.68, 0.3), (0.68, 0.13)]],
    9: [[(0.72, 0.25), (0.45, 0.07), (0.26, 0.28), (0.5, 0.47), (0.72, 0.25), (0.7, 0.6), (0.55, 0.95)]],
}
_TURN, _SLANT, _SQUASH, _WAVE, _LOOP = np.radians(22), 0.5, 0.8, 0.06, 0.08  # how odd the hand is


def drawings(count: int, seed: int) -> list[Drawing]:
    """Return so many drawings of the hand, as many of each digit, with ids that belong to the seed."""
    rng = np.random.default_rng(seed)
    made = []
    for n in range(count):
        mood = rng.normal(0, 1, 9)
        strokes = tuple(_bent(_smooth(np.array(stroke), rng), mood) for stroke in _DIGITS[n % 10])
        made.append(Drawing(f"odd-{seed}-{n}", n % 10, "odd", DEFAULT_WIDTH * rng.uniform(0.7, 1.3), strokes, 1e9 + n))
    return made


def _smooth(corners: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A smooth line through the corners (Catmull and Rom, 1974), each a little off: float64 (m, 2)."""
    corners = corners + rng.normal(0, 0.04, corners.shape)
    padded = np.concatenate([corners[:1], corners, corners[-1:]])
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        parts.append(b + t * (c - a) / 2 + t**2 * (a - 2.5 * b + 2 * c - d / 2) + t**3 * (1.5 * (b - c) + (d - a) / 2))
    return np.concatenate([*parts, corners[-1:]])


def _bent(line: np.ndarray, mood: np.ndarray) -> np.ndarray:
    """The line as this hand writes it: with a loop at its end, waves, slanted, squashed, turned.

    mood: nine standard normal numbers, by how much this drawing differs from the others.
    """
    x, y = (line - 0.5).T
    angle = np.linspace(0, 2 * np.pi, 14) + 0.3 * mood[0]
    size = _LOOP * (1 + 0.3 * mood[1])
    x = np.concatenate([x, x[-1] + size * (1 - np.cos(angle))])
    y = np.concatenate([y, y[-1] - size * np.sin(angle)])
    x = x + _WAVE * (1 + 0.3 * mood[2]) * np.sin(2.5 * np.pi * y + 0.3 * mood[3])
    x, y = x - _SLANT * (1 + 0.25 * mood[4]) * y, y * _SQUASH * (1 + 0.12 * mood[5])
    turn = _TURN + 0.12 * mood[6]
    x, y = np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y
    return (0.5 + 0.75 * np.stack([x, y], axis=1) + 0.03 * mood[7:9]).round(5)  # as they are saved
