"""core/latent/walks.py: each way through latent space against cases worked out by hand and what must always hold."""

import numpy as np
import pytest

from core.latent import walks
from core.latent.walks import WAYS, between


def code(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


def test_the_straight_way_is_even() -> None:
    way = between(code(0, 0), code(4, -2), 5)
    np.testing.assert_array_equal(way, [[0, 0], [1, -0.5], [2, -1], [3, -1.5], [4, -2]])
    assert way.dtype == np.float32


def test_a_quarter_of_a_circle_by_hand() -> None:
    half = np.sqrt(0.5)
    way = between(code(1, 0), code(0, 1), 3, "spherical")
    np.testing.assert_allclose(way, [[1, 0], [half, half], [0, 1]], atol=1e-7)
    # The same around another centre, and with a length that doubles on the way.
    moved = between(code(6, 5), code(5, 7), 3, "spherical", code(5, 5))
    np.testing.assert_allclose(moved, [[6, 5], [5 + 1.5 * half, 5 + 1.5 * half], [5, 7]], atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("k", [1, 2, 64])
def test_the_ends_are_exact_and_the_way_back_is_the_same(way: str, k: int) -> None:
    rng = np.random.default_rng(k)
    start, end, centre = rng.normal(0, 3, (3, k)).astype(np.float32)
    codes = between(start, end, 13, way, centre)
    np.testing.assert_array_equal(codes[[0, -1]], [start, end])
    np.testing.assert_allclose(codes[::-1], between(end, start, 13, way, centre), atol=1e-5)


def test_around_the_origin_length_and_turn_are_even() -> None:
    rng = np.random.default_rng(0)
    start, end = rng.normal(0, 1, (2, 20)).astype(np.float32)
    end *= np.linalg.norm(start) / np.linalg.norm(end)
    codes = between(start, end, 33, "spherical").astype(np.float64)
    lengths = np.linalg.norm(codes, axis=1)
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-6)
    directions = codes / lengths[:, None]
    turns = np.arccos((directions[1:] * directions[:-1]).sum(1))
    np.testing.assert_allclose(turns, turns[0], rtol=1e-3)
    straight = np.linalg.norm(between(start, end, 33), axis=1)
    assert straight[16] < 0.9 * lengths[16]  # what the spherical way is there to avoid


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (code(1, 1), code(3, 3)),
        (code(1, 1), code(-2, -2)),
        (code(0, 0), code(1, 2)),
        (code(1, 2), code(0, 0)),
        (code(2, 1), code(2, 1)),
        (code(1, 1), code(1, 1.00001)),
    ],
    ids=str,
)
def test_without_a_turn_the_spherical_way_is_straight(start: np.ndarray, end: np.ndarray) -> None:
    np.testing.assert_array_equal(between(start, end, 9, "spherical"), between(start, end, 9))


@pytest.mark.parametrize(
    ("end", "steps", "way", "says"),
    [
        (code(1, 2), 9, "scenic", "Choose one of: straight, spherical"),
        (code(1, 2), 1, "straight", "Ask for 2 or more"),
        (code(1, 2, 3), 9, "straight", "two codes of the same run"),
    ],
)
def test_a_way_there_is_none_of(end: np.ndarray, steps: int, way: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        between(code(0, 0), end, steps, way)


def test_stretches_of_one_class() -> None:
    assert walks.stretches([3, 3, 3, 8, 8, 3]) == [(3, 0, 2), (8, 3, 4), (3, 5, 5)]
    assert walks.stretches([]) == []


def test_class_means_of_the_classes_there_are() -> None:
    codes = np.array([[1, 0], [3, 2], [10, 10], [0, 4]], np.float32)
    labels, means = walks.class_means(codes, np.array([7, 7, 2, 9]))
    np.testing.assert_array_equal(labels, [2, 7, 9])
    np.testing.assert_array_equal(means, [[10, 10], [2, 1], [0, 4]])


def test_arithmetic() -> None:
    np.testing.assert_array_equal(walks.combine([(1, code(1, 2)), (-1, code(3, 3)), (2, code(0, 5))]), [-2, 9])
    with pytest.raises(ValueError, match="at least one"):
        walks.combine([])


@pytest.mark.parametrize("k", [3, 129, 300])
def test_effects_of_a_linear_decoder_are_known(k: int) -> None:
    """Each number draws on pixels of its own with its own strength; the last one is ignored."""
    strength = np.linspace(1, 2, k, dtype=np.float32)
    strength[-1] = 0
    sizes = []

    def decode(codes: np.ndarray) -> np.ndarray:
        sizes.append(len(codes))
        pictures = np.zeros((len(codes), 784), np.float32)
        pictures[:, :k] = codes * strength
        return pictures.reshape(-1, 28, 28)

    low, high = np.full(k, -1, np.float32), np.full(k, 2, np.float32)
    np.testing.assert_allclose(
        walks.effects(decode, np.ones(k, np.float32), low, high), (3 * strength) ** 2 / 784, rtol=1e-5
    )
    assert max(sizes) <= 256


def test_ranges_leave_out_a_hundredth_at_each_end() -> None:
    codes = np.stack([np.arange(101), np.full(101, 7)], axis=1).astype(np.float32)
    low, high = walks.ranges(codes)
    np.testing.assert_array_equal([low, high], [[1, 7], [99, 7]])


def test_the_prior_is_normal_and_its_seed_decides() -> None:
    codes = walks.sample_prior(4, 20_000, 3)
    np.testing.assert_allclose(codes.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(codes.T), np.eye(4), atol=0.05)
    np.testing.assert_array_equal(codes, walks.sample_prior(4, 20_000, 3))
    assert (codes != walks.sample_prior(4, 20_000, 4)).any()
    np.testing.assert_allclose(walks.sample_prior(4, 5, 3, 0.5), 0.5 * walks.sample_prior(4, 5, 3))
    assert not walks.sample_prior(4, 5, 3, 0).any()


def test_samples_around_the_codes_have_their_mean_and_covariance() -> None:
    rng = np.random.default_rng(0)
    mix = np.array([[2, 0, 0], [1, 0.5, 0], [0, 0, 0]])  # the third number is the same for all
    codes = (rng.normal(0, 1, (5000, 3)) @ mix.T + [5, -1, 7]).astype(np.float32)
    mean, steps = walks.sample_around(codes, 20_000, 1)
    np.testing.assert_allclose(mean, codes.mean(0), rtol=1e-5)
    np.testing.assert_allclose(steps.mean(0), 0, atol=0.05)
    np.testing.assert_allclose(np.cov(steps.T), np.cov(codes.T), atol=0.15)
    np.testing.assert_allclose(steps[:, 2], 0, atol=1e-2)


def test_the_grid_of_the_prior_by_hand() -> None:
    grid = walks.prior_grid(2)
    quartile = 0.674490  # of the standard normal distribution
    expected = [[-quartile, quartile], [quartile, quartile], [-quartile, -quartile], [quartile, -quartile]]
    np.testing.assert_allclose(grid, expected, atol=1e-5)
    np.testing.assert_allclose(walks.prior_grid(20).sum(0), 0, atol=1e-4)
    assert walks.prior_grid(20).shape == (400, 2)
    with pytest.raises(ValueError, match="1 or more"):
        walks.prior_grid(0)
