"""The recipes of the five projects that Digit Lab follows, as they were published, and what they lead to here."""

from __future__ import annotations

from typing import Any

from core.training.config import Preset, TrainConfig

SPARSE = {"penalty": "kl", "strength": 0.3, "target": 0.05}


def _notebook(model: str, **settings: Any) -> TrainConfig:
    return TrainConfig(model, **{"epochs": 10, "batch_size": 64, **settings})


def _scratch(**settings: Any) -> TrainConfig:
    """Full-batch gradient descent: as many samples of each class, 100 epochs, one step each."""
    return TrainConfig(
        "numpy-two-layer",
        **{"epochs": 100, "batch_size": 60_000, "optimizer": "sgd", "lr": 1e-5, "per_class": 5421, **settings},
    )


PUBLISHED = (
    Preset(
        "notebook-softmax",
        "TensorFlow notebook: softmax",
        "The first model of the notebook, to compare the others with.",
        _notebook("softmax"),
    ),
    Preset(
        "notebook-naive",
        "TensorFlow notebook: naive autoencoder",
        "One hidden layer of 256 units without any constraint.",
        _notebook("naive-autoencoder", batch_size=256),
    ),
    Preset(
        "notebook-sparse",
        "TensorFlow notebook: sparse autoencoder",
        "The same with a KL penalty on the mean answer of each unit.",
        _notebook("sparse-autoencoder", batch_size=256, params=SPARSE),
    ),
    Preset(
        "notebook-on-naive",
        "TensorFlow notebook: softmax on the naive encoder",
        "One layer on the features of the shipped naive autoencoder, which stay as they are.",
        _notebook("encoder-classifier", source="naive", lr=0.01),
    ),
    Preset(
        "notebook-on-sparse",
        "TensorFlow notebook: softmax on the sparse encoder",
        "The claim: features of a sparse autoencoder read better than a naive one's, and better than pixels.",
        _notebook("encoder-classifier", source="kl-sparse", lr=0.01),
    ),
    Preset(
        "notebook-one-hidden",
        "TensorFlow notebook: one hidden layer",
        "Fully connected, 256 units with ReLU.",
        _notebook("mlp"),
    ),
    Preset(
        "notebook-deep",
        "TensorFlow notebook: 5 hidden layers",
        "Without batch norm, with He's initial weights; choose others to see why they matter for ReLU.",
        _notebook("deep", params={"batch_norm": False}),
    ),
    Preset(
        "notebook-deep-xavier",
        "TensorFlow notebook: 5 hidden layers, Xavier weights",
        "The same with the initial weights meant for tanh: with Adam it ends no worse than with He's.",
        _notebook("deep", params={"batch_norm": False, "init": "xavier"}),
    ),
    Preset(
        "notebook-deep-normal",
        "TensorFlow notebook: 5 hidden layers, small weights",
        "Standard deviation 0.01: Adam makes up for it in a few epochs; plain sgd at rate 0.1 stays at 11 % on MNIST.",
        _notebook("deep", params={"batch_norm": False, "init": "normal", "init_std": 0.01}),
    ),
    Preset(
        "notebook-deep-batch-norm",
        "TensorFlow notebook: 5 hidden layers with batch norm",
        "The claim: it converges faster and higher than without.",
        _notebook("deep"),
    ),
    Preset(
        "fc-as-published",
        "FC or conv: fully connected, as published",
        "A code of 3 numbers behind a ReLU: 3 of 12 seeds get stuck at MNIST's mean picture, 0.067; this one does not.",
        TrainConfig(
            "fc-autoencoder",
            epochs=10,
            batch_size=32,
            params={"hidden": "128-64-12", "code_size": 3, "code_relu": True},
        ),
    ),
    Preset(
        "conv-as-published",
        "FC or conv: convolutional, as published",
        "Three convolutions and their transposes, squared error, Adam, batches of 32.",
        TrainConfig("conv-autoencoder", epochs=5, batch_size=32),
    ),
    Preset(
        "autoencoder",
        "Keras: autoencoder 784-128-64-128-784",
        "Binary cross-entropy, Adam, batches of 256, ten epochs: still worse than PCA with 64 components.",
        TrainConfig("autoencoder", epochs=10, batch_size=256),
    ),
    Preset(
        "scratch-two-layer",
        "From scratch: two-layer net, the reading that learns",
        "Full-batch gradient descent on summed gradients, weights of variance 0.01: 89 % of MNIST after 100 steps.",
        _scratch(params={"summed": True, "init_std": 0.1}),
    ),
    Preset(
        "scratch-two-layer-literal",
        "From scratch: two-layer net, standard deviation 0.01",
        "Initial weights of standard deviation 0.01: 75 % of MNIST after 100 steps, and still rising.",
        _scratch(params={"summed": True, "init_std": 0.01}),
    ),
    Preset(
        "scratch-two-layer-raw",
        "From scratch: two-layer net on pixels of 0 to 255",
        "500 MNIST digits of each class, unscaled: 94 % of those after 100 steps, 91 % of the test digits.",
        _scratch(params={"summed": True, "init_std": 0.01, "scaled": False}, per_class=500),
    ),
    Preset(
        "scratch-autoencoder",
        "From scratch: autoencoder 784-512-256-128-256-512-784",
        "Mini-batch gradient descent: a training error of 0.065 after one pass over MNIST, as in the project's log.",
        TrainConfig("numpy-autoencoder", epochs=100, batch_size=64, optimizer="sgd", lr=0.5),
    ),
    Preset(
        "numpy-autoencoder",
        "Autoencoder from scratch, with Adam",
        "The same net, with a falling learning rate: a squared error of 0.0025 on MNIST in the end.",
        TrainConfig("numpy-autoencoder", epochs=30, batch_size=256, lr=0.002, schedule="one-cycle"),
    ),
)
