"""The Reconstruct page: the right digits, the right errors, and a sentence for whatever is missing."""

import json
import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from core import data, evaluate, worker
from core.runs import Run, RunStore
from pages.parts.pad import Drawing
from tests.conftest import page_at, small, sound

Train = Callable[..., Run]


@pytest.fixture(autouse=True)
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Data sets the page asked for; nothing is downloaded here."""
    asked: list[str] = []
    monkeypatch.setattr(worker, "submit_fetch", asked.append)
    return asked


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder, trained a little."""
    return trained("autoencoder", params={"hidden": 32, "code_size": 8}, epochs=1)


def page(**query: str) -> AppTest:
    return page_at("reconstruct", **query)


def html(at: AppTest) -> str:
    return "\n".join(element.proto.body for element in at.get("html"))


def captions(at: AppTest) -> str:
    return "\n".join(element.value for element in at.caption)


def rows(at: AppTest) -> list[str]:
    """What the pictures of the strip say they are."""
    return [unescape(alt) for alt in re.findall(r'<img [^>]*alt="([^"]*)"', html(at))]


def pictures(at: AppTest) -> list[str]:
    return re.findall(r'src="(data:[^"]*)"', html(at))


def test_an_empty_store_is_a_sentence(runs: RunStore) -> None:
    at = page()
    assert "No autoencoder is trained yet" in captions(at)
    assert rows(at) == ["Original. Embedded digits, test"] or rows(at) == ["Original. MNIST, test"]


def test_classifiers_are_not_offered(trained: Train) -> None:
    trained("softmax", epochs=1)
    assert "No autoencoder is trained yet" in captions(page())


def test_rows_errors_and_the_table(run: Run) -> None:
    at = page()
    code = "code of 8 numbers"
    kinds = [re.sub(r"[\d.]+$", "", row) for row in rows(at)]
    assert kinds == [
        "Original. Embedded digits, test",
        f"{run.name}. {code}",
        "error, mean ",
        f"PCA. {code}, fit on Embedded digits",
        "error, mean ",
    ]
    test = data.load("digits").test.images
    own = evaluate.reconstruction_errors(run.load_model(), test).mean()
    other = evaluate.pca("digits").errors(test, 8).mean()
    cells = re.findall(r"<td>(.*?)</td>", html(at))
    assert cells[1:] == ["8", f"{own:.4f}", f"<b>{other:.4f}</b>", f"{own / other:.2f}"]
    assert f"{own:.4f} a pixel" in captions(at).replace("\\", "")


def test_error_maps_and_pca_can_be_left_out(run: Run) -> None:
    at = page()
    at.toggle(key="reconstruct-errors").set_value(False)
    at.toggle(key="reconstruct-pca").set_value(False)
    assert len(rows(sound(at.run()))) == 2


def test_digits_of_each_class_of_one_class_and_at_random(run: Run) -> None:
    at = page()
    labels = re.findall(r'<div class="dl-cap dl-cells">(.*?)</div>', html(at))
    assert re.findall(r"<span>(.*?)</span>", labels[0]) == list("0123456789")
    first = pictures(at)[0]
    at.button(key="reconstruct-shuffle").click()
    assert pictures(sound(at.run()))[0] != first
    at.session_state["reconstruct-kind"] = "One class"
    sound(at.run())
    at.selectbox(key="reconstruct-class").set_value(3)
    labels = re.findall(r'<div class="dl-cap dl-cells">(.*?)</div>', html(sound(at.run())))
    assert re.findall(r"<span>(.*?)</span>", labels[0]) == ["3"] * 10
    at.session_state["reconstruct-kind"] = "Random"
    random = pictures(sound(at.run()))[0]
    assert pictures(sound(at.run()))[0] == random  # a rerun alone changes nothing


def test_your_drawing_is_redrawn(run: Run) -> None:
    at = page()
    at.session_state["reconstruct-kind"] = "Drawing"
    sound(at.run())
    assert "Draw a digit" in captions(at)
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 12:16] = 255
    at.session_state["drawing"] = Drawing(image=image, stamp=1.0)
    sound(at.run())
    error = evaluate.mean_squared_errors(image[None], evaluate.reconstruct(run.load_model(), image[None]) / 255)[0]
    assert rows(at)[0] == f"{run.name}. 8 numbers, error {error:.4f}"


def test_names_are_shown_as_text(runs: RunStore) -> None:
    made = runs.add("ae", small("autoencoder", epochs=1), "<img src=x onerror=alert(1)> *x*")
    worker.train(made)
    at = page(run="ae")
    assert "<img src=x" not in html(at)
    assert "&lt;img src=x onerror=alert(1)&gt; *x*" in html(at)
    assert "<img" not in captions(at).replace("\\<", "")


def test_a_bad_address_is_a_line(run: Run) -> None:
    for bad in ("nobody", "../../etc", "<script>", "a," * 900):
        at = page(run=bad)
        assert "not here" in captions(at)
        assert "<script>" not in captions(at)
        assert len(rows(at)) == 5


def test_a_run_that_vanishes_while_watched(run: Run) -> None:
    at = page()
    shutil.rmtree(run.folder)
    assert "No autoencoder is trained yet" in captions(sound(at.run()))


def test_damaged_and_missing_weights_are_sentences(run: Run, trained: Train) -> None:
    other = trained("autoencoder", params={"hidden": 16, "code_size": 4}, epochs=1)
    (other.folder / "weights.safetensors").write_bytes(b"torn")
    at = page(run=f"{other.id},{run.id}")
    assert "damaged" in captions(at)
    assert any(row.startswith(run.name) for row in rows(at))
    (other.folder / "weights.safetensors").unlink()
    assert "no weights yet" in captions(sound(at.run()))


def test_weights_that_are_no_numbers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    model = run.load_model()
    monkeypatch.setattr(model, "decode", lambda codes: np.full((len(codes), 28, 28), np.nan, np.float32))
    at = page()
    assert re.findall(r"<td>(.*?)</td>", html(at))[2] == "–"


def test_without_mnist_the_embedded_digits_serve(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetched: list[str]
) -> None:
    facts = json.loads((run.folder / "config.json").read_text())
    facts["config"]["dataset"] = "mnist"
    (run.folder / "config.json").write_text(json.dumps(facts))
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    at = page()
    assert fetched == ["mnist"]
    assert rows(at)[0] == "Original. Embedded digits, test"
    assert not any(row.startswith("PCA") for row in rows(at))
    assert re.findall(r"<td>(.*?)</td>", html(at))[2:] == ["–", "–", "–"]


def test_a_run_that_still_learns_is_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "status", lambda self: "running")
    with FileLock(run.folder / "lock"):
        assert len(rows(page())) == 5


def test_a_stale_selection_of_another_session_does_no_harm(run: Run) -> None:
    at = page()
    state: dict[str, Any] = {"reconstruct-runs": [run.id, "gone"]}
    for name, value in state.items():
        at.session_state[name] = value
    sound(at.run())
