"""The contract that every row of MODELS meets that learns by steps."""

import numpy as np
import pytest

from core.models import MODELS
from core.training import loop
from core.training.config import OPTIMIZERS, TrainConfig, build
from tests.models.resuming import unbroken_and_resumed

STEPPED = [name for name, spec in MODELS.items() if spec.learns == "by steps"]  # the others: see test_fitted.py
EVERY = pytest.mark.parametrize("name", STEPPED)
CLASSIFIERS = [name for name in STEPPED if MODELS[name].task == "classify"]
AUTOENCODERS = [name for name in STEPPED if MODELS[name].task == "reconstruct"]


# Of the costly ones a small size shows the same.
SMALL = {
    "cnn": {"width": 6},
    "conv-autoencoder": {"width": 6},
    "conv-vae": {"width": 6},
    "fc-autoencoder": {"hidden": "256-128-64"},
    "numpy-autoencoder": {"hidden": "128-64"},
}


def config(name, params=None, **changes):
    source = "another-run" if MODELS[name].source else ""
    settings = {"epochs": 3, "batch_size": 50, "lr": 0.003, **changes}
    return TrainConfig(name, source=source, params=SMALL.get(name, {}) | (params or {}), **settings)


def built(settings):
    """The model of a config, on a fresh autoencoder where it stands on one."""
    source = build(TrainConfig("autoencoder")) if settings.source else None
    return build(settings, source)


def epochs(name, data, **changes):
    model = built(config(name, **changes))
    events = list(loop.fit(model, data, config(name, **changes)))
    return model, [event for event in events if isinstance(event, loop.Epoch)]


@pytest.mark.slow
@EVERY
def test_learns_the_toy_set(name, toy):
    # The features of an untrained encoder are small, so the layer on top of them takes larger steps; stacked ReLUs
    # without batch norm die of steps that others bear.
    lr = {"encoder-classifier": 0.05, "fc-autoencoder": 0.001}.get(name, 0.003)
    before = built(config(name)).evaluate(toy.test.images, toy.test.labels)
    _, log = epochs(name, toy, epochs=12, lr=lr)
    after = log[-1].test
    assert after["loss"] < before["loss"]
    if name in CLASSIFIERS:
        assert after["accuracy"] > 0.95
    else:
        assert after["mse"] < 0.5 * before["mse"]


@pytest.mark.slow
@EVERY
def test_same_config_same_numbers_twice(name, toy):
    first, log = epochs(name, toy)
    second, again = epochs(name, toy)
    assert log == again
    for key, value in first.state_dict().items():
        np.testing.assert_array_equal(value, second.state_dict()[key], err_msg=key)


@EVERY
def test_another_seed_gives_another_model(name):
    first, second = (built(config(name, seed=seed)).state_dict() for seed in (0, 1))
    assert any(not np.array_equal(first[key], second[key]) for key in first)


@EVERY
def test_weights_go_round_bit_for_bit(name, toy):
    trained, _ = epochs(name, toy, epochs=1)
    fresh = built(config(name, seed=7))
    fresh.load_state_dict(trained.state_dict())
    for key, value in trained.state_dict().items():
        np.testing.assert_array_equal(value, fresh.state_dict()[key], err_msg=key)
    assert fresh.evaluate(toy.test.images, toy.test.labels) == trained.evaluate(toy.test.images, toy.test.labels)


@pytest.mark.slow
@EVERY
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_from_stored_state_exactly(name, optimizer, toy):
    settings = config(name, optimizer=optimizer, epochs=2, schedule="one-cycle", lr=0.01)
    unbroken, resumed = unbroken_and_resumed(lambda: built(settings), toy, settings)
    for key, value in unbroken.state_dict().items():
        np.testing.assert_array_equal(value, resumed.state_dict()[key], err_msg=key)


@EVERY
def test_foreign_weights_are_refused(name):
    model = built(config(name))
    state = model.state_dict()
    key = next(iter(state))
    with pytest.raises(ValueError, match="another model"):
        model.load_state_dict({**state, "extra": state[key]})
    with pytest.raises(ValueError, match="shape"):
        model.load_state_dict({**state, key: np.zeros((3, 3), np.float32)})


