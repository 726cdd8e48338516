"""Sheets of a thousand digits in one PNG, so that a page gets any digit with a few requests."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np

from core import paths
from core.data import datasets

COLUMNS, ROWS, TILE = 40, 25, 28
PER_SHEET = COLUMNS * ROWS


def sheet(dataset: str, split: str, number: int) -> bytes:
    """Return a grey PNG, 1120 x 700: digits 1000 * number and on of a split as 40 x 25 tiles of 28 x 28.

    Digit i is on sheet i // 1000, column i % 40, row i % 1000 // 40; tiles after the last digit are black.
    Raises ValueError for an unknown data set, split or sheet, DatasetUnavailable when the files are not here.
    """
    if dataset not in datasets.DATASETS:
        raise ValueError(f"There is no data set {dataset[:80]!r}. Choose one of: {', '.join(datasets.DATASETS)}.")
    if split not in ("train", "test"):
        raise ValueError(f"There is no split {split[:80]!r}. Choose train or test.")
    opened = datasets.load(dataset)  # before the cache, so that files that went away are noticed
    count = len(opened.train if split == "train" else opened.test)
    sheets = -(-count // PER_SHEET)
    if not 0 <= number < sheets:
        raise ValueError(f"{dataset} {split} has no sheet {number}. Choose 0 to {sheets - 1}.")
    return _sheet(dataset, split, number, str(paths.data_dir()))


# A sheet of MNIST takes about 170 KB: at most 16 MB are kept.
@lru_cache(maxsize=96)
def _sheet(dataset: str, split: str, number: int, folder: str) -> bytes:
    from PIL import Image

    opened = datasets.load(dataset)
    images = (opened.train if split == "train" else opened.test).images[number * PER_SHEET : (number + 1) * PER_SHEET]
    tiles = np.zeros((PER_SHEET, TILE, TILE), np.uint8)
    tiles[: len(images)] = images
    picture = tiles.reshape(ROWS, COLUMNS, TILE, TILE).swapaxes(1, 2).reshape(ROWS * TILE, COLUMNS * TILE)
    png = io.BytesIO()
    Image.fromarray(picture).save(png, "PNG", compress_level=6)
    return png.getvalue()
