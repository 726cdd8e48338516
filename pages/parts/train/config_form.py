"""The form that makes a TrainConfig: a preset fills it, the fields of a model come from its ModelSpec alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from typing import Any

import streamlit as st

from core.data.datasets import DATASETS, load
from core.figures.terms import explain_terms_of
from core.models import MODELS
from core.models.contract import ModelSpec
from core.runs import finetune
from core.runs.run import Run, RunNotFound, Status
from core.runs.store import store
from core.training import devices
from core.training.config import OPTIMIZERS, SCHEDULES, TrainConfig
from core.training.naming import differences, in_a_sentence
from core.training.presets import PRESETS
from core.training.settings import AUGMENTATION_SETTINGS, SETTINGS
from core.training.splits import most_per_class, training_size
from pages.parts.shared.controls.dataset_picker import pick_dataset
from pages.parts.shared.controls.pickers import run_labels
from pages.parts.shared.run_controls import run_to_train_again
from pages.parts.shared.style import say, warn
from pages.parts.train.augment_form import augment_form
from pages.parts.train.form_fields import (
    KEY,
    choice,
    field,
    key_of,
    param_field,
    param_name,
    put,
    real,
    value_of,
    whole,
)

_AGAIN = f"{KEY}-again"  # session: id of the run whose settings are in the form
_FILLED = f"{KEY}-filled"  # session: the same, until a preset is chosen
_FITTED = f"{KEY}-per_class-fitted"  # session: the digits per class that a preset was lowered to
_REAL = [setting.name for setting in fields(TrainConfig) if setting.type == "float"]
# Two fields in a row wherever two fit, with labels and boxes aligned; columns of Streamlit's would not wrap.
_GRID = """
<style>
.st-key-fields-main, .st-key-fields-more, .st-key-fields-noise, .st-key-fields-shape, .st-key-fields-light {
  display: grid; gap: 0.6rem 0.9rem; align-items: end;
  grid-template-columns: repeat(auto-fill, minmax(max(7.2rem, 40%), 1fr)); }
.st-key-fields-main [data-testid="stCheckbox"] { display: flex; align-items: center; min-height: 2.5rem; }
</style>
"""


def _about(spec: ModelSpec) -> str:
    terms = explain_terms_of(f"{spec.title} {spec.blurb}")
    return f"{spec.blurb}  \n{terms}" if terms else spec.blurb


def config_form() -> TrainConfig | None:
    """Show the form; return what it says, or None, with a sentence, where that is impossible."""
    if again := run_to_train_again():
        _fill_from(again)
    if value_of("preset") is None:
        _fill(next(iter(PRESETS)))
    st.selectbox(
        "Preset",
        list(PRESETS),
        format_func=lambda name: PRESETS[name].title,
        **field("preset", lambda: _fill(value_of("preset"))),
    )
    preset = PRESETS[value_of("preset")]
    say(preset.blurb)
    dataset = pick_dataset(SETTINGS["dataset"].title, key=key_of("dataset"))
    st.selectbox(
        "Model",
        list(MODELS),
        format_func=lambda name: MODELS[name].title,
        **field("model", _fit_preset_to_model),
        help=_about(MODELS[value_of("model")]),
    )
    spec = MODELS[value_of("model")]
    _fit_to(dataset, preset.config.per_class)
    st.html(_GRID)
    values = _fields(spec, dataset)
    try:
        config = _checked({"model": spec.name, "dataset": dataset, **values})
    except ValueError as error:
        warn(_sentence(str(error), spec, dataset))
        return None
    _tell_changes(config)
    return config


def filled_from() -> str:
    """Return the id of the run whose settings were put into the form; "" where a preset's were since."""
    return str(st.session_state.get(_FILLED, ""))


def _tell_changes(config: TrainConfig) -> None:
    """Say in what the form differs from what it was filled with."""
    its, name = PRESETS[value_of("preset")].config, "the preset"
    if again := filled_from():
        with suppress(RunNotFound):
            run = store().get(again)
            its, name = run.config, run.name
            say(f"Filled in from {name}, which will be shown beside the new run.")
    if changed := differences(config, its):
        say(f"Changed from {name}: {', '.join(in_a_sentence(changed))}.")


def _fields(spec: ModelSpec, dataset: str) -> dict[str, Any]:
    """Show the fields below the model; return their values under TrainConfig's names.

    What the model does not have is neither shown nor returned, whatever another preset left in it.
    """
    values: dict[str, Any] = {}
    if spec.source:
        values["source"] = _source(spec)
    by_steps = spec.learns == "by steps"
    if start := value_of("start") if by_steps else "":
        values["start"] = start
        say(_beginning())
    with st.container(key="fields-main"):
        values["params"] = {param.name: param_field(spec, param) for param in spec.params}
        if by_steps:
            values["epochs"] = whole("epochs")
            values["batch_size"] = whole("batch_size")
            values["optimizer"] = choice("optimizer", OPTIMIZERS)
            values["lr"] = real("lr")
        if start:
            values["own_share"] = real("own_share")
    with st.expander("More settings"), st.container(key="fields-more"):
        if by_steps:
            values["schedule"] = choice("schedule", SCHEDULES)
            values["loss"] = choice("loss", spec.losses, key=f"loss-{spec.name}")
            values["weight_decay"] = real("weight_decay")
            if "cross-entropy" in spec.losses:
                values["label_smoothing"] = real("label_smoothing")
            values["averaging"] = real("averaging")
        if spec.task == "classify":
            values["label_noise"] = real("label_noise")
        values["train_size"] = whole("train_size")
        values["per_class"] = whole("per_class")
        if by_steps:
            values["patience"] = whole("patience")
        values["seed"] = whole("seed")
        present = [device for device in devices.present() if device in spec.devices]
        if len(present) > 1:
            values["device"] = choice("device", present, titles=devices.TITLES)
        values["max_minutes"] = real("max_minutes")
    return values | augment_form(spec, dataset)


