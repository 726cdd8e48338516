"""Wrong labels on the Evaluate page: what the losses find of them is what scikit-learn says; sentences for none."""

import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from core.data import datasets
from core.measures.label_losses import LABEL_LOSSES, noisy_labels
from core.measures.predictions import PREDICTIONS
from core.runs.run import Run
from tests.conftest import ROOT, compute, sound
from tests.pages.evaluate.test_evaluate import cells, figures, page, tiles, words

Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    """A classifier that has learned from digits with a fifth of their labels wrong, with all that the page shows."""
    made = trained("mlp", label_noise=0.2, epochs=3, train_size=0)
    made.rename("Misled")
    compute(PREDICTIONS, made, "all")
    compute(LABEL_LOSSES, made)
    return made


def test_what_is_found_after_each_epoch_is_what_scikit_learn_finds(run: Run) -> None:
    at = page(run, part="labels", split="train", looked="0.1")
    labels, true = noisy_labels(run), datasets.load("digits").train.labels
    wrong, loss = labels != true, LABEL_LOSSES.load_current(run).train
    count = round(0.1 * len(labels))
    head, *rows = cells(at, "el")
    assert head == ["Loss after", "Found", "Precision", "Recall", "AP"]
    assert [row[0] for row in rows] == ["Epoch 1", "Epoch 2", "As it is now", "Mean of these epochs"]
    for row, values in zip(rows, [*loss, loss.mean(0)], strict=True):
        found = int(wrong[np.argsort(-values, kind="stable")[:count]].sum())
        told = [f"{found:,}", f"{100 * found / count:.2f} %", f"{100 * found / wrong.sum():.2f} %"]
        assert row[1:4] == told
        assert float(row[4]) == pytest.approx(average_precision_score(wrong, values), abs=5e-5)
    text = words(at)
    assert f"Misled learned from {len(labels):,} digits, of which {wrong.sum():,} had a wrong label on purpose." in text
    assert f"{found:,} of {count:,} have a wrong label" in text
    assert len(figures(at)) == 1


def test_only_digits_that_were_learned_are_searched(trained: Train) -> None:
    run = trained("softmax", label_noise=0.2, train_size=200)
    compute(PREDICTIONS, run, "all")
    compute(LABEL_LOSSES, run)
    assert "learned from 200 digits" in words(page(run, part="labels", split="train"))


def test_each_order_has_its_own_digits_with_their_wrong_and_their_right_class(run: Run) -> None:
    at = page(run, part="labels", split="train", by="1")
    labels, true = noisy_labels(run), datasets.load("digits").train.labels
    first = int(np.argsort(-LABEL_LOSSES.load_current(run).train[0], kind="stable")[0])
    wrong = labels[first] != true[first]
    caption = f"{labels[first]}, is {true[first]}\N{NO-BREAK SPACE}*" if wrong else f"{labels[first]}"
    assert tiles(at)[0] == caption
    assert "Highest loss first, epoch 1:" in words(at)


def test_a_run_with_the_right_labels_says_how_to_get_one_without(trained: Train) -> None:
    run = trained("softmax")
    compute(PREDICTIONS, run, "all")
    at = page(run, part="labels", split="train")
    assert 'preset "One hidden layer on wrong labels"' in words(at)
    assert not cells(at, "el")


def test_nobody_knows_wrong_labels_of_the_embedded_test_digits(run: Run) -> None:
    assert "Nobody has said which labels" in words(page(run, part="labels"))


def test_the_losses_are_asked_for_once_and_may_be_new(run: Run, asked: list[Any]) -> None:
    run.projection_file("label-losses").unlink()
    at = page(run, part="labels", split="train")
    assert [job[0] for job in asked if job[0] == "label-losses"] == ["label-losses"]
    assert not cells(at, "el")
    sound(at.run())
    assert [job[0] for job in asked].count("label-losses") == 1


def test_a_broken_file_and_a_deleted_run_are_sentences(run: Run) -> None:
    run.projection_file("label-losses").write_bytes(b"PK")
    assert "Compute it again" in words(page(run, part="labels", split="train"))
    shutil.rmtree(run.folder)
    sound(page(run, part="labels", split="train"))


def test_the_fifteen_doubted_labels_are_found_as_the_reference_says(runs: Any, mnist: Any) -> None:
    """Of the shipped plain net: 6, 9 and 13 among the first 15, 50 and 100 (see the gallery); here 15 and 50."""
    shutil.copytree(ROOT / "checkpoints" / "cnn-plain", runs.folder / "cnn-plain")
    run = runs.get("cnn-plain")
    compute(PREDICTIONS, run, "test")
    compute(LABEL_LOSSES, run)
    for looked, least in (("0.0015", 5), ("0.005", 8)):  # 6 and 9 by the kernels of one processor
        (row,) = cells(page(run, part="labels", looked=looked), "el")[1:]
        assert least <= int(row[1]) <= least + 2
    assert "agree with the labels of 15 test digits" in words(page(run, part="labels"))


def test_at_a_glance_it_is_said_which_labels_count(run: Run) -> None:
    assert "Misled learned with wrong labels on 20 % of all training digits." in words(page(run))
