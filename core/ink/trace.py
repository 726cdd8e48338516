"""A picture of a digit as pen strokes: what is ink on it, and the lines that cover the same ink.

Ink is found by its contrast with the paper around it, so a photo may be unevenly lit; the lines are the medial axis of
the ink (Blum, 1967), each point as wide as the largest disc around it that the ink holds.
"""

from __future__ import annotations

import math

import numpy as np

from core.ink.render import FAT, MAX_STROKES, THIN

SIDE = 0.8  # of the pad, that the ink's longer side takes up
_SEEN = 320  # pixels a side at which the ink is looked for; small pictures are enlarged
_DRAWN = 140  # pixels of the ink's longer side at which its lines are found: 7 a pixel of what a model sees
_FAINTEST = 0.1  # of the paper's light that ink must take away
_WINDOW = 4  # a side of the picture holds so many squares in each of which there must be paper
_SPECK = 0.04  # of the largest piece of ink; what is smaller is dirt
_INSIDE = 0.15  # of the largest piece; with so large a one inside, what touches the picture's edge is not of the digit
_MOST_PIXELS = 4000  # of the medial axis; a digit's has 200 to 600
_BLANK = "The picture has no ink that stands out: take one with dark lines on light paper, or the other way round."
_NO_WRITING = "The picture has no lines that could be a digit: crop it to the writing, or take it in even light."


def trace(grey: np.ndarray) -> tuple[list[np.ndarray], float]:
    """Return the strokes of a picture, float64 (m, 3) as `render` takes them, longest first, and the pen's width.

    grey: uint8 (rows, columns), dark on light or light on dark. The ink comes to lie in the middle of the pad with its
    proportions, its longer side SIDE of the pad's. Raises ValueError when there is no ink, or nothing but specks.
    """
    from core.ink.skeleton import lines

    darkness = _darkness(_enlarged(grey))
    threshold = _threshold(darkness)
    found = _pieces(darkness > threshold)
    # Around the ink the shades are kept, for they say where between two pixels its edge lies; dirt is wiped away.
    mask = _drawn_size(np.where(_near(found), darkness, 0), threshold, found)
    drawn = lines(mask, _MOST_PIXELS)
    if not drawn:
        raise ValueError(_NO_WRITING)
    drawn.sort(key=lambda line: -np.hypot(*np.diff(line[:, :2], axis=0).T).sum())
    return _on_pad(drawn[:MAX_STROKES])


def _on_pad(drawn: list[np.ndarray]) -> tuple[list[np.ndarray], float]:
    """Lay lines of x, y and radius in pixels into the middle of the pad."""
    every = np.concatenate(drawn)
    low = (every[:, :2] - every[:, 2:]).min(axis=0)
    high = (every[:, :2] + every[:, 2:]).max(axis=0)
    scale = SIDE / float((high - low).max())
    width = min(1.0, 2 * scale * float(np.median(every[:, 2])))
    strokes = []
    for line in drawn:
        places = (line[:, :2] - (low + high) / 2) * scale + 0.5
        widths = np.clip(2 * scale * line[:, 2:] / width, THIN, FAT)
        strokes.append(np.hstack([places.round(4), widths.round(3)]))
    return strokes, round(width, 5)


def _enlarged(grey: np.ndarray) -> np.ndarray:
    """The picture with _SEEN pixels on its longer side: float32 in 0..1."""
    from PIL import Image

    rows, columns = grey.shape
    scale = _SEEN / max(rows, columns)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    picture = Image.fromarray(grey.astype(np.float32) / 255).resize(size, Image.Resampling.BICUBIC)
    return np.clip(np.asarray(picture), 0, 1)


def _darkness(picture: np.ndarray) -> np.ndarray:
    """How much of the paper's light each pixel lacks, 0..1; of a picture light on dark, of its negative."""
    from scipy.ndimage import gaussian_filter, grey_closing
    from skimage.filters import threshold_otsu

    picture = gaussian_filter(picture, 1.2)
    if float(np.ptp(picture)) < _FAINTEST:
        raise ValueError(_BLANK)
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    threshold = threshold_otsu(picture)
    light = float((edge > threshold).mean())
    ink_share = float((picture > threshold).mean()) if light < 0.5 else float((picture <= threshold).mean())
    # Where nearly all of the edge is of one kind, and most of the picture, too, that kind is paper.
    even = (light < 0.05 or light > 0.95) and ink_share < 0.5
    if not (light > 0.5 if even else _dark_on_light(picture)):
        picture = 1 - picture
    if even:
        paper = np.full_like(picture, np.median(picture[picture > picture.mean()]))
        if _flat(picture, paper):
            return np.clip(1 - (picture + 0.02) / (paper + 0.02), 0, 1)
    # Dark lines narrower than the window are closed up, shadows and their edges stay: that is the paper.
    side = max(picture.shape) // _WINDOW | 1
    paper = gaussian_filter(grey_closing(picture, size=(side, side)), 2)
    return np.clip(1 - (picture + 0.02) / (paper + 0.02), 0, 1)


def _flat(picture: np.ndarray, paper: np.ndarray) -> bool:
    """Whether the paper is equally light everywhere: the pixels like it differ little from it."""
    bright = picture[picture > paper * 0.5]
    return bool(np.percentile(np.abs(bright - np.median(bright)), 80) < 0.1)


def _dark_on_light(picture: np.ndarray) -> bool:
    """Whether what stands out from its surroundings is darker than they are."""
    from scipy.ndimage import median_filter

    small = picture[:: max(1, picture.shape[0] // 48), :: max(1, picture.shape[1] // 48)]
    against = small - median_filter(small, size=25, mode="nearest")
    low, high = np.percentile(against, [2, 98])
    return bool(-low > high)


def _threshold(darkness: np.ndarray) -> float:
    """From which darkness on a pixel is ink; ValueError when none stands out."""
    from skimage.filters import threshold_otsu

    darkest = float(np.percentile(darkness, 99.5))
    if darkest < _FAINTEST:
        raise ValueError(_BLANK)
    # Faint lines of ruled paper are no ink: they are less than half as dark.
    return max(float(threshold_otsu(darkness)), 0.45 * darkest)


def _pieces(mask: np.ndarray) -> np.ndarray:
    """The mask without specks, and without shadows and lines of the paper that come in from the picture's edge."""
    from scipy.ndimage import label

    pieces, _ = label(mask, np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    inside = sizes.copy()
    inside[np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])] = 0
    if inside.max() >= _INSIDE * sizes.max():
        sizes = inside
    kept: np.ndarray = (sizes >= max(_SPECK * sizes.max(), 6))[pieces] & mask
    if not kept.any():
        raise ValueError(_BLANK)
    return kept


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _near(mask: np.ndarray) -> np.ndarray:
    from scipy.ndimage import binary_dilation

    near: np.ndarray = binary_dilation(mask, np.ones((3, 3)), 2)
    return near


def _drawn_size(darkness: np.ndarray, threshold: float, mask: np.ndarray) -> np.ndarray:
    """The ink cut out and brought to _DRAWN pixels on its longer side, with a margin of paper: bool."""
    from PIL import Image

    top, left, bottom, right = _box(mask)
    cut = np.pad(darkness, 4)[top : bottom + 8, left : right + 8]
    scale = _DRAWN / max(bottom - top, right - left)
    size = (max(1, math.ceil(cut.shape[1] * scale)), max(1, math.ceil(cut.shape[0] * scale)))
    smooth = Image.fromarray(cut.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    return np.pad(np.asarray(smooth) > threshold, 2)
