"""A copy of a run learns from drawings: what is mixed into its batches, what it keeps, and what that is good for."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from core.data.augment import Augmentation
from core.data.datasets import Split
from core.files import read_arrays
from core.ink.drawing import images, labels, to_line
from core.runs import finetune, recorder
from core.runs.run import Run, RunNotFound, Status
from core.runs.weights import initial_model, load_model
from core.training.config import TrainConfig, build
from core.training.loop import Epoch, Step, fit, steps_per_epoch
from tests import odd_hand
from tests.conftest import ROOT, small

OWN = Split(np.full((3, 28, 28), 255, np.uint8) - np.arange(3, dtype=np.uint8)[:, None, None], np.array([7, 8, 9]))


@pytest.fixture
def hand():
    """Thirty drawings of the odd hand."""
    return odd_hand.drawings(30, seed=1)


def watched(model):
    """Let a list take the batches that the model learns from."""
    seen, step = [], model.train_step

    def train_step(images, labels, lr, targets=None):
        seen.append((images, labels))
        return step(images, labels, lr, targets)

    model.train_step = train_step
    return seen


def own_config(model="softmax", **changes):
    return TrainConfig(model, **{"epochs": 2, "batch_size": 64, "start": "some-run", "own_share": 0.25, **changes})


def test_each_batch_has_its_share_of_drawings_and_every_other_digit_is_seen_once_an_epoch(toy):
    config = own_config()
    model = build(config)
    batches = watched(model)
    events = list(fit(model, toy, config, own=OWN))
    sizes = [64] * 8 + [32]  # 400 digits, 48 a batch, and 16 drawings with each
    assert [len(labels) for _, labels in batches] == 2 * sizes
    assert [event.images for event in events if isinstance(event, Step)] == 2 * sizes
    assert steps_per_epoch(400, config) == 9
    for epoch in (batches[:9], batches[9:]):
        pictures = np.concatenate([pictures for pictures, _ in epoch])
        answers = np.concatenate([answers for _, answers in epoch])
        mine = pictures.min(axis=(1, 2)) > 250  # the drawings here are white
        assert [int((part.min(axis=(1, 2)) > 250).sum()) for part, _ in epoch] == [16] * 9
        np.testing.assert_array_equal(answers[mine], 255 - pictures[mine, 0, 0] + 7)
        assert set(answers[mine]) == {7, 8, 9}
        order = np.lexsort(pictures[~mine].reshape(400, -1).T)
        wanted = np.lexsort(toy.train.images.reshape(400, -1).T)
        np.testing.assert_array_equal(pictures[~mine][order], toy.train.images[wanted])
        np.testing.assert_array_equal(answers[~mine][order], toy.train.labels[wanted])
    assert not np.array_equal(batches[0][1][48:], batches[9][1][48:]), "each epoch draws anew"


def test_the_mean_of_an_epoch_counts_the_drawings(toy):
    config = own_config(epochs=1)
    events = list(fit(build(config), toy, config, own=OWN))
    steps = [event for event in events if isinstance(event, Step)]
    mean = sum(step.metrics["loss"] * step.images for step in steps) / sum(step.images for step in steps)
    (epoch,) = (event for event in events if isinstance(event, Epoch))
    assert epoch.train["loss"] == pytest.approx(mean)


def test_drawings_are_varied_as_the_other_digits_are(toy):
    config = own_config(augmentation=Augmentation(shift=5))
    model = build(config)
    batches = watched(model)
    list(fit(model, toy, config, own=OWN))
    mine = np.concatenate([pictures[-16:] for pictures, _ in batches])
    assert (mine[:, 0].max(axis=1) == 0).mean() > 0.3, "shifted down, they leave the first row black"
    assert len(np.unique(mine.reshape(len(mine), -1), axis=0)) > 200


@pytest.mark.parametrize("model", ["mlp", "numpy-two-layer"])
def test_without_drawings_the_loop_is_what_it_was(toy, model):
    """The loop as it was before there were drawings, written out: the same weights, bit for bit."""
    config = TrainConfig(model, epochs=2, batch_size=64, augmentation=Augmentation(rotate=5, elastic=0.5))
    from core.data.augment import augment

    plain = build(config)
    for epoch in (1, 2):
        plain.seed_step(config.seed * 1009 + epoch)
        rng = np.random.default_rng((config.seed, epoch))
        order = rng.permutation(400)
        for start in range(0, 400, 64):
            batch = order[start : start + 64]
            varied = augment(toy.train.images[batch], config.augmentation, rng)
            plain.train_step(varied, toy.train.labels[batch], config.lr)
    for own in (None, OWN):
        model = build(config)
        list(fit(model, toy, config, own=own))
        for name, value in plain.state_dict().items():
            np.testing.assert_array_equal(model.state_dict()[name], value)


@pytest.mark.parametrize("own", [None, Split(OWN.images[:0], OWN.labels[:0])])
def test_no_drawings_are_refused(toy, own):
    with pytest.raises(ValueError, match=r"own_share is 0\.25, but there are no drawings"):
        next(fit(build(own_config()), toy, own_config(), own=own))


def test_it_begins_from_the_weights_and_keeps_all_that_it_needs(runs, trained, hand):
    origin = trained("mlp", params={"hidden": 16})
    before = load_model(origin).state_dict()
    run = finetune.start(runs, origin, hand)
    assert run.config == finetune.recipe(origin, 30)
    assert run.name == f"{origin.name[:60]}, taught 30 drawings"  # as much as there is room for
    shutil.rmtree(origin.folder)
    for name, value in initial_model(run).state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    recorder.train(run)
    assert run.status() == Status.FINISHED, run.message()
    assert any((value != before[name]).any() for name, value in load_model(run).state_dict().items())
    learned = finetune.learned_from(run)
    assert [to_line(drawing) for drawing in learned] == [to_line(drawing) for drawing in hand]
    own = finetune.own_split(run)
    np.testing.assert_array_equal(own.images, images(learned))
    np.testing.assert_array_equal(own.labels, labels(hand))
    assert sorted(p.name for p in (run.folder / "start").iterdir()) == ["config.json", "weights.safetensors"]
    assert Run(run.folder / "start").name == origin.name
    assert finetune.learned_from(trained("softmax")) == ()


def test_it_reads_the_hand_better_than_before(runs, trained, hand):
    origin = trained("mlp", epochs=6, train_size=0)
    run = finetune.start(runs, origin, hand, "Mine")
    recorder.train(run)
    assert run.name == "Mine"
    before, after = (accuracy(model, hand) for model in (initial_model(run), load_model(run)))
    assert before < 0.6
    assert after > before + 0.2


def test_a_copy_of_a_copy_begins_where_the_first_ended(runs, trained, hand):
    first = finetune.start(runs, trained("softmax"), hand)
    recorder.train(first)
    second = finetune.start(runs, first, hand[:3])
    assert (second.config.start, len(finetune.learned_from(second))) == (first.id, 3)
    for name, value in load_model(first).state_dict().items():
        np.testing.assert_array_equal(initial_model(second).state_dict()[name], value)
    recorder.train(second)
    assert second.status() == Status.FINISHED, second.message()


@pytest.mark.parametrize("encoder", ["frozen", "fine-tuned"])
def test_a_run_on_an_encoder_takes_that_along(runs, trained, hand, encoder):
    source = trained("autoencoder", params={"hidden": 8, "code_size": 4})
    origin = trained("encoder-classifier", source=source.id, params={"encoder": encoder})
    runs.delete(source)
    run = finetune.start(runs, origin, hand)
    before = load_model(origin).state_dict()
    runs.delete(origin)
    for name, value in initial_model(run).state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    recorder.train(run)
    assert run.status() == Status.FINISHED, run.message()
    repeated = finetune.again(runs, run, replace(run.config, epochs=1))
    recorder.train(repeated)
    assert repeated.status() == Status.FINISHED, repeated.message()
    with pytest.raises(ValueError, match="With another encoder"):
        finetune.again(runs, run, replace(run.config, source="another"))


def test_again_with_other_settings_begins_from_the_same(runs, trained, hand):
    origin = trained("mlp", params={"hidden": 16})
    run = finetune.start(runs, origin, hand)
    recorder.train(run)
    runs.delete(origin)
    same = finetune.again(runs, run, run.config)
    recorder.train(same)
    for name, value in read_arrays(run.folder / "weights.safetensors").items():
        np.testing.assert_array_equal(read_arrays(same.folder / "weights.safetensors")[name], value)
    other = finetune.again(runs, run, replace(run.config, lr=0.5, own_share=0.5), "Wilder")
    assert (other.config.lr, other.config.own_share, other.name) == (0.5, 0.5, "Wilder")
    assert len(finetune.learned_from(other)) == 30
    for changes in ({"params": {"hidden": 17}}, {"model": "softmax", "params": {}}):
        with pytest.raises(ValueError, match=r"With another (setting of the )?model .* do not fit.* choose a preset"):
            finetune.again(runs, run, replace(run.config, **changes))
    with pytest.raises(ValueError, match="began from"):
        finetune.again(runs, run, replace(run.config, start="another"))
    (run.folder / finetune.DRAWINGS).unlink()
    with pytest.raises(ValueError, match=r"drawings of .* cannot be read"):
        finetune.again(runs, run, run.config)


def test_recipe_asks_less_of_few_drawings_and_keeps_what_the_run_is(runs):
    origin = runs.create(small("mlp", params={"hidden": 9}, seed=3, augmentation=Augmentation(rotate=15), patience=2))
    shares = [finetune.recipe(origin, count).own_share for count in (1, 10, 50, 20_000)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1] == shares[-2] <= 0.3
    recipe = finetune.recipe(origin, 200)
    assert (recipe.params, recipe.dataset, recipe.seed) == (origin.config.params, "digits", 3)
    assert recipe.augmentation == Augmentation(rotate=15), "what it was robust to it stays robust to"
    assert finetune.recipe(runs.create(small()), 200).augmentation.active
    assert (recipe.start, recipe.patience) == (origin.id, 0)
    assert recipe.train_size == 0, "the embedded digits are few: all of them"
    assert finetune.recipe(runs.create(small(dataset="mnist")), 200).train_size == 20_000


def test_what_cannot_learn_from_drawings_says_so(runs, trained, hand, monkeypatch):
    origin = trained("softmax")

    def refused(run, drawings, match):
        before = {path.name for path in runs.folder.iterdir()}
        with pytest.raises(ValueError, match=match):
            finetune.start(runs, run, drawings)
        assert {path.name for path in runs.folder.iterdir()} == before

    refused(origin, [], "There are 0 drawings to learn from")
    refused(origin, hand * 700, "21,000 drawings")
    refused(runs.create(small("autoencoder", epochs=1)), hand, "no weights yet")
    refused(trained("autoencoder", epochs=1), hand, "redraws digits")
    refused(runs.create(small()), hand, "no weights yet")
    clothes = trained("softmax")
    clothes._rewrite(config=replace(clothes.config, dataset="fashion-mnist").to_dict())
    refused(clothes, hand, "Fashion-MNIST has none")
    with monkeypatch.context() as patched:
        patched.setattr(finetune, "MAX_BYTES", 1000)
        refused(origin, hand, "fit. Give fewer")
    shutil.rmtree(origin.folder)
    with pytest.raises(RunNotFound, match="gone"):
        finetune.start(runs, origin, hand)


def test_a_run_that_learns_from_drawings_is_not_made_without_them(runs, trained):
    config = small("softmax", start=trained("softmax").id, own_share=0.2)
    with pytest.raises(ValueError, match="page Your hand"):
        runs.create(config)
    assert len(runs.runs()) == 1


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("drawings.jsonl", b"", "no drawings"),
        ("drawings.jsonl", b"{}\n\xff\n", "no drawings"),
        ("drawings.jsonl", None, "no drawings"),
        ("start/weights.safetensors", b"torn", "begins from cannot be used"),
        ("start/weights.safetensors", None, "begins from cannot be used"),
    ],
)
def test_damaged_copies_are_told(runs, trained, hand, name, content, named):
    run = finetune.start(runs, trained("softmax"), hand)
    (run.folder / name).unlink()
    if content is not None:
        (run.folder / name).write_bytes(content)
    recorder.train(run)
    assert run.status() == Status.FAILED
    assert named in run.message()


def test_the_same_drawing_is_learned_from_once(runs, trained, hand):
    run = finetune.start(runs, trained("softmax"), [*hand, *hand])
    assert len(finetune.learned_from(run)) == 30


def accuracy(model, drawings):
    return float((model.predict_proba(images(drawings)).argmax(axis=1) == labels(drawings)).mean())


# The run, the share of the errors on the hand that must be gone, and the most points that MNIST may cost. Softmax has
# no room for a second hand beside MNIST's: it pays, and the page shows what.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "gone", "cost"),
    [("cnn", 0.5, 0.005), ("mlp", 0.5, 0.005), ("numpy-two-layer", 0.5, 0.005), ("softmax", 0.4, 0.06)],
)
def test_an_odd_hand_is_learned_and_mnist_is_not_forgotten(runs, mnist, name, gone, cost):
    shutil.copytree(ROOT / "checkpoints" / name, runs.folder / name)
    learned, others = odd_hand.drawings(200, seed=1), odd_hand.drawings(200, seed=2)
    run = finetune.start(runs, runs.get(name), learned)
    recorder.train(run)
    assert run.status() == Status.FINISHED, run.message()
    model, before = load_model(run), initial_model(run)
    first, last = accuracy(before, others), accuracy(model, others)
    assert first < 0.8, "the hand is not odd for this run"
    assert 1 - last <= (1 - gone) * (1 - first), f"{first:.1%} to {last:.1%}"
    answers = [net.predict_proba(mnist.test.images).argmax(axis=1) == mnist.test.labels for net in (before, model)]
    assert answers[0].mean() - answers[1].mean() <= cost, f"{answers[0].mean():.2%} to {answers[1].mean():.2%}"
