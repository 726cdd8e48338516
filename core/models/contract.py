"""The contract every model meets, and what the table of models says of each. Loads no engine until one is built."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

Value = int | float | str | bool
Metrics = dict[str, float]
Health = dict[str, dict[str, float]]  # layer -> measure -> value


class UnknownModel(ValueError):
    """A model name that is no row of MODELS."""


class Model(Protocol):
    """What all engines promise: arrays in, arrays out. How it learns is promised by one of the two below.

    Images are uint8 (n, 28, 28) and labels int64 (n,); scaling, channels, tensors and devices are the
    model's private business. Classifiers have `predict_proba`, autoencoders `encode` and `decode`;
    `ModelSpec.task` says which. `targets`, uint8 (n, 28, 28), are the clean pictures that an autoencoder should
    make of corrupted images; None means the images themselves.
    """

    @property
    def parameter_count(self) -> int:
        """How many numbers its answers are made from."""

    @property
    def learned_count(self) -> int:
        """How many of the parameters training changes or chooses; what is kept as it is given is not learned."""

    @property
    def code_size(self) -> int:
        """The length of one code; 0 for a classifier."""

    def evaluate(self, images: np.ndarray, labels: np.ndarray, targets: np.ndarray | None = None) -> Metrics:
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


class SteppedModel(Model, Protocol):
    """A model that learns by steps, a batch each."""

    def train_step(
        self, images: np.ndarray, labels: np.ndarray, lr: float, targets: np.ndarray | None = None
    ) -> Metrics:
        """Take one optimizer step on a batch; return its loss and metrics before the step."""

    def seed_step(self, seed: int) -> None:
        """Seed whatever is random inside train_step; called at the start of each epoch."""

    def health(self, images: np.ndarray, labels: np.ndarray) -> Health:
        """Return how each layer with weights fares on a batch, without learning from it.

        gradient_norm and weight_norm are Euclidean; dead is the share of ReLU units that answer 0 to every image,
        saturated the share of a bounded activation's outputs within a hundredth of its range from an end.
        """

    def optimizer_state(self) -> dict[str, np.ndarray]:
        """Return copies of what the optimizer remembers, enough to go on exactly from here."""

    def load_optimizer_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Set what `optimizer_state` returned."""


class FittedModel(Model, Protocol):
    """A model that is fitted at once to all it learns from; before that it knows nothing and says so: 0.1 each.

    Its arrays have the sizes that the fit gives them, so `load_state_dict` looks at every number that could lead an
    answer astray: the state may be a stranger's.
    """

    def fit(self, images: np.ndarray, labels: np.ndarray) -> Iterator[float]:
        """Learn from uint8 (n, 28, 28) and int64 (n,), n >= 1; yield the share done, rising to 1, about each second.

        Who stops asking before 1 has a model that is as it was.
        """


@runtime_checkable
class Differentiable(Protocol):
    """What a classifier can do besides that knows its own derivatives: `isinstance(model, Differentiable)` asks."""

    def input_gradient(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return how the cross-entropy of each image grows with each pixel in [0, 1], float32 (n, 28, 28).

        As the model answers, not as it learns: without dropout and label smoothing, and with the running means of batch
        norm. images: uint8 (n, 28, 28); labels: int64 (n,). Changes nothing in the model; several may ask at once.
        """


@dataclass(frozen=True)
class Param:
    """One tunable of a model; the form on the Train page is made from these.

    A text without choices is a row of layer widths such as "512-256", each between low and high.
    """

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
        numbers: tuple[Value, ...] = (value,)
        if isinstance(value, str) and not self.choices:
            numbers = widths(value)
        for number in numbers:
            if isinstance(number, int | float) and not isinstance(number, bool):
                low = -np.inf if self.low is None else self.low
                high = np.inf if self.high is None else self.high
                if not low <= number <= high:
                    raise ValueError(f"{self.name} must be between {low:g} and {high:g}, got {number}. Change it.")
        return value


def widths(text: str) -> tuple[int, ...]:
    """Return the layer widths that a text such as "512-256" names, one to eight of them."""
    if not re.fullmatch(r"[0-9]{1,5}(-[0-9]{1,5}){0,7}", text, re.ASCII):
        raise ValueError(f"Layer widths are one to eight numbers with hyphens, got {text[:80]!r}. Write 512-256-128.")
    return tuple(int(number) for number in text.split("-"))


@dataclass(frozen=True)
class ModelSpec:
    """One row of MODELS. `entry` names the builder as "module:function" and is imported only by `build`.

    learns: whether it is a `SteppedModel` or a `FittedModel`. source: the task of the run that the model stands on,
    such as the autoencoder whose encoder it uses; "" for one that begins from nothing. prior: what codes are drawn
    from, "normal" for the standard normal distribution; "" for a model that knows of none.
    """

    name: str
    title: str
    blurb: str
    task: Literal["classify", "reconstruct"]
    entry: str
    params: tuple[Param, ...] = ()
    losses: tuple[str, ...] = ("cross-entropy",)
    engine: Literal["torch", "numpy", "sklearn"] = "torch"
    learns: Literal["by steps", "at once"] = "by steps"
    source: str = ""
    prior: Literal["", "normal"] = ""

    @property
    def devices(self) -> tuple[str, ...]:
        """The kinds of processor it can be trained on, where they are present."""
        return ("cpu", "cuda", "mps") if self.engine == "torch" else ("cpu",)

    def accepts(self, source: ModelSpec) -> bool:
        """Say whether it can stand on a run of that model: of the task it needs, and made by the same engine."""
        return source.task == self.source and source.engine == self.engine

    def complete(self, params: Mapping[str, Value]) -> dict[str, Value]:
        """Return params with defaults filled in; ValueError on unknown names or impossible values."""
        known = {param.name: param for param in self.params}
        unknown = sorted(set(params) - set(known))
        if unknown:
            allowed = ", ".join(known) or "none"
            raise ValueError(f"{self.name} has no parameter {unknown[0]!r}. Its parameters are: {allowed}.")
        return {name: param.check(params.get(name, param.default)) for name, param in known.items()}

    def build(self, params: Mapping[str, Value], source: Model | None = None, **training: Any) -> Model:
        """Build the model with fresh weights.

        `training` is passed on to the engine: seed and, to a model that learns by steps, loss, optimizer, weight_decay,
        label_smoothing and device, named as in TrainConfig. `source` is the model it stands on; ValueError when one is
        needed and missing.
        """
        if self.source:
            if source is None:
                raise ValueError(f"{self.title} stands on another run, and none is given. Choose one.")
            training["source"] = source
        module, function = self.entry.split(":")
        builder = getattr(importlib.import_module(module), function)
        model: Model = builder(**self.complete(params), **training)
        return model
