"""TrainConfig: the whole truth of a training run, checked when it is made; a Preset is one with a name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, cast

from core.data.augment import Augmentation, check_noise, number
from core.data.datasets import DATASETS
from core.models import spec
from core.models.averaged import AveragedModel
from core.models.contract import Model, ModelSpec, SteppedModel, Value
from core.training.settings import SETTINGS

OPTIMIZERS = ("adam", "adamw", "momentum", "sgd")
SCHEDULES = ("constant", "one-cycle")


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one run. Impossible ones raise ValueError; `params` and `loss` are completed from the model.

    A model that is fitted at once has one epoch, and takes none of the settings that are `of_steps` in SETTINGS; it
    sees each training digit once, as augmentation varies it.

    source: id of the run that the model stands on, where it needs one.
    start: id of the run whose weights it begins from, where it learns from drawings; "" begins from fresh ones.
    own_share: share of each batch that are those drawings.
    glyph_share: share of each batch that are digits drawn by code.
    label_noise: share of the training digits, those held out among them, that get a wrong label, chosen by seed.
    train_size: how many training digits to use, chosen by seed; 0 means all.
    per_class: how many of each class to use instead; 0 means as they come.
    augmentation: how the training digits are varied at random, anew each time they are seen.
    noise, noise_level: what is done to the digits an autoencoder is to clean, in training and in its test.
    averaging: decay of the exponential mean of the weights, which is then the model; 0 keeps the last weights.
    patience: stop early when the loss on held-out training digits has not improved for so many epochs; 0 is never.
    max_minutes: time limit; a run that reaches it stops as if Stop had been pressed.
    """

    model: str
    dataset: str = "mnist"
    params: Mapping[str, Value] = field(default_factory=dict)
    source: str = ""
    start: str = ""
    own_share: float = 0.0
    epochs: int = 5
    batch_size: int = 128
    optimizer: str = "adam"
    lr: float = 1e-3
    schedule: str = "constant"
    loss: str = ""  # "" is the model's first
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    averaging: float = 0.0
    label_noise: float = 0.0
    seed: int = 0
    train_size: int = 0
    per_class: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)
    glyph_share: float = 0.0
    noise: str = "none"
    noise_level: float = 0.0
    patience: int = 0
    device: str = "cpu"
    max_minutes: float = 60.0

    def __post_init__(self) -> None:
        model = self.spec
        if model.learns == "at once":
            self._leave_out_steps(model)
        object.__setattr__(self, "params", model.complete(self.params))
        object.__setattr__(self, "loss", self.loss or model.losses[0])
        _choose("dataset", self.dataset, tuple(DATASETS))
        _choose("optimizer", self.optimizer, OPTIMIZERS)
        _choose("schedule", self.schedule, SCHEDULES)
        _choose("loss", self.loss, model.losses)
        for row in SETTINGS.values():
            row.check(getattr(self, row.name))
        number("lr", self.lr, -math.inf, math.inf)
        if not 0 < self.lr <= 100:
            raise ValueError(f"lr must be above 0 and at most 100, got {self.lr}. Try 0.001.")
        _choose("device", self.device, model.devices)
        if not isinstance(self.augmentation, Augmentation):
            raise ValueError(f"augmentation must be an Augmentation, got {self.augmentation!r:.80}. Make one.")
        check_noise(self.noise, self.noise_level)
        self._check_together(model)

    def _leave_out_steps(self, model: ModelSpec) -> None:
        """Raise ValueError for a setting of learning by steps that somebody gave; a fit has one epoch."""
        for one in fields(self):
            of_steps = one.name in SETTINGS and SETTINGS[one.name].of_steps
            # The loss is not minimised, but is a measure all the same; it is looked at with those of the model.
            if of_steps and one.name != "loss":
                value = getattr(self, one.name)
                if value != one.default and (one.name, value) != ("epochs", 1):
                    raise ValueError(
                        f"{one.name} is {value!r:.80}, but {model.title} is fitted at once, without steps. Leave it at "
                        f"{one.default!r}."
                    )
        object.__setattr__(self, "epochs", 1)

    def _check_together(self, model: ModelSpec) -> None:
        """Raise ValueError for settings that are possible alone, and not with the others."""
        if self.label_smoothing and self.loss != "cross-entropy":
            raise ValueError(f"label_smoothing needs the loss cross-entropy, not {self.loss}. Set it to 0.")
        if self.label_noise and model.task != "classify":
            raise ValueError(f"label_noise is for classifiers, and {model.title} is none. Set it to 0.")
        if self.train_size and self.per_class:
            raise ValueError(f"per_class is {self.per_class} and train_size {self.train_size}. Set one of them to 0.")
        if self.noise != "none" and model.task != "reconstruct":
            raise ValueError(f"noise is for autoencoders to clean, and {model.title} is none. Set it to none.")
        if self.noise != "none" and not self.noise_level:
            raise ValueError(f"noise_level is 0, but noise is {self.noise}. Raise it, or set noise to none.")
        for name, value in (("source", self.source), ("start", self.start)):
            if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9-]{0,80}", value):
                raise ValueError(f"{name} must be the id of a run, got {value!r:.80}. Choose one.")
        if bool(self.source) != bool(model.source):
            needs = "needs a trained autoencoder to stand on" if model.source else "stands on no other run"
            raise ValueError(f"source is {self.source!r}, but {model.title} {needs}. Change it.")
        if self.augmentation.marks and not self.of_digits:
            title = DATASETS[self.dataset].title
            raise ValueError(f"marks are for digits, and {title} has none. Set them to 0.")
        if self.glyph_share and not self.of_digits:
            title = DATASETS[self.dataset].title
            raise ValueError(f"glyph_share is for digits, and {title} has none. Set it to 0.")
        if self.start or self.own_share:
            self._check_own(model)
        if self.from_data < 1:
            raise ValueError(
                f"own_share is {self.own_share:g} and glyph_share {self.glyph_share:g}, which leaves nothing else of a "
                f"batch of {self.batch_size}. Lower them, or use larger batches."
            )

    def _check_own(self, model: ModelSpec) -> None:
        """Raise ValueError where drawings of digits cannot be learned from."""
        if not (self.start and self.own_share):
            raise ValueError(
                f"own_share is {self.own_share:g} and start {self.start!r}: a run that begins from another learns from "
                "drawings, and no other does. Give both or neither."
            )
        if model.task != "classify":
            raise ValueError(f"start is for classifiers, and {model.title} is none. Choose a run that reads digits.")
        if not self.of_digits:
            title = DATASETS[self.dataset].title
            raise ValueError(f"own_share is for digits, and {title} has none. Choose a run that reads digits.")
        if not 0 < self.own_per_batch < self.batch_size:
            raise ValueError(
                f"own_share is {self.own_share:g}, which of a batch of {self.batch_size} is {self.own_per_batch}. Use "
                "larger batches, or a share that leaves something of each kind."
            )

    @property
    def of_digits(self) -> bool:
        """Whether it learns to read handwritten digits, so that drawings of them fit in."""
        return DATASETS[self.dataset].of_digits

    @property
    def own_per_batch(self) -> int:
        """How many of the digits of each batch are one's own drawings."""
        return round(self.own_share * self.batch_size)

    @property
    def glyphs_per_batch(self) -> int:
        """How many of the digits of each batch are drawn by code."""
        return round(self.glyph_share * self.batch_size)

    @property
    def from_data(self) -> int:
        """How many of the digits of each batch are the data set's."""
        return self.batch_size - self.own_per_batch - self.glyphs_per_batch

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
        given = dict(values)
        if "augmentation" in given:
            given["augmentation"] = Augmentation.from_dict(given["augmentation"])
        return cls(**given)


@dataclass(frozen=True)
class Preset:
    """A named recipe; `blurb` says in one sentence what to expect of it."""

    name: str
    title: str
    blurb: str
    config: TrainConfig


def _choose(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {str(value)[:80]!r}. Choose one.")


def build(config: TrainConfig, source: Model | None = None) -> Model:
    """Build the model of a config with fresh weights, ready to train; `source` is the model it stands on."""

    if config.spec.learns == "at once":
        return config.spec.build(config.params, seed=config.seed)

    def make() -> Model:
        return config.spec.build(
            config.params,
            source,
            loss=config.loss,
            optimizer=config.optimizer,
            weight_decay=config.weight_decay,
            label_smoothing=config.label_smoothing,
            seed=config.seed,
            device=config.device,
        )

    # Whatever is averaged learns by steps: the config sees to that.
    return AveragedModel(cast(Callable[[], SteppedModel], make), config.averaging) if config.averaging else make()
