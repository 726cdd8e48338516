"""The figures in the presets' words, trained again where that takes seconds, else as the shipped runs were measured."""

import re

import pytest

from core.data.datasets import Dataset
from core.measures.scores import SCORES
from core.runs.store import RunStore
from core.training.config import build
from core.training.loop import Epoch, evaluate, fit
from core.training.presets import PRESETS
from core.training.splits import training_split
from tests.conftest import ROOT

pytestmark = pytest.mark.slow
SHIPPED = RunStore(ROOT / "checkpoints")


def figures(name: str) -> list[float]:
    """The shares that a preset's blurb names."""
    return [float(found) / 100 for found in re.findall(r"([\d.]+) %", PRESETS[name].blurb)]


@pytest.mark.parametrize(
    ("name", "splits", "within"),
    [
        ("softmax", ("test",), 0.003),
        ("scratch-two-layer", ("test",), 0.006),
        ("scratch-two-layer-literal", ("test",), 0.015),
        ("scratch-two-layer-raw", ("train", "test"), 0.007),
        ("knn", ("test",), 0.001),
        ("forest", ("test",), 0.004),
        ("linear-svm", ("test",), 0.003),
    ],
)
def test_what_a_blurb_claims_is_what_comes_out(
    name: str, splits: tuple[str, ...], within: float, mnist: Dataset
) -> None:
    config = PRESETS[name].config
    model = build(config)
    for _ in fit(model, mnist, config):
        pass
    parts = {"train": training_split(mnist.train, config)[0], "test": mnist.test}
    for split, claimed in zip(splits, figures(name), strict=True):
        *_, metrics = evaluate(model, parts[split], config)
        assert metrics["accuracy"] == pytest.approx(claimed, abs=within)


def test_the_autoencoder_from_scratch_begins_as_the_projects_log_does(mnist: Dataset) -> None:
    config = PRESETS["scratch-autoencoder"].config
    first = next(event for event in fit(build(config), mnist, config) if isinstance(event, Epoch))
    assert first.train["mse"] == pytest.approx(0.0654, rel=0.02)
    assert "0.065 after one pass" in PRESETS["scratch-autoencoder"].blurb


@pytest.mark.parametrize(("run", "preset"), [("cnn-plain", "cnn"), ("mlp", "mlp"), ("softmax", "softmax")])
def test_what_ships_is_as_its_preset_claims(run: str, preset: str) -> None:
    scores = SCORES.load_current(SHIPPED.get(run))
    assert scores
    low, high = scores.interval() or (0, 0)
    (claimed,) = figures(preset)
    assert low <= claimed <= high
