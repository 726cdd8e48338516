"""Maps of codes: exact where they can be, refused when damaged, and honest about how far they are."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

import numpy as np
import pytest
from filelock import FileLock

from core import data, latent
from core.projectors import PROJECTORS, Fit, Projector
from core.runs import Run, RunNotFound
from tests.conftest import wait_for

Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder that has learned a little."""
    return trained("autoencoder", params={"hidden": 32, "code_size": 6}, epochs=1)


@pytest.fixture
def codes() -> np.ndarray:
    """Two clouds of 60 codes of 5 numbers."""
    rng = np.random.default_rng(0)
    clouds = rng.normal(size=(120, 5)) * [3, 2, 1, 0.5, 0.1]
    clouds[60:, 2] += 12
    return clouds.astype(np.float32)


def silent(share: float, message: str) -> None:
    """Progress nobody watches."""


def learn_on(run: Run) -> None:
    """Make the run's weights newer, as another epoch does."""
    path = run.folder / "weights.safetensors"
    os.utime(path, ns=(run.weights_version() + 10**9,) * 2)


# -- projectors


def test_pca_keeps_the_variance_and_comes_back_exactly(codes: np.ndarray) -> None:
    fit = PROJECTORS["pca"].fit(codes, silent)
    centred = codes - codes.mean(0)
    _, singular, rows = np.linalg.svd(centred, full_matrices=False)
    assert fit.mean is not None
    assert fit.basis is not None
    np.testing.assert_allclose(np.abs(fit.basis), np.abs(rows[:2]), atol=1e-4)
    np.testing.assert_allclose(np.abs(fit.points), np.abs(centred @ rows[:2].T), atol=1e-3)
    np.testing.assert_allclose(fit.parameters["explained_variance"], (singular**2 / (singular**2).sum())[:2], atol=1e-3)
    assert fit.points.dtype == np.float32


def test_a_linear_map_is_inverted_exactly(codes: np.ndarray) -> None:
    flat = codes.copy()
    flat[:, 2:] = flat[:, :3] @ np.array([[1, 2, 0], [0, 1, 1], [0, 0, 0]], np.float32)  # codes in a plane
    fit = PROJECTORS["pca"].fit(flat, silent)
    projection = latent.Projection(
        "pca", fit.points, flat, np.zeros(120, np.int64), np.arange(120), "digits", {}, 1, fit.mean, fit.basis
    )
    np.testing.assert_allclose(projection.invert(fit.points), flat, atol=1e-3)
    assert projection.invert(fit.points[:7]).dtype == np.float32
    assert projection.invert(np.zeros((0, 2))).shape == (0, 5)


def test_a_bent_map_is_inverted_by_the_nearest_codes(codes: np.ndarray) -> None:
    points = codes[:, :2].copy()
    projection = latent.Projection("umap", points, codes, np.zeros(120, np.int64), np.arange(120), "digits", {})
    np.testing.assert_allclose(projection.invert(points), codes, atol=1e-3)  # at a point it is that point's code
    place = np.array([0.3, -0.2], np.float32)
    distances = np.linalg.norm(points - place, axis=1)
    near = distances.argsort()[:8]
    weights = 1 / distances[near]
    np.testing.assert_allclose(projection.invert(place)[0], weights @ codes[near] / weights.sum(), rtol=1e-4, atol=1e-5)
    far = projection.invert(np.array([[1e30, -1e30]]))
    assert np.isfinite(far).all()


def test_a_code_is_placed_where_the_map_has_it(codes: np.ndarray) -> None:
    fit = PROJECTORS["pca"].fit(codes, silent)
    facts = (codes, np.zeros(120, np.int64), np.arange(120), "digits", {}, 1)
    linear = latent.Projection("pca", fit.points, *facts, fit.mean, fit.basis)
    np.testing.assert_allclose(linear.place(codes), fit.points, atol=1e-4)
    bent = latent.Projection("umap", fit.points**3, *facts)
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
    projection = latent.Projection(
        "umap", np.zeros((20, 2), np.float32), codes, np.zeros(20, np.int64), np.arange(20), "digits", {}
    )
    assert np.isfinite(projection.invert(np.zeros((1, 2)))).all()


def test_nearest_codes(codes: np.ndarray) -> None:
    projection = latent.Projection(
        "umap", codes[:, :2], codes, np.zeros(120, np.int64), np.arange(120) + 500, "digits", {}
    )
    rows, distances = projection.nearest(codes[17], 8, without=17)
    expected = np.linalg.norm(codes - codes[17], axis=1)
    np.testing.assert_array_equal(rows, expected.argsort()[1:9])
    np.testing.assert_allclose(distances, np.sort(expected)[1:9], rtol=1e-5)
    assert projection.nearest(codes[17], 1)[0][0] == 17
    assert len(projection.nearest(codes[17], 999)[0]) == 120
    assert projection.row_of(503) == 3
    assert projection.row_of(3) is None


