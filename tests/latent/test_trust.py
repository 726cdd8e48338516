"""The figures of a map: equal to scikit-learn's and to ones counted by hand, or close where only some are asked."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from core.latent import maps, trust
from core.latent.codes import CODES
from core.latent.maps import MAPS
from core.latent.trust import TRUST, displacement_of, trust_of
from core.measures.neighbours import Neighbours, nearest_of_all
from core.runs.run import Run
from tests.conftest import change_weights, compute

Train = Callable[..., Run]


def made_up(n: int, size: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes in ten clouds, a poor map of them, and their classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n)
    codes = (rng.normal(size=(10, size))[labels] * 2 + rng.normal(size=(n, size))).astype(np.float32)
    points = (codes[:, :2] + rng.normal(size=(n, 2))).astype(np.float32)
    return points, codes, labels


@pytest.mark.parametrize("n", [31, 100, 400])
def test_trustworthiness_is_scikit_learns(n: int) -> None:
    points, codes, labels = made_up(n)
    found = trust_of(points, codes, labels, nearest_of_all(codes))
    assert found.trustworthiness == pytest.approx(trustworthiness(codes, points, n_neighbors=15), abs=1e-6)
    assert 0.5 < found.trustworthiness < 0.999
    assert (found.neighbours, found.queries) == (15, n)


def test_codes_far_from_zero_are_ranked_as_well() -> None:
    points, codes, labels = made_up(200)
    far = codes + np.float32(1000)
    found = trust_of(points, far, labels, nearest_of_all(far))
    assert found.trustworthiness == pytest.approx(trustworthiness(far.astype(float), points, n_neighbors=15), abs=1e-4)


@pytest.mark.parametrize("n", [3, 4, 5, 12, 30])
def test_few_digits_have_fewer_neighbours(n: int) -> None:
    points, codes, labels = made_up(n)
    found = trust_of(points, codes, labels, nearest_of_all(codes))
    count = (n - 1) // 2
    assert found.neighbours == count
    assert found.trustworthiness == pytest.approx(trustworthiness(codes, points, n_neighbors=count), abs=1e-6)


def test_kept_neighbours_are_those_on_both_sides() -> None:
    points, codes, labels = made_up(300)
    near = [NearestNeighbors(n_neighbors=15).fit(one).kneighbors(return_distance=False) for one in (points, codes)]
    shares = [len(set(here) & set(there)) / 15 for here, there in zip(*near, strict=True)]
    assert trust_of(points, codes, labels, nearest_of_all(codes)).kept == pytest.approx(np.mean(shares), abs=1e-9)


def test_accuracies_are_scikit_learns_leaving_one_out() -> None:
    points, codes, labels = made_up(301)
    found = trust_of(points, codes, labels, nearest_of_all(codes))
    right = {"map": 0, "code": 0}
    tied = 0
    for row in range(len(codes)):
        others = np.arange(len(codes)) != row
        for name, table in (("map", points), ("code", codes)):
            reader = KNeighborsClassifier(15, algorithm="brute").fit(table[others], labels[others])
            votes = reader.predict_proba(table[row : row + 1])[0]
            best = reader.classes_[votes == votes.max()]
            near = labels[others][reader.kneighbors(table[row : row + 1], return_distance=False)[0]]
            tied += len(best) > 1
            right[name] += int(next(label for label in near if label in best) == labels[row])
    assert tied > 5
    assert found.accuracy_map == pytest.approx(right["map"] / len(codes))
    assert found.accuracy_code == pytest.approx(right["code"] / len(codes))


def test_of_equal_votes_the_nearest_counts() -> None:
    votes = trust._voted(np.array([[3, 5, 5, 3, 7], [7, 5, 5, 3, 3], [1, 2, 3, 4, 5], [9, 8, 8, 8, 9]]))
    assert votes.tolist() == [3, 5, 1, 8]


def test_the_code_itself_is_trusted_wholly() -> None:
    _, codes, labels = made_up(200, size=2)
    found = trust_of(codes, codes, labels, nearest_of_all(codes))
    assert (found.trustworthiness, found.kept) == (1, 1)
    assert found.accuracy_map == found.accuracy_code


def test_points_at_one_place_are_no_error() -> None:
    _, codes, labels = made_up(100)
    found = trust_of(np.zeros((100, 2), np.float32), codes, labels, nearest_of_all(codes))
    assert 0 <= found.trustworthiness < 0.8
    assert not displacement_of(np.zeros((100, 2), np.float32), nearest_of_all(codes)).any()


def test_some_digits_asked_against_all_come_close_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    points, codes, labels = made_up(3000)
    neighbours = nearest_of_all(codes)
    every = trust_of(points, codes, labels, neighbours)
    monkeypatch.setattr(trust, "_CELLS", 1 << 16)  # several parts
    some = trust_of(points, codes, labels, neighbours, exact=2999)
    assert (every.queries, some.queries) == (3000, trust.QUERIES)
    for name in ("trustworthiness", "kept", "accuracy_map", "accuracy_code"):
        assert getattr(some, name) == pytest.approx(getattr(every, name), abs=0.02), name
        assert getattr(some, name) != getattr(every, name)


def test_moved_apart_is_how_much_further_the_nearest_codes_lie_than_the_nearest_points() -> None:
    rows = np.array([[1, 2, 3], [0, 2, 3], [3, 5, 1], [2, 0, 1], [0, 1, 2], [4, 3, 2]], np.int32)
    points = np.array([[0, 0], [1, 0], [0, 2], [30, 40], [31, 40], [30, 42]], np.float32)
    known = Neighbours(rows, np.ones((6, 3), np.float32))
    displacement = displacement_of(points, known)
    low, high = np.percentile(points, [1, 99], axis=0)
    width = np.hypot(*(high - low))
    to_codes = [np.median(np.hypot(*(points[near] - points[row]).T)) for row, near in enumerate(rows)]
    to_points = [np.sort(np.hypot(*(points - points[row]).T))[1:4][1] for row in range(6)]
    np.testing.assert_allclose(displacement, (np.array(to_codes) - to_points) / width, rtol=1e-5, atol=1e-6)
    assert displacement[4] > 0.9  # among others than its own
    assert not displacement[:2].any()
    np.testing.assert_allclose(displacement_of(points * 7, known), displacement, rtol=1e-5, atol=1e-6)


def test_a_map_that_only_turns_the_codes_moves_none_apart_however_lonely() -> None:
    codes = np.random.default_rng(0).standard_normal((500, 2)).astype(np.float32)
    codes[0] = [40, 40]  # far from all others, on the map and in code
    turn = np.array([[0.6, -0.8], [0.8, 0.6]], np.float32)
    assert not displacement_of(codes @ turn, nearest_of_all(codes)).any()


# -- stored with the run


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder that has learned a little, with a map."""
    run = trained("autoencoder", params={"hidden": 32, "code_size": 6}, epochs=1)
    compute(MAPS, run, "pca", "test")
    return run


