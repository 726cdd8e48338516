"""The presets: complete recipes that fill the form on the Train page."""

from __future__ import annotations

from typing import Any

from core.data.augment import Augmentation
from core.table import table
from core.training.config import Preset, TrainConfig
from core.training.published import PUBLISHED, SPARSE


def _annealed(model: str, lr: float, epochs: int, **settings: Any) -> TrainConfig:
    """A recipe whose learning rate rises to lr and falls to nothing, which suits every model here best."""
    return TrainConfig(model, **{"lr": lr, "epochs": epochs, "schedule": "one-cycle", "batch_size": 256, **settings})


_BEST_CNN = {"batch_size": 128, "optimizer": "adamw", "weight_decay": 0.01, "label_smoothing": 0.1}

# Any place, size, slant and thickness, with the marks and shapes of people's pens, on any ground and in any light.
_ANYWHERE = Augmentation(
    shift=7,
    rotate=16,
    scale=0.22,
    shear=12,
    elastic=0.8,
    thickness=0.9,
    shrink=0.42,
    marks=0.3,
    still=0.05,
    lines=0.1,
    patches=0.1,
    blur=1.0,
    contrast=0.6,
    background=0.6,
    shade=0.9,
    clouds=0.7,
    inverted=0.1,
    shot=0.4,
    gaussian=0.3,
    salt_and_pepper=0.2,
    clean=0.75,
)
_PEN = {**_BEST_CNN, "augmentation": _ANYWHERE, "glyph_share": 0.2, "averaging": 0.998, "max_minutes": 180.0}

_BEST = (
    Preset(
        "cnn-quick",
        "Quick convolutional net",
        "Done in some ten seconds: a rising, then falling learning rate within one pass over the digits.",
        _annealed("cnn", 0.01, 1, **_BEST_CNN),
    ),
    Preset(
        "cnn",
        "Plain convolutional net",
        "Three passes in under a minute: it reads about 99.4 % of MNIST's test digits.",
        _annealed("cnn", 0.01, 3, **_BEST_CNN),
    ),
    Preset(
        "cnn-augmented",
        "Convolutional net on moved and bent digits",
        "Every digit is shifted, turned, scaled, slanted and bent anew each time: reads what is drawn off-centre, too.",
        _annealed("cnn", 0.01, 8, **_BEST_CNN, augmentation=Augmentation(4, 12, 0.15, 10, 1.0, 0.5)),
    ),
    Preset(
        "cnn-pen-short",
        "Convolutional net for real handwriting, in a minute",
        "Three passes over digits of every size, place and light, and over ones drawn by code as pens write them.",
        _annealed("cnn", 0.01, 3, **_PEN, params={"width": 16, "dropout": 0.0}),
    ),
    Preset(
        "cnn-pen",
        "Convolutional net for real handwriting",
        "Sixty passes over digits of every size, place and light, and over ones drawn by code; an hour or two.",
        _annealed("cnn", 0.01, 60, **_PEN, params={"width": 56, "dropout": 0.05}),
    ),
    Preset(
        "mlp",
        "One hidden layer",
        "256 hidden units with dropout; a second or two per pass, about 98.3 % of MNIST's test digits.",
        _annealed("mlp", 0.004, 15, batch_size=128, optimizer="adamw", weight_decay=0.01, params={"dropout": 0.25}),
    ),
    Preset(
        "wrong-labels",
        "One hidden layer on wrong labels",
        "A tenth of the digits has a wrong label: at first their loss tells which, later the net knows them by heart.",
        TrainConfig("mlp", epochs=20, params={"hidden": 512}, label_noise=0.1),
    ),
    Preset(
        "deep",
        "Deep net with batch norm",
        "Five hidden layers of 200 units, normalised and with a little dropout.",
        _annealed("deep", 0.004, 10, batch_size=128, optimizer="adamw", weight_decay=0.01, params={"dropout": 0.1}),
    ),
    Preset(
        "softmax",
        "Softmax regression",
        "The simplest model there is; its curve flattens at about 92.5 % of MNIST's test digits.",
        TrainConfig("softmax", epochs=5, lr=0.003, schedule="one-cycle"),
    ),
    Preset(
        "lenet5",
        "LeNet-5",
        "The net of 1998, trained on digits that are moved and turned a little: about 99.1 % of MNIST's test digits.",
        _annealed(
            "lenet5",
            0.002,
            12,
            batch_size=128,
            optimizer="adamw",
            weight_decay=0.01,
            augmentation=Augmentation(shift=1, rotate=8, scale=0.1, shear=5),
        ),
    ),
    Preset(
        "knn",
        "k nearest neighbours",
        "The four most alike of 60,000 digits vote, the nearer the more: 97.1 % of MNIST's test digits, no training.",
        TrainConfig("knn"),
    ),
    Preset(
        "forest",
        "Random forest",
        "A hundred trees, grown in under a minute: 97.0 % of MNIST's test digits.",
        TrainConfig("forest"),
    ),
    Preset(
        "linear-svm",
        "Linear SVM",
        "Ten planes with wide margins, fitted in half a minute: 91.8 % of MNIST's test digits.",
        TrainConfig("linear-svm", params={"c": 0.03}),
    ),
    Preset(
        "rbf-svm",
        "RBF SVM",
        "45 machines weigh the hard cases, fitted in two or three minutes: 98.5 % of MNIST's test digits, no network.",
        TrainConfig("rbf-svm", params={"c": 5.0, "gamma": 0.025}),
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
        "Two layers from scratch, with Adam",
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
        _annealed("sparse-autoencoder", 0.004, 15, params=SPARSE),
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
)

# The best recipes known for each task come first, then those of the five projects that Digit Lab follows.
PRESETS = table(*_BEST, *PUBLISHED)
