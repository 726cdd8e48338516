"""core/measures/reference.py: how strange an error is, who lies near a code, and measuring it once and only once."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from core import worker
from core.data import datasets
from core.jobs import state, submit
from core.measures import on_demand, reference
from core.measures.on_demand import wanted
from core.measures.reconstruction import reconstruction_errors
from core.measures.reference import Codes, Reference, load_reference, measure, reference_state
from core.runs.run import Run
from core.runs.weights import load_model

Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder that has learned a little."""
    return trained("autoencoder", params={"hidden": 32, "code_size": 6}, epochs=1)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """What is handed to workers; nothing is measured then."""
    jobs: list[Run] = []
    monkeypatch.setattr(submit, "submit", lambda job: jobs.append(Run(Path(job["folder"]))))
    monkeypatch.setattr(on_demand, "_asked", {})
    monkeypatch.setattr(on_demand, "_begun", [])
    return jobs


def test_stranger_is_the_share_of_test_digits_redrawn_better() -> None:
    errors = np.random.default_rng(0).gamma(2, 0.01, 5000)
    measured = Reference(np.quantile(errors, np.linspace(0, 1, 1001)), "digits", 1, ("", 0, 0))
    for error in (0.001, 0.01, 0.02, 0.05, float(np.median(errors))):
        assert measured.stranger(error) == pytest.approx((errors < error).mean(), abs=2e-3)
    assert measured.stranger(0) == 0
    assert measured.stranger(1) == 1
    even = Reference(np.full(1001, 0.01), "digits", 1, ("", 0, 0))
    assert [even.stranger(error) for error in (0.009, 0.01, 0.011)] == [0, 0, 1]


@pytest.mark.parametrize("size", [1, 2, 20, 300])
def test_the_nearest_codes_are_those_of_a_plain_search(size: int) -> None:
    rng = np.random.default_rng(size)
    labels = np.sort(rng.integers(0, 10, 500))
    codes = (rng.normal(0, 1, (500, size)) + 100).astype(np.float32)  # far from 0, where float32 is coarse
    known = Codes(codes, labels, rng.permutation(500))
    for code in (codes[3], codes[7] + 0.5, np.full(size, -50, np.float32)):
        distances = np.linalg.norm(codes.astype(np.float64) - code, axis=1)
        near, classes = known.around(code, 8)
        np.testing.assert_allclose([distance for _, _, distance in near], np.sort(distances)[:8], atol=1e-3)
        best = {label: distances[labels == label].min() for label in np.unique(labels)}
        assert {label: pytest.approx(distance, abs=1e-3) for _, label, distance in classes} == best
        row_of = {index: row for row, index in enumerate(known.indices.tolist())}
        for index, label, distance in near + classes:
            assert labels[row_of[index]] == label
            assert distances[row_of[index]] == pytest.approx(distance, abs=1e-3)


def test_few_codes_are_all_near() -> None:
    known = Codes(np.eye(3, dtype=np.float32), np.array([0, 4, 4]), np.arange(3))
    near, classes = known.around(np.zeros(3, np.float32), 8)
    assert near == [(0, 0, 1.0), (1, 4, 1.0), (2, 4, 1.0)]
    assert classes == [(0, 0, 1.0), (1, 4, 1.0)]


def test_a_run_is_measured_against_its_own_digits(run: Run) -> None:
    assert load_reference(run) is None
    assert reference_state(run).state == "absent"
    worker._measure_reference(run)
    found = load_reference(run)
    assert found is not None
    assert reference_state(run).state == "ready"
    opened = datasets.load("digits")
    errors = reconstruction_errors(load_model(run), opened.test.images)
    assert found.quantiles[[0, 500, 1000]] == pytest.approx(np.quantile(errors, [0, 0.5, 1]))
    codes = load_model(run).encode(opened.train.images)
    near, classes = found.around(codes[100], 1)
    assert near == [(100, int(opened.train.labels[100]), pytest.approx(0, abs=1e-3))]
    assert len(classes) == 10


def test_nothing_is_measured_twice_until_the_weights_change(run: Run) -> None:
    measure(run)
    path = run.projection_file("reference")
    before = path.stat().st_mtime_ns
    measure(run)
    assert path.stat().st_mtime_ns == before
    os.utime(run.folder / "weights.safetensors", ns=(run.weights_version() + 10**9,) * 2)
    assert load_reference(run) is None
    measure(run)
    assert load_reference(run) is not None


def test_who_wants_it_has_it_measured_once(run: Run, asked: list[Run]) -> None:
    assert [wanted(run) for _ in range(5)] == [None] * 5
    assert asked == [run]
    measure(run)
    assert wanted(run) is not None
    assert asked == [run]


