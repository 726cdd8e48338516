"""What the NumPy models add to the contract: their knobs, what zero weights do, and the numbers of their health."""

import numpy as np
import pytest

from core.models import spec


def built(name, **settings):
    """A small model; settings that it has as parameters are, the others are of its training."""
    row = spec(name)
    params = {"numpy-two-layer": {"hidden": 32}, "numpy-deep": {"depth": 2, "width": 24}, "numpy-autoencoder": {}}[name]
    params |= {key: settings.pop(key) for key in [param.name for param in row.params] if key in settings}
    return row.build(params, **{"loss": row.losses[0], "optimizer": "sgd", **settings})


def batch(toy, n=40):
    return toy.train.images[:n], toy.train.labels[:n]


@pytest.mark.parametrize(
    ("name", "settings", "shapes"),
    [
        ("numpy-two-layer", {}, {"0.weight": (784, 32), "0.bias": (32,), "2.weight": (32, 10), "2.bias": (10,)}),
        (
            "numpy-deep",
            {"depth": 1, "batch_norm": True},
            {"0.weight": (784, 24), "0.bias": (24,), "3.weight": (24, 10), "3.bias": (10,)}
            | {f"1.{key}": (24,) for key in ("weight", "bias", "running_mean", "running_var")},
        ),
        (
            "numpy-autoencoder",
            {"hidden": "40-30", "code_size": 8},
            {
                f"{2 * number}.{name}": shape if name == "weight" else shape[1:]
                for number, shape in enumerate([(784, 40), (40, 30), (30, 8), (8, 30), (30, 40), (40, 784)])
                for name in ("weight", "bias")
            },
        ),
    ],
)
def test_layers_of_the_models(name, settings, shapes):
    model = built(name, **settings)
    state = model.state_dict()
    assert {key: value.shape for key, value in state.items()} == shapes
    assert model.parameter_count == sum(value.size for key, value in state.items() if "running" not in key)
    assert {value.dtype for value in state.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", ["numpy-two-layer", "numpy-deep", "numpy-autoencoder"])
def test_activation_and_first_weights_are_as_chosen(name):
    he, normal = built(name, init="he"), built(name, init="normal", init_std=0.3)
    assert he.state_dict()["0.weight"].std() == pytest.approx((2 / 784) ** 0.5, rel=0.03)
    assert normal.state_dict()["0.weight"].std() == pytest.approx(0.3, rel=0.03)
    kinds = {kind: built(name, activation=kind).net.layers for kind in ("sigmoid", "relu", "tanh")}
    for kind, layers in kinds.items():
        assert kind in [type(layer).__name__.lower() for layer in layers]


@pytest.mark.parametrize(("name", "settings"), [("numpy-two-layer", {}), ("numpy-autoencoder", {"hidden": "16"})])
def test_zero_weights_never_tell_hidden_units_apart(name, settings, toy):
    """They differ by roundings alone, which some processors do otherwise for some columns of a product.

    Gradient descent adds those up; Adam, which divides by the size of the gradient, would make steps of them.
    """
    model = built(name, init="zeros", activation="sigmoid", optimizer="sgd", **settings)
    assert not any(value.any() for value in model.state_dict().values())
    images, labels = batch(toy, 100)
    labels = np.minimum(labels, 2)  # of equally many digits of each class zero weights learn nothing but roundings
    for _ in range(50):
        model.train_step(images, labels, 0.1)
    state = model.state_dict()
    first, last = state["0.weight"], [value for key, value in state.items() if key.endswith("weight")][-1]
    for weight, units in ((first, 1), (last, 0)):  # the first has a column for each hidden unit, the last a row
        assert weight.any()  # it did learn something
        assert np.ptp(weight, axis=units).max() <= 1e-5 * np.abs(weight).max()  # 50 steps, each rounded to 6e-8


def test_summed_gradients_are_n_times_the_mean(toy):
    images, labels = batch(toy)
    mean, summed = built("numpy-two-layer", summed=False), built("numpy-two-layer", summed=True)
    assert mean.train_step(images, labels, 0.1) == summed.train_step(images, labels, 0.1 / 40)
    start = built("numpy-two-layer").state_dict()
    for key, value in summed.state_dict().items():
        np.testing.assert_allclose(value - start[key], mean.state_dict()[key] - start[key], atol=1e-6)


def test_unscaled_inputs_are_255_times_as_large(toy):
    scaled, raw = built("numpy-two-layer"), built("numpy-two-layer", scaled=False)
    state = scaled.state_dict()
    raw.load_state_dict({**state, "0.weight": state["0.weight"] / 255})
    np.testing.assert_allclose(raw.predict_proba(batch(toy)[0]), scaled.predict_proba(batch(toy)[0]), rtol=1e-4)


@pytest.mark.parametrize("loss", ["mse", "bce"])
@pytest.mark.parametrize("clean", [False, True])
def test_metrics_of_an_autoencoder_are_of_its_pictures(loss, clean, toy):
    images, labels = batch(toy)
    targets = images // 2 if clean else None
    model = built("numpy-autoencoder", loss=loss)
    t, y = (images // 2 if clean else images) / 255, model.decode(model.encode(images)).astype(np.float64)
    metrics = model.evaluate(images, labels, targets)
    mse = ((y - t) ** 2).mean()
    assert metrics["mse"] == pytest.approx(mse, rel=1e-5)
    plain = mse if loss == "mse" else -(t * np.log(y) + (1 - t) * np.log(1 - y)).mean()
    assert metrics["loss"] == pytest.approx(plain, rel=1e-5)
    assert model.train_step(images, labels, 0.1, targets) == metrics


def test_label_smoothing_is_for_training_alone(toy):
    images, labels = batch(toy)
    plain, smoothed = built("numpy-two-layer"), built("numpy-two-layer", label_smoothing=0.3)
    assert plain.evaluate(images, labels) == smoothed.evaluate(images, labels)
    assert plain.train_step(images, labels, 0.1)["loss"] != smoothed.train_step(images, labels, 0.1)["loss"]


@pytest.mark.parametrize(
    ("name", "settings"),
    [("numpy-two-layer", {}), ("numpy-deep", {"batch_norm": True}), ("numpy-autoencoder", {"loss": "bce"})],
)
def test_health_is_of_the_gradient_that_a_step_follows(name, settings, toy):
    """A step of gradient descent with learning rate 1 goes as far as the gradient is long."""
    images, labels = batch(toy)
    model = built(name, **settings)
    before, health = model.state_dict(), model.health(images, labels)
    model.train_step(images, labels, 1.0)
    after = model.state_dict()
    matrices = [key.split(".")[0] for key, value in before.items() if value.ndim == 2]
    assert list(health) == [f"{number} Dense" for number in range(1, len(matrices) + 1)]
    for place, measures in zip(matrices, health.values(), strict=True):
        steps = [after[f"{place}.{key}"] - before[f"{place}.{key}"] for key in ("weight", "bias")]
        length = np.sqrt(sum((step.astype(np.float64) ** 2).sum() for step in steps))
        assert measures["gradient_norm"] == pytest.approx(length, rel=1e-3)
        assert measures["weight_norm"] == pytest.approx(np.linalg.norm(before[f"{place}.weight"]), rel=1e-5)


@pytest.mark.parametrize(
    ("activation", "word", "spoiled"),
    [("relu", "dead", -1e3), ("sigmoid", "saturated", 1e3), ("tanh", "saturated", -1e3)],
)
def test_health_counts_silent_units(activation, word, spoiled, toy):
    model = built("numpy-two-layer", activation=activation, init="normal", init_std=0.001)
    images, labels = batch(toy)
    bias = np.full(32, 0.5, np.float32)
    bias[:8] = spoiled
    model.load_state_dict({**model.state_dict(), "0.bias": bias})
    health = model.health(images, labels)
    assert health["1 Dense"][word] == pytest.approx(8 / 32)
    assert set(health["2 Dense"]) == {"gradient_norm", "weight_norm"}


def test_a_unit_that_answers_to_some_image_is_not_dead(toy):
    model = built("numpy-two-layer", activation="relu", init="normal", init_std=0.01)
    images, labels = batch(toy)
    state = {**model.state_dict(), "0.bias": np.linspace(-1, 1, 32, dtype=np.float32)}
    model.load_state_dict(state)
    answers = np.maximum(images.reshape(40, 784) / 255 @ state["0.weight"] + state["0.bias"], 0)
    dead = (answers == 0).all(0).mean()
    assert 0 < dead < (answers == 0).mean()
    assert model.health(images, labels)["1 Dense"]["dead"] == pytest.approx(dead)


def test_the_output_of_a_picture_is_no_silent_layer(toy):
    health = built("numpy-autoencoder", activation="tanh").health(*batch(toy))
    assert ["saturated" in measures for measures in health.values()] == [True] * 5 + [False]


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_foreign_optimizer_state_is_refused(optimizer):
    model, wider = (
        built("numpy-two-layer", optimizer=optimizer),
        built("numpy-two-layer", hidden=33, optimizer=optimizer),
    )
    with pytest.raises(ValueError, match="another model"):
        model.load_optimizer_state({})
    with pytest.raises(ValueError, match="shape"):
        model.load_optimizer_state(wider.optimizer_state())


@pytest.mark.parametrize("name", ["numpy-two-layer", "numpy-deep", "numpy-autoencoder"])
def test_a_batch_of_one_is_learned(name, toy):
    model = built(name)
    metrics = model.train_step(*batch(toy, 1), 0.01)
    assert {type(value) for value in metrics.values()} == {float}  # and no number of NumPy's
    assert np.isfinite(list(metrics.values())).all()
    assert all(np.isfinite(value).all() for value in model.state_dict().values())
