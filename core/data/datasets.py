"""The data sets: MNIST and its two cousins as memory-mapped files, and the small digits set that needs no network.

Images are uint8 (n, 28, 28) everywhere; a model scales them as it likes. `load` only opens local files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from core.paths import data_dir
from core.table import table


class DatasetUnavailable(ValueError):
    """The files of a data set are not on this disk and could not be had."""


@dataclass(frozen=True)
class Split:
    """images: uint8 (n, 28, 28), labels: int64 (n,); both read-only."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice | np.ndarray) -> Split:
        """Return the digits of these rows."""
        return Split(self.images[rows], self.labels[rows])


@dataclass(frozen=True)
class Dataset:
    """A train and a test split, and what the ten labels mean."""

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]


@dataclass(frozen=True)
class File:
    """A file that a data set is read from: its path below the data folder, and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True)
class Downloads:
    """Where the files of a data set are fetched: addresses of folders that all have the same archives, and for each
    file, in order, its archive there, a .gz of it, with the archive's MD5.
    """

    mirrors: tuple[str, ...]
    archives: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class DatasetSpec:
    """One row of DATASETS: 28 x 28 grey pictures in ten classes, and how they are had.

    open: returns the train and the test split, once all files are on this disk; may raise DatasetUnavailable.
    train_count: pictures in the train split. of_digits: whether the classes are the digits 0 to 9 as people write them,
    so that one's own drawings and pen marks belong among them. files: none where it comes with a library. downloads:
    where the files come from, asked for in a worker; None where people must put them there themselves.
    """

    name: str
    title: str
    blurb: str
    classes: tuple[str, ...]
    open: Callable[[], tuple[Split, Split]]
    train_count: int
    of_digits: bool = False
    files: tuple[File, ...] = ()
    downloads: Callable[[], Downloads] | None = None


_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_KANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")

# (file, header bytes, bytes per item, items) of the raw format all three downloads share
FILES = (
    ("train-images-idx3-ubyte", 16, 784, 60_000),
    ("train-labels-idx1-ubyte", 8, 1, 60_000),
    ("t10k-images-idx3-ubyte", 16, 784, 10_000),
    ("t10k-labels-idx1-ubyte", 8, 1, 10_000),
)


def is_ready(name: str) -> bool:
    """Say whether all files are on this disk and whole; costs a stat call for each."""
    for file in row_of(name).files:
        try:
            if (data_dir() / file.path).stat().st_size != file.size:
                return False
        except OSError:
            return False
    return True


def load(name: str) -> Dataset:
    """Open a data set, once per process.

    Raises DatasetUnavailable when its files are not on this disk. Never downloads.
    """
    row = row_of(name)
    if not is_ready(name):
        raise DatasetUnavailable(
            f"{row.title} is not in {data_dir()}. Train on it with a network, or choose the embedded digits."
        )
    return _open(name, str(data_dir()))


@lru_cache(maxsize=8)
def _open(name: str, folder: str) -> Dataset:
    # The folder is part of the key so that a changed DIGITLAB_DATA is never served from memory.
    row = DATASETS[name]
    train, test = (Split(_frozen(split.images), _frozen(split.labels)) for split in row.open())
    return Dataset(name, train, test, row.classes)


def _open_raw(source: str) -> tuple[Split, Split]:
    images = [_map(source, file, header) for file, header, _, _ in FILES[0::2]]
    labels = [_map(source, file, header).astype(np.int64) for file, header, _, _ in FILES[1::2]]
    train, test = (Split(x.reshape(-1, 28, 28), y) for x, y in zip(images, labels, strict=True))
    return train, test


def _downloads(source: str) -> Downloads:
    """Where the class of that name in torchvision.datasets finds its files."""
    from torchvision import datasets

    table: Any = getattr(datasets, source)
    return Downloads(tuple(table.mirrors), tuple(table.resources))


def _map(source: str, file: str, header: int) -> np.ndarray:
    # A read-only map costs no memory of its own: all workers and the server share the file's pages.
    path = data_dir() / source / "raw" / file
    with path.open("rb") as f:
        magic = f.read(4)
    if magic not in (b"\x00\x00\x08\x01", b"\x00\x00\x08\x03"):
        raise DatasetUnavailable(f"{path} is not an IDX file. Delete it, and it is downloaded again.")
    return np.asarray(np.memmap(path, np.uint8, "r", offset=header))


def _open_embedded() -> tuple[Split, Split]:
    # The file that sklearn.datasets.load_digits reads; importing scikit-learn for it would take over a second.
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise DatasetUnavailable("scikit-learn is not installed. Run pip install -r requirements.txt.")
    table = np.loadtxt(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    images = np.stack([_enlarge(image) for image in table[:, :-1].reshape(-1, 8, 8)])
    labels = table[:, -1].astype(np.int64)
    test = np.arange(len(labels)) % 5 == 4  # every fifth digit, so both splits hold all writers
    train = ~test
    return Split(images[train], labels[train]), Split(images[test], labels[test])


def _enlarge(image: np.ndarray) -> np.ndarray:
    """Scale float (8, 8) in 0..16 to uint8 (28, 28): 20x20 with its centre of mass in the middle, as MNIST is."""
    from PIL import Image

    # Clipped at 0.. and 16..: bicubic overshoots, and faint overshoot would read as ink.
    big = np.asarray(Image.fromarray(image.astype(np.float32)).resize((20, 20), Image.Resampling.BICUBIC))
    big = np.clip(big / 16, 0, 1)
    mass = big.sum()
    centre = [(big.sum(1 - axis) * np.arange(20)).sum() / mass for axis in (0, 1)]
    top, left = (int(np.clip(round(13.5 - c), 0, 8)) for c in centre)
    canvas = np.zeros((28, 28), np.uint8)
    canvas[top : top + 20, left : left + 20] = np.round(big * 255)
    return canvas


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _raw(
    source: str, name: str, title: str, blurb: str, classes: tuple[str, ...], of_digits: bool = False
) -> DatasetSpec:
    """The row of a set in MNIST's own format, of which `source` is the class in torchvision.datasets."""
    return DatasetSpec(
        name,
        title,
        blurb,
        classes,
        partial(_open_raw, source),
        60_000,
        of_digits,
        tuple(File(f"{source}/raw/{file}", header + item * count) for file, header, item, count in FILES),
        partial(_downloads, source),
    )


DATASETS = table(
    _raw("MNIST", "mnist", "MNIST", "70,000 handwritten digits.", _DIGITS, of_digits=True),
    _raw("FashionMNIST", "fashion-mnist", "Fashion-MNIST", "70,000 pictures of clothes.", _CLOTHES),
    _raw("KMNIST", "kmnist", "Kuzushiji-MNIST", "70,000 cursive Japanese letters.", _KANA),
    DatasetSpec(
        "digits",
        "Embedded digits",
        "1,797 small digits from scikit-learn, scaled up.",
        _DIGITS,
        _open_embedded,
        1438,
        of_digits=True,
    ),
)


def row_of(name: str) -> DatasetSpec:
    if name not in DATASETS:
        raise ValueError(f"There is no data set {str(name)[:80]!r}. Choose one of: {', '.join(DATASETS)}.")
    return DATASETS[name]


_BATCH = 500  # a large net takes a sixth longer by thousands, for the memory that takes


def batches(images: np.ndarray, size: int = _BATCH) -> Iterator[np.ndarray]:
    """Yield slices of at most `size` images."""
    for start in range(0, len(images), size):
        yield images[start : start + size]
