"""Batches of digits varied at random while a model trains: moved, bent, thicker, with marks, in any light; or noise."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np

from core.data.pen_marks import add_marks
from core.data.photometric import PHOTOMETRIC, vary_light

NOISES = ("none", "gaussian", "masking", "salt-and-pepper")

# name -> lowest and highest value that make sense
AUGMENTATION_RANGES = {
    "shift": (0.0, 14.0),
    "rotate": (0.0, 180.0),
    "scale": (0.0, 0.8),
    "shear": (0.0, 60.0),
    "elastic": (0.0, 4.0),
    "thickness": (0.0, 2.0),
    "shrink": (0.0, 0.8),
    "marks": (0.0, 1.0),
    "still": (0.0, 1.0),
    "lines": (0.0, 1.0),
    "patches": (0.0, 1.0),
    "blur": (0.0, 2.0),
    "contrast": (0.0, 0.9),
    "background": (0.0, 0.9),
    "shade": (0.0, 1.0),
    "clouds": (0.0, 0.9),
    "inverted": (0.0, 1.0),
    "shot": (0.0, 1.0),
    "gaussian": (0.0, 1.0),
    "salt_and_pepper": (0.0, 0.5),
    "clean": (0.0, 1.0),
}
SPARING = ("still", "clean")  # those that only spare some digits the others
_MOVING = ("shift", "rotate", "scale", "shear", "elastic", "shrink")  # those that move pixels to other places
_MOST_NOISE = {"none": 2.0, "gaussian": 2.0, "masking": 1.0, "salt-and-pepper": 1.0}

_SIDE = 28
_MOST_SMALLER = 0.8  # of its size a digit may lose at most
# Cubic B-splines 9 pixels apart are as wide as a Gaussian of standard deviation 5.2. Simard et al. smoothed with 4,
# which tears digits at 2 pixels of bend; Ciresan et al. ("Deep, Big, Simple Neural Nets", 2010) with 5 to 6.
_SPACING = 9.0
_KNOTS = np.arange(-3, 4)  # those whose splines reach into the picture, counted from its centre


@dataclass(frozen=True)
class Augmentation:
    """How far training digits are varied at random, each uniformly up to the value; all zero means not at all.

    Impossible values raise ValueError; whole numbers become floats.
    """

    shift: float = 0.0  # pixels, across and down
    rotate: float = 0.0  # degrees to either side
    scale: float = 0.0  # share of the size: 0.2 is 0.8 to 1.2 times
    shear: float = 0.0  # degrees of slant to either side
    elastic: float = 0.0  # pixels, standard deviation of a smooth bend
    thickness: float = 0.0  # pixels by which the outlines of strokes move outwards or inwards
    shrink: float = 0.0  # share by which digits may be smaller than `scale` lets them: 0.2 and 0.4 is 0.4 to 1.2 times
    marks: float = 0.0  # share of the 1s, 7s and 9s that get flags, feet, bars or curls
    still: float = 0.0  # share of the digits that are neither shifted, turned nor scaled
    lines: float = 0.0  # share of the digits that one or two lines cross
    patches: float = 0.0  # share of the digits with a rectangle of grey over them
    blur: float = 0.0  # pixels, standard deviation
    contrast: float = 0.0  # share of its white that ink loses
    background: float = 0.0  # grey of the ground, where white is 1
    shade: float = 0.0  # grey of the ground beyond a straight edge
    clouds: float = 0.0  # share of the picture that is another one, of random clouds
    inverted: float = 0.0  # share of the digits that are dark on light
    shot: float = 0.0  # one over the photons that white is
    gaussian: float = 0.0  # standard deviation, where white is 1
    salt_and_pepper: float = 0.0  # share of the pixels that are black or white
    clean: float = 0.0  # share of the digits that nothing from lines to salt_and_pepper happens to

    def __post_init__(self) -> None:
        for name, (low, high) in AUGMENTATION_RANGES.items():
            object.__setattr__(self, name, number(name, getattr(self, name), low, high))
        if self.scale + self.shrink > _MOST_SMALLER:
            raise ValueError(
                f"scale {self.scale:g} and shrink {self.shrink:g} leave nothing of some digits. "
                f"Together they may be at most {_MOST_SMALLER:g}."
            )

    @property
    def active(self) -> bool:
        """Whether anything is varied."""
        return any(getattr(self, name) for name in AUGMENTATION_RANGES if name not in SPARING)

    @property
    def of_glyphs(self) -> Augmentation:
        """The same for digits drawn by code: they have marks, and lines of all widths, of their own."""
        return replace(self, marks=0.0, thickness=self.thickness / 2)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Augmentation:
        """Make one from `asdict`'s values; ValueError on unknown keys or impossible values."""
        if not isinstance(values, Mapping):
            raise ValueError(f"augmentation must be an object with named values, got {values!r:.80}. Change it.")
        known = [f.name for f in fields(cls)]
        unknown = sorted(str(key)[:80] for key in set(values) - set(known))
        if unknown:
            raise ValueError(f"augmentation has no setting {unknown[0]!r}. Its settings are: {', '.join(known)}.")
        return cls(**values)


