"""The presets: complete recipes that fill the form on the Train page."""

from __future__ import annotations

from dataclasses import dataclass

from core.config import TrainConfig


@dataclass(frozen=True)
class Preset:
    """A named recipe; `blurb` says in one sentence what to expect of it."""

    name: str
    title: str
    blurb: str
    config: TrainConfig


def _table(*presets: Preset) -> dict[str, Preset]:
    return {preset.name: preset for preset in presets}


PRESETS = _table(
    Preset(
        "cnn",
        "Convolutional net, 99.4 % in under a minute",
        "Three passes over MNIST with a rising, then falling learning rate; reads about 99.4 % of the test digits.",
        TrainConfig(
            "cnn",
            epochs=3,
            optimizer="adamw",
            lr=0.01,
            schedule="one-cycle",
            weight_decay=0.01,
            label_smoothing=0.1,
        ),
    ),
    Preset(
        "mlp",
        "One hidden layer, 98 %",
        "256 hidden units with dropout; a second or two per pass, about 98.3 % of the test digits.",
        TrainConfig(
            "mlp",
            params={"dropout": 0.25},
            epochs=15,
            optimizer="adamw",
            lr=0.004,
            schedule="one-cycle",
            weight_decay=0.01,
        ),
    ),
    Preset(
        "softmax",
        "Softmax regression, 92 %",
        "The simplest model there is; its curve flattens at about 92.5 %.",
        TrainConfig("softmax", epochs=5, lr=0.003, schedule="one-cycle"),
    ),
    Preset(
        "autoencoder",
        "Autoencoder 784-128-64-128-784 (Keras recipe)",
        "Binary cross-entropy, Adam, batches of 256, ten epochs: still worse than PCA with 64 components.",
        TrainConfig("autoencoder", epochs=10, batch_size=256),
    ),
    Preset(
        "autoencoder-long",
        "Autoencoder 784-128-64-128-784, trained longer",
        "The same net and loss with a falling learning rate and twice the epochs.",
        TrainConfig("autoencoder", epochs=20, batch_size=256, lr=0.004, schedule="one-cycle"),
    ),
    Preset(
        "conv-autoencoder",
        "Convolutional autoencoder",
        "Code of 64 numbers; about half the error of PCA with as many components.",
        TrainConfig("conv-autoencoder", epochs=6, batch_size=64, lr=0.004, schedule="one-cycle"),
    ),
)
