"""core/data/augment.py: digits vary as far as the settings say and no further, and noise spoils what its level says."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from core.data import datasets
from core.data.augment import AUGMENTATION_RANGES, NOISES, SPARING, Augmentation, augment, check_noise, corrupt
from core.data.pen_marks import add_marks
from core.data.photometric import PHOTOMETRIC

MODERATE = Augmentation(2, 12, 0.15, 10, 1, 0.7, shrink=0.3, marks=0.5)
VARYING = [name for name in AUGMENTATION_RANGES if name not in (*PHOTOMETRIC, *SPARING)]
PLACE = np.arange(28) - 13.5  # pixels from the centre


class Draws:
    """A generator whose uniform draws are all the lowest possible (0), or the highest (1)."""

    def __init__(self, place: int) -> None:
        self.place = place

    def uniform(self, *bounds_and_size: object) -> np.ndarray:
        return np.full(bounds_and_size[2], bounds_and_size[self.place])


LOWEST, HIGHEST = Draws(0), Draws(1)


def digits() -> np.ndarray:
    dataset = datasets.load("digits")
    return np.concatenate([dataset.train.images, dataset.test.images])


def labels_of(images: np.ndarray) -> np.ndarray:
    return np.resize([1, 7, 9], len(images))


def copies(image: np.ndarray, n: int = 200) -> np.ndarray:
    return np.repeat(image[None].round().astype(np.uint8), n, axis=0)


def blob(wide: float = 2.0, high: float = 2.0) -> np.ndarray:
    return 255 * np.exp(-((PLACE / wide) ** 2) / 2 - ((PLACE[:, None] / high) ** 2) / 2)


def ink(images: np.ndarray) -> np.ndarray:
    return images.sum(axis=(1, 2), dtype=float)


def moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return centres of mass (n, 2) and covariances (n, 2, 2) of the ink, x before y, in pixels."""
    share = images / ink(images)[:, None, None]
    grid = np.stack(np.meshgrid(PLACE, PLACE))
    mean = np.einsum("nyx,ayx->na", share, grid)
    return mean, np.einsum("nyx,ayx,byx->nab", share, grid, grid) - mean[:, :, None] * mean[:, None]


@pytest.mark.parametrize("n", [0, 1, 7])
def test_a_batch_keeps_its_shape_and_type_and_is_not_touched(n):
    images = digits()[:n]
    before = images.copy()
    for result in (
        augment(images, MODERATE, np.random.default_rng(0)),
        *(corrupt(images, kind, 0.5, np.random.default_rng(0)) for kind in NOISES),
    ):
        assert result.shape == (n, 28, 28)
        assert result.dtype == np.uint8
    assert (images == before).all()


@pytest.mark.parametrize("name", VARYING)
def test_the_same_seed_varies_the_same_way_and_another_does_not(name):
    images, settings = digits()[:50], Augmentation(**{name: getattr(MODERATE, name)})
    first, again, other = (
        augment(images, settings, np.random.default_rng(seed), labels_of(images)) for seed in (3, 3, 4)
    )
    assert (first == again).all()
    assert (first != other).any(axis=(1, 2)).mean() > (0.5 if name == "marks" else 0.9)


def test_nothing_varied_is_the_images_themselves_without_a_draw():
    images, rng = digits()[:5], np.random.default_rng(0)
    assert augment(images, Augmentation(), rng) is images
    assert corrupt(images, "none", 1.0, rng) is images
    assert corrupt(images, "gaussian", 0.0, rng) is images
    assert rng.random() == np.random.default_rng(0).random()


def test_hardly_anything_varied_changes_no_pixel():
    images = digits()
    tiny = Augmentation(**dict.fromkeys([*VARYING, "still"], 1e-6))
    assert (augment(images, tiny, np.random.default_rng(0), labels_of(images)) == images).all()


def test_a_shift_of_whole_pixels_moves_every_pixel_and_brings_in_zeros():
    images = np.random.default_rng(0).integers(0, 256, (10, 28, 28), dtype=np.uint8)
    moved = augment(images, Augmentation(shift=3), HIGHEST)
    assert (moved[:, 3:, 3:] == images[:, :-3, :-3]).all()
    assert not moved[:, :3].any()
    assert not moved[:, :, :3].any()


def test_a_right_angle_turns_every_pixel_clockwise():
    images = np.random.default_rng(0).integers(0, 256, (10, 28, 28), dtype=np.uint8)
    assert (augment(images, Augmentation(rotate=90), HIGHEST) == np.rot90(images, -1, axes=(1, 2))).all()


