"""The form that makes a TrainConfig: a preset fills it, the fields of a model come from its ModelSpec alone."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.config import OPTIMIZERS, SCHEDULES, TrainConfig
from core.models import MODELS, ModelSpec, Param, Value
from core.presets import PRESETS
from pages.parts.pickers import pick_dataset

_KEY = "form"
# The settings that every model has, as they are named in TrainConfig, with the words people read.
TITLES = {
    "dataset": "Data set",
    "epochs": "Epochs",
    "batch_size": "Batch size",
    "optimizer": "Optimizer",
    "lr": "Learning rate",
    "schedule": "Schedule",
    "loss": "Loss",
    "weight_decay": "Weight decay",
    "label_smoothing": "Label smoothing",
    "seed": "Seed",
    "train_size": "Training digits",
    "max_minutes": "Time limit (min)",
}
_HELP = {
    "epochs": "Passes over the training digits.",
    "batch_size": "Digits per step.",
    "lr": "Size of each step; with one-cycle, the largest.",
    "schedule": "One-cycle raises the learning rate, then lets it fall to nothing.",
    "weight_decay": "How strongly weights are pulled to zero.",
    "label_smoothing": "Share of certainty taken from the right answer; for cross-entropy only.",
    "seed": "The same seed gives the same run.",
    "train_size": "How many training digits to use, chosen by seed; 0 means all.",
    "max_minutes": "The run stops by itself after this time.",
}
# Two fields in a row wherever two fit, with labels and boxes aligned; columns of Streamlit's would not wrap.
_GRID = """
<style>
.st-key-fields-main, .st-key-fields-more { display: grid; gap: 0.6rem 0.9rem; align-items: end;
  grid-template-columns: repeat(auto-fit, minmax(max(7.2rem, 40%), 1fr)); }
</style>
"""


def config_form() -> TrainConfig | None:
    """Show the form; return what it says, or None, with a sentence, where that is impossible."""
    if f"{_KEY}-preset" not in st.session_state:
        _fill(next(iter(PRESETS)))
    st.selectbox(
        "Preset",
        list(PRESETS),
        format_func=lambda name: PRESETS[name].title,
        key=f"{_KEY}-preset",
        on_change=lambda: _fill(st.session_state[f"{_KEY}-preset"]),
        persist_state="session",
    )
    preset = PRESETS[st.session_state[f"{_KEY}-preset"]]
    st.caption(preset.blurb)
    dataset = pick_dataset(TITLES["dataset"], key=f"{_KEY}-dataset")
    st.selectbox(
        "Model",
        list(MODELS),
        format_func=lambda name: MODELS[name].title,
        key=f"{_KEY}-model",
        on_change=_fit_preset_to_model,
        persist_state="session",
        help="  \n".join(f"{spec.title}: {spec.blurb}" for spec in MODELS.values()),
    )
    st.html(_GRID)
    spec = MODELS[st.session_state[f"{_KEY}-model"]]
    values = _fields(spec)
    try:
        config = TrainConfig(model=spec.name, dataset=dataset, **values)
    except ValueError as error:
        st.error(_sentence(error), icon=":material/error:")
        return None
    changed = changes(config, preset.config)
    if changed:
        st.caption(f"Changed from the preset: {', '.join(changed)}.")
    return config


def changes(config: TrainConfig, preset: TrainConfig) -> list[str]:
    """Return the titles, in lower case, of the settings that differ from the preset's."""
    mine, its = config.to_dict(), preset.to_dict()
    names = [title for name, title in {"model": "Model", **TITLES}.items() if mine[name] != its[name]]
    if config.model == preset.model:
        names += [p.title for p in config.spec.params if mine["params"][p.name] != its["params"][p.name]]
    return [name.lower() for name in names]


