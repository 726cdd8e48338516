"""Label noise: as many wrong labels as are wanted, none of them right after all, and always the same for a seed."""

import numpy as np
import pytest

from core.data.label_noise import with_label_noise

LABELS = np.random.default_rng(5).integers(0, 10, 20_000)


@pytest.mark.parametrize("share", [0.0, 0.00004, 0.1, 0.9, 1.0])
def test_a_share_of_the_labels_is_wrong_to_the_digit(share: float) -> None:
    noisy = with_label_noise(LABELS, share, 0)
    assert (noisy != LABELS).sum() == round(share * len(LABELS))
    assert noisy.dtype == np.int64
    assert (noisy.min(), noisy.max()) == (0, 9)


def test_any_of_the_nine_other_classes_is_as_likely() -> None:
    noisy = with_label_noise(LABELS, 0.5, 1)
    wrong = noisy != LABELS
    counts = np.bincount((noisy - LABELS)[wrong] % 10, minlength=10)
    assert counts[0] == 0
    expected = wrong.sum() / 9
    assert ((counts[1:] - expected) ** 2 / expected).sum() < 26.1  # chi-squared, 8 degrees of freedom: p = .001
    assert abs(wrong[: len(LABELS) // 2].mean() - 0.5) < 0.02  # anywhere in the data set


def test_a_seed_gives_the_same_wrong_labels_and_another_seed_others() -> None:
    first, again, other = (with_label_noise(LABELS, 0.1, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert ((first != LABELS) & (other != LABELS)).sum() < 0.02 * len(LABELS)


def test_the_right_labels_stay_as_they_are() -> None:
    kept = LABELS.copy()
    with_label_noise(LABELS, 0.5, 0)
    np.testing.assert_array_equal(LABELS, kept)
    assert not len(with_label_noise(LABELS[:0], 0.5, 0))