@pytest.mark.slow
def test_umap_keeps_clouds_apart_and_repeats(codes: np.ndarray) -> None:
    shares: list[float] = []
    fit = PROJECTORS["umap"].fit(codes, lambda share, message: shares.append(share))
    assert shares == sorted(shares)
    assert any(0.6 < share < 1 for share in shares)  # its epochs are reported
    middles = fit.points[:60].mean(0), fit.points[60:].mean(0)
    spread = max(np.linalg.norm(fit.points[:60] - middles[0], axis=1))
    assert np.linalg.norm(middles[0] - middles[1]) > spread
    np.testing.assert_array_equal(PROJECTORS["umap"].fit(codes, silent).points, fit.points)


def test_umap_of_too_few_is_refused(codes: np.ndarray) -> None:
    with pytest.raises(ValueError, match="more than 15 digits, got 15"):
        PROJECTORS["umap"].fit(codes[:15], silent)


# -- projecting a run


def test_a_map_is_stored_with_its_run(run: Run) -> None:
    assert latent.projection_state(run, "pca") == latent.ProjectionState("absent")
    assert latent.load_projection(run, "pca") is None
    seen: list[tuple[float, str]] = []
    latent.project(run, "pca", lambda share, message: seen.append((share, message)))
    assert [share for share, _ in seen] == sorted(share for share, _ in seen)
    assert latent.projection_state(run, "pca").state == "ready"
    projection = latent.load_projection(run, "pca")
    assert projection is not None
    test = data.load("digits").test
    np.testing.assert_allclose(projection.codes, run.load_model().encode(test.images), atol=1e-5)
    np.testing.assert_array_equal(projection.labels, test.labels)
    np.testing.assert_array_equal(projection.indices, np.arange(len(test)))
    assert projection.points.dtype == projection.codes.dtype == np.float32
    assert 0 < projection.parameters["trustworthiness"] <= 1
    assert latent.load_projection(run, "pca") is projection  # not read again
    assert sorted(path.suffix for path in run.projection_file("pca").parent.iterdir()) == [".npz"]


def test_nothing_is_done_twice_until_the_weights_change(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    latent.project(run, "pca")
    calls: list[int] = []

    def counted(codes: np.ndarray, progress: object) -> Fit:
        calls.append(len(codes))
        return Fit(np.ascontiguousarray(codes[:, :2]), {})

    monkeypatch.setitem(PROJECTORS, "pca", Projector("pca", "PCA", "", counted, True))
    latent.project(run, "pca")
    assert not calls
    learn_on(run)
    state = latent.projection_state(run, "pca")
    assert (state.state, state.message) == ("absent", "The model has changed since this map was made.")
    assert latent.load_projection(run, "pca") is not None  # the old one can be shown meanwhile
    latent.project(run, "pca")
    assert len(calls) == 1
    assert latent.projection_state(run, "pca").state == "ready"


class Encoder:
    """A model whose codes are given."""

    def __init__(self, codes: np.ndarray) -> None:
        self.codes = codes.astype(np.float32)
        self.code_size = codes.shape[1]

    def encode(self, images: np.ndarray) -> np.ndarray:
        return self.codes[: len(images)]


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (np.full((359, 6), np.nan), "359 of 359 codes"),
        (np.ones((359, 6)), "All codes are the same"),
        (np.arange(359.0)[:, None], "at least 2 numbers, these have 1"),
    ],
)
def test_codes_no_map_can_be_made_of_are_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, codes: np.ndarray, said: str
) -> None:
    monkeypatch.setattr(Run, "load_model", lambda self: Encoder(codes))
    latent.project(run, "pca")
    state = latent.projection_state(run, "pca")
    assert state.state == "failed"
    assert said in state.message
    assert latent.load_projection(run, "pca") is None
    learn_on(run)
    assert latent.projection_state(run, "pca").state == "absent"  # new weights, a new chance


def test_an_unexpected_error_is_shown_and_raised(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(codes: np.ndarray, progress: object) -> Fit:
        raise RuntimeError("boom")

    monkeypatch.setitem(PROJECTORS, "pca", Projector("pca", "PCA", "", broken, True))
    with pytest.raises(RuntimeError, match="boom"):
        latent.project(run, "pca")
    assert latent.projection_state(run, "pca").message == "RuntimeError: boom. Compute it again."


def test_a_classifier_has_no_map(trained: Train) -> None:
    run = trained("softmax", epochs=1)
    latent.project(run, "pca")
    assert "Choose an autoencoder" in latent.projection_state(run, "pca").message


def test_without_its_data_set_the_embedded_digits_are_mapped(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = json.loads((run.folder / "config.json").read_text())
    facts["config"]["dataset"] = "mnist"
    (run.folder / "config.json").write_text(json.dumps(facts))
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path))
    run = Run(run.folder)
    latent.project(run, "pca")
    projection = latent.load_projection(run, "pca")
    assert projection is not None
    assert projection.dataset == "digits"
    assert latent.projection_state(run, "pca").state == "ready"
    monkeypatch.setattr(data, "is_ready", lambda name: True)  # MNIST has come: its digits are wanted now
    assert latent.projection_state(run, "pca").state == "absent"


