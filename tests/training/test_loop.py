"""The loop: what it yields, in which order, at which learning rate; and that to stop is to stop asking."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from core.data.augment import Augmentation
from core.data.datasets import Split
from core.data.glyphs import GlyphPool
from core.data.label_noise import with_label_noise
from core.training import loop, splits
from core.training.config import TrainConfig, build
from core.training.loop import Checking, EarlyStop, Epoch, Step

POOL_LOOKED_AT = 3000  # glyphs; of 288 drawn from 40,000 some twenty are among them


def config(**changes):
    return TrainConfig("softmax", **{"epochs": 2, "batch_size": 64, **changes})


def events(data, settings):
    return list(loop.fit(build(settings), data, settings))


def test_order_of_events(toy):
    log = events(toy, config())
    steps = [e for e in log if isinstance(e, Step)]
    assert [e.step for e in steps] == list(range(1, 15))  # 400 images in batches of 64: 7 steps an epoch
    assert [e.images for e in steps[:7]] == [64] * 6 + [16]
    kinds = "".join(type(e).__name__[0] for e in log)
    assert kinds == "SSSSSSSCCESSSSSSSCCE"  # the test set, then training digits
    assert isinstance(log[7], Checking)
    assert [e.epoch for e in log if isinstance(e, Epoch)] == [1, 2]


@pytest.mark.parametrize(
    ("images", "batch", "sizes"),
    [(400, 64, [64] * 6 + [16]), (129, 64, [64, 65]), (65, 64, [65]), (1, 64, [1]), (3, 1, [1, 1, 1]), (3, 2, [3])],
)
def test_no_image_is_left_alone_in_the_last_batch(toy, images, batch, sizes):
    settings = config(train_size=images, batch_size=batch, epochs=1)
    assert [e.images for e in events(toy, settings) if isinstance(e, Step)] == sizes
    assert loop.steps_per_epoch(images, settings) == len(sizes)


def test_epoch_averages_its_steps_and_tests_on_the_whole_set(toy):
    settings = config(epochs=1)
    model = build(settings)
    log = list(loop.fit(model, toy, settings))
    steps = [e for e in log if isinstance(e, Step)]
    mean = sum(e.metrics["loss"] * e.images for e in steps) / 400
    assert log[-1].train["loss"] == pytest.approx(mean)
    whole = model.evaluate(toy.test.images, toy.test.labels)
    assert log[-1].test == pytest.approx(whole)


def test_the_test_sample_is_looked_at_within_an_epoch(toy):
    checked = [e.step for e in events(toy, config(epochs=1)) if isinstance(e, Step) and e.test]
    assert checked == [2, 4, 6]


def test_wrong_labels_are_learned_from_and_right_ones_tested_with(toy, monkeypatch):
    learned = []
    settings = config(label_noise=0.25, seed=2, epochs=1, patience=1)
    model = build(settings)
    step = model.train_step
    monkeypatch.setattr(model, "train_step", lambda *of: (learned.append(of[:2]), step(*of))[1])
    *_, epoch = (event for event in loop.fit(model, toy, settings) if isinstance(event, Epoch))
    rows, held_out = splits.training_rows(toy.train, settings)
    labels = with_label_noise(toy.train.labels, 0.25, 2)
    order = np.lexsort(np.concatenate([images.reshape(len(images), -1) for images, _ in learned]).T)
    wanted = np.lexsort(toy.train.images[rows].reshape(len(rows), -1).T)
    seen = np.concatenate([labels for _, labels in learned])
    np.testing.assert_array_equal(seen[order], labels[rows][wanted])
    assert epoch.validation == pytest.approx(model.evaluate(toy.train.images[held_out], labels[held_out]))
    assert epoch.test == pytest.approx(model.evaluate(toy.test.images, toy.test.labels))


def test_wrong_labels_change_nothing_of_which_digits_are_chosen(toy):
    for settings in (config(per_class=10), config(train_size=90), config(patience=2)):
        noisy = replace(settings, label_noise=0.5)
        for one, other in zip(
            splits.training_rows(toy.train, settings), splits.training_rows(toy.train, noisy), strict=True
        ):
            np.testing.assert_array_equal(one, other)
        right, wrong = splits.training_split(toy.train, settings)[0], splits.training_split(toy.train, noisy)[0]
        np.testing.assert_array_equal(right.images, wrong.images)
        assert 0.3 < (right.labels != wrong.labels).mean() < 0.7


def test_stopping_is_not_asking_any_more(toy):
    settings = config()
    model = build(settings)
    running = loop.fit(model, toy, settings)
    next(running)
    weights = model.state_dict()
    running.close()
    np.testing.assert_array_equal(model.state_dict()["1.weight"], weights["1.weight"])


def test_every_image_is_seen_once_an_epoch(toy, monkeypatch):
    seen = []
    settings = config(epochs=2)
    model = build(settings)
    step = model.train_step
    monkeypatch.setattr(model, "train_step", lambda images, *rest: (seen.append(images), step(images, *rest))[1])
    list(loop.fit(model, toy, settings))
    first, second = np.concatenate(seen[:7]), np.concatenate(seen[7:])
    whole = np.sort(toy.train.images.reshape(400, -1), axis=0)
    for order in (first, second):
        np.testing.assert_array_equal(np.sort(order.reshape(400, -1), axis=0), whole)
    assert not np.array_equal(first, second)


def test_digits_drawn_by_code_are_a_share_of_each_batch_beside_every_image(toy, monkeypatch):
    batches = []
    settings = config(glyph_share=0.25, seed=3, augmentation=Augmentation(marks=1.0))
    model = build(settings)
    step = model.train_step
    monkeypatch.setattr(
        model,
        "train_step",
        lambda images, labels, *rest: (batches.append((images, labels)), step(images, labels, *rest))[1],
    )
    log = list(loop.fit(model, toy, settings))
    assert len(batches) == 2 * loop.steps_per_epoch(400, settings) == 18  # 48 of the toy's in each of 9
    assert [e.images for e in log if isinstance(e, Step)] == [len(labels) for _, labels in batches]
    seen = [images[:-16] for images, _ in batches[:9]]
    assert sum(map(len, seen)) == 400
    pool = GlyphPool(3)
    known = pool.images(np.arange(POOL_LOOKED_AT))
    found = 0
    for images, labels in batches:
        for image, label in zip(images[-16:], labels[-16:], strict=True):
            (rows,) = np.nonzero((known == image).all(axis=(1, 2)))
            assert set(pool.labels[rows]) <= {label}
            found += len(rows) > 0
    assert found  # as they are in the pool: the marks are for the others


def test_thickness_of_drawn_digits_is_varied_half_as_much_and_without_marks():
    both = Augmentation(thickness=0.8, marks=0.5, shift=3, gaussian=0.2)
    assert both.of_glyphs == Augmentation(thickness=0.4, shift=3, gaussian=0.2)


def test_one_cycle_rises_then_falls():
    settings = config(schedule="one-cycle", lr=0.1)
    rates = [loop.learning_rate(settings, step, 100) for step in range(1, 101)]
    assert rates[0] == pytest.approx(0.005)
    assert max(rates) == rates[19] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0.002)
    assert all(a < b for a, b in pairwise(rates[:20]))
    assert all(a > b for a, b in pairwise(rates[19:]))


@pytest.mark.parametrize("total", [1, 2, 5])
def test_one_cycle_of_very_short_runs_stays_positive(total):
    rates = [loop.learning_rate(config(schedule="one-cycle"), step, total) for step in range(1, total + 1)]
    assert all(0 < rate <= 1e-3 for rate in rates)


def test_train_size_takes_that_many_by_seed(toy):
    (first, _), (again, _), (other, _) = (
        splits.training_split(toy.train, config(train_size=50, seed=seed)) for seed in (0, 0, 1)
    )
    assert len(first) == 50
    np.testing.assert_array_equal(first.images, again.images)
    assert not np.array_equal(first.images, other.images)


def test_per_class_takes_as_many_of_each(toy):
    lopsided = Split(toy.train.images[:395], toy.train.labels[:395])  # 40 of classes 0 to 4, 39 of the others
    chosen, held_out = splits.training_split(lopsided, config(per_class=7))
    assert np.bincount(chosen.labels).tolist() == [7] * 10
    assert len(held_out) == 0
    other, _ = splits.training_split(lopsided, config(per_class=7, seed=1))
    assert not np.array_equal(chosen.images, other.images)
    every, _ = splits.training_split(lopsided, config(per_class=39))
    assert np.bincount(every.labels).tolist() == [39] * 10


@pytest.mark.parametrize(("changes", "named"), [({"train_size": 401}, "400"), ({"per_class": 41}, "only 40")])
def test_more_images_than_there_are_is_refused(toy, changes, named):
    with pytest.raises(ValueError, match=named):
        splits.training_split(toy.train, config(**changes))


def test_patience_holds_out_digits_that_are_never_trained_on(toy):
    for changes, size in (({}, 400), ({"train_size": 120}, 120), ({"per_class": 12}, 120)):
        chosen, held_out = splits.training_split(toy.train, config(patience=3, **changes))
        assert (len(chosen), len(held_out)) == (size - size // 12, size // 12)
        both = np.concatenate([chosen.images, held_out.images]).reshape(size, -1)
        assert len(np.unique(both, axis=0)) == size


def test_early_stopping_waits_for_its_patience(toy, monkeypatch):
    settings = config(patience=2, epochs=9)
    model = build(settings)
    held_out = splits.training_split(toy.train, settings)[1]
    losses = iter([3.0, 1.0, 2.0, 0.5, 0.6, 0.7, 0.4])
    evaluate = model.evaluate

    def scripted(images, labels, targets=None):
        metrics = evaluate(images, labels, targets)
        return metrics | {"loss": next(losses)} if len(images) == len(held_out) else metrics

    monkeypatch.setattr(model, "evaluate", scripted)
    log = list(loop.fit(model, toy, settings))
    assert [e.validation["loss"] for e in log if isinstance(e, Epoch)] == [3.0, 1.0, 2.0, 0.5, 0.6, 0.7]
    assert log[-1] == EarlyStop(epoch=6, best=4)
    assert "since epoch 4" in str(log[-1])


def test_early_stopping_remembers_the_epochs_before_a_pause(toy):
    settings = config(patience=1, epochs=5)
    model = build(settings)
    log = list(loop.fit(model, toy, settings, done_epochs=1, validation=[0.0]))
    assert log[-1] == EarlyStop(epoch=2, best=1)


def test_augmentation_shows_every_epoch_something_else_and_repeats_by_seed(toy, monkeypatch):
    def seen(seed):
        settings = config(batch_size=400, seed=seed, augmentation=Augmentation(shift=3))
        model, shown = build(settings), []
        step = model.train_step
        monkeypatch.setattr(model, "train_step", lambda images, *rest: (shown.append(images), step(images, *rest))[1])
        list(loop.fit(model, toy, settings))
        return [np.sort(images.reshape(400, -1), axis=0) for images in shown]

    first, second = seen(0)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal([first, second], seen(0))


@pytest.mark.parametrize("done", [0, 1])
def test_noise_is_on_what_the_model_sees_and_not_on_what_it_is_to_answer(toy, monkeypatch, done):
    settings = TrainConfig("autoencoder", batch_size=100, epochs=2, noise="masking", noise_level=0.5)
    model, shown = build(settings), []
    step = model.train_step
    monkeypatch.setattr(
        model,
        "train_step",
        lambda images, labels, lr, targets: (shown.append((images, targets)), step(images, labels, lr, targets))[1],
    )
    *_, last = loop.fit(model, toy, settings, done_epochs=done)
    assert len(shown) == 8 - 4 * done
    for images, targets in shown:
        kept = images == targets
        assert 0.45 < kept.mean() < 0.58  # what is masked differs unless it was black
        assert not images[~kept].any()
    again = list(loop.evaluate(model, toy.test, settings))[-1]
    assert again == last.test  # the same noise at every test
    plain = list(loop.evaluate(model, toy.test, TrainConfig("autoencoder")))[-1]
    assert plain["mse"] != last.test["mse"]


def test_loss_against_numpy(toy):
    """Cross-entropy and its gradient step on softmax regression, against the formula in NumPy."""
    settings = config(optimizer="sgd", lr=0.5)
    model = build(settings)
    state = model.state_dict()
    images, labels = toy.train.images[:32], toy.train.labels[:32]
    x = images.reshape(32, -1) / 255
    logits = x @ state["1.weight"].T + state["1.bias"]
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    metrics = model.train_step(images, labels, 0.5)
    assert metrics["loss"] == pytest.approx(-np.log(p[np.arange(32), labels]).mean(), rel=1e-5)
    # d loss / d logits = (p - onehot) / n
    grad = (p - np.eye(10)[labels]) / 32
    np.testing.assert_allclose(model.state_dict()["1.weight"], state["1.weight"] - 0.5 * grad.T @ x, atol=1e-6)
