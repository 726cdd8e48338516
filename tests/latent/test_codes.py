"""Stored codes: a run's own, made once, refused when damaged."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.data import datasets
from core.data.samples import images_of
from core.latent import codes
from core.latent.codes import CODES, NEIGHBOURS
from core.measures import reconstruction
from core.measures.neighbours import nearest_of_all
from core.runs.run import Run
from core.runs.weights import load_model
from tests.conftest import change_weights, silent, with_its_data_set_gone

Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder that has learned a little."""
    return trained("autoencoder", params={"hidden": 32, "code_size": 6}, epochs=1)


@pytest.mark.parametrize("sample", ["test", "all"])
def test_codes_and_errors_are_the_models(run: Run, sample: str) -> None:
    assert CODES.load(run, sample) is None
    seen: list[tuple[float, str]] = []
    found = CODES.ensure(run, lambda share, message: seen.append((share, message)), sample)
    images = images_of("digits", np.arange(1797 if sample == "all" else 359))
    model = load_model(run)
    np.testing.assert_allclose(found.codes, model.encode(images), atol=1e-5)
    np.testing.assert_allclose(found.errors, reconstruction.reconstruction_errors(model, images), atol=1e-6)
    assert found.codes.dtype == found.errors.dtype == np.float32
    assert (found.dataset, found.weights_version) == ("digits", run.weights_version())
    assert seen[0] == (0, f"encoding {len(images):,} digits")
    assert CODES.load(run, sample) is found  # not read again


def test_both_samples_agree_on_their_common_rows(run: Run) -> None:
    few, many = (CODES.ensure(run, silent, sample) for sample in ("test", "all"))
    np.testing.assert_allclose(few.codes, many.codes[:359], atol=1e-5)


def test_nothing_is_done_twice_until_the_weights_change(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = CODES.ensure(run, silent, "test")
    near = NEIGHBOURS.ensure(run, silent, "test")
    monkeypatch.setattr(codes, "nearest_of_all", lambda *args, **more: pytest.fail("compared twice"))
    monkeypatch.setattr("core.latent.codes.load_model", lambda run: pytest.fail("encoded twice"))
    assert CODES.ensure(run, silent, "test") is first
    assert NEIGHBOURS.ensure(run, silent, "test") is near
    monkeypatch.undo()
    change_weights(run)
    assert CODES.load(run, "test") is first  # the old ones serve meanwhile
    newer = CODES.ensure(run, silent, "test")
    assert newer.weights_version == run.weights_version() != first.weights_version
    assert NEIGHBOURS.load(run, "test") is None  # of other codes now
    NEIGHBOURS.ensure(run, silent, "test")
    assert NEIGHBOURS.load(run, "test") is not None


def test_neighbours_are_stored(run: Run) -> None:
    found = CODES.ensure(run, silent, "test")
    shares: list[float] = []
    near = NEIGHBOURS.ensure(run, lambda share, message: shares.append(share), "test")
    expected = nearest_of_all(found.codes)
    np.testing.assert_array_equal(near.rows, expected.rows)
    np.testing.assert_allclose(near.distances, expected.distances)
    assert shares[0] == 0
    stored = NEIGHBOURS.load(run, "test")
    assert stored is not None
    np.testing.assert_array_equal(stored.rows, expected.rows)


class Encoder:
    """A model with such codes."""

    def __init__(self, rows: np.ndarray, pictures: float = 0.0) -> None:
        self.rows, self.pictures = rows.astype(np.float32), pictures

    def encode(self, images: np.ndarray) -> np.ndarray:
        return self.rows[: len(images)]

    def decode(self, rows: np.ndarray) -> np.ndarray:
        return np.full((len(rows), 28, 28), self.pictures, np.float32)


def torn(count: int) -> np.ndarray:
    """Codes of which some are no numbers."""
    rows = np.random.default_rng(0).normal(size=(359, 6))
    rows[:count, 3] = np.inf
    return rows


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Encoder(np.full((359, 6), np.nan)), "359 of 359 codes are not finite numbers. Train with"),
        (Encoder(torn(2)), "2 of 359 codes"),
        (Encoder(np.ones((359, 6))), "All codes are the same"),
        (Encoder(np.arange(359.0)[:, None]), "at least 2 numbers, these have 1. Choose a larger code"),
        (Encoder(torn(0), np.nan), "draws pictures that are not numbers"),
    ],
)
def test_codes_no_map_can_be_made_of_are_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, model: Encoder, said: str
) -> None:
    monkeypatch.setattr("core.latent.codes.load_model", lambda run: model)
    with pytest.raises(ValueError, match=said):
        CODES.ensure(run, silent, "test")
    assert CODES.load(run, "test") is None