def _fields(spec: ModelSpec) -> dict[str, Any]:
    """Show the fields below the model; return their values under TrainConfig's names."""
    values: dict[str, Any] = {}
    with st.container(key="fields-main"):
        values["params"] = {param.name: _param(spec, param) for param in spec.params}
        values["epochs"] = _whole("epochs", 1, 1000)
        values["batch_size"] = _whole("batch_size", 1, 10_000)
        values["optimizer"] = _choice("optimizer", OPTIMIZERS)
        values["lr"] = _real("lr", 0.001)
    with st.expander("More settings"), st.container(key="fields-more"):
        values["schedule"] = _choice("schedule", SCHEDULES)
        values["loss"] = _choice("loss", spec.losses, key=f"loss-{spec.name}")
        values["weight_decay"] = _real("weight_decay", 0.01)
        values["label_smoothing"] = _real("label_smoothing", 0.05)
        values["seed"] = _whole("seed", 0, 2**31 - 1)
        values["train_size"] = _whole("train_size", 0, 60_000, step=1000)
        values["max_minutes"] = _real("max_minutes", 5.0)
    return values


def _param(spec: ModelSpec, param: Param) -> Value:
    key = f"{_KEY}-{spec.name}-{param.name}"
    common: dict[str, Any] = {"key": key, "help": param.help or None, "persist_state": "session"}
    st.session_state.setdefault(key, param.default)
    if param.choices:
        return str(st.selectbox(param.title, param.choices, **common))
    if isinstance(param.default, bool):
        return bool(st.checkbox(param.title, **common))
    if isinstance(param.default, int):
        low, high = (None if bound is None else int(bound) for bound in (param.low, param.high))
        return int(st.number_input(param.title, low, high, step=1, **common))
    if isinstance(param.default, float):
        step = 0.05 if param.high is not None and param.high <= 1 else None
        return float(st.number_input(param.title, param.low, param.high, step=step, format="%.6g", **common))
    return str(st.text_input(param.title, **common))


def _whole(name: str, low: int, high: int, step: int = 1) -> int:
    return int(st.number_input(TITLES[name], low, high, step=step, **_common(name)))


def _real(name: str, step: float) -> float:
    # No bounds here: TrainConfig knows them, and says in a sentence what is wrong.
    return float(st.number_input(TITLES[name], step=step, format="%.6g", **_common(name)))


def _choice(name: str, options: tuple[str, ...], key: str = "") -> str:
    common = _common(name, key)
    if st.session_state.setdefault(common["key"], options[0]) not in options:
        st.session_state[common["key"]] = options[0]
    return str(st.selectbox(TITLES[name], options, **common))


def _common(name: str, key: str = "") -> dict[str, Any]:
    return {"key": f"{_KEY}-{key or name}", "help": _HELP.get(name), "persist_state": "session"}


def _fill(name: str) -> None:
    """Put a preset's settings into the form; its data set only where that is on this disk or can be fetched."""
    config, state = PRESETS[name].config, st.session_state
    state[f"{_KEY}-preset"], state[f"{_KEY}-model"] = name, config.model
    for setting in TITLES:
        state[f"{_KEY}-{setting}"] = getattr(config, setting)
    state[f"{_KEY}-loss-{config.model}"] = config.loss
    for param, value in config.params.items():
        state[f"{_KEY}-{config.model}-{param}"] = value


def _fit_preset_to_model() -> None:
    """A model chosen by hand brings the settings that suit it, and leaves the data set as it is."""
    state = st.session_state
    model, dataset = state[f"{_KEY}-model"], state[f"{_KEY}-dataset"]
    name = next((name for name, preset in PRESETS.items() if preset.config.model == model), None)
    if name is not None:
        _fill(name)
        state[f"{_KEY}-dataset"] = dataset


def _sentence(error: ValueError) -> str:
    """Return the error with the settings named as the form names them."""
    text = str(error)
    for name, title in TITLES.items():
        if text.startswith(f"{name} "):
            return title + text[len(name) :]
    return text