def test_figures_are_stored_with_the_map(run: Run) -> None:
    assert TRUST.load(run, "pca", "test") is None
    assert TRUST.state(run, "pca", "test").state == "absent"
    compute(TRUST, run, "pca", "test")
    assert TRUST.state(run, "pca", "test").state == "ready"
    stored, displacement = TRUST.load(run, "pca", "test") or (None, np.zeros(0))
    projection = maps.load_projection(run, "pca")
    assert projection is not None
    neighbours = nearest_of_all(projection.codes)
    assert stored == trust_of(projection.points, projection.codes, projection.labels, neighbours)
    np.testing.assert_allclose(displacement, displacement_of(projection.points, neighbours), rtol=1e-5)
    assert displacement.dtype == np.float32


def test_figures_are_of_one_map_and_measured_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    compute(TRUST, run, "pca", "test")
    calls: list[str] = []
    monkeypatch.setattr(trust, "trust_of", lambda *args: calls.append("again"))
    compute(TRUST, run, "pca", "test")
    assert not calls
    path = run.projection_file("pca-test")
    with np.load(path) as file:
        arrays = dict(file)
    arrays["points"] = arrays["points"][::-1]
    np.savez(path, **arrays)
    assert TRUST.load(run, "pca", "test") is None  # another map
    assert TRUST.state(run, "pca", "test").state == "absent"


def test_without_a_map_there_is_nothing_to_measure(run: Run) -> None:
    run.projection_file("pca-test").unlink()
    compute(TRUST, run, "pca", "test")
    assert TRUST.state(run, "pca", "test").state == "absent"
    run.projection_file("pca-test").write_bytes(b"torn")
    compute(TRUST, run, "pca", "test")
    assert TRUST.load(run, "pca", "test") is None


def test_an_old_map_is_not_measured_by_new_codes(run: Run) -> None:
    assert maps.load_projection(run, "pca") is not None
    change_weights(run)
    CODES.ensure(run, lambda share, message: None, "test")
    compute(TRUST, run, "pca", "test")
    assert TRUST.state(run, "pca", "test").state == "absent"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("displacement", np.zeros(358, np.float32)),
        ("displacement", np.full(359, -1, np.float32)),
        ("displacement", np.full(359, np.nan, np.float32)),
        ("displacement", np.zeros(359)),
        ("displacement", None),
        ("facts", {"kept": 1.5}),
        ("facts", {"trustworthiness": float("nan")}),
        ("facts", {"queries": 0}),
        ("facts", {"neighbours": 10**6}),
        ("facts", {"accuracy_map": "a"}),
        ("facts", {"version": "another"}),
        ("facts", []),
    ],
)
def test_stored_figures_that_are_wrong_are_measured_again(run: Run, name: str, value: object) -> None:
    compute(TRUST, run, "pca", "test")
    path: Path = run.projection_file("trust-pca-test")
    with np.load(path) as file:
        arrays = dict(file)
    if name == "facts":
        facts = json.loads(arrays["facts"].tobytes())
        changed = facts | value if isinstance(value, dict) else value
        arrays["facts"] = np.frombuffer(json.dumps(changed).encode(), np.uint8)
    elif isinstance(value, np.ndarray):
        arrays[name] = value
    else:
        del arrays[name]
    np.savez(path, **arrays)
    assert TRUST.load(run, "pca", "test") is None
    compute(TRUST, run, "pca", "test")
    assert TRUST.load(run, "pca", "test") is not None
