"""FGSM and PGD: within epsilon and the range of grey, the same at every call, and the harm they do."""

from collections.abc import Callable

import numpy as np
import pytest

from core.data import datasets
from core.robustness.attacks import STEPS, fgsm, levels, pgd
from core.runs.run import Run
from core.runs.weights import load_model

TEST = datasets.load("digits").test[:120]
MODELS = pytest.mark.parametrize("name", ["mlp", "numpy-two-layer", "cnn"])
PARAMS = {"cnn": {"width": 6}, "mlp": {"hidden": 32}, "numpy-two-layer": {"hidden": 32}}


@pytest.fixture
def model(trained: Callable[..., Run], name: str):
    return load_model(trained(name, epochs=4, train_size=1438, params=PARAMS[name]))


def loss(model, images: np.ndarray) -> np.ndarray:
    right = model.predict_proba(images)[np.arange(len(TEST)), TEST.labels].astype(np.float64)
    return -np.log(right.clip(1e-12, 1))


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@MODELS
def test_they_stay_within_epsilon_and_do_harm(model, name: str) -> None:
    images, clean = TEST.images, loss(model, TEST.images)
    for epsilon in (0.03, 0.1):
        once, often = (attack(model, images, TEST.labels, epsilon, rng()) for attack in (fgsm, pgd))
        for spoilt in (once, often):
            assert spoilt.dtype == np.uint8
            assert np.abs(spoilt.astype(int) - images).max() <= levels(epsilon) <= 255 * epsilon
        assert (pgd(model, images, TEST.labels, epsilon, rng()) == often).all()
        assert loss(model, once).mean() > clean.mean()
        assert loss(model, often).mean() >= loss(model, once).mean() - 0.02
    assert (images == TEST.images).all()


@MODELS
def test_without_room_nothing_changes(model, name: str) -> None:
    for attack in (fgsm, pgd):
        assert (attack(model, TEST.images, TEST.labels, 0.0, rng()) == TEST.images).all()


def test_one_step_is_epsilon_times_the_sign() -> None:
    class Slanted:
        def input_gradient(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
            return np.where(np.arange(28) < 14, 1e-3, -5.0)[None, None].repeat(28, 1).repeat(len(images), 0)

    grey = np.full((5, 28, 28), 100, np.uint8)
    labels = np.zeros(5, np.int64)
    for attack in (fgsm, pgd):  # the steps of the second end at the same corner of the ball
        spoilt = attack(Slanted(), grey, labels, 0.1, rng())
        assert (spoilt[:, :, :14] == 125).all()
        assert (spoilt[:, :, 14:] == 75).all()
    near = fgsm(Slanted(), np.full((1, 28, 28), 250, np.uint8), labels[:1], 0.1, rng())
    assert near.max() == 255


def test_a_level_of_grey_is_never_beyond_epsilon() -> None:
    assert [levels(epsilon) for epsilon in (0.0, 0.03, 0.06, 0.2, 0.3)] == [0, 7, 15, 51, 76]
    assert STEPS >= 10
