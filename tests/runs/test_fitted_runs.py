"""Runs of models that are fitted at once: recorded, stopped, packed and read as any other."""

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from core.data import datasets
from core.files import read_arrays
from core.live.growth import probabilities
from core.measures.calibration import CALIBRATION
from core.measures.scores import SCORES, figure_of
from core.models import MODELS
from core.models.fitted import FittedClassifier
from core.models.fitted_forest import RandomForest
from core.runs import finetune, recorder
from core.runs.archive.pack import pack, unpack
from core.runs.events import FitLine
from core.runs.export import metrics_csv, onnx_model, script, tensorboard
from core.runs.run import Run, Status
from core.runs.store import RunStore
from core.runs.weights import load_model
from core.training.naming import name_of, settings_in_words
from core.untrusted import ArchiveError
from tests import odd_hand
from tests.conftest import compute, small
from tests.runs import hostile_archives as hostile

FITTED = [name for name, spec in MODELS.items() if spec.learns == "at once"]
EVERY = pytest.mark.parametrize("name", FITTED)
SMALL: dict[str, dict[str, Any]] = {"forest": {"trees": 8}}
Train = Callable[..., Run]


@pytest.fixture
def train(runs: RunStore) -> Train:
    """A function that trains a run in this process until it ends, whatever its end is."""

    def trained(model: str, **changes: object) -> Run:
        run = runs.create(small(model, params=SMALL.get(model, {}), **changes))
        recorder.train(run)
        return run

    return trained


def files_of(run: Run) -> set[str]:
    return {str(path.relative_to(run.folder)) for path in run.folder.rglob("*") if path.is_file()}


@EVERY
def test_a_run_is_fitted_and_answers(name: str, train: Train) -> None:
    run = train(name)
    assert run.status() == Status.FINISHED
    history = run.history()
    assert not history.steps
    (epoch,) = history.epochs
    assert epoch.test["accuracy"] > 0.85
    assert epoch.train_sample
    assert (history.fitted, history.share_done, history.epochs_done) == (1.0, 1.0, 1.0)
    assert run.summary().whole
    # The weights are kept once: nothing goes on from a fit, and it may be large.
    assert files_of(run) <= {"config.json", "events.jsonl", "lock", "probe.npz", "weights.safetensors"}
    digits = datasets.load("digits").test
    found = load_model(run).predict_proba(digits.images)
    assert (found.argmax(1) == digits.labels).mean() == pytest.approx(epoch.test["accuracy"], abs=1e-6)
    probe = run.probe()
    assert probe is not None
    np.testing.assert_allclose(probe.outputs, found[probe.indices], atol=1e-6)
    live = probabilities(run, digits.images[:3])
    np.testing.assert_allclose(live, found[:3], atol=1e-5)


@EVERY
def test_its_figures_are_measured(name: str, train: Train) -> None:
    run = train(name)
    compute(SCORES, run)
    compute(CALIBRATION, run)
    scores, figure = SCORES.load_current(run), figure_of(run)
    assert scores
    assert figure
    model = load_model(run)
    assert (scores.parameters, scores.learned) == (model.parameter_count, model.learned_count)
    assert scores.test["accuracy"] == figure.value
    assert CALIBRATION.load_current(run)


@EVERY
def test_a_packed_run_is_the_same_run(name: str, train: Train, runs: RunStore) -> None:
    run = train(name)
    packed = pack(run)
    again = unpack(packed, runs)
    assert again.config == run.config
    assert pack(again).count(b"weights.safetensors") == packed.count(b"weights.safetensors")
    old, new = (read_arrays(one.folder / "weights.safetensors") for one in (run, again))
    for key, value in old.items():
        np.testing.assert_array_equal(value, new[key], err_msg=key)
    assert [line.share for line in fit_lines(again)] == [line.share for line in fit_lines(run)]
    assert again.history().epochs == run.history().epochs
    assert again.status() == Status.FINISHED


def fit_lines(run: Run) -> list[FitLine]:
    from core.runs.events import decode

    lines = map(decode, (run.folder / "events.jsonl").read_bytes().splitlines())
    return [line for line in lines if isinstance(line, FitLine)]


@EVERY
def test_packed_arrays_that_no_fit_makes_are_refused(name: str, train: Train, runs: RunStore) -> None:
    run = train(name)
    members = hostile.members(pack(run))
    arrays = read_arrays(run.folder / "weights.safetensors")
    before = len(runs.runs())
    key = next(iter(arrays))
    for wrong in ({**arrays, key: arrays[key][:-1]}, {**arrays, "more": arrays[key]}, {key: arrays[key]}):
        bad = {k: np.ascontiguousarray(v) for k, v in wrong.items()}
        with pytest.raises(ArchiveError, match=r"weights\.safetensors is no fit of"):
            unpack(hostile.zipped({**members, "weights.safetensors": save(bad)}), runs)
    for name_, why in (("resume.safetensors", "goes on from nothing"), ("snapshots/epoch-001.npz", "no snapshots")):
        with pytest.raises(ArchiveError, match=why):
            unpack(hostile.zipped({**members, name_: members["probe.npz"]}), runs)
    for lines in (b'{"event": "fit", "time": 1, "seconds": 1, "share": 1.5}\n', b'{"event": "fit", "share": 1.0}\n'):
        with pytest.raises(ArchiveError):
            unpack(hostile.zipped({**members, "events.jsonl": members["events.jsonl"] + lines}), runs)
    assert len(runs.runs()) == before