def _beginning() -> str:
    """Say what the run begins from; a preset or another model would begin anew."""
    with suppress(RunNotFound):
        run = _earlier()
        count, origin = len(finetune.learned_from(run)), Run(run.folder / "start")
        drawings = "the drawing" if count == 1 else f"the {count:,} drawings"
        return f"Begins from {origin.name} as it was, and learns from {drawings} of {run.name}. A preset begins anew."
    return "The run that kept the weights and drawings to begin from is gone. Choose a preset to begin anew."


def _source(spec: ModelSpec) -> str:
    """Show the runs that the model can stand on; return the id of one, "" when there is none.

    One that was chosen and then deleted stays in the list, so that nobody trains on another unawares.
    """
    labels = run_labels([run for run in store().runs(spec.source) if _can_carry(run, spec)])
    if chosen := value_of("source"):
        labels.setdefault(chosen, _label(chosen))
    if not labels:
        none_key = key_of("source-none")
        st.selectbox(SETTINGS["source"].title, [], placeholder="Nothing is trained yet", disabled=True, key=none_key)
        return ""
    put("source", chosen or next(iter(labels)), again=True)
    return choice("source", list(labels), titles=labels)


def _can_carry(run: Run, spec: ModelSpec) -> bool:
    with suppress(RunNotFound):  # deleted while we look
        return spec.accepts(run.spec) and run.has_weights() and run.status() in (Status.FINISHED, Status.STOPPED)
    return False


def _label(run_id: str) -> str:
    with suppress(RunNotFound):
        return store().get(run_id).name
    return f"{run_id} (gone)"


def _checked(values: dict[str, Any]) -> TrainConfig:
    """Return the config, if the runs and digits it needs are here, too; ValueError saying what is wrong."""
    model = MODELS[values["model"]]
    if model.source and not values["source"]:
        raise ValueError(f"{model.title} needs a trained autoencoder to stand on. Train an autoencoder first.")
    config = TrainConfig.from_dict(values)
    if config.start:
        finetune.check_again(_earlier(), config)
    else:
        store().source_of(config)
    if (config.train_size or config.per_class) and not training_size(load(config.dataset).train, config):
        raise ValueError("patience holds out some training digits, and of one none is left to learn. Use more digits.")
    return config


def _fit_to(dataset: str, wanted: int) -> None:
    """Lower a preset's digits per class to what the data set has; what somebody typed stays, to be refused."""
    state = st.session_state
    if wanted and value_of("per_class") in (wanted, state.get(_FITTED)):
        state[_FITTED] = min(wanted, most_per_class(load(dataset).train))
        put("per_class", state[_FITTED])


def _fill_from(run: Run) -> None:
    """Put the settings of a run into the form; its preset is one of the same model.

    One that learned from drawings is remembered with them, since it alone keeps what such a run is made from.
    """
    config = run.config
    names = [name for name, preset in PRESETS.items() if preset.config.model == config.model]
    put("preset", names[0] if names else next(iter(PRESETS)))
    _put(config.to_dict())
    st.session_state[_AGAIN] = st.session_state[_FILLED] = run.id


def make(config: TrainConfig) -> Run:
    """Make the run that the form describes. Raises ValueError when it cannot be made."""
    if config.start:
        return finetune.again(store(), _earlier(), config)
    return store().create(config)


def _earlier() -> Run:
    """Return the run that is to be trained again."""
    return store().get(st.session_state.get(_AGAIN, ""))


def _fill(name: str, **more: Any) -> None:
    """Put a preset's settings into the form; more: those that are others than the preset's."""
    st.session_state.pop(_FILLED, None)
    put("preset", name)
    _put(PRESETS[name].config.to_dict() | more)


def _put(settings: Mapping[str, Any]) -> None:
    model = settings["model"]
    put("model", model)
    for name in SETTINGS:
        # A float field takes no int, which a config may hold where a float is meant.
        value = settings[name]
        put(name, float(value) if name in _REAL else value)
    put(f"loss-{model}", settings["loss"])
    for name, value in settings["augmentation"].items():
        put(f"augmentation-{name}", value)
    for name, value in settings["params"].items():
        put(param_name(model, name), value)


def _fit_preset_to_model() -> None:
    """A model chosen by hand brings the settings that suit it, and leaves the data set as it is."""
    model, dataset = value_of("model"), value_of("dataset")
    name = next((name for name, preset in PRESETS.items() if preset.config.model == model), None)
    if name is not None:
        _fill(name, dataset=dataset)
    else:
        spec = MODELS[model]
        own = {"model": model, "dataset": dataset, "params": spec.complete({}), "loss": spec.losses[0]}
        _put(TrainConfig("softmax").to_dict() | own)


def _sentence(text: str, spec: ModelSpec, dataset: str) -> str:
    """Return the sentence of an error with everything named as the form names it."""
    titles = {param.name: param.title for param in spec.params}
    names = titles | {row.name: row.title for row in (*SETTINGS.values(), *AUGMENTATION_SETTINGS.values())}
    for name, title in names.items():
        if text.startswith(f"{name} "):
            text = title + text[len(name) :]
        elif "_" in name:  # no word of any sentence
            text = re.sub(rf"\b{name}\b", title.lower(), text)
    return text.replace(f"but {dataset} has", f"but {DATASETS[dataset].title} has")
