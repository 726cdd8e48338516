"""The walks of the Latent space page: what they show of a run, what they make of what people choose, and bad input."""

import base64
import io
import json
import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.ink.collection import drawings
from core.ink.render import render
from core.latent import maps, walks
from core.latent.maps import MAPS
from core.latent.projection import Projection
from core.measures.reconstruction import to_bytes
from core.runs.run import Run
from core.runs.weights import load_model
from pages.parts.pad.component import PadDrawing
from pages.parts.walks.between import as_gif, as_strip, passes
from pages.parts.walks.component import facts_of, joined
from pages.parts.walks.ends import two_picked
from tests.conftest import compute, sound

K = 6
STROKES = [[[0.3, 0.2], [0.7, 0.2], [0.45, 0.8]]]
Train = Callable[..., Run]


@pytest.fixture(autouse=True)
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No saved drawings but those of the test."""
    monkeypatch.setattr("core.ink.collection.data_dir", lambda: tmp_path / "drawings")


@pytest.fixture
def run(trained: Train) -> Run:
    return trained("autoencoder", params={"hidden": 16, "code_size": K}, epochs=1)


def mapped(run: Run) -> Projection:
    """The run's PCA map, made where it is not there."""
    run.projection_file("pca").parent.mkdir(exist_ok=True)
    compute(MAPS, run, "pca", "test")
    found = maps.load_projection(run, "pca")
    assert found is not None
    return found


def _script(name: str, run_id: str, picks: list[int]) -> None:
    import importlib

    from core.latent.maps import load_projection
    from core.runs.store import store

    run = store().get(run_id)
    walk = getattr(importlib.import_module(f"pages.parts.walks.{name}"), name)
    walk(run, load_projection(run, "pca"), *([] if name == "prior" else [picks]))


def panel(name: str, run: Run, picks: tuple[int, ...] = (), **state: Any) -> AppTest:
    mapped(run)
    at = AppTest.from_function(_script, args=(name, run.id, list(picks)), default_timeout=60)
    for key, value in state.items():
        at.session_state[key.replace("_", "-") if key != "drawing" else key] = value
    return sound(at.run())


def sent(at: AppTest, number: int = 0) -> dict[str, Any]:
    """What a component of the page was given."""
    proto = at.get("bidi_component")[number].proto
    given: dict[str, Any] = json.loads(proto.mixed.json if proto.HasField("mixed") else proto.json)
    return given


