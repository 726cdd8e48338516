"""A run that was paused, stopped, killed or extended ends bit for bit where an unbroken one ends."""

import json
import os
import signal
import time

import numpy as np
import pytest

from core.data import datasets
from core.data.augment import Augmentation
from core.files import read_arrays
from core.runs import finetune, recorder
from core.runs.checkpoint import read_resume
from core.runs.events import to_json
from core.runs.run import RESUMABLE, Run, Status
from core.runs.weights import load_model
from core.training import loop
from tests import odd_hand
from tests.conftest import small, wait_for

RECIPES = {
    "mlp": {"params": {"hidden": 16, "dropout": 0.3}, "optimizer": "adamw", "schedule": "one-cycle"},
    "cnn": {"params": {"width": 4}, "optimizer": "momentum", "glyph_share": 0.25, "averaging": 0.9,
            "augmentation": Augmentation(shift=2, thickness=0.5, clouds=0.4, gaussian=0.2, clean=0.3)},
    "vae": {"params": {"hidden": "16", "code_size": 2}, "optimizer": "adam"},
    "numpy-deep": {"params": {"depth": 2, "width": 16}, "optimizer": "adam"},
    "numpy-autoencoder": {"params": {"hidden": "16", "code_size": 4}, "noise": "masking", "noise_level": 0.3},
    "softmax": {"optimizer": "sgd", "lr": 0.1, "patience": 3},
}  # fmt: skip
EPOCHS = 4


def config(model, **changes):
    return small(model, **{"epochs": EPOCHS, **RECIPES[model], **changes})


def essence(run):
    """What a run wrote down, without the times."""
    times = ("time", "seconds", "images_per_second")
    return [{k: v for k, v in to_json(line).items() if k not in times} for line in run.history().measured]


def assert_equal_runs(run, other):
    assert run.status() == other.status() == Status.FINISHED
    assert essence(run) == essence(other)
    for name in ("weights.safetensors", "resume.safetensors"):
        mine, its = read_arrays(run.folder / name), read_arrays(other.folder / name)
        assert mine.keys() == its.keys()
        for key, value in mine.items():
            assert value.dtype == its[key].dtype
            np.testing.assert_array_equal(value, its[key], err_msg=key)
    assert sorted(p.name for p in (run.folder / "snapshots").iterdir()) == sorted(
        p.name for p in (other.folder / "snapshots").iterdir()
    )
    mine, its = ({p.name: p.read_bytes() for p in r.folder.glob("forming/*")} for r in (run, other))
    assert mine == its
    assert bool(mine) == (run.spec.task == "reconstruct")


def go_on(run, epochs=None):
    run.request_resume(epochs)
    assert run.status() == Status.STARTING
    recorder.train(run)


@pytest.fixture
def request_at(monkeypatch):
    """A function that lets a request file appear before the n-th event of the next training."""
    fit = loop.fit

    def arrange(n, request):
        def interrupted(*args):
            for number, event in enumerate(fit(*args)):
                if number == n:
                    request()
                    monkeypatch.setattr(recorder, "fit", fit)
                yield event

        monkeypatch.setattr(recorder, "fit", interrupted)

    return arrange


@pytest.mark.slow
@pytest.mark.parametrize("request_", ["pause", "stop"])
@pytest.mark.parametrize("model", RECIPES)
def test_paused_at_several_moments_and_resumed(trained, runs, request_at, model, request_):
    whole = trained(model, **{"epochs": EPOCHS, **RECIPES[model]})
    run = runs.create(config(model))
    for moment in (2, 7, 0):  # in the first epoch, in a later one, and at once
        request_at(moment, getattr(run, f"request_{request_}"))
        recorder.train(run)
        assert run.status() == {"pause": Status.PAUSED, "stop": Status.STOPPED}[request_]
        load_model(run)  # what was trained so far answers
        run = Run(run.folder)
        run.request_resume()
    recorder.train(run)
    assert_equal_runs(run, whole)


@pytest.mark.parametrize("model", ["mlp", "numpy-deep"])
def test_a_run_that_learns_from_drawings_is_paused_and_resumed(trained, runs, request_at, model):
    origin = trained(model, **RECIPES[model])
    first = finetune.start(runs, origin, odd_hand.drawings(20, seed=1))
    whole, run = (finetune.again(runs, first, first.config) for _ in range(2))
    recorder.train(whole)
    runs.delete(origin)
    for moment in (2, 7, 0):
        request_at(moment, run.request_pause)
        recorder.train(run)
        assert run.status() == Status.PAUSED
        run.request_resume()
    recorder.train(run)
    assert_equal_runs(run, whole)
    go_on(run, epochs=4)
    assert (run.status(), len(run.history().epochs)) == (Status.FINISHED, 4)


def test_a_paused_run_shows_what_the_weights_it_keeps_make_of_the_digits(runs, request_at):
    run = runs.create(config("mlp"))
    request_at(3, run.request_pause)
    recorder.train(run)
    probe = run.probe()
    assert probe.step > 1
    expected = load_model(run).predict_proba(datasets.load("digits").test.images[probe.indices])
    np.testing.assert_allclose(probe.outputs, expected, atol=1e-6)


def test_the_clock_goes_on_from_the_last_finished_epoch(trained, runs, request_at):
    run = runs.create(config("mlp"))
    request_at(11, run.request_pause)
    recorder.train(run)
    first = run.history().epochs[0]
    go_on(run)
    history = run.history()
    assert history.epochs[0] == first
    seconds = [line.seconds for line in sorted(history.measured, key=lambda line: line.time)]
    assert seconds == sorted(seconds)


