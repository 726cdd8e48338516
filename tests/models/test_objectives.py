"""What torch networks learn for, against cases computed by hand; and the nets that are more than lists of layers."""

import math

import numpy as np
import pytest
import torch

from core.models.autoencoders import TopK
from core.models.objectives import KlSparsity, L1Sparsity, kl_to_standard_normal
from core.training import config, devices, loop
from core.training.config import TrainConfig


def weights_of(model, prefix=""):
    return {key: value for key, value in model.state_dict().items() if key.startswith(prefix)}


def test_kl_sparsity_by_hand():
    codes = torch.tensor([[0.1, 0.8], [0.3, 0.4]])  # mean answers 0.2 and 0.6
    by_hand = [0.1 * math.log(0.1 / m) + 0.9 * math.log(0.9 / (1 - m)) for m in (0.2, 0.6)]
    assert KlSparsity(3.0, 0.1)(codes).item() == pytest.approx(3.0 * sum(by_hand) / 2, rel=1e-5)
    assert KlSparsity(3.0, 0.2)(torch.full((5, 4), 0.2)).item() == pytest.approx(0, abs=1e-6)


def test_kl_sparsity_is_finite_for_units_that_always_or_never_answer():
    codes = torch.tensor([[0.0, 1.0]], requires_grad=True)
    value = KlSparsity(1.0, 0.05)(codes)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(codes.grad).all()


def test_l1_sparsity_by_hand():
    assert L1Sparsity(0.5)(torch.tensor([[1.0, -2.0], [0.0, 3.0]])).item() == pytest.approx(0.5 * 6 / 4)


def test_top_k_keeps_the_largest_answers_and_their_gradient():
    codes = torch.tensor([[0.5, 0.1, 0.9, 0.2], [0.0, 0.4, 0.3, 0.0]], requires_grad=True)
    kept = TopK(2)(codes)
    kept.sum().backward()
    assert kept.tolist() == [pytest.approx([0.5, 0, 0.9, 0]), pytest.approx([0, 0.4, 0.3, 0])]
    assert codes.grad.tolist() == [[1, 0, 1, 0], [0, 1, 1, 0]]


def test_variational_kl_by_hand():
    mu, logvar = torch.tensor([[0.0, 2.0], [0.0, 0.0]]), torch.tensor([[0.0, math.log(0.5)], [0.0, 0.0]])
    by_hand = -0.5 * (1 + math.log(0.5) - 4 - 0.5)
    assert kl_to_standard_normal(mu, logvar).tolist() == pytest.approx([by_hand, 0.0])
    assert kl_to_standard_normal(mu, logvar)[0].item() == pytest.approx(
        torch.distributions.kl_divergence(
            torch.distributions.Normal(mu[0], (logvar[0] / 2).exp()), torch.distributions.Normal(0.0, 1.0)
        )
        .sum()
        .item()
    )


@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
def test_variational_loss_is_the_bound_in_nats(toy, beta):
    model = config.build(TrainConfig("vae", params={"beta": beta, "code_size": 2, "hidden": "8"}))
    metrics = model.evaluate(toy.test.images[:20], toy.test.labels[:20])
    assert metrics["loss"] == pytest.approx(metrics["reconstruction"] + beta * metrics["kl"], rel=1e-5)
    pictures = model.decode(model.encode(toy.test.images[:20]))
    x = toy.test.images[:20] / 255
    assert metrics["mse"] == pytest.approx(((pictures - x) ** 2).mean(), rel=1e-4)
    near = -(x * np.log(pictures) + (1 - x) * np.log(1 - pictures)).sum() / 20  # at mu, where it is a little less
    assert 0.9 * near < metrics["reconstruction"] < 1.2 * near


def test_penalties_belong_to_the_loss(toy):
    losses = {}
    for strength in (0.0, 2.0):
        params = {"penalty": "l1", "strength": strength}
        losses[strength] = config.build(TrainConfig("sparse-autoencoder", params=params)).evaluate(
            toy.test.images, toy.test.labels
        )
    assert losses[0.0]["loss"] == pytest.approx(losses[0.0]["mse"], rel=1e-6)
    assert losses[2.0]["loss"] == pytest.approx(losses[2.0]["mse"] + losses[2.0]["penalty"], rel=1e-6)
    assert losses[2.0]["penalty"] > 0


def test_the_test_loss_has_no_label_smoothing(toy):
    plain, smoothed = (config.build(TrainConfig("softmax", label_smoothing=value)) for value in (0.0, 0.3))
    images, labels = toy.train.images[:40], toy.train.labels[:40]
    assert plain.evaluate(images, labels) == smoothed.evaluate(images, labels)
    smooth = smoothed.train_step(images, labels, 0.1)["loss"]
    p = plain.predict_proba(images)
    by_hand = -(0.7 * np.log(p[np.arange(40), labels]) + 0.3 * np.log(p).mean(1)).mean()
    assert smooth == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize(("penalty", "most"), [("kl", 1.0), ("top-k", 13 / 256), ("l1", 1.0)])
