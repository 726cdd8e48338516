"""The NumPy engine against finite differences, hand-computed cases and torch."""

import ast
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from core.models import scratch
from core.models.numpy_models import OPTIMIZERS
from core.models.scratch import BatchNorm, Dense, Net, ReLU, Sigmoid, Tanh
from core.models.torch_model import OPTIMIZERS as TORCH_OPTIMIZERS
from tests.conftest import ROOT


def slope(function, array):
    """Return the derivative of function() by every number of the array, by central differences."""
    result = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + 1e-6
        above = function()
        array[place] = kept - 1e-6
        below = function()
        array[place] = kept
        result[place] = (above - below) / 2e-6
    return result


def assert_near(found, wanted, relative):
    """The error, relative to the largest number of the array: single numbers may be 0."""
    assert np.abs(wanted).max() > 0
    assert np.abs(found - wanted).max() <= relative * np.abs(wanted).max()


def dense(inputs=4, outputs=3):
    layer = Dense(inputs, outputs, 0.5, np.random.default_rng(1))
    layer.params["bias"][:] = [0.3, -0.2, 0.1]
    return layer


def batch_norm():
    layer = BatchNorm(4)
    layer.params["weight"][:] = [0.5, -1, 2, 1]
    layer.params["bias"][:] = [0.1, 0.2, -0.3, 0]
    return layer


@pytest.mark.parametrize(
    ("make", "n"),
    [(make, n) for make in (dense, Sigmoid, Tanh, ReLU) for n in (1, 5)] + [(batch_norm, n) for n in (3, 5)],
)
def test_layers_against_finite_differences(make, n):
    layer, rng = make(), np.random.default_rng(0)
    x = rng.normal(size=(n, 4))  # no number is so near to 0 that ReLU's corner is felt
    mixture = rng.normal(size=layer.forward(x.copy(), True).shape)

    def loss():
        return (mixture * layer.forward(x.copy(), True)).sum()

    loss()
    dx = layer.backward(mixture.copy()).copy()
    grads = {name: value.copy() for name, value in layer.grads.items()}
    assert_near(dx, slope(loss, x), 1e-5)
    for name, param in layer.params.items():
        assert_near(grads[name], slope(loss, param), 1e-5)