def test_shift_moves_the_ink_by_what_was_drawn():
    images = augment(copies(blob()), Augmentation(shift=4), np.random.default_rng(5))
    drawn = np.random.default_rng(5).uniform(-4, 4, (200, 2))
    centres, _ = moments(images)
    assert np.abs(centres - drawn).max() < 0.05
    assert np.abs(centres).max() <= 4


def test_rotation_turns_a_bar_by_what_was_drawn_to_either_side():
    images = augment(copies(blob(wide=4, high=1)), Augmentation(rotate=60), np.random.default_rng(5))
    _, spread = moments(images)
    turned = np.degrees(np.arctan2(2 * spread[:, 0, 1], spread[:, 0, 0] - spread[:, 1, 1]) / 2)
    assert np.abs(turned - np.random.default_rng(5).uniform(-60, 60, 200)).max() < 1
    assert turned.min() < -50
    assert turned.max() > 50


def test_scale_changes_the_area_by_the_square_of_what_was_drawn():
    images = augment(copies(blob()), Augmentation(scale=0.5), np.random.default_rng(5))
    sizes = np.sqrt(ink(images) / blob().sum())
    assert np.abs(sizes - np.random.default_rng(5).uniform(0.5, 1.5, 200)).max() < 0.02
    centres, _ = moments(images)
    assert np.abs(centres).max() < 0.02


def test_shrink_makes_digits_smaller_and_never_larger_than_scale_does():
    settings = Augmentation(scale=0.2, shrink=0.4)
    images = augment(copies(blob()), settings, np.random.default_rng(5))
    sizes = np.sqrt(ink(images) / blob().sum())
    drawn = np.random.default_rng(5).uniform(0.4, 1.2, 200)
    assert np.abs(sizes - drawn).max() < 0.03
    assert drawn.min() < 0.45


def test_no_thin_stroke_is_lost_in_a_digit_that_shrinks():
    lines = np.zeros((28, 28))
    lines[4:24, 9:19:3] = 255  # a pixel wide each
    images = augment(copies(lines), Augmentation(shrink=0.6), np.random.default_rng(0))
    drawn = np.random.default_rng(0).uniform(-0.3, 0.3, 200) + 0.7
    lost = 1 - ink(images) / (lines.sum() * drawn**2)
    assert np.abs(lost).max() < 0.2
    assert (images[:, 14].max(axis=1) > 60).all()


def test_marks_come_with_labels_and_before_everything_else():
    images = digits()[:50]
    settings, rng = Augmentation(marks=1.0), np.random.default_rng(0)
    marked = augment(images, settings, np.random.default_rng(0), labels_of(images))
    assert (marked == add_marks(images, labels_of(images), 1.0, np.random.default_rng(0))).all()
    assert (augment(images, settings, rng) == images).all()
    moved = augment(images, Augmentation(shift=2, marks=1.0), np.random.default_rng(0), labels_of(images))
    rng = np.random.default_rng(0)
    assert (moved == augment(add_marks(images, labels_of(images), 1.0, rng), Augmentation(shift=2), rng)).all()


def test_digits_that_keep_still_lean_and_bend_but_stay_where_they_are():
    moving = Augmentation(shift=4, rotate=40, scale=0.2, shrink=0.4, still=0.3)
    images = augment(copies(blob(wide=4, high=2), 1000), moving, np.random.default_rng(0))
    same = (images == copies(blob(wide=4, high=2), 1)).all(axis=(1, 2))
    assert same.mean() == pytest.approx(0.3, abs=0.05)
    leaning = Augmentation(shift=4, shear=30, still=1.0)
    images = augment(copies(blob(wide=1, high=3)), leaning, np.random.default_rng(0))
    centres, spread = moments(images)
    assert np.abs(centres).max() < 0.05
    assert np.abs(spread[:, 0, 1]).max() > 2
    assert not Augmentation(still=1.0).active


def test_settings_that_leave_nothing_of_a_digit_are_refused():
    with pytest.raises(ValueError, match="leave nothing of some digits"):
        Augmentation(scale=0.5, shrink=0.4)


def test_shear_slants_a_bar_by_what_was_drawn_and_keeps_its_height():
    images = augment(copies(blob(wide=1, high=3)), Augmentation(shear=30), np.random.default_rng(5))
    _, spread = moments(images)
    slant = np.degrees(np.arctan(spread[:, 0, 1] / spread[:, 1, 1]))
    assert np.abs(slant - np.random.default_rng(5).uniform(-30, 30, 200)).max() < 0.5
    assert spread[:, 1, 1] == pytest.approx(9, rel=0.03)


