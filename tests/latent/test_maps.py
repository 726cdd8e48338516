"""Maps of codes: exact where they can be, refused when damaged, and honest about how far they are."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from core.data import datasets
from core.jobs.state import JobState
from core.latent import maps
from core.latent.codes import CODES
from core.latent.maps import MAPS
from core.latent.projection import CodesMissing, Projection
from core.latent.projectors import PROJECTORS, Fit, Projector
from core.runs.run import Run, RunNotFound
from core.runs.store import RunStore
from core.runs.weights import load_model
from tests.conftest import change_weights, compute, silent, small, with_its_data_set_gone

Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder that has learned a little."""
    return trained("autoencoder", params={"hidden": 32, "code_size": 6}, epochs=1)


def learn_on(run: Run) -> None:
    """Make the run's weights newer, as another epoch does."""
    change_weights(run)


def mapped(points: np.ndarray, codes: np.ndarray, fit: Fit | None = None) -> Projection:
    """A map of these points."""
    labels = np.zeros(len(codes), np.int64)
    linear = {"mean": fit.mean, "basis": fit.basis} if fit else {}
    return Projection("umap", "test", "digits", points, codes, labels, {}, 1, **linear)


# -- places and codes


def test_a_linear_map_is_inverted_exactly(codes: np.ndarray) -> None:
    flat = codes.copy()
    flat[:, 2:] = flat[:, :3] @ np.array([[1, 2, 0], [0, 1, 1], [0, 0, 0]], np.float32)  # codes in a plane
    fit = PROJECTORS["pca"].fit(flat, silent)
    projection = mapped(fit.points, flat, fit)
    np.testing.assert_allclose(projection.invert(fit.points), flat, atol=1e-3)
    assert projection.invert(fit.points[:7]).dtype == np.float32
    assert projection.invert(np.zeros((0, 2))).shape == (0, 5)


def test_a_bent_map_is_inverted_by_the_nearest_codes(codes: np.ndarray) -> None:
    points = codes[:, :2].copy()
    projection = mapped(points, codes)
    np.testing.assert_allclose(projection.invert(points), codes, atol=1e-3)  # at a point it is that point's code
    place = np.array([0.3, -0.2], np.float32)
    distances = np.linalg.norm(points - place, axis=1)
    near = distances.argsort()[:8]
    weights = 1 / distances[near]
    np.testing.assert_allclose(projection.invert(place)[0], weights @ codes[near] / weights.sum(), rtol=1e-4, atol=1e-5)
    far = projection.invert(np.array([[1e30, -1e30]]))
    assert np.isfinite(far).all()
    assert projection.invert(np.zeros((0, 2))).shape == (0, 5)


def test_a_code_is_placed_where_the_map_has_it(codes: np.ndarray) -> None:
    fit = PROJECTORS["pca"].fit(codes, silent)
    linear = mapped(fit.points, codes, fit)
    np.testing.assert_allclose(linear.place(codes), fit.points, atol=1e-4)
    bent = mapped(fit.points**3, codes)
    np.testing.assert_allclose(bent.place(codes), fit.points**3, rtol=1e-3, atol=1e-2)
    code = np.array([0.3, -0.2, 0.1, 0.4, 0.0], np.float32)
    distances = np.linalg.norm(codes - code, axis=1)
    near = distances.argsort()[:8]
    expected = (1 / distances[near]) @ bent.points[near] / (1 / distances[near]).sum()
    np.testing.assert_allclose(bent.place(code)[0], expected, rtol=1e-4, atol=1e-4)
    for projection in (linear, bent):
        assert projection.place(codes[:3]).dtype == np.float32
        assert projection.place(codes[:0]).shape == (0, 2)
        assert np.isfinite(projection.place(np.full((1, 5), 1e15))).all()


def test_many_codes_at_one_place_are_averaged() -> None:
    codes = np.arange(40, dtype=np.float32).reshape(20, 2)
    projection = mapped(np.zeros((20, 2), np.float32), codes)
    assert np.isfinite(projection.invert(np.zeros((1, 2)))).all()
    assert np.isfinite(projection.spread(np.ones((1, 2)))).all()


def test_nearest_codes(codes: np.ndarray) -> None:
    projection = mapped(codes[:, :2], codes)
    rows, distances = projection.nearest(codes[17], 8, without=17)
    expected = np.linalg.norm(codes - codes[17], axis=1)
    np.testing.assert_array_equal(rows, expected.argsort()[1:9])
    np.testing.assert_allclose(distances, np.sort(expected)[1:9], rtol=1e-5)
    assert projection.nearest(codes[17], 1)[0][0] == 17
    assert len(projection.nearest(codes[17], 999)[0]) == 120
    assert len(projection.nearest(codes[17] + 1, 8, without=17)[0]) == 8


