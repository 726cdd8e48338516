"""core/measures/reliability.py: the bins are scikit-learn's, the band is the bootstrap's, a temperature is applied."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

from core.measures.calibration import BINS, HIGH, LOW, calibrate, calibration_error, fit_temperature, log_loss
from core.measures.classification import overview
from core.measures.reliability import accuracy_band, confidence_histogram, reliabilities, reliability
from tests.measures.readers import CASES, REFUSED, Case, reader

ALL = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@ALL
@pytest.mark.parametrize("temperature", [LOW, 0.7, 1.0, HIGH])
def test_the_bins_are_scikit_learns(case: Case, temperature: float) -> None:
    said, labels = case[0].astype(float), case[1].astype(int)
    if temperature != 1:
        said = calibrate(said, temperature)
    found = reliability(*case, temperature=temperature)
    accuracy, mean = calibration_curve(said.argmax(1) == labels, said.max(1), n_bins=BINS, pos_label=True)
    full = found.count > 0
    np.testing.assert_allclose(found.accuracy[full], accuracy)
    np.testing.assert_allclose(found.confidence[full], mean)
    assert found.count.sum() == len(labels)
    assert found.right.sum() == (case[0].argmax(1) == labels).sum()  # at any temperature
    for empty in (found.accuracy, found.confidence, found.low, found.high):
        np.testing.assert_array_equal(np.isnan(empty), ~full)
    gaps = np.abs(found.accuracy - found.confidence)[full]
    assert found.ece == pytest.approx((found.count[full] * gaps).sum() / len(labels), abs=1e-12)


@ALL
def test_at_1_the_figures_are_those_of_the_overview(case: Case) -> None:
    found, expected = reliability(*case), overview(*case)
    assert (found.ece, found.log_loss, found.right.sum()) == (expected.ece, expected.log_loss, expected.right)


def test_a_bin_holds_its_upper_end() -> None:
    said = np.array([[1.0, 0, 0], [0.8, 0.2, 0], [0.4, 0.3, 0.3]])  # 15/15, 12/15, 6/15
    np.testing.assert_array_equal(np.flatnonzero(reliability(said, np.zeros(3, int)).count), [5, 11, 14])


def test_the_best_temperature_calibrates() -> None:
    said, labels = reader(4000, 10)
    said = calibrate(said, 0.4)  # far too sure
    found = reliability(said, labels, fit_temperature(said, labels))
    before = reliability(said, labels)
    assert found.ece < 0.03 < 0.1 < before.ece
    assert found.log_loss < before.log_loss
    assert found.ece == pytest.approx(calibration_error(calibrate(said, found.temperature), labels), abs=1e-12)


@ALL
def test_of_many_temperatures_each_is_as_it_is_alone(case: Case) -> None:
    temperatures = [LOW, 0.45, 1.0, 1.46, HIGH]
    for temperature, found in zip(temperatures, reliabilities(*case, temperatures), strict=True):
        alone, said = reliability(*case, temperature=temperature), calibrate(case[0], temperature)
        assert found.temperature == temperature
        assert found.log_loss == pytest.approx(log_loss(said, case[1]), abs=1e-6)
        assert found.mean_confidence == pytest.approx(said.max(1).mean(), abs=1e-6)
        for one, other in ((found.count, alone.count), (found.low, alone.low), (found.high, alone.high)):
            np.testing.assert_array_equal(one, other)


@ALL
@pytest.mark.parametrize("temperature", [LOW, 1.0, 3.0])
def test_the_band_contains_the_accuracy(case: Case, temperature: float) -> None:
    found = reliability(*case, temperature=temperature)
    full = found.count > 0
    low, share, high = found.low[full], found.accuracy[full], found.high[full]
    assert ((low >= 0) & (low <= share) & (share <= high) & (high <= 1)).all()
    assert (low < high).all()


def test_the_band_is_that_of_digits_drawn_again() -> None:
    rng = np.random.default_rng(1)
    count = np.array([0, 8, 60, 900])
    right = np.array([0, 5, 45, 870])
    low, high = accuracy_band(count, right)
    bins = np.repeat(np.arange(4), count)
    hit = np.concatenate([np.arange(n) < r for n, r in zip(count, right, strict=True)])
    drawn = rng.integers(0, len(bins), (4000, len(bins)))
    for row in (1, 2, 3):
        inside = bins[drawn] == row
        shares = (inside & hit[drawn]).sum(1) / inside.sum(1).clip(1)
        expected = np.percentile(shares[inside.any(1)], (2.5, 97.5))
        assert (low[row], high[row]) == pytest.approx(expected, abs=0.25 * (high[row] - low[row]))
    assert math.isnan(low[0])


def test_the_band_holds_the_truth_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(2), 0
    for seed in range(200):
        count = rng.multinomial(500, [0.3, 0.7])
        right = rng.binomial(count, [0.6, 0.9])
        low, high = accuracy_band(count, right, seed)
        held += ((low <= [0.6, 0.9]) & (high >= [0.6, 0.9])).sum()
    assert 0.91 < held / 400 < 0.98


@pytest.mark.parametrize("right", [0, 3])
def test_a_bin_that_is_all_right_or_all_wrong_has_wilsons_interval(right: int) -> None:
    low, high = accuracy_band(np.array([3, 50]), np.array([right, 25]))
    expected = binomtest(right, 3).proportion_ci(0.95, "wilson")
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_band_is_the_same_each_time_and_another_with_another_seed() -> None:
    said, labels = reader(300, 10)
    first, again, other = (reliability(said, labels, seed=seed).low for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other, equal_nan=True)


@ALL
@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_the_histogram_counts_every_digit(case: Case, temperature: float) -> None:
    right, wrong = confidence_histogram(*case, temperature=temperature)
    said = case[0].astype(float) if temperature == 1 else calibrate(case[0], temperature)
    confidence, hit = said.max(1), said.argmax(1) == case[1]
    inside = np.searchsorted(np.arange(1, 50) / 50, confidence)
    np.testing.assert_array_equal(right, np.bincount(inside[hit], minlength=50))
    np.testing.assert_array_equal(wrong, np.bincount(inside[~hit], minlength=50))
    few = confidence_histogram(*case, temperature=temperature, bins=BINS)
    np.testing.assert_array_equal(few[0] + few[1], reliability(*case, temperature=temperature).count)


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_judged_is_refused(refused: tuple[np.ndarray, np.ndarray, str]) -> None:
    said, labels, reason = refused
    for judge in (reliability, confidence_histogram):
        with pytest.raises(ValueError, match=reason):
            judge(said, labels)


@pytest.mark.parametrize("temperature", [0, -1, 0.04, 21, math.nan, math.inf])
def test_what_is_no_temperature_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature"):
        reliability(*reader(5, 3), temperature=temperature)


def test_no_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="bins"):
        confidence_histogram(*reader(5, 3), bins=0)