def test_together_a_digit_is_scaled_then_slanted_then_turned_about_the_centre_and_then_shifted():
    settings = Augmentation(shift=3, rotate=40, scale=0.3, shear=25)
    turn, slant = math.radians(40), math.tan(math.radians(25))
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    matrix = 1.3 * rotation @ [[1, slant], [0, 1]]
    (start,), (before,) = moments(copies(blob(wide=1.5, high=2.5), 1))
    (centre,), (after,) = moments(augment(copies(blob(wide=1.5, high=2.5), 1), settings, HIGHEST))
    assert centre == pytest.approx(matrix @ start + 3, abs=0.1)
    assert after == pytest.approx(matrix @ before @ matrix.T, rel=0.06, abs=0.3)


@pytest.mark.parametrize("axis", [0, 1])
def test_elastic_bends_smoothly_and_by_the_standard_deviation_it_says(axis):
    # On a ramp of 9 grey levels a pixel, the grey tells from where each pixel was fetched.
    ramp = np.broadcast_to(9.0 * np.arange(28), (28, 28))
    images = augment(copies(ramp.T if axis == 0 else ramp, 1000), Augmentation(elastic=1.2), np.random.default_rng(0))
    inside = np.moveaxis(images, 1 + axis, 2)[:, :, 6:-6] / 9 - np.arange(28)[6:-6]
    inside = inside[:, 6:-6]  # what is fetched from outside is black
    assert inside.std() == pytest.approx(1.2, rel=0.03)
    assert np.abs(inside.mean(axis=0)).max() < 0.15
    everywhere = inside.std(axis=0)
    assert everywhere.min() > 1.05
    assert everywhere.max() < 1.35
    # A field smoothed by a Gaussian of s pixels has slopes of its standard deviation / (sqrt(2) s); here s is 5.2.
    assert np.diff(inside, axis=1).std() == pytest.approx(1.2 / (math.sqrt(2) * 5.2), rel=0.15)


@pytest.mark.parametrize("amount", [1, 2])
@pytest.mark.parametrize(("rng", "sign"), [(HIGHEST, 1), (LOWEST, -1)], ids=["grows", "shrinks"])
def test_a_bar_changes_by_whole_pixels_on_each_side(rng, sign, amount):
    def bar(by: int) -> np.ndarray:
        image = np.zeros((28, 28))
        image[10 - by : 16 + by, 8 - by : 20 + by] = 200
        return image

    changed = augment(copies(bar(0), 1), Augmentation(thickness=amount), rng)[0]
    assert (changed == bar(sign * amount)).all()


def test_half_a_pixel_is_half_the_grey_of_the_next():
    dot = np.zeros((28, 28))
    dot[14, 14] = 200
    grown = augment(copies(dot, 1), Augmentation(thickness=0.5), HIGHEST)[0]
    assert grown[13:16, 13:16].tolist() == [[100, 100, 100], [100, 200, 100], [100, 100, 100]]
    assert grown.sum() == 200 + 8 * 100


@pytest.mark.parametrize("digit", range(0, 200, 20))
def test_more_thickness_is_more_ink_at_every_pixel(digit):
    images = augment(copies(digits()[digit], 100), Augmentation(thickness=2), np.random.default_rng(2))
    drawn = np.random.default_rng(2).uniform(-2, 2, 100)
    steps = np.diff(images[np.argsort(drawn)].astype(int), axis=0)
    assert (steps >= 0).all()
    assert ink(steps).min() > 0


def test_strokes_too_thin_to_shrink_stay_as_they_are():
    lines = np.zeros((28, 28))
    lines[14, 4:24] = 90
    lines[4:24, 8:10] = 255
    assert (augment(copies(lines, 1), Augmentation(thickness=2), LOWEST)[0] == lines).all()


def test_shrinking_erases_no_digit():
    images = digits()
    shrunk = augment(images, Augmentation(thickness=2), LOWEST)
    assert (shrunk <= images).all()
    assert (shrunk.max(axis=(1, 2)) > 0.7 * images.max(axis=(1, 2))).all()
    assert (ink(shrunk) > 0.2 * ink(images)).all()


def test_moderate_settings_keep_digits_on_the_canvas():
    images = digits()
    moved = augment(images, Augmentation(shift=2, rotate=12, shear=10, elastic=1), np.random.default_rng(0))
    kept = ink(moved) / ink(images)
    assert kept.mean() == pytest.approx(1, abs=0.02)
    assert np.quantile(kept, 0.01) > 0.75
    varied = augment(images, MODERATE, np.random.default_rng(0))
    edge = ink(varied) - ink(varied[:, 1:-1, 1:-1])
    assert edge.sum() < 0.02 * ink(varied).sum()


