"""The ways to lay out codes: exact, or as good as the libraries' own, and steady where one goes on from another."""

import json
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.data.datasets import Dataset
from core.latent.projection import Projection
from core.latent.projectors import PROJECTORS, Fit, _Counter
from core.latent.trust import trust_of
from core.measures.neighbours import Neighbours, nearest_of_all
from core.runs.store import store
from core.runs.weights import load_model
from tests.conftest import silent

# -- neighbours


def test_neighbours_are_those_of_all_distances(codes: np.ndarray) -> None:
    shares: list[float] = []
    found = nearest_of_all(codes, 15, shares.append)
    distances = np.linalg.norm(codes[:, None].astype(np.float64) - codes, axis=2)
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_array_equal(found.rows, distances.argsort(1)[:, :15])
    np.testing.assert_allclose(found.distances, np.sort(distances, 1)[:, :15], rtol=1e-4)
    assert (found.rows.dtype, found.distances.dtype) == (np.int32, np.float32)
    assert shares == [0.0]


@pytest.mark.parametrize("n", [2, 3, 15, 16])
def test_few_codes_have_few_neighbours(codes: np.ndarray, n: int) -> None:
    found = nearest_of_all(codes[:n])
    assert found.rows.shape == found.distances.shape == (n, min(15, n - 1))
    assert all(row not in found.rows[row] for row in range(n))


def test_equal_codes_are_each_others_neighbours(codes: np.ndarray) -> None:
    found = nearest_of_all(np.repeat(codes[:4], 30, axis=0))
    assert found.rows.shape == (120, 15)
    assert not (found.rows == np.arange(120)[:, None]).any()
    np.testing.assert_array_equal(found.rows // 30, np.repeat(np.arange(4), 30)[:, None].repeat(15, 1))
    np.testing.assert_allclose(found.distances, 0, atol=1e-3)


def test_neighbours_with_the_code_itself_first() -> None:
    found = Neighbours(np.array([[1, 2], [2, 0], [1, 0]], np.int32), np.array([[1, 3], [1, 1.5], [1, 3]], np.float32))
    rows, distances = found.with_own(2)
    np.testing.assert_array_equal(rows, [[0, 1], [1, 2], [2, 1]])
    np.testing.assert_array_equal(distances, [[0, 1], [0, 1], [0, 1]])


# -- the contract of every row in the table

EACH = [pytest.param(name, marks=() if row.quick else pytest.mark.slow) for name, row in PROJECTORS.items()]


def fitted(method: str, codes: np.ndarray, progress: Callable[[float, str], None] = silent) -> tuple[Fit, np.ndarray]:
    """What a projector makes of these codes, cut to a size that it is offered for; and those codes."""
    size = next(size for size in (codes.shape[1], 4, 3, 2) if PROJECTORS[method].fits(size))
    codes = codes[:, :size].copy()
    return PROJECTORS[method].fit(codes, progress), codes


@pytest.mark.parametrize("method", EACH)
def test_every_projector_lays_codes_out_and_repeats(codes: np.ndarray, method: str) -> None:
    shares: list[float] = []
    fit, given = fitted(method, codes, lambda share, message: shares.append(share))
    np.testing.assert_array_equal(given, codes[:, : given.shape[1]])
    assert (fit.points.shape, fit.points.dtype) == ((len(codes), 2), np.float32)
    assert np.isfinite(fit.points).all()
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
    assert json.loads(json.dumps(fit.parameters)) == fit.parameters  # they are stored with the map
    np.testing.assert_array_equal(fitted(method, codes)[0].points, fit.points)


@pytest.mark.parametrize("method", EACH)
def test_every_plane_is_one_and_places_are_what_inverting_undoes(codes: np.ndarray, method: str) -> None:
    fit, codes = fitted(method, codes)
    assert (fit.mean is None) == (fit.basis is None)
    assert (fit.basis is None) == (PROJECTORS[method].kind == "bent")
    if fit.mean is None or fit.basis is None:
        return
    assert (fit.mean.shape, fit.basis.shape) == ((codes.shape[1],), (2, codes.shape[1]))
    assert fit.mean.dtype == fit.basis.dtype == np.float32
    np.testing.assert_allclose(fit.basis @ fit.basis.T, np.eye(2), atol=1e-5)
    np.testing.assert_allclose(fit.points, (codes - fit.mean) @ fit.basis.T, atol=1e-4)
    labels = np.zeros(len(codes), np.int64)
    projection = Projection(method, "test", "digits", fit.points, codes, labels, {}, mean=fit.mean, basis=fit.basis)
    np.testing.assert_allclose(projection.place(codes), fit.points, atol=1e-4)
    places = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32) * 5
    np.testing.assert_allclose(projection.place(projection.invert(places)), places, atol=1e-4)