def test_unknown_methods_and_vanished_runs_are_errors(run: Run) -> None:
    with pytest.raises(ValueError, match="Choose one of: pca, umap"):
        latent.projection_state(run, "../../etc")
    with pytest.raises(ValueError, match="Choose one of: pca, umap"):
        latent.load_projection(run, "tsne")
    os.rename(run.folder, run.folder.with_name("gone"))  # noqa: PTH104
    with pytest.raises(RunNotFound):
        latent.projection_state(Run(run.folder), "pca")


# -- files of strangers


def stored(run: Run) -> dict[str, np.ndarray]:
    """The arrays of the run's map."""
    latent.project(run, "pca")
    with np.load(run.projection_file("pca")) as file:
        return dict(file)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("points", np.zeros((359, 3), np.float32)),
        ("points", np.zeros((359, 2))),
        ("codes", np.zeros((359, 7), np.float32)),
        ("codes", np.zeros((358, 6), np.float32)),
        ("codes", np.full((359, 6), np.inf, np.float32)),
        ("codes", np.zeros(6, np.float32)),
        ("labels", np.full(359, 10)),
        ("labels", np.full(359, -1)),
        ("indices", np.full(359, -5)),
        ("basis", np.zeros((3, 6), np.float32)),
        ("facts", np.frombuffer(b"{", np.uint8)),
        ("facts", np.frombuffer(b"[1]", np.uint8)),
        ("facts", np.frombuffer(b'{"method": "umap", "dataset": "digits"}', np.uint8)),
        ("points", np.array([{"a": 1}], object)),
        ("points", None),
    ],
)
def test_a_stored_map_that_is_wrong_is_refused(run: Run, name: str, value: np.ndarray | None) -> None:
    arrays = stored(run)
    arrays.pop(name)
    if value is not None:
        arrays[name] = value
    np.savez(run.projection_file("pca"), **arrays)
    with pytest.raises(ValueError, match="Compute it again"):
        latent.load_projection(run, "pca")
    assert latent.projection_state(run, "pca").state == "failed"
    latent.project(run, "pca")
    assert latent.projection_state(run, "pca").state == "ready"


def test_a_torn_map_is_refused(run: Run) -> None:
    stored(run)
    path = run.projection_file("pca")
    whole = path.read_bytes()
    for content in (b"", whole[:5000], b"not a zip", bytes(len(whole))):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="Compute it again"):
            latent.load_projection(run, "pca")


def test_a_map_that_unpacks_to_gigabytes_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = stored(run)
    arrays["codes"] = np.zeros((200_000, 6), np.float32)
    monkeypatch.setattr(latent, "_MAX_BYTES", 1 << 20)
    np.savez_compressed(run.projection_file("pca"), **arrays)
    assert run.projection_file("pca").stat().st_size < 1 << 20
    with pytest.raises(ValueError, match="unpacks to more"):
        latent.load_projection(run, "pca")


# -- the process that computes


def lock_of(run: Run) -> Path:
    """The lock a worker holds while it computes."""
    path = run.projection_file("pca").with_suffix(".lock")
    path.parent.mkdir(exist_ok=True)
    return path


def test_computing_lasts_as_long_as_the_lock(run: Run) -> None:
    note = run.projection_file("pca").with_suffix(".json")
    with FileLock(lock_of(run)):
        note.write_text(json.dumps({"fraction": 0.4, "message": "m", "weights_version": run.weights_version()}))
        assert latent.projection_state(run, "pca") == latent.ProjectionState("computing", 0.4, "m")
        note.write_text('{"fraction": "wide", "mes')
        assert latent.projection_state(run, "pca") == latent.ProjectionState("computing", 0.0, "")
    note.write_text(json.dumps({"fraction": 0.4, "message": "m", "weights_version": run.weights_version()}))
    assert latent.projection_state(run, "pca").state == "failed"
    assert "interrupted" in latent.projection_state(run, "pca").message


_STUCK = """
import sys, time
from pathlib import Path
from core import projectors, worker
from core.runs import Run
def forever(codes, progress):
    progress(0.5, "stuck")
    time.sleep(600)
projectors.PROJECTORS["pca"] = projectors.Projector("pca", "PCA", "", forever, True)
worker._project(Run(Path(sys.argv[1])), "pca")
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kill -9 is not of this system")
def test_a_killed_process_is_interrupted_not_computing(run: Run) -> None:
    root = Path(latent.__file__).parent.parent
    process = Popen([sys.executable, "-c", _STUCK, str(run.folder)], cwd=root, stdout=DEVNULL, stderr=PIPE)
    try:
        wait_for(lambda: latent.projection_state(run, "pca").message == "stuck" or process.poll() is not None)
        assert latent.projection_state(run, "pca").state == "computing"
        second = Popen([sys.executable, "-c", _STUCK, str(run.folder)], cwd=root, stdout=DEVNULL, stderr=PIPE)
        assert second.wait(120) == 0  # another process finds the lock held and leaves the work to its holder
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    state = latent.projection_state(run, "pca")
    assert (state.state, state.message) == ("failed", "The computation was interrupted. Compute it again.")
    latent.project(run, "pca")
    assert latent.projection_state(run, "pca").state == "ready"
