"""core/measures/comparison.py: the test is scipy's, its words say which is better; votes and fronts are as counted."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score

from core.measures.comparison import McNemar, agreement, mcnemar, only_right, pareto_front, vote
from tests.measures.readers import REFUSED, reader


def with_pairs(first: int, second: int, both: int = 3, none: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """What two readers read rightly, with so many digits that only one does."""
    return (
        np.repeat([True, False, True, False], [first, second, both, none]),
        np.repeat([False, True, True, False], [first, second, both, none]),
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [*((a, b) for a in range(8) for b in range(8)), (36, 41), (65, 41), (0, 60), (400, 500), (5000, 5000), (0, 1100)],
)
def test_p_is_scipys(first: int, second: int) -> None:
    found = mcnemar(*with_pairs(first, second))
    assert (found.first_only, found.second_only) == (first, second)
    expected = binomtest(first, first + second).pvalue if first + second else 1
    assert found.p == pytest.approx(expected, rel=1e-9, abs=0)
    assert mcnemar(*with_pairs(second, first)).p == found.p


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (36, 41, "not resolved (p = .65)"),  # cnn and cnn-plain, on the test digits
        (65, 41, "A is better (p = .03)"),  # mlp and numpy
        (1, 9, "B is better (p = .02)"),
        (20, 5, "A is better (p = .004)"),
        (40, 3, "A is better (p < .001)"),
        (0, 0, "not resolved (p = 1.00)"),
    ],
)
def test_the_verdict_in_words(first: int, second: int, words: str) -> None:
    assert mcnemar(*with_pairs(first, second)).verdict("A", "B") == words


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (0.0496, "A is better (p = .0496)"),
        (0.0451, "A is better (p = .045)"),
        (0.0449, "A is better (p = .04)"),
        (0.05, "not resolved (p = .05)"),
        (0.0501, "not resolved (p = .05)"),
        (0.0097, "A is better (p = .010)"),
        (0.0, "A is better (p < .001)"),
    ],
)
def test_no_rounding_contradicts_the_verdict(p: float, words: str) -> None:
    assert McNemar(2, 1, p).verdict("A", "B") == words


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (np.empty(0, bool), np.empty(0, bool), "at least one"),
        (np.ones(2, bool), np.ones(3, bool), "same digits"),
        (np.ones(2, int), np.ones(2, int), "yes or no"),
        (np.ones((2, 2), bool), np.ones((2, 2), bool), "yes or no"),
    ],
)
def test_what_cannot_be_compared_is_refused(first: np.ndarray, second: np.ndarray, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        mcnemar(first, second)


def answers(readers: int = 4, count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(readers)
    labels = rng.integers(0, 10, count)
    return np.where(rng.random((readers, count)) < 0.6, labels, rng.integers(0, 10, (readers, count))), labels


@pytest.mark.parametrize(("readers", "count"), [(4, 200), (1, 20), (3, 1)])
def test_agreement_is_counted(readers: int, count: int) -> None:
    predicted, labels = answers(readers, count)
    found = agreement(predicted, labels)
    for i, first in enumerate(predicted):
        for j, second in enumerate(predicted):
            assert found.same[i, j] == accuracy_score(first, second)
            both = sum(a == b == label for a, b, label in zip(first, second, labels, strict=True))
            assert found.both_right[i, j] == pytest.approx(both / count)


def test_readers_that_are_never_right_can_agree() -> None:
    found = agreement(np.array([[1, 1], [1, 1]]), np.array([0, 0]))
    assert (found.same == 1).all()
    assert (found.both_right == 0).all()


@pytest.mark.parametrize("readers", [1, 2, 4])
def test_digits_that_only_one_reads_are_counted(readers: int) -> None:
    predicted, labels = answers(readers)
    found = only_right(predicted, labels)
    assert len(found) == readers
    for number, rows in enumerate(found):
        others = np.delete(predicted, number, axis=0)
        expected = [
            row for row, label in enumerate(labels) if predicted[number, row] == label and label not in others[:, row]
        ]
        assert rows.tolist() == expected
        assert expected


@pytest.mark.parametrize(
    ("predicted", "labels", "reason"),
    [
        (np.empty((0, 3), int), np.zeros(3, int), "one reader or more"),
        (np.zeros(3, int), np.zeros(3, int), "one reader or more"),
        (np.zeros((2, 0), int), np.zeros(0, int), "at least one"),
        (np.zeros((2, 3), int), np.zeros(4, int), "same digits"),
        (np.zeros((2, 3)), np.zeros(3, int), "whole numbers"),
        (np.zeros((2, 3), int) - 1, np.zeros(3, int), "whole numbers"),
    ],
)
def test_answers_that_do_not_fit_are_refused(predicted: np.ndarray, labels: np.ndarray, reason: str) -> None:
    for judge in (agreement, only_right):
        with pytest.raises(ValueError, match=reason):
            judge(predicted, labels)


def readers_of(labels_seed: int, skills: list[float], count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Readers of these skills on the same digits."""
    labels = np.random.default_rng(labels_seed).integers(0, 10, count)
    said = []
    for seed, skill in enumerate(skills):
        logits = np.random.default_rng(100 + seed).normal(0, 1.5, (count, 10))
        logits[np.arange(count), labels] += skill
        said.append(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))
    return np.stack(said), labels


