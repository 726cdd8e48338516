"""Neural networks in plain NumPy, to be read: layers with their derivatives, losses, first weights.

One example a row. A loss returns its mean L over the batch, and dL/d(what it was given). From there `backward` goes
from layer to layer by the chain rule: it turns dL/dy, by a layer's output, into dL/dx, by its input.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class Layer:
    """A function of its input and its parameters, with the derivatives by both.

    grads are the derivatives of the loss by params; buffers are remembered besides, and not learned by derivatives.
    """

    def __init__(self, **params: np.ndarray) -> None:
        self.params = params
        self.grads = {name: np.zeros_like(value) for name, value in params.items()}
        self.buffers: dict[str, np.ndarray] = {}
        self.y = np.empty(0)  # of the last training batch, where it is kept
        self.first = False  # in a net: nobody needs the derivative by its input

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return y (n, outputs) for x (n, inputs), which all but Dense write over. Only training remembers them."""
        raise NotImplementedError

    def backward(self, grad: np.ndarray) -> np.ndarray:
        """Take dL/dy for the last training batch, to be written over; fill `grads` and return dL/dx."""
        raise NotImplementedError

    def input_grad(self, grad: np.ndarray) -> np.ndarray:
        """Take dL/dy of what `traced` has answered, to be written over; return dL/dx, and leave `grads` alone."""
        return self.backward(grad)


class Dense(Layer):
    """y = x W + b, with the first W drawn from N(0, std^2) and the first b = 0."""

    def __init__(self, inputs: int, outputs: int, std: float, rng: np.random.Generator) -> None:
        super().__init__(weight=rng.normal(0, std, (inputs, outputs)), bias=np.zeros(outputs))
        self.dx = np.empty(0)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        weight, bias = self.params["weight"], self.params["bias"]
        if training:
            self.x, self.y = x, _reuse(self.y, (len(x), len(bias)), x.dtype)
        y = np.matmul(x, weight, out=self.y if training else None)
        y += bias
        return y

    # dL/dW = x^T dL/dy      dL/db = dL/dy, summed over the batch      dL/dx = dL/dy W^T
    def backward(self, grad: np.ndarray) -> np.ndarray:
        np.matmul(self.x.T, grad, out=self.grads["weight"])
        grad.sum(0, out=self.grads["bias"])
        if self.first:
            return grad
        self.dx = _reuse(self.dx, self.x.shape, grad.dtype)
        return np.matmul(grad, self.params["weight"].T, out=self.dx)

    def input_grad(self, grad: np.ndarray) -> np.ndarray:
        return np.matmul(grad, self.params["weight"].T)


class Sigmoid(Layer):
    """y = 1 / (1 + e^-x), computed as (1 + tanh(x / 2)) / 2, which is the same, and finite for any x."""

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        x *= 0.5
        np.tanh(x, out=x)
        x += 1
        x *= 0.5
        if training:
            self.y = x
        return x

    # dy/dx = y (1 - y)
    def backward(self, grad: np.ndarray) -> np.ndarray:
        grad *= self.y
        grad *= 1 - self.y
        return grad


class Tanh(Layer):
    """y = tanh x."""

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        np.tanh(x, out=x)
        if training:
            self.y = x
        return x

    # dy/dx = 1 - y^2
    def backward(self, grad: np.ndarray) -> np.ndarray:
        grad *= 1 - np.square(self.y)
        return grad


class ReLU(Layer):
    """y = max(x, 0)."""

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        np.maximum(x, 0, out=x)
        if training:
            self.y = x
        return x

    # dy/dx = 1 where x > 0, else 0
    def backward(self, grad: np.ndarray) -> np.ndarray:
        grad *= self.y > 0
        return grad