def test_wide_codes_are_codes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    config = json.loads((run.folder / "config.json").read_text())
    config["config"]["params"]["code_size"] = 256
    (run.folder / "config.json").write_text(json.dumps(config))
    rows = np.random.default_rng(0).normal(size=(359, 256))
    monkeypatch.setattr("core.latent.codes.load_model", lambda run: Encoder(rows))
    found = CODES.ensure(Run(run.folder), silent, "test")
    assert found.codes.shape == (359, 256)
    assert NEIGHBOURS.ensure(run, silent, "test").rows.shape == (359, 15)


def test_a_classifier_has_no_codes(trained: Train) -> None:
    with pytest.raises(ValueError, match="no latent space"):
        CODES.ensure(trained("softmax", epochs=1), silent, "test")


def test_unknown_samples_are_refused(run: Run) -> None:
    with pytest.raises(ValueError, match="Choose one of: test, all"):
        CODES.load(run, "../config")
    with pytest.raises(ValueError, match="Choose one of: test, all"):
        NEIGHBOURS.ensure(run, silent, "../config")


def test_without_its_data_set_the_embedded_digits_are_encoded(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = with_its_data_set_gone(run, tmp_path, monkeypatch)
    first = CODES.ensure(run, silent, "test")
    assert first.dataset == "digits"
    monkeypatch.setattr(datasets, "is_ready", lambda name: True)  # MNIST has come: its digits are wanted now
    assert CODES.load_current(run, "test") is None


# -- files of strangers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("codes", np.zeros((358, 6), np.float32)),
        ("codes", np.zeros((359, 6))),
        ("codes", np.zeros((359, 1), np.float32)),
        ("codes", np.full((359, 6), np.inf, np.float32)),
        ("codes", np.zeros(359, np.float32)),
        ("codes", None),
        ("errors", np.zeros(358, np.float32)),
        ("errors", np.full(359, np.nan, np.float32)),
        ("errors", np.array([{"a": 1}], object)),
        ("facts", np.frombuffer(b"{", np.uint8)),
        ("facts", np.frombuffer(b"[1]", np.uint8)),
        ("facts", np.frombuffer(b'{"dataset": "nothing", "weights_version": 1}', np.uint8)),
        ("facts", np.frombuffer(b'{"dataset": "digits", "weights_version": "a"}', np.uint8)),
        ("facts", np.frombuffer(b'{"dataset": "digits", "weights_version": 1e999}', np.uint8)),
        ("facts", np.frombuffer(b"[" * 100_000, np.uint8)),
    ],
)
def test_stored_codes_that_are_wrong_are_made_again(run: Run, name: str, value: np.ndarray | None) -> None:
    whole = CODES.ensure(run, silent, "test")
    path = run.projection_file("codes-test")
    with np.load(path) as file:
        arrays = dict(file)
    arrays.pop(name)
    if value is not None:
        arrays[name] = value
    np.savez(path, **arrays)
    assert CODES.load(run, "test") is None
    np.testing.assert_array_equal(CODES.ensure(run, silent, "test").codes, whole.codes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows", np.full((359, 15), 359, np.int32)),
        ("rows", np.full((359, 15), -1, np.int32)),
        ("rows", np.zeros((359, 14), np.int32)),
        ("rows", np.zeros((2, 1), np.int32)),
        ("rows", np.zeros((359, 15), np.int64)),
        ("distances", np.full((359, 15), np.nan, np.float32)),
        ("distances", np.zeros((359, 14), np.float32)),
    ],
)
def test_stored_neighbours_that_are_wrong_are_found_again(run: Run, name: str, value: np.ndarray) -> None:
    CODES.ensure(run, silent, "test")
    whole = NEIGHBOURS.ensure(run, silent, "test")
    path = run.projection_file("neighbours-test")
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **(arrays | {name: value}))
    assert NEIGHBOURS.load(run, "test") is None
    np.testing.assert_array_equal(NEIGHBOURS.ensure(run, silent, "test").rows, whole.rows)


def test_torn_files_are_none(run: Run) -> None:
    CODES.ensure(run, silent, "test")
    path = run.projection_file("codes-test")
    whole = path.read_bytes()
    for content in (b"", whole[:5000], b"not a zip", bytes(len(whole))):
        path.write_bytes(content)
        assert CODES.load(run, "test") is None


def test_a_run_whose_weights_change_meanwhile_gets_a_map_all_the_same(run: Run) -> None:
    """A small run that trains has new weights before its digits are encoded and laid out."""
    before = run.weights_version()

    def train_on(share: float, message: str) -> None:
        change_weights(run)

    found = CODES.ensure(run, train_on, "test")
    near = NEIGHBOURS.ensure(run, train_on, "test")
    assert before == found.weights_version != run.weights_version()
    assert CODES.load(run, "test") is found
    assert NEIGHBOURS.load(run, "test") is near
