"""TrainConfig refuses the impossible with a sentence, and survives the way through JSON."""

import json
import math
import re

import pytest

from core.data.augment import Augmentation
from core.models import MODELS
from core.models.contract import UnknownModel
from core.training.config import TrainConfig
from core.training.presets import PRESETS


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_config_survives_json(preset):
    assert TrainConfig.from_dict(json.loads(json.dumps(preset.config.to_dict()))) == preset.config


def test_config_is_completed_from_the_model():
    config = TrainConfig("mlp", params={"hidden": 32})
    assert config.params == {"hidden": 32, "activation": "relu", "dropout": 0.0}
    assert config.loss == "cross-entropy"
    assert TrainConfig("autoencoder").loss == "bce"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"lr": 0.0}, "lr"),
        ({"lr": -0.1}, "-0.1"),
        ({"lr": math.nan}, "nan"),
        ({"lr": math.inf}, "inf"),
        ({"lr": "fast"}, "fast"),
        ({"lr": True}, "True"),
        ({"lr": 10**400}, "lr must be a finite number"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": 2.5}, "2.5"),
        ({"epochs": 10**9}, "1000000000"),
        ({"batch_size": -1}, "batch_size"),
        ({"dataset": "cifar"}, "cifar"),
        ({"optimizer": "lion"}, "lion"),
        ({"schedule": "cosine"}, "cosine"),
        ({"loss": "mse"}, "mse"),
        ({"seed": -1}, "seed"),
        ({"max_minutes": 0}, "max_minutes"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"params": {"hidden": 0}}, "hidden"),
        ({"params": {"hidden": 1.5}}, "1.5"),
        ({"params": {"hidden": True}}, "True"),
        ({"params": {"activation": "step"}}, "step"),
        ({"params": {"depth": 3}}, "depth"),
        ({"per_class": -1}, "per_class"),
        ({"per_class": 5, "train_size": 5}, "per_class is 5 and train_size 5"),
        ({"patience": -1}, "patience"),
        ({"device": "tpu"}, "tpu"),
        ({"noise": "masking", "noise_level": 0.5}, "noise is for autoencoders"),
        ({"source": "../secret"}, "source"),
        ({"source": 7}, "source"),
        ({"source": "some-run"}, "stands on no other run"),
        ({"augmentation": {"shift": 2}}, "Augmentation"),
        ({"augmentation": Augmentation(marks=0.5), "dataset": "kmnist"}, "marks are for digits"),
        ({"own_share": 0.2}, "Give both or neither"),
        ({"start": "cnn"}, "Give both or neither"),
        ({"start": "../secret", "own_share": 0.2}, "start must be the id of a run"),
        ({"start": "cnn", "own_share": 0.91}, "own_share must be between 0 and 0.9"),
        ({"start": "cnn", "own_share": -0.1}, "own_share must be between 0 and 0.9"),
        ({"start": "cnn", "own_share": math.nan}, "own_share"),
        ({"start": "cnn", "own_share": True}, "own_share must be a finite number"),
        ({"start": "cnn", "own_share": 0.001}, "of a batch of 128 is 0. Use larger batches"),
        ({"start": "cnn", "own_share": 0.9, "batch_size": 1}, "of a batch of 1 is 1. Use larger batches"),
        ({"start": "cnn", "own_share": 0.2, "dataset": "fashion-mnist"}, "Fashion-MNIST has none"),
    ],
)
def test_impossible_values_are_named(changes, named):
    with pytest.raises(ValueError, match=named):
        TrainConfig("mlp", **changes)


def test_smoothing_is_refused_where_there_are_no_labels_to_smooth():
    with pytest.raises(ValueError, match="label_smoothing"):
        TrainConfig("autoencoder", label_smoothing=0.1)


