"""The same drawing gives the same picture wherever and however large it is drawn, the way MNIST has it."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.ink.render import (
    CENTRE,
    MASS_AT,
    MAX_POINTS,
    MAX_STROKES,
    STEPS,
    THICKEST,
    THINNEST,
    parse_strokes,
    prefix,
    render,
    stages,
)
from core.runs.store import store
from core.runs.weights import load_model

# The ten digits as a person might draw them, in a box of 0..1.
CIRCLE = [(0.5 + 0.32 * np.sin(t), 0.5 - 0.5 * np.cos(t)) for t in np.linspace(0, 2 * np.pi, 40)]
DIGITS = {
    0: [CIRCLE],
    1: [[(0.5, 0.0), (0.5, 1.0)]],
    2: [[(0.2, 0.2), (0.35, 0.02), (0.65, 0.02), (0.8, 0.2), (0.75, 0.42), (0.2, 1.0), (0.85, 1.0)]],
    3: [
        [(0.2, 0.12), (0.4, 0.0), (0.65, 0.03), (0.75, 0.2), (0.66, 0.4), (0.42, 0.47)],
        [(0.42, 0.47), (0.7, 0.55), (0.8, 0.75), (0.66, 0.95), (0.4, 1.0), (0.18, 0.9)],
    ],
    4: [[(0.25, 0.0), (0.15, 0.5), (0.8, 0.5)], [(0.7, 0.05), (0.65, 1.0)]],
    5: [[(0.8, 0.0), (0.3, 0.0), (0.25, 0.42), (0.55, 0.4), (0.78, 0.6), (0.72, 0.88), (0.45, 1.0), (0.2, 0.92)]],
    6: [
        [(0.65, 0.0), (0.4, 0.25), (0.25, 0.6), (0.3, 0.88), (0.5, 1.0), (0.7, 0.88), (0.72, 0.7), (0.55, 0.57)],
        [(0.55, 0.57), (0.28, 0.7)],
    ],
    7: [[(0.15, 0.02), (0.85, 0.0), (0.6, 0.5), (0.45, 1.0)]],
    8: [
        [(0.72, 0.12), (0.5, 0.0), (0.3, 0.12), (0.32, 0.32), (0.68, 0.65), (0.72, 0.88), (0.5, 1.0), (0.3, 0.88)],
        [(0.3, 0.88), (0.34, 0.65), (0.68, 0.34), (0.72, 0.12)],
    ],
    9: [
        [(0.75, 0.15), (0.5, 0.0), (0.28, 0.15), (0.3, 0.4), (0.55, 0.48), (0.73, 0.3), (0.75, 0.15)],
        [(0.75, 0.15), (0.72, 0.5), (0.6, 1.0)],
    ],
}
PLACES = [(0.2, 0.2, 0.6), (0.0, 0.0, 0.9), (0.85, 0.02, 0.12), (0.05, 0.7, 0.25), (0.6, 0.55, 0.4)]


def drawn(digit: int, x: float = 0.2, y: float = 0.2, size: float = 0.6) -> list[np.ndarray]:
    return [np.array(stroke) * size + (x, y) for stroke in DIGITS[digit]]


def centre_of_mass(image: np.ndarray) -> np.ndarray:
    weights, pixels = image.astype(float), np.arange(28)
    return np.array([weights.sum(axis=0) @ pixels, weights.sum(axis=1) @ pixels]) / weights.sum()


def ink_box(image: np.ndarray) -> tuple[int, int]:
    rows, columns = np.nonzero(image.max(axis=1) > 127)[0], np.nonzero(image.max(axis=0) > 127)[0]
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def random_drawing(rng: np.random.Generator) -> list[np.ndarray]:
    """A few random walks with a pen, anywhere on the pad."""
    size, corner = rng.uniform(0.1, 0.8), rng.uniform(0, 0.2, 2)
    walks = [np.cumsum(rng.normal(0, 0.05, (int(rng.integers(2, 40)), 2)), axis=0) for _ in range(rng.integers(1, 4))]
    return [corner + size * (walk - walk.min(axis=0)) for walk in walks]


def test_the_pictures_are_those_the_models_were_judged_on() -> None:
    with np.load(Path(__file__).with_name("ink_pictures.npz")) as file:
        stored = file["pictures"]
    rng = np.random.default_rng(7)
    brushes = list(zip(PLACES[:3], (0.03, 0.07, 0.13), strict=True))
    pictures = [render(drawn(digit, *place), width) for digit in DIGITS for place, width in brushes]
    pictures += [render(random_drawing(rng)) for _ in range(20)]
    # Another processor may round the last bit of a coordinate otherwise, and so a pixel.
    assert np.abs(np.stack(pictures).astype(int) - stored).max() <= 1


def test_an_empty_drawing_is_all_zeros() -> None:
    for strokes in ([], [np.empty((0, 2))]):
        image = render(strokes)
        assert image.shape == (28, 28)
        assert image.dtype == np.uint8
        assert not image.any()


def test_one_dot_stays_a_dot_in_the_middle() -> None:
    for place in ([[0.5, 0.5]], [[0.0, 1.0]], [[0.9, 0.1], [0.901, 0.1]]):
        image = render([np.array(place)])
        assert image.max() == 255
        assert ink_box(image) in {(3, 3), (3, 4), (4, 3), (4, 4)}
        assert np.abs(centre_of_mass(image) - MASS_AT).max() < 0.1


def test_a_line_at_the_very_edge_is_the_line_anywhere_else() -> None:
    inside = render([np.array([[0.2, 0.5], [0.8, 0.5]])])
    assert ink_box(inside) == (3, 20) or ink_box(inside) == (2, 20)
    for edge in (0.0, 1.0):
        assert (render([np.array([[0.2, edge], [0.8, edge]])]) == inside).all()
    upright = render([np.array([[0.0, 0.0], [0.0, 1.0]])])
    assert ink_box(upright)[0] == 20


def test_a_pad_full_of_ink_is_a_full_box() -> None:
    lines = [np.array([[0.0, y], [1.0, y]]) for y in np.linspace(0, 1, 100)]
    image = render(lines)
    assert ink_box(image) == (20, 20)
    assert (image[5:23, 5:23] == 255).all()
    assert not image[:2].any()
    assert not image[:, 26:].any()


def test_the_most_a_message_may_hold_is_drawn() -> None:
    rng = np.random.default_rng(0)
    image = render([rng.random((MAX_POINTS // MAX_STROKES, 2)) for _ in range(MAX_STROKES)])
    assert image[6:22, 6:22].min() > 0


@pytest.mark.parametrize("digit", DIGITS)
def test_place_and_size_do_not_change_the_picture(digit: int) -> None:
    reference = render(drawn(digit)).astype(float)
    for place in PLACES:
        other = render(drawn(digit, *place)).astype(float)
        # Only the line's width may differ, between THINNEST and THICKEST.
        overlap = np.minimum(reference, other).sum() / np.maximum(reference, other).sum()
        assert overlap > 0.72
        assert np.abs(centre_of_mass(other) - centre_of_mass(reference)).max() < 0.1
        assert np.abs(np.subtract(ink_box(other), ink_box(reference))).max() <= 1


def test_moving_a_drawing_changes_nothing_at_all() -> None:
    for digit in DIGITS:
        here, there = render(drawn(digit, 0.1, 0.1)), render(drawn(digit, 0.3, 0.35))
        assert np.abs(here.astype(int) - there).max() <= 1


@pytest.mark.parametrize("digit", DIGITS)
def test_the_cnn_reads_a_digit_the_same_at_any_place_and_size(digit: int) -> None:
    images = np.stack([render(drawn(digit, *place)) for place in PLACES])
    assert load_model(store().get("cnn")).predict_proba(images).argmax(axis=1).tolist() == [digit] * len(PLACES)


def test_the_cnn_reads_it_with_any_brush() -> None:
    model = load_model(store().get("cnn"))
    for digit in DIGITS:
        images = np.stack([render(drawn(digit), width) for width in (0.03, 0.05, 0.07, 0.1, 0.13)])
        assert (model.predict_proba(images).argmax(axis=1) == digit).all()


def test_the_centre_of_mass_is_in_the_centre() -> None:
    rng = np.random.default_rng(0)
    shifts = [np.hypot(*(centre_of_mass(render(random_drawing(rng))) - CENTRE)) for _ in range(100)]
    assert np.mean(shifts) <= 0.5


def test_no_ink_is_lost_where_the_mass_is_in_a_corner() -> None:
    blob = np.random.default_rng(0).uniform(0, 0.1, (300, 2))
    image = render([blob, np.array([[1.0, 1.0], [0.95, 1.0]])])
    assert image[24:, 24:].max() == 255  # the far dash is at the edge, but whole
    assert ink_box(image) == (20, 20)


def test_the_line_is_about_as_wide_as_in_mnist() -> None:
    for size in (0.1, 0.3, 0.9):
        for width in (0.03, 0.07, 0.13):
            image = render([np.array([[0.05, 0.05], [0.05, 0.05 + size]])], width)
            across = image[10:18].sum() / 255 / 8
            assert THINNEST - 0.1 <= across <= THICKEST + 0.1


def test_pen_speed_does_not_matter() -> None:
    slow = [np.linspace(0, 1, 4000)[:, None] * (0.3, 0.6) + 0.1]
    fast = [np.array([[0.1, 0.1], [0.4, 0.7]])]
    assert np.abs(render(slow).astype(int) - render(fast)).max() <= 40  # of 255, at the outline


def widened(strokes: list[np.ndarray], *widths: float) -> list[np.ndarray]:
    """The strokes with the line's width going from one of the widths to the next."""
    at = np.linspace(0, 1, len(widths))
    return [np.insert(s, 2, np.interp(np.linspace(0, 1, len(s)), at, widths), axis=1) for s in strokes]


