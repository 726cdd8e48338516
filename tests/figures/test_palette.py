"""The ten digits' colours: told apart by everyone, and seen on both pages."""

import numpy as np
import pytest

from core.figures.palette import DIGIT_COLORS
from tests.figures.test_curves import luminance

# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009, at
# full severity, for linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# Ottosson, "A perceptual color space for image processing", 2020.
TO_LMS = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def distances(theme: str, vision: str) -> np.ndarray:
    """How far any two of the colours are from each other in OKLab, as seen so, (10, 10)."""
    channels = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in DIGIT_COLORS[theme]])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(VISIONS[vision]), 0, 1)
    lab = np.cbrt(seen @ np.transpose(TO_LMS)) @ np.transpose(TO_LAB)
    return np.linalg.norm(lab[:, None] - lab[None], axis=-1)


@pytest.mark.parametrize(("theme", "page", "least"), [("light", "#ffffff", 3), ("dark", "#14181d", 3.6)])
def test_the_colours_stand_out_from_their_page(theme: str, page: str, least: float) -> None:
    for color in DIGIT_COLORS[theme]:
        dark, light = sorted((luminance(color), luminance(page)))
        assert (light + 0.05) / (dark + 0.05) >= least


@pytest.mark.parametrize("theme", DIGIT_COLORS)
@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_are_told_apart_and_digits_that_look_alike_better(theme: str, vision: str) -> None:
    found = distances(theme, vision)
    assert found[np.triu_indices(10, 1)].min() >= 0.097
    assert min(found[a, b] for a, b in ((4, 9), (7, 9), (4, 7), (3, 5), (3, 8), (5, 8))) >= 0.155
