"""The Latent space page: starts what is missing, shows what is there, and says what went wrong."""

import json
import os
import re
import shutil
from collections.abc import Callable
from html import unescape
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from core import data, evaluate, latent, worker
from core.latent import Projection
from core.runs import Run, RunStore
from tests.conftest import page_at, small, sound

Train = Callable[..., Run]


@pytest.fixture(autouse=True)
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The maps the page asked for; nothing is computed here."""
    jobs: list[tuple[str, str]] = []
    monkeypatch.setattr(worker, "submit_projection", lambda run, method: jobs.append((run.id, method)))
    monkeypatch.setattr(worker, "submit_fetch", lambda name: jobs.append((name, "fetch")))
    return jobs


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder, trained a little."""
    return trained("autoencoder", params={"hidden": 32, "code_size": 8}, epochs=1)


@pytest.fixture
def projection(run: Run) -> Projection:
    """Its PCA map."""
    latent.project(run, "pca")
    found = latent.load_projection(run, "pca")
    assert found is not None
    return found


def page(**query: str) -> AppTest:
    return page_at("latent_space", **query)


def captions(at: AppTest) -> str:
    return "\n".join(element.value for element in at.caption).replace("\\", "")


def heading(at: AppTest) -> str:
    return "\n".join(element.value for element in at.markdown)


def tiles(at: AppTest) -> list[str]:
    """The captions of the pictures beside the map."""
    bodies = "".join(element.proto.body for element in at.get("html"))
    return [unescape(text) for text in re.findall(r"<figcaption>(.*?)</figcaption>", bodies)]


def key_of(run: Run, projection: Projection) -> str:
    return f"map-{run.id}-{projection.method}-digits-{projection.weights_version}"


def pick(at: AppTest, run: Run, projection: Projection, **values: Any) -> AppTest:
    at.session_state[key_of(run, projection)] = {"pick": values}
    return sound(at.run())


def test_an_empty_store_is_a_sentence(runs: RunStore, submitted: list[tuple[str, str]]) -> None:
    assert "No autoencoder is trained yet" in captions(page())
    assert not submitted


def test_pca_starts_by_itself_once(run: Run, submitted: list[tuple[str, str]]) -> None:
    at = page()
    assert submitted == [(run.id, "pca")]
    assert "starting a process" in at.get("progress")[0].proto.text
    sound(at.run())
    assert len(submitted) == 1


def test_umap_starts_with_a_button(run: Run, submitted: list[tuple[str, str]]) -> None:
    at = page(map="UMAP")
    assert not submitted
    assert "about half a minute" in captions(at)
    at.button(key="compute-umap").click()
    sound(at.run())
    assert submitted == [(run.id, "umap")]
    assert "starting a process" in at.get("progress")[0].proto.text


def test_progress_is_shown_while_a_process_holds_the_lock(run: Run, submitted: list[tuple[str, str]]) -> None:
    target = run.projection_file("pca")
    target.parent.mkdir()
    note = {"fraction": 0.4, "message": "encoding", "weights_version": run.weights_version()}
    target.with_suffix(".json").write_text(json.dumps(note))
    with FileLock(target.with_suffix(".lock")):
        at = page()
    (bar,) = at.get("progress")
    assert (bar.proto.value, bar.proto.text) == (40, "PCA map: encoding")
    assert not submitted


def test_the_map_and_a_digit(run: Run, projection: Projection) -> None:
    at = page()
    (figure,) = at.get("bidi_component")
    given = json.loads(figure.proto.mixed.json if figure.proto.HasField("mixed") else figure.proto.json)
    assert given["hover"] == {
        "sprites": "/digitlab/sprites/digits/test/",
        "decode": {"run": run.id, "method": "pca"},
    }
    assert "The PCA map shows 359 test digits of 10 classes" in captions(at)
    assert "trustworthiness" in captions(at)
    label = data.load("digits").test.labels[0]
    assert f"**Test digit 0, class {label}**" in heading(at)
    assert tiles(at)[:3] == ["Original", "Reconstruction", "Error"]
    assert len(tiles(at)) == 3 + 8


def test_a_clicked_digit_its_error_and_neighbours(run: Run, projection: Projection) -> None:
    at = pick(page(), run, projection, id=42, x=0.5, y=0.5, n=1)
    test = data.load("digits").test
    assert f"**Test digit 42, class {test.labels[42]}**" in heading(at)
    redrawn = evaluate.reconstruct(run.load_model(), test.images[42:43])
    error = evaluate.mean_squared_errors(test.images[42:43], redrawn / 255)[0]
    assert f"Mean squared error {error:.4f} a pixel" in captions(at)
    distances = np.linalg.norm(projection.codes - projection.codes[42], axis=1)
    near = distances.argsort()[1:9]
    assert tiles(at)[3:] == [f"{test.labels[i]} · {distances[i]:.3g}" for i in near]
    assert at.query_params["digit"] in ("42", ["42"])
    assert "**Test digit 42" in heading(sound(at.run()))  # it survives a rerun


