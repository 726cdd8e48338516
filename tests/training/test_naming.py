"""core/training/naming.py: runs are named by what makes them different, and no name claims what is not known yet."""

from dataclasses import replace

import pytest

from core.training.config import TrainConfig
from core.training.naming import differences, name_of, settings_in_words
from core.training.presets import PRESETS


def test_presets_have_names_of_their_own() -> None:
    names = [name_of(preset.config) for preset in PRESETS.values()]
    assert len(set(names)) == len(names)
    assert not any("%" in name for name in names)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (PRESETS["deep"].config, "Deep net with batch norm"),
        (replace(PRESETS["mlp"].config, seed=3, device="cuda"), "One hidden layer, seed 3"),
        (replace(PRESETS["mlp"].config, train_size=500), "One hidden layer, training digits 500"),
        (replace(PRESETS["vae-2"].config, epochs=3), "Variational autoencoder, 2 numbers, epochs 3"),
        (replace(PRESETS["softmax"].config, dataset="digits"), "Softmax regression, data set Embedded digits"),
        (replace(PRESETS["encoder-frozen"].config, source="kl-sparse"), "Softmax on an autoencoder's code"),
    ],
)  # fmt: skip
def test_what_differs_is_told(config: TrainConfig, name: str) -> None:
    assert name_of(config) == name


def test_at_most_three_settings_are_told() -> None:
    config = replace(PRESETS["mlp"].config, epochs=1, lr=0.1, seed=5, batch_size=7, weight_decay=0.5)
    assert name_of(config).count(",") == 3


def test_zero_is_written_as_what_it_means() -> None:
    words = settings_in_words(TrainConfig("mlp"))
    assert (words["Training digits"], words["Patience"], words["Digits per class"]) == ("all", "off", "as they come")
    assert words["Seed"] == "0"
    assert words["Shift (pixels)"] == "off"


def test_values_have_the_names_of_the_field() -> None:
    words = settings_in_words(TrainConfig("fc-autoencoder", optimizer="momentum", loss="bce"))
    assert (words["Optimizer"], words["Loss"], words["Device"]) == ("SGD with momentum", "BCE", "CPU")
    assert settings_in_words(TrainConfig("mlp"))["Activation"] == "ReLU"


def test_differences_are_of_both_sides() -> None:
    one, other = TrainConfig("mlp"), replace(TrainConfig("mlp"), patience=3)
    assert differences(one, other) == {"Patience": "off"}
    assert differences(other, one) == {"Patience": "3"}
    assert differences(one, one) == {}