def test_names_are_those_of_the_rows() -> None:
    assert all(row.name == name for name, row in PROJECTORS.items())
    for row in PROJECTORS.values():
        assert row.title
        assert row.blurb.endswith(".")
        assert 0 <= row.seconds(100) <= row.seconds(10_000) <= row.seconds(70_000)


# -- projectors


def test_pca_keeps_the_variance_and_comes_back_exactly(codes: np.ndarray) -> None:
    fit = PROJECTORS["pca"].fit(codes, silent)
    centred = codes - codes.mean(0)
    _, singular, rows = np.linalg.svd(centred, full_matrices=False)
    assert fit.mean is not None
    assert fit.basis is not None
    np.testing.assert_allclose(np.abs(fit.basis), np.abs(rows[:2]), atol=1e-4)
    np.testing.assert_allclose(np.abs(fit.points), np.abs(centred @ rows[:2].T), atol=1e-3)
    labels = np.zeros(len(codes), np.int64)
    projection = Projection("pca", "test", "digits", fit.points, codes, labels, {}, mean=fit.mean, basis=fit.basis)
    kept = (singular[:2] ** 2).sum() / (singular**2).sum()
    assert projection.explained_variance == pytest.approx(kept, abs=1e-4)


def test_the_code_itself_is_the_map(codes: np.ndarray) -> None:
    projector = PROJECTORS["code"]
    fit = projector.fit(codes[:, :2].copy(), silent)
    np.testing.assert_array_equal(fit.points, codes[:, :2])
    np.testing.assert_array_equal(fit.mean, [0, 0])
    np.testing.assert_array_equal(fit.basis, np.eye(2))
    with pytest.raises(ValueError, match="A code of 5 numbers is no place"):
        projector.fit(codes, silent)
    assert [size for size in (1, 2, 3, 64) if projector.fits(size)] == [2]


def test_what_is_quick_is_started_unasked() -> None:
    quick = {name for name, row in PROJECTORS.items() if row.quick}
    assert quick >= {"pca", "code"}
    assert not quick & {"umap", "tsne"}


@pytest.mark.parametrize(
    ("method", "count", "said"),
    [("umap", 15, "more than 15 digits, got 15"), ("tsne", 30, "more than 30 digits, got 30")],
)
def test_too_few_are_refused(codes: np.ndarray, method: str, count: int, said: str) -> None:
    with pytest.raises(ValueError, match=f"{said}. Use PCA"):
        PROJECTORS[method].fit(codes[:count], silent)


def test_what_the_libraries_print_tells_how_far_they_are() -> None:
    shares: list[float] = []
    bar = _Counter(r"(\d+)/(\d+)", shares.append)
    for text in ("\r0/500|", "\r125/500|", "\n", "nothing 1 of 2", "7/0"):
        assert bar.write(text) == len(text)
    lines = _Counter(r"Iteration (\d+)()", shares.append, 1000)
    said = "[t-SNE] Iteration 50: error = 76.2, gradient norm = 0.1 (50 iterations in 0.4s)"
    for text in ("[t-SNE] Computing 91 nearest neighbors...", said, "[t-SNE] Iteration 2000: error"):
        lines.write(text)
    assert shares == [0, 0.25, 0.05, 1]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_clouds_stay_apart_and_the_map_repeats(codes: np.ndarray, method: str) -> None:
    shares: list[float] = []
    fit = PROJECTORS[method].fit(codes, lambda share, message: shares.append(share))
    assert shares == sorted(shares)
    assert shares[-1] == 1
    middles = fit.points[:60].mean(0), fit.points[60:].mean(0)
    spread = np.median(np.linalg.norm(fit.points[:60] - middles[0], axis=1))
    assert np.linalg.norm(middles[0] - middles[1]) > 2 * spread
    known = nearest_of_all(codes)
    np.testing.assert_array_equal(PROJECTORS[method].fit(codes, silent, known).points, fit.points)


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 256])
@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_narrow_and_wide_codes_are_laid_out(method: str, size: int) -> None:
    codes = np.random.default_rng(0).normal(size=(100, size)).astype(np.float32)
    points = PROJECTORS[method].fit(codes, silent).points
    assert points.shape == (100, 2)
    assert np.isfinite(points).all()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_a_map_that_goes_on_hardly_moves_where_the_codes_hardly_do(method: str) -> None:
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(10, 8)) * 4
    codes = (np.repeat(middles, 40, 0) + rng.normal(size=(400, 8))).astype(np.float32)
    first = PROJECTORS[method].fit(codes, silent).points
    moved = (codes + rng.normal(size=codes.shape) * 0.05).astype(np.float32)
    second = PROJECTORS[method].fit(moved, silent, start=first).points
    width = np.linalg.norm(np.ptp(first, axis=0))
    assert np.median(np.linalg.norm(second - first, axis=1)) <= 0.05 * width

    def apart(points: np.ndarray) -> np.ndarray:
        """How far the middles of the clusters are from each other, infinitely far from themselves."""
        on_map = points.reshape(10, 40, 2).mean(1)
        return np.linalg.norm(on_map[:, None] - on_map, axis=2) + np.diag(np.full(10, np.inf))

    # A cluster that joins another in the codes goes there on the map. Where clusters lie is chance, and differs from
    # processor to processor, so it is the one with the shortest way that goes: a longer one may take another map.
    mover, goal = np.unravel_index(apart(first).argmin(), (10, 10))
    joined = codes.copy()
    joined[40 * mover : 40 * mover + 40] += (middles[goal] - middles[mover]).astype(np.float32)
    third = PROJECTORS[method].fit(joined, silent, start=first).points
    assert apart(third)[mover, goal] < 0.5 * apart(first)[mover, goal]
    assert apart(third)[mover, goal] < 0.5 * apart(second)[mover, goal]  # it is the joining that brings them together


