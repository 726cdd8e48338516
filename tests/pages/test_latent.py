"""The Latent space page: starts what is missing, shows what is there, and says what went wrong."""

import csv
import io
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

from core.data import datasets
from core.latent import codes, maps
from core.latent.codes import CODES
from core.latent.forming import FORMING
from core.latent.maps import MAPS
from core.latent.projection import Projection
from core.latent.projectors import PROJECTORS
from core.latent.selection import inside
from core.latent.trust import TRUST, Trust
from core.measures import reconstruction
from core.measures.predictions import PREDICTIONS
from core.runs.run import Run
from core.runs.store import RunStore
from core.runs.weights import load_model
from pages.parts.atlas.component import rows_of
from pages.parts.latent import selection
from pages.parts.latent.trust import verdict
from tests.conftest import change_weights, compute, page_at, small, sound
from tests.pages.conftest import under_way

Train = Callable[..., Run]
ATLAS = "latent-atlas"


@pytest.fixture(autouse=True)
def nothing_is_computed(submitted: list[Any]) -> None:
    """What the page asks for is only noted."""


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder, trained a little."""
    return trained("autoencoder", params={"hidden": 32, "code_size": 8}, epochs=1)


@pytest.fixture
def projection(run: Run) -> Projection:
    """Its PCA map."""
    return mapped(run)


def mapped(run: Run, sample: str = "test") -> Projection:
    compute(MAPS, run, "pca", sample)
    found = maps.load_projection(run, "pca", sample)
    assert found is not None
    return found


def page(**query: str) -> AppTest:
    return page_at("latent_space", **query)


def captions(at: AppTest) -> str:
    return "\n".join(element.value for element in at.caption).replace("\\", "")


def heading(at: AppTest) -> str:
    return "\n".join(element.value for element in at.markdown)


def bodies(at: AppTest) -> str:
    return "".join(element.proto.body for element in at.get("html"))


def tiles(at: AppTest) -> list[str]:
    """The captions of the pictures on the page."""
    return [unescape(text) for text in re.findall(r"<figcaption>(.*?)</figcaption>", bodies(at))]


def given(at: AppTest) -> dict[str, Any]:
    """What the atlas was given."""
    (component,) = [each for each in at.get("bidi_component") if "test_count" in _json(each)]
    found: dict[str, Any] = json.loads(_json(component))
    return found


def _json(element: Any) -> str:
    mixed = element.proto.mixed.json if element.proto.HasField("mixed") else ""
    return mixed or element.proto.json


def said(at: AppTest, **values: Any) -> AppTest:
    """The page, after the atlas has said this."""
    at.session_state[ATLAS] = values
    return sound(at.run())


def pick(at: AppTest, **values: Any) -> AppTest:
    return said(at, pick={"row": None, "x": 0.0, "y": 0.0, "map": 0, "n": 1, **values})


def everything(projection: Projection) -> list[list[float]]:
    """A polygon around all points."""
    (left, low), (right, high) = projection.points.min(0) - 1, projection.points.max(0) + 1
    return np.array([[left, low], [right, low], [right, high], [left, high]]).tolist()


def test_an_empty_store_is_a_sentence(runs: RunStore, submitted: list[Any]) -> None:
    assert "No autoencoder is trained yet" in captions(page())
    assert not submitted


def test_pca_starts_by_itself_once(run: Run, submitted: list[Any]) -> None:
    at = page()
    assert submitted == [("map", run, "pca", "test")]
    assert "starting a process" in at.get("progress")[0].proto.text
    sound(at.run())
    assert len(submitted) == 1


def test_umap_starts_with_a_button(run: Run, submitted: list[Any]) -> None:
    at = page(map="umap", digits="all")
    assert not submitted
    at.button(key=f"start-{run.id}-umap-all").click()
    sound(at.run())
    assert submitted == [("map", run, "umap", "all")]
    assert "starting a process" in at.get("progress")[0].proto.text


def test_meanwhile_another_map_of_the_run_is_shown(run: Run, projection: Projection) -> None:
    at = page(map="umap")
    assert given(at)["maps"][0]["method"] == "pca"
    assert "Until then another map: PCA of 359 digits." in captions(at)
    assert at.button(key=f"start-{run.id}-umap-test")


def test_progress_is_shown_while_a_process_holds_the_lock(run: Run, submitted: list[Any]) -> None:
    with under_way(MAPS.job(run, "pca", "test")):
        at = page()
    (bar,) = at.get("progress")
    assert (bar.proto.value, "encoding" in bar.proto.text) == (40, True)
    assert not submitted


def test_the_map_and_a_digit(run: Run, projection: Projection) -> None:
    at = page()
    (view,) = given(at)["maps"]
    assert (view["run"], view["method"], view["count"], view["decodes"]) == (run.id, "pca", 359, True)
    assert view["points"].startswith("/digitlab/columns/test/points.bin?")
    assert projection.version in view["points"]
    assert (view["coloring"]["title"], given(at)["test_count"], given(at)["picked"]) == ("Class", 359, [0])
    assert "shows 359 digits of 10 classes" in captions(at)
    label = datasets.load("digits").test.labels[0]
    assert f"**Test digit 0, class {label}**" in heading(at)
    assert tiles(at)[:3] == ["Original", "Reconstruction", "Error"]
    assert len(tiles(at)) == 3 + 8


def test_a_clicked_digit_its_error_and_neighbours(run: Run, projection: Projection) -> None:
    at = pick(page(), row=42)
    test = datasets.load("digits").test
    assert f"**Test digit 42, class {test.labels[42]}**" in heading(at)
    redrawn = reconstruction.reconstruct(load_model(run), test.images[42:43])
    error = reconstruction.mean_squared_errors(test.images[42:43], redrawn / 255)[0]
    assert f"Mean squared error {error:.4f} a pixel" in captions(at)
    distances = np.linalg.norm(projection.codes - projection.codes[42], axis=1)
    near = distances.argsort()[1:9]
    assert tiles(at)[3:] == [f"{test.labels[i]} · {distances[i]:.3g}" for i in near]
    assert at.query_params["digit"] in ("42", ["42"])
    assert given(at)["picked"] == [0, 42]  # known before the map is drawn
    assert "**Test digit 42" in heading(sound(at.run()))  # it survives a rerun


def test_of_all_digits_a_training_digit_is_called_so(run: Run) -> None:
    mapped(run, "all")
    at = pick(page(digits="all"), row=400)
    label = datasets.load("digits").train.labels[400 - 359]
    assert f"**Training digit 41, class {label}**" in heading(at)
    assert given(at)["maps"][0]["count"] == 1797


def test_a_clicked_place_is_decoded(run: Run, projection: Projection) -> None:
    at = pick(page(), x=0.25, y=-0.5)
    code = projection.invert(np.array([[0.25, -0.5]]))[0]
    assert "**A place between the digits**" in heading(at)
    distances = np.sort(np.linalg.norm(projection.codes - code, axis=1))[:8]
    assert [text.split(" · ")[1] for text in tiles(at)[1:]] == [f"{d:.3g}" for d in distances]
    assert "digit" not in at.query_params
    assert given(at)["picked"] == [0]


@pytest.mark.parametrize(
    "values",
    [
        {"row": 10**6},
        {"row": -3},
        {"x": 1e300, "y": -1e300},
        {"row": "<b>"},
        {"map": 1},
        {"x": "far"},
        {"n": None},
    ],
)
def test_a_pick_that_is_none_does_no_harm(run: Run, projection: Projection, values: dict[str, Any]) -> None:
    at = pick(page(), **values)
    assert "Click a point" in captions(at)


@pytest.mark.parametrize("digit", ["7", "999999", "-1", "1e3", "<b>", "9" * 500])
def test_a_digit_in_the_address(run: Run, projection: Projection, digit: str) -> None:
    at = page(digit=digit)
    assert ("**Test digit 7," in heading(at)) == (digit == "7")
    assert "Click a point" in captions(at)


def test_a_picked_digit_stays_picked_on_another_map_and_a_place_does_not(
    run: Run, projection: Projection, trained: Train
) -> None:
    other = trained("autoencoder", params={"hidden": 16, "code_size": 4}, epochs=1)
    mapped(other)
    at = pick(page(run=run.id), row=42)
    at.selectbox(key="latent-run").set_value(other.id)
    assert "**Test digit 42," in heading(sound(at.run()))
    at = pick(at, x=0.1, n=2)
    assert "**A place between" in heading(at)
    at.selectbox(key="latent-run").set_value(run.id)
    assert "**A place between" not in heading(sound(at.run()))


def test_what_is_selected_is_counted_and_saved(run: Run, projection: Projection, trained: Train) -> None:
    reader = trained("softmax")
    compute(PREDICTIONS, reader, "test")
    at = page(run=run.id, color="predicted")
    at = said(at, selection={"map": 0, "polygon": everything(projection), "n": 5})
    assert "**359 of 359 digits" in heading(at).replace("\u00a0", " ")
    labels = projection.labels
    for label, count in enumerate(np.bincount(labels)):
        assert re.search(rf"<span>{label}</span>.*?<span class=\"num\">{count}</span>", bodies(at))
    assert "100 of 359 digits, drawn at random" in captions(at)
    assert len(given(at)["selection"]["polygon"]) == 4
    found = CODES.load(run, "test")
    assert found is not None
    rows = list(
        csv.DictReader(io.StringIO(selection._csv(projection, np.array([3, 7]), found.errors, reader).decode()))
    )
    assert [(row["row"], row["split"], row["index"], row["class"]) for row in rows] == [
        ("3", "test", "3", str(labels[3])),
        ("7", "test", "7", str(labels[7])),
    ]
    assert float(rows[1]["x"]) == pytest.approx(projection.points[7, 0], rel=1e-5)
    assert float(rows[1]["error"]) == pytest.approx(found.errors[7], rel=1e-5)
    assert rows[1]["predicted"] == str(
        load_model(reader).predict_proba(datasets.load("digits").test.images[7:8]).argmax()
    )


def test_show_more_shows_more_and_clear_clears(run: Run, projection: Projection) -> None:
    at = said(page(), selection={"map": 0, "polygon": everything(projection), "n": 5})
    before = len(tiles(at))
    at.button(key="selection-more").click()
    assert len(tiles(sound(at.run()))) == before + 100
    at.button(key="selection-clear").click()
    at = sound(at.run())
    assert "Nothing is selected" in captions(at)
    assert given(at)["selection"] is None
    assert "Nothing is selected" in captions(sound(at.run()))  # what the browser said before is not heard twice


def test_a_selection_is_of_its_map_alone(run: Run, projection: Projection, trained: Train) -> None:
    other = trained("autoencoder", params={"hidden": 32, "code_size": 8}, epochs=1)
    mapped(other)
    at = said(page(run=run.id), selection={"map": 0, "polygon": everything(projection), "n": 5})
    assert given(at)["selection"]["polygon"]
    at.query_params["run"] = other.id
    at = sound(at.run())
    assert given(at)["maps"][0]["run"] == other.id
    assert given(at)["selection"] is None


def test_the_digits_of_a_selection_stay_selected_among_all_digits_and_back(run: Run, projection: Projection) -> None:
    whole = mapped(run, "all")
    middle = float(np.median(projection.points[:, 0]))
    polygon = [[middle, -1e6], [1e6, -1e6], [1e6, 1e6], [middle, 1e6]]
    rows = inside(projection.points, polygon)
    assert 100 < len(rows) < 300
    at = said(page(do="selection"), selection={"map": 0, "polygon": polygon, "n": 5})
    at.button_group(key="latent-digits").set_value("all")
    at = sound(at.run())
    assert given(at)["maps"][0]["sample"] == "all"
    assert given(at)["selection"]["polygon"] == []  # in units of the other map
    np.testing.assert_array_equal(rows_of(given(at)["selection"]["digits"], len(whole.points)), rows)
    assert f"**{len(rows):,} of {len(whole.points):,} digits" in heading(at)
    at.button_group(key="latent-digits").set_value("test")
    at = sound(at.run())
    assert given(at)["selection"] == {"map": 0, "polygon": polygon, "digits": ""}
    assert f"**{len(rows):,} of {len(projection.points):,} digits" in heading(at)


def test_the_test_digits_stay_on_show_until_all_are_there(
    run: Run, projection: Projection, submitted: list[Any]
) -> None:
    at = pick(page(), row=7)
    at.button_group(key="latent-digits").set_value("all")
    at = sound(at.run())
    assert submitted == [("map", run, "pca", "all")]
    assert len(at.get("progress")) == 1
    assert "Until then the map of the 359 test digits." in captions(at)
    (view,) = given(at)["maps"]
    assert (view["sample"], view["count"]) == ("test", 359)
    assert given(at)["picked"][-1] == 7
    mapped(run, "all")
    at = sound(at.run())
    assert given(at)["maps"][0]["sample"] == "all"
    assert given(at)["picked"][-1] == 7
    assert "Until then" not in captions(at)
    assert "Test digit 7, class" in heading(at)


def shipped(run: Run, name: str, runs: RunStore) -> Run:
    """The run as one that ships: with its maps, and none of the codes they were made of."""
    shutil.copytree(run.folder, runs.folder / name, ignore=shutil.ignore_patterns("codes-*", "neighbours-*"))
    return runs.get(name)


def test_a_map_that_ships_is_shown_without_codes_and_works_as_a_whole_when_they_are_there(
    run: Run, projection: Projection, runs: RunStore, submitted: list[Any]
) -> None:
    facts = {"method": "umap", "dataset": "digits", "parameters": {}, "weights_version": run.weights_version()}
    MAPS.write(run, {"points": np.sqrt(np.abs(projection.points))}, facts, "umap", "test")
    copy = shipped(run, "shipped", runs)
    at = page(run=copy.id, map="umap")
    assert submitted == [("codes", copy, "test")]  # no map
    (view,) = given(at)["maps"]
    assert (view["method"], view["count"], view["decodes"]) == ("umap", 359, False)
    assert at.get("progress")[0].proto.text.startswith("The codes of ")
    assert "The codes of these digits are not computed yet. Wait a moment." in captions(at)
    for do in ("between", "dimensions", "arithmetic", "samples", "selection", "trust", "forming"):
        page(run=copy.id, map="umap", do=do)
    assert given(page(run=copy.id, map="pca"))["maps"][0]["decodes"]
    compute(CODES, copy, "test")
    at = sound(at.run())
    now = given(at)["maps"][0]
    assert now == {**view, "decodes": True, "distances": True}  # the same version: nothing is fetched again
    assert "not computed yet" not in captions(at)
    assert len(tiles(at)) == 11
    assert not at.get("progress")


def test_a_first_visit_is_to_the_vae_of_two_numbers_whatever_is_newer(
    trained: Train, runs: RunStore, submitted: list[Any]
) -> None:
    small_vae = trained("vae", params={"hidden": "32", "code_size": 2}, epochs=1)
    compute(MAPS, small_vae, "code", "test")
    compute(MAPS, small_vae, "pca", "test")
    vae = shipped(small_vae, "vae-2", runs)
    newest = trained("autoencoder", params={"hidden": 32, "code_size": 8}, epochs=1)
    mapped(newest)
    at = page()
    assert [(view["run"], view["method"]) for view in given(at)["maps"]] == [(vae.id, "code")]
    assert not submitted
    assert len(tiles(at)) == 11  # the codes are in the map itself
    at.query_params["run"] = newest.id
    at = sound(at.run())
    assert [(view["run"], view["method"]) for view in given(at)["maps"]] == [(newest.id, "pca")]
    at.query_params["run"] = vae.id
    at = sound(at.run())
    assert given(at)["maps"][0]["method"] == "code"  # nobody chose PCA
    at.button_group(key="latent-map").set_value("pca")
    at = sound(at.run())
    assert given(at)["maps"][0]["method"] == "pca"


@pytest.mark.parametrize("polygon", [[[0, 0]] * 301, [["a", 0]] * 4, "all", None, [[0, 0], [1, 1]]])
def test_a_selection_that_is_none_selects_nothing(run: Run, projection: Projection, polygon: object) -> None:
    at = said(page(do="selection"), selection={"map": 0, "polygon": polygon, "n": 5})
    assert "Nothing is selected" in captions(at)


def test_colors_that_need_a_classifier_have_it_read_first(
    run: Run, projection: Projection, trained: Train, submitted: list[Any]
) -> None:
    at = page(run=run.id, color="wrong")
    assert "No classifier of the same digits is trained yet" in captions(at)
    reader = trained("softmax")
    at = page(run=run.id, color="wrong")
    assert submitted == [("predictions", reader, "test")]
    assert given(at)["maps"][0]["coloring"]["title"] == "Class"
    compute(PREDICTIONS, reader, "test")
    coloring = given(sound(at.run()))["maps"][0]["coloring"]
    assert (coloring["kind"], coloring["names"]) == ("class", ["right", "wrong"])
    assert f"other={reader.id}" in coloring["url"]


def test_errors_color_by_themselves_and_differences_take_a_run(
    run: Run, projection: Projection, trained: Train, submitted: list[Any]
) -> None:
    coloring = given(page(run=run.id, color="error"))["maps"][0]["coloring"]
    assert (coloring["kind"], coloring["unit"]) == ("number", "mean squared error")
    assert 0 < coloring["low"] < coloring["high"]
    other = trained("autoencoder", params={"hidden": 16, "code_size": 4}, epochs=1)
    at = page(run=run.id, color="difference")
    assert submitted == [("codes", other, "test")]
    compute(CODES, other, "test")
    coloring = given(sound(at.run()))["maps"][0]["coloring"]
    assert (coloring["kind"], coloring["low"]) == ("difference", -coloring["high"])


def test_a_second_map_stands_beside_the_first(
    run: Run, projection: Projection, trained: Train, submitted: list[Any]
) -> None:
    other = trained("vae", params={"hidden": "32", "code_size": 2}, epochs=1)
    at = page(run=run.id, beside=f"{other.id}:code")
    assert submitted == [("map", other, "code", "test")]
    assert len(given(at)["maps"]) == 1
    compute(MAPS, other, "code", "test")
    at = pick(sound(at.run()), x=0.5, y=0.25, map=1)
    assert [(view["run"], view["method"]) for view in given(at)["maps"]] == [(run.id, "pca"), (other.id, "code")]
    assert "**A place between" in heading(at)
    assert "space of 2 numbers" in captions(at)  # decoded by the run whose map was clicked


@pytest.mark.parametrize("beside", ["nobody:pca", ":", "<b>", "RUN:pca", "RUN:code", "RUN:"])
def test_a_second_map_that_there_is_none_of_is_left_out(run: Run, projection: Projection, beside: str) -> None:
    at = page(run=run.id, beside=beside.replace("RUN", run.id))
    assert len(given(at)["maps"]) == 1
    assert "beside" not in at.query_params


def test_trust_is_told_in_figures_and_torn_digits_are_marked_on_request(
    run: Run, projection: Projection, submitted: list[Any]
) -> None:
    points = projection.points.copy()
    points[[3, 4]] += 5 * np.ptp(points)  # far from all others, and from each other's nearest
    facts = {"method": "umap", "dataset": "digits", "parameters": {}, "weights_version": run.weights_version()}
    MAPS.write(run, {"points": points}, facts, "umap", "test")
    at = page(do="trust", map="umap")
    assert submitted == [("trust", run, "umap", "test")]
    compute(TRUST, run, "umap", "test")
    found = TRUST.load(run, "umap", "test")
    assert found is not None
    at = sound(at.run())
    assert f"{100 * found[0].trustworthiness:.1f} %" in bodies(at)
    assert f"Test digit {int(found[1].argmax()):,}, class" in unescape(bodies(at))
    assert given(at)["maps"][0]["displacement"] is None
    at.button(key="trust-mark").click()
    at = sound(at.run())
    assert given(at)["layers"] == ["displacement"]
    assert "displacement.bin" in given(at)["maps"][0]["displacement"]
    assert at.button(key="trust-mark").label == "Take the marks off"


def test_a_map_that_turns_two_numbers_moves_nothing_apart_and_says_so(trained: Train) -> None:
    run = trained("vae", params={"hidden": "32", "code_size": 2}, epochs=1)
    for method, is_said in (("code", "This is the code itself:"), ("pca", "This is the code itself, turned:")):
        compute(MAPS, run, method, "test")
        compute(TRUST, run, method, "test")
        at = page(run=run.id, map=method, do="trust")
        assert is_said in heading(at).replace("\\", "")
        assert "100.0 %" in bodies(at)
        assert "No digit was moved apart from its nearest codes: they are its nearest points, too." in captions(at)
        assert "trust-mark" not in [button.key for button in at.button]


def test_forming_is_played_or_says_why_not(run: Run, projection: Projection, submitted: list[Any]) -> None:
    at = page(do="forming")
    assert given(at)["forming"] == f"/digitlab/forming/pca.json?run={run.id}&state=ready"
    assert given(page())["forming"] is None
    shutil.rmtree(run.folder / "forming")  # as of a run of old: its snapshots tell how it formed
    at = page(do="forming")
    assert given(at)["forming"] is None
    assert submitted == [("forming", run, "pca")]
    shutil.rmtree(run.folder / "snapshots")
    at = page(do="forming")
    assert given(at)["forming"] is None
    assert "Train it again" in captions(at)


def test_torn_digits_are_marked_once_they_are_known(run: Run, projection: Projection, submitted: list[Any]) -> None:
    at = page(show="displacement")
    assert given(at)["maps"][0]["displacement"] is None
    assert submitted == [("trust", run, "pca", "test")]
    compute(TRUST, run, "pca", "test")
    at = page(show="displacement")
    assert given(at)["maps"][0]["displacement"]
    assert not at.get("progress")


@pytest.mark.parametrize("method", PROJECTORS)
def test_what_a_flat_map_shows_of_the_codes_is_measured_whoever_made_it(method: str) -> None:
    codes = np.random.default_rng(0).normal(size=(2000, 2)).astype(np.float32) * [3, 1]
    points = np.stack([codes[:, 1], 0 * codes[:, 1]], 1)
    found = Projection(method, "test", "digits", points, codes, np.zeros(2000, np.int64), {})
    said = verdict(found, Trust(0.9, 0.25, 0.8, 0.9, 15, 2000))[0]
    kind = PROJECTORS[method].kind
    assert ("it shows 10\u00a0% of the codes' variance" in said) == (kind == "flat")
    assert ("25\u00a0%" in said) == (kind != "itself")


@pytest.mark.parametrize("query", [{"do": "trust"}, {"show": "displacement"}, {"show": "torn"}])
def test_nothing_is_measured_of_a_run_that_trains(
    run: Run, projection: Projection, submitted: list[Any], monkeypatch: pytest.MonkeyPatch, query: Any
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Run, "active", lambda self: True)
        assert f"Trust in this map (PCA): this waits until {run.name} has been trained." in captions(page(**query))
        assert not submitted
    page(**query)
    page(**query)  # another browser
    assert submitted == [("trust", run, "pca", "test")]


def test_of_epochs_laid_out_in_part_those_are_played(run: Run, projection: Projection) -> None:
    at = page(do="forming", map="umap")
    assert given(at)["forming"] is None
    arrays = {"steps": np.array([0]), "points": np.zeros((1, 359, 2), np.float32)}
    FORMING.write(run, arrays, {"keys": [], "whole": False}, "umap")
    at = page(do="forming", map="umap")
    assert given(at)["forming"] == f"/digitlab/forming/umap.json?run={run.id}&state=absent"
    with FileLock(FORMING.job(run, "umap").lock):
        assert given(page(do="forming", map="umap"))["forming"] is None
    assert at.button(key=f"start-{run.id}-forming-umap")


@pytest.mark.parametrize("do", ["between", "dimensions", "arithmetic", "samples"])
def test_every_walk_opens(run: Run, projection: Projection, do: str) -> None:
    at = page(do=do)
    assert len(at.get("bidi_component")) >= 2 or do == "samples"
    assert at.query_params["do"] in (do, [do])


def test_a_failure_is_a_sentence_and_a_button(run: Run, monkeypatch: pytest.MonkeyPatch, submitted: list[Any]) -> None:
    monkeypatch.setattr(codes, "_check_codes", _fail)
    compute(MAPS, run, "pca", "test")
    at = page()
    assert "All codes are *the* same" in captions(at)
    assert not submitted
    at.button(key=f"start-{run.id}-pca-test").click()
    sound(at.run())
    assert submitted == [("map", run, "pca", "test")]
    assert "starting a process" in at.get("progress")[0].proto.text


def _fail(codes: np.ndarray) -> None:
    raise ValueError("All codes are *the* same.")


def test_a_damaged_map_is_a_sentence(run: Run, projection: Projection) -> None:
    run.projection_file("pca-test").write_bytes(b"torn")
    at = page()
    assert "cannot be used" in captions(at)
    assert at.button(key=f"start-{run.id}-pca-test").label == "Try again"


@pytest.mark.parametrize("query", [{"do": "trust"}, {"show": "displacement"}, {"map": "umap"}])
def test_a_disk_that_takes_no_request_is_a_sentence_and_the_map_stays(
    run: Run, projection: Projection, query: Any
) -> None:
    shutil.rmtree(run.folder.parent / ".jobs", ignore_errors=True)
    (run.folder.parent / ".jobs").write_bytes(b"no folder")
    at = page(**query)
    if "map" in query:
        at.button(key=f"start-{run.id}-umap-test").click()
        sound(at.run())
    assert "could not be written" in captions(at)
    assert given(at)["maps"][0]["method"] == "pca"
    change_weights(run)
    at = page()
    assert "could not be written" in captions(at)
    assert given(at)["maps"][0]["method"] == "pca"


def test_new_weights_start_a_new_map_and_the_old_one_stays(
    run: Run, projection: Projection, submitted: list[Any]
) -> None:
    change_weights(run)
    at = page()
    assert submitted == [("map", run, "pca", "test")]
    assert len(given(at)["maps"]) == 1


def test_a_run_without_weights_is_a_sentence(runs: RunStore, submitted: list[Any]) -> None:
    runs.create(small("autoencoder"))
    at = page()
    assert "no weights yet" in captions(at)
    assert not submitted
    assert not at.button


def test_a_bad_address_is_a_line_and_the_rest_is_left_out(run: Run, projection: Projection) -> None:
    at = page(run="../nobody", map="<b>", digits="some", color="pink", show="torn,<b>", do="nothing")
    assert "not here" in captions(at)
    assert (given(at)["maps"][0]["method"], given(at)["layers"]) == ("pca", ["displacement"])
    assert at.button_group(key="latent-do").value in ("picked", ["picked"])


def test_pointing_at_a_digit_or_around_some_turns_to_them_but_leaves_a_walk_alone(
    run: Run, projection: Projection
) -> None:
    at = said(page(), selection={"map": 0, "polygon": everything(projection), "n": 5})
    assert "359 of 359 digits" in heading(at)
    at = said(at, pick={"row": 7, "x": 0.0, "y": 0.0, "map": 0, "n": 6})
    assert "Test digit 7" in heading(at)
    at = said(page(do="between"), pick={"row": 8, "x": 0.0, "y": 0.0, "map": 0, "n": 7})
    assert at.button_group(key="latent-do").value in ("between", ["between"])


def test_a_link_is_shown_as_it_was_and_survives_another_page(run: Run, projection: Projection) -> None:
    mapped(run, "all")
    at = page(run=run.id, digits="all", color="error", show="plane,torn", do="samples")
    for _ in range(2):
        assert given(at)["maps"][0]["sample"] == "all"
        assert given(at)["maps"][0]["coloring"]["kind"] == "number"
        assert given(at)["layers"] == ["plane", "displacement"]
        assert at.button_group(key="latent-do").value in ("samples", ["samples"])
        at = sound(at.run())


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
    assert len(given(at)["maps"]) == 1
