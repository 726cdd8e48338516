"""TrainConfig: the whole truth of a training run, checked when it is made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from core.data import DATASETS
from core.models import ModelSpec, Value, spec

OPTIMIZERS = ("adam", "adamw", "momentum", "sgd")
SCHEDULES = ("constant", "one-cycle")

# name -> lowest and highest value that make sense
_WHOLE = {"epochs": (1, 1000), "batch_size": (1, 10_000), "seed": (0, 2**31 - 1), "train_size": (0, 60_000)}
_REAL = {"weight_decay": (0.0, 10.0), "label_smoothing": (0.0, 0.9), "max_minutes": (0.01, 24 * 60.0)}


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one run. Impossible ones raise ValueError; `params` and `loss` are completed from the model.

    train_size: how many training digits to use, chosen by seed; 0 means all.
    max_minutes: time limit; a run that reaches it stops as if Stop had been pressed.
    """

    model: str
    dataset: str = "mnist"
    params: Mapping[str, Value] = field(default_factory=dict)
    epochs: int = 5
    batch_size: int = 128
    optimizer: str = "adam"
    lr: float = 1e-3
    schedule: str = "constant"
    loss: str = ""  # "" is the model's first
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    seed: int = 0
    train_size: int = 0
    max_minutes: float = 60.0

    def __post_init__(self) -> None:
        model = self.spec
        object.__setattr__(self, "params", model.complete(self.params))
        object.__setattr__(self, "loss", self.loss or model.losses[0])
        _choose("dataset", self.dataset, tuple(DATASETS))
        _choose("optimizer", self.optimizer, OPTIMIZERS)
        _choose("schedule", self.schedule, SCHEDULES)
        _choose("loss", self.loss, model.losses)
        for name, (low, high) in _WHOLE.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise ValueError(f"{name} must be a whole number from {low} to {high}, got {value!r}. Change it.")
        _number("lr", self.lr)
        if not 0 < self.lr <= 100:
            raise ValueError(f"lr must be above 0 and at most 100, got {self.lr}. Try 0.001.")
        for name, (least, most) in _REAL.items():
            value = _number(name, getattr(self, name))
            if not least <= value <= most:
                raise ValueError(f"{name} must be between {least:g} and {most:g}, got {value:g}. Change it.")
        if self.label_smoothing and self.loss != "cross-entropy":
            raise ValueError(f"label_smoothing needs the loss cross-entropy, not {self.loss}. Set it to 0.")

    @property
    def spec(self) -> ModelSpec:
        """The row of MODELS this config trains."""
        return spec(self.model)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """Make a config from `to_dict`'s values; ValueError on unknown or missing keys."""
        if not isinstance(values, Mapping):
            raise ValueError(f"A config must be an object with named values, got {type(values).__name__}.")
        known = [f.name for f in fields(cls)]
        unknown = sorted(str(key)[:80] for key in set(values) - set(known))
        if unknown:
            raise ValueError(f"Unknown setting {unknown[0]!r}. The settings are: {', '.join(known)}.")
        if "model" not in values:
            raise ValueError("A config needs the setting 'model'. Name one of the models.")
        if not isinstance(values.get("params", {}), Mapping):
            raise ValueError(f"params must be an object with named values, got {values['params']!r:.80}.")
        return cls(**values)


def _choose(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {str(value)[:80]!r}. Choose one.")


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r:.80}. Change it.")
    return float(value)
