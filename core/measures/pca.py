"""Principal components of a data set's training images: the line that every autoencoder must beat."""

from __future__ import annotations

import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core import paths
from core.data import datasets
from core.data.datasets import batches
from core.files import write_npz
from core.measures.reconstruction import PIXELS, mean_squared_errors

_fitted: set[tuple[str, str]] = set()  # what this process fitted, even where nothing can be written


@dataclass(frozen=True)
class Pca:
    """Principal components of training images scaled to [0, 1].

    mean: float32 (784,); components: float32 (784, 784), orthonormal rows, the most telling first;
    variances: float32 (784,), of the training images along each component.
    """

    mean: np.ndarray
    components: np.ndarray
    variances: np.ndarray

    @classmethod
    def fit(cls, images: np.ndarray) -> Pca:
        """Find the components of uint8 images (n, 28, 28): eigenvectors of their covariance.

        Raises ValueError for fewer than two images.
        """
        flat = images.reshape(-1, PIXELS)
        count = len(flat)
        if count < 2:
            raise ValueError(f"PCA needs at least two images, got {count}. Give it a training set.")
        total = np.zeros(PIXELS)
        products = np.zeros((PIXELS, PIXELS))
        # 256 products of two bytes stay below 2**24, so float32 adds them up exactly and at twice the speed.
        for batch in batches(flat, 256):
            pixels = batch.astype(np.float32)
            total += pixels.sum(0)
            products += pixels.T @ pixels
        mean = total / count
        covariance = (products / count - np.outer(mean, mean)) / 255**2
        variances, vectors = np.linalg.eigh(covariance)
        return cls(
            (mean / 255).astype(np.float32),
            np.ascontiguousarray(vectors.T[::-1], np.float32),
            np.maximum(variances[::-1], 0).astype(np.float32),
        )

    def encode(self, images: np.ndarray, k: int) -> np.ndarray:
        """Return the first k coordinates of uint8 images (n, 28, 28), float32 (n, k)."""
        pixels = images.reshape(-1, PIXELS) / np.float32(255)
        return (pixels - self.mean) @ self.components[: self._checked(k)].T

    def decode(self, codes: np.ndarray, clip: bool = True) -> np.ndarray:
        """Return float32 pictures (n, 28, 28) of codes (n, k), clipped to [0, 1] as a screen would."""
        pictures = self.mean + codes @ self.components[: self._checked(codes.shape[1])]
        return (np.clip(pictures, 0, 1) if clip else pictures).reshape(-1, 28, 28).astype(np.float32)

    def reconstruct(self, images: np.ndarray, k: int) -> np.ndarray:
        """Return float32 pictures (n, 28, 28) in [0, 1] made of k numbers each."""
        return self.decode(self.encode(images, k))

    def errors(self, images: np.ndarray, k: int, clip: bool = True) -> np.ndarray:
        """Return the mean squared error per picture at k numbers, float32 (n,)."""
        parts = [mean_squared_errors(part, self.decode(self.encode(part, k), clip)) for part in batches(images)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    @staticmethod
    def _checked(k: int) -> int:
        if not 0 <= k <= PIXELS:
            raise ValueError(f"PCA of 28 x 28 pixels has 0 to {PIXELS} components, got {k}. Choose such a number.")
        return k


def pca(dataset: str) -> Pca:
    """Return the components of a data set's training images, kept in memory and in data_dir()/cache.

    The first call of all takes some 3 s for MNIST, the first of a process 0.1 s. Raises DatasetUnavailable.
    """
    datasets.load(dataset)  # outside the cache, so that files that went away are noticed
    return _pca(dataset, str(paths.data_dir()))


def pca_error(dataset: str, k: int) -> float:
    """Return the mean squared error of the clipped PCA with k components over a whole test set."""
    return float(pca(dataset).errors(datasets.load(dataset).test.images, k).mean())


def has_pca(dataset: str) -> bool:
    """Say whether `pca` has been computed before, so that it answers at once."""
    folder = str(paths.data_dir())
    return (dataset, folder) in _fitted or _cache_file(dataset, folder).exists()


@lru_cache(maxsize=4)
def _pca(dataset: str, folder: str) -> Pca:
    images = datasets.load(dataset).train.images
    path = _cache_file(dataset, folder)
    print_of_images = zlib.crc32(images.tobytes())
    stored = _read(path, print_of_images)
    if stored is not None:
        return stored
    fitted = Pca.fit(images)
    _fitted.add((dataset, folder))
    with suppress(OSError):  # a folder that cannot be written costs the next start some seconds, nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {"mean": fitted.mean, "components": fitted.components, "variances": fitted.variances}
        write_npz(path, arrays | {"crc32": np.array(print_of_images, np.uint32)})
    return fitted


def _cache_file(dataset: str, folder: str) -> Path:
    return Path(folder) / "cache" / f"pca-{dataset}.npz"


def _read(path: Path, print_of_images: int) -> Pca | None:
    """Open a stored Pca; None when there is none, or it is torn, of other images or not what it should be."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if int(file["crc32"]) != print_of_images:
                return None
            found = Pca(file["mean"], file["components"], file["variances"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    shapes = (PIXELS,), (PIXELS, PIXELS), (PIXELS,)
    for array, shape in zip((found.mean, found.components, found.variances), shapes, strict=True):
        if array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
            return None
    return found