def numbers(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def pictures(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 28, 28)


def captions(at: AppTest) -> str:
    return "\n".join(element.value for element in at.caption).replace("\\", "")


def drawn() -> PadDrawing:
    strokes = tuple(np.array(stroke) for stroke in STROKES)
    return PadDrawing(strokes, 0.07, render(strokes, 0.07), 5.0)


# -- between -------------------------------------------------------------------------------------------------------


def test_the_film_leads_from_the_one_picked_digit_to_the_other(run: Run) -> None:
    given, projection = sent(panel("between", run, (3, 40, 17))), mapped(run)
    assert given["map"] == {"run": run.id, "method": "pca", "sample": "test"}
    assert [way["name"] for way in given["ways"]] == ["straight", "spherical"]
    ends = to_bytes(load_model(run).decode(projection.codes[[40, 17]]))
    for way in given["ways"]:
        frames = pictures(way["frames"])
        assert len(frames) == len(way["path"]) == 49
        assert np.abs(frames[[0, -1]].astype(int) - ends).max() <= 1
        np.testing.assert_allclose([way["path"][0], way["path"][-1]], projection.points[[40, 17]], atol=1e-3)
        assert (way["reads"], way["said"]) == ([], "")  # nothing that shipped reads these digits
    middle = walks.between(*projection.codes[[40, 17]], 49, "spherical", facts_of(projection).mean)[24]
    np.testing.assert_array_equal(
        pictures(given["ways"][1]["frames"])[24], to_bytes(load_model(run).decode(middle[None]))[0]
    )


def test_a_variational_run_turns_around_the_origin_of_its_prior(trained: Train) -> None:
    run = trained("vae", params={"hidden": "16", "code_size": 3}, epochs=1)
    at = panel("between", run, (40, 17))
    middle = walks.between(*mapped(run).codes[[40, 17]], 49, "spherical")[24]
    expected = to_bytes(load_model(run).decode(middle[None]))[0]
    np.testing.assert_array_equal(pictures(sent(at)["ways"][1]["frames"])[24], expected)
    assert "turns around the origin" in captions(at)


def test_each_frame_is_read_by_the_best_shipped_classifier(
    run: Run, trained: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse, better = trained(epochs=1, train_size=20), trained(epochs=3)
    monkeypatch.setattr(Run, "shipped", True)
    given = sent(panel("between", run, (3, 40)))
    chosen = max((worse, better), key=lambda one: one.summary().best)
    for way in given["ways"]:
        expected = load_model(chosen).predict_proba(pictures(way["frames"])).argmax(1)
        assert way["reads"] == expected.tolist()
        assert way["said"] == passes(way["reads"], chosen.name, tuple("0123456789"))


@pytest.mark.parametrize(
    ("reads", "says"),
    [
        ([3, 3], "CNN reads three all the way."),
        ([3, 3, 8], "CNN reads three until frame 2 and eight from 3 on."),
        ([3, 5, 5, 8], "CNN reads three until frame 1, five from 2 on and eight from 4 on."),
    ],
)
def test_the_sentence_counts_frames_from_one(reads: list[int], says: str) -> None:
    names = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    assert passes(reads, "CNN", names) == says


def test_a_film_is_saved_there_and_back_and_as_a_strip() -> None:
    images = np.stack([np.full((28, 28), grey, np.uint8) for grey in (0, 100, 200)])
    film = Image.open(io.BytesIO(as_gif(images)))
    assert (film.size, film.n_frames) == ((224, 224), 4)
    greys = []
    for number in range(4):
        film.seek(number)
        greys.append(np.asarray(film.convert("L"))[112, 112])
    assert greys == [0, 100, 200, 100]
    strip = np.asarray(Image.open(io.BytesIO(as_strip(images))))
    assert strip.shape == (28 * 8, (3 * 29 - 1) * 8)
    assert strip[0, [0, 28 * 8, 29 * 8, 58 * 8]].tolist() == [0, 255, 100, 200]


@pytest.mark.parametrize("said", [{"way": "spherical"}, {"way": "scenic"}, {"way": ["x"]}, {"way": None}, [], "x", {}])
def test_whatever_way_the_browser_names_there_is_one_to_save(run: Run, said: Any) -> None:
    at = panel("between", run, walk_film={"said": said})
    assert len(at.get("download_button")) == 2


# -- the ends ------------------------------------------------------------------------------------------------------


def test_fewer_than_two_picks_are_filled_up_with_another_class(run: Run) -> None:
    projection = mapped(run)
    for picks in ([], [5], [5, -1], [5, 10**6]):
        a, b = two_picked(projection, picks)
        assert projection.labels[a] != projection.labels[b]
        assert b == 5 or not picks
    assert two_picked(projection, [1, 2, 3]) == (2, 3)


def test_an_end_may_be_any_digit_a_mean_or_the_drawing_on_the_pad(run: Run) -> None:
    at = panel("between", run, drawing=drawn())
    projection, model = mapped(run), load_model(run)

    def starts_with(code: np.ndarray) -> None:
        first = pictures(sent(at)["ways"][0]["frames"])[0].astype(int)
        assert np.abs(first - to_bytes(model.decode(code[None]))[0]).max() <= 1

    at.selectbox(key="walk-from").set_value("number").run()
    at.number_input(key="walk-from-number").set_value(77)
    sound(at.run())
    starts_with(projection.codes[77])
    at.selectbox(key="walk-from").set_value("mean")
    sound(at.run())
    starts_with(projection.codes.mean(0))
    at.selectbox(key="walk-from").set_value("class-4")
    sound(at.run())
    starts_with(projection.codes[projection.labels == 4].mean(0))
    at.selectbox(key="walk-from").set_value("pad")
    sound(at.run())
    starts_with(model.encode(drawn().image[None])[0])
    at.session_state["drawing"] = PadDrawing()  # wiped
    sound(at.run())
    assert at.selectbox(key="walk-from").value == "picked-A"


def test_an_end_may_be_a_saved_drawing_the_newest_first(run: Run) -> None:
    added = [drawings().add(STROKES, 0.05 + 0.02 * digit, digit, "<b>Anna</b>") for digit in range(3)]
    at = panel("between", run, walk_from="saved")
    offered = sent(at)
    newest = [one.id for one in sorted(added, key=lambda one: -one.saved)]
    assert offered["ids"] == newest
    assert len(pictures(offered["images"])) == 3
    assert "From a drawing meant as" in sent(at, 1)["label"]
    at.session_state["walk-from-saved"] = {"said": {"id": added[0].id}}
    assert "From a drawing meant as 0" in sent(sound(at.run()), 1)["label"]
    at.session_state["walk-from-saved"] = {"said": {"id": ["gone"]}}
    newest_label = next(one.label for one in added if one.id == newest[0])
    assert f"From a drawing meant as {newest_label}" in sent(sound(at.run()), 1)["label"]


def test_a_code_that_is_none_is_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    mapped(run)
    model = type(load_model(run))
    monkeypatch.setattr(model, "encode", lambda self, images: np.full((len(images), K), np.nan, np.float32))
    at = panel("between", run, drawing=drawn(), walk_from="pad")
    assert "makes a code that is not of numbers" in captions(at)
    assert not at.get("bidi_component")


@pytest.mark.parametrize("name", ["between", "dimensions", "means"])
def test_weights_that_are_damaged_are_a_sentence(run: Run, name: str) -> None:
    mapped(run)
    shutil.copyfile(run.folder / "config.json", run.folder / "weights.safetensors")
    at = AppTest.from_function(_with_old_map, args=(name, run.id), default_timeout=60)
    assert captions(sound(at.run())).endswith(".")
    assert not at.get("bidi_component")


def _with_old_map(name: str, run_id: str) -> None:
    import importlib

    import numpy as np

    from core.latent.projection import Projection
    from core.runs.store import store

    codes = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    labels = np.arange(20, dtype=np.int64) % 10
    projection = Projection(
        "pca",
        "test",
        "digits",
        codes[:, :2].copy(),
        codes,
        labels,
        {},
        mean=np.zeros(6, np.float32),
        basis=np.eye(2, 6, dtype=np.float32),
    )
    getattr(importlib.import_module(f"pages.parts.walks.{name}"), name)(store().get(run_id), projection, [])


# -- dimensions ----------------------------------------------------------------------------------------------------


def test_the_sliders_begin_at_the_picked_digit_with_the_strongest_number(run: Run) -> None:
    at = panel("dimensions", run, (3, 40))
    given, projection = sent(at), mapped(run)
    code = projection.codes[40]
    np.testing.assert_array_equal(numbers(given["code"]), code)
    low, high = walks.ranges(projection.codes)
    np.testing.assert_array_equal(numbers(given["low"]), np.minimum(low, code))
    np.testing.assert_array_equal(numbers(given["high"]), np.maximum(high, code))
    strength = walks.effects(load_model(run).decode, code, low, high)
    assert given["order"] == np.argsort(-strength, kind="stable").tolist()
    assert sorted(given["order"]) == list(range(K))
    before = given["name"]
    at.selectbox(key="walk-start").set_value("class-2")
    again = sent(sound(at.run()))
    assert again["name"] != before
    np.testing.assert_allclose(
        numbers(again["code"]), projection.codes[projection.labels == 2].mean(0), rtol=1e-4, atol=1e-5
    )


def test_numbers_that_do_nothing_are_counted(trained: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained("autoencoder", params={"hidden": 16, "code_size": K}, epochs=1)
    monkeypatch.setattr("pages.parts.walks.dimensions.effects", lambda *_: np.array([0, 95, 0, 5, 0, 0], np.float32))
    assert "1 of 6 do 90 % of it all; 4 do nothing." in captions(panel("dimensions", run))


# -- means ---------------------------------------------------------------------------------------------------------


def test_the_sum_and_the_digits_nearest_to_it(run: Run) -> None:
    projection = mapped(run)
    a, b = (int(np.flatnonzero(projection.labels == label)[0]) for label in (3, 8))
    at = panel("means", run, (a, b), walk_sum={"said": {"amount": 0.5}})
    given, facts = sent(at), facts_of(projection)
    np.testing.assert_array_equal(numbers(given["code"]), projection.codes[a])
    np.testing.assert_allclose(numbers(given["minus"]), facts.means[3], atol=1e-5)
    np.testing.assert_allclose(numbers(given["plus"]), facts.means[8], atol=1e-5)
    assert given["titles"] == [f"test digit {a}, class 3", "the mean 3", "the mean 8"]
    total = projection.codes[a] + 0.5 * (facts.means[8] - facts.means[3])
    rows, distances = projection.nearest(total, 8, without=a)
    expected = [f"{projection.labels[row]} · {distance:.3g}" for row, distance in zip(rows, distances, strict=True)]
    assert tiles(at) == [*"0123456789", *expected]


@pytest.mark.parametrize("amount", [None, "2", float("inf"), 1e300, [1], {}])
def test_an_amount_that_is_none_does_no_harm(run: Run, amount: Any) -> None:
    at = panel("means", run, walk_sum={"said": {"amount": amount}})
    assert len(tiles(at)) == 18


def tiles(at: AppTest) -> list[str]:
    bodies = "".join(element.proto.body for element in at.get("html"))
    return [unescape(text) for text in re.findall(r"<figcaption>(.*?)</figcaption>", bodies)]


# -- prior ---------------------------------------------------------------------------------------------------------


def test_a_variational_run_draws_from_its_prior(trained: Train) -> None:
    run = trained("vae", params={"hidden": "16", "code_size": 3}, epochs=1)
    at = panel("prior", run, walk_seed=7)
    given = sent(at)
    np.testing.assert_array_equal(numbers(given["steps"]).reshape(-1, 3), walks.sample_prior(3, 64, 7))
    assert not numbers(given["mean"]).any()
    assert len(at.get("bidi_component")) == 1  # three numbers have no plane
    at.button(key="walk-again").click()
    assert (numbers(sent(sound(at.run()))["steps"]) != numbers(given["steps"])).any()
    assert 0 <= at.number_input(key="walk-seed").value < 10_000


def test_a_prior_over_two_numbers_is_shown_whole(trained: Train) -> None:
    run = trained("vae", params={"hidden": "16", "code_size": 2}, epochs=1)
    plane = sent(panel("prior", run), 1)
    np.testing.assert_array_equal(numbers(plane["steps"]).reshape(-1, 2), walks.prior_grid(20))
    assert (plane["columns"], plane["hot"]) == (20, False)


def test_without_a_prior_it_says_so_and_draws_around_the_codes(run: Run) -> None:
    at = panel("prior", run, walk_seed=3)
    assert "has no prior" in captions(at)
    mean, steps = walks.sample_around(mapped(run).codes, 64, 3)
    np.testing.assert_array_equal(numbers(sent(at)["mean"]), mean)
    np.testing.assert_array_equal(numbers(sent(at)["steps"]).reshape(-1, K), steps)
    assert sent(at)["label"] == "Samples around the real codes"


# -- what they share -----------------------------------------------------------------------------------------------


def test_a_question_that_came_through_the_page_is_answered_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    question = {"kind": "code", "seq": 4, "run": run.id, "codes": [[0.0] * K]}
    at = panel("prior", run, walk_samples={"ask": question})
    reply = sent(at)["reply"]
    assert reply["seq"] == 4
    assert len(pictures(reply["images"])) == 1
    monkeypatch.setattr("pages.parts.web.page_line.answer", lambda message: pytest.fail("answered twice"))
    assert sent(sound(at.run()))["reply"] == reply


def test_the_facts_of_a_map_are_worked_out_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    projection = mapped(run)
    facts = facts_of(projection)
    np.testing.assert_array_equal(facts.labels, range(10))
    np.testing.assert_allclose(facts.mean, projection.codes.mean(0), atol=1e-5)
    monkeypatch.setattr("pages.parts.walks.component.class_means", lambda *_: pytest.fail("worked out twice"))
    assert facts_of(projection) is facts


def test_lists_in_words() -> None:
    assert [joined(list(text)) for text in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
