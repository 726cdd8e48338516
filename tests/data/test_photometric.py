"""core/data/photometric.py: every effect does what its setting says, as strongly as it says, to as many as it says."""

import numpy as np
import pytest

from core.data import datasets
from core.data.augment import AUGMENTATION_RANGES, Augmentation, augment
from core.data.photometric import PHOTOMETRIC

SHARES = ("lines", "patches", "inverted")
N = 600
GREY = np.full((N, 28, 28), 128, np.uint8)
BLACK = np.zeros((N, 28, 28), np.uint8)


def digits(count: int = N) -> np.ndarray:
    return np.resize(datasets.load("digits").train.images, (count, 28, 28))


def seen(images: np.ndarray, seed: int = 0, **settings: float) -> np.ndarray:
    return augment(images, Augmentation(**settings), np.random.default_rng(seed))


def met(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Which pictures are no longer as they were."""
    return (before != after).any(axis=(1, 2))


@pytest.mark.parametrize("name", PHOTOMETRIC)
def test_each_effect_meets_as_many_digits_as_it_should_and_the_same_for_the_same_seed(name):
    most = AUGMENTATION_RANGES[name][1]
    setting = 0.5 if name in SHARES else most
    images = digits()
    spoilt = seen(images, **{name: setting})
    share = met(images, spoilt).mean()
    assert share == pytest.approx(0.5 if name in SHARES else 0.3, abs=0.07)
    assert (seen(images, **{name: setting}) == spoilt).all()
    assert (seen(images, seed=1, **{name: setting}) != spoilt).any()
    assert met(images, seen(images, **{name: setting, "clean": 0.5})).mean() == pytest.approx(share / 2, abs=0.07)
    assert (seen(images, **{name: setting, "clean": 1.0}) == images).all()


def test_a_digit_that_is_left_clean_meets_none_of_many_effects():
    images = digits()
    settings = dict.fromkeys(PHOTOMETRIC, 0.5)
    assert met(images, seen(images, **settings, clean=0.4)).mean() == pytest.approx(0.6, abs=0.07)


def test_a_grey_ground_is_even_up_to_its_setting_and_leaves_white_ink_white():
    images = BLACK.copy()
    images[:, 10:18, 10:18] = 255
    ground = seen(images, background=0.6)
    assert (ground[:, 10:18, 10:18] == 255).all()
    assert (ground[:, :9] == ground[:, :1, :1]).all()
    greys = ground[:, 0, 0] / 255
    assert 0.5 < greys.max() <= 0.603
    assert greys[greys > 0].mean() == pytest.approx(0.3, abs=0.05)


def test_beyond_a_straight_edge_the_ground_is_of_another_grey():
    shaded = seen(BLACK, shade=0.8)
    shaded = shaded[met(BLACK, shaded)]
    greys = shaded.max(axis=(1, 2))
    assert 0.7 < greys.max() / 255 <= 0.802
    there = shaded > 0
    assert (shaded[there] == np.broadcast_to(greys[:, None, None], there.shape)[there]).all()
    for line in (*there[:20].reshape(-1, 28), *there[:20].transpose(0, 2, 1).reshape(-1, 28)):
        assert np.count_nonzero(np.diff(line)) <= 1


def test_faint_ink_loses_at_most_its_share():
    faint = seen(np.full_like(BLACK, 200), contrast=0.5)
    assert (np.ptp(faint, axis=(1, 2)) == 0).all()
    assert 100 <= faint.min() < 110


def test_a_blurred_point_is_a_gaussian_of_at_most_this_deviation():
    images = BLACK.copy()
    images[:, 14, 14] = 255
    blurred = seen(images, blur=1.0).astype(float)
    blurred = blurred[met(images, blurred)]
    share = blurred / blurred.sum(axis=(1, 2), keepdims=True)
    place = np.arange(28) - 14
    across = (share.sum(axis=1) * place**2).sum(axis=1)
    assert 0.7 < across.max() < 1.05
    assert (share.sum(axis=1) @ place) == pytest.approx(0, abs=1e-9)
    assert across == pytest.approx((share.sum(axis=2) * place**2).sum(axis=1), abs=1e-6)


def test_normal_noise_has_at_most_its_deviation_and_no_bias():
    noisy = seen(GREY, gaussian=0.2).astype(float)
    deviations = noisy.std(axis=(1, 2)) / 255
    assert 0.18 < deviations.max() < 0.21
    assert noisy.mean() == pytest.approx(128, abs=0.5)


def test_shot_noise_keeps_the_mean_varies_as_light_does_and_leaves_black_alone():
    assert not seen(BLACK, shot=0.5).any()
    noisy = seen(np.full_like(BLACK, 40), shot=0.2)
    noisy = noisy[met(np.full_like(BLACK, 40), noisy)].astype(float)
    assert noisy.mean() == pytest.approx(40, abs=0.7)
    units = noisy.var(axis=(1, 2)) / noisy.mean(axis=(1, 2)) / 255  # of Poisson's the variance is the mean, in photons
    assert 0.17 < units.max() < 0.23


def test_salt_and_pepper_are_as_many_and_at_most_their_share():
    noisy = seen(GREY, salt_and_pepper=0.2)
    white, black = (noisy == 255).mean(axis=(1, 2)), (noisy == 0).mean(axis=(1, 2))
    assert set(np.unique(noisy)) == {0, 128, 255}
    assert 0.16 < (white + black).max() < 0.25
    assert white.sum() == pytest.approx(black.sum(), rel=0.1)


def test_clouds_are_pictures_of_their_own_that_take_at_most_their_share():
    clouded = seen(BLACK, clouds=0.6)
    clouded = clouded[met(BLACK, clouded)]
    assert 140 < clouded.max() <= 153
    assert (clouded.min(axis=(1, 2)) == 0).all()
    steps = np.abs(np.diff(clouded.astype(float), axis=2)).mean(axis=(1, 2)) / clouded.max(axis=(1, 2))
    assert steps.min() < 0.03  # smooth ones
    assert steps.max() > 1.5 * steps.min()  # and rough ones
    assert (seen(np.full_like(BLACK, 255), clouds=0.6) >= 102).all()


def test_inverted_digits_are_exactly_that():
    images = digits()
    inverted = seen(images, inverted=0.5)
    assert (inverted[met(images, inverted)] == 255 - images[met(images, inverted)]).all()


def test_lines_only_add_light_and_about_half_are_dotted():
    images = digits()
    assert (seen(images, lines=1.0) >= images).all()
    lines = seen(BLACK, lines=1.0) > 100
    assert (lines.sum(axis=(1, 2)) < 200).all()
    halves = [
        np.unique(np.diff(np.flatnonzero(line.any(axis=1) | line.any(axis=0)))).max() for line in lines if line.any()
    ]
    assert 0.1 < np.mean(np.array(halves) > 1) < 0.9


def test_a_patch_is_a_rectangle_of_one_grey():
    patched = seen(GREY, patches=1.0)
    for picture, there in zip(patched, patched != 128, strict=True):
        rows, columns = there.any(axis=1), there.any(axis=0)
        assert (there == rows[:, None] & columns).all()
        assert rows.sum() <= 12
        assert columns.sum() <= 12
        assert len(np.unique(picture[there])) <= 1
    assert len(np.unique(patched)) > 100


def test_the_given_digits_are_not_changed():
    images = digits()
    before = images.copy()
    seen(images, **dict.fromkeys(PHOTOMETRIC, 0.5))
    assert (images == before).all()