@pytest.mark.parametrize("off", [(), ("thickness",), ("crop",), STEPS])
def test_a_line_of_one_width_is_the_line_of_a_pen_so_wide(off: tuple[str, ...]) -> None:
    for digit in DIGITS:
        plain, twice = render(drawn(digit), 0.06, off), render(widened(drawn(digit), 2), 0.03, off)
        assert np.abs(plain.astype(int) - twice).max() <= (255 if "smooth" in off else 1)
        assert (plain != twice).mean() < 0.01


def test_the_line_is_as_wide_as_it_says_at_each_point() -> None:
    upright = [np.array([[0.5, 0.1, 0.5], [0.5, 0.9, 1.5]])]
    widths = render(upright, 0.1, off=["thickness", "mass"])[4:24].sum(axis=1) / 255
    scale = 20 / (0.8 + (0.05 + 0.15) / 2)  # pixels a pad unit: the discs at its ends fill the box
    expected = 0.1 * scale * np.interp((np.arange(4, 24) - 3.5) / scale, [0.025, 0.825], [0.5, 1.5])
    assert np.abs(widths[3:-3] - expected[3:-3]).max() < 0.15
    kept = render(upright, 0.1)[7:21].sum(axis=1) / 255
    assert THINNEST - 0.2 < kept.mean() < THICKEST + 0.2
    assert kept[-1] / kept[0] > 1.5


