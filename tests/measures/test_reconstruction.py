"""PCA against the singular value decomposition and known errors on MNIST; reconstruction errors; the stored file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.data import datasets
from core.data.datasets import Dataset
from core.measures import pca, reconstruction


class Scaled:
    """An autoencoder whose code is the picture, drawn `factor` times as bright."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def encode(self, images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), -1) / np.float32(255)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return codes.reshape(-1, 28, 28) * np.float32(self.factor)


@pytest.fixture(scope="module")
def fitted() -> pca.Pca:
    """The components of the embedded digits."""
    return pca.Pca.fit(datasets.load("digits").train.images)


@pytest.fixture
def fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fitted: pca.Pca) -> Iterator[list[int]]:
    """A data folder of the test's own (tmp_path), nothing remembered, and a list that grows with every fit."""
    counted: list[int] = []

    def fit(images: np.ndarray) -> pca.Pca:
        counted.append(len(images))
        return fitted

    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path))
    monkeypatch.setattr(pca.Pca, "fit", fit)
    pca._pca.cache_clear()
    yield counted
    pca._pca.cache_clear()


def test_errors_are_mean_squares_over_pixels() -> None:
    images = np.zeros((2500, 28, 28), np.uint8)
    images[1] = 255
    images[2, :14] = 255
    errors = reconstruction.reconstruction_errors(Scaled(0.5), images)
    assert errors.dtype == np.float32
    np.testing.assert_allclose(errors[:4], [0, 0.25, 0.125, 0])
    assert errors.shape == (2500,)


def test_errors_of_a_model_that_draws_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="smaller learning rate"):
        reconstruction.reconstruction_errors(Scaled(float("nan")), np.full((3, 28, 28), 9, np.uint8))


def test_no_images_have_no_errors() -> None:
    assert reconstruction.reconstruction_errors(Scaled(1), np.zeros((0, 28, 28), np.uint8)).shape == (0,)
    assert reconstruction.reconstruct(Scaled(1), np.zeros((0, 28, 28), np.uint8)).shape == (0, 28, 28)


def test_pictures_become_bytes() -> None:
    pictures = np.array([[-1, 0, 0.5, 1, 7, float("nan")]])
    np.testing.assert_array_equal(reconstruction.to_bytes(pictures), [[0, 0, 128, 255, 255, 0]])


def test_pca_is_the_singular_value_decomposition() -> None:
    images = datasets.load("digits").train.images[:300]
    fitted = pca.Pca.fit(images)
    pixels = images.reshape(len(images), -1) / 255
    _, singular, rows = np.linalg.svd(pixels - pixels.mean(0), full_matrices=False)
    np.testing.assert_allclose(fitted.mean, pixels.mean(0), atol=1e-6)
    np.testing.assert_allclose(fitted.variances[:50], singular[:50] ** 2 / len(images), rtol=1e-4)
    for k in (1, 2, 16):
        cosines = np.linalg.svd(rows[:k] @ fitted.components[:k].T)[1]
        np.testing.assert_allclose(cosines, 1, atol=1e-4)  # the same subspace


def test_more_components_err_less_and_all_of_them_not_at_all(fitted: pca.Pca) -> None:
    split = datasets.load("digits")
    errors = [float(fitted.errors(split.test.images, k).mean()) for k in (0, 2, 16, 64, 784)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-9
    mean_alone = reconstruction.mean_squared_errors(split.test.images, np.broadcast_to(fitted.mean, (359, 784)))
    np.testing.assert_allclose(errors[0], mean_alone.mean(), rtol=1e-5)


def test_clipping_only_helps(fitted: pca.Pca) -> None:
    split = datasets.load("digits")
    clipped, free = (fitted.errors(split.test.images, 16, clip) for clip in (True, False))
    assert (clipped <= free + 1e-7).all()
    assert clipped.mean() < free.mean()


@pytest.mark.parametrize("k", [-1, 785])
def test_impossible_numbers_of_components_are_refused(k: int, fitted: pca.Pca) -> None:
    with pytest.raises(ValueError, match="0 to 784"):
        fitted.reconstruct(np.zeros((1, 28, 28), np.uint8), k)


def test_one_image_is_no_data_set() -> None:
    with pytest.raises(ValueError, match="at least two images, got 1"):
        pca.Pca.fit(np.zeros((1, 28, 28), np.uint8))


def test_mnist_errors_are_the_known_ones(mnist: Dataset) -> None:
    # Known from other programs without clipping; clipped to [0, 1], as shown on the pages, they are smaller.
    fitted = pca.pca("mnist")
    known = {0: (0.0675, 0.0675), 2: (0.0557, 0.0555), 8: (0.0374, 0.0364), 16: (0.0269, 0.0254)}
    known |= {32: (0.0168, 0.0152), 64: (0.0091, 0.0078), 128: (0.0042, 0.0034)}
    for k, (free, clipped) in known.items():
        assert fitted.errors(mnist.test.images, k, clip=False).mean() == pytest.approx(free, abs=6e-5)
        assert fitted.errors(mnist.test.images, k).mean() == pytest.approx(clipped, abs=6e-5)


def test_the_components_are_kept_on_disk(fits: list[int], tmp_path: Path) -> None:
    assert not pca.has_pca("digits")
    first = pca.pca("digits")
    assert pca.has_pca("digits")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["pca-digits.npz"]
    pca._pca.cache_clear()
    np.testing.assert_array_equal(pca.pca("digits").components, first.components)
    assert len(fits) == 1


@pytest.mark.parametrize("damage", ["torn", "other images", "nan", "shape", "pickle", "empty"])
def test_a_stored_file_that_is_wrong_is_made_anew(fits: list[int], tmp_path: Path, damage: str) -> None:
    good = pca.pca("digits")
    path = tmp_path / "cache" / "pca-digits.npz"
    with np.load(path) as file:
        arrays = dict(file)
    if damage == "torn":
        path.write_bytes(path.read_bytes()[:100_000])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        arrays["crc32"] = arrays["crc32"] + (damage == "other images")
        arrays["mean"] = {
            "nan": np.full(784, np.nan, np.float32),
            "shape": np.zeros(9, np.float32),
            "pickle": np.array([{"a": 1}], object),
        }.get(damage, arrays["mean"])
        np.savez(path, **arrays)
    pca._pca.cache_clear()
    np.testing.assert_array_equal(pca.pca("digits").mean, good.mean)
    assert len(fits) == 2
    pca._pca.cache_clear()
    pca.pca("digits")
    assert len(fits) == 2  # the new file is sound


def test_a_folder_that_cannot_be_written_is_no_obstacle(fits: list[int], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert pca.pca("digits").components.shape == (784, 784)
    assert pca.has_pca("digits")  # else a page would wait for it forever
    assert len(fits) == 1
