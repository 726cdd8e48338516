"""The one order of a data set's digits that all maps share."""

from pathlib import Path

import numpy as np
import pytest

from core.data import datasets, samples
from core.runs.run import digits_of
from core.runs.store import RunStore
from tests.conftest import small


def test_test_digits_come_first_then_training_digits() -> None:
    digits = datasets.load("digits")
    tests, count = len(digits.test), len(digits.test) + len(digits.train)
    assert samples.size("digits", "test") == tests
    assert samples.size("digits", "all") == count
    rows = np.array([0, tests - 1, tests, count - 1, 5])
    expected = [digits.test.images[0], digits.test.images[-1], digits.train.images[0], digits.train.images[-1]]
    np.testing.assert_array_equal(samples.images_of("digits", rows)[:4], expected)
    labels = samples.labels_of("digits", "all")
    np.testing.assert_array_equal(labels, [*digits.test.labels, *digits.train.labels])
    np.testing.assert_array_equal(labels[:tests], samples.labels_of("digits", "test"))
    assert labels.dtype == np.int64
    assert not labels.flags.writeable


@pytest.mark.parametrize("sample", samples.SAMPLES)
def test_batches_are_the_pictures_in_order(sample: str) -> None:
    parts = list(samples.batches_of("digits", sample))
    assert max(map(len, parts)) <= 1000
    images = np.concatenate(parts)
    assert len(images) == samples.size("digits", sample)
    np.testing.assert_array_equal(images, samples.images_of("digits", np.arange(len(images))))


def test_a_row_is_a_digit_of_one_split() -> None:
    digits = datasets.load("digits")
    for row in (0, 358, 359, 1796):
        split, index = samples.where("digits", row)
        image = getattr(digits, split).images[index]
        np.testing.assert_array_equal(image, samples.images_of("digits", np.array([row]))[0])
    assert samples.where("digits", 359) == ("train", 0)
    assert samples.images_of("digits", np.zeros(0)).shape == (0, 28, 28)


@pytest.mark.parametrize("row", [-1, 1797, 2**40])
def test_a_row_that_is_none_is_refused(row: int) -> None:
    with pytest.raises(ValueError, match=f"no digit {row} among 1,797. Choose"):
        samples.where("digits", row)
    with pytest.raises(ValueError, match=f"no digit {row} among 1,797. Choose"):
        samples.images_of("digits", np.array([3, row]))


def test_unknown_samples_are_refused() -> None:
    for ask in (samples.size, samples.labels_of, lambda *names: list(samples.batches_of(*names))):
        with pytest.raises(ValueError, match="Choose one of: test, all"):
            ask("digits", "../../etc")


def test_the_embedded_digits_stand_in_for_a_data_set_that_is_not_here(
    runs: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.create(small(dataset="mnist"))
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path))
    assert digits_of(run) == "digits"
    monkeypatch.setattr(datasets, "is_ready", lambda name: True)
    assert digits_of(run) == "mnist"