@pytest.mark.parametrize("n", [33, 64, 65, 1000, 5000])
def test_the_nearest_of_many_codes_are_those_of_all_distances(n: int) -> None:
    rng = np.random.default_rng(n)
    codes = rng.normal(size=(n, 6)).astype(np.float32)
    projection = mapped(codes[:, :2], codes)
    asked = rng.normal(size=(40, 6)).astype(np.float32)
    distances = np.linalg.norm(asked[:, None].astype(float) - codes, axis=2)
    for row, code in enumerate(asked):
        found, far = projection.nearest(code, 8)
        np.testing.assert_array_equal(found, distances[row].argsort()[:8])
        np.testing.assert_allclose(far, np.sort(distances[row])[:8], rtol=1e-5)


def test_distance_ratio_is_the_distance_to_the_nearest_code_in_usual_ones(codes: np.ndarray) -> None:
    projection = mapped(codes[:, :2], codes)
    apart = np.linalg.norm(codes[:, None].astype(float) - codes, axis=2)
    np.fill_diagonal(apart, np.inf)
    usual = np.median(apart.min(1))
    assert projection.distance_ratio(codes).tolist() == [0] * 120
    others = codes[:10] + np.float32(0.7)
    nearest = np.linalg.norm(others[:, None] - codes, axis=2).min(1)
    np.testing.assert_allclose(projection.distance_ratio(others), nearest / usual, rtol=1e-4)
    assert projection.distance_ratio(codes[:3]).dtype == np.float32
    assert projection.distance_ratio(codes[:0]).shape == (0,)


def test_spread_is_the_distance_to_the_nearest_point_in_usual_ones(codes: np.ndarray) -> None:
    points = codes[:, :2].copy()
    projection = mapped(points, codes)
    apart = np.linalg.norm(points[:, None].astype(float) - points, axis=2)
    np.fill_diagonal(apart, np.inf)
    places = np.array([[50, 0], [0.1, 0.1]])
    nearest = np.linalg.norm(places[:, None] - points, axis=2).min(1)
    np.testing.assert_allclose(projection.spread(places), nearest / np.median(apart.min(1)), rtol=1e-4)
    assert projection.spread(points).tolist() == [0] * 120
    assert projection.spread(np.zeros((0, 2))).shape == (0,)


def test_equal_codes_are_no_error() -> None:
    codes = np.repeat(np.arange(6, dtype=np.float32).reshape(3, 2), 20, axis=0)
    projection = mapped(codes, codes)
    assert np.isfinite(projection.distance_ratio(codes + 1)).all()
    assert np.isfinite(projection.spread(codes + 1)).all()
    assert np.isfinite(projection.place(codes)).all()


# -- projecting a run


@pytest.mark.parametrize(("sample", "count"), [("test", 359), ("all", 1797)])
def test_a_map_is_stored_with_its_run(run: Run, sample: str, count: int) -> None:
    assert MAPS.state(run, "pca", sample) == JobState("absent")
    assert maps.load_projection(run, "pca", sample) is None
    compute(MAPS, run, "pca", sample)
    assert MAPS.state(run, "pca", sample).state == "ready"
    projection = maps.load_projection(run, "pca", sample)
    assert projection is not None
    digits = datasets.load("digits")
    images, labels = digits.test.images, digits.test.labels
    if sample == "all":
        images, labels = (np.concatenate([getattr(s, f) for s in (digits.test, digits.train)]) for f in _FIELDS)
    assert len(projection.points) == count
    np.testing.assert_allclose(projection.codes, load_model(run).encode(images), atol=1e-5)
    np.testing.assert_array_equal(projection.labels, labels)
    assert projection.points.dtype == projection.codes.dtype == np.float32
    assert (projection.method, projection.sample, projection.dataset) == ("pca", sample, "digits")
    assert maps.load_projection(run, "pca", sample) is projection  # not read again
    stored = {path.name for path in run.projection_file("pca").parent.iterdir() if path.suffix != ".lock"}
    assert stored == {f"codes-{sample}.npz", f"pca-{sample}.npz"}


_FIELDS = ("images", "labels")


