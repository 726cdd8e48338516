"""The NumPy models: nets of core.models.scratch behind the model contract, and the functions that build them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from core.models import scratch
from core.models.contract import Health, Metrics, widths
from core.models.optimizers import SGD, Adam
from core.models.scratch import BatchNorm, Dense, Layer, Net, ReLU, Sigmoid, Tanh

# As for torch: processes of one thread each share the cores best, and sums are rounded in the same order everywhere.
threadpool_limits(1, user_api="blas")

PIXELS = 28 * 28
ACTIVATIONS: dict[str, type[Layer]] = {"sigmoid": Sigmoid, "relu": ReLU, "tanh": Tanh}
OPTIMIZERS: dict[str, Callable[..., SGD | Adam]] = {
    "sgd": SGD,
    "momentum": partial(SGD, momentum=0.9),
    "adam": Adam,
    "adamw": partial(Adam, decoupled=True),
}

# What counts as a unit that no longer learns, and what to call it.
_SILENT: dict[type[Layer], tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    ReLU: ("dead", lambda y: (y == 0).all(0)),
    Sigmoid: ("saturated", lambda y: (y < 0.01) | (y > 0.99)),
    Tanh: ("saturated", lambda y: np.abs(y) > 0.99),
}

# A run that diverges says so by its loss; NumPy need not warn of every overflow on the way.
_quiet = np.errstate(all="ignore")


class NumpyModel:
    """A net with its loss and optimizer, meeting `core.models.Model`.

    `make_layers` returns the layers from float32 (n, 784) to logits: (n, 10) of a classifier, or (n, 784) of a
    picture, of which sigmoid makes pixels in [0, 1]. The first `encoder` of them make the code of an autoencoder.

    scaled: pixels come to the net as 0..1 instead of 0..255.
    summed: learn by the sum of the losses over a batch, n times as steep as their mean.
    device, source: only "cpu" and None, given to all models alike.
    """

    def __init__(
        self,
        make_layers: Callable[[np.random.Generator], list[Layer]],
        *,
        encoder: int = 0,
        code_size: int = 0,
        scaled: bool = True,
        summed: bool = False,
        loss: str = "cross-entropy",
        optimizer: str = "adam",
        weight_decay: float = 0.0,
        label_smoothing: float = 0.0,
        seed: int = 0,
        device: str = "cpu",
        source: None = None,
    ) -> None:
        layers = make_layers(np.random.default_rng(seed))
        self.net = Net([*layers, Sigmoid()] if loss == "mse" else layers)
        self.encoder, self.code_size = self.net.layers[:encoder], code_size
        self.decoder = self.net.layers[encoder:]
        self.scaled, self.summed = scaled, summed
        self.loss, self.label_smoothing = loss, label_smoothing
        self._make_optimizer = partial(OPTIMIZERS[optimizer], weight_decay=weight_decay)
        self.parameter_count = self.learned_count = self.net.params.size

    @cached_property
    def optimizer(self) -> SGD | Adam:
        """Made when training begins: whoever only reads needs no memory of gradients."""
        return self._make_optimizer(self.net)

    @_quiet
    def train_step(
        self, images: np.ndarray, labels: np.ndarray, lr: float, targets: np.ndarray | None = None
    ) -> Metrics:
        """Take one optimizer step on uint8 (n, 28, 28) and int64 (n,); return the metrics before it."""
        grad, metrics = self._losses(images, labels, targets, training=True)
        if self.summed:
            grad *= len(images)
        self.net.backward(grad)
        self.optimizer.step(lr)
        return metrics

    def seed_step(self, seed: int) -> None:
        """Nothing is random inside a step."""

    @_quiet
    def evaluate(self, images: np.ndarray, labels: np.ndarray, targets: np.ndarray | None = None) -> Metrics:
        """Return loss and metrics, averaged over the images, without learning from them."""
        return self._losses(images, labels, targets)[1]

    @_quiet
    def health(self, images: np.ndarray, labels: np.ndarray) -> Health:
        """Return gradient and weight norms and the share of silent units per dense layer, as the contract says."""
        buffers = [layer.buffers for layer in self.net.layers]
        for layer in self.net.layers:
            layer.buffers = {name: value.copy() for name, value in layer.buffers.items()}
        grad, _ = self._losses(images, labels, None, training=True)
        self.net.backward(grad)
        for layer, kept in zip(self.net.layers, buffers, strict=True):
            layer.buffers = kept
        result: Health = {}
        for layer in self.net.layers:
            if isinstance(layer, Dense):
                facts = {
                    "gradient_norm": _norm(*layer.grads.values()),
                    "weight_norm": _norm(layer.params["weight"]),
                }
                result[f"{len(result) + 1} Dense"] = facts
            elif type(layer) in _SILENT and layer is not self.net.layers[-1]:
                word, silent = _SILENT[type(layer)]
                facts[word] = float(silent(layer.y).mean())
        return result

    @_quiet
    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Return class probabilities, float32 (n, 10)."""
        return scratch.softmax(self.net.forward(self._pixels(images)))

    @_quiet
    def input_gradient(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return the gradient of each image's loss by its pixels in [0, 1], float32 (n, 28, 28); of a classifier."""
        logits, backward = self.net.traced(self._pixels(images))
        grad = backward(scratch.cross_entropy(logits, labels)[1] * len(images))
        return (grad if self.scaled else 255 * grad).reshape(-1, 28, 28)

    @_quiet
    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return codes, float32 (n, code_size)."""
        return _through(self.encoder, self._pixels(images))

    @_quiet
    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return images in [0, 1], float32 (n, 28, 28)."""
        outputs = _through(self.decoder, np.asarray(codes, np.float32))
        pictures = outputs if self.loss == "mse" else scratch.sigmoid(outputs)
        return pictures.reshape(-1, 28, 28)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all weights and buffers, as "<layer>.<name>"."""
        return {name: value.copy() for name, value in self._arrays().items()}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Set all weights and buffers; ValueError when names or shapes differ."""
        _fill(self._arrays(), state)

    def optimizer_state(self) -> dict[str, np.ndarray]:
        """Return copies of the optimizer's arrays, of all parameters in one."""
        return {name: value.copy() for name, value in self.optimizer.state.items()}

    def load_optimizer_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Set what `optimizer_state` returned; ValueError when names or shapes differ."""
        _fill(self.optimizer.state, state)

    def _arrays(self) -> dict[str, np.ndarray]:
        layers = enumerate(self.net.layers)
        return {
            f"{number}.{name}": value
            for number, layer in layers
            for name, value in (layer.params | layer.buffers).items()
        }

    def _losses(
        self, images: np.ndarray, labels: np.ndarray, targets: np.ndarray | None, training: bool = False
    ) -> tuple[np.ndarray, Metrics]:
        """Return the gradient of the mean loss by the net's output, and the metrics."""
        pixels = self._pixels(images)
        outputs = self.net.forward(pixels, training)
        if self.loss == "cross-entropy":
            right = int(np.count_nonzero(outputs.argmax(1) == labels))
            # Smoothing is a means of training; the loss shown for a test set is the plain one.
            loss, grad = scratch.cross_entropy(outputs, labels, self.label_smoothing if training else 0.0)
            return grad, {"loss": loss, "accuracy": right / len(labels)}
        wanted = pixels if targets is None else self._pixels(targets)
        if self.loss == "bce":
            loss, grad = scratch.bce(outputs, wanted)
            # This gradient is the error of the picture over the count of pixels.
            return grad, {"loss": loss, "mse": float(np.square(grad).sum()) * grad.size}
        loss, grad = scratch.mse(outputs, wanted)
        return grad, {"loss": loss, "mse": loss}

    def _pixels(self, images: np.ndarray) -> np.ndarray:
        pixels = images.reshape(len(images), PIXELS).astype(np.float32)
        if self.scaled:
            pixels *= 1 / 255
        return pixels


def two_layer(
    hidden: int, activation: str, init: str, init_std: float, scaled: bool, summed: bool, **training: Any
) -> NumpyModel:
    """784-hidden-10."""
    layers = partial(_layers, (PIXELS, hidden, 10), activation, init, init_std)
    return NumpyModel(layers, scaled=scaled, summed=summed, **training)


def deep(
    depth: int, width: int, activation: str, init: str, init_std: float, batch_norm: bool, **training: Any
) -> NumpyModel:
    """`depth` hidden layers of `width` units, with or without batch norm before their activations."""
    sizes = (PIXELS, *[width] * depth, 10)
    return NumpyModel(partial(_layers, sizes, activation, init, init_std, batch_norm=batch_norm), **training)


def autoencoder(
    hidden: str, code_size: int, activation: str, init: str, init_std: float, **training: Any
) -> NumpyModel:
    """784-hidden-code-hidden-784, the hidden layers after the code mirroring those before it."""
    down = (PIXELS, *widths(hidden), code_size)
    layers = partial(_layers, (*down, *down[-2::-1]), activation, init, init_std)
    encoder = 2 * (len(down) - 1)  # each of its dense layers has an activation
    return NumpyModel(layers, encoder=encoder, code_size=code_size, **training)


def _layers(
    sizes: Sequence[int],
    activation: str,
    init: str,
    init_std: float,
    rng: np.random.Generator,
    batch_norm: bool = False,
) -> list[Layer]:
    """Dense layers from size to size, each but the last followed by its activation."""
    layers: list[Layer] = []
    for inputs, outputs in pairwise(sizes):
        layers.append(Dense(inputs, outputs, scratch.init_std(init, inputs, outputs, init_std), rng))
        if batch_norm:
            layers.append(BatchNorm(outputs))
        layers.append(ACTIVATIONS[activation]())
    return layers[: -2 if batch_norm else -1]


def _through(layers: Sequence[Layer], x: np.ndarray) -> np.ndarray:
    for layer in layers:
        x = layer.forward(x)
    return x


def _norm(*arrays: np.ndarray) -> float:
    return math.sqrt(sum(float(np.vdot(array, array)) for array in arrays))


def _fill(own: Mapping[str, np.ndarray], given: Mapping[str, np.ndarray]) -> None:
    """Write the given arrays into the model's own, or none of them if they do not fit."""
    if set(own) != set(given):
        names = ", ".join(sorted(set(own) ^ set(given))[:3])
        raise ValueError(f"The weights are of another model (they differ in {names}). Train the model again.")
    for name, array in own.items():
        if given[name].shape != array.shape:
            raise ValueError(
                f"The weight {name} has the shape {given[name].shape} instead of {array.shape}. Train the model again."
            )
    for name, array in own.items():
        array[...] = given[name]
