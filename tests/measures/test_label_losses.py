"""Losses by which wrong labels are found: of the labels that were learned, after each kept epoch, and only once."""

from collections.abc import Callable

import numpy as np
import pytest

from core.data import datasets
from core.measures.label_losses import LABEL_LOSSES, LabelLosses, learned_rows, noisy_labels, spread
from core.measures.thresholds import rank
from core.runs.run import Run
from core.runs.snapshots import snapshots_of
from core.runs.weights import load_model
from tests.conftest import change_weights, compute

Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    """A classifier that has learned from digits with a fifth of their labels wrong."""
    return trained("mlp", label_noise=0.2, epochs=3, train_size=0)


def losses(run: Run) -> LabelLosses:
    compute(LABEL_LOSSES, run)
    found = LABEL_LOSSES.load_current(run)
    assert found is not None
    return found


def test_they_are_cross_entropies_of_the_labels_that_were_learned(run: Run) -> None:
    found, digits, model = losses(run), datasets.load("digits"), load_model(run)
    test, train = (digits.test, digits.test.labels, found.test), (digits.train, noisy_labels(run), found.train)
    for split, labels, loss in (test, train):
        expected = -np.log(model.predict_proba(split.images)[np.arange(len(labels)), labels])
        np.testing.assert_allclose(loss[-1], expected, rtol=2e-3, atol=1e-3)
    assert found.epochs.tolist() == [1, 2, 3]


def test_earlier_rows_are_of_the_weights_after_earlier_epochs(run: Run) -> None:
    found, model, labels = losses(run), load_model(run), noisy_labels(run)
    digits = datasets.load("digits").train
    with np.load(snapshots_of(run)[1]) as kept:
        state = {name: kept[f"weights/{name}"].astype(value.dtype) for name, value in model.state_dict().items()}
    now = model.state_dict()
    model.load_state_dict(state)
    expected = -np.log(model.predict_proba(digits.images)[np.arange(len(labels)), labels])
    model.load_state_dict(now)
    np.testing.assert_allclose(found.train[0], expected, rtol=2e-3, atol=1e-3)
    assert np.abs(found.train[0] - found.train[-1]).max() > 0.1


def test_wrong_labels_have_higher_losses(run: Run) -> None:
    wrong = noisy_labels(run) != datasets.load("digits").train.labels
    assert wrong.sum() == round(0.2 * len(wrong))
    assert rank(losses(run).train[-1], wrong).auc > 0.8


def test_a_run_without_snapshots_has_the_losses_of_its_weights_alone(run: Run) -> None:
    for path in (run.folder / "snapshots").iterdir():
        path.unlink()
    found = losses(run)
    assert found.epochs.tolist() == [3]
    assert found.test.shape == (1, len(datasets.load("digits").test))


def test_only_some_digits_may_be_learned(trained: Train) -> None:
    run = trained("softmax", label_noise=0.1, train_size=100, patience=1)
    assert len(learned_rows(run)) == 100 - 100 // 12
    assert len(np.unique(learned_rows(run))) == len(learned_rows(run))


def test_new_weights_make_them_stale(run: Run) -> None:
    losses(run)
    change_weights(run)
    assert LABEL_LOSSES.load_current(run) is None
    assert LABEL_LOSSES.load(run) is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": np.array([2, 1, 3])},
        {"epochs": np.arange(9)},
        {"loss": np.full((3, 1797), np.nan, np.float16)},
        {"loss": np.full((3, 1797), -1, np.float16)},
        {"loss": np.zeros((3, 5), np.float16)},
    ],
)
def test_a_file_that_holds_something_else_is_a_sentence(run: Run, wrong: dict[str, np.ndarray]) -> None:
    losses(run)
    good = {"epochs": np.arange(1, 4), "loss": np.zeros((3, 1797), np.float16)}
    LABEL_LOSSES.write(run, good | wrong, {"dataset": "digits", "weights_version": run.weights_version()})
    with pytest.raises(ValueError, match="Compute it again"):
        LABEL_LOSSES.read(run)
    assert LABEL_LOSSES.state(run).state == "failed"


def test_an_autoencoder_is_told_to_be_none(trained: Train) -> None:
    run = trained("linear-autoencoder")
    compute(LABEL_LOSSES, run)
    assert "reads no digits" in LABEL_LOSSES.state(run).message


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 20, 1000])
@pytest.mark.parametrize("most", [2, 8])
def test_epochs_are_spread_with_both_ends(count: int, most: int) -> None:
    epochs = list(range(1, count + 1))
    found = spread(epochs, most)
    assert len(found) == min(count, most)
    assert (found[0], found[-1]) == (1, count)
    assert found == sorted(set(found))
    assert all(np.diff(found, 2) >= -1)  # ever farther apart, but for rounding
