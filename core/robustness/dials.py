"""The table of dials: each spoils digits in one way, from not at all to beyond what anybody reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from core.data.augment import corrupt, neighbours, resample
from core.data.datasets import Split
from core.models.contract import Differentiable, Model
from core.robustness.attacks import STEPS, fgsm, pgd
from core.table import table
from core.untrusted import shown

SIDE = 28
BATCH = 500  # digits at once

Rng = np.random.Generator
Effect = Callable[[np.ndarray, float, Rng], np.ndarray]
Attack = Callable[[Differentiable, np.ndarray, np.ndarray, float, Rng], np.ndarray]


@dataclass(frozen=True)
class Dial:
    """One row of DIALS. axis: what its values are; values: its range, in order, one of them harmless.

    effect: from (images, value, rng) to the spoilt images, both uint8 (n, 28, 28). It draws at most once, an array of
    n rows, so that what becomes of a digit does not depend on those after it. attack: for a dial that turns a model's
    own gradient against it, the function of core.robustness.attacks instead. text: how a value is written. count: of
    how many test digits it is measured, the first ones; 0 is all.
    """

    name: str
    title: str
    blurb: str
    axis: str
    values: tuple[float, ...]
    effect: Effect | None
    text: Callable[[float], str]
    harmless: float = 0.0
    attack: Attack | None = None
    count: int = 0

    def check(self, value: float) -> int:
        """Return the place of a value in the range; ValueError for one that is not there."""
        if value not in self.values:
            raise ValueError(
                f"{self.title} has no value {value!r:.40}. Choose one of {', '.join(map(str, self.values))}."
            )
        return self.values.index(value)


def dial_name(name: str) -> str:
    """Return the name as it is; ValueError for a dial there is not."""
    if name not in DIALS:
        raise ValueError(f"There is no dial {shown(name)}. Choose one of: {', '.join(DIALS)}.")
    return name


def spoilt(dial: Dial, value: float, digits: Split, model: Model | None = None) -> Iterator[np.ndarray]:
    """Yield the digits with the dial at a value, uint8 (at most 500, 28, 28) at a time, always the same.

    model: who reads them; only attacks look at it. Raises ValueError for a value there is not, and for an attack on a
    model without a gradient.
    """
    rng = np.random.default_rng((list(DIALS).index(dial.name), dial.check(value)))
    if dial.attack and not isinstance(model, Differentiable):
        raise ValueError("This model knows no gradient, so it cannot be attacked by it. Choose another dial.")
    for start in range(0, len(digits), BATCH):
        batch = digits[start : start + BATCH]
        if value == dial.harmless:
            yield batch.images
        elif dial.attack and isinstance(model, Differentiable):
            yield dial.attack(model, batch.images, batch.labels, value, rng)
        elif dial.effect:
            yield dial.effect(batch.images, value, rng)


def _shift(images: np.ndarray, pixels: float, rng: Rng) -> np.ndarray:
    by, side = round(pixels), (4 * rng.random(len(images))).astype(int)
    room = np.pad(images, [(0, 0), (by, by), (by, by)])
    moved = np.empty_like(images)
    for number, (down, across) in enumerate(((0, by), (2 * by, by), (by, 0), (by, 2 * by))):
        moved[side == number] = room[side == number, down : down + SIDE, across : across + SIDE]
    return moved


def _rotation(images: np.ndarray, degrees: float, rng: Rng) -> np.ndarray:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    source = np.array([[cos, sin, 0], [-sin, cos, 0]], np.float32)
    return _whole(resample(images.astype(np.float32), np.repeat(source[None], len(images), 0)))


def _scale(images: np.ndarray, size: float, rng: Rng) -> np.ndarray:
    """Resampled by triangles as wide as a pixel of the larger picture, so that no line falls between two pixels."""
    place = np.arange(-3 * SIDE, 4 * SIDE) - (SIDE - 1) / 2  # wide enough for all that a small picture shows
    here = slice(3 * SIDE, 4 * SIDE)
    weights = np.clip(1 - np.abs(place[here, None] / size - place) * min(1.0, size), 0, None)
    return _along_both(images, (weights / weights.sum(1, keepdims=True))[:, here])


def _thickness(images: np.ndarray, pixels: float, rng: Rng) -> np.ndarray:
    """One pixel is a grey dilation or erosion over 3 x 3, less than one a blend towards it."""
    changed, pick = images.astype(np.float32), np.maximum if pixels > 0 else np.minimum
    for whole in range(int(np.ceil(abs(pixels)))):
        share = np.float32(min(abs(pixels) - whole, 1))
        changed += share * (neighbours(changed, pick) - changed)
    return _whole(changed)


def _blur(images: np.ndarray, sigma: float, rng: Rng) -> np.ndarray:
    far = np.arange(-4 * SIDE, 4 * SIDE + 1)
    away = np.abs(np.subtract.outer(np.arange(SIDE), np.arange(SIDE)))
    return _along_both(images, np.exp(-0.5 * (away / sigma) ** 2) / np.exp(-0.5 * (far / sigma) ** 2).sum())


def _along_both(images: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Have each column, then each row, mixed by a matrix (28, 28); zeros outside."""
    mix = matrix.astype(np.float32)
    return _whole(mix @ images.astype(np.float32) @ mix.T)


