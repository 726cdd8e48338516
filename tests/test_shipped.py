"""The shipped runs keep what they promise, recomputed from their weights on the real test set."""

import numpy as np
import pytest

from core.data import datasets
from core.data.corruptions import CORRUPTIONS, corrupted
from core.latent.maps import MAPS
from core.latent.projectors import PROJECTORS
from core.latent.trust import trust_of
from core.measures.calibration import CALIBRATION
from core.measures.neighbours import nearest_of_all
from core.measures.scores import SCORES, figure_of
from core.runs.frames import belongs, read_frame, steps_of
from core.runs.run import Status
from core.runs.store import RunStore
from core.runs.weights import initial_model, load_model
from core.training.loop import evaluate
from tests.conftest import ROOT, silent
from tests.moved_digits import moved
from tests.spoilt_digits import SPOILT, spoilt

pytestmark = pytest.mark.slow  # every shipped run over the whole test set

SHIPPED = RunStore(ROOT / "checkpoints")
LEAST_ACCURACY = {
    "cnn": 0.9935,
    "cnn-plain": 0.992,
    "cnn-quick": 0.990,
    "mlp": 0.980,
    "softmax": 0.920,
    "numpy-two-layer": 0.980,
}
# of what is lower the better: the metric and the most it may be
MOST = {
    "conv-autoencoder": ("mse", 0.0050),
    "autoencoder": ("mse", 0.0095),
    "kl-sparse": ("mse", 0.0120),
    "naive": ("mse", 0.0100),
    "denoising": ("mse", 0.0130),  # of what it makes of noisy digits
    "vae-20": ("loss", 106.0),  # nats
    "vae-2": ("loss", 145.0),
}
LEAST_TRUST, LEAST_KEPT = 0.95, 0.25  # of bent maps
FILES = ("config.json", "events.jsonl", "weights.safetensors")
ALL = [*LEAST_ACCURACY, *MOST]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def measured(mnist):
    """The metrics of every shipped run, once."""
    results = {}
    for name in ALL:
        run = SHIPPED.get(name)
        *_, results[name] = evaluate(load_model(run), mnist.test, run.config)
    return results


@pytest.mark.parametrize("name", LEAST_ACCURACY)
def test_accuracy(name, measured):
    assert measured[name]["accuracy"] >= LEAST_ACCURACY[name]


@pytest.mark.parametrize("name", MOST)
def test_error(name, measured):
    metric, most = MOST[name]
    assert measured[name][metric] <= most


@pytest.mark.parametrize("name", ALL)
def test_ordinary_folder_that_says_what_its_weights_do(name, measured):
    run = SHIPPED.get(name)
    assert run.shipped
    assert run.status() == Status.FINISHED
    assert run.config.dataset == "mnist"
    assert run.config.train_size == 0
    logged = run.history().epochs[-1].test
    assert set(logged) == set(measured[name])
    for key, value in measured[name].items():
        assert value == pytest.approx(logged[key], rel=1e-3, abs=2e-4)


@pytest.mark.parametrize("name", ALL)
def test_the_figures_that_ship_are_those_of_the_weights_and_of_the_readme(name, measured, mnist):
    run = SHIPPED.get(name)
    scores = SCORES.load_current(run)
    assert scores
    assert (scores.test_count, scores.train_count) == (len(mnist.test), len(mnist.train))
    for key, value in measured[name].items():
        assert (scores.noisy or scores.test)[key] == pytest.approx(value, rel=1e-3, abs=1e-4)
    (row,) = (line for line in README.splitlines() if line.startswith(f"| {run.name} |"))
    shown = row.replace("\N{NO-BREAK SPACE}", " ")
    if "kl" in scores.test:
        assert f"{scores.negative_elbo:.1f} nats" in shown
    else:
        assert figure_of(run).text.replace("\N{NO-BREAK SPACE}", " ") in shown
    if scores.noisy:
        assert f"{scores.noisy['mse']:.4f}" in shown


