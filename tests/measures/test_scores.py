"""core/measures/scores.py: the figures of a run are those of the weights it keeps, however it ended."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.data import datasets
from core.data.augment import Augmentation, corrupt
from core.measures.reconstruction import mean_squared_errors
from core.measures.scores import SCORES, Figure, Scores, figure_of
from core.runs import recorder
from core.runs.run import Run, Status
from core.runs.store import RunStore
from core.runs.weights import load_model
from tests.conftest import change_weights, compute, expect_refused, small

Train = Callable[..., Run]


def scores_of(run: Run) -> Scores:
    compute(SCORES, run)
    found = SCORES.load_current(run)
    assert found is not None
    return found


def test_a_classifier_is_measured_on_all_test_digits_and_on_all_it_was_trained_with(trained: Train) -> None:
    run = trained("mlp", epochs=1, train_size=0, per_class=20)
    found, model, digits = scores_of(run), load_model(run), datasets.load("digits")
    right = model.predict_proba(digits.test.images).argmax(1) == digits.test.labels
    assert found.test["accuracy"] == pytest.approx(right.mean(), abs=1e-6)
    assert (found.test_count, found.train_count) == (len(digits.test), 200)
    low, high = found.interval() or (0, 0)
    assert low < found.test["accuracy"] < high
    assert found.learned == found.parameters == model.parameter_count


def test_training_is_measured_without_augmentation_and_dropout(trained: Train) -> None:
    run = trained("cnn", epochs=1, train_size=0, augmentation=Augmentation(rotate=40.0, shift=6.0))
    found, model, train = scores_of(run), load_model(run), datasets.load("digits").train
    right = model.predict_proba(train.images).argmax(1) == train.labels
    assert found.train["accuracy"] == pytest.approx(right.mean(), abs=1e-6)


def test_a_denoising_run_has_an_error_on_clean_digits_and_one_under_its_noise(trained: Train) -> None:
    run = trained("autoencoder", epochs=1, noise="gaussian", noise_level=0.4)
    found, model, test = scores_of(run), load_model(run), datasets.load("digits").test
    clean = mean_squared_errors(test.images, model.decode(model.encode(test.images)))
    noisy = corrupt(test.images, "gaussian", 0.4, np.random.default_rng((run.config.seed, 0)))
    cleaned = mean_squared_errors(test.images, model.decode(model.encode(noisy)))
    assert found.test["mse"] == pytest.approx(clean.mean(), rel=1e-4)
    assert found.noisy["mse"] == pytest.approx(cleaned.mean(), rel=1e-4)
    assert found.noisy["mse"] == pytest.approx(run.history().epochs[-1].test["mse"], rel=1e-4)
    figure = figure_of(run)
    assert figure is not None
    assert figure.value == found.test["mse"]


def test_a_variational_run_has_its_bound(trained: Train) -> None:
    found = scores_of(trained("vae", epochs=1))
    assert found.negative_elbo == pytest.approx(found.test["reconstruction"] + found.test["kl"])
    assert np.isnan(scores_of(trained("softmax", epochs=1)).negative_elbo)


def test_a_probe_learns_a_part_of_its_parameters(trained: Train) -> None:
    encoder = trained("autoencoder", epochs=1)
    run = trained("encoder-classifier", source=encoder.id, epochs=1)
    found = scores_of(run)
    assert 0 < found.learned < found.parameters
    assert run.summary().learned == found.learned


def test_the_figure_is_of_the_weights_that_are_kept(trained: Train) -> None:
    run = trained("softmax", epochs=2)
    after = run.history().epochs[-1].test["accuracy"]
    whole = figure_of(run)
    assert whole is not None
    assert whole.value == after  # of the log, while nobody has measured
    assert np.isnan(whole.low)
    assert scores_of(run).test["accuracy"] == pytest.approx(after, abs=1e-5)
    change_weights(run)
    assert SCORES.load_current(run) is None


def test_between_epochs_nothing_is_claimed_before_it_is_measured(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.create(replace(small("softmax"), epochs=3, batch_size=16))
    seen = recorder.Training._apply_request

    def stop_in_the_second_epoch(self: recorder.Training, *what: Any) -> None:
        steps = self.run.history().steps
        if steps and steps[-1].epoch > 1.3:
            self.run.request_stop()
        seen(self, *what)

    monkeypatch.setattr(recorder.Training, "_apply_request", stop_in_the_second_epoch)
    recorder.train(run)
    assert run.status() == Status.STOPPED
    assert not run.summary().whole
    assert figure_of(run) is None
    found, test = scores_of(run), datasets.load("digits").test
    figure = figure_of(run)
    assert figure is not None
    assert figure.value == found.test["accuracy"]
    right = load_model(run).predict_proba(test.images).argmax(1) == test.labels
    assert figure.value == pytest.approx(right.mean(), abs=1e-6)


@pytest.mark.parametrize(
    ("metric", "figure", "text"),
    [
        ("accuracy", (0.9939, 0.9922, 0.9952), "99.39 % (99.22–99.52)"),
        ("accuracy", (0.9939,), "99.39 %"),
        ("mse", (0.00724,), "0.0072"),
    ],
)
def test_a_figure_in_words(metric: str, figure: tuple[float, ...], text: str) -> None:
    assert Figure(metric, *figure).text.replace("\N{NO-BREAK SPACE}", " ") == text


BIG = 10**400
WRONG = [
    *({"test_count": value} for value in (BIG, 1e300, 0, -5, 1.5, "7", None, True, math.nan, math.inf)),
    *({"train_count": value} for value in (BIG, -1)),
    *({"parameters": value} for value in (BIG, 0, 1e300, [])),
    *({"learned": value} for value in (-5, 10**6, BIG, None)),
    *({"test": {"accuracy": value}} for value in (29, -0.1, math.nan, math.inf, BIG, "1", None)),
    *({"noisy": {"accuracy": 2}}, {"train": {"accuracy": -1}}, {"test": 7}, {"test": [0.5]}),
    *({"test": {"mse": value}} for value in (-1, math.inf, math.nan, 1e300, BIG, True)),
    *({"weights_version": value} for value in (math.inf, None, "x")),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: repr(wrong)[:30])
def test_figures_that_cannot_be_are_none(trained: Train, wrong: dict[str, Any]) -> None:
    run = trained("softmax", epochs=1)
    compute(SCORES, run)
    known = figure_of(run)
    assert known is not None
    assert np.isfinite(known.low)
    expect_refused(SCORES, run, wrong)
    claimed = figure_of(run)
    assert claimed is not None  # of its log
    assert np.isnan(claimed.low)
    compute(SCORES, run)
    assert figure_of(run) == known


def test_an_error_beyond_all_measure_is_told_in_few_digits() -> None:
    assert Figure("mse", 1.5e30).text == "1.5e+30"
