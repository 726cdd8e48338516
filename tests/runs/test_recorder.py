"""What a recorded training leaves behind, and how it says why it ended."""

import shutil

import numpy as np

from core import files
from core.data import datasets
from core.runs import recorder
from core.runs.run import Status
from core.runs.weights import load_model
from tests.conftest import small


def test_finished_run_has_everything(trained):
    run = trained("autoencoder")
    history = run.history()
    assert run.status() == Status.FINISHED
    assert [e.epoch for e in history.epochs] == [1, 2]
    assert history.total_steps == 10
    assert [s.step for s in history.steps] == list(range(1, 11))
    assert sum(s.images for s in history.steps) == 600
    assert {"loss", "mse"} <= set(history.epochs[-1].test)
    assert history.epochs[-1].images_per_second > 0
    weights = files.read_arrays(run.folder / "weights.safetensors")
    resume = files.read_arrays(run.folder / "resume.safetensors")
    for name, value in weights.items():
        np.testing.assert_array_equal(resume[f"weights/{name}"], value)
    assert any(name.startswith("optimizer/") for name in resume)
    with np.load(run.folder / "snapshots" / "epoch-002.npz", allow_pickle=False) as snapshot:
        np.testing.assert_allclose(snapshot["weights/encoder.1.weight"], weights["encoder.1.weight"], atol=1e-3)
        assert snapshot["weights/encoder.1.weight"].dtype == np.float16
    assert not list(run.folder.rglob("*.part"))


def test_probe_shows_what_the_final_model_makes_of_the_digits(trained):

    digits = datasets.load("digits").test
    run = trained("autoencoder")
    probe, model = run.probe(), load_model(run)
    assert digits.labels[probe.indices].tolist() == [*range(10), *range(10)]
    expected = model.decode(model.encode(digits.images[probe.indices]))
    np.testing.assert_allclose(probe.outputs / 255, expected, atol=1 / 255)
    classifier = trained("mlp")
    expected = load_model(classifier).predict_proba(digits.images[classifier.probe().indices])
    np.testing.assert_allclose(classifier.probe().outputs, expected, atol=1e-6)


def test_probe_of_a_run_that_cleans_noise_shows_what_it_saw(trained):

    digits = datasets.load("digits").test
    run = trained("autoencoder", noise="masking", noise_level=0.4)
    probe, model = run.probe(), load_model(run)
    clean = digits.images[probe.indices]
    kept = probe.inputs == clean
    assert (~kept).sum() > 0
    assert not probe.inputs[~kept].any()
    expected = model.decode(model.encode(probe.inputs))
    np.testing.assert_allclose(probe.outputs / 255, expected, atol=1 / 255)
    assert trained("autoencoder").probe().inputs is None


def test_health_of_every_layer_is_logged_each_epoch(trained):
    epochs = trained("mlp").history().epochs
    for epoch in epochs:
        assert set(epoch.health) == {"1 Linear", "4 Linear"}
        assert set(epoch.health["1 Linear"]) == {"gradient_norm", "weight_norm", "dead"}
    assert epochs[0].health != epochs[1].health


def test_early_stopping_finishes_with_its_reason(trained):
    run = trained("softmax", epochs=200, patience=2, lr=5.0)
    epochs = run.history().epochs
    losses = [epoch.validation["loss"] for epoch in epochs]
    assert len(epochs) < 200
    assert np.argmin(losses) == len(losses) - 3
    assert f"after epoch {len(losses)}" in run.message()
    assert f"since epoch {len(losses) - 2}." in run.message()


def test_classifier_on_an_encoder_outlives_its_source(runs, trained):
    source = trained("autoencoder")
    encoder = load_model(source).state_dict()
    run = trained("encoder-classifier", source=source.id)
    shutil.rmtree(source.folder)
    weights = load_model(run).state_dict()
    for name in ("encoder.1.weight", "encoder.3.bias"):
        np.testing.assert_array_equal(weights[name], encoder[name])
    assert load_model(run).predict_proba(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)
    assert [found.id for found in runs.runs()] == [run.id]


def test_same_config_logs_the_same_numbers_twice(trained):
    def numbers(run):
        return [(s.step, s.train, s.test) for s in run.history().steps]

    assert numbers(trained("cnn")) == numbers(trained("cnn"))


def test_failure_is_told(runs):
    run = runs.create(small(train_size=2000))
    recorder.train(run)
    assert run.status() == Status.FAILED
    assert "1,438" in run.message()


def test_divergence_is_told_with_step_and_last_loss(runs):
    # Weight decay times learning rate is 1,000: every step multiplies the weights by that much.
    run = runs.create(small("cnn", optimizer="momentum", lr=100.0, weight_decay=10.0, batch_size=32))
    recorder.train(run)
    last = run.history().lifecycle[-1]
    assert last.event == run.status() == Status.DIVERGED
    assert last.step > 1
    assert last.last_loss > 1e6
    assert "smaller learning rate" in run.message()


def test_absent_data_set_without_a_network_is_told(runs, tmp_path, monkeypatch):
    from torchvision.datasets import MNIST

    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    run = runs.create(small(dataset="mnist"))
    recorder.train(run)
    assert run.status() == Status.FAILED
    assert "could not be downloaded" in run.message()