def test_runs_take_turns_to_be_measured(run: Run, trained: Train, asked: list[Run]) -> None:
    other = trained("autoencoder", params={"hidden": 16, "code_size": 4}, epochs=1)
    assert wanted(run) is None
    assert wanted(other) is None
    assert asked == [run]
    measure(run)
    assert wanted(other) is None
    assert asked == [run, other]
    shutil.rmtree(other.folder)  # deleted meanwhile, it holds up nobody
    third = trained("autoencoder", params={"hidden": 8, "code_size": 3}, epochs=1)
    assert wanted(third) is None
    assert asked == [run, other, third]


def test_a_worker_that_is_killed_is_replaced_but_not_forever(
    run: Run, asked: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_demand, "_PATIENCE_S", 0.0)
    assert [wanted(run) for _ in range(3)] == [None] * 3
    with pytest.raises(ValueError, match="its process ended 3 times"):
        wanted(run)
    assert len(asked) == 3
    lock = state.lock_of(run, "reference")
    lock.parent.mkdir(exist_ok=True)
    with FileLock(lock):
        assert wanted(run) is None  # somebody is at it


def test_a_run_that_trains_is_measured_at_its_end(run: Run, asked: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "active", lambda self: True)
    monkeypatch.setattr(on_demand, "_LOOK_AGAIN_S", 0.0)
    assert wanted(run) is None
    assert not asked
    monkeypatch.setattr(Run, "active", lambda self: False)
    assert wanted(run) is None
    assert asked == [run]


class Broken:
    """A model whose codes are no numbers."""

    def encode(self, images: np.ndarray) -> np.ndarray:
        return np.full((len(images), 3), np.nan, np.float32)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return np.zeros((len(codes), 28, 28), np.float32)


def test_a_failure_is_a_sentence_for_everybody_who_asks(
    run: Run, asked: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.measures.reference.load_model", lambda run: Broken())
    assert wanted(run) is None
    measure(run)
    assert reference_state(run).state == "failed"
    for _ in range(2):
        with pytest.raises(ValueError, match="codes are not finite numbers"):
            wanted(run)
    assert asked == [run]
    monkeypatch.undo()
    measure(run)
    assert reference_state(run).state == "ready"


def test_an_unexpected_error_is_kept_and_raised(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def boom(*args: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(reference, "reconstruction_errors", boom)
    with pytest.raises(RuntimeError, match="boom"):
        measure(run)
    assert reference_state(run).message == "RuntimeError: boom. Try it again."


def test_a_classifier_has_none_and_a_deleted_run_neither(trained: Train, runs: object, tmp_path: Path) -> None:
    run = trained(epochs=1)
    measure(run)
    assert "Choose an autoencoder" in reference_state(run).message
    worker._measure_reference(Run(tmp_path / "gone"))  # ends quietly
    assert load_reference(Run(tmp_path / "gone")) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quantiles", np.zeros(5)),
        ("quantiles", np.full(1001, np.nan)),
        ("quantiles", np.linspace(1, 0, 1001)),
        ("facts", np.frombuffer(b"{", np.uint8)),
        ("facts", np.frombuffer(b"[]", np.uint8)),
    ],
)
def test_a_stored_reference_that_is_wrong_is_measured_anew(run: Run, name: str, value: np.ndarray) -> None:
    measure(run)
    with np.load(run.projection_file("reference")) as file:
        arrays = dict(file)
    np.savez(run.projection_file("reference"), **{**arrays, name: value})
    assert load_reference(run) is None
    measure(run)
    assert load_reference(run) is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("codes", np.zeros((5, 6), np.float32)),
        ("codes", np.full((1438, 6), np.inf, np.float32)),
        ("labels", np.full(1438, 10)),
        ("labels", np.arange(1438) % 10),
        ("indices", np.full(1438, 10_000)),
    ],
)
def test_stored_codes_that_are_wrong_are_a_sentence(run: Run, name: str, value: np.ndarray) -> None:
    measure(run)
    with np.load(run.projection_file("reference")) as file:
        arrays = dict(file)
    assert len(arrays["codes"]) == 1438
    np.savez(run.projection_file("reference"), **{**arrays, name: value})
    found = load_reference(run)
    assert found is not None
    with pytest.raises(ValueError, match="are made anew"):
        found.around(np.zeros(6, np.float32), 8)


def test_a_torn_file_is_no_reference(run: Run) -> None:
    measure(run)
    path = run.projection_file("reference")
    whole = path.read_bytes()
    for content in (b"", whole[:3000], b"not a zip", bytes(len(whole))):
        path.write_bytes(content)
        assert load_reference(run) is None
