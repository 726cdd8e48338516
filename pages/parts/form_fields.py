"""The fields of the Train page's form: what each setting is called there, what explains it, and the widget for it.

No field has bounds: TrainConfig knows them, and says in a sentence what is wrong instead of clamping what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.models import ModelSpec, Param, Value

KEY = "form"
# The settings that every model has, as they are named in TrainConfig, with the words people read.
TITLES = {
    "dataset": "Data set",
    "source": "Encoder from",
    "start": "Begins from",
    "own_share": "Own drawings (share)",
    "epochs": "Epochs",
    "batch_size": "Batch size",
    "optimizer": "Optimizer",
    "lr": "Learning rate",
    "schedule": "Schedule",
    "loss": "Loss",
    "weight_decay": "Weight decay",
    "label_smoothing": "Label smoothing",
    "train_size": "Training digits",
    "per_class": "Digits per class",
    "patience": "Patience",
    "seed": "Seed",
    "device": "Device",
    "max_minutes": "Time limit (min)",
    "noise": "Noise",
    "noise_level": "Noise level",
}
AUGMENTATION_TITLES = {
    "shift": "Shift (pixels)",
    "rotate": "Rotation (degrees)",
    "scale": "Scaling (share)",
    "shear": "Slant (degrees)",
    "elastic": "Bend (pixels)",
    "thickness": "Thickness (pixels)",
    "shrink": "Shrinking (share)",
    "marks": "Pen marks (share)",
    "still": "Not moved (share)",
}
_HELP = {
    "source": "The trained autoencoder that turns digits into codes; a copy of it is kept with the run.",
    "own_share": "Share of each batch that are one's own drawings.",
    "epochs": "Passes over the training digits.",
    "batch_size": "Digits per step.",
    "lr": "Size of each step; with one-cycle, the largest.",
    "schedule": "One-cycle raises the learning rate, then lets it fall to nothing.",
    "weight_decay": "How strongly weights are pulled to zero.",
    "label_smoothing": "Share of certainty taken from the right answer.",
    "train_size": "How many training digits to use, chosen by seed; 0 means all.",
    "per_class": "How many of each class to use instead, chosen by seed; 0 means as they come.",
    "patience": "Stop when the loss on held-out training digits has not improved for so many epochs; 0 is never.",
    "seed": "The same seed gives the same run.",
    "device": "What the model is trained on.",
    "max_minutes": "The run stops by itself after this time.",
    "noise": "Put on the digits the model sees; it learns to draw them without.",
    "noise_level": "Gaussian: standard deviation, where white is 1. The others: share of the pixels.",
    "augmentation-shift": "Digits move across and down by up to so many pixels.",
    "augmentation-rotate": "Digits turn to either side by up to so many degrees.",
    "augmentation-scale": "0.2 makes digits 0.8 to 1.2 times as large.",
    "augmentation-shear": "Digits lean to either side by up to so many degrees.",
    "augmentation-elastic": "Digits are bent smoothly: the standard deviation of the bend.",
    "augmentation-thickness": "Outlines move out or in by up to so many pixels.",
    "augmentation-shrink": "Digits may be smaller than scaling lets them: 0.2 there and 0.4 here is 0.4 to 1.2 times.",
    "augmentation-marks": "Share of the 1s, 7s and 9s that get flags, feet, bars or curls.",
    "augmentation-still": "Share of the digits that are neither shifted, turned nor scaled.",
}


def whole(name: str, step: int = 1) -> int:
    """Show the field of a setting that is a whole number."""
    return int(st.number_input(_title(name), step=step, **_common(name)))


def real(name: str, step: float) -> float:
    """Show the field of a setting that is any number."""
    return float(st.number_input(_title(name), step=step, format="%.6g", **_common(name)))


def choice(
    name: str, options: Sequence[str], key: str = "", titles: Mapping[str, str] | None = None, **more: Any
) -> str:
    """Show the field of a setting that is one of a few words; `titles` are the words that people read."""
    common = _common(name, key)
    if st.session_state.setdefault(common["key"], options[0]) not in options:
        st.session_state[common["key"]] = options[0]
    names = titles or {}
    return str(st.selectbox(_title(name), options, format_func=lambda o: names.get(o, o), **common, **more))


def param_field(spec: ModelSpec, param: Param) -> Value:
    """Show the field of one of a model's own settings."""
    key = f"{KEY}-{spec.name}-{param.name}"
    common: dict[str, Any] = {"key": key, "help": param.help or None, "persist_state": "session"}
    st.session_state.setdefault(key, param.default)
    if param.choices:
        return str(st.selectbox(param.title, param.choices, **common))
    if isinstance(param.default, bool):
        return bool(st.toggle(param.title, **common))
    if isinstance(param.default, int):
        return int(st.number_input(param.title, step=1, **common))
    if isinstance(param.default, float):
        step = 0.05 if param.high is not None and param.high <= 1 else None
        return float(st.number_input(param.title, step=step, format="%.6g", **common))
    return str(st.text_input(param.title, **common))


def _title(name: str) -> str:
    return TITLES.get(name) or AUGMENTATION_TITLES[name.removeprefix("augmentation-")]


def _common(name: str, key: str = "") -> dict[str, Any]:
    return {"key": f"{KEY}-{key or name}", "help": _HELP.get(name), "persist_state": "session"}