LOSSES = {
    "cross-entropy": lambda y, t: scratch.cross_entropy(y, np.arange(len(y)) % 3),
    "cross-entropy, smoothed": lambda y, t: scratch.cross_entropy(y, np.arange(len(y)) % 3, 0.1),
    "mse": scratch.mse,
    "bce": scratch.bce,
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("n", [1, 5])
def test_losses_against_finite_differences(name, n):
    rng = np.random.default_rng(0)
    y, target = rng.normal(size=(n, 4)), rng.random((n, 4))
    grad = LOSSES[name](y, target)[1]
    assert_near(grad, slope(lambda: LOSSES[name](y, target)[0], y), 1e-5)


def test_batch_norm_by_hand():
    # Mean 2 and variance 2/3; with eps = 1/3 the spread is 1, so hat = (-1, 0, 1) and y = 2 hat + 5.
    layer = BatchNorm(1, eps=1 / 3)
    layer.params["weight"][:], layer.params["bias"][:] = 2, 5
    y = layer.forward(np.array([[1.0], [2.0], [3.0]]), True)
    np.testing.assert_allclose(y.ravel(), [3, 5, 7])
    # g = (1, 0, 0): dweight = sum g hat = -1, dbias = 1, dx = 2 (g - 1/3 + hat / 3).
    dx = layer.backward(np.array([[1.0], [0.0], [0.0]]))
    np.testing.assert_allclose(dx.ravel(), [2 / 3, -2 / 3, 0], atol=1e-12)
    assert layer.grads["weight"] == pytest.approx(-1)
    assert layer.grads["bias"] == pytest.approx(1)
    # 0.9 of (0, 1) and 0.1 of the mean 2 and the unbiased variance 1
    assert layer.buffers["running_mean"] == pytest.approx(0.2)
    assert layer.buffers["running_var"] == pytest.approx(1)


def test_batch_norm_follows_as_torchs():
    ours, theirs = BatchNorm(4), nn.BatchNorm1d(4, dtype=torch.float64)
    rng = np.random.default_rng(0)
    for n in (2, 7, 30):
        x = rng.normal(3, 2, (n, 4))
        np.testing.assert_allclose(ours.forward(x.copy(), True), theirs(torch.tensor(x)).detach(), rtol=1e-9)
    for name, value in ours.buffers.items():
        np.testing.assert_allclose(value, getattr(theirs, name), rtol=1e-9)
    theirs.eval()
    np.testing.assert_allclose(ours.forward(x.copy()), theirs(torch.tensor(x)).detach(), rtol=1e-9)


def test_batch_norm_learns_no_spread_from_one_example():
    layer = BatchNorm(2)
    y = layer.forward(np.array([[3.0, 4.0]]), True)
    np.testing.assert_array_equal(y, 0)
    np.testing.assert_array_equal(layer.buffers["running_var"], 1)


# Small nets with the pieces of the real ones: the same layers in both engines, and the loss they learn by.
def two_layer(rng):
    ours = [Dense(784, 32, 0.05, rng), Sigmoid(), Dense(32, 10, 0.2, rng)]
    theirs = nn.Sequential(nn.Linear(784, 32), nn.Sigmoid(), nn.Linear(32, 10))
    return ours, theirs, "cross-entropy"


def deep(rng):
    ours = [Dense(784, 24, 0.05, rng), BatchNorm(24), ReLU(), Dense(24, 24, 0.2, rng), BatchNorm(24), Tanh()]
    theirs = [nn.Linear(784, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 24), nn.BatchNorm1d(24), nn.Tanh()]
    return [*ours, Dense(24, 10, 0.2, rng)], nn.Sequential(*theirs, nn.Linear(24, 10)), "cross-entropy"


def autoencoder(rng, loss="mse"):
    ours = [Dense(784, 32, 0.05, rng), ReLU(), Dense(32, 8, 0.2, rng), ReLU(), Dense(8, 784, 0.2, rng)]
    theirs = [nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 8), nn.ReLU(), nn.Linear(8, 784)]
    if loss == "mse":
        ours, theirs = [*ours, Sigmoid()], [*theirs, nn.Sigmoid()]
    return ours, nn.Sequential(*theirs), loss


def bce_autoencoder(rng):
    return autoencoder(rng, "bce")


NETS = pytest.mark.parametrize("make", [two_layer, deep, autoencoder, bce_autoencoder])


PARAMS = (lambda layer: layer.params, lambda p: p.data)


class Pair:
    """The same net with the same first weights in both engines."""

    def __init__(self, make, dtype):
        layers, self.theirs, self.loss = make(np.random.default_rng(0))
        self.ours, self.dtype = Net(layers, dtype), dtype
        self.theirs.to(getattr(torch, dtype))
        for layer, module in zip(layers, self.theirs, strict=True):
            for name, value in layer.params.items():
                getattr(module, name).data[...] = torch.tensor(value.T)

    def backward(self, images, labels):
        """Fill the gradients of both, and return both losses."""
        x = images.reshape(-1, 784).astype(self.dtype) / 255
        y, z = self.ours.forward(x, True), self.theirs(torch.tensor(x))
        if self.loss == "cross-entropy":
            own, grad = scratch.cross_entropy(y, labels, 0.1)
            other = F.cross_entropy(z, torch.tensor(labels), label_smoothing=0.1)
        elif self.loss == "mse":
            (own, grad), other = scratch.mse(y, x), F.mse_loss(z, torch.tensor(x))
        else:
            (own, grad), other = scratch.bce(y, x), F.binary_cross_entropy_with_logits(z, torch.tensor(x))
        self.ours.backward(grad)
        self.theirs.zero_grad()
        other.backward()
        return own, other.item()

    def both(self, ours, theirs):
        """Two vectors of what `ours` and `theirs` take of the layers' params or grads, in our order and layout.

        Biases before batch norm are left out: it takes their effect away, so that their derivative is 0 but for
        rounding, which Adam, dividing by its size, turns into steps like any other.
        """
        found, wanted = [], []
        layers = self.ours.layers
        for layer, after, module in zip(layers, [*layers[1:], None], self.theirs, strict=True):
            for name in layer.params:
                if not (name == "bias" and isinstance(after, BatchNorm)):
                    found.append(ours(layer)[name].ravel())
                    wanted.append(theirs(getattr(module, name)).detach().numpy().T.ravel())
        return np.concatenate(found), np.concatenate(wanted)


