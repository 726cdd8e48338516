"""Sweeps and MNIST-C of a run: counted as by hand, a sentence for what cannot be, outdated with other labels."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.data import datasets
from core.data.corruptions import CORRUPTIONS, corrupted
from core.data.datasets import Dataset, Split
from core.files import open_npz, write_npz
from core.measures.intervals import wilson
from core.measures.predictions import PREDICTIONS
from core.robustness.dials import DIALS, spoilt
from core.robustness.mnist_c import MNIST_C, SEED
from core.robustness.sweep import OUTDATED, SWEEP, checksum, first_tested
from core.runs.run import Run
from core.runs.store import RunStore
from core.runs.weights import load_model
from tests.conftest import change_weights, compute, silent

Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    return trained("softmax", epochs=6, train_size=1438)


def right(run: Run, images: np.ndarray) -> int:
    labels = datasets.load("digits").test.labels[: len(images)]
    return int((load_model(run).predict_proba(images).argmax(1) == labels).sum())


def relabelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded digits with one label that is another."""
    whole = datasets.load("digits")
    labels = whole.test.labels.copy()
    labels[0] = (labels[0] + 1) % 10
    changed = Dataset(whole.name, whole.train, Split(whole.test.images, labels), whole.classes)
    monkeypatch.setattr(datasets, "load", lambda name: changed)


@pytest.mark.parametrize("name", ["gaussian", "rotation", "fgsm"])
def test_a_sweep_counts_what_is_read_rightly(run: Run, name: str) -> None:
    told: list[float] = []
    found = SWEEP.ensure(run, lambda share, message: told.append(share), name)
    dial, digits = DIALS[name], datasets.load("digits").test
    assert found.count == len(digits)
    for place in (0, 3, 10):
        images = np.concatenate(list(spoilt(dial, dial.values[place], digits, load_model(run))))
        assert found.right[place] == right(run, images)
    clean = dial.values.index(dial.harmless)
    assert found.right[clean] == right(run, digits.images)
    low, high = found.interval
    assert (low[3], high[3]) == wilson(int(found.right[3]), 359)
    assert found.accuracy[3] == found.right[3] / 359
    assert told == sorted(told)
    assert len(told) >= 11


def test_unspoilt_digits_are_not_read_twice(run: Run) -> None:
    compute(PREDICTIONS, run, "test")
    path = run.projection_file("readings-test")
    arrays, facts = open_npz(str(path), PREDICTIONS.arrays, PREDICTIONS.most)
    write_npz(path, {**arrays, "predicted": (arrays["predicted"] + 1) % 10}, facts=facts)  # a mark of theirs
    found = SWEEP.ensure(run, silent, "rotation")
    labels = datasets.load("digits").test.labels
    assert found.right[5] == ((arrays["predicted"] + 1) % 10 == labels).sum() < found.right[4]
    change_weights(run)
    assert SWEEP.ensure(run, silent, "rotation").right[5] > found.right[5]


def test_gentle_noise_harms_less_than_strong(run: Run) -> None:
    for name in ("gaussian", "salt-and-pepper", "blur", "occlusion", "fgsm", "pgd"):
        accuracy = SWEEP.ensure(run, silent, name).accuracy
        assert accuracy[0] > accuracy[5] > 0 or accuracy[10] < 0.2, name
        assert accuracy[10] < accuracy[0] - 0.2, name
        assert (np.diff(accuracy) < 0.06).all(), name  # chance lets it rise a little, never much


def test_projected_steps_do_at_least_the_harm_of_one(run: Run) -> None:
    once, often = (SWEEP.ensure(run, silent, name).accuracy for name in ("fgsm", "pgd"))
    assert (often <= once + 0.02).all()


def test_an_attack_is_measured_on_fewer_digits(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert DIALS["pgd"].count == 1000
    monkeypatch.setitem(DIALS, "pgd", replace(DIALS["pgd"], count=40))
    assert SWEEP.ensure(run, silent, "pgd").count == 40
    assert len(first_tested("digits", 40)) == 40
    assert len(first_tested("digits")) == 359


def test_the_errors_of_mnist_c_are_counted_beside_the_clean(run: Run) -> None:
    found = MNIST_C.ensure(run, silent)
    images = datasets.load("digits").test.images
    assert found.count == 359
    assert found.clean == 359 - right(run, images)
    for name in ("shear", "stripe", "impulse noise"):
        wrong = 359 - right(run, corrupted(images, name, SEED))
        assert found.wrong[list(CORRUPTIONS).index(name)] == wrong
    assert found.mean == pytest.approx(np.mean(found.wrong / 359))
    assert found.mean > found.clean / 359
    low, high = found.interval(float(found.wrong.mean()))
    assert low < found.mean < high


@pytest.mark.parametrize(("stored", "parameters"), [(SWEEP, ("shift",)), (MNIST_C, ())])
def test_with_other_labels_it_is_outdated(
    stored, parameters: tuple[str, ...], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute(stored, run, *parameters)
    assert stored.load_current(run, *parameters).labels == checksum("digits")
    relabelled(monkeypatch)
    assert stored.load_current(run, *parameters) is None
    assert stored.state(run, *parameters).message == OUTDATED
    compute(stored, run, *parameters)
    assert stored.load_current(run, *parameters) is not None


@pytest.mark.parametrize(("stored", "parameters"), [(SWEEP, ("shift",)), (MNIST_C, ())])
def test_an_autoencoder_reads_no_digits(stored, parameters: tuple[str, ...], trained: Train) -> None:
    run = trained("autoencoder", params={"hidden": 16, "code_size": 3}, epochs=1)
    compute(stored, run, *parameters)
    assert "reads no digits. Choose a classifier." in stored.state(run, *parameters).message


WRONG = {
    "counts above all": (SWEEP, ("shift",), {"right": np.full(11, 400)}, {}),
    "counts below none": (SWEEP, ("shift",), {"right": np.full(11, -1)}, {}),
    "other values": (SWEEP, ("shift",), {"values": np.arange(11) + 0.5}, {}),
    "too few values": (SWEEP, ("shift",), {"values": np.arange(3.0), "right": np.arange(3)}, {}),
    "no digits": (SWEEP, ("shift",), {}, {"count": 0}),
    "no checksum": (SWEEP, ("shift",), {}, {"labels": -1}),
    "a count that is no number": (SWEEP, ("shift",), {}, {"count": "many"}),
    "fourteen": (MNIST_C, (), {"wrong": np.zeros(14, np.int64)}, {}),
    "more errors than digits": (MNIST_C, (), {"wrong": np.full(15, 360)}, {}),
    "other names": (MNIST_C, (), {}, {"names": ["snow"] * 15}),
    "more clean errors than digits": (MNIST_C, (), {}, {"clean": 360}),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_a_stranger_wrote_is_not_believed(case: str, run: Run, runs: RunStore) -> None:
    stored, parameters, arrays, facts = WRONG[case]
    compute(stored, run, *parameters)
    path = run.projection_file(stored.job(run, *parameters).name)
    good_arrays, good_facts = open_npz(str(path), stored.arrays, stored.most)
    write_npz(path, good_arrays, facts=good_facts)
    assert stored.load_current(run, *parameters) is not None
    write_npz(path, {**good_arrays, **arrays}, facts={**good_facts, **facts})
    assert stored.load(run, *parameters) is None
    with pytest.raises(ValueError, match=r"cannot be used .* Compute it again"):
        stored.read(run, *parameters)