@pytest.mark.parametrize(
    ("model", "changes", "named"),
    [
        ("autoencoder", {"noise": "snow"}, "snow"),
        ("autoencoder", {"noise": "masking", "noise_level": 1.01}, "noise_level"),
        ("autoencoder", {"noise": "masking"}, "noise_level is 0"),
        ("autoencoder", {"start": "autoencoder", "own_share": 0.2}, "start is for classifiers"),
        ("autoencoder", {"params": {"code_size": 0}}, "code_size"),
        ("fc-autoencoder", {"params": {"hidden": "512-0"}}, "hidden must be between 1 and 2048, got 0"),
        ("fc-autoencoder", {"params": {"hidden": "512,256"}}, "512,256"),
        ("fc-autoencoder", {"params": {"hidden": ""}}, "512-256-128"),
        ("fc-autoencoder", {"params": {"hidden": "-".join(["8"] * 9)}}, "one to eight"),
        ("vae", {"params": {"code_size": 1}}, "code_size"),
        ("vae", {"loss": "bce"}, "elbo"),
        ("encoder-classifier", {}, "autoencoder to stand on"),
        ("numpy-two-layer", {"device": "cuda"}, "cuda"),
    ],
)
def test_impossible_values_of_other_models_are_named(model, changes, named):
    with pytest.raises(ValueError, match=named):
        TrainConfig(model, **changes)


def test_augmentation_survives_json_and_foreign_settings_of_it_are_refused():
    config = TrainConfig("cnn", augmentation=Augmentation(shift=2, rotate=10))
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    with pytest.raises(ValueError, match="warp"):
        TrainConfig.from_dict({"model": "cnn", "augmentation": {"warp": 1}})


def test_share_of_a_batch_is_a_number_of_drawings_and_older_configs_have_none():
    config = TrainConfig("cnn", start="cnn", own_share=0.2)
    assert (config.own_per_batch, TrainConfig("cnn").own_per_batch) == (26, 0)
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    old = {name: value for name, value in TrainConfig("cnn").to_dict().items() if name not in ("start", "own_share")}
    assert TrainConfig.from_dict(old) == TrainConfig("cnn")


def test_drawn_and_own_digits_leave_some_of_the_data_sets_in_each_batch():
    config = TrainConfig("cnn", start="cnn", own_share=0.2, glyph_share=0.2)
    assert (config.own_per_batch, config.glyphs_per_batch, config.from_data) == (26, 26, 76)
    assert TrainConfig("cnn").from_data == 128
    with pytest.raises(ValueError, match=r"own_share is 0\.5 and glyph_share 0\.5, which leaves nothing else"):
        TrainConfig("cnn", start="cnn", own_share=0.5, glyph_share=0.5)
    with pytest.raises(ValueError, match="glyph_share is for digits, and Fashion-MNIST has none"):
        TrainConfig("cnn", dataset="fashion-mnist", glyph_share=0.2)
    with pytest.raises(ValueError, match="glyph_share must be between"):
        TrainConfig("cnn", glyph_share=0.95)


def test_wrong_labels_are_for_classifiers():
    assert TrainConfig("mlp", label_noise=0.1).label_noise == 0.1
    with pytest.raises(ValueError, match="label_noise is for classifiers, and Autoencoder is none"):
        TrainConfig("autoencoder", label_noise=0.1)
    with pytest.raises(ValueError, match="label_noise must be between"):
        TrainConfig("mlp", label_noise=0.95)


def test_unknown_model_names_the_known_ones():
    with pytest.raises(UnknownModel, match=", ".join(MODELS)):
        TrainConfig("transformer")


@pytest.mark.parametrize("values", [{"model": "mlp", "lrr": 1}, {}, [], "mlp", None, {"model": "mlp", "params": [1]}])
def test_from_dict_refuses_what_is_no_config(values):
    with pytest.raises(ValueError, match=r"[.]$"):
        TrainConfig.from_dict(values)


def test_configs_do_not_share_their_parameters():
    params = {"hidden": 32}
    config = TrainConfig("mlp", params=params)
    params["hidden"] = 64
    assert config.params["hidden"] == 32


FIGURE = re.compile(r"\d\d %|\b0\.\d{3}")  # of what is read rightly, or an error


def test_a_figure_in_a_preset_says_what_it_is_of():
    for preset in PRESETS.values():
        assert not FIGURE.search(preset.title), "a title stands over runs on any data set"
        assert not FIGURE.search(preset.blurb) or "MNIST" in preset.blurb, preset.name