# The engines add up in different orders, so they differ by some roundings, of 1e-16 in float64 and of 6e-8 in float32.
# With the matrix products for Nehalem, Haswell and Skylake X gradients were apart by up to 1.5e-15 and 5e-7 of the
# largest; after a hundred steps the weights were apart by up to 3e-15 and 1.1e-6 of the way they had come, and losses
# by up to 5e-16 and 4e-7. That float64 agrees so closely shows that both take the same steps, and that the rest is
# rounding. The tolerances are a hundred roundings, as of one a step.
PRECISIONS = pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-14), ("float32", 1e-5)])


@NETS
@PRECISIONS
def test_gradients_against_torch(make, dtype, tolerance, toy):
    pair = Pair(make, dtype)
    own, other = pair.backward(toy.train.images[:50], toy.train.labels[:50])
    assert own == pytest.approx(other, rel=tolerance)
    assert_near(*pair.both(lambda layer: layer.grads, lambda p: p.grad), tolerance)


@NETS
@pytest.mark.parametrize("optimizer", TORCH_OPTIMIZERS)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float64", 1e-14), pytest.param("float32", 1e-5, marks=pytest.mark.slow)]
)
def test_a_hundred_steps_against_torch(make, optimizer, dtype, tolerance, toy):
    pair = Pair(make, dtype)
    lr = 0.05 if optimizer in ("sgd", "momentum") else 0.002
    ours = OPTIMIZERS[optimizer](pair.ours, weight_decay=0.01)
    theirs = TORCH_OPTIMIZERS[optimizer](pair.theirs.parameters(), lr=lr, weight_decay=0.01)
    first, _ = pair.both(*PARAMS)
    losses = []
    for step in range(100):
        batch = np.arange(step * 32, step * 32 + 32) % 400
        losses.append(pair.backward(toy.train.images[batch], toy.train.labels[batch]))
        ours.step(lr)
        theirs.step()
    found, wanted = pair.both(*PARAMS)
    assert np.linalg.norm(found - wanted) < tolerance * np.linalg.norm(wanted - first)
    own, other = np.array(losses).T
    np.testing.assert_allclose(own, other, rtol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cross_entropy_of_huge_logits(dtype):
    logits = np.array([[1e4, -1e4, 0], [1e4, -1e4, 0]], dtype)
    loss, grad = scratch.cross_entropy(logits, np.array([0, 1]))
    assert loss == pytest.approx((0 + 2e4) / 2)
    np.testing.assert_allclose(grad, [[0, 0, 0], [0.5, -0.5, 0]], atol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bce_of_huge_logits(dtype):
    logits, target = np.array([[1e4, 1e4, -1e4, -1e4]], dtype), np.array([[1, 0, 1, 0]], dtype)
    loss, grad = scratch.bce(logits, target)
    assert loss == pytest.approx((0 + 1e4 + 1e4 + 0) / 4)
    np.testing.assert_allclose(grad, [[0, 0.25, -0.25, 0]], atol=1e-7)


def test_bce_against_its_plain_formula():
    rng = np.random.default_rng(0)
    z, t = rng.normal(0, 3, (20, 30)), rng.random((20, 30))
    y = 1 / (1 + np.exp(-z))
    plain = -(t * np.log(y) + (1 - t) * np.log(1 - y)).mean()
    assert scratch.bce(z, t)[0] == pytest.approx(plain, rel=1e-12)


def test_sigmoid_and_softmax_against_their_plain_formulas():
    x = np.random.default_rng(0).normal(0, 5, (20, 10))
    np.testing.assert_allclose(scratch.sigmoid(x), 1 / (1 + np.exp(-x)), rtol=1e-9)
    np.testing.assert_allclose(scratch.softmax(x), np.exp(x) / np.exp(x).sum(1)[:, None], rtol=1e-12)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        np.testing.assert_array_equal(scratch.sigmoid(np.array([-1e4, 0, 1e4])), [0, 0.5, 1])
        np.testing.assert_array_equal(scratch.softmax(np.array([[1e4, -1e4]])), [[1, 0]])


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("order", ["C", "F"])
def test_losses_leave_what_they_are_given(name, n, order):
    y = np.random.default_rng(0).random((n, 4)).copy(order)
    kept, target = y.copy(), np.full((n, 4), 0.5)
    LOSSES[name](y, target)
    np.testing.assert_array_equal(y, kept)
    np.testing.assert_array_equal(target, 0.5)


@pytest.mark.parametrize(
    ("init", "std"),
    # 784 inputs, 256 outputs: sqrt(2 / (784 + 256)) and sqrt(2 / 784)
    [("zeros", 0.0), ("normal", 0.01), ("xavier", 0.043853), ("he", 0.050508)],
)
def test_first_weights(init, std):
    layer = Dense(784, 256, scratch.init_std(init, 784, 256, 0.01), np.random.default_rng(0))
    weight = layer.params["weight"]
    # Of 200,704 draws the mean is known to 1 / 448 of the std and the std to 1 / 634 of it; four times that.
    assert abs(weight.mean()) <= 0.009 * std
    assert weight.std() == pytest.approx(std, rel=0.0065)
    assert not layer.params["bias"].any()


def test_an_unknown_init_is_refused():
    with pytest.raises(ValueError, match="xavier, he, normal, zeros"):
        scratch.init_std("orthogonal", 784, 256, 0.01)


@pytest.mark.parametrize(
    "layers", [[ReLU(), dense()], [dense(), ReLU(), Tanh()], [dense(), ReLU(), BatchNorm(3), dense(3)]]
)
def test_a_net_refuses_layers_that_spoil_what_another_needs(layers):
    with pytest.raises(ValueError, match="write over"):
        Net(layers)


def test_a_look_between_forward_and_backward_changes_nothing():
    """Threads share a trained net; so nothing may be remembered, or written to, outside training."""
    layers, _, _ = deep(np.random.default_rng(0))
    net, rng = Net(layers), np.random.default_rng(1)
    x, other = (rng.random((8, 784), dtype=np.float32) for _ in range(2))
    gradients = []
    for look in (False, True):
        kept = x.copy()
        grad = scratch.cross_entropy(net.forward(x, True), np.arange(8))[1]
        if look:
            first = net.forward(other)
            np.testing.assert_array_equal(net.forward(other), first)
        net.backward(grad)
        gradients.append(net.grads.copy())
        np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(*gradients)
    assert gradients[0].any()


def test_the_vectors_hold_all_layers():
    net = Net([dense(), Tanh(), dense(3, 3)], "float64")
    assert net.params.size == (4 + 1) * 3 + (3 + 1) * 3
    net.params[:] = np.arange(net.params.size)
    net.layers[0].forward(np.ones((1, 4)), True)
    np.testing.assert_array_equal(net.layers[0].params["weight"], np.arange(12).reshape(4, 3))
    np.testing.assert_array_equal(net.layers[2].params["bias"], [24, 25, 26])


def test_the_engine_is_numpy_alone():
    imported = set()
    for name in ("scratch", "optimizers"):
        for node in ast.walk(ast.parse((ROOT / "core" / "models" / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module)
    others = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert others == {"numpy", "core.models.scratch"}