# -- against the libraries' own


@pytest.mark.slow
@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_maps_are_as_good_as_the_libraries_own(mnist: Dataset, method: str) -> None:
    count = 2000
    codes = load_model(store().get("conv-autoencoder")).encode(mnist.test.images[:count])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = PLAIN[method](codes)
    neighbours = nearest_of_all(codes)
    ours, flat = (PROJECTORS[name].fit(codes, silent, neighbours).points for name in (method, "pca"))
    found, wanted, least = (
        trust_of(points, codes, mnist.test.labels[:count], neighbours) for points in (ours, own, flat)
    )
    for name in ("trustworthiness", "kept", "accuracy_map"):
        gained, gain = (getattr(score, name) - getattr(least, name) for score in (found, wanted))
        assert gain > 0.1, name
        assert gained == pytest.approx(gain, rel=NOISE[method]), name


# How much of what it gains on PCA may differ between two maps. t-SNE makes the very map of the library. UMAP's maps of
# one graph differ by chance, with the seed or the rounding of a processor: the library's own, from eight seeds, by 2 %
# of the neighbours they keep and by 4 % of the digits they tell apart. That the graph is the library's is tested below.
NOISE = {"tsne": 0.01, "umap": 0.1}


@pytest.mark.slow
def test_umap_lays_out_the_graph_that_the_library_makes(mnist: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from umap import umap_

    codes = load_model(store().get("conv-autoencoder")).encode(mnist.test.images[:2000])
    given: list[tuple[Any, ...]] = []

    def layout(data: None, graph: Any, *settings: Any, **more: Any) -> tuple[np.ndarray, dict[str, Any]]:
        given.append((graph.toarray(), *settings))
        return np.zeros((len(codes), 2), np.float32), {}

    monkeypatch.setattr(umap_, "simplicial_set_embedding", layout)
    PROJECTORS["umap"].fit(codes, silent)
    _plain_umap(codes)
    (mine, *settings), (its, *expected) = given
    np.testing.assert_allclose(mine, its, atol=1e-4)
    assert [_told(each) for each in settings] == [_told(each) for each in expected]


def _told(setting: object) -> object:
    return setting.get_state()[1].tobytes() if isinstance(setting, np.random.RandomState) else str(setting)


def _plain_umap(codes: np.ndarray) -> np.ndarray:
    import umap

    points: np.ndarray = umap.UMAP(n_neighbors=15, min_dist=0.1, random_state=0).fit_transform(codes)
    return points


def _plain_tsne(codes: np.ndarray) -> np.ndarray:
    from sklearn.manifold import TSNE

    points: np.ndarray = TSNE(perplexity=30, init="pca", random_state=0).fit_transform(codes)
    return points


PLAIN: dict[str, Callable[[np.ndarray], np.ndarray]] = {"umap": _plain_umap, "tsne": _plain_tsne}