def augment(
    images: np.ndarray, settings: Augmentation, rng: np.random.Generator, labels: np.ndarray | None = None
) -> np.ndarray:
    """Vary images, uint8 (n, 28, 28), each by draws of its own; return uint8 (n, 28, 28).

    labels: int64 (n,), which say what marks suit a digit; without them none get any. The given images are not changed,
    and returned themselves when no setting is above zero. Settings that are zero draw nothing from `rng`; the others
    draw in the order of their names in Augmentation, but marks, thickness and still first. A digit gets marks, is made
    thicker or thinner, scaled, slanted, turned and bent about the centre of the picture, and then shifted; what leaves
    the picture is lost, and zeros come in. Then come the effects of `core.data.photometric`.
    """
    if not settings.active or not len(images):
        return images
    if settings.marks and labels is not None:
        images = add_marks(images, labels, settings.marks, rng)
    pixels = images.astype(np.float32)
    if settings.thickness:
        _move_outlines(pixels, rng.uniform(-settings.thickness, settings.thickness, len(images)))
    if any(getattr(settings, name) for name in _MOVING):
        coefficients, scale = _coefficients(len(images), settings, rng)
        if settings.shrink:
            _soften(pixels, scale)
        pixels = resample(pixels, coefficients)
    light = {name: getattr(settings, name) for name in PHOTOMETRIC}
    if any(light.values()):
        pixels = vary_light(pixels, light, settings.clean, rng)
    return (pixels + 0.5).astype(np.uint8)


def _move_outlines(pixels: np.ndarray, amounts: np.ndarray) -> None:
    """Thicken each digit by its amount in pixels, or thin it by a negative one, in place.

    One pixel is a grey dilation (maximum over 3 x 3) or erosion (minimum), less than one a blend towards it. Erosion
    alone would erase strokes under 3 pixels. So thinning takes away only what a dilation of the eroded digit would
    bring back (its opening); a part too thin to leave a trace for that stays as it is, and no digit vanishes.
    """
    for sign in (1, -1):
        for whole in (0, 1):
            chosen = sign * amounts > whole
            part = pixels[chosen]
            share = np.minimum(sign * amounts[chosen] - whole, 1).astype(np.float32)[:, None, None]
            if sign > 0:
                change = neighbours(part, np.maximum) - part
            else:
                eroded = neighbours(part, np.minimum)
                change = eroded - neighbours(eroded, np.maximum)
            pixels[chosen] = part + share * change


def neighbours(images: np.ndarray, pick: np.ufunc) -> np.ndarray:
    """Return the largest or smallest value among each pixel and its neighbours, (n, 28, 28)."""
    # A thirteenth of the time of torch's max_pool2d on the CPU.
    rows = images.copy()
    pick(rows[:, 1:], images[:, :-1], out=rows[:, 1:])
    pick(rows[:, :-1], images[:, 1:], out=rows[:, :-1])
    both = rows.copy()
    pick(both[:, :, 1:], rows[:, :, :-1], out=both[:, :, 1:])
    pick(both[:, :, :-1], rows[:, :, 1:], out=both[:, :, :-1])
    return both


def _soften(pixels: np.ndarray, scale: np.ndarray) -> None:
    """Blend each digit that will be smaller, by its factor in scale (n,), with its neighbours, in place.

    Of a digit at half its size every other pixel is looked at: a thin stroke between those would be lost.
    """
    share = np.clip(1 / scale - 1, 0, 1).astype(np.float32)
    chosen = share > 0
    part, weight = pixels[chosen], share[chosen, None, None] / 4
    for axis in (1, 2):  # the binomial filter 1 2 1 at half the size
        before, after = np.zeros_like(part), np.zeros_like(part)
        np.moveaxis(before, axis, 0)[1:] = np.moveaxis(part, axis, 0)[:-1]
        np.moveaxis(after, axis, 0)[:-1] = np.moveaxis(part, axis, 0)[1:]
        part = part + weight * (before + after - 2 * part)
    pixels[chosen] = part