@EVERY
def test_health_names_every_layer_and_changes_nothing(name, toy):
    images, labels = toy.train.images[:50], toy.train.labels[:50]
    looked_at, left_alone = built(config(name)), built(config(name))
    for model in (looked_at, left_alone):
        model.seed_step(3)
        model.train_step(images, labels, 0.01)
    health = looked_at.health(images, labels)
    assert health == looked_at.health(images, labels)
    matrices = sum(value.ndim > 1 for value in looked_at.state_dict().values())
    assert len(health) == matrices
    for measures in health.values():
        assert (
            {"gradient_norm", "weight_norm"} <= set(measures) <= {"gradient_norm", "weight_norm", "dead", "saturated"}
        )
        assert np.isfinite(list(measures.values())).all()
        assert measures["weight_norm"] > 0
    assert any(measures["gradient_norm"] > 0 for measures in health.values())
    steps = []
    for model in (looked_at, left_alone):
        model.seed_step(4)
        steps.append(model.train_step(images, labels, 0.01))
    assert steps[0] == steps[1]
    for key, value in left_alone.state_dict().items():
        np.testing.assert_array_equal(value, looked_at.state_dict()[key], err_msg=key)


@pytest.mark.parametrize("name", AUTOENCODERS)
def test_an_autoencoder_learns_towards_its_targets(name, toy):
    images, labels = toy.train.images[:50], toy.train.labels[:50]
    white = np.full_like(images, 255)
    model = built(config(name))
    model.seed_step(0)
    assert model.evaluate(images, labels) == model.evaluate(images, labels, images.copy())
    darkness = [1 - model.decode(model.encode(images))]
    for _ in range(30):
        model.train_step(images, labels, 0.003, white)
    darkness.append(1 - model.decode(model.encode(images)))
    assert (darkness[1] ** 2).mean() < 0.5 * (darkness[0] ** 2).mean()
    assert model.evaluate(images, labels, white)["mse"] == pytest.approx((darkness[1] ** 2).mean(), rel=1e-3)


@EVERY
def test_learning_leaves_the_images_alone(name, toy):
    images = toy.train.images[:50].copy()
    built(config(name)).train_step(images, toy.train.labels[:50], 0.01)
    np.testing.assert_array_equal(images, toy.train.images[:50])


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("n", [1, 7])
def test_probabilities(name, n, toy):
    probabilities = built(config(name)).predict_proba(toy.test.images[:n])
    assert probabilities.shape == (n, 10)
    assert probabilities.dtype == np.float32
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("name", AUTOENCODERS)
@pytest.mark.parametrize("code_size", [2, 64])
def test_encode_and_decode_fit_together(name, code_size, toy):
    model = built(config(name, params={"code_size": code_size}))
    codes = model.encode(toy.test.images[:7])
    images = model.decode(codes)
    assert model.code_size == code_size
    assert codes.shape == (7, code_size)
    assert codes.dtype == np.float32
    assert images.shape == (7, 28, 28)
    assert images.dtype == np.float32
    assert (images >= 0).all()
    assert (images <= 1).all()
    mse = ((images - toy.test.images[:7] / 255) ** 2).mean()
    assert mse == pytest.approx(model.evaluate(toy.test.images[:7], toy.test.labels[:7])["mse"], rel=1e-4)


@EVERY
def test_a_loss_that_is_no_number_ends_as_diverged(name, toy):
    settings = config(name, epochs=1)
    model = built(settings)
    losses = []

    def learn():
        for event in loop.fit(model, toy, settings):
            losses.append(event.metrics["loss"])
            if event.step == 3:
                spoiled = {
                    key: np.full_like(value, np.nan) for key, value in model.state_dict().items() if value.ndim > 1
                }
                model.load_state_dict({**model.state_dict(), **spoiled})

    with pytest.raises(loop.Diverged, match="learning rate") as caught:
        learn()
    assert len(losses) == 3
    assert caught.value.step == 4
    assert caught.value.last == losses[-1]


def test_every_parameter_has_a_title_and_a_default_it_allows():
    for spec in MODELS.values():
        for param in spec.params:
            assert param.title
            assert param.check(param.default) == param.default