def _occlusion(images: np.ndarray, side: float, rng: Rng) -> np.ndarray:
    size, place = round(side), np.arange(SIDE)
    corner = (rng.random((len(images), 2)) * (SIDE + 1 - size)).astype(int)[:, :, None]
    inside = (corner <= place) & (place < corner + size)
    return np.where(inside[:, 0, :, None] & inside[:, 1, None, :], np.uint8(0), images)


def _contrast(images: np.ndarray, lost: float, rng: Rng) -> np.ndarray:
    return _whole(images * np.float32(1 - lost))


def _background(images: np.ndarray, grey: float, rng: Rng) -> np.ndarray:
    return _whole(images + (255 - images.astype(np.float32)) * np.float32(grey))


def _inversion(images: np.ndarray, share: float, rng: Rng) -> np.ndarray:
    return _whole(images + (255 - 2 * images.astype(np.float32)) * np.float32(share))


def _whole(pixels: np.ndarray) -> np.ndarray:
    return np.rint(pixels.clip(0, 255)).astype(np.uint8)


def _steps(first: float, last: float) -> tuple[float, ...]:
    """Return eleven values at even distances."""
    return tuple(round(first + k * (last - first) / 10, 6) for k in range(11))


def _signed(unit: str) -> Callable[[float], str]:
    return lambda value: f"{value:+g}{unit}".replace("-", "\N{MINUS SIGN}") if value else f"0{unit}"


def _in(unit: str) -> Callable[[float], str]:
    return lambda value: f"{value:g}{unit}"


def _percent(value: float) -> str:
    return f"{100 * value:g} %"


_EPSILONS = _steps(0, 0.3)
_ATTACKED = "Largest change of a pixel (ε), where white is 1"
DIALS = table(
    Dial(
        "shift", "Shift", "Each digit is moved by whole pixels to one of the four sides.",
        "Shift", _steps(0, 10), _shift, _in(" px"),
    ),
    Dial(
        "rotation", "Rotation", "Digits are turned about the centre of the picture, clockwise above 0.",
        "Rotation, clockwise", _steps(-75, 75), _rotation, _signed("°"),
    ),
    Dial(
        "scale", "Size", "Digits are made smaller or larger about the centre of the picture.",
        "Size", _steps(0.4, 1.4), _scale, lambda value: f"× {value:g}", harmless=1.0,
    ),
    Dial(
        "thickness", "Thickness", "Outlines of strokes are moved outwards, or inwards below 0, until lines vanish.",
        "Outlines moved by", _steps(-1.5, 1.5), _thickness, _signed(" px"),
    ),
    Dial(
        "gaussian", "Gaussian noise", "Normal noise is added to each pixel.",
        "Standard deviation, where white is 1", _steps(0, 1),
        lambda images, level, rng: corrupt(images, "gaussian", level, rng), _in(""),
    ),
    Dial(
        "salt-and-pepper", "Salt and pepper", "Some pixels become black or white, either as likely.",
        "Share of the pixels", _steps(0, 0.5),
        lambda images, level, rng: corrupt(images, "salt-and-pepper", level, rng), _percent,
    ),
    Dial(
        "blur", "Blur", "Digits are blurred by a Gaussian.",
        "Standard deviation", _steps(0, 3), _blur, _in(" px"),
    ),
    Dial(
        "contrast", "Contrast", "Ink loses its white, down to a black picture.",
        "White that ink loses", _steps(0, 1), _contrast, _percent,
    ),
    Dial(
        "background", "Background grey", "The ground becomes grey; ink stays as much lighter as there is room for.",
        "Grey of the ground, of white", (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9), _background,
        _percent,
    ),
    Dial(
        "inversion", "Inversion", "Each picture is blended with its negative, in the middle to a plain grey.",
        "Share of the negative", _steps(0, 1), _inversion, _percent,
    ),
    Dial(
        "occlusion", "Occlusion", "A black square covers part of the picture, anywhere.",
        "Side of the square", _steps(0, 20), _occlusion, _in(" px"),
    ),
    Dial(
        "fgsm", "FGSM", "Each pixel is moved by ε to where this model's own loss grows (Goodfellow et al., 2015).",
        _ATTACKED, _EPSILONS, None, _in(""), attack=fgsm, count=2000,
    ),
    Dial(
        "pgd", "PGD",
        f"{STEPS} steps of ε / 4 to where this model's own loss grows, never further than ε (Madry et al., 2018).",
        _ATTACKED, _EPSILONS, None, _in(""), attack=pgd, count=1000,
    ),
)  # fmt: skip
