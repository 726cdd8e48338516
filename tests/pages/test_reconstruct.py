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

from core.data import datasets
from core.data.augment import corrupt
from core.measures import pca, reconstruction
from core.runs import recorder
from core.runs.run import Run, Status
from core.runs.store import RunStore
from core.runs.weights import load_model
from pages.parts.pad.component import PadDrawing
from pages.parts.shared.noise import Noise
from tests.conftest import page_at, small, sound

Train = Callable[..., Run]


@pytest.fixture(autouse=True)
def nothing_is_fetched(submitted: list[Any]) -> None:
    """What the page asks for is only noted."""


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
    test = datasets.load("digits").test.images
    own = reconstruction.reconstruction_errors(load_model(run), test).mean()
    other = pca.pca("digits").errors(test, 8).mean()
    cells = re.findall(r"<td>(.*?)</td>", html(at))
    assert cells == ["8", f"{own:.4f}", f"<b>{other:.4f}</b>", f"{own / other:.2f}"]
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
    at.session_state["drawing"] = PadDrawing(image=image, stamp=1.0)
    sound(at.run())
    error = reconstruction.mean_squared_errors(
        image[None], reconstruction.reconstruct(load_model(run), image[None]) / 255
    )[0]
    assert rows(at)[0] == f"{run.name}. 8 numbers, error {error:.4f}"


def test_a_drawing_with_noise_is_measured_against_the_drawing(run: Run) -> None:
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 12:16] = 255
    at = page()
    at.session_state["reconstruct-kind"] = "Drawing"
    at.session_state["drawing"] = PadDrawing(image=image, stamp=1.0)
    noisy(at, "masking", 0.3)
    seen = Noise("masking", 0.3).on(image[None])
    error = reconstruction.mean_squared_errors(image[None], reconstruction.reconstruct(load_model(run), seen) / 255)[0]
    assert rows(at)[0] == f"{run.name}. 8 numbers, error {error:.4f}"
    names = re.findall(r'<div class="dl-cap dl-cells">(.*?)</div>', html(at))[0]
    assert re.findall(r"<span>(.*?)</span>", names) == ["Drawing", "Noise", "Redrawn", "Error"]


# -- noise ---------------------------------------------------------------------------------------------------------


def noisy(at: AppTest, kind: str, level: float) -> AppTest:
    """Put noise on the digits by its two controls."""
    sound(at.selectbox(key="reconstruct-noise").set_value(kind).run())
    return sound(at.slider(key="reconstruct-noise-level").set_value(level).run())


def test_noise_has_a_row_of_its_own_that_stays_and_can_be_taken_away(run: Run) -> None:
    at = page()
    assert not at.slider
    without = pictures(at)
    noisy(at, "gaussian", 0.4)
    assert rows(at)[:2] == ["Original. Embedded digits, test", "With noise. Gaussian noise of 0.4"]
    assert len(rows(at)) == 6
    first = pictures(at)
    assert first[0] == without[0]
    assert first[2] != without[1]  # what is redrawn is the noisy digit
    assert pictures(sound(at.run())) == first
    sound(at.slider(key="reconstruct-noise-level").set_value(0.8).run())
    assert pictures(at)[1] != first[1]
    sound(at.selectbox(key="reconstruct-noise").set_value("none").run())
    assert pictures(at) == without
    assert not at.slider


@pytest.mark.parametrize("kind", ["gaussian", "masking", "salt-and-pepper"])
def test_with_noise_the_table_measures_noisy_digits_against_clean_ones(run: Run, kind: str) -> None:
    at = noisy(page(), kind, 0.5)
    clean = datasets.load("digits").test.images
    seen = corrupt(clean, kind, 0.5, np.random.default_rng(0))
    model, components = load_model(run), pca.pca("digits")
    own = reconstruction.mean_squared_errors(clean, model.decode(model.encode(seen))).mean()
    other = reconstruction.mean_squared_errors(clean, components.reconstruct(seen, 8)).mean()
    cells = [re.sub("</?b>", "", cell) for cell in re.findall(r"<td>(.*?)</td>", html(at))]
    assert cells == ["8", f"{own:.4f}", f"{other:.4f}", f"{own / other:.2f}"]
    assert "the same noisy digits, PCA too, and are measured against the clean ones" in captions(at)


