"""Real worker processes: they train, stop, are killed, wait for a slot, and say what happened."""

import json
import shutil
import subprocess
import sys
from io import StringIO

import numpy as np
import pytest

from core import background, data, files, worker
from core.runs import RunNotFound, RunStore

from .conftest import small, wait_for


@pytest.fixture(scope="module", autouse=True)
def no_spare_left():
    yield
    with worker._spare_lock:
        if worker._spare is not None:
            worker._spare.stdin.close()
            worker._spare.wait(30)


def start(runs: RunStore, model="cnn", **changes):
    run = runs.create(small(model, **{"epochs": 500, "train_size": 0, **changes}))
    worker.submit_training(run)
    return run


def learning(run):
    return run.status() == "running" and run.history().steps


def test_finished_run_has_everything(trained):
    run = trained("autoencoder")
    history = run.history()
    assert run.status() == "finished"
    assert [e["epoch"] for e in history.epochs] == [1, 2]
    assert history.total_steps == 10
    assert [s["step"] for s in history.steps] == list(range(1, 11))
    assert sum(s["images"] for s in history.steps) == 600
    assert {"loss", "mse"} <= set(history.epochs[-1]["test"])
    assert history.epochs[-1]["images_per_second"] > 0
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
    from core import data

    digits = data.load("digits").test
    run = trained("autoencoder")
    probe, model = run.probe(), run.load_model()
    assert digits.labels[probe.indices].tolist() == [*range(10), *range(10)]
    expected = model.decode(model.encode(digits.images[probe.indices]))
    np.testing.assert_allclose(probe.outputs / 255, expected, atol=1 / 255)
    classifier = trained("mlp")
    expected = classifier.load_model().predict_proba(digits.images[classifier.probe().indices])
    np.testing.assert_allclose(classifier.probe().outputs, expected, atol=1e-6)


def test_probe_of_a_run_that_cleans_noise_shows_what_it_saw(trained):
    from core import data

    digits = data.load("digits").test
    run = trained("autoencoder", noise="masking", noise_level=0.4)
    probe, model = run.probe(), run.load_model()
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
        assert set(epoch["health"]) == {"1 Linear", "4 Linear"}
        assert set(epoch["health"]["1 Linear"]) == {"gradient_norm", "weight_norm", "dead"}
    assert epochs[0]["health"] != epochs[1]["health"]


def test_early_stopping_finishes_with_its_reason(trained):
    run = trained("softmax", epochs=200, patience=2, lr=5.0)
    epochs = run.history().epochs
    losses = [epoch["validation"]["loss"] for epoch in epochs]
    assert len(epochs) < 200
    assert np.argmin(losses) == len(losses) - 3
    assert f"after epoch {len(losses)}" in run.message()
    assert f"since epoch {len(losses) - 2}." in run.message()


def test_classifier_on_an_encoder_outlives_its_source(runs, trained):
    source = trained("autoencoder")
    encoder = source.load_model().state_dict()
    run = trained("encoder-classifier", source=source.id)
    shutil.rmtree(source.folder)
    weights = run.load_model().state_dict()
    for name in ("encoder.1.weight", "encoder.3.bias"):
        np.testing.assert_array_equal(weights[name], encoder[name])
    assert run.load_model().predict_proba(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)
    assert [found.id for found in runs.runs()] == [run.id]


def test_same_config_logs_the_same_numbers_twice(trained):
    def numbers(run):
        return [(s["step"], s["train"], s.get("test")) for s in run.history().steps]

    assert numbers(trained("cnn")) == numbers(trained("cnn"))


@pytest.mark.slow
def test_process_trains_and_stops_on_request(runs):
    run = start(runs)
    wait_for(lambda: learning(run))
    step = run.history().steps[-1]["step"]
    run.request_stop()
    wait_for(lambda: run.status() == "stopped")
    assert run.history().steps[-1]["step"] >= step
    assert run.message() == "Stopped on request."
    assert run.load_model().predict_proba(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)
    run.request_stop()  # twice does no harm
    assert run.status() == "stopped"


@pytest.mark.slow
def test_killed_worker_is_interrupted_and_its_run_readable(runs):
    run = start(runs)
    child = worker._children[-1]  # those before it may still be ending
    wait_for(lambda: run.history().epochs)
    child.kill()
    child.wait()
    assert run.status() == "interrupted"  # at once: the lock died with its process
    assert run.history().epochs
    assert run.load_model().parameter_count > 0
    assert RunStore(runs.folder).get(run.id).status() == "interrupted"  # as a restarted dashboard sees it


@pytest.mark.slow
def test_time_limit(runs):
    run = start(runs, max_minutes=0.02)
    wait_for(lambda: run.status() == "stopped")
    assert "0.02 minutes" in run.message()


