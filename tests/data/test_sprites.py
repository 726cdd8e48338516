"""Sprite sheets hold the right digits at the right places, and refuse what there is none of."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data import datasets, sprites


def test_a_digit_is_where_the_page_looks_for_it() -> None:
    picture = np.asarray(Image.open(io.BytesIO(sprites.sheet("digits", "train", 1))))
    images = datasets.load("digits").train.images
    assert picture.shape == (700, 1120)
    assert picture.dtype == np.uint8
    for index in (1000, 1039, 1040, len(images) - 1):
        row, column = divmod(index % 1000, 40)
        tile = picture[row * 28 : row * 28 + 28, column * 28 : column * 28 + 28]
        np.testing.assert_array_equal(tile, images[index])
    assert not picture[-28:, -28:].any()  # after the last digit


@pytest.mark.parametrize(
    ("dataset", "split", "number", "said"),
    [
        ("faces", "test", 0, "Choose one of: mnist"),
        ("digits", "secret", 0, "Choose train or test"),
        ("digits", "test", 1, "Choose 0 to 0"),
        ("digits", "test", -1, "Choose 0 to 0"),
    ],
)
def test_what_there_is_none_of_is_refused(dataset: str, split: str, number: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        sprites.sheet(dataset, split, number)


def test_a_data_set_that_is_not_here_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path))
    with pytest.raises(datasets.DatasetUnavailable, match="MNIST is not in"):
        sprites.sheet("mnist", "test", 0)
