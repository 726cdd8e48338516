"""core/models/averaged.py: the mean is what its definition says, answers are of it, and a resumed run is exact."""

from dataclasses import replace

import numpy as np
import pytest

from core.training import loop
from core.training.config import TrainConfig, build
from tests.conftest import small
from tests.models.resuming import unbroken_and_resumed

MODELS = ("softmax", "cnn", "numpy-two-layer", "vae")


def config(model: str, **changes) -> TrainConfig:
    return replace(small(model), epochs=2, averaging=0.9, schedule="one-cycle", lr=0.01, **changes)


@pytest.mark.parametrize("name", MODELS)
def test_the_mean_is_of_the_weights_after_each_step(name, toy):
    settings = config(name)
    averaged, plain = build(settings), build(replace(settings, averaging=0.0))
    means = plain.state_dict()
    for model in (averaged, plain):
        model.seed_step(1)
        for step in range(1, 31):
            part = slice(16 * (step % 20), 16 * (step % 20) + 16)
            model.train_step(toy.train.images[part], toy.train.labels[part], 0.01)
            if model is plain:
                keep = min(0.9, (1 + step) / (10 + step))
                for key, value in plain.state_dict().items():
                    means[key] = keep * means[key] + (1 - keep) * value if value.dtype == np.float32 else value
    for key, value in averaged.state_dict().items():
        np.testing.assert_allclose(value, means[key], rtol=1e-4, atol=1e-6, err_msg=key)
        assert value.dtype == plain.state_dict()[key].dtype
    assert any((averaged.state_dict()[key] != value).any() for key, value in plain.state_dict().items())


@pytest.mark.parametrize("name", MODELS)
def test_answers_are_those_of_a_plain_model_with_the_mean_weights(name, toy):
    settings = config(name)
    averaged, plain = build(settings), build(replace(settings, averaging=0.0))
    for event in loop.fit(averaged, toy, settings):
        if isinstance(event, loop.Epoch):
            plain.load_state_dict(averaged.state_dict())
            assert event.test == plain.evaluate(toy.test.images, toy.test.labels)
            assert averaged.health(toy.train.images[:50], toy.train.labels[:50]) == plain.health(
                toy.train.images[:50], toy.train.labels[:50]
            )
    images = toy.test.images[:20]
    if settings.spec.task == "classify":
        assert (averaged.predict_proba(images) == plain.predict_proba(images)).all()
    else:
        codes = averaged.encode(images)
        assert (codes == plain.encode(images)).all()
        assert (averaged.decode(codes) == plain.decode(codes)).all()


@pytest.mark.parametrize("name", MODELS)
def test_a_resumed_run_ends_as_an_unbroken_one(name, toy):
    settings = config(name, optimizer="adamw")
    unbroken, resumed = unbroken_and_resumed(lambda: build(settings), toy, settings)
    for key, value in unbroken.state_dict().items():
        np.testing.assert_array_equal(value, resumed.state_dict()[key], err_msg=key)
    for key, value in unbroken.optimizer_state().items():
        np.testing.assert_array_equal(value, resumed.optimizer_state()[key], err_msg=key)


def test_what_is_returned_is_a_copy(toy):
    model = build(config("softmax"))
    model.state_dict()["1.weight"][:] = 9
    assert (model.state_dict()["1.weight"] != 9).all()


def test_state_of_a_run_without_a_mean_is_refused():
    plain = build(replace(config("softmax"), averaging=0.0))
    with pytest.raises(ValueError, match=r"without weight averaging\. Train the model again"):
        build(config("softmax")).load_optimizer_state(plain.optimizer_state())


def test_a_number_of_steps_that_cannot_be_is_refused():
    model = build(config("numpy-two-layer"))
    with pytest.raises(ValueError, match="averaged_steps must not be negative, got -10"):
        model.load_optimizer_state(model.optimizer_state() | {"averaged_steps": np.array([-10])})


def test_shares_that_are_none_are_refused():
    with pytest.raises(ValueError, match="averaging must be between"):
        TrainConfig("cnn", averaging=1.0)