@pytest.mark.parametrize("off", [(), ("thickness",)])
@pytest.mark.parametrize("widths", [(1, 4), (4, 1), (0.2, 1, 0.2), (3, 0.1, 3), (0.5, 0.5, 5)])
def test_ink_of_any_widths_fills_the_box(widths: tuple[float, ...], off: tuple[str, ...]) -> None:
    line = np.column_stack([np.linspace(0.2, 0.8, 20), np.linspace(0.3, 0.7, 20)])
    for strokes in ([line], drawn(2), drawn(8)):
        image = render(widened(strokes, *widths), 0.05, off)
        assert max(ink_box(image)) in (19, 20, 21)


def test_a_blot_among_lines_and_blots_alone_are_drawn() -> None:
    blot = np.array([[0.5, 0.5, 5.0]])
    for strokes in ([blot], [blot, *drawn(1)], [blot, np.array([[0.6, 0.5, 0.1]])], [blot / 50]):
        image = render(strokes)
        assert image.max() == 255
        assert max(ink_box(image)) <= 21


# -- the steps, one by one


def test_a_step_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="the steps are crop, box, mass"):
        render(drawn(3), off=["shine"])


def test_without_crop_place_and_size_stay() -> None:
    small = render(drawn(3, 0.5, 0.5, 0.3), off=["crop", "mass"])
    rows, columns = np.nonzero(small.max(axis=1) > 127)[0], np.nonzero(small.max(axis=0) > 127)[0]
    # The pad is the middle 20 pixels: half of it is pixel 13.5, and the three is 6 pixels tall.
    assert (rows[0], rows[-1]) == (13, 20)
    assert columns[0] >= 13
    assert columns[-1] <= 19


