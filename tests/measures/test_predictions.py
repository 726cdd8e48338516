"""Predictions: what a classifier reads in every digit, measured once and only once, and what a torn file does."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from filelock import FileLock

from core.data import datasets, samples
from core.measures.predictions import PREDICTIONS, Predictions, judge, rounded_logs
from core.runs.run import Run
from core.runs.weights import load_model
from tests.conftest import change_weights, compute

Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    """A small classifier that has learned a little."""
    return trained("softmax")


def test_the_loss_is_the_cross_entropy_by_hand() -> None:
    probabilities = np.zeros((3, 10), np.float32)
    probabilities[0, 4], probabilities[0, 2] = 0.75, 0.25
    probabilities[1, 9] = 1
    probabilities[2] = 0.1
    predicted, loss = judge(probabilities, np.array([2, 3, 0]))
    assert predicted.tolist() == [4, 9, 0]
    assert loss == pytest.approx([np.log(4), -np.log(1e-12), np.log(10)], rel=1e-5)
    assert (predicted.dtype, loss.dtype) == (np.uint8, np.float32)


def test_of_a_reader_that_is_sure_it_is_kept_how_sure() -> None:
    """1 - 1e-5 as a float16 would be 1."""
    sure = np.log(np.array([[1 - 1e-5, *[1e-5 / 9] * 9]])).astype(np.float16)
    found = Predictions(np.zeros(1, np.uint8), np.zeros(1, np.float32), sure, "digits", 1, "")
    assert 1 - found.probabilities()[0, 0] == pytest.approx(1e-5, rel=0.01)


def test_rounding_makes_no_other_class_the_most_probable() -> None:
    near = np.array([[0.40001, 0.4, 0.19999], [0.4, 0.40001, 0.19999], [0.2, 0.4, 0.4]])
    predicted = np.array([0, 1, 2], np.uint8)
    logs = rounded_logs(near, predicted)
    assert logs.dtype == np.float16
    assert (logs.argmax(1) == predicted).all()
    assert (np.sort(logs, 1)[:, -1] > np.sort(logs, 1)[:, -2]).all()
    np.testing.assert_allclose(np.exp(logs.astype(float)), near, rtol=2e-3)


def test_probabilities_that_are_no_numbers_are_a_sentence() -> None:
    with pytest.raises(ValueError, match="Train it again"):
        judge(np.full((1, 10), np.nan, np.float32), np.array([0]))


@pytest.mark.parametrize("sample", ["test", "all"])
def test_a_sample_is_read_in_the_canonical_order(run: Run, sample: str) -> None:
    assert PREDICTIONS.load(run, sample) is None
    assert PREDICTIONS.state(run, sample).state == "absent"
    compute(PREDICTIONS, run, sample)
    assert PREDICTIONS.state(run, sample).state == "ready"
    found = PREDICTIONS.load(run, sample)
    assert found is not None
    opened, model = datasets.load("digits"), load_model(run)
    parts = [opened.test] if sample == "test" else [opened.test, opened.train]
    expected = np.concatenate([model.predict_proba(split.images) for split in parts])
    labels = np.concatenate([split.labels for split in parts])
    # Probabilities of other batches may differ in their last digits, and with them which of two equal ones is larger.
    np.testing.assert_allclose(expected[np.arange(len(labels)), found.predicted], expected.max(1), rtol=1e-4)
    np.testing.assert_allclose(found.loss, -np.log(expected[np.arange(len(labels)), labels]), rtol=1e-4, atol=1e-6)
    kept = found.probabilities()
    np.testing.assert_allclose(kept, expected, rtol=0.005, atol=5e-4)  # float16 keeps three digits of their logarithm
    assert kept.sum(1) == pytest.approx(1)
    assert (kept.argmax(1) == found.predicted).all()
    assert (found.probabilities(slice(3, 7)) == kept[3:7]).all()
    largest, second = -np.sort(-expected)[:, :2].T
    tied = float((largest - second <= 1e-4 * largest).mean())
    right = float((found.predicted == labels).mean())
    accuracy = model.evaluate(np.concatenate([s.images for s in parts]), labels)["accuracy"]
    assert right == pytest.approx(accuracy, abs=tied + 1e-6)
    assert tied < 0.01


def test_nothing_is_read_twice_and_new_weights_are(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    compute(PREDICTIONS, run, "test")
    before = PREDICTIONS.load(run, "test")
    asked: list[str] = []
    real = samples.batches_of
    monkeypatch.setattr(samples, "batches_of", lambda *which: asked.append(which[1]) or real(*which))
    compute(PREDICTIONS, run, "test")
    assert not asked
    change_weights(run)
    assert PREDICTIONS.state(run, "test").state == "absent"
    assert PREDICTIONS.load(run, "test") is not None  # the old ones are shown until then
    compute(PREDICTIONS, run, "test")
    after = PREDICTIONS.load(run, "test")
    assert before is not None
    assert after is not None
    assert (asked, after.version != before.version) == (["test"], True)


def test_an_autoencoder_is_told_to_be_none(trained: Train) -> None:
    run = trained("autoencoder", params={"hidden": 16, "code_size": 4}, epochs=1)
    compute(PREDICTIONS, run, "test")
    work = PREDICTIONS.state(run, "test")
    assert (work.state, "Choose a classifier" in work.message) == ("failed", True)


def test_a_sample_that_is_none_is_a_sentence(run: Run) -> None:
    with pytest.raises(ValueError, match="Choose one of: test, all"):
        PREDICTIONS.job(run, "../../etc")


def test_while_a_worker_holds_the_lock_it_is_computing(run: Run) -> None:
    job = PREDICTIONS.job(run, "test")
    job.lock.parent.mkdir(exist_ok=True)
    with FileLock(job.lock):
        assert PREDICTIONS.state(run, "test").state == "computing"


def _facts(**changes: object) -> np.ndarray:
    return np.frombuffer(json.dumps({"dataset": "digits", "weights_version": 1, **changes}).encode(), np.uint8)


GOOD = {
    "predicted": np.zeros(359, np.uint8),
    "loss": np.zeros(359, np.float32),
    "log_probabilities": np.full((359, 10), -2, np.float16),
    "facts": _facts(),
}


@pytest.mark.parametrize(
    "changes",
    [
        {"predicted": np.full(359, 10, np.uint8)},
        {"predicted": np.zeros(359, np.int64)},
        {"predicted": np.zeros((359, 1), np.uint8)},
        {"predicted": np.zeros(0, np.uint8)},
        {"predicted": np.zeros(358, np.uint8), "loss": np.zeros(358, np.float32)},
        {"loss": np.zeros(358, np.float32)},
        {"loss": np.full(359, np.nan, np.float32)},
        {"loss": np.full(359, -1, np.float32)},
        {"loss": np.array([None] * 359)},
        {"log_probabilities": np.full((359, 9), -2, np.float16)},
        {"log_probabilities": np.full((359, 10), -2, np.float32)},
        {"log_probabilities": np.full((359, 10), 0.5, np.float16)},
        {"log_probabilities": np.full((359, 10), np.nan, np.float16)},
        {"log_probabilities": np.full((359, 10), -np.inf, np.float16)},
        {"facts": np.frombuffer(b"[1]", np.uint8)},
        {"facts": np.frombuffer(b"{", np.uint8)},
        {"facts": _facts(weights_version="x")},
        {"facts": _facts(weights_version=np.inf)},
        {"facts": _facts(dataset="nothing")},
    ],
)
def test_a_file_that_holds_no_readings_counts_as_none(run: Run, changes: dict[str, np.ndarray]) -> None:
    path = run.projection_file("readings-test")
    path.parent.mkdir(exist_ok=True)
    np.savez(path, **GOOD)  # type: ignore[arg-type]
    assert PREDICTIONS.load(run, "test") is not None
    np.savez(path, **{**GOOD, **changes})  # type: ignore[arg-type]
    assert PREDICTIONS.load(run, "test") is None


def test_a_torn_or_huge_file_counts_as_none(run: Run) -> None:
    compute(PREDICTIONS, run, "test")
    path = run.projection_file("readings-test")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert PREDICTIONS.load(run, "test") is None
    path.write_bytes(whole)
    os.utime(path, ns=(1, 1))
    assert PREDICTIONS.load(run, "test") is not None
    assert replace(PREDICTIONS, most=len(whole) - 1).load(run, "test") is None


def test_a_run_that_is_gone_has_none(run: Run) -> None:
    shutil.rmtree(run.folder)
    assert PREDICTIONS.load(run, "test") is None
