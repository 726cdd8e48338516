"""The shipped runs keep what they promise, recomputed from their weights on the real test set."""

import pytest

from core.runs import RunStore
from core.train import evaluate

from .conftest import ROOT

SHIPPED = RunStore(ROOT / "checkpoints")
LEAST_ACCURACY = {"cnn": 0.992, "mlp": 0.980, "softmax": 0.920}
MOST_MSE = {"conv-autoencoder": 0.0050, "autoencoder": 0.0095}


def measure(name, mnist):
    *_, metrics = evaluate(SHIPPED.get(name).load_model(), mnist.test)
    return metrics


@pytest.mark.parametrize("name", LEAST_ACCURACY)
def test_accuracy(name, mnist):
    assert measure(name, mnist)["accuracy"] >= LEAST_ACCURACY[name]


@pytest.mark.parametrize("name", MOST_MSE)
def test_mse(name, mnist):
    assert measure(name, mnist)["mse"] <= MOST_MSE[name]


@pytest.mark.parametrize("name", [*LEAST_ACCURACY, *MOST_MSE])
def test_ordinary_folder_that_says_what_its_weights_do(name, mnist):
    run = SHIPPED.get(name)
    assert run.shipped
    assert run.status() == "finished"
    assert run.config.dataset == "mnist"
    assert run.config.train_size == 0
    logged = run.history().epochs[-1]["test"]
    for key, value in measure(name, mnist).items():
        assert value == pytest.approx(logged[key], abs=2e-4)


def test_shipped_files_are_few_and_small():
    files = [p for name in [*LEAST_ACCURACY, *MOST_MSE] for p in (SHIPPED.folder / name).iterdir()]
    committed = [p for p in files if p.name in ("config.json", "events.jsonl", "weights.safetensors")]
    assert len(committed) == 15
    assert sum(p.stat().st_size for p in committed) <= 6_000_000
