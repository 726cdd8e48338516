"""core/measures/reference.py: how unusual an error is, who lies near a code, and measuring it once and only once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from core.data import datasets
from core.jobs import submit
from core.measures import reference
from core.measures.reconstruction import reconstruction_errors
from core.measures.reference import REFERENCE, KnownCodes, Reference, reference_of
from core.runs.requests import requests
from core.runs.run import Run
from core.runs.weights import load_model
from tests.conftest import change_weights, compute

Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder that has learned a little."""
    return trained("autoencoder", params={"hidden": 32, "code_size": 6}, epochs=1)


def listing(folder: Path) -> dict[Path, int]:
    """Every file and folder below one, with when it was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_stranger_is_the_share_of_test_digits_redrawn_better() -> None:
    errors = np.random.default_rng(0).gamma(2, 0.01, 5000)
    measured = Reference(np.quantile(errors, np.linspace(0, 1, 1001)), "digits", 1, ("", 0, 0))
    for error in (0.001, 0.01, 0.02, 0.05, float(np.median(errors))):
        assert measured.error_percentile(error) == pytest.approx((errors < error).mean(), abs=2e-3)
    assert measured.error_percentile(0) == 0
    assert measured.error_percentile(1) == 1
    even = Reference(np.full(1001, 0.01), "digits", 1, ("", 0, 0))
    assert [even.error_percentile(error) for error in (0.009, 0.01, 0.011)] == [0, 0, 1]


@pytest.mark.parametrize("size", [1, 2, 20, 300])
def test_the_nearest_codes_are_those_of_a_plain_search(size: int) -> None:
    rng = np.random.default_rng(size)
    labels = np.sort(rng.integers(0, 10, 500))
    codes = (rng.normal(0, 1, (500, size)) + 100).astype(np.float32)  # far from 0, where float32 is coarse
    known = KnownCodes(codes, labels, rng.permutation(500))
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
    known = KnownCodes(np.eye(3, dtype=np.float32), np.array([0, 4, 4]), np.arange(3))
    near, classes = known.around(np.zeros(3, np.float32), 8)
    assert near == [(0, 0, 1.0), (1, 4, 1.0), (2, 4, 1.0)]
    assert classes == [(0, 0, 1.0), (1, 4, 1.0)]


def test_a_run_is_measured_against_its_own_digits(run: Run) -> None:
    assert REFERENCE.load_current(run) is None
    assert REFERENCE.state(run).state == "absent"
    compute(REFERENCE, run)
    found = REFERENCE.load_current(run)
    assert found is not None
    assert REFERENCE.state(run).state == "ready"
    opened = datasets.load("digits")
    errors = reconstruction_errors(load_model(run), opened.test.images)
    assert found.quantiles[[0, 500, 1000]] == pytest.approx(np.quantile(errors, [0, 0.5, 1]))
    codes = load_model(run).encode(opened.train.images)
    near, classes = found.around(codes[100], 1)
    assert near == [(100, int(opened.train.labels[100]), pytest.approx(0, abs=1e-3))]
    assert len(classes) == 10


def test_nothing_is_measured_twice_until_the_weights_change(run: Run) -> None:
    compute(REFERENCE, run)
    path = run.projection_file("reference")
    before = path.stat().st_mtime_ns
    compute(REFERENCE, run)
    assert path.stat().st_mtime_ns == before
    change_weights(run)
    assert REFERENCE.load_current(run) is None
    compute(REFERENCE, run)
    assert REFERENCE.load_current(run) is not None


def test_whoever_asks_for_it_only_reads(run: Run, submitted: list[Any]) -> None:
    before = listing(run.folder.parent)
    assert [reference_of(run) for _ in range(5)] == [None] * 5
    assert listing(run.folder.parent) == before
    assert not submitted
    compute(REFERENCE, run)
    before = listing(run.folder.parent)
    found = reference_of(run)
    assert found is not None
    assert reference_of(run) is found  # not read again
    assert listing(run.folder.parent) == before
    assert not submitted


def test_a_run_is_measured_only_when_asked_and_once(run: Run, submitted: list[Any]) -> None:
    assert reference_of(run) is None
    assert REFERENCE.state(run).state == "absent"
    for _ in range(3):
        submit.request(REFERENCE, run)
    assert [asked.key for asked in requests(run.folder.parent)] == [f"reference.{run.id}"]
    assert reference_of(run) is None  # asked for is not there
    compute(REFERENCE, run)
    assert reference_of(run) is not None
    assert requests(run.folder.parent) == []


def test_while_it_is_measured_there_is_none_yet(run: Run) -> None:
    job = REFERENCE.job(run)
    job.lock.parent.mkdir(exist_ok=True)
    with FileLock(job.lock):
        assert reference_of(run) is None
        assert REFERENCE.state(run).state == "computing"


def test_one_of_older_weights_is_none(run: Run) -> None:
    compute(REFERENCE, run)
    change_weights(run)
    assert reference_of(run) is None
    assert REFERENCE.state(run).message == "The model has changed since this was computed."


class Broken:
    """A model whose codes are no numbers."""

    def encode(self, images: np.ndarray) -> np.ndarray:
        return np.full((len(images), 3), np.nan, np.float32)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return np.zeros((len(codes), 28, 28), np.float32)


def test_a_failure_is_a_sentence_for_everybody_who_asks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("core.measures.reference.load_model", lambda run: Broken())
        compute(REFERENCE, run)
    assert REFERENCE.state(run).state == "failed"
    before = listing(run.folder.parent)
    for _ in range(2):
        with pytest.raises(ValueError, match="codes are not finite numbers"):
            reference_of(run)
    assert listing(run.folder.parent) == before
    compute(REFERENCE, run)
    assert REFERENCE.state(run).state == "ready"
    assert reference_of(run) is not None


def test_an_unexpected_error_is_kept_and_raised(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def boom(*args: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(reference, "reconstruction_errors", boom)
    with pytest.raises(RuntimeError, match="boom"):
        compute(REFERENCE, run)
    assert REFERENCE.state(run).message == "RuntimeError: boom. Try it again."


def test_a_classifier_has_none_and_a_deleted_run_neither(trained: Train, runs: object, tmp_path: Path) -> None:
    run = trained(epochs=1)
    compute(REFERENCE, run)
    assert "Choose an autoencoder" in REFERENCE.state(run).message
    compute(REFERENCE, Run(tmp_path / "gone"))  # ends quietly
    assert REFERENCE.load_current(Run(tmp_path / "gone")) is None


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
    compute(REFERENCE, run)
    with np.load(run.projection_file("reference")) as file:
        arrays = dict(file)
    np.savez(run.projection_file("reference"), **{**arrays, name: value})
    assert REFERENCE.load_current(run) is None
    compute(REFERENCE, run)
    assert REFERENCE.load_current(run) is not None


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
    compute(REFERENCE, run)
    with np.load(run.projection_file("reference")) as file:
        arrays = dict(file)
    assert len(arrays["codes"]) == 1438
    np.savez(run.projection_file("reference"), **{**arrays, name: value})
    found = REFERENCE.load_current(run)
    assert found is not None
    with pytest.raises(ValueError, match="are made anew"):
        found.around(np.zeros(6, np.float32), 8)


def test_a_torn_file_is_no_reference(run: Run) -> None:
    compute(REFERENCE, run)
    path = run.projection_file("reference")
    whole = path.read_bytes()
    for content in (b"", whole[:3000], b"not a zip", bytes(len(whole))):
        path.write_bytes(content)
        assert REFERENCE.load_current(run) is None
