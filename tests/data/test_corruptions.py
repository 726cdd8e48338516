"""core/data/corruptions.py: each of MNIST-C's corruptions does to real digits what its definition says."""

import numpy as np
import pytest
from skimage.feature import canny

from core.data import datasets
from core.data.corruptions import CORRUPTIONS, corrupted

SURE = ("scale", "brightness", "stripe", "Canny edges")  # those without a draw
IMAGES = datasets.load("digits").train.images[:120]
GREY = np.full((200, 28, 28), 85, np.uint8)
PLACE = np.arange(28) - 13.5


def bar() -> np.ndarray:
    """Two hundred pictures of one upright, soft, long bar."""
    one = 255 * np.exp(-0.5 * (PLACE / 1.5) ** 2 - 0.5 * (PLACE[:, None] / 4) ** 2)
    return np.repeat(one[None].round().astype(np.uint8), 200, axis=0)


def axes(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each picture's area of ink, and the covariance (n, 2, 2) of its places, x before y."""
    weights = images / images.sum(axis=(1, 2), keepdims=True, dtype=float)
    grid = np.stack(np.meshgrid(PLACE, PLACE))
    mean = np.einsum("nyx,ayx->na", weights, grid)
    spread = np.einsum("nyx,ayx,byx->nab", weights, grid, grid) - mean[:, :, None] * mean[:, None]
    return images.sum(axis=(1, 2), dtype=float), spread


def test_they_are_the_fifteen_of_the_benchmark():
    assert len(CORRUPTIONS) == 15
    with pytest.raises(ValueError, match=r"no corruption 'snow': they are shot noise, impulse noise"):
        corrupted(IMAGES, "snow", 0)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_digits_of_the_same_kind_that_are_the_same_for_the_same_seed(name):
    before = IMAGES.copy()
    spoilt = corrupted(IMAGES, name, 0)
    assert spoilt.shape == IMAGES.shape
    assert spoilt.dtype == np.uint8
    assert (before == IMAGES).all()
    assert (spoilt != IMAGES).any(axis=(1, 2)).mean() > 0.95
    assert (corrupted(IMAGES, name, 0) == spoilt).all()
    assert (corrupted(IMAGES, name, 1) == spoilt).all() == (name in SURE)


def test_photons_are_counted_in_thirds_and_keep_the_mean():
    noisy = corrupted(GREY, "shot noise", 0)
    assert set(np.unique(noisy)) <= {0, 85, 170, 255}
    dark = np.full((200, 28, 28), 17, np.uint8)  # bright enough to be seen, too dark to be clipped
    assert corrupted(dark, "shot noise", 0).mean() == pytest.approx(17, abs=0.5)


def test_every_sixth_pixel_is_black_or_white():
    noisy = corrupted(GREY, "impulse noise", 0)
    assert set(np.unique(noisy)) == {0, 85, 255}
    assert (noisy == 0).mean() == pytest.approx(0.085, abs=0.004)
    assert (noisy == 255).mean() == pytest.approx(0.085, abs=0.004)


@pytest.mark.parametrize("name", ["glass blur", "motion blur"])
def test_blurs_keep_the_ink_and_spread_it(name):
    area, spread = axes(bar())
    after, wider = axes(corrupted(bar(), name, 0))
    assert after == pytest.approx(area, rel=0.03)
    assert (wider[:, 0, 0] > spread[:, 0, 0] + 0.5).all()


def test_motion_is_to_one_side_and_across_more_than_down():
    _, spread = axes(bar())
    _, wider = axes(corrupted(bar(), "motion blur", 0))
    grown = wider - spread
    assert grown[:, 0, 0].mean() > 2 * grown[:, 1, 1].mean()
    point = np.zeros((50, 28, 28), np.uint8)
    point[:, 14, 14] = 255
    smeared = corrupted(point, "motion blur", 0).sum(axis=1)
    assert (smeared[:, :13] == 0).all()
    assert (smeared[:, 17:20] > 0).all()


def test_turned_slanted_and_scaled_by_so_much_to_either_side():
    area, spread = axes(bar())
    _, turned = axes(corrupted(bar(), "rotate", 0))
    angle = 0.5 * np.arctan2(2 * turned[:, 0, 1], turned[:, 1, 1] - turned[:, 0, 0])
    assert np.abs(angle) == pytest.approx(0.4, abs=0.02)
    assert 0.3 < (angle > 0).mean() < 0.7
    _, slanted = axes(corrupted(bar(), "shear", 0))
    assert 0.3 < (slanted[:, 0, 1] > 0).mean() < 0.7
    smaller, narrow = axes(corrupted(bar(), "scale", 0))
    assert smaller == pytest.approx(0.49 * area, rel=0.02)
    assert narrow[:, 1, 1] == pytest.approx(0.49 * spread[:, 1, 1], rel=0.04)


def test_moved_by_three_pixels_both_ways():
    moved = corrupted(IMAGES, "translate", 0)
    padded = np.pad(IMAGES, [(0, 0), (3, 3), (3, 3)])
    corners = np.stack([padded[:, y : y + 28, x : x + 28] for y in (0, 6) for x in (0, 6)])
    same = (corners == moved).all(axis=(2, 3))
    assert same.any(axis=0).all()
    assert same.any(axis=1).all()


def test_half_a_white_is_added():
    assert np.abs(corrupted(IMAGES, "brightness", 0) - (IMAGES + 127.5).clip(0, 255)).max() <= 0.5


def test_the_outer_quarters_are_inverted():
    striped = corrupted(IMAGES, "stripe", 0)
    assert (striped[:, :, 7:21] == IMAGES[:, :, 7:21]).all()
    assert (striped[:, :, :7] == 255 - IMAGES[:, :, :7]).all()
    assert (striped[:, :, 21:] == 255 - IMAGES[:, :, 21:]).all()


def test_fog_leaves_a_quarter_of_the_ink_and_takes_the_rest_of_the_range():
    images = np.zeros((100, 28, 28), np.uint8)
    images[:, ::2] = 255
    fog = corrupted(images, "fog", 0).astype(float)
    difference = (fog[:, 2:-1:2] - (fog[:, 1:-2:2] + fog[:, 3::2]) / 2).mean()
    assert difference == pytest.approx(255 / 4, abs=3)
    assert fog.max() <= 255
    assert fog.std(axis=(1, 2)).min() > 10
    assert not corrupted(np.zeros_like(images), "fog", 0).any()  # no ink, no light


def test_drops_are_dark_and_cover_some_of_the_ink():
    spoilt = corrupted(np.full((100, 28, 28), 255, np.uint8), "spatter", 0)
    assert spoilt.min() >= 63
    assert 0.02 < (spoilt < 120).mean() < 0.4
    black = corrupted(np.zeros((100, 28, 28), np.uint8), "spatter", 0)
    assert black.max() <= 63


def test_lines_add_light_in_every_second_pair_of_columns():
    black = np.zeros((100, 28, 28), np.uint8)
    dotted = corrupted(black, "dotted line", 0)
    there = dotted.any(axis=1)
    assert not there[:, np.arange(28) // 2 % 2 == 0].any()
    assert there[:, [2, 3, 6, 7, 10, 11, 22, 23]].all()
    assert (corrupted(IMAGES, "dotted line", 0) >= IMAGES).all()


def test_a_zigzag_goes_from_side_to_side_with_a_tooth_in_every_four_columns():
    zigzag = corrupted(np.zeros((100, 28, 28), np.uint8), "zigzag", 0)
    there = zigzag.any(axis=1)
    inside = zigzag[:, 6:22].any(axis=(1, 2))
    assert not there[:, :2].any()
    assert there[inside][:, 4:20].any(axis=1).all()
    flat = zigzag[(zigzag.sum(axis=1, dtype=float) > 200)[:, 3:24].all(axis=1)]
    assert len(flat) > 20
    middle = (flat * np.arange(28)[:, None]).sum(axis=1) / flat.sum(axis=1, dtype=float).clip(1)
    teeth = np.abs(np.diff(middle[:, 3:24], axis=1))
    assert teeth.mean() > 0.5


def test_edges_are_those_of_the_library():
    edges = corrupted(IMAGES[:20], "Canny edges", 0)
    assert (edges == 255 * np.stack([canny(image / 255) for image in IMAGES[:20]])).all()
