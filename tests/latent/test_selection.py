"""Selections: the rows in a polygon as another library counts them, the class mix, and a table that is safe."""

import numpy as np
import pytest

from core.latent.selection import MAX_CORNERS, describe_map, inside, mean_digit, mix

SQUARE = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]
STAR = [(0.0, 3.0), (1.8, -2.4), (-2.9, 0.9), (2.9, 0.9), (-1.8, -2.4)]  # its middle is outside by the even-odd rule


def points(*places: tuple[float, float]) -> np.ndarray:
    return np.array(places, np.float32)


@pytest.mark.parametrize(
    ("polygon", "held"),
    [
        (SQUARE, [0, 1]),
        (SQUARE[::-1], [0, 1]),  # which way round it was drawn is all the same
        (STAR, [2]),
        ([*SQUARE, (0.0, 0.0)], [0, 1]),  # closed by hand
        (SQUARE[:2], []),
        ([], []),
        ([(0.0, 0.0)] * 5, []),
    ],
)
def test_rows_inside_by_hand(polygon: list[tuple[float, float]], held: list[int]) -> None:
    assert inside(points((1, 1), (0.5, 0.25), (0, 2.5), (9, 9)), polygon).tolist() == held


@pytest.mark.parametrize("corners", [3, 4, 9, 60, MAX_CORNERS])
def test_the_same_rows_as_another_implementation_of_the_rule(corners: int) -> None:
    from skimage.measure import points_in_poly

    rng = np.random.default_rng(corners)
    places = rng.normal(0, 1, (3000, 2)).astype(np.float32)
    polygon = rng.normal(0, 1.5, (corners, 2))
    polygon[1, 1] = polygon[0, 1]  # a level side
    expected = np.flatnonzero(points_in_poly(places.astype(np.float64), polygon))
    np.testing.assert_array_equal(inside(places, polygon.tolist()), expected)
    assert len(expected)


def test_neighbouring_polygons_share_no_point_and_leave_none_out() -> None:
    grid = np.stack(np.meshgrid(np.arange(5), np.arange(5)), -1).reshape(-1, 2).astype(np.float32)
    left = inside(grid, [(0, 0), (2, 0), (2, 4), (0, 4)])
    right = inside(grid, [(2, 0), (4, 0), (4, 4), (2, 4)])
    assert not set(left) & set(right)
    np.testing.assert_array_equal(np.union1d(left, right), inside(grid, [(0, 0), (4, 0), (4, 4), (0, 4)]))


@pytest.mark.parametrize(
    ("polygon", "said"),
    [
        ([(0.0, 0.0)] * (MAX_CORNERS + 1), "301 corners"),
        ([(0.0, 0.0), (float("nan"), 1.0), (1.0, 0.0)], "nowhere"),
        ([(0.0, 0.0), (float("inf"), 1.0), (1.0, 0.0)], "nowhere"),
    ],
)
def test_polygons_that_are_none_are_refused(polygon: list[tuple[float, float]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        inside(points((0, 0)), polygon)


def test_corners_beyond_all_reach_are_no_warning() -> None:
    far = [(-1e300, -1e300), (1e300, -1e300), (1e300, 1e300), (-1e300, 1e300)]
    with np.errstate(all="raise"):
        assert inside(points((0, 0), (5, -7)), far).tolist() == [0, 1]


def test_the_mix_counts_and_compares() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2])
    found = mix(labels, np.array([0, 3, 4]), ("none", "one", "two"))
    assert [(share.label, share.name, share.count) for share in found] == [(1, "one", 2), (0, "none", 1), (2, "two", 0)]
    assert [share.share for share in found] == pytest.approx([2 / 3, 1 / 3, 0])
    assert [share.overall for share in found] == pytest.approx([0.2, 0.3, 0.5])
    assert sum(share.share for share in mix(labels, np.arange(10), ("a", "b", "c"))) == pytest.approx(1)


def test_the_mean_digit_is_rounded_and_not_wrapped() -> None:
    images = np.full((3, 28, 28), 255, np.uint8)
    images[0] = 254
    images[:, 0, 0] = (0, 1, 1)
    mean = mean_digit(images)
    assert mean.dtype == np.uint8
    assert (mean[1, 1], mean[0, 0]) == (255, 1)


def test_the_sentence_names_the_nearest_classes() -> None:
    places = points((0, 0), (0, 0), (1, 0), (9, 9), (0, 1))
    said = describe_map(places, np.array([0, 0, 1, 2, 0]), ("zero", "one", "two"), "PCA map")
    assert said == "The PCA map shows 5 digits of 3 classes; the middles of zero and one lie nearest to each other."
    assert describe_map(places[:1], np.array([0]), ("zero",), "PCA map") == "The PCA map shows 1 digits of 1 classes."