def test_crash_between_the_state_and_the_line_that_announces_it(trained, runs):
    whole = trained("mlp", **{"epochs": EPOCHS, **RECIPES["mlp"]})
    run = runs.create(config("mlp"))
    recorder.train(run)
    events = run.folder / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if json.loads(line)["event"] == "epoch")
    for torn in (b"", lines[last][:20]):
        events.write_bytes(b"".join(lines[:last]) + torn)
        assert run.status() == Status.INTERRUPTED
        assert "Resume" in run.message()
        go_on(run)
        assert_equal_runs(run, whole)


def test_what_a_killed_worker_left_half_written_is_gone_after_the_next_start(trained, runs, request_at):
    run = runs.create(config("numpy-deep"))
    request_at(10, run.request_pause)
    recorder.train(run)
    names = ("weights.safetensors.7.part", "snapshots/epoch-002.npz.7.part", "forming/step-00000005.npz.7.part")
    torn = [run.folder / name for name in names]
    renaming = run.folder / "config.json.8.part"  # a dashboard's, which may be writing it now
    (run.folder / "forming").mkdir()
    for part in (*torn, renaming):
        part.write_bytes(b"half")
    go_on(run)
    assert [part.exists() for part in (*torn, renaming)] == [False, False, False, True]
    assert run.status() == Status.FINISHED


def test_damaged_state_is_told_and_nothing_else_is_lost(trained):
    run = trained("softmax", epochs=2)
    history, state = run.history(), run.folder / "resume.safetensors"
    state.write_bytes(state.read_bytes()[:100])
    go_on(run, epochs=3)
    assert run.status() == Status.FAILED
    assert "resume.safetensors" in run.message()
    assert run.history().epochs == history.epochs
    load_model(run)


def test_training_longer_equals_having_trained_so_long(trained):
    whole, run = trained("vae", epochs=3), trained("vae", epochs=1)
    go_on(run, epochs=3)
    assert Run(run.folder).config == whole.config
    assert_equal_runs(Run(run.folder), whole)


@pytest.mark.parametrize("epochs", [None, 1, 2, 0, 10**6])
def test_finished_run_goes_on_only_for_longer(trained, epochs):
    run = trained("softmax", epochs=2)
    with pytest.raises(ValueError, match=r"cannot go on|epochs"):
        run.request_resume(epochs)
    assert run.status() == Status.FINISHED


def test_diverged_run_does_not_go_on(runs):
    run = runs.create(small("linear-autoencoder", optimizer="sgd", lr=100.0, epochs=50))
    recorder.train(run)
    assert run.status() == Status.DIVERGED
    with pytest.raises(ValueError, match="cannot go on"):
        run.request_resume()


def test_worker_that_comes_second_leaves_a_finished_run_alone(trained):
    run = trained("softmax")
    before = (run.folder / "events.jsonl").read_bytes()
    recorder.train(run)
    assert (run.folder / "events.jsonl").read_bytes() == before


def train_in_child(run):
    """Train a run in a child process; return its pid."""
    child = os.fork()
    if child == 0:
        try:
            recorder.train(run)
        finally:
            os._exit(0)
    return child


def kill_at_random(run, rng, most_seconds):
    """Train a run in a child process and kill -9 it after a random time, if it has not ended by itself."""
    child = train_in_child(run)
    time.sleep(rng.uniform(0, most_seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def survive(runs, model, kills, rng, most_seconds=0.6):
    """Kill a run's worker so many times, in as many runs as that takes, and check each against an unbroken one."""
    whole = runs.create(config(model))
    recorder.train(whole)
    run, done = runs.create(config(model)), 0
    finished_epochs = 0
    while done < kills or run.status() != "finished":
        if run.status() == "finished":
            assert_equal_runs(run, whole)
            run, finished_epochs = runs.create(config(model)), 0
        if done < kills:
            kill_at_random(run, rng, most_seconds)
            done += 1
        else:
            recorder.train(run)
        state = read_resume(run.folder)
        assert (state.epoch if state else 0) >= finished_epochs, "a finished epoch is lost"
        finished_epochs = max(finished_epochs, len(run.history().epochs))
        if run.has_weights():
            load_model(run)
        assert not run.locked()
        if run.status() in RESUMABLE:  # killed before its first word it is "starting" still, and needs no request
            run.request_resume()
    assert_equal_runs(run, whole)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 is for systems that fork")
@pytest.mark.parametrize("model", ["mlp", "vae", "numpy-deep", "numpy-autoencoder"])
def test_kill_9_at_random_moments(runs, model):
    survive(runs, model, kills=5, rng=np.random.default_rng(0))


@pytest.mark.slow
def test_killed_while_queued_leaves_nothing_behind(runs, monkeypatch):
    monkeypatch.setenv("DIGITLAB_SLOTS", "0")  # at least one is granted
    first, second, third = (runs.create(small("numpy-two-layer", epochs=1000)) for _ in range(3))
    children = []
    for run in (first, second, third):
        children.append(train_in_child(run))
        wait_for(
            lambda run=run: (
                run.status() == (Status.RUNNING if run is first else Status.QUEUED) and run.history().lifecycle
            )
        )
    wait_for(lambda: "1 before it" in third.message())
    os.kill(children[1], signal.SIGKILL)
    os.waitpid(children[1], 0)
    wait_for(lambda: third.message() == "Waiting for another run to end.")
    assert second.status() == Status.INTERRUPTED
    first.request_stop()
    wait_for(lambda: third.status() == Status.RUNNING)
    third.request_stop()
    for child in (children[0], children[2]):
        os.waitpid(child, 0)
    assert [first.status(), third.status()] == [Status.STOPPED, Status.STOPPED]
    assert not list((runs.folder / ".slots" / "queue").iterdir())
