"""pages/draw.py and the pad: which models are offered, and what becomes of what the browser sends."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.ink.collection import drawings
from core.ink.render import render
from core.latent.maps import MAPS
from core.latent.projectors import PROJECTORS
from core.live.answer import answer
from core.measures.calibration import CALIBRATION
from core.runs import recorder
from core.runs.run import Run, Status
from core.runs.store import RunStore
from pages.parts.web import page_line
from tests.conftest import ROOT, compute, page_at, small, sound

STROKES = [[[0.3, 0.2], [0.6, 0.8]]]
OTHERS = [[[0.3, 0.2, 0.4], [0.6, 0.8, 1.6]], [[0.5, 0.5, 1.0]]]
Train = Callable[..., Run]


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))


@pytest.fixture(autouse=True)
def nothing_is_computed(submitted: list[Any]) -> None:
    """What the page asks for is only noted."""


def opened(**query: str) -> AppTest:
    return page_at("draw", **query)


def said(page: AppTest, **what: object) -> AppTest:
    """The browser says something, and the pad's part of the page runs again."""
    page.session_state["draw-pad"] = what
    return sound(page.run())


def sent_to_pad(page: AppTest) -> dict[str, Any]:
    data: dict[str, Any]
    (data,) = json.loads(page.get("bidi_component")[0].proto.json)
    return data


def test_the_page_offers_the_shipped_classifiers_best_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITLAB_CHECKPOINTS", str(ROOT / "checkpoints"))
    shown = [run["id"] for run in sent_to_pad(opened())["runs"]]
    expected = ["cnn", "mlp", "softmax", "conv-autoencoder"]
    assert [run_id for run_id in shown if run_id in expected] == expected


def test_the_newest_finished_run_is_there_too_but_not_one_that_has_not_begun(runs: RunStore, trained: Train) -> None:
    trained()
    newest = trained(seed=2)
    runs.create(small(), "Not begun")
    assert [run["id"] for run in sent_to_pad(opened())["runs"]] == [newest.id]


def test_a_run_without_a_finished_epoch_is_no_default_and_says_so(runs: RunStore, trained: Train) -> None:
    learned = trained()
    begun = runs.create(small(seed=2), "Paused before its first step")
    begun.request_pause()
    recorder.train(begun)
    assert begun.status() == Status.PAUSED
    assert begun.has_weights()
    assert [run["id"] for run in sent_to_pad(opened())["runs"]] == [learned.id]
    shown = sent_to_pad(opened(run=f"{begun.id},{learned.id}"))["runs"]
    assert [run["learned"] for run in shown] == [False, True]


def test_an_own_run_stands_behind_the_shipped_main_model(runs: RunStore, trained: Train) -> None:
    own = trained(seed=2)
    shutil.copytree(ROOT / "checkpoints" / "cnn", runs.folder / "cnn")
    assert [run["id"] for run in sent_to_pad(opened())["runs"]] == ["cnn", own.id]


def test_what_was_started_or_chosen_elsewhere_comes_last_and_only_once_it_has_learned(
    runs: RunStore, trained: Train
) -> None:
    default, chosen, started = trained(), trained("autoencoder", epochs=1), trained(seed=3)
    at = AppTest.from_file(str(ROOT / "pages" / "draw.py"), default_timeout=60)
    begun = [runs.create(small(seed=seed), f"Begun {seed}") for seed in (4, 5)]
    at.session_state["draw-runs-chosen"] = [default.id]
    at.session_state["selected-runs"] = [begun[0].id, chosen.id]
    at.session_state["announced-runs"] = [begun[1].id, started.id]
    assert at.run().multiselect[0].value == [default.id, chosen.id, started.id]
    recorder.train(begun[1])
    assert sound(at.run()).multiselect[0].value == [default.id, chosen.id, started.id, begun[1].id]


def test_without_any_run_the_pad_is_there(runs: RunStore) -> None:
    data = sent_to_pad(opened())
    assert data["runs"] == []
    assert data["show_answers"]


