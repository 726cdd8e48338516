"""The dials: their ranges, that they are the same at every call, harmless where they say so, and what they do."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from core.data import datasets
from core.data.datasets import Split
from core.robustness.dials import DIALS, Dial, dial_name, spoilt

TEST = datasets.load("digits").test
EFFECTS = pytest.mark.parametrize("name", [name for name, dial in DIALS.items() if dial.effect])


def at(name: str, value: float, images: np.ndarray = TEST.images) -> np.ndarray:
    labels = np.zeros(len(images), np.int64)
    return np.concatenate(list(spoilt(DIALS[name], value, Split(images, labels))))


def far(dial: Dial) -> float:
    """The value of the range that is furthest from the harmless one."""
    return max(dial.values, key=lambda value: abs(value - dial.harmless))


@pytest.mark.parametrize("name", DIALS)
def test_a_dial_goes_over_a_range_with_a_harmless_value(name: str) -> None:
    dial = DIALS[name]
    assert len(dial.values) == 11
    assert list(dial.values) == sorted(set(dial.values))
    assert dial.harmless in dial.values
    assert (dial.effect is None) != (dial.attack is None)
    assert len({dial.text(value) for value in dial.values}) == 11
    assert dial_name(name) == name
    with pytest.raises(ValueError, match=f"{dial.title} has no value 1234. Choose one of"):
        next(spoilt(dial, 1234, TEST))


def test_there_are_all_that_were_wanted() -> None:
    wanted = {
        "shift",
        "rotation",
        "scale",
        "thickness",
        "gaussian",
        "salt-and-pepper",
        "blur",
        "contrast",
        "background",
    }
    assert set(DIALS) >= wanted | {"inversion", "occlusion", "fgsm", "pgd"}
    with pytest.raises(ValueError, match="no dial"):
        dial_name("loudness")


@EFFECTS
def test_it_is_the_same_at_every_call_and_harmless_where_it_says_so(name: str) -> None:
    dial, before = DIALS[name], TEST.images.copy()
    assert (at(name, dial.harmless) == TEST.images).all()
    for value in dial.values:
        images = at(name, value)
        assert images.shape == TEST.images.shape
        assert images.dtype == np.uint8
        assert (images == at(name, value)).all()
        assert value == dial.harmless or (images != TEST.images).any()
    assert (before == TEST.images).all()


@EFFECTS
def test_a_digit_is_spoilt_the_same_whatever_comes_after_it(name: str) -> None:
    for value in DIALS[name].values[2::4]:
        assert (at(name, value, TEST.images[:7]) == at(name, value)[:7]).all()


@EFFECTS
def test_the_harmless_value_of_no_change_is_no_special_case(name: str) -> None:
    """The function itself comes near to the digits, too, as its value comes near to that."""
    dial = DIALS[name]
    near = sorted(dial.values, key=lambda value: abs(value - dial.harmless))[1]
    changed = [np.abs(at(name, value).astype(float) - TEST.images).mean() for value in (near, far(dial))]
    assert 0 < changed[0] < changed[1]


def test_more_than_one_batch_is_as_one() -> None:
    many = np.tile(TEST.images, (3, 1, 1))
    parts = list(spoilt(DIALS["blur"], 0.9, Split(many, np.zeros(len(many), np.int64))))
    assert [len(part) for part in parts] == [500, 500, 77]
    assert (np.concatenate(parts)[: len(TEST)] == at("blur", 0.9)).all()


@pytest.mark.parametrize("degrees", [-75, -30, 15, 60])
def test_a_rotation_is_that_of_scipy(degrees: int) -> None:
    theirs = ndimage.rotate(TEST.images[:40].astype(float), -degrees, axes=(2, 1), reshape=False, order=1)
    assert np.abs(at("rotation", degrees)[:40] - theirs).max() <= 1


def test_a_rotation_above_zero_is_clockwise() -> None:
    one = np.zeros((1, 28, 28), np.uint8)
    one[0, 2:6, 12:16] = 255  # at twelve o'clock
    turned = at("rotation", 75, one)[0]
    assert turned[:, 20:].sum() > 0.9 * turned.sum()


@pytest.mark.parametrize("size", [0.4, 0.7, 1.3])
def test_a_size_is_that_of_pillow(size: float) -> None:
    room, whole = 28, 28 / size
    for image, ours in zip(TEST.images[:20], at("scale", size), strict=False):
        wide = Image.fromarray(np.pad(image, room).astype(np.float32))
        middle = room + 14
        box = (middle - whole / 2, middle - whole / 2, middle + whole / 2, middle + whole / 2)
        theirs = np.asarray(wide.resize((28, 28), Image.Resampling.BILINEAR, box))
        assert np.abs(ours - theirs).max() <= 2


@pytest.mark.parametrize("sigma", [0.3, 0.9, 3.0])
def test_a_blur_is_that_of_scipy(sigma: float) -> None:
    theirs = ndimage.gaussian_filter(TEST.images[:40].astype(float), (0, sigma, sigma), mode="constant", truncate=8)
    assert np.abs(at("blur", sigma)[:40] - theirs).max() <= 1


def test_outlines_move_by_a_pixel_as_grey_dilation_and_erosion() -> None:
    fine = {float(value): at("thickness", value) for value in DIALS["thickness"].values}
    full = TEST.images.astype(float)
    thick, thin = (f(full, (1, 3, 3), mode="nearest") for f in (ndimage.grey_dilation, ndimage.grey_erosion))
    assert np.abs(fine[0.9] - (0.1 * full + 0.9 * thick)).max() <= 1
    assert np.abs(fine[-0.9] - (0.1 * full + 0.9 * thin)).max() <= 1
    ink = [images.sum() for images in fine.values()]
    assert ink == sorted(ink)


def test_a_shift_is_by_whole_pixels_to_each_side() -> None:
    padded = np.pad(TEST.images, [(0, 0), (4, 4), (4, 4)])
    corners = [(0, 4), (8, 4), (4, 0), (4, 8)]
    same = np.stack([(padded[:, y : y + 28, x : x + 28] == at("shift", 4)).all((1, 2)) for y, x in corners])
    assert same.any(0).all()
    assert (same.mean(1) > 0.15).all()


def test_noise_and_light_are_what_they_say() -> None:
    grey = np.full((60, 28, 28), 128, np.uint8)
    assert at("gaussian", 0.1, grey).std() == pytest.approx(25.5, rel=0.02)
    noisy = at("salt-and-pepper", 0.5, grey)
    assert [(noisy == level).mean() for level in (0, 255)] == pytest.approx([0.25, 0.25], abs=0.01)
    assert (at("inversion", 1.0) == 255 - TEST.images).all()
    assert np.ptp(at("inversion", 0.5)) <= 1
    assert not at("contrast", 1.0).any()
    assert (at("background", 0.4, grey) == 179).all()
    assert (at("background", 0.4, np.zeros_like(grey)) == 102).all()


def test_a_square_covers_a_part_of_each_picture() -> None:
    white = np.full((200, 28, 28), 255, np.uint8)
    covered = at("occlusion", 10, white) == 0
    assert (covered.sum((1, 2)) == 100).all()
    assert (covered.any(1).sum(1) == 10).all()
    assert covered.any((0, 1)).all()
    assert covered.any((0, 2)).all()


def test_an_attack_needs_a_gradient() -> None:
    class Fitted:
        """A model that only reads."""

        def predict_proba(self, images: np.ndarray) -> np.ndarray:
            return np.full((len(images), 10), 0.1, np.float32)

    for name in ("fgsm", "pgd"):
        with pytest.raises(ValueError, match="knows no gradient"):
            next(spoilt(DIALS[name], 0.03, TEST, Fitted()))  # type: ignore[arg-type]
    assert next(spoilt(DIALS["blur"], 0.3, TEST, Fitted())).any()  # type: ignore[arg-type]
