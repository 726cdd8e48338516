"""The presets: complete recipes that fill the form on the Train page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.data.augment import Augmentation
from core.training.config import TrainConfig


@dataclass(frozen=True)
class Preset:
    """A named recipe; `blurb` says in one sentence what to expect of it."""

    name: str
    title: str
    blurb: str
    config: TrainConfig


def _table(*presets: Preset) -> dict[str, Preset]:
    return {preset.name: preset for preset in presets}


def _annealed(model: str, lr: float, epochs: int, **settings: Any) -> TrainConfig:
    """A recipe whose learning rate rises to lr and falls to nothing, which suits every model here best."""
    return TrainConfig(model, **{"lr": lr, "epochs": epochs, "schedule": "one-cycle", "batch_size": 256, **settings})


def _notebook(model: str, **settings: Any) -> TrainConfig:
    return TrainConfig(model, **{"epochs": 10, "batch_size": 64, **settings})


def _scratch(**settings: Any) -> TrainConfig:
    """Full-batch gradient descent: as many samples of each class, 100 epochs, one step each."""
    return TrainConfig(
        "numpy-two-layer",
        **{"epochs": 100, "batch_size": 60_000, "optimizer": "sgd", "lr": 1e-5, "per_class": 5421, **settings},
    )


_BEST_CNN = {"batch_size": 128, "optimizer": "adamw", "weight_decay": 0.01, "label_smoothing": 0.1}
_SPARSE = {"penalty": "kl", "strength": 0.3, "target": 0.05}

# The best recipes known for each task come first, then those of the five projects that Digit Lab follows.
PRESETS = _table(
    Preset(
        "cnn",
        "Convolutional net, 99.4 % in under a minute",
        "Three passes over MNIST with a rising, then falling learning rate; reads about 99.4 % of the test digits.",
        _annealed("cnn", 0.01, 3, **_BEST_CNN),
    ),
    Preset(
        "cnn-augmented",
        "Convolutional net on moved and bent digits",
        "Every digit is shifted, turned, scaled, slanted and bent anew each time: reads what is drawn off-centre, too.",
        _annealed("cnn", 0.01, 8, **_BEST_CNN, augmentation=Augmentation(4, 12, 0.15, 10, 1.0, 0.5)),
    ),
    Preset(
        "cnn-pen",
        "Convolutional net for real handwriting, 50 passes",
        "Digits of every size and place, thick and thin, slanted and bent, with flags, feet and bars: half an hour.",
        _annealed(
            "cnn",
            0.01,
            50,
            **_BEST_CNN,
            params={"width": 40, "dropout": 0.1},
            augmentation=Augmentation(7, 15, 0.2, 12, 0.8, 0.8, shrink=0.4, marks=0.3, still=0.3),
            max_minutes=180.0,
        ),
    ),
    Preset(
        "mlp",
        "One hidden layer, 98 %",
        "256 hidden units with dropout; a second or two per pass, about 98.3 % of the test digits.",
        _annealed("mlp", 0.004, 15, batch_size=128, optimizer="adamw", weight_decay=0.01, params={"dropout": 0.25}),
    ),
    Preset(
        "deep",
        "Deep net with batch norm, 98.5 %",
        "Five hidden layers of 200 units, normalised and with a little dropout.",
        _annealed("deep", 0.004, 10, batch_size=128, optimizer="adamw", weight_decay=0.01, params={"dropout": 0.1}),
    ),
    Preset(
        "softmax",
        "Softmax regression, 92 %",
        "The simplest model there is; its curve flattens at about 92.5 %.",
        TrainConfig("softmax", epochs=5, lr=0.003, schedule="one-cycle"),
    ),
    Preset(
        "encoder-frozen",
        "Softmax on an autoencoder's code",
        "Learns one layer on features that were found without labels, and leaves those as they are.",
        _annealed("encoder-classifier", 0.03, 10, source="autoencoder"),
    ),
    Preset(
        "encoder-fine-tuned",
        "Softmax on an autoencoder's code, fine-tuned",
        "Begins with an autoencoder's features and lets them learn on; 1,000 labelled digits are enough to see why.",
        _annealed(
            "encoder-classifier", 0.003, 20, params={"encoder": "fine-tuned"}, source="autoencoder", per_class=100
        ),
    ),
    Preset(
        "numpy-two-layer",
        "Two layers from scratch, 98 %",
        "The NumPy net with Adam, mini-batches and He weights: the same 784-256-10, another recipe.",
        _annealed(
            "numpy-two-layer",
            0.004,
            12,
            optimizer="adamw",
            weight_decay=0.01,
            params={"activation": "relu", "init": "he"},
        ),
    ),
    Preset(
        "numpy-deep",
        "Deep net from scratch with batch norm",
        "Five hidden layers in NumPy alone, every derivative written out.",
        _annealed("numpy-deep", 0.004, 10, batch_size=128, optimizer="adamw", weight_decay=0.01),
    ),
    Preset(
        "autoencoder-long",
        "Autoencoder 784-128-64-128-784, trained longer",
        "The same net and loss as the Keras recipe with a falling learning rate and twice the epochs.",
        _annealed("autoencoder", 0.004, 20),
    ),
    Preset(
        "conv-autoencoder",
        "Convolutional autoencoder",
        "Code of 64 numbers; about half the error of PCA with as many components.",
        _annealed("conv-autoencoder", 0.004, 6, batch_size=64),
    ),
    Preset(
        "fc-autoencoder",
        "Fully connected autoencoder, four layers each way",
        "784-512-256-128-64 and back, with codes that may be negative: nothing gets stuck.",
        _annealed("fc-autoencoder", 0.003, 15, batch_size=128, params={"code_size": 64}),
    ),
    Preset(
        "vae-20",
        "Variational autoencoder, 20 numbers",
        "784-400-20-400-784: sharp enough to read, smooth enough to sample from.",
        _annealed("vae", 0.003, 15, batch_size=128),
    ),
    Preset(
        "vae-2",
        "Variational autoencoder, 2 numbers",
        "The whole latent space fits on a screen.",
        _annealed("vae", 0.002, 20, batch_size=128, params={"hidden": "256-128", "code_size": 2}),
    ),
    Preset(
        "conv-vae",
        "Convolutional variational autoencoder",
        "Sees by convolutions; 20 numbers a digit.",
        _annealed("conv-vae", 0.004, 8, batch_size=128),
    ),
    Preset(
        "denoising",
        "Denoising autoencoder",
        "Sees digits under heavy noise and is to answer with the clean ones.",
        _annealed("conv-autoencoder", 0.004, 8, batch_size=128, noise="gaussian", noise_level=0.5),
    ),
    Preset(
        "denoising-dense",
        "Denoising autoencoder, one hidden layer, masked digits",
        "Half of the pixels are blacked out; the hidden units must learn what goes with what.",
        _annealed("naive-autoencoder", 0.004, 15, params={"activation": "relu"}, noise="masking", noise_level=0.5),
    ),
    Preset(
        "kl-sparse",
        "Sparse autoencoder, KL",
        "256 units, each active 5 % of the time on average: they turn into strokes, and read better than naive ones.",
        _annealed("sparse-autoencoder", 0.004, 15, params=_SPARSE),
    ),
    Preset(
        "l1-sparse",
        "Sparse autoencoder, L1",
        "256 units charged for every answer.",
        _annealed("sparse-autoencoder", 0.004, 15, params={"penalty": "l1", "strength": 0.01}),
    ),
    Preset(
        "top-k-sparse",
        "Sparse autoencoder, top 13 of 256",
        "Only the thirteen strongest units may answer to a digit.",
        _annealed("sparse-autoencoder", 0.004, 15, params={"penalty": "top-k", "target": 0.05}),
    ),
    Preset(
        "linear-autoencoder",
        "Linear autoencoder that finds the PCA plane",
        "Eight numbers and no activation: its curve ends on the PCA line, and its plane is PCA's within a degree.",
        _annealed("linear-autoencoder", 10.0, 20, batch_size=500, optimizer="momentum"),
    ),
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
        _notebook("sparse-autoencoder", batch_size=256, params=_SPARSE),
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
        "Standard deviation 0.01: Adam makes up for it in a few epochs; plain sgd at rate 0.1 stays at 11 %.",
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
        "A code of 3 numbers behind a ReLU: it gets stuck at the loss of the mean picture, .067.",
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
        "Full-batch gradient descent on summed gradients, initial weights of variance 0.01: 89 % after 100 steps.",
        _scratch(params={"summed": True, "init_std": 0.1}),
    ),
    Preset(
        "scratch-two-layer-literal",
        "From scratch: two-layer net, standard deviation 0.01",
        "The same with initial weights of standard deviation 0.01: it has hardly begun after 100 steps.",
        _scratch(params={"summed": True, "init_std": 0.01}),
    ),
    Preset(
        "scratch-two-layer-raw",
        "From scratch: two-layer net on pixels of 0 to 255",
        "500 digits of each class with unscaled pixels: learns them by heart and reads new ones worse.",
        _scratch(params={"summed": True, "init_std": 0.01, "scaled": False}, per_class=500),
    ),
    Preset(
        "scratch-autoencoder",
        "From scratch: autoencoder 784-512-256-128-256-512-784",
        "Mini-batch gradient descent: a squared error of 0.0615 after one pass and 0.0073 after a hundred.",
        TrainConfig("numpy-autoencoder", epochs=100, batch_size=64, optimizer="sgd", lr=0.2),
    ),
    Preset(
        "numpy-autoencoder",
        "Autoencoder from scratch, with Adam",
        "The same net, better than those 100 epochs after 15: a squared error of 0.0025 in the end.",
        _annealed("numpy-autoencoder", 0.002, 30),
    ),
)