def test_masking_blackens_pixels_at_the_rate_and_leaves_the_others():
    images = np.random.default_rng(1).integers(1, 256, (200, 28, 28), dtype=np.uint8)
    for level in (0.1, 0.5, 0.9):
        noisy = corrupt(images, "masking", level, np.random.default_rng(0))
        masked = noisy == 0
        assert (noisy[~masked] == images[~masked]).all()
        assert masked.mean() == pytest.approx(level, abs=5 * math.sqrt(level * (1 - level) / images.size))
    assert not corrupt(images, "masking", 1.0, np.random.default_rng(0)).any()


@pytest.mark.parametrize("level", [0.1, 0.5, 1.0])
def test_salt_and_pepper_are_as_many_and_leave_the_others(level):
    images = np.random.default_rng(1).integers(1, 255, (200, 28, 28), dtype=np.uint8)
    noisy = corrupt(images, "salt-and-pepper", level, np.random.default_rng(0))
    pepper, salt = noisy == 0, noisy == 255
    for hit in (pepper, salt):
        assert hit.mean() == pytest.approx(level / 2, abs=5 * math.sqrt(level / 2 / images.size))
    assert (noisy == images)[~(pepper | salt)].all()
    assert level < 1 or (pepper | salt).all()


def test_gaussian_noise_has_the_standard_deviation_and_is_clipped():
    grey = np.full((100, 28, 28), 128, np.uint8)
    noisy = corrupt(grey, "gaussian", 0.1, np.random.default_rng(0)).astype(float)
    assert noisy.mean() == pytest.approx(128, abs=0.5)
    assert noisy.std() == pytest.approx(25.5, rel=0.02)
    black = corrupt(np.zeros_like(grey), "gaussian", 0.1, np.random.default_rng(0)).astype(float)
    assert (black == 0).mean() == pytest.approx(0.5, abs=0.02)  # below black is black; nothing wraps around to white
    assert black.max() < 255
    wild = corrupt(grey, "gaussian", 2.0, np.random.default_rng(0))
    assert {wild.min(), wild.max()} == {0, 255}


@pytest.mark.parametrize("kind", NOISES[1:])
def test_noise_repeats_from_its_seed(kind):
    first, again, other = (corrupt(digits()[:20], kind, 0.3, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("name", AUGMENTATION_RANGES)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, "1", None, [1.0], -0.1, 180.5, 10**400])
def test_impossible_settings_are_named(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must be .*Change it\.$"):
        Augmentation(**{name: value})


@pytest.mark.parametrize(("name", "bounds"), AUGMENTATION_RANGES.items())
def test_settings_may_be_as_large_as_their_range_and_no_larger(name, bounds):
    low, high = bounds
    assert getattr(Augmentation(**{name: high}), name) == high
    assert not Augmentation(**{name: low}).active
    with pytest.raises(ValueError, match=rf"^{name} must be between {low:g} and {high:g}, got "):
        Augmentation(**{name: math.nextafter(high, math.inf)})


def test_settings_survive_json_as_floats():
    settings = Augmentation.from_dict(json.loads(json.dumps(asdict(MODERATE))))
    assert settings == MODERATE
    assert settings.active
    assert {type(value) for value in asdict(settings).values()} == {float}
    assert list(asdict(settings)) == list(AUGMENTATION_RANGES)
    assert Augmentation.from_dict({}) == Augmentation()


@pytest.mark.parametrize(
    ("values", "says"), [({"warp": 1}, "'warp'.*shift, rotate"), ({1: 1}, "'1'"), ([], "an object"), (None, "None")]
)
def test_from_dict_refuses_what_are_no_settings(values, says):
    with pytest.raises(ValueError, match=f"^augmentation .*{says}"):
        Augmentation.from_dict(values)


@pytest.mark.parametrize(
    ("kind", "level", "says"),
    [
        ("blur", 0.5, "^noise must be one of none, gaussian"),
        ("", 0.5, "^noise must be"),
        (None, 0.5, "^noise must be"),
        (["masking"], 0.5, "^noise must be"),
        ("masking", 1.01, "^noise_level must be between 0 and 1, got 1.01"),
        ("salt-and-pepper", 1.01, "^noise_level must be between 0 and 1, got 1.01"),
        ("gaussian", 2.01, "^noise_level must be between 0 and 2, got 2.01"),
        *((kind, level, "^noise_level must be") for kind in NOISES for level in (-0.1, math.nan, math.inf, True, "1")),
    ],
)
def test_impossible_noise_is_refused(kind, level, says):
    with pytest.raises(ValueError, match=says):
        check_noise(kind, level)
    with pytest.raises(ValueError, match=says):
        corrupt(digits()[:1], kind, level, np.random.default_rng(0))


@pytest.mark.parametrize("kind", NOISES)
def test_possible_noise_is_let_pass(kind):
    check_noise(kind, 0)
    check_noise(kind, 1.0)
