"""Columns of a map: the bytes that a browser gets are those of the maps, and a stranger's address is a sentence."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from core.data import datasets, samples
from core.latent import maps
from core.latent.codes import CODES, Codes
from core.latent.columns import COLUMNS, NotYet, address, column_bytes, scale_of
from core.latent.maps import MAPS
from core.latent.projection import Projection
from core.latent.trust import TRUST
from core.measures.predictions import PREDICTIONS
from core.runs.run import Run
from core.runs.store import RunStore
from core.runs.weights import load_model
from tests.conftest import compute

Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder with its PCA map of all digits."""
    run = trained("autoencoder", params={"hidden": 32, "code_size": 6}, epochs=1)
    compute(MAPS, run, "pca", "all")
    return run


@pytest.fixture
def reader(trained: Train) -> Run:
    """A classifier that has read all digits."""
    reader = trained("softmax")
    compute(PREDICTIONS, reader, "all")
    return reader


def the_map(run: Run) -> Projection:
    found = maps.load_projection(run, "pca", "all")
    assert found is not None
    return found


def column(name: str, dtype: str, **asked: str) -> np.ndarray:
    return np.frombuffer(column_bytes("all", name, asked), dtype)


def test_places_and_classes_are_those_of_the_map(run: Run) -> None:
    asked = {"run": run.id, "method": "pca"}
    np.testing.assert_array_equal(column("points", "<f4", **asked).reshape(-1, 2), the_map(run).points)
    opened = datasets.load("digits")
    expected = np.concatenate([opened.test.labels, opened.train.labels])
    np.testing.assert_array_equal(column("class", "u1", **asked), expected)


def test_what_is_torn_is_there_once_it_is_measured(run: Run) -> None:
    with pytest.raises(NotYet, match="has not been compared"):
        column("displacement", "<f4", run=run.id, method="pca")
    compute(TRUST, run, "pca", "all")
    measured = TRUST.load(run, "pca", "all")
    assert measured is not None
    np.testing.assert_array_equal(column("displacement", "<f4", run=run.id, method="pca"), measured[1])


def test_errors_and_their_difference(run: Run, trained: Train) -> None:
    other = trained("autoencoder", params={"hidden": 16, "code_size": 3}, epochs=1)
    with pytest.raises(NotYet, match="has not redrawn these digits yet"):
        column("difference", "<f4", run=run.id, other=other.id)
    compute(MAPS, other, "pca", "all")
    mine, its = (column("error", "<f4", run=one.id) for one in (run, other))
    images = samples.images_of("digits", np.array([0, 400, 1500]))
    model = load_model(run)
    redrawn = model.decode(model.encode(images))
    by_hand = ((images / 255 - redrawn) ** 2).mean((1, 2))
    np.testing.assert_allclose(mine[[0, 400, 1500]], by_hand, rtol=1e-4)
    np.testing.assert_allclose(column("difference", "<f4", run=run.id, other=other.id), mine - its)


def test_what_a_classifier_reads(run: Run, reader: Run) -> None:
    asked = {"run": run.id, "other": reader.id}
    found = PREDICTIONS.load(reader, "all")
    assert found is not None
    predicted, wrong = column("predicted", "u1", **asked), column("wrong", "u1", **asked)
    np.testing.assert_array_equal(predicted, found.predicted)
    np.testing.assert_array_equal(wrong == 1, predicted != samples.labels_of("digits", "all"))
    assert set(wrong.tolist()) == {0, 1}
    np.testing.assert_array_equal(column("loss", "<f4", **asked), found.loss)


@pytest.mark.parametrize(
    ("sample", "name", "asked", "said"),
    [
        ("some", "points", {}, "Choose one of: test, all"),
        ("../..", "points", {}, "Choose one of: test, all"),
        ("all", "secrets", {}, "There is no column 'secrets'"),
        ("all", "points", {}, "is no run"),
        ("all", "points", {"run": "../../etc"}, "is no run"),
        ("all", "points", {"run": "x" * 10_000}, "is no run"),
        ("all", "points", {"run": "RUN"}, "There is no projection ''"),
        ("all", "points", {"run": "RUN", "method": "../codes"}, "There is no projection"),
        ("all", "points", {"run": "RUN", "method": "umap"}, "has no such map yet"),
        ("test", "points", {"run": "RUN", "method": "pca"}, "has no such map yet"),
        ("test", "error", {"run": "RUN"}, "has not redrawn"),
        ("all", "loss", {"run": "RUN"}, "is no run"),
        ("all", "loss", {"run": "RUN", "other": "nobody"}, "is gone"),
        ("all", "predicted", {"run": "RUN", "other": "RUN"}, "has not read"),
    ],
)
def test_a_strangers_address_is_a_sentence(run: Run, sample: str, name: str, asked: dict[str, str], said: str) -> None:
    named = {key: run.id if value == "RUN" else value for key, value in asked.items()}
    with pytest.raises(ValueError, match=said) as refusal:
        column_bytes(sample, name, named)
    assert len(str(refusal.value)) < 300
    assert str(refusal.value).endswith(".")


def test_runs_of_different_digits_are_not_compared(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(one: Run, sample: str) -> Codes | None:
        found = CODES.load(one, sample)
        return found and Codes(found.codes, found.errors, "kmnist", 1) if one.id == "other" else found

    twin = RunStore(run.folder.parent).add("other", run.config, "Twin")
    (twin.folder / "projections").mkdir()
    for name in ("weights.safetensors", "projections/codes-all.npz"):
        (twin.folder / name).write_bytes((run.folder / name).read_bytes())
    monkeypatch.setattr("core.latent.columns.CODES", SimpleNamespace(load=elsewhere))
    with pytest.raises(ValueError, match="different data sets"):
        column("difference", "<f4", run=run.id, other="other")


def test_a_classifier_of_other_digits_colours_no_map(run: Run, reader: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = PREDICTIONS.load(reader, "all")
    assert readings is not None
    of_others = SimpleNamespace(load=lambda *asked: replace(readings, dataset="fashion"))
    monkeypatch.setattr("core.latent.columns.PREDICTIONS", of_others)
    with pytest.raises(ValueError, match="Choose another classifier"):
        column("predicted", "u1", run=run.id, other=reader.id)


def test_the_address_says_all_and_escapes_it() -> None:
    made = urlsplit(address("all", "difference", version="a&b", run="one", other="two/three"))
    assert made.path == "/digitlab/columns/all/difference.bin"
    assert dict(parse_qsl(made.query)) == {"run": "one", "other": "two/three", "v": "a&b"}


def test_scales_leave_outliers_out_and_have_two_ends() -> None:
    values = np.linspace(0.01, 1.01, 1001, dtype=np.float32)
    values[0], values[-1] = 1e-9, 1e9
    low, high = scale_of("error", values)
    assert (low, high) == pytest.approx((0.02, 1.0), abs=1e-3)
    low, high = scale_of("difference", np.concatenate([values, -values / 2]))
    assert low == -high
    assert 0.9 < high < 1.1
    assert scale_of("loss", np.zeros(10, np.float32))[0] > 0
    for name in ("error", "difference", "loss"):
        low, high = scale_of(name, np.full(10, 0.25, np.float32))
        assert low < high


def test_every_column_has_a_color_or_a_place() -> None:
    from pages.parts.latent.controls import COLORS

    assert set(COLUMNS) == {"points", "displacement", *COLORS}
