"""core/measures/thresholds.py: curves and areas are scikit-learn's, a threshold finds what counting finds."""

import math

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn import metrics

from core.measures.thresholds import (
    MOST_POINTS,
    Ranking,
    macro_precision_recall_curve,
    macro_roc_curve,
    precision_recall_curve,
    rank,
    rank_classes,
    rank_micro,
    roc_curve,
    thinned,
)
from tests.measures.readers import CASES, REFUSED, Case, reader

ALL = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def one_hot(case: Case) -> np.ndarray:
    return np.eye(case[0].shape[1], dtype=bool)[case[1]]


def pairs(case: Case) -> list[tuple[Ranking, np.ndarray, np.ndarray]]:
    """Each class and the micro average: its ranking, scores, and which are positive."""
    positive = one_hot(case)
    classes = zip(rank_classes(*case), case[0].T, positive.T, strict=True)
    return [*classes, (rank_micro(*case), case[0].ravel(), positive.ravel())]


@ALL
def test_curves_and_areas_are_scikit_learns(case: Case) -> None:
    for ranking, scores, positive in pairs(case):
        if positive.any():
            precision, recall, _ = metrics.precision_recall_curve(positive, scores)
            np.testing.assert_allclose(ranking.precision_recall(), (recall[::-1], precision[::-1]))
            area = metrics.average_precision_score(positive, scores)
            assert ranking.average_precision == pytest.approx(area, abs=1e-12)
        if 0 < positive.sum() < len(positive):
            false, true, thresholds = metrics.roc_curve(positive, scores, drop_intermediate=False)
            np.testing.assert_allclose(ranking.roc(), (false, true))
            np.testing.assert_array_equal(np.append(np.inf, ranking.scores[::-1]), thresholds)
            assert ranking.auc == pytest.approx(metrics.roc_auc_score(positive, scores), abs=1e-12)


@ALL
def test_the_area_is_that_of_the_mid_ranks(case: Case) -> None:
    for ranking, scores, positive in pairs(case):
        own, rest = int(positive.sum()), int((~positive).sum())
        assert (ranking.positives, ranking.negatives) == (own, rest)
        if own and rest:
            above = rankdata(scores)[positive].sum() - own * (own + 1) / 2
            assert ranking.auc == pytest.approx(above / (own * rest), abs=1e-12)


@ALL
def test_what_is_undefined_is_nan_and_has_no_curve(case: Case) -> None:
    for ranking, _, positive in pairs(case):
        roc, curve = roc_curve(ranking), precision_recall_curve(ranking)
        both = bool(positive.any() and not positive.all())
        assert math.isfinite(roc.auc) == both == bool(len(roc.thresholds))
        assert math.isfinite(curve.average_precision) == bool(positive.any()) == bool(len(curve.thresholds))


@ALL
def test_means_over_classes_are_means_of_those_that_are_there(case: Case) -> None:
    rankings = rank_classes(*case)
    said, labels = case[0].astype(float), case[1]
    there = np.bincount(labels, minlength=said.shape[1]) > 0
    precise = macro_precision_recall_curve(rankings)
    expected = metrics.average_precision_score(one_hot(case)[:, there], said[:, there], average="macro")
    assert precise.average_precision == pytest.approx(expected, abs=1e-12)
    roc = macro_roc_curve(rankings)
    if there.all():
        assert roc.auc == pytest.approx(metrics.roc_auc_score(one_hot(case), said, average="macro"), abs=1e-12)
    elif there.sum() == 1:
        assert math.isnan(roc.auc)
        assert not len(roc.thresholds)
    # The areas below the curves that are drawn are these, where no point was left out.
    near = 1e-12 if 2 * sum(len(ranking.tp) for ranking in rankings) <= MOST_POINTS else 1e-3
    assert (np.diff(precise.recall) * precise.precision[1:]).sum() == pytest.approx(expected, abs=near)
    if math.isfinite(roc.auc):
        area = np.trapezoid(roc.true_positive_rate, roc.false_positive_rate)
        assert area == pytest.approx(roc.auc, abs=near)
        assert (roc.true_positive_rate[0], roc.true_positive_rate[-1]) == (0, 1)


def test_the_mean_curve_is_the_mean_at_each_rate() -> None:
    rankings = rank_classes(*reader(90, 3, skill=1.0))
    curve = macro_roc_curve(rankings)
    at = np.random.default_rng(0).random(50)  # nowhere does a curve rise upright
    expected = np.mean([np.interp(at, *ranking.roc()) for ranking in rankings], 0)
    np.testing.assert_allclose(np.interp(at, curve.false_positive_rate, curve.true_positive_rate), expected)


@ALL
def test_a_threshold_finds_what_counting_finds(case: Case) -> None:
    rng = np.random.default_rng(0)
    for ranking, scores, positive in pairs(case):
        for threshold in [*rng.random(5), *rng.choice(scores, 5), 0, 1, -math.inf, math.inf, 2.0, -1.0]:
            found, said = ranking.at(float(threshold)), scores >= threshold
            expected = [(said & positive).sum(), (said & ~positive).sum(), (~said & positive).sum()]
            assert [found.tp, found.fp, found.fn] == expected
            assert found.tn == len(scores) - sum(expected)


