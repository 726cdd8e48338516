"""core/measures/classification.py: the figures are scikit-learn's, also where little or nothing is defined."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from core.measures.classification import (
    confusion_counts,
    confusion_difference,
    confusion_rates,
    overview,
    per_class,
)
from tests.measures.readers import CASES, REFUSED, Case, reader

ALL = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one")  # float32
@ALL
def test_the_figures_are_scikit_learns(case: Case) -> None:
    said, labels = case[0].astype(float), case[1].astype(int)
    classes, count = range(said.shape[1]), len(labels)
    found = overview(*case)
    assert found.accuracy == metrics.accuracy_score(labels, said.argmax(1))
    assert (found.right + found.errors, found.count) == (count, count)
    proportion = binomtest(found.right, count).proportion_ci(0.95, "wilson")
    assert found.interval == pytest.approx((proportion.low, proportion.high), abs=1e-12)
    clipped = np.clip(said, 1e-12, 1)  # scikit-learn clips at 2e-16
    assert found.log_loss == pytest.approx(metrics.log_loss(labels, clipped, labels=classes), abs=1e-6)
    brier = metrics.brier_score_loss(labels, said, labels=classes, scale_by_half=False)
    assert found.brier == pytest.approx(brier, abs=1e-6)


@ALL
def test_the_calibration_error_is_that_of_scikit_learns_bins(case: Case) -> None:
    said, labels = case[0].astype(float), case[1].astype(int)
    confidence = said.max(1)
    accuracy, mean = calibration_curve(said.argmax(1) == labels, confidence, n_bins=15, pos_label=True)
    counts = np.bincount(np.searchsorted(np.linspace(0, 1, 16)[1:-1], confidence))
    expected = (counts[counts > 0] * np.abs(accuracy - mean)).sum() / len(labels)
    assert overview(*case).ece == pytest.approx(expected, abs=1e-12)


@ALL
def test_the_two_most_probable_are_scikit_learns(case: Case) -> None:
    said, labels = case
    classes = said.shape[1]
    if classes > 2:
        # Of equal probabilities scikit-learn takes the later class, and argmax the earlier one.
        turned = said[:, ::-1], classes - 1 - labels.astype(int)
        expected = metrics.top_k_accuracy_score(turned[1], turned[0], k=2, labels=range(classes))
        assert overview(*case).top2_accuracy == expected
    else:
        assert overview(*case).top2_accuracy == 1


@ALL
def test_confusion_is_scikit_learns(case: Case) -> None:
    said, labels = case
    classes, answers = said.shape[1], said.argmax(1)
    counts = confusion_counts(labels, answers, classes)
    np.testing.assert_array_equal(counts, metrics.confusion_matrix(labels, answers, labels=range(classes)))
    there = np.bincount(labels, minlength=classes) > 0
    rates = confusion_rates(counts)
    normal = metrics.confusion_matrix(labels, answers, labels=range(classes), normalize="true")
    np.testing.assert_allclose(rates[there], normal[there])
    assert np.isnan(rates[~there]).all()


@ALL
def test_figures_of_classes_are_scikit_learns(case: Case) -> None:
    said, labels = case
    classes, answers = range(said.shape[1]), said.argmax(1)
    found = per_class(confusion_counts(labels, answers, len(classes)))
    options = {"labels": classes, "zero_division": np.nan}
    expected = metrics.precision_recall_fscore_support(labels, answers, **options)
    for values, right in zip((found.precision, found.recall, found.f1, found.support), expected, strict=True):
        np.testing.assert_allclose(values, right)
    macro = metrics.precision_recall_fscore_support(labels, answers, average="macro", **options)[:3]
    np.testing.assert_allclose((found.macro_precision, found.macro_recall, found.macro_f1), macro)


def test_what_is_undefined_is_nan_and_no_zero() -> None:
    # Class 1 is there and never said, class 2 is said and never there, class 3 is neither.
    found = per_class(confusion_counts(np.array([0, 0, 1]), np.array([0, 2, 0]), 4))
    np.testing.assert_array_equal(found.precision, [0.5, math.nan, 0, math.nan])
    np.testing.assert_array_equal(found.recall, [0.5, 0, math.nan, math.nan])
    np.testing.assert_array_equal(found.f1, [0.5, 0, 0, math.nan])
    np.testing.assert_array_equal(found.support, [2, 1, 0, 0])


def test_of_equal_probabilities_the_lower_class_is_read() -> None:
    labels = np.array([0, 1, 2])
    found = overview(np.full((3, 3), 1 / 3), labels)
    assert (found.right, found.top2, found.errors) == (1, 2, 2)


def test_certainty_that_is_wrong_costs_no_infinite_loss() -> None:
    said, labels = CASES["certain and wrong"]
    found = overview(said, labels)
    assert found.log_loss == pytest.approx(-math.log(1e-12))
    assert (found.brier, found.ece, found.accuracy) == (2, 1, 0)


def test_other_names_of_the_classes_only_permute() -> None:
    said, labels = reader(500, 6)
    order = np.random.default_rng(5).permutation(6)
    other_labels = order.argsort()[labels]
    mine, others = overview(said, labels), overview(said[:, order], other_labels)
    assert (mine.right, mine.top2) == (others.right, others.top2)
    assert (mine.log_loss, mine.brier, mine.ece) == pytest.approx((others.log_loss, others.brier, others.ece))
    counts = confusion_counts(labels, said.argmax(1), 6)
    permuted = confusion_counts(other_labels, said[:, order].argmax(1), 6)
    np.testing.assert_array_equal(permuted, counts[np.ix_(order, order)])
    np.testing.assert_array_equal(per_class(permuted).f1, per_class(counts).f1[order])


def test_two_confusions_are_compared_second_less_first() -> None:
    labels = np.array([0, 0, 1, 1])
    first = confusion_counts(labels, np.array([0, 1, 1, 1]), 3)
    second = confusion_counts(labels, np.array([0, 0, 0, 1]), 3)
    found = confusion_difference(first, second)
    np.testing.assert_array_equal(found.counts, [[1, -1, 0], [1, -1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(found.rates, [[0.5, -0.5, 0], [0.5, -0.5, 0], [math.nan] * 3])
    with pytest.raises(ValueError, match="3 classes cannot be compared with 2"):
        confusion_difference(first, np.eye(2, dtype=int))


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_judged_is_refused(refused: tuple[np.ndarray, np.ndarray, str]) -> None:
    said, labels, reason = refused
    with pytest.raises(ValueError, match=reason):
        overview(said, labels)


def test_probabilities_of_half_precision_are_good_enough() -> None:
    said, labels = reader(300, 10)
    assert overview(said.astype(np.float16), labels).right == overview(said, labels).right


@pytest.mark.parametrize(
    ("labels", "predicted", "reason"),
    [
        ([], [], "at least one"),
        ([0, 1], [0], "same digits"),
        ([0, 1], [0, 3], "classes 0 to 2"),
        ([0, -1], [0, 1], "classes 0 to 2"),
        ([0, 1], [0.0, 1.0], "whole numbers"),
    ],
)
def test_answers_that_do_not_fit_are_refused(labels: list[int], predicted: list[float], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        confusion_counts(np.array(labels, int), np.array(predicted, float if 1.0 in predicted[1:] else int), 3)


@pytest.mark.parametrize(
    "counts", [np.zeros((2, 2), int), np.ones((2, 3), int), np.eye(2), -np.eye(2, dtype=int), np.empty((0, 0), int)]
)
def test_counts_that_are_none_are_refused(counts: np.ndarray) -> None:
    for judge in (per_class, confusion_rates):
        with pytest.raises(ValueError, match=r"[Cc]onfusion counts"):
            judge(counts)