def test_without_box_the_ink_fills_the_picture() -> None:
    assert max(ink_box(render(drawn(3)))) == 20
    assert max(ink_box(render(drawn(3), off=["box"]))) == 28
    whole = render([np.array([[0.0, 0.5], [1.0, 0.5]])], off=["box", "crop"])
    assert ink_box(whole) == (2, 28)


def test_without_mass_the_middle_of_the_extent_is_in_the_middle() -> None:
    for digit in DIGITS:
        image = render(drawn(digit), off=["mass"])
        rows, columns = np.nonzero(image.max(axis=1))[0], np.nonzero(image.max(axis=0))[0]
        assert abs(rows[0] + rows[-1] - 27) <= 1
        assert abs(columns[0] + columns[-1] - 27) <= 1


@pytest.mark.parametrize("width", [0.01, 0.07, 0.3])
def test_without_thickness_the_line_keeps_its_width(width: float) -> None:
    upright = [np.array([[0.5, 0.1], [0.5, 0.7]])]
    across = render(upright, width, off=["thickness"])[12:16].sum() / 255 / 4
    # A line thinner than a pixel is spread over two, and never fainter than its outline.
    assert across == pytest.approx(width * 20 / (0.6 + width), abs=0.35 if width < 0.05 else 0.1)


def test_without_smooth_a_pixel_is_ink_or_paper() -> None:
    image = render(drawn(5), off=["smooth"])
    assert set(np.unique(image)) == {0, 255}
    assert ((render(drawn(5)) > 127) == (image > 0)).all()


def test_without_polarity_it_is_ink_on_paper() -> None:
    assert (render(drawn(5), off=["polarity"]) == 255 - render(drawn(5))).all()
    assert (render([], off=["polarity"]) == 255).all()


LOPSIDED = drawn(7, 0.1, 0.3, 0.2)  # so small that its line is too thick


def test_the_stages_lead_from_the_bare_pad_to_what_the_model_sees() -> None:
    pictures = stages(LOPSIDED)
    assert len(pictures) == 1 + len(STEPS)
    assert (pictures[0] == render(LOPSIDED, off=STEPS)).all()
    assert (pictures[-1] == render(LOPSIDED)).all()
    assert all((one != other).any() for one, other in pairwise(pictures))
    for number, step in enumerate(STEPS, 1):
        left_out = stages(LOPSIDED, off=[step])
        assert (left_out[number] == left_out[number - 1]).all()
        assert (left_out[-1] == render(LOPSIDED, off=[step])).all()
        assert all((one == other).all() for one, other in zip(left_out[:number], pictures, strict=False))


# -- the beginning of a drawing


def length(strokes: list[np.ndarray]) -> float:
    return sum(float(np.hypot(*np.diff(stroke[:, :2], axis=0).T).sum()) for stroke in strokes)