def test_the_error_maps_show_the_distance_to_the_digit_without_noise(run: Run) -> None:
    at = noisy(page(), "masking", 0.5)
    notes = re.findall(r'class="dl-note dl-cells">(.*?)</div>', html(at))[0]
    shown = [float(note) for note in re.findall(r"<span>(.*?)</span>", notes)]
    assert float(rows(at)[3].removeprefix("error, mean ")) == pytest.approx(np.mean(shown), abs=1e-4)
    test, rng = datasets.load("digits").test, np.random.default_rng(0)  # as the page chooses one of each class
    images = test.images[[rng.choice(np.flatnonzero(test.labels == label)) for label in range(10)]]
    redrawn = reconstruction.reconstruct(load_model(run), Noise("masking", 0.5).on(images))
    assert shown == pytest.approx(list(reconstruction.mean_squared_errors(images, redrawn / np.float32(255))), abs=6e-5)


def test_under_noise_the_run_that_learned_to_take_it_off_is_offered(trained: Train) -> None:
    settings = {"params": {"hidden": 32, "code_size": 8}, "epochs": 1}
    cleans = trained("autoencoder", **settings, noise="gaussian", noise_level=0.5)
    plain = trained("autoencoder", **settings)
    at = page(run=plain.id)
    assert "Add" not in [button.label[:3] for button in at.button]
    sound(at.selectbox(key="reconstruct-noise").set_value("masking").run())
    assert "Add" not in [button.label[:3] for button in at.button]
    sound(at.selectbox(key="reconstruct-noise").set_value("gaussian").run())
    (offer,) = (button for button in at.button if button.label.startswith("Add"))
    sound(offer.click().run())
    assert at.multiselect[0].value == [plain.id, cleans.id]


def test_a_run_that_learned_to_clean_says_so_and_the_digits_stay_clean(trained: Train) -> None:
    made = trained("autoencoder", params={"hidden": 32, "code_size": 8}, epochs=1, noise="gaussian", noise_level=0.5)
    at = page()
    assert f"{made.name} was trained to clean Gaussian noise of 0.5." in captions(at).replace("\\", "")
    assert at.selectbox(key="reconstruct-noise").value == "none"
    assert not any(row.startswith("With noise") for row in rows(at))


def test_a_code_longer_than_a_picture_has_no_pca_beside_it(trained: Train) -> None:
    trained("sparse-autoencoder", params={"code_size": 800}, epochs=1)
    at = page()
    assert not any(row.startswith("PCA") for row in rows(at))
    assert re.findall(r"<td>(.*?)</td>", html(at))[0::2] == ["800", "–"]
    assert "redraws its whole test set" in captions(at)
    assert "less than PCA" not in captions(at)


def test_names_are_shown_as_text(runs: RunStore) -> None:
    made = runs.add("ae", small("autoencoder", epochs=1), "<img src=x onerror=alert(1)> *x*")
    recorder.train(made)
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
    model = load_model(run)
    monkeypatch.setattr(model, "decode", lambda codes: np.full((len(codes), 28, 28), np.nan, np.float32))
    at = page()
    assert re.findall(r"<td>(.*?)</td>", html(at))[1] == "–"


def test_without_mnist_the_embedded_digits_serve(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, submitted: list[Any]
) -> None:
    facts = json.loads((run.folder / "config.json").read_text())
    facts["config"]["dataset"] = "mnist"
    (run.folder / "config.json").write_text(json.dumps(facts))
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    at = page()
    assert submitted == ["mnist"]
    assert rows(at)[0] == "Original. Embedded digits, test"
    assert not any(row.startswith("PCA") for row in rows(at))
    assert re.findall(r"<td>(.*?)</td>", html(at))[1:] == ["–", "–", "–"]


def test_a_run_that_still_learns_is_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "status", lambda self: Status.RUNNING)
    with FileLock(run.folder / "lock"):
        assert len(rows(page())) == 5


def test_a_stale_selection_of_another_session_does_no_harm(run: Run) -> None:
    at = page()
    state: dict[str, Any] = {"reconstruct-runs": [run.id, "gone"]}
    for name, value in state.items():
        at.session_state[name] = value
    sound(at.run())
