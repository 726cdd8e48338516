"""The data sets: MNIST and its two cousins as memory-mapped files, and the small digits set that needs no network.

Images are uint8 (n, 28, 28) everywhere; a model scales them as it likes. `load` only opens local files;
`fetch` downloads and belongs in a worker process.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from filelock import FileLock

from core.download import download
from core.files import is_held, write_file

Progress = Callable[[float, str], None]
_ROOT = Path(__file__).resolve().parent.parent


class DatasetUnavailable(ValueError):
    """The files of a data set are not on this disk and could not be had."""


@dataclass(frozen=True)
class Split:
    """images: uint8 (n, 28, 28), labels: int64 (n,); both read-only."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """A train and a test split, and what the ten labels mean."""

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]


@dataclass(frozen=True)
class DatasetSpec:
    """One row of DATASETS. `source` is its class in torchvision.datasets; "" is embedded and needs no download."""

    name: str
    title: str
    blurb: str
    classes: tuple[str, ...]
    source: str = ""


@dataclass(frozen=True)
class FetchState:
    """Where a data set stands on this disk; `fraction` of the download in [0, 1], `message` for people."""

    state: Literal["ready", "absent", "fetching", "failed"]
    fraction: float = 0.0
    message: str = ""


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

DATASETS = {
    row.name: row
    for row in (
        DatasetSpec("mnist", "MNIST", "70,000 handwritten digits.", _DIGITS, "MNIST"),
        DatasetSpec("fashion-mnist", "Fashion-MNIST", "70,000 pictures of clothes.", _CLOTHES, "FashionMNIST"),
        DatasetSpec("kmnist", "Kuzushiji-MNIST", "70,000 cursive Japanese letters.", _KANA, "KMNIST"),
        DatasetSpec("digits", "Embedded digits", "1,797 small digits from scikit-learn, scaled up.", _DIGITS),
    )
}

# (file, header bytes, bytes per item, items) of the raw format all three downloads share
_FILES = (
    ("train-images-idx3-ubyte", 16, 784, 60_000),
    ("train-labels-idx1-ubyte", 8, 1, 60_000),
    ("t10k-images-idx3-ubyte", 16, 784, 10_000),
    ("t10k-labels-idx1-ubyte", 8, 1, 10_000),
)


def data_dir() -> Path:
    """Return the folder of the data sets: DIGITLAB_DATA, or data/ in the project."""
    return Path(os.environ.get("DIGITLAB_DATA") or _ROOT / "data")


def is_ready(name: str) -> bool:
    """Say whether all files are on this disk and whole; costs four stat calls."""
    source = _row(name).source
    if not source:
        return True
    for file, header, item, count in _FILES:
        try:
            if (_raw_folder(source) / file).stat().st_size != header + item * count:
                return False
        except OSError:
            return False
    return True


def load(name: str) -> Dataset:
    """Open a data set, once per process.

    Raises DatasetUnavailable when its files are not on this disk. Never downloads.
    """
    row = _row(name)
    if not is_ready(name):
        raise DatasetUnavailable(
            f"{row.title} is not in {data_dir()}. Train on it with a network, or choose the embedded digits."
        )
    return _open(name, str(data_dir()))


@lru_cache(maxsize=8)
def _open(name: str, folder: str) -> Dataset:
    # The folder is part of the key so that a changed DIGITLAB_DATA is never served from memory.
    row = DATASETS[name]
    if not row.source:
        return _embedded(row)
    images = [_map(row.source, file, header) for file, header, _, _ in _FILES[0::2]]
    labels = [_frozen(_map(row.source, file, header).astype(np.int64)) for file, header, _, _ in _FILES[1::2]]
    train, test = (Split(x.reshape(-1, 28, 28), y) for x, y in zip(images, labels, strict=True))
    return Dataset(name, train, test, row.classes)


def _map(source: str, file: str, header: int) -> np.ndarray:
    # A read-only map costs no memory of its own: all workers and the server share the file's pages.
    path = _raw_folder(source) / file
    with path.open("rb") as f:
        magic = f.read(4)
    if magic not in (b"\x00\x00\x08\x01", b"\x00\x00\x08\x03"):
        raise DatasetUnavailable(f"{path} is not an IDX file. Delete it, and it is downloaded again.")
    return np.asarray(np.memmap(path, np.uint8, "r", offset=header))


def _embedded(row: DatasetSpec) -> Dataset:
    # The file that sklearn.datasets.load_digits reads; importing scikit-learn for it would take over a second.
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise DatasetUnavailable("scikit-learn is not installed. Run pip install -r requirements.txt.")
    table = np.loadtxt(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    images = np.stack([_enlarge(image) for image in table[:, :-1].reshape(-1, 8, 8)])
    labels = table[:, -1].astype(np.int64)
    test = np.arange(len(labels)) % 5 == 4  # every fifth digit, so both splits hold all writers
    train = ~test
    return Dataset(
        row.name,
        Split(_frozen(images[train]), _frozen(labels[train])),
        Split(_frozen(images[test]), _frozen(labels[test])),
        row.classes,
    )


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


def _row(name: str) -> DatasetSpec:
    if name not in DATASETS:
        raise ValueError(f"There is no data set {str(name)[:80]!r}. Choose one of: {', '.join(DATASETS)}.")
    return DATASETS[name]


def _raw_folder(source: str) -> Path:
    return data_dir() / source / "raw"


def fetch_state(name: str) -> FetchState:
    """Tell where a data set stands: on this disk, on its way, or why not."""
    row = _row(name)
    if is_ready(name):
        return FetchState("ready")
    note = _read_note(name)
    if is_held(_note_path(name).with_suffix(".lock")):
        return FetchState("fetching", float(note.get("fraction", 0.0)), str(note.get("message", "connecting")))
    if note.get("failed"):
        return FetchState("failed", message=str(note["failed"]))
    return FetchState("absent", message=f"{row.title} is not on this disk yet.")


def fetch(name: str, progress: Progress = lambda fraction, message: None, mirrors: Iterable[str] = ()) -> None:
    """Download a data set into `data_dir()`, where torchvision finds it too; return at once if it is there.

    Addresses and checksums are torchvision's. Every file is streamed to a name of its own, checked, unpacked,
    checked again and only then given its real name, so that a half-written file is never taken for a whole one.
    Only one process downloads; others wait for it. Raises DatasetUnavailable with the reason of each address.
    """
    row = _row(name)
    note = _note_path(name)
    note.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(note.with_suffix(".lock")):
        if is_ready(name):
            return
        from torchvision import datasets

        table: Any = getattr(datasets, row.source)
        last = 0.0

        def report(fraction: float, message: str) -> None:
            nonlocal last
            progress(fraction, message)
            if time.monotonic() - last > 0.2:
                last = time.monotonic()
                _write_note(note, {"fraction": fraction, "message": message})

        try:
            for number, (archive, md5) in enumerate(table.resources):
                file, header, item, count = _FILES[number]
                target = _raw_folder(row.source) / file
                size = header + item * count
                if target.exists() and target.stat().st_size == size:
                    continue

                def share(done: float, message: str, number: int = number) -> None:
                    report((number + done) / len(_FILES), message)

                download(tuple(mirrors) or table.mirrors, archive, md5, target, size, share)
        except OSError as error:
            reason = f"{row.title} could not be downloaded: {error}"
            _write_note(note, {"failed": reason})
            raise DatasetUnavailable(reason) from error
        note.unlink(missing_ok=True)


def _note_path(name: str) -> Path:
    return data_dir() / f".fetch-{name}.json"


def _read_note(name: str) -> dict[str, Any]:
    try:
        note = json.loads(_note_path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _write_note(path: Path, note: dict[str, Any]) -> None:
    write_file(path, json.dumps(note).encode(), durable=False)