def test_a_vote_is_counted() -> None:
    said, labels = readers_of(0, [1.5, 2.0, 1.7, 1.6])
    found = vote(said, labels)
    np.testing.assert_array_equal(found.mean, sum(said).argmax(1))
    ties = 0
    for row, votes in enumerate(said.argmax(2).T):
        counted = Counter(votes.tolist())
        leaders = [digit for digit, count in counted.items() if count == max(counted.values())]
        ties += len(leaders) > 1
        assert found.majority[row] == max(leaders, key=lambda digit: said[:, row, digit].mean())
    assert ties > 10
    rights = [accuracy_score(labels, reader.argmax(1), normalize=False) for reader in said]
    assert (found.best, found.best_right) == (int(np.argmax(rights)), max(rights))
    assert found.best == 1
    assert found.mean_gain == accuracy_score(labels, found.mean, normalize=False) - max(rights) > 0
    assert found.majority_gain == accuracy_score(labels, found.majority, normalize=False) - max(rights)
    assert found.majority_gain != found.mean_gain


def test_a_tied_vote_goes_to_the_more_probable_and_a_majority_beats_certainty() -> None:
    tied = np.array([[[0.1, 0.9, 0.0]], [[0.6, 0.4, 0.0]]])
    assert vote(tied, np.array([1])).majority.tolist() == [1]
    sure = np.array([[[0.0, 1.0]], [[0.51, 0.49]], [[0.51, 0.49]]])
    found = vote(sure, np.array([0]))
    assert (found.majority.tolist(), found.mean.tolist()) == ([0], [1])
    assert (found.majority_gain, found.mean_gain, found.best) == (0, -1, 1)


def test_one_reader_votes_alone() -> None:
    said, labels = readers_of(1, [2.0])
    found = vote(said, labels)
    np.testing.assert_array_equal(found.majority, said[0].argmax(1))
    assert (found.mean_gain, found.majority_gain) == (0, 0)


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_votes_that_cannot_be_judged_are_refused(refused: tuple[np.ndarray, np.ndarray, str]) -> None:
    said, labels, reason = refused
    with pytest.raises(ValueError, match="one reader or more" if said.ndim == 1 else reason):
        vote(said[None], labels)


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 3)])
def test_a_vote_of_nobody_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="one reader or more"):
        vote(np.ones(shape) / 3, reader(5, 3)[1])


@pytest.mark.parametrize("seed", range(5))
def test_the_front_is_what_nothing_dominates(seed: int) -> None:
    cost, accuracy = np.random.default_rng(seed).integers(0, 6, (2, 25))  # with equal ones
    points = list(zip(cost, accuracy, strict=True))
    expected = [
        not any(c <= cost[i] and a >= accuracy[i] and (c, a) != (cost[i], accuracy[i]) for c, a in points)
        for i in range(25)
    ]
    found = pareto_front(cost, accuracy)
    assert found.tolist() == expected
    assert 0 < found.sum() < 25


def test_fronts_of_few() -> None:
    assert pareto_front(np.array([3.0]), np.array([0.0])).tolist() == [True]
    assert pareto_front(np.array([1.0, 1.0]), np.array([0.5, 0.5])).tolist() == [True, True]
    assert pareto_front(np.empty(0), np.empty(0)).tolist() == []


@pytest.mark.parametrize(
    ("cost", "accuracy", "reason"),
    [
        ([1.0, 2.0], [0.5], "one of each"),
        ([[1.0]], [[0.5]], "one of each"),
        ([np.nan], [0.5], "not measured"),
        ([1.0], [np.inf], "not measured"),
    ],
)
def test_points_that_do_not_fit_are_refused(cost: list[float], accuracy: list[float], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        pareto_front(np.array(cost), np.array(accuracy))
