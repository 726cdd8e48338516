"""core/ink/trace.py: a picture's strokes cover the same ink, whatever the light, the paper and the polarity."""

import numpy as np
import pytest
from PIL import Image

from core.data.datasets import Dataset
from core.ink.render import parse_strokes, render
from core.ink.trace import SIDE, trace
from core.runs.store import store
from core.runs.weights import load_model
from tests.ink.test_render import DIGITS, drawn


def enlarged(image: np.ndarray, side: int = 280) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))


def written(digit: int) -> np.ndarray:
    """A digit in a part of a large picture: how much ink there is, 0..1, (240, 240)."""
    page = np.zeros((240, 240))
    page[30:170, 70:210] = enlarged(render(drawn(digit)), 140) / 255
    return page


def alike(strokes: list[np.ndarray], width: float, image: np.ndarray) -> float:
    return float(np.corrcoef(render(strokes, width).ravel(), image.ravel())[0, 1])


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("side", [28, 64, 320])
def test_a_drawing_comes_back(digit: int, side: int) -> None:
    image = render(drawn(digit))
    strokes, width = trace(enlarged(image, side))
    assert alike(strokes, width, image) > 0.95
    assert 1 <= len(strokes) <= 4
    assert sum(map(len, strokes)) < 80
    assert parse_strokes([stroke.tolist() for stroke in strokes])


def test_it_lies_in_the_middle_of_the_pad_with_its_proportions() -> None:
    bar = np.full((100, 200), 255, np.uint8)
    bar[40:50, 20:120] = 0
    (stroke,), width = trace(bar)
    assert width == pytest.approx(SIDE / 10, rel=0.1)
    assert np.abs(stroke[:, 1] - 0.5).max() < 0.01
    reach = stroke[:, 2] * width / 2
    assert (stroke[:, 0] - reach).min() == pytest.approx(0.5 - SIDE / 2, abs=0.01)
    assert (stroke[:, 0] + reach).max() == pytest.approx(0.5 + SIDE / 2, abs=0.01)


@pytest.mark.slow
def test_the_cnn_reads_traced_test_digits_as_it_reads_them_plain(mnist: Dataset) -> None:
    # Of fewer the hundredth that may be lost is a handful of digits, and the roundings of a processor decide on one.
    images, labels = mnist.test.images[:1000], mnist.test.labels[:1000]
    traced = np.stack([render(*trace(enlarged(image))) for image in images])
    model = load_model(store().get("cnn"))
    plain, again = ((model.predict_proba(pictures).argmax(1) == labels).mean() for pictures in (images, traced))
    assert again >= plain - 0.01
    assert np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(images, traced, strict=True)]) > 0.85


LIGHT = {
    "even": lambda x, y: np.full_like(x, 0.9),
    "from a side": lambda x, y: 0.35 + 0.45 * (x + y) / 1.4,
    "a shadow's edge": lambda x, y: np.where(x + 0.3 * y > 0.7, 0.4, 0.9),
}


def photo(digit: int, light: str = "even", seed: int = 0, noise: float = 0.0, lines: float = 0.0) -> np.ndarray:
    """A digit on paper, dark on light, with squares printed on it: float (240, 240) in 0..1."""
    y, x = np.mgrid[0:240, 0:240] / 240
    paper = np.ones((240, 240))
    paper[::20] -= lines
    paper[:, ::20] = np.minimum(paper[:, ::20], 1 - lines)
    lit = LIGHT[light](x, y) * paper * (1 - 0.75 * written(digit))
    return np.clip(lit + np.random.default_rng(seed).normal(0, noise, lit.shape), 0, 1)


def to_bytes(picture: np.ndarray) -> np.ndarray:
    return np.rint(255 * picture).astype(np.uint8)


@pytest.mark.parametrize("light", LIGHT)
@pytest.mark.parametrize(("noise", "lines"), [(0, 0), (0.05, 0), (0, 0.3), (0.03, 0.2)])
@pytest.mark.parametrize("digit", [0, 2, 4, 8])
def test_a_photo_is_read_in_any_light(light: str, noise: float, lines: float, digit: int) -> None:
    strokes, width = trace(to_bytes(photo(digit, light, digit, noise, lines)))
    assert alike(strokes, width, render(drawn(digit))) > 0.85


@pytest.mark.parametrize("digit", DIGITS)
def test_light_on_dark_is_dark_on_light(digit: int) -> None:
    picture = to_bytes(photo(digit))
    dark, light = trace(picture), trace(255 - picture)
    assert alike(*dark, render(*light)) > 0.97


def test_specks_and_what_comes_in_from_the_edge_are_left_out() -> None:
    picture = to_bytes(photo(3))
    clean = render(*trace(picture))
    dirty = picture.copy()
    for row, column in np.random.default_rng(0).integers(5, 230, (30, 2)):
        if picture[row - 3 : row + 6, column - 3 : column + 6].min() > 200:
            dirty[row : row + 2, column : column + 2] = 40
    dirty[:, 3:6] = 30  # the edge of the table
    dirty[200:] = 60
    assert np.corrcoef(render(*trace(dirty)).ravel(), clean.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("value", [0, 100, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 320), (320, 1), (2, 3), (28, 28), (320, 320)])
def test_without_ink_it_is_a_sentence(shape: tuple[int, int], value: int) -> None:
    with pytest.raises(ValueError, match="no ink that stands out"):
        trace(np.full(shape, value, np.uint8))


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (3, 3), (5, 320), (320, 5), (17, 31), (320, 320), (1, 320)])
@pytest.mark.parametrize("kind", ["noise", "dots", "stripes", "half"])
def test_whatever_comes_is_strokes_or_a_sentence(shape: tuple[int, int], kind: str) -> None:
    rng = np.random.default_rng(0)
    pictures = {
        "noise": rng.integers(0, 256, shape),
        "dots": 255 * (rng.random(shape) < 0.1),
        "stripes": 255 * (np.indices(shape).sum(0) % 4 < 2),
        "half": 255 * (np.indices(shape)[1] > shape[1] // 2),
    }
    try:
        strokes, width = trace(pictures[kind].astype(np.uint8))
    except ValueError:
        return
    assert parse_strokes([stroke.tolist() for stroke in strokes])
    assert 0 < width <= 1
    assert render(strokes, width).any()
