"""The models that scikit-learn fits: their own arrays answer as its estimators do, and nothing odd breaks them."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC

from core.data import datasets
from core.data.augment import Augmentation
from core.data.datasets import Dataset, Split
from core.models import MODELS
from core.models.contract import FittedModel, ModelSpec, Value
from core.models.fitted_neighbours import NearestNeighbours
from core.training import loop
from core.training.config import TrainConfig, build

FITTED = [name for name, spec in MODELS.items() if spec.learns == "at once"]
EVERY = pytest.mark.parametrize("name", FITTED)
SMALL: dict[str, dict[str, Value]] = {"forest": {"trees": 12}}  # shows the same


def config(name: str, params: Mapping[str, Value] | None = None, **changes: object) -> TrainConfig:
    return TrainConfig(name, dataset="digits", params={**SMALL.get(name, {}), **(params or {})}, **changes)  # type: ignore[arg-type]


def fitted(name: str, split: Split, params: Mapping[str, Value] | None = None) -> FittedModel:
    model = build(config(name, params))
    shares = list(model.fit(split.images, split.labels))
    assert shares[-1] == 1
    assert all(a < b for a, b in pairwise([0, *shares]))
    return model


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return datasets.load("digits")


@pytest.fixture(scope="module")
def few(digits: Dataset) -> Split:
    return digits.train[:400]


def rows(split: Split, scale: float = 1.0) -> np.ndarray:
    return split.images.reshape(len(split), 784).astype(np.float64) / scale


# -- as scikit-learn -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("k", [1, 4, 13])
def test_neighbours_are_those_of_scikit_learn(k: int, weights: str, digits: Dataset) -> None:
    model = fitted("knn", digits.train, {"k": k, "weights": weights})
    theirs = KNeighborsClassifier(k, weights=weights, algorithm="brute").fit(rows(digits.train), digits.train.labels)
    test = Split(
        np.concatenate([digits.test.images, digits.train.images[:5]]),  # which are among those kept
        np.concatenate([digits.test.labels, digits.train.labels[:5]]),
    )
    distances, _ = theirs.kneighbors(rows(test), min(k + 1, len(digits.train)))
    places, squared = model.nearest(test.images.reshape(len(test), 784))  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.sqrt(squared), distances[:, :k], rtol=1e-9)
    alone = distances[:, k - 1] < distances[:, k]  # of equals either may be chosen
    votes = theirs.predict_proba(rows(test)) * k
    ours = model.predict_proba(test.images)
    np.testing.assert_allclose(ours[alone], ((votes + 0.1) / (k + 1))[alone], atol=1e-6)
    assert alone.mean() > 0.9
    np.testing.assert_array_equal(places[-5:, 0], np.arange(5))


def test_a_forest_answers_as_the_one_that_scikit_learn_grows_at_once(digits: Dataset) -> None:
    for min_leaf in (1, 7):
        model = fitted("forest", digits.train, {"min_leaf": min_leaf})
        theirs = RandomForestClassifier(12, min_samples_leaf=min_leaf, random_state=0)
        theirs.fit(rows(digits.train).astype(np.float32), digits.train.labels)
        wanted = theirs.predict_proba(rows(digits.test).astype(np.float32))
        np.testing.assert_allclose(model.predict_proba(digits.test.images), wanted, atol=1e-6)


def test_planes_are_those_of_one_linear_machine(digits: Dataset) -> None:
    model = fitted("linear-svm", digits.train, {"c": 0.5})
    theirs = LinearSVC(C=0.5, dual=False).fit(rows(digits.train, 255), digits.train.labels)
    values = model.decision(digits.test.images.reshape(-1, 784))  # type: ignore[attr-defined]
    np.testing.assert_allclose(values, theirs.decision_function(rows(digits.test, 255)), atol=0.05)
    answers = model.predict_proba(digits.test.images).argmax(1)
    assert (answers == theirs.predict(rows(digits.test, 255))).mean() > 0.995


@pytest.mark.parametrize("params", [{}, {"c": 5.0, "gamma": 0.03}])
def test_machines_fitted_pair_by_pair_are_those_that_are_fitted_together(
    params: dict[str, Value], digits: Dataset
) -> None:
    model = fitted("rbf-svm", digits.train, params)
    theirs = SVC(C=params.get("c", 1.0), gamma=params.get("gamma", "scale"), decision_function_shape="ovo")
    theirs.fit(rows(digits.train, 255), digits.train.labels)
    test = rows(digits.test, 255)
    images = digits.test.images.reshape(-1, 784)
    values = model.decision(images)  # type: ignore[attr-defined]
    np.testing.assert_allclose(values, theirs.decision_function(test), atol=5e-3)
    theirs.decision_function_shape = "ovr"
    np.testing.assert_allclose(model.votes(values), theirs.decision_function(test), atol=5e-3)  # type: ignore[attr-defined]
    answers = model.predict_proba(digits.test.images).argmax(1)
    np.testing.assert_array_equal(answers, model.votes(values).argmax(1))  # type: ignore[attr-defined]
    assert (answers == theirs.predict(test)).mean() > 0.995
    assert len(model.state_dict()["vectors"]) == len(theirs.support_)


# -- what each promises --------------------------------------------------------------------------------------------


@EVERY
def test_reads_the_embedded_digits(name: str, digits: Dataset) -> None:
    settings = config(name)
    events = list(loop.fit(build(settings), digits, settings))
    last = events[-1]
    assert isinstance(last, loop.Epoch)
    assert last.test["accuracy"] > 0.92
    assert last.train_sample["accuracy"] > 0.99
    assert (last.epoch, last.step, last.train, last.health, last.validation) == (1, 1, {}, {}, None)
    shares = [event.share for event in events if isinstance(event, loop.Fitting)]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert sum(isinstance(event, loop.Checking) for event in events) >= 2


@EVERY
def test_the_same_settings_make_the_same_arrays(name: str, few: Split) -> None:
    first, second = (fitted(name, few).state_dict() for _ in range(2))
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key], err_msg=key)


@EVERY
def test_arrays_go_round_and_answer_alike(name: str, few: Split, digits: Dataset) -> None:
    model = fitted(name, few)
    again = build(config(name))
    again.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(again.predict_proba(digits.test.images), model.predict_proba(digits.test.images))
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value, again.state_dict()[key], err_msg=key)
        assert value.dtype.kind in "fiu"
    assert (again.parameter_count, again.learned_count) == (model.parameter_count, model.learned_count)
    assert 0 <= model.learned_count <= model.parameter_count
    assert model.parameter_count > 0


@EVERY
@pytest.mark.parametrize("n", [0, 1, 7, 260])
def test_probabilities_are_ten_shares_of_one(name: str, n: int, few: Split, digits: Dataset) -> None:
    images = digits.test.images[:n]
    for model in (build(config(name)), fitted(name, few)):
        found = model.predict_proba(images)
        assert found.shape == (n, 10)
        assert found.dtype == np.float32
        assert (found >= 0).all()
        np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
        one_by_one = [model.predict_proba(image[None])[0] for image in images[:7]]
        np.testing.assert_allclose(found[:7], np.reshape(one_by_one, (-1, 10)), atol=1e-5)


@EVERY
@pytest.mark.parametrize(
    "chosen",
    [[0], [0, 0], [0, 1], [3] * 6, [0, 1, 2, 2, 2], list(range(5, 10)) * 3],
    ids=["one digit", "one twice", "two classes", "one class", "three classes", "half the classes"],
)
def test_few_digits_and_missing_classes_are_no_trouble(name: str, chosen: list[int], digits: Dataset) -> None:
    by_class = [digits.train.images[digits.train.labels == label] for label in range(10)]
    labels = np.array(chosen, np.int64)
    images = np.stack([by_class[label][number] for number, label in enumerate(chosen)])
    model = fitted(name, Split(images, labels))
    found = model.predict_proba(digits.test.images[:40])
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    assert set(found.argmax(1)) <= set(chosen)
    metrics = model.evaluate(digits.test.images[:40], digits.test.labels[:40])
    assert np.isfinite(metrics["loss"])
    if len(set(chosen)) > 1:
        assert (model.predict_proba(images).argmax(1) == labels).mean() >= 0.6
    again = build(config(name))
    again.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(again.predict_proba(images), model.predict_proba(images))


@EVERY
def test_a_blank_training_set_is_no_trouble(name: str) -> None:
    model = fitted(name, Split(np.zeros((20, 28, 28), np.uint8), np.arange(20) % 10))
    assert np.isfinite(model.predict_proba(np.full((3, 28, 28), 255, np.uint8))).all()


@EVERY
def test_a_fit_that_nobody_waits_for_leaves_the_model_as_it_was(name: str, few: Split) -> None:
    model, fresh = build(config(name)), build(config(name))
    fit = model.fit(few.images, few.labels)
    if next(fit) < 1:
        fit.close()
        for key, value in fresh.state_dict().items():
            np.testing.assert_array_equal(model.state_dict()[key], value)


@EVERY
def test_fitting_leaves_the_images_alone_and_keeps_none_of_them(name: str, few: Split) -> None:
    images = few.images.copy()
    model = build(config(name))
    list(model.fit(images, few.labels))
    np.testing.assert_array_equal(images, few.images)
    before = model.predict_proba(few.images)
    images[:] = 0
    np.testing.assert_array_equal(model.predict_proba(few.images), before)


@EVERY
def test_augmentation_varies_each_digit_once(name: str, digits: Dataset) -> None:
    found = []
    for amount in (0.0, 2.0):
        settings = config(name, augmentation=Augmentation(shift=amount), train_size=120)
        model = build(settings)
        list(loop.fit(model, digits, settings))
        found.append(model)
    assert any(
        value.shape != found[1].state_dict()[key].shape or not np.array_equal(value, found[1].state_dict()[key])
        for key, value in found[0].state_dict().items()
    )


# -- what is refused -----------------------------------------------------------------------------------------------


@EVERY
def test_foreign_arrays_are_refused(name: str, few: Split) -> None:
    for model in (build(config(name)), fitted(name, few)):
        state = model.state_dict()
        for key, value in state.items():
            with pytest.raises(ValueError, match="another model"):
                model.load_state_dict({**state, "extra": value})
            for wrong in (np.zeros((3, 3), np.float16), value.astype(np.complex64), value[..., None]):
                with pytest.raises(ValueError, match="shape"):
                    model.load_state_dict({**state, key: wrong})
        model.load_state_dict(state)


@EVERY
def test_numbers_that_no_fit_makes_are_refused(name: str, few: Split) -> None:
    model = fitted(name, few)
    state = model.state_dict()
    for key, value in state.items():
        if value.dtype.kind == "f":
            with pytest.raises(ValueError, match="not finite"):
                model.load_state_dict({**state, key: np.full_like(value, np.nan)})
        if len(value) > 1:
            with pytest.raises(ValueError, match=r"Train the model again\.$"):
                model.load_state_dict({**state, key: value[:-1]})


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("knn", "labels", 10),
        ("linear-svm", "classes", 10),
        ("rbf-svm", "classes", 10),
        ("rbf-svm", "gamma", -1),
        ("forest", "roots", -1),
        ("forest", "roots", 10**6),
        ("forest", "feature", 784),
        ("forest", "feature", -2),
        ("forest", "left", 0),  # a circle
        ("forest", "right", 0),
        ("forest", "left", 10**6),
        ("forest", "right", -5),
        ("forest", "shares", 0.5),
        ("forest", "shares", -1.0),
    ],
)
def test_what_would_lead_an_answer_astray_is_refused(name: str, key: str, value: float, few: Split) -> None:
    model = fitted(name, few)
    state = model.state_dict()
    state[key][: len(state[key]) // 2 + 1] = value
    before = model.predict_proba(few.images[:5])
    with pytest.raises(ValueError, match=r"Train the model again\.$"):
        model.load_state_dict(state)
    np.testing.assert_array_equal(model.predict_proba(few.images[:5]), before)


def test_a_tree_that_would_take_long_to_walk_is_refused() -> None:
    model = build(config("forest", {"trees": 1}))
    count = 3000
    chain = {
        "roots": np.zeros(1, np.int32),
        "feature": np.where(np.arange(2 * count + 1) % 2, -1, 0).astype(np.int16),
        "threshold": np.zeros(2 * count + 1, np.uint8),
        "left": np.where(np.arange(2 * count + 1) % 2, 0, np.arange(2 * count + 1) + 1).astype(np.int32),
        "right": (np.arange(2 * count + 1) + 2).astype(np.int32),
        "shares": np.full((1, 10), 0.1, np.float32),
    }
    chain["feature"][-1], chain["left"][-1] = -1, 0
    with pytest.raises(ValueError, match="deeper than 1,000"):
        model.load_state_dict(chain)
    short = {key: value[:101].copy() if len(value) > 10 else value for key, value in chain.items()}
    short["feature"][-1], short["left"][-1] = -1, 0
    model.load_state_dict(short)
    assert model.predict_proba(np.zeros((2, 28, 28), np.uint8)).shape == (2, 10)
    crossed = {**short, "right": short["right"].copy()}
    crossed["right"][0] = crossed["right"][2]
    with pytest.raises(ValueError, match="a tree is none"):
        model.load_state_dict(crossed)


@EVERY
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"epochs": 7}, "epochs is 7"),
        ({"batch_size": 64}, "batch_size is 64"),
        ({"optimizer": "sgd"}, "optimizer is 'sgd'"),
        ({"lr": 0.5}, "lr is 0.5"),
        ({"schedule": "one-cycle"}, "schedule"),
        ({"weight_decay": 0.1}, "weight_decay"),
        ({"label_smoothing": 0.1}, "label_smoothing"),
        ({"averaging": 0.9}, "averaging"),
        ({"patience": 3}, "patience"),
        ({"glyph_share": 0.2}, "glyph_share"),
        ({"start": "cnn", "own_share": 0.2}, "start"),
        ({"loss": "mse"}, "loss"),
        ({"device": "cuda"}, "device"),
    ],
)
def test_settings_of_steps_are_refused(name: str, changes: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        config(name, **changes)


@EVERY
def test_a_fit_is_one_epoch(name: str) -> None:
    plain = TrainConfig(name)
    assert plain.epochs == 1
    assert TrainConfig.from_dict(plain.to_dict()) == plain
    assert TrainConfig(name, seed=3, train_size=500, augmentation=Augmentation(shift=2)).epochs == 1


def test_what_learns_how_is_told_by_its_row_alone() -> None:
    for spec in MODELS.values():
        assert isinstance(spec, ModelSpec)
        model = build(TrainConfig(spec.name, source="any"), build(TrainConfig("autoencoder"))) if spec.source else None
        model = model or build(TrainConfig(spec.name))
        assert hasattr(model, "fit") == (spec.learns == "at once")
        assert hasattr(model, "train_step") == (spec.learns == "by steps")


def test_under_noise_the_nearest_are_found_by_one_product_and_are_still_exact():
    """Noise has no outline: nearly all digits are near by that, and are compared at once."""
    rng = np.random.default_rng(0)
    kept = rng.integers(0, 256, (3000, 28, 28)).astype(np.uint8)
    asked = np.concatenate([rng.integers(0, 256, (30, 784)).astype(np.uint8), kept[:2].reshape(2, 784)])
    model = NearestNeighbours(k=5, weights="distance")
    list(model.fit(kept, rng.integers(0, 10, 3000)))
    places, squared = model.nearest(asked)
    apart = ((asked[:, None].astype(np.int64) - kept.reshape(1, 3000, 784)) ** 2).sum(2)
    np.testing.assert_array_equal(places, np.argsort(apart, axis=1, kind="stable")[:, :5])
    np.testing.assert_array_equal(squared, np.sort(apart, axis=1)[:, :5])
