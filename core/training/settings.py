"""The table of settings: what each is called, what it does, how far it may go, for all who show or change them."""

from __future__ import annotations

from dataclasses import dataclass

from core.data.augment import AUGMENTATION_RANGES, number
from core.table import table


@dataclass(frozen=True)
class Setting:
    """One setting of a run, named as in TrainConfig or Augmentation.

    low, high: the bounds of a number, both within them; None where a setting is one of a few words, or bounded
    otherwise. step: of its field in a form; whole numbers have whole steps. zero: what 0 means, where it is no
    number. of_steps: it is about learning by steps, and a model that is fitted at once has none of it.
    """

    name: str
    title: str
    help: str = ""
    low: float | None = None
    high: float | None = None
    step: float = 1
    zero: str = ""
    of_steps: bool = False

    def in_words(self, value: object) -> str:
        """Return a value of it as people read it."""
        return self.zero if self.zero and value == 0 else in_words(value)

    def check(self, value: object) -> None:
        """Raise ValueError for a number that is out of bounds, or none; a setting without bounds takes anything."""
        if self.low is None or self.high is None:
            return
        if not isinstance(self.low, int):
            number(self.name, value, self.low, self.high)
        elif type(value) is not int or not self.low <= value <= self.high:
            raise ValueError(
                f"{self.name} must be a whole number from {self.low} to {self.high}, got {value!r}. Change it."
            )


# The values of settings whose names for people are not those in a config; all others are words as they are.
NAMES = {
    "adam": "Adam",
    "adamw": "AdamW",
    "momentum": "SGD with momentum",
    "sgd": "SGD",
    "mse": "MSE",
    "bce": "BCE",
    "elbo": "ELBO",
    "relu": "ReLU",
    "gelu": "GELU",
    "he": "He",
    "xavier": "Xavier",
    "kl": "KL",
    "l1": "L1",
}


