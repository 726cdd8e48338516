"""The training digits nearest in pixels: those that scikit-learn finds, exactly, and one's own left out."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from core.data import datasets
from core.data.datasets import Dataset, DatasetUnavailable
from core.measures import pixel_neighbours
from core.measures.pixel_neighbours import nearest_in_pixels


def by_scikit_learn(dataset: Dataset, image: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and distances of the nearest training digits, of equals the first, in float64."""
    pixels = dataset.train.images.reshape(len(dataset.train), -1) / 255
    search = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(pixels)
    distances, rows = search.kneighbors(image.reshape(1, -1) / 255)
    return rows[0], distances[0]


@pytest.mark.parametrize("row", [0, 1, 200, 358])
def test_they_are_those_of_scikit_learn(row: int) -> None:
    digits = datasets.load("digits")
    found = nearest_in_pixels("digits", digits.test.images[row], 8)
    rows, distances = by_scikit_learn(digits, digits.test.images[row], 8)
    assert found.distances == pytest.approx(distances)
    assert (np.diff(found.distances) >= 0).all()
    assert set(found.rows) == set(rows)
    assert (found.labels == digits.train.labels[found.rows]).all()


def test_of_the_real_digits_too(mnist: Dataset) -> None:
    image = mnist.test.images[582]
    found = nearest_in_pixels("mnist", image, 8)
    gaps = ((mnist.train.images.reshape(60_000, -1).astype(np.int32) - image.reshape(-1)) ** 2).sum(1)
    assert (found.rows == np.argsort(gaps, kind="stable")[:8]).all()
    assert found.distances == pytest.approx(np.sqrt(np.sort(gaps)[:8]) / 255)


def test_a_training_digit_is_not_its_own_neighbour() -> None:
    train = datasets.load("digits").train
    assert nearest_in_pixels("digits", train.images[7], 3).rows[0] == 7
    without = nearest_in_pixels("digits", train.images[7], 3, without=7)
    assert 7 not in without.rows
    assert len(without.rows) == 3
    assert (without.rows[:2] == nearest_in_pixels("digits", train.images[7], 3).rows[1:]).all()


def test_no_more_than_there_are(toy: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "load", lambda name: toy)
    pixel_neighbours._nearest.cache_clear()
    pixel_neighbours._lengths.cache_clear()
    found = nearest_in_pixels("toy", toy.train.images[3], 500, without=3)
    assert sorted(found.rows) == [row for row in range(400) if row != 3]
    assert np.isfinite(found.distances).all()


def test_what_is_no_picture_or_not_here_is_refused(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"A picture of float64 \(28, 28\) has no neighbours here"):
        nearest_in_pixels("digits", np.zeros((28, 28)), 8)
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path))
    with pytest.raises(DatasetUnavailable):
        nearest_in_pixels("kmnist", np.zeros((28, 28), np.uint8), 8)
