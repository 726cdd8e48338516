"""core/measures/calibration.py: the temperature is the best one, changes no answer, and is judged on other digits."""

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

from core.data import datasets
from core.live.growth import probabilities
from core.measures.calibration import CALIBRATION, HIGH, LOW, calibrate, calibration_error, fit_temperature
from core.runs.run import Run
from core.runs.weights import load_model
from tests.conftest import change_weights, compute, expect_refused

Train = Callable[..., Run]


def drawn(temperature: float, count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a model that is calibrated at this temperature, and labels drawn from them as they are then."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (count, 10))
    right = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (right.cumsum(1) > rng.random((count, 1))).argmax(1)
    said = np.exp(logits * temperature)
    return said / said.sum(1, keepdims=True), labels


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_the_labels_were_drawn_at_is_found(temperature: float) -> None:
    said, labels = drawn(temperature)
    found = fit_temperature(said, labels)
    assert found == pytest.approx(temperature, rel=0.03)
    losses = [log_loss(labels, calibrate(said, t)) for t in (found, found * 0.97, found * 1.03)]
    assert losses[0] == min(losses)
    assert calibration_error(calibrate(said, found), labels) < 0.02


@pytest.mark.parametrize("temperature", [LOW, 0.5, 1.0, HIGH])
def test_no_temperature_changes_an_answer(temperature: float) -> None:
    said, _ = drawn(1.0, 500)
    scaled = calibrate(said, temperature)
    np.testing.assert_array_equal(scaled.argmax(1), said.argmax(1))
    np.testing.assert_allclose(scaled.sum(1), 1)
    np.testing.assert_allclose(calibrate(said, 1.0), said, atol=1e-9)


def test_certainty_beyond_all_numbers_stays_a_probability() -> None:
    certain = np.eye(10, dtype=np.float32)
    assert np.isfinite(calibrate(certain, LOW)).all()
    assert LOW <= fit_temperature(certain, np.arange(10)) < 1
    assert fit_temperature(certain, np.arange(10)[::-1]) == pytest.approx(HIGH, rel=0.01)


def test_the_error_by_hand() -> None:
    said = np.array([[0.6, 0.4], [0.6, 0.4], [0.95, 0.05], [0.95, 0.05]])
    labels = np.array([0, 1, 0, 0])
    assert calibration_error(said, labels) == pytest.approx(0.5 * abs(0.5 - 0.6) + 0.5 * abs(1 - 0.95))
    edge = np.array([[2 / 3, 1 / 3]])  # belongs to the bin below
    assert calibration_error(edge, np.array([0])) == pytest.approx(1 / 3)


def test_it_is_fitted_on_one_half_and_judged_on_the_other(trained: Train) -> None:
    run = trained("mlp", epochs=3)
    compute(CALIBRATION, run)
    found = CALIBRATION.load_current(run)
    assert found
    test = datasets.load("digits").test
    said = load_model(run).predict_proba(test.images)
    assert found.temperature == pytest.approx(fit_temperature(said[0::2], test.labels[0::2]), rel=1e-3)
    after = calibrate(said[1::2], found.temperature)
    assert found.nll == pytest.approx(log_loss(test.labels[1::2], after, labels=range(10)), rel=1e-4)
    assert found.ece == pytest.approx(calibration_error(after, test.labels[1::2]), abs=1e-4)
    assert (found.count, found.accuracy) == (len(after), (after.argmax(1) == test.labels[1::2]).mean())
    assert all(np.isfinite(value) for value in asdict(found).values() if isinstance(value, float))


def test_answers_are_calibrated_where_that_is_asked_for_and_known(trained: Train) -> None:
    run, images = trained("mlp", epochs=3), datasets.load("digits").test.images[:4]
    plain = probabilities(run, images)
    assert probabilities(run, images, calibrated=True) == plain  # nothing is known yet
    compute(CALIBRATION, run)
    found = CALIBRATION.load_current(run)
    assert found
    np.testing.assert_allclose(
        probabilities(run, images, calibrated=True),
        calibrate(load_model(run).predict_proba(images), found.temperature),
        atol=1e-5,
    )
    assert probabilities(run, images) == plain
    change_weights(run)
    assert probabilities(run, images, calibrated=True) == probabilities(run, images)


def test_of_an_autoencoder_there_is_none(trained: Train) -> None:
    run = trained("autoencoder", epochs=1)
    compute(CALIBRATION, run)
    assert CALIBRATION.load(run) is None


@pytest.mark.parametrize(
    "wrong",
    [
        *({"accuracy": value} for value in (29, -0.1, 1.01, math.nan, 10**400, "1", None)),
        *({"count": value} for value in (-5, 0, 1.5, 10**400, 1e300, None, True)),
        *({"confidence": 1.5}, {"confidence_before": -1}, {"ece": 2}, {"ece_before": math.inf}),
        *({"nll": 29}, {"nll_before": -1}, {"temperature": 0}, {"temperature": 21}, {"weights_version": math.inf}),
    ],
    ids=lambda wrong: repr(wrong)[:30],
)
def test_figures_that_cannot_be_are_none(trained: Train, wrong: dict[str, Any]) -> None:
    run = trained("softmax", epochs=1)
    compute(CALIBRATION, run)
    expect_refused(CALIBRATION, run, wrong)
