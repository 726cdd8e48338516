"""The Train page: its form follows the models, bad settings become sentences, and no run can break it."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest

from core.data import datasets
from core.data.augment import AUGMENTATION_RANGES
from core.figures.terms import explain
from core.jobs import submit
from core.measures import pca
from core.models import MODELS
from core.models.contract import Param
from core.runs.run import Run, Status
from core.runs.store import RunStore
from core.training import devices
from core.training.config import OPTIMIZERS, TrainConfig
from core.training.presets import PRESETS
from core.training.settings import in_words
from pages.parts.train import live_runs
from tests.conftest import ROOT, page_at, page_of_site, small, sound, wait_for
from tests.pages.conftest import field, fields

TEXT = "Convolutional <b>net</b> *x* [l](u)"


pytestmark = pytest.mark.usefixtures("submitted")


@pytest.fixture
def no_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def page(**query: str) -> AppTest:
    return page_at("train", **query)


def refused(at: AppTest) -> str:
    """The one sentence that says what is wrong with the form, Train being disabled."""
    (error,) = at.error
    assert at.button(key="train").disabled
    sentence = error.value.replace("\\", "")
    assert sentence.endswith(".")
    return sentence


def encoder(runs: RunStore, run_id: str, model: str = "autoencoder", ending: str = "finished") -> Run:
    """A trained autoencoder as far as the form looks: an ending, and weights that nobody opens."""
    run = runs.add(run_id, small(model), f"The run {run_id}")
    (run.folder / "weights.safetensors").write_bytes(b"some")
    return logged(run, {"event": ending, "seconds": 1})


def words(at: AppTest) -> str:
    """All text a person reads on the page."""
    parts = [e.value for kind in (at.title, at.markdown, at.caption, at.error, at.info) for e in kind]
    return "\n".join([*parts, *(e.proto.body for e in at.get("html"))])


def figure(at: AppTest) -> dict[str, Any]:
    (component,) = at.get("bidi_component")
    return json.loads(component.proto.json)["figure"]


def logged(run: Run, *lines: dict[str, Any]) -> Run:
    with (run.folder / "events.jsonl").open("a", encoding="utf-8") as f:
        f.writelines(json.dumps(line) + "\n" for line in lines)
    return run


def half_done(runs: RunStore, name: str = "", **changes: Any) -> Run:
    """A run as an ended worker leaves it after four steps of two epochs of five."""
    run = runs.create(small(**changes), name)
    metric = "mse" if run.spec.task == "reconstruct" else "accuracy"
    steps = [
        {"event": "step", "step": n, "epoch": n / 5, "seconds": n / 10, "images": 64, "lr": 0.001,
         "train": {"loss": 1 / n, metric: 0.1}, **({"test": {"loss": 1.0, metric: 0.2}} if n == 4 else {})}
        for n in (1, 2, 3, 4)
    ]  # fmt: skip
    return logged(run, {"event": "started", "seconds": 0, "total_steps": 10}, *steps)


# -- the form ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", list(MODELS))
def test_the_form_has_every_param_of_every_model(runs, model):
    at = page()
    sound(field(at, "model").set_value(model).run())
    for param in MODELS[model].params:
        widget = field(at, f"{model}-{param.name}")
        assert widget.label == param.title
        assert widget.value == _expected(model, param)
        if param.choices:
            assert widget.options == [in_words(choice) for choice in param.choices]
    if MODELS[model].learns == "by steps":
        assert field(at, f"loss-{model}").options == [in_words(loss) for loss in MODELS[model].losses]
        assert field(at, "optimizer").options == ["Adam", "AdamW", "SGD with momentum", "SGD"]


def _expected(model: str, param: Param) -> Any:
    preset = next((p for p in PRESETS.values() if p.config.model == model), None)
    return param.default if preset is None else preset.config.params[param.name]


@pytest.mark.slow
@pytest.mark.parametrize("model", [name for name, row in MODELS.items() if row.params and not row.source])
def test_a_param_out_of_its_bounds_is_refused_by_its_title(runs, model):
    at = page()
    sound(field(at, "model").set_value(model).run())
    for param in MODELS[model].params:
        if type(param.default) not in (int, float):
            continue
        widget = field(at, f"{model}-{param.name}")
        before = widget.value
        for beyond in (param.low - 1, param.high + 1):
            sound(field(at, f"{model}-{param.name}").set_value(beyond).run())
            bounds = f"between {param.low:g} and {param.high:g}, got {beyond}"
            assert refused(at) == f"{param.title} must be {bounds}. Change it."
        field(at, f"{model}-{param.name}").set_value(before)
    sound(at.run())
    assert not at.error
    assert not at.button(key="train").disabled


@pytest.mark.slow
@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_fills_the_form_and_train_hands_over_exactly_it(runs, submitted, name):
    preset = PRESETS[name].config
    source, per_class = preset.source, min(preset.per_class, 100)  # there are not many embedded digits
    if source:
        encoder(runs, source)
    at = page()
    sound(field(at, "preset").set_value(name).run())
    field(at, "per_class").set_value(per_class)
    sound(field(at, "dataset").set_value("digits").run())
    sound(at.button(key="train").click().run())
    (run,) = (run for run in runs.runs() if run.id != source)
    assert [job.id for job in submitted if isinstance(job, Run)] == [run.id]
    assert run.config == replace(preset, dataset="digits", per_class=per_class)


def test_every_field_reaches_the_config(runs, submitted):
    at = page()
    field(at, "preset").set_value("mlp").run()
    values = {"dataset": "digits", "epochs": 7, "batch_size": 33, "optimizer": OPTIMIZERS[-1], "lr": 0.125,
              "schedule": "constant", "weight_decay": 0.5, "label_smoothing": 0.2, "seed": 11, "train_size": 500,
              "averaging": 0.9, "label_noise": 0.15, "glyph_share": 0.25, "patience": 3,
              "max_minutes": 2.5}  # fmt: skip
    varied = {"shift": 1.0, "rotate": 2.0, "scale": 0.3, "shear": 4.0, "elastic": 0.5, "thickness": 0.6,
              "shrink": 0.25, "marks": 0.75, "still": 0.5, "lines": 0.3, "patches": 0.15, "blur": 1.5, "contrast": 0.4,
              "background": 0.35, "shade": 0.45, "clouds": 0.55, "inverted": 0.05, "shot": 0.65, "gaussian": 0.1,
              "salt_and_pepper": 0.2, "clean": 0.7}  # fmt: skip
    assert list(varied) == list(AUGMENTATION_RANGES)
    for name, value in {**values, "mlp-hidden": 99, **{f"augmentation-{k}": v for k, v in varied.items()}}.items():
        field(at, name).set_value(value)
    sound(at.run())
    sound(at.button(key="train").click().run())
    (run,) = runs.runs()
    assert run.config.to_dict() == {
        **PRESETS["mlp"].config.to_dict(), **values, "augmentation": varied,
        "params": {**PRESETS["mlp"].config.params, "hidden": 99},
    }  # fmt: skip


def test_noise_widths_switches_and_a_balanced_subset_reach_the_config(runs, submitted):
    at = page()
    field(at, "model").set_value("fc-autoencoder").run()
    assert field(at, "noise").options == ["None", "Gaussian", "Masking", "Salt and pepper"]
    assert not fields(at, "noise_level")
    sound(field(at, "noise").set_value("masking").run())
    assert field(at, "noise_level").value == 0.5  # noise chosen by hand is there at once
    values = {"dataset": "digits", "noise_level": 0.25, "per_class": 20, "fc-autoencoder-hidden": "40-30"}
    for name, value in {**values, "fc-autoencoder-code_relu": True}.items():
        field(at, name).set_value(value)
    sound(at.run())
    sound(at.button(key="train").click().run())
    (run,) = runs.runs()
    config = run.config
    assert (config.noise, config.noise_level, config.per_class) == ("masking", 0.25, 20)
    assert (config.params["hidden"], config.params["code_relu"]) == ("40-30", True)


def test_a_preset_clears_what_another_one_brought(runs, submitted):
    at = page()
    field(at, "preset").set_value("autoencoder").run()
    sound(field(at, "noise").set_value("gaussian").run())
    for name, value in {"augmentation-shift": 3.0, "patience": 5, "per_class": 7, "seed": 3}.items():
        field(at, name).set_value(value)
    sound(at.run())
    sound(field(at, "preset").set_value("softmax").run())
    assert not fields(at, "noise")
    sound(field(at, "dataset").set_value("digits").run())
    sound(at.button(key="train").click().run())
    (run,) = runs.runs()
    assert run.config == replace(PRESETS["softmax"].config, dataset="digits")


def test_what_a_model_does_not_have_is_neither_shown_nor_kept(runs, submitted):
    at = page()
    field(at, "preset").set_value("cnn").run()
    field(at, "label_smoothing").set_value(0.3).run()
    at.session_state[field(at, "model").key] = "autoencoder"  # as if no preset had come with it
    sound(at.run())
    assert not fields(at, "label_smoothing")
    assert not at.error
    sound(field(at, "noise").set_value("gaussian").run())
    at.session_state[field(at, "model").key] = "cnn"
    sound(at.run())
    assert not at.error
    sound(at.button(key="train").click().run())
    assert [(run.config.noise, run.config.noise_level) for run in runs.runs()] == [("none", 0.0)]


def test_a_model_without_a_preset_brings_its_defaults(runs, submitted, monkeypatch):
    for name in [name for name, preset in PRESETS.items() if preset.config.model == "deep"]:
        monkeypatch.delitem(PRESETS, name)
    at = page()
    field(at, "augmentation-shift").set_value(3.0).run()
    field(at, "dataset").set_value("digits").run()
    sound(field(at, "model").set_value("deep").run())
    sound(at.button(key="train").click().run())
    (run,) = runs.runs()
    assert run.config == TrainConfig("deep", dataset="digits")


def test_the_chosen_model_is_explained(runs):
    at = page()
    sound(field(at, "model").set_value("vae").run())
    about = field(at, "model").help
    assert about.startswith(MODELS["vae"].blurb)
    assert explain("autoencoder", "code") in about


@pytest.mark.parametrize("kinds", [("cpu",), ("cpu", "cuda"), ("cpu", "cuda", "mps")])
def test_the_device_can_be_chosen_where_there_is_a_choice(runs, submitted, monkeypatch, kinds):
    monkeypatch.setattr(devices, "present", lambda: kinds)
    at = page()
    assert [field.options for field in fields(at, "device")] == (
        [[devices.TITLES[kind] for kind in kinds]] if len(kinds) > 1 else []
    )
    if len(kinds) > 1:
        field(at, "device").set_value("cuda").run()
        sound(at.button(key="train").click().run())
        (run,) = runs.runs()
        assert run.config.device == "cuda"
    sound(field(at, "model").set_value("numpy-two-layer").run())
    assert not fields(at, "device")
    assert not at.error


def test_what_differs_from_the_preset_is_said(runs):
    at = page()
    field(at, "preset").set_value("mlp").run()
    field(at, "dataset").set_value(PRESETS["mlp"].config.dataset).run()
    if datasets.is_ready("mnist"):
        assert "Changed from the preset" not in words(at)
    field(at, "epochs").set_value(77)
    field(at, "mlp-hidden").set_value(99).run()
    (said,) = (c.value for c in at.caption if c.value.startswith("Changed"))
    assert "epochs 77" in said
    assert "hidden units 99" in said
    assert "seed" not in said
    field(at, "augmentation-rotate").set_value(9.0)
    field(at, "patience").set_value(2)
    field(at, "per_class").set_value(10).run()
    (said,) = (c.value for c in at.caption if c.value.startswith("Changed"))
    assert said.endswith("hidden units 99, epochs 77, digits per class 10, patience 2, rotation 9.")


@pytest.mark.parametrize(
    ("model", "values", "sentence"),
    [
        ("mlp", {"lr": 0.0}, "Learning rate must be above 0 and at most 100, got 0.0. Try"),
        ("mlp", {"lr": -1.0}, "Learning rate must be above 0 and at most 100, got -1.0"),
        ("mlp", {"epochs": 0}, "Epochs must be a whole number from 1 to 1000, got 0."),
        ("mlp", {"batch_size": -5}, "Batch size must be a whole number from 1 to"),
        ("mlp", {"seed": -1}, "Seed must be a whole number from 0"),
        ("mlp", {"weight_decay": -0.5}, "Weight decay must be between 0 and 10"),
        ("mlp", {"label_smoothing": 0.95}, "Label smoothing must be between 0 and 0.9"),
        ("mlp", {"max_minutes": 0.0}, "Time limit (min) must be between"),
        ("mlp", {"mlp-hidden": 0}, "Hidden units must be between 1 and "),
        ("mlp", {"per_class": 5000}, "Digits per class is 5,000, but Embedded digits has only"),
        ("mlp", {"train_size": 50_000}, "Training digits is 50,000, but Embedded digits has"),
        ("mlp", {"train_size": 70_000}, "Training digits must be a whole number from 0 to 60000, got 70000."),
        ("mlp", {"per_class": 5, "train_size": 50}, "Digits per class is 5 and training digits 50. Set one"),
        ("mlp", {"train_size": 1, "patience": 2}, "Patience holds out some training digits"),
        ("mlp", {"patience": -1}, "Patience must be a whole number from 0"),
        ("mlp", {"augmentation-scale": 0.9}, "Scaling (share) must be between 0 and 0.8, got 0.9."),
        ("mlp", {"augmentation-elastic": -1.0}, "Bend (pixels) must be between 0 and 4, got -1."),
        ("autoencoder", {"autoencoder-code_size": 0}, "Code size must be between 1 and "),
        ("autoencoder", {"noise": "masking", "noise_level": 1.1}, "Noise level must be between 0 and 1, got 1.1."),
        ("autoencoder", {"noise": "gaussian", "noise_level": 0.0}, "Noise level is 0, but noise is gaussian. Raise"),
        ("fc-autoencoder", {"fc-autoencoder-hidden": "512,256"}, "Layer widths are one to eight numbers with hyphens"),
        ("fc-autoencoder", {"fc-autoencoder-hidden": "0-256"}, "Hidden layers must be between 1 and "),
        ("fc-autoencoder", {"fc-autoencoder-hidden": ""}, "Layer widths are one to eight numbers with hyphens"),
    ],
)
def test_an_impossible_value_is_a_sentence_and_nothing_is_lost(runs, submitted, model, values, sentence):
    at = page()
    field(at, "model").set_value(model).run()
    field(at, "dataset").set_value("digits").run()
    field(at, "optimizer").set_value("momentum").run()
    before = {}
    for name, value in values.items():
        widget = field(at, name)
        before[name] = widget.value
        sound(widget.set_value(value).run())
    assert refused(at).startswith(sentence)
    assert {name: field(at, name).value for name in values} == values
    assert field(at, "optimizer").value == "momentum"
    for name, value in reversed(before.items()):
        field(at, name).set_value(value if value or name != "noise_level" else 0.5)
    sound(at.run())
    assert not at.error
    assert not at.button(key="train").disabled
    assert not [job for job in submitted if isinstance(job, Run)]


# -- messages that left the browser before it knew of what the page put in ------------------------------------------


def on_its_way(at: AppTest, **chosen: Any) -> WidgetStates:
    """A message of a browser that knows of this page, in which somebody has just chosen that."""
    before = {name: field(at, name).value for name in chosen}
    for name, value in chosen.items():
        field(at, name).set_value(value)
    message = at._tree.get_widget_states()
    for name, value in before.items():
        field(at, name).set_value(value)
    return message


def trained(at: AppTest, runs: RunStore) -> TrainConfig:
    """The settings that Train hands over."""
    sound(at.button(key="train").click().run())
    (run,) = runs.runs()
    return run.config


@pytest.mark.parametrize("shown", [{}, {"epochs": 3, "patience": 2, "augmentation-shift": 2.0}])
def test_a_preset_is_not_undone_by_a_choice_made_before_its_settings_arrived(runs, submitted, shown):
    at = page()
    for name, value in {"preset": "softmax", **shown}.items():
        sound(field(at, name).set_value(value).run())
    late = on_its_way(at, preset="numpy-two-layer", dataset="digits")  # with the model of before
    sound(field(at, "preset").set_value("numpy-two-layer").run())
    sound(at._run(late))
    assert (field(at, "preset").value, field(at, "model").value) == ("numpy-two-layer", "numpy-two-layer")
    assert trained(at, runs) == replace(PRESETS["numpy-two-layer"].config, dataset="digits")
    assert PRESETS["numpy-two-layer"].config.weight_decay != PRESETS["softmax"].config.weight_decay


def test_what_a_model_brings_is_not_undone_either(runs, submitted):
    at = page()
    sound(field(at, "preset").set_value("softmax").run())
    late = on_its_way(at, model="numpy-two-layer", dataset="digits")  # with the preset of before
    sound(field(at, "model").set_value("numpy-two-layer").run())
    sound(at._run(late))
    assert field(at, "preset").value == "numpy-two-layer"
    assert trained(at, runs) == replace(PRESETS["numpy-two-layer"].config, dataset="digits")


def test_what_was_chosen_before_the_settings_of_a_preset_arrived_is_kept(runs, submitted):
    at = page()
    sound(field(at, "preset").set_value("cnn").run())
    sound(field(at, "dataset").set_value("digits").run())
    sound(field(at, "epochs").set_value(77).run())
    late = on_its_way(at, preset="mlp", epochs=3)
    later = on_its_way(at, preset="mlp", epochs=3, lr=0.125)
    sound(field(at, "preset").set_value("mlp").run())
    sound(at._run(late))
    sound(at._run(later))
    assert [field(at, name).value for name in ("epochs", "lr")] == [3, 0.125]
    sound(field(at, "epochs").set_value(4).run())
    sound(at._run(later))  # what says nothing new undoes nothing
    assert field(at, "epochs").value == 4
    sound(field(at, "dataset").set_value("digits").run())
    wanted = replace(PRESETS["mlp"].config, dataset="digits", epochs=4, lr=0.125)
    assert trained(at, runs) == wanted


def test_only_fields_whose_values_a_preset_changes_are_renewed(runs):
    at = page()
    sound(field(at, "preset").set_value("softmax").run())
    before = {widget.key: widget.value for kind in (at.number_input, at.selectbox) for widget in kind}
    sound(field(at, "preset").set_value("mlp").run())
    after = {widget.key: widget.value for kind in (at.number_input, at.selectbox) for widget in kind}
    kept = before.keys() & after.keys()
    assert {"form-preset", "form-seed", "form-patience"} <= kept
    assert [key for key in kept - {"form-preset"} if before[key] != after[key]] == []


# -- the run a model stands on -------------------------------------------------------------------------------------


def test_the_runs_that_can_carry_a_model_are_offered(runs, submitted):
    encoder(runs, "one")
    encoder(runs, "two", ending="stopped")
    encoder(runs, "from-numpy", "numpy-autoencoder")
    encoder(runs, "failed", ending="failed")
    encoder(runs, "reader", "mlp")
    runs.add("no-weights", small("autoencoder"), "No weights")
    at = page()
    assert not fields(at, "source")
    at.session_state["form-source"] = ""
    at.session_state[field(at, "model").key] = "encoder-classifier"
    sound(at.run())
    assert sorted(field(at, "source").options) == ["The run one", "The run two"]
    sound(field(at, "source").set_value("one").run())
    sound(at.button(key="train").click().run())
    (run,) = (run for run in runs.runs() if run.id.startswith("encoder-classifier"))
    assert run.config.source == "one"


def test_without_any_such_run_the_form_says_to_train_one_first(runs):
    at = page()
    at.session_state["form-source"] = ""
    at.session_state[field(at, "model").key] = "encoder-classifier"
    sound(at.run())
    assert refused(at).endswith("needs a trained autoencoder to stand on. Train an autoencoder first.")
    encoder(runs, "one")
    sound(at.run())
    assert not at.error
    assert field(at, "source").value == "one"


def test_a_chosen_run_that_was_deleted_stays_shown_and_is_refused(runs, submitted):
    one, _ = encoder(runs, "one"), encoder(runs, "two")
    at = page()
    at.session_state["form-source"] = "one"
    at.session_state[field(at, "model").key] = "encoder-classifier"
    sound(at.run())
    shutil.rmtree(one.folder)
    sound(at.run())
    assert refused(at) == "The run one is gone. Choose another one."
    assert (field(at, "source").value, "one (gone)" in field(at, "source").options) == ("one", True)
    sound(field(at, "source").set_value("two").run())
    assert not at.error


def test_a_preset_whose_run_is_not_here_is_refused_by_name(runs):
    name, source = next((name, p.config.source) for name, p in PRESETS.items() if p.config.source)
    at = page()
    sound(field(at, "preset").set_value(name).run())
    assert refused(at) == f"The run {source} is gone. Choose another one."


# -- the preview ---------------------------------------------------------------------------------------------------


def preview(at: AppTest) -> list[str]:
    """The pictures of the preview: the training digits, and three rows of what is made of them."""
    shown = [e.proto.body for e in at.get("html") if "Training digits" in e.proto.body]
    return re.findall(r'src="(data:[^"]*)"', "".join(shown))


def test_digits_drawn_by_code_have_a_row_of_the_preview(runs):
    at = page()
    field(at, "preset").set_value("cnn").run()
    field(at, "dataset").set_value("digits").run()
    at.session_state["form-vary-classify"] = True
    sound(field(at, "glyph_share").set_value(0.25).run())
    rows = preview(at)
    assert len(rows) == 5  # the training digits three times as they are, since nothing varies them
    assert "Drawn by code" in words(at)
    assert len({rows[0], rows[-1]}) == 2
    sound(at.button(key="form-vary-again").click().run())
    assert preview(at)[-1] != rows[-1]
    assert trained(at, runs).glyphs_per_batch == 32
    sound(field(at, "glyph_share").set_value(0.95).run())
    assert refused(at).startswith("Drawn by code (share) must be between 0 and 0.9")
    sound(field(at, "glyph_share").set_value(0.0).run())
    assert preview(at) == []


def test_the_preset_for_handwriting_fills_all_fields_of_its_augmentation(runs):
    at = page()
    field(at, "preset").set_value("cnn-pen").run()
    sound(field(at, "dataset").set_value("digits").run())
    assert trained(at, runs) == replace(PRESETS["cnn-pen"].config, dataset="digits")


def test_the_preview_shows_what_the_model_will_see(runs):
    at = page()
    field(at, "preset").set_value("autoencoder").run()
    field(at, "dataset").set_value("digits").run()
    field(at, "augmentation-shift").set_value(3.0).run()
    assert preview(at) == []  # closed
    at.session_state["form-vary-reconstruct"] = True
    sound(at.run())
    first = preview(at)
    assert len(set(first)) == 4
    sound(at.run())
    assert preview(at) == first
    sound(at.button(key="form-vary-again").click().run())
    again = preview(at)
    assert again[0] == first[0]
    assert not set(again[1:]) & set(first)
    field(at, "augmentation-shift").set_value(0.0).run()
    assert preview(at) == []
    sound(field(at, "noise").set_value("masking").run())
    assert len(set(preview(at))) == 4
    sound(field(at, "noise_level").set_value(7.0).run())
    assert preview(at) == []
    assert refused(at).startswith("Noise level")


def test_a_full_disk_is_a_sentence(runs, submitted, monkeypatch):
    def refuse(*_: object) -> Run:
        raise ValueError("The run could not be written to disk. Free some space.")

    at = page()
    monkeypatch.setattr(RunStore, "create", refuse)
    sound(at.button(key="train").click().run())
    assert [e.value for e in at.error] == ["The run could not be written to disk. Free some space."]


# -- the runs ------------------------------------------------------------------------------------------------------


def test_an_empty_store_invites_to_train(runs):
    at = page()
    assert "Press Train to watch a model learn." in words(at)
    assert [trace["x"] for trace in figure(at)["data"]] == [[None], [None]]  # empty axes
    assert at.multiselect[0].disabled


def test_pressing_train_shows_the_new_run_alone_and_the_one_before_on_request(runs):
    old = half_done(runs)
    at = page()
    sound(at.button(key="train").click().run())
    new = next(run for run in runs.runs() if run.id != old.id)
    assert at.multiselect[0].value == [new.id]
    assert at.query_params["run"] == new.id
    assert at.button(key=f"stop-{new.id}").label == "Stop"
    sound(at.button(key="train-runs-bring").click().run())
    assert at.multiselect[0].value == [new.id, old.id]
    assert "train-runs-bring" not in [button.key for button in at.button]


@pytest.mark.parametrize("press", ["train", "train-runs-bring"])
def test_a_choice_of_the_page_is_not_undone_by_a_message_that_left_the_browser_before(runs, press):
    half_done(runs)
    at = page()
    sound(at.button(key="train").click().run())
    before = WidgetStates(widgets=[at.multiselect[0]._widget_state])  # all that the browser knows of until it is told
    sound(at.button(key=press).click().run())
    chosen = at.multiselect[0].value
    assert len(chosen) == {"train": 1, "train-runs-bring": 2}[press]
    sound(at._run(before))
    assert at.multiselect[0].value == chosen


def test_a_run_that_trains_is_seen_in_its_own_range_against_those_that_ended(runs, monkeypatch):
    ended, goes_on = logged(half_done(runs), {"event": "stopped", "seconds": 0.5, "message": "No."}), half_done(runs)
    longer = {"event": "step", "seconds": 9.0, "step": 90, "epoch": 9.0, "train": {"loss": 0.1, "accuracy": 0.9}}
    logged(ended, longer)
    monkeypatch.setattr(Run, "active", lambda self: self == goes_on)
    drawn = figure(page(run=f"{goes_on.id},{ended.id}"))
    assert drawn["layout"]["xaxis"]["range"][1] < 1
    assert 0.3 in {trace.get("opacity") for trace in drawn["data"]}
    monkeypatch.undo()
    assert "range" not in figure(page(run=ended.id))["layout"]["xaxis"]


def test_a_run_of_the_other_task_takes_the_place_of_what_was_shown(runs):
    half_done(runs, model="autoencoder")
    at = page()
    sound(at.button(key="train").click().run())
    (shown,) = at.multiselect[0].value
    assert runs.get(shown).spec.task == "classify"


def test_curves_status_and_sentence_of_a_run(runs):
    run = logged(half_done(runs, TEXT), {"event": "stopped", "seconds": 0.5, "message": "Stopped on request."})
    at = page()
    assert {t["xaxis"]: t["x"] for t in figure(at)["data"] if t["mode"] == "lines"} == {
        "x": [0.2, 0.4, 0.6, 0.8], "x2": [0.2, 0.4, 0.6, 0.8],
    }  # fmt: skip
    text = words(at)
    assert ">stopped<" in text
    assert "0.8 of 2 epochs" in text
    assert "a test accuracy of 20.00" in text
    assert "<b>net" not in text  # the name is shown, not rendered
    assert "&lt;b&gt;net" in text
    assert r"\<b\>net" in text
    assert not any(b.key == f"stop-{run.id}" for b in at.button)


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (
            {"event": "failed", "message": "OSError: no space"},
            ["failed", "OSError: no space", "Press Resume", "press Train"],
        ),
        ({"event": "failed", "message": "The disk is full. Press Resume."}, ["The disk is full. Press Resume.<"]),
        (
            {"event": "diverged", "message": "The loss was not finite. Try a smaller learning rate."},
            ["diverged", "Try"],
        ),
        ({"event": "finished"}, ["finished"]),
        ({"event": "finished", "message": "Stopped early after epoch 1: no better."}, ["finished", "Stopped early"]),
        (None, ["interrupted", "Resume goes on from the last finished epoch"]),
    ],
)
def test_an_ended_run_says_why_and_what_to_do(runs, event, shown):
    run = half_done(runs)
    if event:
        logged(run, {"seconds": 1, **event})
    text = words(page())
    assert [part for part in shown if part not in text] == []


def test_the_words_below_the_curves_tell_what_is_drawn_and_why_training_may_be_worse(runs):
    run = half_done(runs)
    logged(run, {"event": "stopped", "seconds": 1})
    (caption,) = (c for c in page().caption if "test accuracy" in c.value)
    assert "Strong marks: the first 1,000 test digits." in caption.value.replace("\\", "")
    assert "Open marks" not in caption.value
    assert "so far" not in caption.value
    assert "harder" not in caption.help
    varied = half_done(runs, model="mlp", label_smoothing=0.1, params={"dropout": 0.2})
    (caption,) = (c for c in page(run=varied.id).caption if "test accuracy" in c.value)
    assert caption.help.endswith(
        "Dropout and label smoothing make training harder than testing: the training loss may lie above the test loss."
    )


@pytest.mark.parametrize("ending", ["paused", "stopped", "failed", None])
def test_a_run_that_ended_within_an_epoch_says_which_one_resume_begins_again(runs, ending):
    run = half_done(runs)
    if ending:
        logged(run, {"event": ending, "seconds": 1, "message": "Paused on request."})
    again = "It begins epoch 1 again." if ending is None else "Resume begins epoch 1 again: what is kept is the state"
    assert again in words(page())
    logged(run, {"event": "started", "seconds": 0, "step": 3})  # as if an epoch had three steps
    logged(with_state(run), {"event": "epoch", "epoch": 1, "step": 3, "seconds": 1.0})
    logged(run, *([{"event": ending, "seconds": 1}] if ending else []))
    assert "begins epoch" not in words(page())
    logged(run, {"event": "step", "step": 4, "epoch": 1.3, "seconds": 1.1, "images": 64})
    logged(run, *([{"event": ending, "seconds": 1}] if ending else []))
    assert again.replace("1", "2") in words(page())


def probed(run: Run, inputs: np.ndarray | None = None) -> Run:
    """Give the run a look at the first twenty test digits, which it redraws as they are."""
    images = datasets.load("digits").test.images[:20]
    seen = {} if inputs is None else {"inputs": inputs}
    np.savez(run.folder / "probe.npz", step=np.int64(4), indices=np.arange(20), outputs=images, **seen)
    return run


def test_what_is_to_be_cleaned_stands_between_the_digits_and_what_became_of_them(runs):
    plain = probed(half_done(runs, "Plain", model="autoencoder"))
    inputs = datasets.load("digits").test.images[:20] // 2
    noisy = [half_done(runs, name, model="autoencoder", noise="gaussian", noise_level=0.5) for name in ("One", "Two")]
    for run in noisy:
        probed(run, inputs)
    at = page(run=",".join(run.id for run in (noisy[0], plain, noisy[1])))
    labels = re.findall(r'<img [^>]*alt="([^"]*)"', words(at))
    assert labels == 2 * ["Test digits", "Plain", "With noise. Gaussian noise of 0.5", "One", "Two"]


def test_a_classifier_is_named_once_above_its_answers_and_a_cross_has_a_word(runs):
    run = half_done(runs, "Reader")
    test = datasets.load("digits").test
    answers = np.eye(10, dtype=np.float32)[test.labels[:20]]
    answers[12] = np.roll(answers[12], 1)
    np.savez(run.folder / "probe.npz", step=np.int64(4), indices=np.arange(20), outputs=answers)
    shown = [element.proto.body for element in page().get("html") if "dl-strip" in element.proto.body]
    rows = [re.findall(r'<div class="dl-pic">(?:<b>.*?</i>(\w+)</b>)?<small>(.*?)</small>', html) for html in shown]
    assert rows == [[("Reader", "10 of 10 test digits right")], [("", "9 of 10 test digits right, ✗ is wrong")]]
    assert [html.count('title="wrong"') for html in shown] == [0, 1]
    assert [re.findall(r'role="group" aria-label="(.*?)"', html)[0] for html in shown] == ["Reader", rows[1][0][1]]


def test_pca_is_no_line_for_a_run_that_cleans_noise(runs):
    epoch = {"event": "epoch", "seconds": 1, "epoch": 1, "step": 5, "train": {"loss": 1.0, "mse": 0.1},
             "test": {"loss": 1.0, "mse": 0.1}}  # fmt: skip
    plain, noisy = (
        logged(half_done(runs, model="autoencoder", **more), epoch)
        for more in ({}, {"noise": "gaussian", "noise_level": 0.5})
    )

    def dashed(run: Run) -> int:
        pca.pca_error("digits", 64)
        at = page(run=run.id)
        wait_for(lambda: live_runs._pca_error("digits", 64).done())
        return sum("dash" in trace.get("line", {}) for trace in figure(sound(at.run()))["data"])

    assert (dashed(plain), dashed(noisy)) == (1, 0)


def awaited(runs: RunStore) -> Run:
    """A run that no process has begun with yet."""
    run = runs.create(small())
    submit.train(run)
    return run


def test_stop_asks_the_run_to_stop(runs):
    run = awaited(runs)
    at = page()
    sound(at.button(key=f"stop-{run.id}").click().run())
    assert run.requested() == "stop"
    assert at.button(key=f"stop-{run.id}").disabled


@pytest.fixture
def two_training(runs):
    """Two places to train in are taken, as far as a look at them tells."""
    (runs.folder / ".slots").mkdir()
    with FileLock(runs.folder / ".slots" / "slot-0.lock"), FileLock(runs.folder / ".slots" / "slot-1.lock"):
        yield


def test_stop_all_is_not_there_for_one_run(runs):
    awaited(runs)
    assert not any(b.key == "stop-all" for b in page().button)


def test_stop_all_asks_before_it_stops_runs_of_others_even_those_not_shown(runs, two_training):
    one, two = awaited(runs), awaited(runs)
    two.rename("*Theirs*")
    at = page(run=one.id)
    assert at.button(key="stop-all").label == "Stop all 2 runs, none started here"
    sound(at.button(key="stop-all").click().run())
    assert (one.requested(), two.requested()) == ("", "")
    assert r"Not started here\: \*Theirs\* and" in words(at)
    late = awaited(runs)  # nobody was asked about this one
    sound(at.button(key="stop-all-no").click().run())
    assert "Not started here" not in words(at)
    sound(at.button(key="stop-all").click().run())
    runs.delete(late)
    last = awaited(runs)
    sound(at.button(key="stop-all-yes").click().run())
    assert (one.requested(), two.requested(), last.requested()) == ("stop", "stop", "")


@pytest.mark.parametrize("shown", ["train", ""])
def test_stop_all_counts_all_that_train_or_wait_and_tells_whose_they_are(runs, two_training, shown):
    ended = half_done(runs)
    at = page(run=ended.id)
    sound(field(at, "dataset").set_value("digits").run())
    for _ in range(2):
        sound(at.button(key="train").click().run())
    theirs = [awaited(runs) for _ in range(3)]
    sound((at if shown else at.multiselect[0].set_value([ended.id])).run())
    assert at.button(key="stop-all").label == "Stop all 5 runs, 3 not started here"
    assert page(run=theirs[0].id).button(key="stop-all").label == "Stop all 5 runs, none started here"
    sound(at.button(key="stop-all").click().run())
    assert at.button(key="stop-all-yes").label == "Stop 5 runs"


def test_stop_all_stops_at_once_what_this_session_started_or_resumed(runs, two_training):
    stopped = logged(half_done(runs), {"event": "stopped", "seconds": 1})
    at = page(run=stopped.id)
    sound(at.button(key=f"resume-{stopped.id}").click().run())
    sound(field(at, "dataset").set_value("digits").run())
    sound(at.button(key="train").click().run())
    assert at.button(key="stop-all").label == "Stop all 2 runs, all started here"
    others = awaited(runs)
    sound(at.button(key="stop-all").click().run())
    assert stopped.requested() == ""  # by now there is one of somebody else
    others.request_stop()
    logged(others, {"event": "stopped", "seconds": 1})
    others.request.remove()
    sound(at.button(key="stop-all").click().run())
    active = [run for run in runs.runs() if run.id != others.id]
    assert [run.requested() for run in active] == ["stop", "stop"]


def test_a_poll_of_the_chosen_runs_lists_no_folder(runs, monkeypatch):
    run = half_done(runs)

    def refuse(*_: object) -> None:
        raise AssertionError("all runs were listed")

    code = "from pages.parts.train.live_runs import _live\nfrom core.runs.store import store\n"
    code += "_live([store().get({!r})], None)"
    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "runs", refuse)
        sound(AppTest.from_string(code.format(run.id), default_timeout=60).run())


# -- pause, resume, train longer -----------------------------------------------------------------------------------


def with_state(run: Run) -> Run:
    """A run that left where it can go on from, as far as the page looks."""
    (run.folder / "resume.safetensors").write_bytes(b"some")
    return run


def test_pause_asks_the_run_to_pause_and_leaves_stop_to_be_pressed(runs):
    run = awaited(runs)
    at = page()
    sound(at.button(key=f"pause-{run.id}").click().run())
    assert run.requested() == "pause"
    assert (at.button(key=f"pause-{run.id}").label, at.button(key=f"pause-{run.id}").disabled) == ("Pausing", True)
    sound(at.button(key=f"stop-{run.id}").click().run())
    assert run.requested() == "stop"
    assert at.button(key=f"stop-{run.id}").disabled


@pytest.mark.parametrize("ending", ["paused", "stopped", "failed", None])
def test_resume_hands_the_run_over_once_however_often_it_is_pressed(runs, submitted, ending):
    run = half_done(runs)
    if ending:
        logged(run, {"event": ending, "seconds": 1})
    at, other = page(), page()
    sound(at.button(key=f"resume-{run.id}").click().run())
    assert at.button(key=f"stop-{run.id}")
    sound(other.button(key=f"resume-{run.id}").click().run())  # still shown in a second browser
    assert [job.id for job in submitted if isinstance(job, Run)] == [run.id]
    assert run.status() == Status.STARTING
    assert not other.error


@pytest.mark.parametrize("schedule", ["constant", "one-cycle"])
def test_a_finished_run_is_trained_longer_and_the_schedule_is_explained(runs, submitted, schedule):
    run = with_state(logged(half_done(runs, schedule=schedule), {"event": "finished", "seconds": 1}))
    at = page()
    assert ("learning rate rises again" in words(at)) == (schedule == "one-cycle")
    assert not any(b.key == f"resume-{run.id}" for b in at.button)
    at.number_input(key=f"more-{run.id}").set_value(7)
    sound(at.button(key=f"longer-go-{run.id}").click().run())
    assert Run(run.folder).config.epochs == 9
    assert [job.id for job in submitted if isinstance(job, Run)] == [run.id]


def test_no_longer_training_without_a_place_to_go_on_from_or_epochs_left(runs):
    shipped = logged(half_done(runs), {"event": "finished", "seconds": 1})
    full = with_state(logged(half_done(runs, epochs=1000), {"event": "finished", "seconds": 1}))
    at = page(run=f"{shipped.id},{full.id}")
    assert not any(str(b.key).startswith("longer-go") for b in at.button)


@pytest.mark.parametrize(("button", "asks"), [("pause", "request_pause"), ("stop", "request_stop")])
def test_what_the_disk_refuses_is_a_sentence_below_the_run(runs, monkeypatch, button, asks):
    run = awaited(runs)

    def refuse(*_: object) -> None:
        raise ValueError("It could not be written (Read-only file system). Permit writing.")

    at = page()
    with monkeypatch.context() as patch:
        patch.setattr(Run, asks, refuse)
        sound(at.button(key=f"{button}-{run.id}").click().run())
    assert [e.value for e in at.error] == [r"It could not be written \(Read-only file system\). Permit writing."]


def test_a_resume_that_is_refused_is_a_sentence_and_no_job(runs, submitted, monkeypatch):
    run = logged(half_done(runs), {"event": "paused", "seconds": 1})

    def refuse(*_: object) -> None:
        raise ValueError("The disk is full. Free some space.")

    at = page()
    monkeypatch.setattr(Run, "request_resume", refuse)
    sound(at.button(key=f"resume-{run.id}").click().run())
    assert [e.value for e in at.error] == ["The disk is full. Free some space."]
    assert not [job for job in submitted if isinstance(job, Run)]


def test_a_queued_run_says_how_many_are_before_it_and_can_be_withdrawn(runs):
    run = logged(runs.create(small()), {"event": "queued", "seconds": 0, "message": "Waiting; 2 before it."})
    with FileLock(run.folder / "lock"):
        at = page()
        assert "Waiting; 2 before it." in words(at)
        sound(at.button(key=f"stop-{run.id}").click().run())
    assert run.requested() == "stop"


def test_torn_and_strange_events_leave_the_page_whole(runs):
    run = half_done(runs)
    with (run.folder / "events.jsonl").open("a", encoding="utf-8") as f:
        f.write('{"event": "step", "st\n[1, 2]\nnull\n{"event": "step", "step": 5, "epo')
    at = page()
    assert [t["x"][-1] for t in figure(at)["data"] if t["mode"] == "lines"] == [0.8, 0.8]


def test_a_run_that_vanishes_while_it_is_watched_is_named_once_in_a_line(runs):
    kept, gone = half_done(runs, "Kept"), half_done(runs, "Gone")
    at = page(run=f"{kept.id},{gone.id}")
    shutil.rmtree(gone.folder)
    sound(at.run())
    assert at.multiselect[0].value == [kept.id]
    assert [c.value for c in at.caption if gone.id in c.value] == [
        f"The run “{gone.id}” is not here, or not for this page; it is left out."
    ]


@pytest.mark.parametrize(
    "strange", ["nonsense", "../../etc", "<script>alert(1)</script>", ",,,", "x" * 5000, "%00", "ä"]
)
def test_a_strange_address_is_a_quiet_line_at_most(runs, strange):
    run = half_done(runs)
    at = page(run=strange)
    assert at.multiselect[0].value == [run.id]
    assert "<script>" not in words(at)
    assert not at.error


def test_the_address_chooses_and_hand_made_choices_are_written_to_it(runs):
    one, two = half_done(runs), half_done(runs)
    at = page(run=one.id)
    assert at.multiselect[0].value == [one.id]
    sound(at.multiselect[0].set_value([two.id, one.id]).run())
    assert at.query_params["run"] == f"{two.id},{one.id}"
    sound(at.multiselect[0].set_value([]).run())
    assert "run" not in at.query_params
    assert "Press Train to watch a model learn." in words(at)


def test_the_choice_and_the_form_survive_a_visit_to_another_page(runs):
    one, _newest = half_done(runs), half_done(runs)
    at = page_of_site("train")
    field(at, "epochs").set_value(23).run()
    sound(at.multiselect[0].set_value([one.id]).run())
    sound(at.switch_page("draw.py").run())
    sound(at.switch_page("train.py").run())
    assert at.multiselect[0].value == [one.id]
    assert field(at, "epochs").value == 23
    assert at.query_params["run"] == one.id


# -- the data ------------------------------------------------------------------------------------------------------


def test_without_mnist_the_digits_are_chosen_and_a_download_is_tried_once(runs, submitted, no_mnist):
    at = page()
    assert field(at, "dataset").value == "digits"
    sound(at.run())
    page()  # another browser
    assert submitted == ["mnist"]
    assert "MNIST is being downloaded" in at.get("progress")[0].proto.text
    sound(at.button(key="train").click().run())
    assert [run.config.dataset for run in runs.runs()] == ["digits"]


def test_a_failed_download_says_why_and_can_be_tried_again(runs, submitted, no_mnist):
    no_mnist.mkdir()
    (no_mnist / ".fetch-mnist.json").write_text(json.dumps({"failed": "MNIST could not be downloaded: <no> *net*."}))
    at = page()
    (note,) = (c.value for c in at.caption if "could not be downloaded" in c.value)
    assert r"\<no\> \*net\*" in note
    assert note.endswith("The embedded digits are used instead.")
    assert submitted == []
    sound(at.button(key="fetch-again-mnist").click().run())
    assert submitted == ["mnist"]
    assert "MNIST is being downloaded" in at.get("progress")[0].proto.text
    assert not any(b.key == "fetch-again-mnist" for b in at.button)


def test_the_page_with_runs_and_a_form_in_use_imports_neither_torch_nor_sklearn(runs):
    half_done(runs, model="cnn")
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        "at = AppTest.from_file('pages/train.py', default_timeout=60).run()\n"
        "at.number_input(key='form-augmentation-shift').set_value(2.0).run()\n"
        "at.number_input(key='form-per_class').set_value(2).run()\n"
        "heavy = {'torch', 'sklearn', 'umap'} & set(sys.modules)\n"
        "print(len(at.exception), len(at.get('bidi_component')), sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ}, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["0 1 []"], done.stderr[-2000:]


def test_preset_asks_for_no_more_digits_per_class_than_there_are(runs):
    at = page()
    sound(field(at, "dataset").set_value("digits").run())
    sound(field(at, "preset").set_value("scratch-two-layer").run())
    sound(field(at, "dataset").set_value("digits").run())
    assert field(at, "per_class").value == 127  # of the rarest of the embedded digits
    assert not at.button(key="train").disabled
    assert "digits per class" in words(at)
    sound(field(at, "per_class").set_value(128).run())  # typed by hand it stays, and is refused
    assert field(at, "per_class").value == 128
    assert at.button(key="train").disabled
