"""Maps of the same digits laid over each other, so that what has not changed stays where it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def procrustes(codes: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the orthogonal matrix (k, k) that turns centred codes (n, k) closest to target (n, k), mirroring allowed.

    U V' of codes' target = U S V' (Schönemann, "A generalized solution of the orthogonal Procrustes problem", 1966).
    """
    left, _, right = np.linalg.svd(codes.T @ target)
    turn: np.ndarray = left @ right
    return turn


def widest_plane(codes: np.ndarray) -> np.ndarray:
    """Return the two directions in which codes (n, k) spread most, orthonormal columns (k, 2), the widest first.

    An eigenvector's sign is arbitrary: with its largest entry positive no map comes out mirrored.
    """
    centred = codes - codes.mean(0, dtype=np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    plane = vectors[:, :-3:-1]
    signs: np.ndarray = np.sign(plane[np.abs(plane).argmax(0), [0, 1]])
    return plane * np.where(signs == 0, 1, signs)


def align(
    codes: Sequence[np.ndarray], plane: Callable[[np.ndarray], np.ndarray] = widest_plane, upright: bool = True
) -> list[np.ndarray]:
    """Return a map of each frame's codes (n, k), float32 (n, 2): all on the plane of the last.

    plane: from codes (n, k) to two orthonormal columns (k, 2); by default those of PCA.

    Each frame is centred and turned in code space onto the next one, from the last backwards; a turn and a projection
    expand no change, so that points travel at most as far as their codes. The last map lies as its plane has it;
    not upright, all are turned together so that the first lies as it would by itself: with more frames, whose last
    plane is another, the earlier maps then stay nearly where they are.
    """
    centred = [np.asarray(frame, np.float64) - frame.mean(0, dtype=np.float64) for frame in codes]
    last = plane(codes[-1])
    turn, maps = np.eye(len(last)), [centred[-1] @ last]
    for frame, following in zip(centred[-2::-1], centred[:0:-1], strict=True):
        turn = procrustes(frame, following) @ turn
        maps.append(frame @ turn @ last)
    level = np.eye(2) if upright else procrustes(maps[-1], centred[0] @ plane(codes[0]))
    return [(points @ level).astype(np.float32) for points in reversed(maps)]


def follow(points: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return a map (n, 2) turned, mirrored and shifted, not scaled, to lie closest to the one before, float32."""
    here, there = (np.asarray(each, np.float64) for each in (points, before))
    centred = here - here.mean(0)
    return (centred @ procrustes(centred, there - there.mean(0)) + there.mean(0)).astype(np.float32)