def test_codes_of_a_sparse_autoencoder(toy, penalty, most):
    model = config.build(TrainConfig("sparse-autoencoder", params={"penalty": penalty, "target": 0.05}))
    codes = model.encode(toy.test.images)
    assert codes.shape == (100, 256)
    assert (codes >= 0).all()
    assert ((codes > 0).mean(1) <= most).all()
    if penalty == "kl":
        assert (codes < 1).all()


def test_a_linear_autoencoder_is_linear(toy):
    model = config.build(TrainConfig("linear-autoencoder"))
    a, b = toy.test.images[:1] // 2, toy.test.images[1:2] // 2
    zero = model.encode(np.zeros_like(a))
    np.testing.assert_allclose(model.encode(a + b) - zero, model.encode(a) + model.encode(b) - 2 * zero, atol=1e-5)


@pytest.fixture(scope="module")
def source(toy):
    settings = TrainConfig("autoencoder", epochs=2, batch_size=50)
    model = config.build(settings)
    list(loop.fit(model, toy, settings))
    return model


@pytest.mark.parametrize(("encoder", "moves"), [("frozen", False), ("fine-tuned", True)])
def test_a_classifier_on_an_encoder_learns_only_what_it_may(toy, source, encoder, moves):
    settings = TrainConfig("encoder-classifier", source="a", params={"encoder": encoder}, epochs=2, lr=0.01)
    before = source.state_dict()
    model = config.build(settings, source)
    for key, value in weights_of(model, "encoder.").items():
        np.testing.assert_array_equal(value, before[key])
    start = model.state_dict()
    list(loop.fit(model, toy, settings))
    moved = {key for key, value in model.state_dict().items() if not np.array_equal(value, start[key])}
    assert {key for key in moved if key.startswith("head.")} == {"head.weight", "head.bias"}
    assert any(key.startswith("encoder.") for key in moved) == moves
    for key, value in source.state_dict().items():
        np.testing.assert_array_equal(value, before[key], err_msg="the source itself is left alone")


def test_a_classifier_on_an_encoder_needs_one():
    settings = TrainConfig("encoder-classifier", source="a")
    with pytest.raises(ValueError, match="none is given"):
        config.build(settings)
    with pytest.raises(ValueError, match="torch autoencoder"):
        config.build(settings, config.build(TrainConfig("softmax")))


@pytest.mark.parametrize(
    ("init", "std"), [("he", math.sqrt(2 / 784)), ("xavier", math.sqrt(2 / 1184)), ("normal", 0.03), ("zeros", 0.0)]
)
def test_initial_weights_of_a_deep_net(init, std):
    model = config.build(TrainConfig("deep", params={"init": init, "init_std": 0.03, "width": 400}))
    assert model.state_dict()["1.weight"].std() == pytest.approx(std, rel=0.02)
    assert not model.state_dict()["1.bias"].any()


def test_health_finds_dead_and_saturated_units_and_the_gradient(toy):
    images, labels = toy.train.images[:50], toy.train.labels[:50]
    for activation, word in (("relu", "dead"), ("sigmoid", "saturated"), ("tanh", "saturated")):
        model = config.build(TrainConfig("mlp", params={"activation": activation, "hidden": 8}))
        state = model.state_dict()
        state["1.weight"][:3], state["1.bias"][:3] = 0, -50  # three of eight units never answer
        model.load_state_dict(state)
        assert model.health(images, labels)["1 Linear"][word] == pytest.approx(3 / 8)
    softmax = config.build(TrainConfig("softmax", optimizer="sgd"))
    (measures,) = softmax.health(images, labels).values()
    before = softmax.state_dict()
    softmax.train_step(images, labels, 1.0)  # one step of gradient descent at lr 1 moves by the gradient itself
    after = softmax.state_dict()
    moved = math.sqrt(sum(((after[key] - before[key]) ** 2).sum() for key in before))
    assert measures["gradient_norm"] == pytest.approx(moved, rel=1e-4)
    assert measures["weight_norm"] == pytest.approx(np.linalg.norm(before["1.weight"]), rel=1e-5)


def test_a_device_that_is_not_here_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device is cuda"):
        config.build(TrainConfig("softmax", device="cuda"))


@pytest.mark.parametrize("device", devices.present())
@pytest.mark.parametrize("name", ["cnn", "conv-autoencoder", "vae"])
def test_every_device_here_follows_the_cpu(toy, name, device):
    """A few steps on both from the same weights, but for their sums, which are rounded in another order."""
    logs = []
    for place in ("cpu", device):
        model = config.build(TrainConfig(name, optimizer="sgd", lr=0.01, device=place))
        log = [model.evaluate(toy.test.images, toy.test.labels)["loss"]]
        for _ in range(0 if name == "vae" else 5):  # its random codes come from another generator there
            log.append(model.train_step(toy.train.images[:50], toy.train.labels[:50], 0.01)["loss"])
        logs.append(log)
    np.testing.assert_allclose(logs[0], logs[1], rtol=1e-3)