def _coefficients(n: int, settings: Augmentation, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw n ways to move and bend a picture: float32 (n, 2, k), the factors of `_basis`'s k pictures in x and in y.

    They say where in the picture each pixel comes from: M^-1 (p - shift) + bend with M = rotation, slant, scaling.
    The second result is the scaling alone, float64 (n,).
    """

    def draw(most: float, *shape: int) -> np.ndarray:
        return rng.uniform(-most, most, (n, *shape)) if most else np.zeros((n, *shape))

    moved = rng.random(n) >= settings.still if settings.still else np.ones(n, bool)
    shift = draw(settings.shift, 2) * moved[:, None]
    angle = np.radians(draw(settings.rotate)) * moved
    smaller = settings.shrink / 2  # uniform from 1 - scale - shrink to 1 + scale
    scale = 1 + (draw(settings.scale + smaller) - smaller) * moved
    slant = np.tan(np.radians(draw(settings.shear)))
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    inverse = np.stack([cos + slant * sin, sin - slant * cos, -sin, cos], axis=1).reshape(n, 2, 2)
    factors = [inverse, -inverse @ shift[:, :, None]]
    if settings.elastic:
        factors.append(settings.elastic * rng.standard_normal((n, 2, len(_KNOTS) ** 2), np.float32))
    return np.concatenate(factors, axis=2, dtype=np.float32), scale


@lru_cache(maxsize=1)
def _basis() -> np.ndarray:
    """Return x, y, one, and the 49 hills of a random bend, as float32 (52, 784).

    x and y are pixels from the centre. A hill is a cubic B-spline in x times one in y. Scaled so that their sum with
    standard normal factors has variance one at every pixel. (Random field: Simard, Steinkraus and Platt, "Best
    Practices for Convolutional Neural Networks", 2003.)
    """
    place = np.arange(_SIDE) - (_SIDE - 1) / 2
    y, x = np.meshgrid(place, place, indexing="ij")
    away = np.abs(place[:, None] / _SPACING - _KNOTS)
    spline = np.where(away < 1, 2 / 3 - away**2 + away**3 / 2, np.clip(2 - away, 0, None) ** 3 / 6)
    spline /= np.sqrt((spline**2).sum(axis=1, keepdims=True))
    hills = np.einsum("yk,xl->klyx", spline, spline)
    return np.concatenate([[x, y, np.ones_like(x)], hills.reshape(-1, _SIDE, _SIDE)], dtype=np.float32).reshape(-1, 784)


def resample(pixels: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Fetch every pixel of float32 (n, 28, 28) from where the coefficients say, bilinearly, zeros outside."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(1)  # as in training: more threads are slower as soon as anything else runs
    n, _, k = coefficients.shape
    # In grid_sample's units the picture's edges are at -1 and 1, which is 14 pixels from its centre.
    grid = torch.from_numpy(coefficients).view(2 * n, k) @ (torch.from_numpy(_basis()[:k]) / (_SIDE / 2))
    places = grid.view(n, 2, _SIDE, _SIDE).permute(0, 2, 3, 1)
    sampled: np.ndarray = F.grid_sample(torch.from_numpy(pixels)[:, None], places, align_corners=False)[:, 0].numpy()
    return sampled


def check_noise(kind: str, level: float) -> None:
    """Raise ValueError unless `corrupt` knows this kind and level of noise."""
    if kind not in NOISES:
        raise ValueError(f"noise must be one of {', '.join(NOISES)}, got {str(kind)[:80]!r}. Choose one.")
    number("noise_level", level, 0.0, _MOST_NOISE[kind])


def corrupt(images: np.ndarray, kind: str, level: float, rng: np.random.Generator) -> np.ndarray:
    """Return images, uint8 (n, 28, 28), with noise; the given ones are not changed, and returned when there is none.

    gaussian: normal noise of standard deviation `level`, in units of full white, is added, and the sum clipped.
    masking: each pixel becomes 0 with probability `level`. salt-and-pepper: each pixel becomes 0 or 255, either with
    probability level / 2. (Vincent et al., "Stacked Denoising Autoencoders", 2010.) Raises what `check_noise` raises.
    """
    check_noise(kind, level)
    if kind == "none" or not level:
        return images
    if kind == "gaussian":
        noisy = rng.standard_normal(images.shape, np.float32) * np.float32(255 * level) + images
        return np.rint(noisy.clip(0, 255)).astype(np.uint8)
    chance = rng.random(images.shape, np.float32)
    if kind == "masking":
        return np.where(chance < level, np.uint8(0), images)
    peppered = np.where(chance < level / 2, np.uint8(0), images)
    return np.where(chance >= 1 - level / 2, np.uint8(255), peppered)


def number(name: str, value: object, low: float, high: float) -> float:
    """Return the value as a float, or raise ValueError, by this name, when it is no finite number from low to high."""
    # Compared, not converted: an int may be too large for a float.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise ValueError(f"{name} must be a finite number, got {value!r:.80}. Change it.")
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low:g} and {high:g}, got {value:g}. Change it.")
    return float(value)
