"""Models that are fitted at once, on the pages: a form without what they do not have, progress without curves."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from core.ink.collection import drawings
from core.models import MODELS
from core.runs import recorder
from core.runs.run import Run, Status
from core.runs.store import RunStore
from core.training.presets import PRESETS
from core.training.settings import SETTINGS
from tests.conftest import page_at, page_of_site, small, sound
from tests.pages.conftest import field, fields

pytestmark = pytest.mark.usefixtures("submitted")
FITTED = [name for name, spec in MODELS.items() if spec.learns == "at once"]


def words(at: AppTest) -> str:
    parts = [e.value for kind in (at.title, at.markdown, at.caption, at.error, at.info) for e in kind]
    return (
        "\n".join([*parts, *(e.proto.body for e in at.get("html"))])
        .replace("\N{NO-BREAK SPACE}", " ")
        .replace("\\", "")
    )


def logged(run: Run, *lines: dict[str, Any]) -> Run:
    with (run.folder / "events.jsonl").open("a", encoding="utf-8") as f:
        f.writelines(json.dumps(line) + "\n" for line in lines)
    return run


@pytest.fixture
def forest(runs: RunStore) -> Run:
    run = runs.create(small("forest", params={"trees": 5}), "A forest")
    recorder.train(run)
    return run


@pytest.mark.parametrize("name", FITTED)
def test_the_form_has_no_field_that_means_nothing(runs: RunStore, name: str) -> None:
    at = page_at("train")
    sound(field(at, "model").set_value(name).run())
    for row in SETTINGS.values():
        if row.of_steps:
            assert not fields(at, row.name), row.name
    assert not fields(at, f"loss-{name}")
    for kept in ("train_size", "per_class", "seed", "max_minutes", "augmentation-shift"):
        assert field(at, kept)
    assert not at.error
    assert not at.button(key="train").disabled


def test_what_a_net_left_in_the_form_is_not_handed_over(runs: RunStore) -> None:
    at = page_at("train")
    sound(field(at, "preset").set_value("cnn-pen").run())
    sound(field(at, "epochs").set_value(7).run())
    sound(field(at, "model").set_value("knn").run())
    field(at, "train_size").set_value(500)
    field(at, "knn-k").set_value(9)
    sound(field(at, "augmentation-shift").set_value(2.0).run())
    sound(at.button(key="train").click().run())
    (run,) = runs.runs()
    assert (run.config.train_size, run.config.params["k"], run.config.augmentation.shift) == (500, 9, 2.0)
    assert run.config.epochs == 1
    sound(field(at, "model").set_value("mlp").run())
    assert field(at, "epochs").value == PRESETS["mlp"].config.epochs


def test_a_run_of_it_fills_the_form_again(runs: RunStore) -> None:
    run = runs.create(replace(PRESETS["rbf-svm"].config, dataset="digits", train_size=200))
    at = page_at("train")
    at.session_state["train-again"] = run.id
    sound(at.run())
    assert field(at, "model").value == "rbf-svm"
    assert field(at, "train_size").value == 200
    assert field(at, "rbf-svm-gamma").value == 0.025
    assert not fields(at, "epochs")


def test_a_fit_under_way_shows_how_far_it_is_and_no_pause(runs: RunStore) -> None:
    run = runs.create(small("forest"), "A forest")
    logged(
        run,
        {"event": "started", "seconds": 0, "total_steps": 1, "parameters": 0},
        {"event": "fit", "seconds": 2.0, "share": 0.25},
    )
    with FileLock(run.folder / "lock"):
        at = page_at("train", run=run.id)
    assert "25 % fitted · 2.0 s so far · about 6 s left" in words(at)
    assert 'aria-valuenow="25"' in words(at)
    assert "A forest is fitted to 25 %. There is no curve" in words(at)
    assert not at.get("bidi_component")
    keys = {button.key for button in at.button}
    assert f"stop-{run.id}" in keys
    assert f"pause-{run.id}" not in keys
    assert "cannot be paused" in at.button(key=f"stop-{run.id}").help


def test_a_stopped_fit_says_what_resume_does(runs: RunStore) -> None:
    run = runs.create(small("forest"), "A forest")
    logged(
        run,
        {"event": "started", "seconds": 0, "total_steps": 1, "parameters": 0},
        {"event": "fit", "seconds": 2.0, "share": 0.25},
        {"event": "stopped", "seconds": 2.0, "message": "Stopped on request."},
    )
    at = page_at("train", run=run.id)
    assert "Resume fits it anew: what was fitted in part is not kept." in words(at)
    assert at.button(key=f"resume-{run.id}")


def test_a_finished_one_has_a_sentence_and_its_answers_instead_of_a_curve(forest: Run) -> None:
    at = page_at("train", run=forest.id)
    assert "A forest has a test accuracy of" in words(at)
    assert "There is no curve: a model that is fitted at once takes no steps" in words(at)
    assert "fitted at once ·" in words(at)
    assert "test digits right" in words(at)
    assert not at.get("bidi_component")
    assert not [button.key for button in at.button if str(button.key).startswith(("longer", "pause"))]


def test_beside_a_net_it_is_a_level_among_the_curves(forest: Run, runs: RunStore) -> None:
    net = runs.create(small("softmax"), "A net")
    recorder.train(net)
    at = page_at("train", run=f"{forest.id},{net.id}")
    (component,) = at.get("bidi_component")
    traces = json.loads(component.proto.json)["figure"]["data"]
    (level,) = (t for t in traces if t["name"] == "A forest" and t.get("yaxis") == "y2")
    accuracy = forest.history().epochs[-1].test["accuracy"]
    assert level["y"] == pytest.approx([accuracy, accuracy], abs=1e-4)
    assert level["x"] == [0, 2]
    assert "Dashed levels: test digits of what is fitted at once" in words(at)


def test_the_runs_page_compares_it(forest: Run, runs: RunStore) -> None:
    net = runs.create(small("softmax"), "A net")
    recorder.train(net)
    for chosen in (forest.id, f"{forest.id},{net.id}"):
        at = page_of_site("runs", run=chosen)
        assert "A forest has a test accuracy of" in words(at)
    assert forest.status() == Status.FINISHED


def test_it_is_not_offered_where_drawings_are_learned(
    forest: Run, runs: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    net = runs.create(small("softmax"), "A net")
    recorder.train(net)
    line = {"label": 3, "strokes": [[[0.3, 0.1], [0.5, 0.9]]], "saved": 1_000_000, "id": "one"}
    drawings().import_lines(json.dumps(line).encode())
    at = page_of_site("your_hand")
    (box,) = (box for box in at.selectbox if box.key == "learn-run")
    assert box.options == ["A net"]
    assert "A forest" in words(at)  # which reads them all the same