class BatchNorm(Layer):
    """y = weight hat + bias, where hat = (x - mean) / spread and spread = sqrt(var + eps), column by column.

    Mean and variance are of the batch, or, outside training, running means of such: Ioffe and Szegedy, 2015.
    """

    def __init__(self, size: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(weight=np.ones(size), bias=np.zeros(size))
        self.buffers = {"running_mean": np.zeros(size), "running_var": np.ones(size)}
        self.eps, self.momentum = eps, momentum

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        running_mean, running_var = self.buffers.values()
        mean, var = (x.mean(0), x.var(0)) if training else (running_mean, running_var)
        spread = np.sqrt(var + self.eps)
        x -= mean
        x /= spread
        if training:
            self.hat, self.spread = x, spread
            running_mean += self.momentum * (mean - running_mean)
            if (n := len(x)) > 1:  # one example says nothing of the spread; of n, n - 1 differ freely from their mean
                running_var += self.momentum * (var * (n / (n - 1)) - running_var)
        y = x * self.params["weight"]
        y += self.params["bias"]
        return y

    # With g = dL/dy:      dL/dweight = sum of g hat      dL/dbias = sum of g
    # dL/dx = weight / spread (g - mean of g - hat mean of (g hat)), for mean and spread depend on x, too
    def backward(self, grad: np.ndarray) -> np.ndarray:
        (grad * self.hat).sum(0, out=self.grads["weight"])
        grad.sum(0, out=self.grads["bias"])
        grad -= self.grads["bias"] / len(grad)
        grad -= self.hat * (self.grads["weight"] / len(grad))
        grad *= self.params["weight"] / self.spread
        return grad

    # With the running mean and variance, which do not depend on x:      dL/dx = g weight / spread
    def input_grad(self, grad: np.ndarray) -> np.ndarray:
        grad *= self.params["weight"] / np.sqrt(self.buffers["running_var"] + self.eps)
        return grad


class Net:
    """Layers, one after another.

    All parameters lie in one vector, `params`, and their derivatives in another, `grads`; the layers hold views of
    them. So an optimizer is arithmetic on two vectors, whatever the net.
    """

    def __init__(self, layers: Sequence[Layer], dtype: Any = np.float32) -> None:
        for before, layer in zip([None, *layers], layers, strict=False):
            if not isinstance(layer, Dense) and not isinstance(before, Dense | BatchNorm):
                raise ValueError(f"{type(layer).__name__} would write over what is still needed. Put Dense before it.")
        self.layers = list(layers)
        self.layers[0].first = True
        size = sum(value.size for layer in layers for value in layer.params.values())
        self.params, self.grads = np.zeros(size, dtype), np.zeros(size, dtype)
        end = 0
        for layer in layers:
            layer.buffers = {name: value.astype(dtype) for name, value in layer.buffers.items()}
            for name, value in layer.params.items():
                start, end = end, end + value.size
                self.params[start:end] = value.ravel()
                layer.params[name] = self.params[start:end].reshape(value.shape)
                layer.grads[name] = self.grads[start:end].reshape(value.shape)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the output of the last layer, (n, outputs)."""
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def traced(self, x: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
        """Return what `forward` does, and a function from the derivative by that, (n, outputs), to the one by x.

        Nothing is remembered in the layers, but in copies of them that share their parameters.
        """
        layers = [copy.copy(layer) for layer in self.layers]
        for layer in layers:
            layer.y = np.empty(0)
            x = layer.forward(x, training=not isinstance(layer, BatchNorm))

        def backward(grad: np.ndarray) -> np.ndarray:
            for layer in reversed(layers):
                grad = layer.input_grad(grad)
            return grad

        return x, backward

    def backward(self, grad: np.ndarray) -> None:
        """Fill `grads`, given the derivative of the loss by the output for the last training batch."""
        for layer in reversed(self.layers):
            grad = layer.backward(grad)


# With p = softmax(z) and t = the wanted distribution:      L = -sum of t log p      dL/dz = p - t
def cross_entropy(logits: np.ndarray, labels: np.ndarray, smoothing: float = 0.0) -> tuple[float, np.ndarray]:
    """Return the softmax cross-entropy of logits (n, classes) and labels (n,), and its derivative.

    smoothing: the share of the wanted distribution that is not the label's, but spread evenly over all classes.
    """
    # Classes first: ten rows of n numbers are added up several times as fast as n rows of ten.
    z = np.array(logits.T, order="C")
    classes, n = z.shape
    z -= z.max(0)  # changes no probability, and e^z cannot overflow
    p = np.exp(z)
    total = p.sum(0)
    p /= total
    right = labels, np.arange(n)
    loss = np.log(total).sum() - (1 - smoothing) * z[right].sum()
    p[right] -= 1 - smoothing
    if smoothing:
        loss -= smoothing / classes * z.sum()
        p -= smoothing / classes
    p *= 1 / n
    return float(loss) / n, p.T


# L = mean of (y - t)^2      dL/dy = 2 (y - t) / count
def mse(y: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean squared error over all numbers of y, and its derivative."""
    grad = y - target
    loss = float(np.square(grad).mean())
    grad *= 2 / grad.size
    return loss, grad


# With y = sigmoid(z):      L = -mean of (t log y + (1 - t) log(1 - y))      dL/dz = (y - t) / count
def bce(logits: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the binary cross-entropy of sigmoid(logits) and targets in [0, 1] over all numbers, and its derivative."""
    # -log(1 - y) = max(z, 0) + log(1 + e^-|z|), which is finite for any z, and -log y is less than it by z
    losses = np.log1p(np.exp(-np.abs(logits)))
    losses += np.maximum(logits, 0)
    losses -= target * logits
    grad = sigmoid(logits)
    grad -= target
    grad *= 1 / grad.size
    return float(losses.mean()), grad


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + e^-x)."""
    return Sigmoid().forward(x.copy())


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities e^z / (sum of e^z) of logits z (n, classes)."""
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return p


def init_std(init: str, inputs: int, outputs: int, normal: float = 0.1) -> float:
    """Return the standard deviation for the first weights of a dense layer.

    "xavier" keeps the size of signals from layer to layer, and of derivatives back: Glorot and Bengio, "Understanding
    the difficulty of training deep feedforward neural networks", 2010. "he" does so where ReLU takes half of them: He
    et al., "Delving deep into rectifiers", 2015. "normal" is any other; with "zeros" all hidden units stay equal.
    """
    stds = {"xavier": math.sqrt(2 / (inputs + outputs)), "he": math.sqrt(2 / inputs), "normal": normal, "zeros": 0.0}
    if init not in stds:
        raise ValueError(f"init must be one of {', '.join(stds)}, got {init!r}. Choose one.")
    return stds[init]


def _reuse(array: np.ndarray, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return memory to write in, the same if it fits: new memory costs more time than the arithmetic that fills it."""
    return array if array.shape == shape and array.dtype == dtype else np.empty(shape, dtype)