def test_opening_the_page_does_not_import_torch() -> None:
    script = f"""
import sys
from streamlit.testing.v1 import AppTest
from core.jobs import submit
submit.submit = print  # nothing is computed for the shipped runs
assert not AppTest.from_file({str(ROOT / "pages" / "draw.py")!r}, default_timeout=60).run().exception
sys.exit("torch" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_the_drawing_becomes_part_of_the_session_and_comes_back_to_a_new_pad(runs: RunStore) -> None:
    page = opened()
    page.session_state["draw-pad"] = {"drawing": {"strokes": STROKES, "width": 0.05, "stamp": 1000}}
    page.run()
    drawing = page.session_state["drawing"]
    assert [stroke.tolist() for stroke in drawing.strokes] == STROKES
    assert (drawing.image == render([np.array(STROKES[0])], 0.05)).all()
    assert sent_to_pad(page)["drawing"] is None  # this pad has it already

    again = AppTest.from_file(str(ROOT / "pages" / "draw.py"), default_timeout=60)
    again.session_state["drawing"] = drawing
    assert sent_to_pad(again.run())["drawing"] == {"strokes": STROKES, "width": 0.05, "stamp": 1000}


def test_clearing_the_pad_leaves_an_empty_drawing(runs: RunStore) -> None:
    page = opened()
    for strokes, stamp in ((STROKES, 1), ([], 2)):
        page.session_state["draw-pad"] = {"drawing": {"strokes": strokes, "width": 0.05, "stamp": stamp}}
        page.run()
    assert page.session_state["drawing"].strokes == ()
    assert page.session_state["drawing"].image is None


@pytest.mark.parametrize(
    "drawing",
    [
        5,
        "drawing",
        [],
        {},
        {"strokes": STROKES, "width": 0.05},
        {"strokes": STROKES, "width": 0.05, "stamp": "2"},
        {"strokes": STROKES, "width": 0.05, "stamp": 0.5},
        {"strokes": STROKES, "width": "0.05", "stamp": 2},
        {"strokes": STROKES, "width": -1, "stamp": 2},
        {"strokes": STROKES, "width": None, "stamp": 2},
        {"strokes": [[[5000, 1]]], "width": 0.05, "stamp": 2},
        {"strokes": "x", "width": 0.05, "stamp": 2},
    ],
    ids=str,
)
def test_a_drawing_that_is_none_or_old_is_ignored(runs: RunStore, drawing: object) -> None:
    page = opened()
    page.session_state["draw-pad"] = {"drawing": {"strokes": STROKES, "width": 0.05, "stamp": 1}}
    page.run()
    page.session_state["draw-pad"] = {"drawing": drawing}
    page.run()
    assert not page.exception
    assert page.session_state["drawing"].stamp == 1


def test_a_question_through_the_page_is_answered_through_the_page(trained: Train) -> None:
    run, page = trained(), opened()
    question = {"kind": "draw", "seq": 3, "strokes": STROKES, "width": 0.07, "runs": [run.id]}
    page.session_state["draw-pad"] = {"ask": question}
    reply = sent_to_pad(page.run())["reply"]
    assert reply["seq"] == 3
    assert len(reply["answers"][run.id]) == 10
    page.session_state["draw-pad"] = {"ask": {"kind": "draw", "strokes": float("nan")}}
    assert "error" in sent_to_pad(page.run())["reply"]


def test_a_question_through_the_page_is_answered_once(trained: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    run, page = trained(), opened()
    answered: list[object] = []
    monkeypatch.setattr(page_line, "answer", lambda message: answered.append(message) or answer(message))
    question = {"kind": "draw", "seq": 3, "strokes": STROKES, "width": 0.07, "runs": [run.id]}
    for _ in range(3):
        said(page, ask=question)
    assert len(answered) == 1
    said(page, ask=question | {"seq": 4})
    assert sent_to_pad(page)["reply"]["seq"] == 4
    assert len(answered) == 2


def test_any_number_of_runs_of_both_kinds_is_asked_and_told_apart(trained: Train) -> None:
    made = [trained(seed=seed, epochs=1).id for seed in range(7)]
    made.append(trained("autoencoder", params={"hidden": 16, "code_size": 4}, epochs=1).id)
    runs = sent_to_pad(opened(run=",".join(made)))["runs"]
    assert [run["id"] for run in runs] == made
    assert [run["task"] for run in runs] == ["classify"] * 7 + ["reconstruct"]
    assert all(run["classes"] == list("0123456789") for run in runs)


def test_the_panels_are_remembered_and_in_the_address(runs: RunStore) -> None:
    page = opened()
    assert sent_to_pad(page)["panels"] == ["growth", "map"]
    page.pills(key="show").set_value(["steps", "growth"])
    sound(page.run())
    assert sent_to_pad(page)["panels"] == ["growth", "steps"]  # in the page's order, not in that of the clicks
    page.pills(key="show").set_value([])
    assert sent_to_pad(sound(page.run()))["panels"] == []
    assert sent_to_pad(opened(show="Steps"))["panels"] == ["steps"]
    assert sent_to_pad(opened(show="River"))["panels"] == ["growth"]  # a link from when it was called so
    for written in ("steps", "STEPS"):
        page = opened(show=written)
        assert sent_to_pad(page)["panels"] == ["steps"]
        assert page.query_params["show"] == "Steps"
    assert sent_to_pad(opened(show="nothing"))["panels"] == ["growth", "map"]


def test_without_an_autoencoder_the_map_panel_has_none(trained: Train, submitted: list[Any]) -> None:
    run = trained()
    assert sent_to_pad(opened())["map"] is None
    assert submitted == [("calibration", run)]


def test_the_map_and_the_references_are_begun_unasked(trained: Train, submitted: list[Any]) -> None:
    run = trained("autoencoder", params={"hidden": 16, "code_size": 4}, epochs=1)
    page = opened()
    title = {"run": run.id, "name": run.name, "method": "pca", "title": "PCA", "version": None}
    assert sent_to_pad(page)["map"] == title
    sound(page.run())
    assert submitted == [("map", run, "pca", "test"), ("reference", run)]
    page.pills(key="show").set_value(["growth"])
    assert sent_to_pad(sound(page.run()))["map"] is None


def test_no_reference_is_measured_of_a_run_that_trains_or_has_no_weights(
    runs: RunStore, trained: Train, submitted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained("autoencoder", params={"hidden": 16, "code_size": 4}, epochs=1)
    broken = runs.create(small("autoencoder"))
    (broken.folder / "events.jsonl").write_text('{"event": "failed", "seconds": 0}\n')
    address = {"run": f"{broken.id},{run.id}", "show": "River"}
    with monkeypatch.context() as patch:
        patch.setattr(Run, "active", lambda self: self == run)
        opened(**address)
    assert not submitted
    opened(**address)
    opened(**address)  # another browser
    assert submitted == [("reference", run)]


@pytest.mark.parametrize("size", [4, 2])
def test_only_maps_that_are_quick_or_there_are_offered(trained: Train, size: int) -> None:
    run = trained("linear-autoencoder", params={"code_size": size}, epochs=1)
    compute(MAPS, run, "pca", "test")
    offered = [row.title for row in PROJECTORS.values() if row.quick and row.fits(size)]
    assert ("The code itself" in offered) == (size == 2)
    page = opened()
    assert page.selectbox(key="map-by").options == offered
    assert sent_to_pad(page)["map"]["version"] == run.weights_version()


def taught(page: AppTest) -> tuple[object, str, object]:
    told = sent_to_pad(page)["taught"]
    return told["count"], told["last"]["sentence"], told["last"]["undo"]


def test_a_drawing_is_saved_once_relabelled_and_taken_back(runs: RunStore) -> None:
    page = opened()
    assert sent_to_pad(page)["taught"] == {"count": 0, "last": None}
    page.session_state["hand"] = "Ada"
    drawing = {"strokes": STROKES, "width": 0.07, "stamp": 10}
    said(page, drawing=drawing, teach={"label": 7, "stamp": 11})
    assert taught(page) == (1, "Saved as 7.", True)
    saved = drawings().all()[0]
    assert (saved.label, saved.hand, saved.width) == (7, "Ada", 0.07)
    assert [stroke.tolist() for stroke in saved.strokes] == STROKES
    said(page, drawing=drawing, teach={"label": 7, "stamp": 11})  # any other rerun
    said(page, drawing=drawing | {"stamp": 12}, teach={"label": 7, "stamp": 13})  # the same ink, undone and redone
    assert taught(page) == (1, "Already saved as 7.", False)
    said(page, drawing=drawing, teach={"label": 1, "stamp": 14})
    assert taught(page) == (1, "Now saved as 1, no longer as 7.", True)
    said(page, drawing=drawing, teach={"undo": True, "stamp": 15})
    assert taught(page) == (1, "Saved as 7 again.", False)
    said(page, drawing={"strokes": OTHERS, "width": 0.07, "stamp": 16}, teach={"label": 0, "stamp": 17})
    assert taught(page) == (2, "Saved as 0.", True)
    said(page, drawing=drawing, teach={"undo": True, "stamp": 18})
    assert taught(page) == (1, "Not saved.", False)
    said(page, drawing=drawing, teach={"undo": True, "stamp": 19})
    assert taught(page) == (1, "There is nothing to take back.", False)
    assert [one.label for one in drawings().all()] == [7]


@pytest.mark.parametrize("label", [10, -1, 7.0, "7", True, None, [7]], ids=str)
def test_a_label_that_is_no_digit_saves_nothing(runs: RunStore, label: object) -> None:
    page = opened()
    said(page, drawing={"strokes": STROKES, "width": 0.07, "stamp": 1}, teach={"label": label, "stamp": 2})
    assert taught(page) == (0, "A drawing is meant to be a digit: choose one from 0 to 9.", False)


@pytest.mark.parametrize(
    "what", [7, "teach", {}, {"label": 7}, {"label": 7, "stamp": "2"}, {"label": 7, "stamp": 1e999}]
)
def test_what_the_pad_never_says_of_a_drawing_is_ignored(runs: RunStore, what: object) -> None:
    page = opened()
    said(page, drawing={"strokes": STROKES, "width": 0.07, "stamp": 1}, teach=what)
    assert sent_to_pad(page)["taught"] == {"count": 0, "last": None}


def test_an_empty_pad_and_a_file_that_cannot_be_read_are_sentences(runs: RunStore, tmp_path: Path) -> None:
    page = opened()
    said(page, teach={"label": 7, "stamp": 1})
    assert taught(page) == (0, "The pad is empty: draw a digit first.", False)
    drawings().path.mkdir(parents=True)  # a folder where the file should be
    said(page, drawing={"strokes": STROKES, "width": 0.07, "stamp": 2}, teach={"label": 7, "stamp": 3})
    count, sentence, undo = taught(page)
    assert (count, undo) == (None, False)
    assert sentence


def test_lines_with_pressure_come_back_as_they_were_drawn(runs: RunStore) -> None:
    page = opened()
    said(page, drawing={"strokes": OTHERS, "width": 0.05, "stamp": 1})
    again = AppTest.from_file(str(ROOT / "pages" / "draw.py"), default_timeout=60)
    again.session_state["drawing"] = page.session_state["drawing"]
    assert sent_to_pad(again.run())["drawing"]["strokes"] == OTHERS


def captions(page: AppTest) -> str:
    """The quiet lines, without what escapes their words."""
    return "\n".join(line.value for line in page.caption).replace("\\", "")


def test_classifiers_answer_calibrated_and_what_that_did_is_told(trained: Train, submitted: list[Any]) -> None:
    run = trained("mlp", epochs=2)
    page = opened()
    assert sent_to_pad(page)["calibrated"] is True
    assert submitted == [("calibration", run)]
    assert "Calibrated on half" not in captions(page)
    compute(CALIBRATION, run)
    found = CALIBRATION.load_current(run)
    assert found
    text = captions(sound(page.run()))
    assert f"{100 * found.confidence:.1f} % sure on average ({100 * found.confidence_before:.1f} % before)" in text
    page.toggle(key="calibrated").set_value(False)
    assert sent_to_pad(sound(page.run()))["calibrated"] is False
    assert "Calibrated on half" not in captions(page)


def test_the_note_of_the_main_model_is_told_as_it_is(trained: Train) -> None:
    run, other = trained("mlp"), trained("softmax")
    other.annotate("Of the other.")
    assert "Of the other" not in captions(opened(run=f"{run.id},{other.id}"))
    run.annotate("Learned from 5 * 5 digits,\n<b>no</b> more.")
    told = captions(opened(run=f"{run.id},{other.id}"))
    assert f"{run.name}: Learned from 5 * 5 digits, <b>no</b> more." in told
    assert "Of the other" not in told