def test_a_clicked_place_is_decoded(run: Run, projection: Projection) -> None:
    at = pick(page(), run, projection, id=None, x=0.25, y=-0.5, n=1)
    code = projection.invert(np.array([[0.25, -0.5]]))[0]
    assert "**A place between the digits**" in heading(at)
    distances = np.sort(np.linalg.norm(projection.codes - code, axis=1))[:8]
    assert [text.split(" · ")[1] for text in tiles(at)[1:]] == [f"{d:.3g}" for d in distances]
    assert "digit" not in at.query_params


@pytest.mark.parametrize(
    "values",
    [
        {"id": 10**6, "x": 0.0, "y": 0.0, "n": 1},
        {"id": -3, "x": 0.0, "y": 0.0, "n": 1},
        {"id": None, "x": 1e300, "y": -1e300, "n": 1},
        {"id": "<b>", "x": 0.0, "y": 0.0, "n": 1},
        {"x": "far"},
    ],
)
def test_a_pick_that_is_none_does_no_harm(run: Run, projection: Projection, values: dict[str, Any]) -> None:
    at = pick(page(), run, projection, **values)
    assert "Click a point" in captions(at)


@pytest.mark.parametrize("digit", ["7", "999999", "-1", "1e3", "<b>", "9" * 500])
def test_a_digit_in_the_address(run: Run, projection: Projection, digit: str) -> None:
    at = page(digit=digit)
    assert ("**Test digit 7," in heading(at)) == (digit == "7")
    assert "Click a point" in captions(at)


def test_a_picked_digit_stays_picked_on_another_map(
    run: Run, projection: Projection, trained: Train, submitted: list[tuple[str, str]]
) -> None:
    other = trained("autoencoder", params={"hidden": 16, "code_size": 4}, epochs=1)
    latent.project(other, "pca")
    at = pick(page(run=run.id), run, projection, id=42, x=0.5, y=0.5, n=1)
    at.selectbox(key="latent-run").set_value(other.id)
    assert "**Test digit 42," in heading(sound(at.run()))


def test_a_failure_is_a_sentence_and_a_button(
    run: Run, monkeypatch: pytest.MonkeyPatch, submitted: list[tuple[str, str]]
) -> None:
    monkeypatch.setattr(latent, "_check_codes", _fail)
    latent.project(run, "pca")
    at = page()
    assert "All codes are *the* same" in captions(at)
    assert not submitted
    at.button(key="compute-pca").click()
    sound(at.run())
    assert submitted == [(run.id, "pca")]


def _fail(codes: np.ndarray) -> None:
    raise ValueError("All codes are *the* same.")


def test_a_damaged_map_is_a_sentence(run: Run, projection: Projection) -> None:
    run.projection_file("pca").write_bytes(b"torn")
    at = page()
    assert "cannot be used" in captions(at)
    assert at.button(key="compute-pca").label == "Compute it again"


def test_new_weights_start_a_new_map_and_the_old_one_stays(
    run: Run, projection: Projection, submitted: list[tuple[str, str]]
) -> None:
    os.utime(run.folder / "weights.safetensors", ns=(run.weights_version() + 10**9,) * 2)
    at = page()
    assert submitted == [(run.id, "pca")]
    assert len(at.get("bidi_component")) == 1


def test_a_run_without_weights_is_a_sentence(runs: RunStore, submitted: list[tuple[str, str]]) -> None:
    runs.create(small("autoencoder"))
    at = page()
    assert "no weights yet" in captions(at)
    assert not submitted
    assert not at.button


def test_a_bad_address_is_a_line(run: Run, projection: Projection) -> None:
    at = page(run="../nobody", map="<b>")
    assert "not here" in captions(at)
    assert "The PCA map shows" in captions(at)


def test_a_run_that_vanishes_while_watched(run: Run, projection: Projection) -> None:
    at = page()
    shutil.rmtree(run.folder)
    assert "No autoencoder is trained yet" in captions(sound(at.run()))


def test_weights_that_were_damaged_after_the_map(run: Run, projection: Projection) -> None:
    path = run.folder / "weights.safetensors"
    time_ns = path.stat().st_mtime_ns
    path.write_bytes(b"torn")
    os.utime(path, ns=(time_ns + 10**9,) * 2)
    at = page()
    assert "damaged" in captions(at)
    assert len(at.get("bidi_component")) == 1