def test_a_prefix_is_so_much_of_the_ink() -> None:
    strokes = [np.array([[0.0, 0.0, 1.0], [0.3, 0.4, 2.0]]), np.array([[1.0, 0.0], [1.0, 0.5]])]
    assert prefix(strokes, 0) == []
    assert prefix([], 0.5) == []
    (first,) = prefix(strokes, 0.25)
    np.testing.assert_allclose(first, [[0, 0, 1], [0.15, 0.2, 1.5]])
    first, second = prefix(strokes, 0.75)
    np.testing.assert_allclose(first, strokes[0])
    np.testing.assert_allclose(second, [[1, 0], [1, 0.25]])
    assert all((one == other).all() for one, other in zip(prefix(strokes, 1), strokes, strict=True))
    for fraction in np.linspace(0.01, 1, 37):
        for digit in DIGITS:
            assert length(prefix(drawn(digit), fraction)) == pytest.approx(fraction * length(drawn(digit)))


def test_dots_take_their_turn() -> None:
    dots = [np.array([[x, 0.5]]) for x in (0.2, 0.4, 0.6, 0.8)]
    assert [len(prefix(dots, fraction)) for fraction in (0.1, 0.3, 0.6, 0.9, 1)] == [1, 2, 3, 4, 4]
    still = [np.array([[0.2, 0.5], [0.2, 0.5]])]
    assert prefix(still, 0.5)[0].shape == (2, 2)


def test_no_fraction_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        prefix(drawn(3), math.nan)


@pytest.mark.parametrize("width", [0.0, -1.0, np.nan, np.inf])
def test_an_impossible_width_is_refused(width: float) -> None:
    with pytest.raises(ValueError, match="positive number"):
        render([np.array([[0.1, 0.1]])], width)


def test_a_coordinate_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        render([np.array([[0.1, np.nan]])])


def test_parse_reads_strokes_and_drops_empty_ones() -> None:
    strokes = parse_strokes([[[0, 0.5], [1, 0.25]], [], [[0.5, 0.5]], [[0.5, 0.5, 1.5], [0, 0, 0.1]]])
    expected = [[[0, 0.5], [1, 0.25]], [[0.5, 0.5]], [[0.5, 0.5, 1.5], [0, 0, 0.1]]]
    assert [stroke.tolist() for stroke in strokes] == expected
    assert all(stroke.dtype == np.float64 for stroke in strokes)
    assert parse_strokes([]) == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "strokes are a NoneType"),
        ("strokes", "strokes are a str"),
        ({"0": []}, "strokes are a dict"),
        ([1], "stroke is a int"),
        (["ab"], "stroke is a str"),
        ([[1, 2]], "not a pair"),
        ([[[1, 2, 3, 1]]], "not a pair"),
        ([[[1, 2], [1, 2, 1]]], "not a pair"),
        ([[[1, 2, 0.05]]], "width at a point is 0.05"),
        ([[[1, 2, 6]]], "width at a point is 6"),
        ([[[1, 2, float("nan")]]], "width at a point is nan"),
        ([[[1, 2, "1"]]], "coordinate is a str"),
        ([[[]]], "not a pair"),
        ([["ab"]], "not a pair"),
        ([[[[0.1], [0.2]]]], "coordinate is a list"),
        ([[["0.1", 0.2]]], "coordinate is a str"),
        ([[[True, 0.2]]], "coordinate is a bool"),
        ([[[None, 0.2]]], "coordinate is a NoneType"),
        ([[[float("nan"), 0.2]]], "coordinate is nan"),
        ([[[float("inf"), 0.2]]], "coordinate is inf"),
        ([[[2.5, 0.2]]], "coordinate is 2.5"),
        ([[[0.5, -1.5]]], "coordinate is -1.5"),
        ([[[10**400, 0]]], "too large"),
        ([[[0, 0]]] * 501, "501 strokes"),
        ([[[0, 0]] * 20_001], "20,001 points"),
    ],
)
def test_parse_refuses_what_is_no_drawing(value: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_strokes(value)