def test_the_version_changes_with_the_map_alone(run: Run) -> None:
    def version() -> str:
        compute(MAPS, run, "pca", "test")
        stored = maps.load_projection(run, "pca")
        assert stored is not None
        return stored.version

    first = version()
    assert first.replace("-", "").isalnum()
    run.projection_file("pca-test").unlink()
    assert version() == first  # the same map again
    learn_on(run)
    assert version() != first


def test_nothing_is_done_twice_until_the_weights_change(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    compute(MAPS, run, "pca", "test")
    calls: list[int] = []

    def counted(codes: np.ndarray, progress: object, neighbours: object = None, start: object = None) -> Fit:
        calls.append(len(codes))
        return Fit(np.ascontiguousarray(codes[:, :2]), {})

    monkeypatch.setitem(PROJECTORS, "pca", Projector("pca", "PCA", "", counted, float))
    compute(MAPS, run, "pca", "test")
    assert not calls
    learn_on(run)
    state = MAPS.state(run, "pca", "test")
    assert (state.state, state.message) == ("absent", "The model has changed since this was computed.")
    assert maps.load_projection(run, "pca") is not None  # the old one is still there
    compute(MAPS, run, "pca", "test")
    assert calls == [359]
    assert MAPS.state(run, "pca", "test").state == "ready"


def test_a_map_whose_codes_are_newer_by_now_is_kept_in_memory(run: Run) -> None:
    compute(MAPS, run, "pca", "test")
    old = maps.load_projection(run, "pca")
    learn_on(run)
    CODES.ensure(run, silent, "test")  # as another map has them made
    assert maps.load_projection(run, "pca") is old
    assert MAPS.state(run, "pca", "test").state == "absent"


def test_without_its_codes_a_map_stays_and_says_what_waits_for_them(run: Run) -> None:
    compute(MAPS, run, "pca", "test")
    whole = maps.load_projection(run, "pca")
    assert whole is not None  # kept in memory, too
    run.projection_file("codes-test").unlink()
    assert MAPS.state(run, "pca", "test").state == "ready"
    bare = maps.load_projection(run, "pca")
    assert bare is not None
    assert bare.version == whole.version
    np.testing.assert_array_equal(bare.points, whole.points)
    np.testing.assert_array_equal(bare.invert(whole.points), whole.invert(whole.points))
    np.testing.assert_array_equal(bare.place(whole.codes), whole.place(whole.codes))
    assert not bare.has_codes
    for what in (lambda: bare.codes, lambda: bare.distance_ratio(whole.codes), lambda: bare.nearest(whole.codes[0])):
        with pytest.raises(CodesMissing, match="not computed yet"):
            what()
    assert CODES.state(run, "test").state == "absent"


def test_a_map_is_of_codes_made_again_whatever_their_last_bits(run: Run) -> None:
    compute(MAPS, run, "pca", "test")
    before = maps.load_projection(run, "pca")
    codes = CODES.load(run, "test")
    assert before is not None
    assert codes is not None
    facts = {"dataset": codes.dataset, "weights_version": codes.weights_version}
    CODES.write(run, {"codes": np.nextafter(codes.codes, np.float32(9)), "errors": codes.errors}, facts, "test")
    after = maps.load_projection(run, "pca")
    assert after is not None
    assert after is not before
    assert (after.version, after.has_codes) == (before.version, True)
    assert MAPS.state(run, "pca", "test").state == "ready"


def test_codes_of_two_numbers_are_in_their_linear_maps(trained: Train) -> None:
    run = trained("vae", params={"hidden": "32", "code_size": 2}, epochs=1)
    compute(MAPS, run, "code", "test")
    compute(MAPS, run, "pca", "test")
    codes = CODES.load(run, "test")
    assert codes is not None
    run.projection_file("codes-test").unlink()
    for method in ("code", "pca"):
        bare = maps.load_projection(run, method)
        assert bare is not None
        assert bare.has_codes
        np.testing.assert_allclose(bare.codes, codes.codes, atol=1e-5)


def test_a_linear_map_of_other_codes_than_the_run_makes_is_refused(run: Run) -> None:
    compute(MAPS, run, "pca", "test")
    run.projection_file("codes-test").unlink()
    facts = {"method": "pca", "dataset": "digits", "parameters": {}, "weights_version": run.weights_version()}
    arrays = {"points": np.zeros((359, 2), np.float32), "mean": np.zeros(7, np.float32)}
    MAPS.write(run, arrays | {"basis": np.zeros((2, 7), np.float32)}, facts, "pca", "test")
    with pytest.raises(ValueError, match="its mean have the shape"):
        maps.load_projection(run, "pca")


def test_maps_of_the_embedded_digits_leave_those_of_a_data_set_that_is_not_here(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute(MAPS, run, "pca", "test")
    own = run.projection_file("pca-test")
    before = own.read_bytes()
    config = run.config
    assert config.dataset == "digits"
    monkeypatch.setattr(maps, "digits_of", lambda run: "digits")
    monkeypatch.setattr(type(run), "config", replace(config, dataset="mnist"))
    assert MAPS.job(run, "pca", "test").name == "pca-test-digits"
    assert own.read_bytes() == before


def test_maps_that_compare_get_the_neighbours(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, ...]] = []

    def fit(codes: np.ndarray, progress: object, neighbours: object = None, start: object = None) -> Fit:
        given.append(neighbours.rows.shape)
        return Fit(np.ascontiguousarray(codes[:, :2]), {})

    monkeypatch.setitem(PROJECTORS, "umap", Projector("umap", "UMAP", "", fit, float, compares=True))
    compute(MAPS, run, "umap", "test")
    assert given == [(359, 15)]
    assert run.projection_file("neighbours-test").exists()


class Encoder:
    """A model with such codes."""

    def __init__(self, codes: np.ndarray) -> None:
        self.codes = codes.astype(np.float32)

    def encode(self, images: np.ndarray) -> np.ndarray:
        return self.codes[: len(images)]

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return np.zeros((len(codes), 28, 28), np.float32)


@pytest.mark.parametrize("method", PROJECTORS)
@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (np.full((359, 6), np.nan), "359 of 359 codes"),
        (np.ones((359, 6)), "All codes are the same"),
        (np.arange(359.0)[:, None], "at least 2 numbers, these have 1"),
    ],
)
def test_codes_no_map_can_be_made_of_are_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, codes: np.ndarray, said: str, method: str
) -> None:
    monkeypatch.setattr("core.latent.codes.load_model", lambda run: Encoder(codes))
    compute(MAPS, run, method, "test")
    state = MAPS.state(run, method, "test")
    assert state.state == "failed"
    assert said in state.message
    assert maps.load_projection(run, method) is None
    learn_on(run)
    assert MAPS.state(run, method, "test").state == "absent"  # new weights, a new chance