def in_words(value: object) -> str:
    """Return a value of a setting as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else NAMES.get(str(value), str(value))


SETTINGS = table(
    Setting("dataset", "Data set"),
    Setting(
        "source",
        "Encoder from",
        "The trained autoencoder that turns digits into codes; a copy of it is kept with the run.",
    ),
    Setting("start", "Begins from", of_steps=True),
    Setting(
        "own_share",
        "Own drawings (share)",
        "Share of each batch that are one's own drawings.",
        0.0,
        0.9,
        0.05,
        "none",
        of_steps=True,
    ),
    Setting(
        "glyph_share",
        "Drawn by code (share)",
        "Share of each batch that are digits written by a program as people write them with a pen.",
        0.0,
        0.9,
        0.05,
        "none",
        of_steps=True,
    ),
    Setting("epochs", "Epochs", "Passes over the training digits.", 1, 1000, of_steps=True),
    Setting("batch_size", "Batch size", "Digits per step.", 1, 60_000, of_steps=True),
    Setting(
        "optimizer",
        "Optimizer",
        "How steps follow from the gradient: SGD goes straight down, Adam scales each weight's step.",
        of_steps=True,
    ),
    Setting("lr", "Learning rate", "Size of each step; with one-cycle, the largest.", step=0.001, of_steps=True),
    Setting("schedule", "Schedule", "One-cycle raises the learning rate, then lets it fall to nothing.", of_steps=True),
    Setting(
        "loss",
        "Loss",
        "What training makes smaller; of pixels, MSE is the mean squared error and BCE the binary cross-entropy.",
        of_steps=True,
    ),
    Setting(
        "weight_decay",
        "Weight decay",
        "How strongly weights are pulled to zero.",
        0.0,
        10.0,
        0.01,
        "off",
        of_steps=True,
    ),
    Setting(
        "label_smoothing",
        "Label smoothing",
        "Share of certainty taken from the right answer.",
        0.0,
        0.9,
        0.05,
        "off",
        of_steps=True,
    ),
    Setting(
        "averaging",
        "Weight averaging (decay)",
        "Keeps a running mean of the weights: 0.998 is of about the last 500 steps.",
        0.0,
        0.9999,
        0.001,
        "off",
        of_steps=True,
    ),
    Setting(
        "label_noise",
        "Wrong labels (share)",
        "Share of the training digits that get a class that is not theirs, chosen by seed.",
        0.0,
        0.9,
        0.05,
        "none",
    ),
    Setting(
        "train_size",
        "Training digits",
        "How many training digits to use, chosen by seed; 0 means all.",
        0,
        60_000,
        1000,
        "all",
    ),
    Setting(
        "per_class",
        "Digits per class",
        "How many of each class to use instead, chosen by seed; 0 means as they come.",
        0,
        60_000,
        100,
        "as they come",
    ),
    Setting(
        "patience",
        "Patience",
        "Stop when the loss on held-out training digits has not improved for so many epochs; 0 is never.",
        0,
        1000,
        zero="off",
        of_steps=True,
    ),
    Setting("seed", "Seed", "The same seed gives the same run.", 0, 2**31 - 1),
    Setting("device", "Device", "What the model is trained on."),
    Setting("max_minutes", "Time limit (min)", "The run stops by itself after this time.", 0.01, 24 * 60.0, 5.0),
    Setting("noise", "Noise", "Put on the digits the model sees; it learns to draw them without."),
    Setting(
        "noise_level",
        "Noise level",
        "Gaussian: standard deviation, where white is 1. The others: share of the pixels.",
        step=0.05,
    ),
)


def _augmentation(name: str, title: str, step: float, text: str) -> Setting:
    return Setting(name, title, text, *AUGMENTATION_RANGES[name], step, "off")


AUGMENTATION_SETTINGS = table(
    _augmentation("shift", "Shift (pixels)", 1.0, "Digits move across and down by up to so many pixels."),
    _augmentation("rotate", "Rotation (degrees)", 5.0, "Digits turn to either side by up to so many degrees."),
    _augmentation("scale", "Scaling (share)", 0.05, "0.2 makes digits 0.8 to 1.2 times as large."),
    _augmentation("shear", "Slant (degrees)", 5.0, "Digits lean to either side by up to so many degrees."),
    _augmentation("elastic", "Bend (pixels)", 0.5, "Digits are bent smoothly: the standard deviation of the bend."),
    _augmentation("thickness", "Thickness (pixels)", 0.25, "Outlines move out or in by up to so many pixels."),
    _augmentation(
        "shrink",
        "Shrinking (share)",
        0.05,
        "Digits may be smaller than scaling lets them: 0.2 there and 0.4 here is 0.4 to 1.2 times.",
    ),
    _augmentation("marks", "Pen marks (share)", 0.1, "Share of the 1s, 7s and 9s that get flags, feet, bars or curls."),
    _augmentation(
        "still", "Share left unmoved", 0.1, "Share of the digits that are neither shifted, turned nor scaled."
    ),
    _augmentation(
        "lines", "Lines across (share)", 0.1, "Share of the digits that one or two lines cross, half of them dotted."
    ),
    _augmentation("patches", "Patches (share)", 0.1, "Share of the digits with a rectangle of one grey over them."),
    _augmentation("blur", "Blur (pixels)", 0.25, "Digits are blurred: the standard deviation, up to so many pixels."),
    _augmentation("contrast", "Contrast loss (share)", 0.1, "Ink loses up to this share of its white."),
    _augmentation("background", "Background grey", 0.1, "The ground is lighter by up to this, where white is 1."),
    _augmentation("shade", "Shadow edge (grey)", 0.1, "Beyond a straight edge the ground is lighter by up to this."),
    _augmentation("clouds", "Unevenness (share)", 0.1, "Clouds of grey make up to this share of the picture."),
    _augmentation("inverted", "Inverted (share)", 0.1, "Share of the digits that are dark on light."),
    _augmentation("shot", "Shot noise (variance)", 0.1, "Noise as of few photons: the variance of white, up to this."),
    _augmentation("gaussian", "Gaussian noise (sd)", 0.05, "Standard deviation, up to this, where white is 1."),
    _augmentation(
        "salt_and_pepper", "Salt and pepper (share)", 0.05, "Up to this share of the pixels is black or white."
    ),
    _augmentation(
        "clean",
        "Share left clean",
        0.1,
        "Share of the digits that nothing of this group happens to; each effect meets three in ten of the others, "
        "lines, patches and inversion as many as they say.",
    ),
)
