"""The contract every model meets, and MODELS, the table of all of them. Loads no engine until one is built."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

Value = int | float | str | bool
Metrics = dict[str, float]


class UnknownModel(ValueError):
    """A model name that is no row of MODELS."""


class Model(Protocol):
    """What both engines promise: arrays in, arrays out.

    Images are uint8 (n, 28, 28) and labels int64 (n,); scaling, channels, tensors and devices are the
    model's private business. Classifiers have `predict_proba`, autoencoders `encode` and `decode`;
    `ModelSpec.task` says which.
    """

    parameter_count: int
    code_size: int  # length of one code; 0 for a classifier

    def train_step(self, images: np.ndarray, labels: np.ndarray, lr: float) -> Metrics:
        """Take one optimizer step on a batch; return its loss and metrics before the step."""

    def seed_step(self, seed: int) -> None:
        """Seed whatever is random inside train_step; called at the start of each epoch."""

    def evaluate(self, images: np.ndarray, labels: np.ndarray) -> Metrics:
        """Return loss and metrics, averaged over the images, without learning from them."""

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Return class probabilities, float32 (n, 10)."""

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return codes, float32 (n, code_size)."""

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return images in [0, 1], float32 (n, 28, 28)."""

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all weights and buffers."""

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Set all weights and buffers; ValueError when names or shapes differ."""

    def optimizer_state(self) -> dict[str, np.ndarray]:
        """Return copies of what the optimizer remembers, enough to go on exactly from here."""

    def load_optimizer_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Set what `optimizer_state` returned."""


@dataclass(frozen=True)
class Param:
    """One tunable of a model; the form on the Train page is made from these."""

    name: str
    title: str
    default: Value
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    help: str = ""

    def check(self, value: Value) -> Value:
        """Return the value if it is allowed, else raise ValueError saying what is."""
        kind = type(self.default)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise ValueError(f"{self.name} must be of type {kind.__name__}, got {value!r}. Give such a value.")
        if self.choices and value not in self.choices:
            raise ValueError(f"{self.name} must be one of {', '.join(self.choices)}, got {value!r}. Choose one.")
        if isinstance(value, int | float) and not isinstance(value, bool):
            low = -np.inf if self.low is None else self.low
            high = np.inf if self.high is None else self.high
            if not low <= value <= high:
                raise ValueError(f"{self.name} must be between {low:g} and {high:g}, got {value}. Change it.")
        return value


@dataclass(frozen=True)
class ModelSpec:
    """One row of MODELS. `entry` names the builder as "module:function" and is imported only by `build`."""

    name: str
    title: str
    blurb: str
    task: Literal["classify", "reconstruct"]
    entry: str
    params: tuple[Param, ...] = ()
    losses: tuple[str, ...] = ("cross-entropy",)
    engine: str = "torch"  # shown to people, never asked by code

    def complete(self, params: Mapping[str, Value]) -> dict[str, Value]:
        """Return params with defaults filled in; ValueError on unknown names or impossible values."""
        known = {param.name: param for param in self.params}
        unknown = sorted(set(params) - set(known))
        if unknown:
            allowed = ", ".join(known) or "none"
            raise ValueError(f"{self.name} has no parameter {unknown[0]!r}. Its parameters are: {allowed}.")
        return {name: param.check(params.get(name, param.default)) for name, param in known.items()}

    def build(self, params: Mapping[str, Value], **training: Any) -> Model:
        """Build the model with fresh weights.

        `training` is passed on to the engine: loss, optimizer, weight_decay, label_smoothing and seed,
        named as in TrainConfig.
        """
        module, function = self.entry.split(":")
        builder = getattr(importlib.import_module(module), function)
        model: Model = builder(**self.complete(params), **training)
        return model


def spec(name: str) -> ModelSpec:
    """Return the row of MODELS with this name, or raise UnknownModel."""
    if name not in MODELS:
        raise UnknownModel(f"There is no model {str(name)[:80]!r}. Choose one of: {', '.join(MODELS)}.")
    return MODELS[name]


def _table(*specs: ModelSpec) -> dict[str, ModelSpec]:
    return {row.name: row for row in specs}


MODELS = _table(
    ModelSpec(
        "softmax",
        "Softmax regression",
        "One linear layer, 784-10: what can be read without any hidden feature.",
        "classify",
        "core.models.classifiers:softmax",
    ),
    ModelSpec(
        "mlp",
        "One hidden layer",
        "A fully connected net with one hidden layer of features it finds by itself.",
        "classify",
        "core.models.classifiers:mlp",
        (
            Param("hidden", "Hidden units", 256, 1, 4096, help="Width of the hidden layer."),
            Param("activation", "Activation", "relu", choices=("relu", "sigmoid", "tanh", "gelu")),
            Param("dropout", "Dropout", 0.0, 0.0, 0.9, help="Share of hidden units silenced at each step."),
        ),
    ),
    ModelSpec(
        "cnn",
        "Convolutional net",
        "Three small convolutions with batch norm that keep the picture's shape in mind.",
        "classify",
        "core.models.classifiers:cnn",
        (
            Param(
                "width",
                "Channels",
                16,
                4,
                64,
                help="Of the first layer; the next have 2 and 4 times as many.",
            ),
        ),
    ),
    ModelSpec(
        "autoencoder",
        "Autoencoder",
        "Squeezes a digit through a narrow layer of dense units and draws it again.",
        "reconstruct",
        "core.models.autoencoders:dense_autoencoder",
        (
            Param("hidden", "Hidden units", 128, 1, 2048, help="Width of the layer before and after the code."),
            Param("code_size", "Code size", 64, 1, 512, help="Numbers that describe one digit."),
        ),
        losses=("bce", "mse"),
    ),
    ModelSpec(
        "conv-autoencoder",
        "Convolutional autoencoder",
        "Shrinks the picture by convolutions to a small code and grows it back.",
        "reconstruct",
        "core.models.autoencoders:conv_autoencoder",
        (
            Param(
                "width",
                "Channels",
                16,
                4,
                64,
                help="Channels of the first layer; the next has twice as many.",
            ),
            Param("code_size", "Code size", 64, 1, 512, help="Numbers that describe one digit."),
        ),
        losses=("mse", "bce"),
    ),
)