@pytest.mark.parametrize(
    ("method", "said"), [("umap", "more than 15 digits, got 12"), ("tsne", "more than 30 digits, got 12")]
)
def test_too_few_digits_are_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch, method: str, said: str) -> None:
    monkeypatch.setattr("core.latent.codes.size", lambda *names: 12)
    monkeypatch.setattr("core.latent.codes.batches_of", lambda *names: [datasets.load("digits").test.images[:12]])
    compute(MAPS, run, method, "test")
    assert said in MAPS.state(run, method, "test").message


def test_wide_codes_are_mapped(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = np.random.default_rng(0).normal(size=(359, 256))
    monkeypatch.setattr("core.latent.codes.load_model", lambda run: Encoder(codes))
    compute(MAPS, run, "pca", "test")
    projection = maps.load_projection(run, "pca")
    assert projection is not None
    assert projection.invert(np.zeros((1, 2))).shape == (1, 256)


def test_an_unexpected_error_is_shown_and_raised(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(codes: np.ndarray, progress: object, neighbours: object = None, start: object = None) -> Fit:
        raise RuntimeError("boom")

    monkeypatch.setitem(PROJECTORS, "pca", Projector("pca", "PCA", "", broken, float))
    with pytest.raises(RuntimeError, match="boom"):
        compute(MAPS, run, "pca", "test")
    assert MAPS.state(run, "pca", "test").message == "RuntimeError: boom. Try it again."


def test_a_classifier_has_no_map(trained: Train) -> None:
    run = trained("softmax", epochs=1)
    compute(MAPS, run, "pca", "test")
    assert "Choose an autoencoder" in MAPS.state(run, "pca", "test").message


def test_without_its_data_set_the_embedded_digits_are_mapped(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = with_its_data_set_gone(run, tmp_path, monkeypatch)
    compute(MAPS, run, "pca", "test")
    projection = maps.load_projection(run, "pca")
    assert projection is not None
    assert projection.dataset == "digits"
    assert MAPS.state(run, "pca", "test").state == "ready"
    monkeypatch.setattr(datasets, "is_ready", lambda name: True)  # MNIST has come: its digits are wanted now
    assert MAPS.state(run, "pca", "test").state == "absent"


def test_unknown_maps_and_vanished_runs_are_errors(run: Run) -> None:
    for ask in (MAPS.job, MAPS.state, MAPS.load, MAPS.run_job, maps.load_projection):
        with pytest.raises(ValueError, match=f"Choose one of: {', '.join(PROJECTORS)}"):
            ask(run, "../../etc", "test")
        with pytest.raises(ValueError, match="Choose one of: test, all"):
            ask(run, "pca", "../../etc")
    os.rename(run.folder, run.folder.with_name("gone"))  # noqa: PTH104
    with pytest.raises(RunNotFound):
        MAPS.state(Run(run.folder), "pca", "test")


def test_a_run_without_weights_has_no_map_yet(runs: RunStore) -> None:
    state = MAPS.state(runs.create(small("autoencoder")), "pca", "test")
    assert (state.state, "no weights yet" in state.message) == ("absent", True)


# -- files of strangers


def stored(run: Run) -> dict[str, np.ndarray]:
    """The arrays of the run's map."""
    compute(MAPS, run, "pca", "test")
    with np.load(run.projection_file("pca-test")) as file:
        return dict(file)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("points", np.zeros((359, 3), np.float32)),
        ("points", np.zeros((358, 2), np.float32)),
        ("points", np.zeros((359, 2))),
        ("points", np.full((359, 2), np.nan, np.float32)),
        ("points", np.array([{"a": 1}], object)),
        ("points", None),
        ("basis", np.zeros((3, 6), np.float32)),
        ("basis", None),
        ("mean", np.zeros(5, np.float32)),
        ("facts", np.frombuffer(b"{", np.uint8)),
        ("facts", np.frombuffer(b"[1]", np.uint8)),
        ("facts", np.frombuffer(b'{"weights_version": 1}', np.uint8)),
        ("facts", {"method": "umap"}),
        ("facts", {"parameters": 3}),
        ("facts", {"weights_version": "a"}),
        ("facts", None),
    ],
)
def test_a_stored_map_that_is_wrong_is_refused(run: Run, name: str, value: object) -> None:
    arrays = stored(run)
    kept = arrays.pop(name)
    if isinstance(value, dict):
        value = np.frombuffer(json.dumps(json.loads(kept.tobytes()) | value).encode(), np.uint8)
    if value is not None:
        arrays[name] = value
    np.savez(run.projection_file("pca-test"), **arrays)
    with pytest.raises(ValueError, match="Compute it again"):
        maps.load_projection(run, "pca")
    assert MAPS.state(run, "pca", "test").state == "failed"
    compute(MAPS, run, "pca", "test")
    assert MAPS.state(run, "pca", "test").state == "ready"


def test_a_torn_map_is_refused(run: Run) -> None:
    stored(run)
    path = run.projection_file("pca-test")
    whole = path.read_bytes()
    for content in (b"", whole[:2000], b"not a zip", bytes(len(whole))):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="Compute it again"):
            maps.load_projection(run, "pca")


