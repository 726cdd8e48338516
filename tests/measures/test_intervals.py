"""core/measures/intervals.py: the interval is the one that scipy computes."""

import pytest
from scipy.stats import binomtest

from core.measures.intervals import wilson


@pytest.mark.parametrize(
    ("right", "count"), [(0, 1), (1, 1), (0, 10_000), (9939, 10_000), (10_000, 10_000), (1, 7), (59_750, 60_000)]
)
def test_it_is_scipys(right: int, count: int) -> None:
    expected = binomtest(right, count).proportion_ci(0.95, "wilson")
    assert wilson(right, count) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_it_holds_the_share_itself_to_the_last_digit() -> None:
    for count in range(1, 200):
        assert wilson(0, count)[0] == 0
        assert wilson(count, count)[1] == 1
        for right in range(count + 1):
            low, high = wilson(right, count)
            assert low <= right / count <= high


@pytest.mark.parametrize(("right", "count"), [(-1, 3), (4, 3), (0, 0)])
def test_what_is_no_share_is_refused(right: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"{right} of {count}"):
        wilson(right, count)