@EVERY
def test_a_run_leaves_as_other_files(name: str, train: Train) -> None:
    run = train(name)
    (row,) = csv.DictReader(io.StringIO(metrics_csv(run)))
    assert (row["kind"], row["epoch"]) == ("epoch", "1")
    assert 0.8 < float(row["test_accuracy"]) <= 1
    assert tensorboard(run)
    assert f"{name!r}" in script(run)
    assert "batch_size" not in script(run)
    with pytest.raises(ValueError, match=r"cannot be written as ONNX\. Export its weights instead\."):
        onnx_model(run)


def stopping(run: Run, request: str, after: int) -> Callable[[RandomForest, Any, Any], Iterator[float]]:
    """A forest's fit in the midst of which somebody asks for the run's end."""
    plain = RandomForest.fit

    def fit(self: RandomForest, images: np.ndarray, labels: np.ndarray) -> Iterator[float]:
        for number, share in enumerate(plain(self, images, labels), 1):
            if number == after:
                (run.folder / request).touch()
            yield share

    return fit


@pytest.mark.parametrize("request_name", ["stop", "pause"])
def test_a_stop_ends_a_fit_at_once_and_resume_begins_it_again(
    request_name: str, runs: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.create(small("forest", params={"trees": 8}))
    with monkeypatch.context() as patched:
        patched.setattr(RandomForest, "fit", stopping(run, request_name, 3))
        recorder.train(run)
    assert run.status() == Status.STOPPED
    assert ("cannot be paused" in run.message()) == (request_name == "pause")
    history = run.history()
    assert history.fitted == pytest.approx(2 / 8)
    assert not history.epochs
    assert not run.has_weights()
    assert run.probe() is None
    run.request_resume()
    recorder.train(run)
    assert run.status() == Status.FINISHED
    assert len(run.history().epochs) == 1
    alone = runs.create(small("forest", params={"trees": 8}))
    recorder.train(alone)
    for key, value in read_arrays(alone.folder / "weights.safetensors").items():
        np.testing.assert_array_equal(value, read_arrays(run.folder / "weights.safetensors")[key])


def test_a_stop_while_it_is_measured_keeps_what_was_fitted(runs: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.create(small("knn"))
    plain = FittedClassifier.evaluate

    def evaluate(self: FittedClassifier, *arrays: Any) -> dict[str, float]:
        run.request_stop()
        return plain(self, *arrays)

    monkeypatch.setattr(FittedClassifier, "evaluate", evaluate)
    recorder.train(run)
    assert run.status() == Status.STOPPED
    assert run.has_weights()
    assert run.probe() is not None
    assert len(load_model(run).state_dict()["labels"]) == 300
    packed = unpack(pack(run), runs)
    assert packed.has_weights()


def test_a_fit_that_takes_too_long_ends(runs: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.create(small("forest", params={"trees": 8}, max_minutes=0.01))
    now = [0.0]

    def monotonic() -> float:
        now[0] += 0.5
        return now[0]

    monkeypatch.setattr("core.runs.recorder.time.monotonic", monotonic)
    recorder.train(run)
    assert run.status() == Status.STOPPED
    assert "time limit" in run.message()


def test_a_failing_fit_is_told(runs: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(self: RandomForest, images: np.ndarray, labels: np.ndarray) -> Iterator[float]:
        yield 0.5
        raise MemoryError

    monkeypatch.setattr(RandomForest, "fit", fit)
    run = runs.create(small("forest"))
    recorder.train(run)
    assert run.status() == Status.FAILED
    assert "memory" in run.message()


def test_it_cannot_learn_on_from_drawings(train: Train, runs: RunStore) -> None:
    run = train("knn")
    assert not finetune.learns_on(run)
    with pytest.raises(ValueError, match="fitted at once"):
        finetune.start(runs, run, odd_hand.drawings(3, seed=1))


def test_its_settings_are_those_that_mean_something() -> None:
    shown = settings_in_words(small("knn"))
    assert {"Neighbours", "Votes", "Training digits", "Seed", "Shift (pixels)"} <= set(shown)
    assert not {"Epochs", "Batch size", "Learning rate", "Optimizer", "Patience", "Loss"} & set(shown)
    assert "Epochs" in settings_in_words(small("softmax"))
    assert name_of(small("knn", params={"k": 9}, train_size=0)) == (
        "k nearest neighbours, neighbours 9, data set Embedded digits"
    )