def test_a_map_that_unpacks_to_gigabytes_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = stored(run)
    arrays["points"] = np.zeros((200_000, 2), np.float32)
    monkeypatch.setattr(maps, "MAPS", replace(MAPS, most=1 << 20))
    np.savez_compressed(run.projection_file("pca-test"), **arrays)
    assert run.projection_file("pca-test").stat().st_size < 1 << 20
    with pytest.raises(ValueError, match="unpacks to more"):
        maps.load_projection(run, "pca")


# -- how far it is


def test_computing_lasts_as_long_as_the_lock(run: Run) -> None:
    job = MAPS.job(run, "pca", "test")
    job.lock.parent.mkdir()
    with FileLock(job.lock):
        job.note.write_text(json.dumps({"fraction": 0.4, "message": "m", "weights_version": run.weights_version()}))
        assert MAPS.state(run, "pca", "test") == JobState("computing", 0.4, "m")
    assert MAPS.state(run, "pca", "test").state == "interrupted"
    assert MAPS.state(run, "pca", "all").state == "absent"  # another map, another note


def test_how_long_a_map_takes_grows_with_the_digits(run: Run) -> None:
    for method in PROJECTORS:
        assert 0 < maps.takes(run, method, "test") < maps.takes(run, method, "all")
    assert maps.takes(run, "pca", "all") < maps.takes(run, "umap", "all")