@pytest.mark.slow
def test_second_run_waits_for_its_slot_and_can_be_withdrawn(runs, monkeypatch):
    monkeypatch.setenv("DIGITLAB_SLOTS", "1")
    with worker._spare_lock:  # a spare born earlier does not know about the one slot
        if worker._spare is not None:
            worker._spare.stdin.close()
            worker._spare = None
    first = start(runs)
    wait_for(lambda: learning(first))
    second, third = start(runs), start(runs)
    wait_for(lambda: second.status() == third.status() == "queued" and second.message() and third.message())
    assert "Waiting" in second.message()
    third.request_stop()
    wait_for(lambda: third.status() == "stopped")
    first.request_stop()
    wait_for(lambda: learning(second))
    assert runs.stop_all() == 1
    wait_for(lambda: second.status() == "stopped")


@pytest.mark.slow
def test_run_whose_folder_vanishes_takes_only_its_own_worker_along(runs):
    run = start(runs)
    child = worker._children[-1]
    wait_for(lambda: learning(run))
    shutil.rmtree(run.folder, ignore_errors=True)
    wait_for(lambda: child.poll() is not None)
    assert not run.folder.exists()


@pytest.mark.slow
def test_run_deleted_but_for_what_its_worker_just_wrote_ends_too(runs):
    run = start(runs)
    wait_for(lambda: learning(run))
    (run.folder / "config.json").unlink()  # as a deletion that raced with the worker leaves it
    with pytest.raises(RunNotFound, match="gone"):
        RunStore(runs.folder).get(run.id)
    with pytest.raises(RunNotFound, match="gone"):
        run.status()
    wait_for(lambda: not run.folder.exists())


def test_failure_is_told(runs):
    run = runs.create(small(train_size=2000))
    worker.train(run)
    assert run.status() == "failed"
    assert "1,438" in run.message()


def test_divergence_is_told_with_step_and_last_loss(runs):
    # Weight decay times learning rate is 1,000: every step multiplies the weights by that much.
    run = runs.create(small("cnn", optimizer="momentum", lr=100.0, weight_decay=10.0, batch_size=32))
    worker.train(run)
    last = run.history().lifecycle[-1]
    assert last["event"] == run.status() == "diverged"
    assert last["step"] > 1
    assert last["last_loss"] > 1e6
    assert "smaller learning rate" in run.message()


def test_absent_data_set_without_a_network_is_told(runs, tmp_path, monkeypatch):
    from torchvision.datasets import MNIST

    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    run = runs.create(small(dataset="mnist"))
    worker.train(run)
    assert run.status() == "failed"
    assert "could not be downloaded" in run.message()


@pytest.mark.slow
def test_second_worker_leaves_a_held_run_alone(runs):
    run = start(runs)
    wait_for(lambda: learning(run))
    worker.submit_training(run)
    second = worker._children[-1]
    wait_for(lambda: second.poll() is not None)
    assert run.status() == "running"
    starts = [e for e in run.history().lifecycle if e["event"] == "started"]
    assert len(starts) == 1


@pytest.mark.parametrize(
    ("job", "done", "name"),
    [
        ({"job": "reference"}, "core.reference.measure", "reference"),
        ({"job": "steps"}, "core.steps.measure", "steps"),
        ({"job": "project", "method": "umap", "sample": "all"}, "core.latent.project", "umap-all"),
        ({"job": "project", "method": "umap", "sample": "all"}, "core.trust.measure", "trust-umap-all"),
        ({"job": "readings", "sample": "all"}, "core.verdicts.measure", "readings-all"),
        ({"job": "forming", "method": "tsne"}, "core.forming.form", "forming-tsne"),
    ],
)
def test_a_job_is_done_under_its_own_lock(trained, monkeypatch, job, done, name):
    run, calls = trained("autoencoder", epochs=1), []
    for work in ("latent.project", "trust.measure"):  # of the jobs above one consists of two
        monkeypatch.setattr(f"core.{work}", lambda *args: None)

    def note(*args):
        calls.append((args, files.is_held(background.lock_of(run, name))))

    monkeypatch.setattr(done, note)
    monkeypatch.setattr(worker, "_step_back", lambda: None)
    monkeypatch.setattr(sys, "argv", ["worker", "--at-once"])
    monkeypatch.setattr(
        sys, "stdin", StringIO(json.dumps({**job, "folder": str(run.folder), "data": str(data.data_dir())}))
    )
    worker.main()
    (((of, *args), held),) = calls
    assert of.folder == run.folder
    assert args == [job[key] for key in ("method", "sample") if key in job]
    assert held
    assert not files.is_held(background.lock_of(run, name))


@pytest.mark.slow
def test_spare_ends_with_its_server():
    code = (
        "import os, time\nfrom core import worker\nworker.warm()\nprint(worker._spare.pid, flush=True)\n"
        "time.sleep(0.5)\nos._exit(1)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout
    pid = int(out)
    wait_for(lambda: not alive(pid))


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