@ALL
def test_figures_at_a_threshold_are_scikit_learns(case: Case) -> None:
    for number, (ranking, scores, positive) in enumerate(pairs(case)[:4]):
        for threshold in (float(scores[number % len(scores)]), 0.5, 2.0, 0.0):
            found, said = ranking.at(threshold), scores >= threshold
            expected = metrics.precision_recall_fscore_support(positive, said, labels=[True], zero_division=np.nan)
            assert (found.precision, found.recall, found.f1) == pytest.approx(np.ravel(expected[:3]), nan_ok=True)
            rest = said[~positive]
            false = rest.mean() if len(rest) else math.nan
            assert found.false_positive_rate == pytest.approx(false, nan_ok=True)


def test_a_threshold_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="threshold"):
        rank(np.array([0.5]), np.array([True])).at(math.nan)


def test_no_rising_function_of_the_scores_changes_an_area() -> None:
    said, labels = reader(300, 4, skill=1.0)
    scores, positive = np.round(said[:, 0], 2), labels == 0  # with ties
    mine = rank(scores, positive)
    for change in (np.exp, lambda x: x**3, lambda x: 7 * x - 100):
        other = rank(change(scores), positive)
        assert (other.auc, other.average_precision) == (mine.auc, mine.average_precision)
    assert rank(-scores, positive).auc == pytest.approx(1 - mine.auc)
    assert rank(scores, ~positive).auc == pytest.approx(1 - mine.auc)


def test_other_names_of_the_classes_only_permute_areas() -> None:
    said, labels = reader(200, 5, skill=1.0)
    order = np.array([3, 0, 4, 1, 2])
    mine, others = rank_classes(said, labels), rank_classes(said[:, order], order.argsort()[labels])
    assert [ranking.auc for ranking in others] == [mine[digit].auc for digit in order]
    assert macro_roc_curve(others).auc == pytest.approx(macro_roc_curve(mine).auc)


@pytest.mark.parametrize("skill", [0.0, 2.0, 6.0])
def test_a_thinned_curve_keeps_its_ends_its_area_and_its_form(skill: float) -> None:
    case = reader(6000, 3, skill)
    ranking = rank_classes(*case)[1]
    for curve, area, all_x, all_y in (
        (roc_curve(ranking), ranking.auc, *ranking.roc()),
        (precision_recall_curve(ranking), ranking.average_precision, *ranking.precision_recall()),
    ):
        x, y, thresholds, said = vars(curve).values()
        assert said == area  # of all points
        assert MOST_POINTS / 4 < len(x) == len(y) == len(thresholds) <= MOST_POINTS < len(all_x)
        assert (x[0], y[0], x[-1], y[-1]) == (all_x[0], all_y[0], all_x[-1], all_y[-1])
        assert np.isin(x, all_x).all()
        assert (np.diff(x) >= 0).all()
        way = np.append(0, np.cumsum(np.abs(np.diff(all_x)) + np.abs(np.diff(all_y))))
        assert np.diff(way[thinned(all_x, all_y)]).max() < 3 * way[-1] / MOST_POINTS + np.diff(way).max()
    false, true = roc_curve(ranking).false_positive_rate, roc_curve(ranking).true_positive_rate
    assert np.trapezoid(true, false) == pytest.approx(ranking.auc, abs=1e-3)
    assert roc_curve(ranking).thresholds[0] == math.inf
    for threshold, x, y in zip(roc_curve(ranking).thresholds, false, true, strict=True):
        found = ranking.at(float(threshold))
        assert (found.false_positive_rate, found.recall) == (x, y)


def test_means_of_many_points_are_thinned_too() -> None:
    rankings = rank_classes(*reader(3000, 3))
    assert MOST_POINTS / 4 < len(macro_roc_curve(rankings).thresholds) <= MOST_POINTS
    assert MOST_POINTS / 4 < len(macro_precision_recall_curve(rankings).thresholds) <= MOST_POINTS


@pytest.mark.parametrize("count", [7, 8, 9, 15, 60])
def test_no_curve_has_more_points_than_may_be(count: int) -> None:
    rng = np.random.default_rng(count)
    kept = thinned(np.sort(rng.random(count)), rng.random(count), 7)
    assert 2 <= len(kept) <= 7
    assert (kept[0], kept[-1]) == (0, count - 1)
    assert (np.diff(kept) > 0).all()


def test_few_points_are_all_kept_and_of_many_equal_ones_the_ends() -> None:
    np.testing.assert_array_equal(thinned(np.arange(7.0), np.arange(7.0), 7), np.arange(7))
    np.testing.assert_array_equal(thinned(np.ones(9), np.ones(9), 4), [0, 8])


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_judged_is_refused(refused: tuple[np.ndarray, np.ndarray, str]) -> None:
    said, labels, reason = refused
    for judge in (rank_classes, rank_micro):
        with pytest.raises(ValueError, match=reason):
            judge(said, labels)


@pytest.mark.parametrize(
    ("scores", "positive", "reason"),
    [
        (np.empty(0), np.empty(0, bool), "at least one"),
        (np.array([1.0, math.nan]), np.array([True, False]), "not numbers"),
        (np.array([1.0, math.inf]), np.array([True, False]), "not numbers"),
        (np.array([1.0]), np.array([True, False]), "same digits"),
        (np.array([1.0, 2.0]), np.array([1, 0]), "yes or no"),
        (np.ones((2, 2)), np.ones((2, 2), bool), "yes or no"),
    ],
)
def test_scores_that_cannot_be_ranked_are_refused(scores: np.ndarray, positive: np.ndarray, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        rank(scores, positive)
