"""The torch classifiers: each is a list of layers from a picture to ten logits."""

from __future__ import annotations

from typing import Any

from torch import nn

from core.models.torch_model import TorchModel

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
}


def softmax(**training: Any) -> TorchModel:
    """Softmax regression 784-10."""
    return TorchModel(lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), **training)


def mlp(hidden: int, activation: str, dropout: float, **training: Any) -> TorchModel:
    """Fully connected net with one hidden layer."""
    return TorchModel(
        lambda: nn.Sequential(
            nn.Flatten(),
            nn.Linear(784, hidden),
            ACTIVATIONS[activation](),
            nn.Dropout(dropout),
            nn.Linear(hidden, 10),
        ),
        **training,
    )


def cnn(width: int, **training: Any) -> TorchModel:
    """Three convolutions with batch norm: 28 -> 12 (stride 2) -> 5 (pooled) -> 3 pixels, then linear.

    Small and strided on purpose: the first layer halves the picture at once, which makes an epoch of MNIST
    take five seconds of one core at the same accuracy as nets ten times slower.
    """
    return TorchModel(
        lambda: nn.Sequential(
            nn.Conv2d(1, width, 5, stride=2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.Conv2d(2 * width, 4 * width, 3, bias=False),
            nn.BatchNorm2d(4 * width),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(4 * width * 9, 10),
        ),
        **training,
    )
