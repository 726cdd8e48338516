"""The torch classifiers: each is a list of layers from a picture to ten logits."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from core.models.contract import Model
from core.models.objectives import Classify
from core.models.torch_model import TorchModel

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
}


def _classifying(
    network: Callable[[], nn.Module], *, loss: str, label_smoothing: float = 0.0, **training: Any
) -> TorchModel:
    if loss != "cross-entropy":
        raise ValueError(f"loss must be cross-entropy for a classifier, got {loss!r}. Choose it.")
    return TorchModel(network, Classify(label_smoothing), **training)


def softmax(**training: Any) -> TorchModel:
    """Softmax regression 784-10."""
    return _classifying(lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), **training)


def mlp(hidden: int, activation: str, dropout: float, **training: Any) -> TorchModel:
    """Fully connected net with one hidden layer."""
    return _classifying(
        lambda: nn.Sequential(
            nn.Flatten(),
            nn.Linear(784, hidden),
            ACTIVATIONS[activation](),
            nn.Dropout(dropout),
            nn.Linear(hidden, 10),
        ),
        **training,
    )


def deep(
    depth: int,
    width: int,
    activation: str,
    init: str,
    init_std: float,
    batch_norm: bool,
    dropout: float,
    **training: Any,
) -> TorchModel:
    """Fully connected net with `depth` hidden layers of `width` units: linear, [batch norm], activation, dropout."""

    def network() -> nn.Sequential:
        layers: list[nn.Module] = [nn.Flatten()]
        for number in range(depth):
            layers.append(nn.Linear(width if number else 784, width))
            if batch_norm:
                layers.append(nn.BatchNorm1d(width))
            layers += [ACTIVATIONS[activation](), nn.Dropout(dropout)]
        layers.append(nn.Linear(width, 10))
        for layer in layers:
            if isinstance(layer, nn.Linear):
                _initialise(layer, init, init_std)
        return nn.Sequential(*layers)

    return _classifying(network, **training)


def _initialise(layer: nn.Linear, init: str, std: float) -> None:
    """Draw the weights of a layer: He et al. 2015, Glorot and Bengio 2010, N(0, std), or zeros; biases are 0."""
    if init == "he":
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    elif init == "xavier":
        nn.init.xavier_normal_(layer.weight)
    else:
        nn.init.normal_(layer.weight, std=std if init == "normal" else 0.0)
    nn.init.zeros_(layer.bias)


def cnn(width: int, dropout: float, **training: Any) -> TorchModel:
    """Three convolutions with batch norm: 28 -> 12 (stride 2) -> 5 (pooled) -> 3 pixels, then linear.

    Small and strided on purpose: the first layer halves the picture at once, which makes an epoch of MNIST
    take five seconds of one core at the same accuracy as nets ten times slower.
    """
    return _classifying(
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
            nn.Dropout(dropout),
            nn.Linear(4 * width * 9, 10),
        ),
        **training,
    )


def lenet5(activation: str, **training: Any) -> TorchModel:
    """LeNet-5 (LeCun et al., "Gradient-based learning applied to document recognition", 1998): 6-16-120-84-10.

    The paper's 32 x 32 input is the digit with two pixels of black around it. Three things are as nets are built today:
    every map of the third layer sees all six before it, where the paper left some out; pooling is the plain mean,
    without a weight and a bias of its own; and ten logits with softmax stand for distances to drawn characters.
    """

    def bend() -> nn.Module:
        return ACTIVATIONS[activation]()

    return _classifying(
        lambda: nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),
            bend(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            bend(),
            nn.AvgPool2d(2),
            nn.Conv2d(16, 120, 5),
            bend(),
            nn.Flatten(),
            nn.Linear(120, 84),
            bend(),
            nn.Linear(84, 10),
        ),
        **training,
    )


class EncoderClassifier(nn.Module):
    """Softmax on the codes of an encoder, which learns on or stays as it is."""

    def __init__(self, encoder: nn.Module, features: int, frozen: bool) -> None:
        super().__init__()
        self.encoder, self.head, self.frozen = encoder, nn.Linear(features, 10), frozen
        self.encoder.requires_grad_(not frozen)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits (n, 10) of pixels (n, 1, 28, 28)."""
        return self.head(self.encoder(pixels))

    def train(self, mode: bool = True) -> EncoderClassifier:
        """Train the head and, unless it is frozen, the encoder."""
        super().train(mode)
        self.encoder.train(mode and not self.frozen)
        return self


def encoder_classifier(encoder: str, source: Model, **training: Any) -> TorchModel:
    """Softmax on the code of `source`, a trained autoencoder, which is left as it is: the encoder is copied."""
    if not isinstance(source, TorchModel) or not source.code_size:
        raise ValueError("The encoder must come from a torch autoencoder. Choose such a run.")
    part, size = source.network.get_submodule("encoder"), source.code_size
    return _classifying(lambda: EncoderClassifier(copy.deepcopy(part), size, encoder == "frozen"), **training)