def accuracy(name, images, labels):
    model = load_model(SHIPPED.get(name))
    parts = np.array_split(images, max(1, len(images) // 500))
    return float((np.concatenate([model.predict_proba(part).argmax(1) for part in parts]) == labels).mean())


def test_best_cnn_reads_digits_of_any_place_size_and_thickness(mnist):
    images, labels = mnist.test.images, mnist.test.labels
    away = moved(images, seed=1)
    assert accuracy("cnn", away, labels) >= 0.985
    assert accuracy("cnn-plain", away, labels) < 0.6  # so that the test can tell


def test_best_cnn_reads_writers_it_has_never_seen():
    digits = datasets.load("digits")
    images = np.concatenate([digits.train.images, digits.test.images])
    labels = np.concatenate([digits.train.labels, digits.test.labels])
    assert accuracy("cnn", images, labels) >= 0.975  # the same net without augmentation reads 94.2 %


@pytest.mark.parametrize("name", SPOILT)
def test_best_cnn_reads_digits_on_other_grounds_and_under_noise(name, mnist):
    _, most = SPOILT[name]
    assert 1 - accuracy("cnn", spoilt(mnist.test.images, name), mnist.test.labels) <= most


def test_grounds_and_noise_are_such_that_another_net_fails(mnist):
    images = spoilt(mnist.test.images[:2000], "grey ground .10")
    assert accuracy("cnn-plain", images, mnist.test.labels[:2000]) < 0.8


def test_best_cnn_bears_the_fifteen_corruptions_of_mnist_c(mnist):
    images, labels = mnist.test.images[:2000], mnist.test.labels[:2000]
    errors = {name: 1 - accuracy("cnn", corrupted(images, name, 0), labels) for name in CORRUPTIONS}
    assert np.mean(list(errors.values())) <= 0.08, errors


def test_best_cnn_is_as_sure_as_it_is_right():
    calibration = CALIBRATION.load_current(SHIPPED.get("cnn"))
    assert calibration
    assert calibration.count == 5000
    assert calibration.ece <= 0.005


def test_all_that_ships_is_small():
    shipped = [run.folder for run in SHIPPED.runs() if run.shipped]
    assert len(shipped) == len(ALL)
    assert sum(file.stat().st_size for folder in shipped for file in folder.rglob("*")) <= 20e6


def test_frames_of_the_small_vae_are_those_of_a_run_with_these_weights(mnist):
    run = SHIPPED.get("vae-2")
    files = steps_of(run)
    assert min(files) == 0
    assert max(files) == run.history().epochs[-1].step
    assert all(belongs(step, 469) for step in files)
    for step, model in ((0, initial_model(run)), (9380, load_model(run))):
        codes = model.encode(mnist.test.images[:2000])
        np.testing.assert_allclose(read_frame(files[step]).codes, codes, atol=np.ptp(codes) * 2**-10)


def maps_of(name):
    """The projections whose maps ship with a run."""
    size = SHIPPED.get(name).config.params["code_size"]
    return [row.name for row in PROJECTORS.values() if row.fits(size)]


@pytest.fixture(scope="module")
def encoded(mnist):
    """The codes of the test digits of each shipped autoencoder and their neighbours, made again here, once."""
    found = {}

    def of(name):
        if name not in found:
            codes = load_model(SHIPPED.get(name)).encode(mnist.test.images)
            found[name] = codes, nearest_of_all(codes)
        return found[name]

    return of


@pytest.mark.parametrize("name", MOST)
def test_the_maps_that_ship_are_of_the_weights_that_ship(name, encoded, mnist):
    run = SHIPPED.get(name)
    codes, neighbours = encoded(name)
    for method in maps_of(name):
        stored = MAPS.load_current(run, method, "test")
        assert stored, method
        assert stored.dataset == "mnist"
        kind = PROJECTORS[method].kind
        if kind == "itself":
            np.testing.assert_allclose(stored.points, codes, atol=1e-4 * np.ptp(codes))
        elif kind == "flat":
            fresh = PROJECTORS[method].fit(codes, silent).points
            np.testing.assert_allclose(stored.points, fresh, atol=1e-4 * np.ptp(fresh))
            np.testing.assert_allclose(stored.place(codes), stored.points, atol=1e-4 * np.ptp(fresh))
        else:
            found = trust_of(stored.points, codes, mnist.test.labels, neighbours)
            assert found.trustworthiness >= LEAST_TRUST, method
            assert found.kept >= LEAST_KEPT, method  # of places that are other digits' it would be near 0
            shuffled = np.random.default_rng(0).permutation(stored.points)
            assert trust_of(shuffled, codes, mnist.test.labels, neighbours).kept < 0.01  # so that the test can tell


def test_shipped_files_are_few_and_small():
    files = [SHIPPED.folder / name / file for name in ALL for file in FILES]
    files += [path for name in ALL for path in (SHIPPED.folder / name / "forming").glob("*")]
    files += [SHIPPED.get(name).projection_file("scores") for name in ALL]
    files += [SHIPPED.get(name).projection_file(f"{method}-test") for name in MOST for method in maps_of(name)]
    assert sum(file.stat().st_size for file in files) <= 20_000_000
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8")
    for name in ALL:
        assert f"!/checkpoints/{name}/\n" in ignored
