"""The gradient of a classifier by its pixels: finite differences, torch against NumPy, and nothing left behind."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from core.models import scratch, spec
from core.models.contract import Differentiable
from core.models.numpy_models import NumpyModel
from core.models.scratch import BatchNorm, Dense, Net, ReLU, Sigmoid, Tanh
from tests.models.test_models import CLASSIFIERS, built, config
from tests.models.test_scratch import assert_near, slope


def learned(name, toy, **params):
    """A classifier that has learned a little, with a loss that still grows and falls."""
    model = built(config(name, params))
    for start in range(0, 200, 50):
        model.train_step(toy.train.images[start : start + 50], toy.train.labels[start : start + 50], 3e-4)
    return model


def losses(model, images, labels):
    return -np.log(model.predict_proba(images)[np.arange(len(labels)), labels].astype(np.float64))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_it_says_how_the_loss_changes(name, toy):
    model = learned(name, toy)
    if not isinstance(model, Differentiable):
        pytest.skip(f"{name} knows no gradient")
    images, labels = toy.test.images[:12], toy.test.labels[:12]
    gradient = model.input_gradient(images, labels)
    assert gradient.shape == images.shape
    assert gradient.dtype == np.float32
    # Along the gradient's own signs every pixel counts, so that steps of small parts of a level, which meet few corners
    # of ReLU, can be seen in float32.
    steep = np.abs(gradient).sum((1, 2), np.float64)
    size = np.minimum(0.1, 0.3 / steep)
    step = size[:, None, None] * np.sign(gradient)
    grown = losses(model, images + step, labels) - losses(model, images - step, labels)
    assert grown * 255 / (2 * size) == pytest.approx(steep, rel=0.04, abs=0.01)


def test_each_image_has_its_own_and_scaling_is_within(toy):
    images, labels = toy.test.images[:6], toy.test.labels[:6]
    for model in (learned("cnn", toy), learned("numpy-deep", toy, batch_norm=True)):
        together = model.input_gradient(images, labels)
        alone = np.concatenate([model.input_gradient(images[i : i + 1], labels[i : i + 1]) for i in range(6)])
        assert_near(alone, together, 1e-4)
    scaled, raw = (spec("numpy-two-layer").build({"scaled": on}, loss="cross-entropy") for on in (True, False))
    state = scaled.state_dict()
    raw.load_state_dict({**state, "0.weight": state["0.weight"] / 255})
    found, same = (model.input_gradient(images, labels) for model in (scaled, raw))
    assert_near(found, same, 1e-4)


@pytest.mark.parametrize("name", ["deep", "cnn", "numpy-deep"])
def test_asking_for_it_changes_nothing_that_is_learned(name, toy):
    def weights(ask):
        model = built(config(name, {} if name == "cnn" else {"batch_norm": True}))
        for start in range(0, 150, 50):
            images, labels = toy.train.images[start : start + 50], toy.train.labels[start : start + 50]
            if ask:
                model.input_gradient(images, labels)
            model.train_step(images, labels, 1e-3)
        return model.state_dict()

    asked, not_asked = weights(True), weights(False)
    for key, value in asked.items():
        np.testing.assert_array_equal(value, not_asked[key])


@pytest.mark.parametrize("activation", [Sigmoid, Tanh, ReLU])
def test_of_the_numpy_net_by_finite_differences(activation):
    rng = np.random.default_rng(0)
    layers = [
        Dense(6, 5, 0.7, rng),
        BatchNorm(5),
        activation(),
        Dense(5, 4, 0.7, rng),
        activation(),
        Dense(4, 3, 0.7, rng),
    ]
    net = Net(layers, np.float64)
    for _ in range(3):
        net.forward(rng.normal(1, 2, (20, 6)), training=True)  # so that the running means are some
    x, labels = rng.normal(size=(4, 6)), np.array([0, 2, 1, 1])
    running = {name: value.copy() for name, value in layers[1].buffers.items()}
    logits, backward = net.traced(x)
    np.testing.assert_array_equal(logits, net.forward(x.copy()))
    grad = backward(scratch.cross_entropy(logits, labels)[1])
    assert_near(grad, slope(lambda: scratch.cross_entropy(net.forward(x.copy()), labels)[0], x), 1e-5)
    for name, value in running.items():
        np.testing.assert_array_equal(layers[1].buffers[name], value)


def test_numpy_agrees_with_torch(toy):
    model = learned("numpy-deep", toy, batch_norm=True, depth=2, width=24)
    assert isinstance(model, NumpyModel)
    layers = []
    for layer in model.net.layers:
        if isinstance(layer, Dense):
            made = nn.Linear(*layer.params["weight"].shape)
            made.weight.data = torch.tensor(layer.params["weight"].T.copy())
            made.bias.data = torch.tensor(layer.params["bias"])
        elif isinstance(layer, BatchNorm):
            made = nn.BatchNorm1d(len(layer.params["weight"]))
            made.load_state_dict({k: torch.tensor(v) for k, v in (layer.params | layer.buffers).items()}, strict=False)
        else:
            made = {Sigmoid: nn.Sigmoid, Tanh: nn.Tanh, ReLU: nn.ReLU}[type(layer)]()
        layers.append(made)
    images, labels = toy.test.images[:20], toy.test.labels[:20]
    pixels = torch.tensor(images.reshape(20, -1) / 255, dtype=torch.float32, requires_grad=True)
    F.cross_entropy(nn.Sequential(*layers).eval()(pixels), torch.tensor(labels), reduction="sum").backward()
    wanted = pixels.grad.numpy().reshape(images.shape)
    found = model.input_gradient(images, labels)
    assert_near(found, wanted, 1e-4)
