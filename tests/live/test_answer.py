"""Live answers: a question is answered, and whatever a stranger sends gets an error answer instead of an exception."""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data import datasets
from core.ink import render
from core.latent.maps import MAPS, load_projection
from core.live.answer import answer
from core.measures.reconstruction import reconstruction_errors
from core.measures.reference import REFERENCE
from core.runs.run import Run
from core.runs.store import RunStore
from core.runs.weights import load_model
from tests.conftest import change_weights, compute

STROKES = [[[0.3, 0.2], [0.7, 0.2], [0.45, 0.8]]]
Train = Callable[..., Run]


def ask(**changes: object) -> dict[str, Any]:
    question = {"kind": "draw", "seq": 7, "strokes": STROKES, "width": 0.07, "runs": [], **changes}
    reply: dict[str, Any] = json.loads(answer(json.dumps(question)))
    return reply


def listing(folder: Path) -> dict[Path, int]:
    """Every file and folder below one, with when it was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def picture(reply: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(reply["image"]), np.uint8).reshape(28, 28)


def test_a_drawing_is_answered_with_the_picture_and_each_runs_probabilities(trained: Train) -> None:
    one, two = trained(), trained(seed=5)
    reply = ask(runs=[one.id, two.id])
    image = render.render([np.array(stroke) for stroke in STROKES], 0.07)
    assert reply["seq"] == 7
    assert (picture(reply) == image).all()
    assert reply["errors"] == {}
    for run in (one, two):
        expected = load_model(run).predict_proba(image[None])[0]
        assert np.allclose(reply["answers"][run.id], expected, atol=1e-5)


def test_text_and_bytes_are_the_same_question(runs: RunStore) -> None:
    question = json.dumps({"kind": "draw", "seq": 1, "strokes": STROKES, "width": 0.07, "runs": []})
    assert answer(question) == answer(question.encode())


def test_an_empty_pad_gets_an_empty_picture_and_no_verdict(trained: Train) -> None:
    reply = ask(strokes=[], runs=[trained().id])
    assert not picture(reply).any()
    assert reply["answers"] == {}
    assert reply["errors"] == {}


def test_newer_weights_answer_as_soon_as_they_are_written(trained: Train) -> None:
    run, other = trained(), trained(seed=9)
    before = ask(runs=[run.id])["answers"][run.id]
    shutil.copyfile(other.folder / "weights.safetensors", run.folder / "weights.safetensors")
    after = ask(runs=[run.id])["answers"][run.id]
    assert after != before
    assert after == ask(runs=[other.id])["answers"][other.id]


def test_one_vanished_or_torn_run_does_not_silence_the_others(trained: Train) -> None:
    good, vanished, torn, empty = trained(), trained(), trained(), trained()
    everything = [good.id, vanished.id, torn.id, empty.id]
    assert set(ask(runs=everything)["answers"]) == set(everything)
    shutil.rmtree(vanished.folder)
    weights = torn.folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    (empty.folder / "weights.safetensors").unlink()
    reply = ask(runs=everything)
    assert set(reply["answers"]) == {good.id}
    assert set(reply["errors"]) == {vanished.id, torn.id, empty.id}
    assert all(sentence.endswith(".") for sentence in reply["errors"].values())


@pytest.fixture
def mapped(trained: Train) -> Run:
    """A small autoencoder with a map."""
    run = trained("autoencoder", epochs=1)
    compute(MAPS, run, "pca", "test")
    return run


def test_an_autoencoder_redraws_and_says_how_unusual_it_finds_it(mapped: Run) -> None:
    reply = ask(runs=[mapped.id])
    assert reply["errors"] == reply["answers"] == {}
    redrawn = reply["redrawn"][mapped.id]
    image = render.render([np.array(stroke) for stroke in STROKES], 0.07)
    model = load_model(mapped)
    expected = model.decode(model.encode(image[None]))[0]
    assert np.abs(picture(redrawn).astype(int) - np.rint(255 * expected)).max() <= 1
    assert redrawn["error"] == pytest.approx(np.square(image / 255 - expected).mean(), rel=1e-3)
    assert redrawn["percentile"] is None
    compute(REFERENCE, mapped)
    errors = reconstruction_errors(model, datasets.load("digits").test.images)
    percentile = ask(runs=[mapped.id])["redrawn"][mapped.id]["percentile"]
    assert percentile == pytest.approx((errors < redrawn["error"]).mean(), abs=0.01)


def test_a_question_starts_no_process_and_writes_no_file(
    mapped: Run, trained: Train, submitted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, folder = trained(), mapped.folder.parent
    monkeypatch.setattr(subprocess.Popen, "__init__", lambda *args, **more: pytest.fail("a process was started"))
    before = listing(folder)

    def ask_all() -> None:
        on_map = {"run": mapped.id, "method": "pca"}
        for _ in range(2):
            assert ask(runs=[mapped.id, reader.id], map=on_map, off=["box"], stages=True)["errors"] == {}
            assert "error" in ask(runs=[], map={**on_map, "method": "umap"})["map"]
            assert "points" in ask(kind="map", **on_map)
            assert "image" in ask(kind="decode", x=0, y=0, **on_map)
            assert "images" in ask(kind="plane", places=[[0, 0]], **on_map)
            assert "frames" in ask(kind="morph", run=mapped.id, to=3)

    ask_all()
    assert listing(folder) == before  # measured by nobody
    compute(REFERENCE, mapped)
    before = listing(folder)
    ask_all()
    assert listing(folder) == before
    assert not submitted


def test_what_could_not_be_measured_is_said_with_the_picture(mapped: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object) -> None:
        raise ValueError("The disk is full. Free some space.")

    monkeypatch.setattr("core.measures.reference.reconstruction_errors", fails)
    compute(REFERENCE, mapped)
    for _ in range(2):  # whoever asks
        reply = ask(runs=[mapped.id])
        assert reply["errors"] == {mapped.id: "The disk is full. Free some space."}
        assert picture(reply["redrawn"][mapped.id]).max() > 0


def test_steps_left_out_are_answered_beside_the_full_picture(trained: Train) -> None:
    run = trained()
    plain, without = ask(runs=[run.id]), ask(runs=[run.id], off=["box", "crop"], stages=True)
    assert "full" not in plain
    assert "stages" not in plain
    (full,), (answer,) = without["full"].values(), plain["answers"].values()
    assert full == pytest.approx(answer, abs=1.5e-5)  # of another batch, and so rounded otherwise in the fifth decimal
    strokes = [np.array(stroke) for stroke in STROKES]
    assert (picture(without) == render.render(strokes, 0.07, ["crop", "box"])).all()
    stages = [picture({"image": stage}) for stage in without["stages"]]
    assert all((a == b).all() for a, b in zip(stages, render.stages(strokes, 0.07, ["crop", "box"]), strict=True))
    assert ask(strokes=[], off=["box"], stages=True)["full"] == {}


def test_a_drawing_has_its_place_on_the_map(mapped: Run) -> None:
    on_map = {"run": mapped.id, "method": "pca"}
    bare = ask(map=on_map)["map"]
    assert bare["near"] == bare["classes"] == []
    compute(REFERENCE, mapped)
    reply = ask(map=on_map, runs=[mapped.id])["map"]
    assert (reply["x"], reply["y"]) == (bare["x"], bare["y"])
    image = render.render([np.array(stroke) for stroke in STROKES], 0.07)
    train = datasets.load("digits").train
    model = load_model(mapped)
    distances = np.linalg.norm(model.encode(train.images) - model.encode(image[None]), axis=1)
    assert [index for index, _, _ in reply["near"]] == distances.argsort()[:8].tolist()
    assert sorted(label for _, label, _ in reply["classes"]) == list(range(10))
    for index, label, distance in reply["near"] + reply["classes"]:
        assert label == train.labels[index]
        assert distance == pytest.approx(distances[index], abs=1e-3)
        assert distance == pytest.approx(distances[train.labels == label].min(), abs=1e-3) or index not in [
            nearest for nearest, _, _ in reply["classes"]
        ]
    assert "map" not in ask(map=on_map, strokes=[])


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"run": "nothing", "method": "pca"}, "Choose"),
        ({"run": "", "method": "umap"}, "has no UMAP map yet"),
        ({"run": "", "method": "magic"}, "methods are"),
        ({"run": "", "method": "pca", "sample": "some"}, "samples are"),
        ({"run": "", "method": "pca", "sample": "all"}, "has no PCA map yet"),
        ({"run": 5, "method": "pca"}, "send a run id"),
        ({}, "methods are"),
    ],
)
def test_a_map_there_is_none_of_does_not_silence_the_models(mapped: Run, asked: dict[str, Any], says: str) -> None:
    if asked.get("run") == "":
        asked = {**asked, "run": mapped.id}
    reply = ask(map=asked, runs=[mapped.id])
    assert list(reply["map"]) == ["error"]
    assert mapped.id in reply["redrawn"]
    if asked.get("run") != "nothing":
        assert says in reply["map"]["error"]


def test_a_map_of_older_weights_is_refused(mapped: Run) -> None:
    on_map = {"run": mapped.id, "method": "pca"}
    change_weights(mapped)
    assert "has changed" in ask(map=on_map)["map"]["error"]
    assert "has changed" in ask(kind="map", **on_map)["error"]


def test_a_map_comes_whole(mapped: Run) -> None:
    projection = load_projection(mapped, "pca")
    assert projection is not None
    reply = ask(kind="map", run=mapped.id, method="pca")
    points = np.frombuffer(base64.b64decode(reply["points"]), "<f4").reshape(-1, 2)
    np.testing.assert_array_equal(points, projection.points)
    labels = np.frombuffer(base64.b64decode(reply["labels"]), np.uint8)
    np.testing.assert_array_equal(labels, projection.labels)
    assert (reply["dataset"], reply["exact"], reply["classes"]) == ("digits", True, list("0123456789"))
    assert reply["version"] == projection.version
    assert ask(kind="map", run=mapped.id, method="pca", sample="test") == reply


def test_a_morph_leads_from_the_drawing_to_the_digit(mapped: Run) -> None:
    reply = ask(kind="morph", run=mapped.id, to=17)
    frames = [picture({"image": frame}).astype(int) for frame in reply["frames"]]
    assert len(frames) == 9
    model = load_model(mapped)
    image = render.render([np.array(stroke) for stroke in STROKES], 0.07)
    ends = model.decode(model.encode(np.stack([image, datasets.load("digits").train.images[17]])))
    for frame, end in zip((frames[0], frames[-1]), ends, strict=True):
        assert np.abs(frame - 255 * end).max() <= 1
    for to in (-1, 1438, 10_000, "17", None):
        assert "whole number from 0 to 1437" in ask(kind="morph", run=mapped.id, to=to)["error"]
    assert "draw something" in ask(kind="morph", run=mapped.id, to=17, strokes=[])["error"]


def test_a_picture_is_traced_into_strokes_that_can_be_drawn() -> None:
    image = render.render([np.array(stroke) for stroke in STROKES], 0.07)
    reply = ask(kind="trace", columns=28, rows=28, grey=base64.b64encode(image.tobytes()).decode())
    assert np.corrcoef(picture(ask(**reply)).ravel(), image.ravel())[0, 1] > 0.9
    blank = base64.b64encode(bytes(784)).decode()
    assert ask(kind="trace", columns=28, rows=28, grey=blank)["error"].endswith(".")


@pytest.mark.parametrize(
    "run_id", ["nothing", "", "../../etc", "/etc", "a/b", "..", "cnn\x00", "A" * 5000, "\ud800", "C:\\runs", "%2e%2e"]
)
def test_an_unknown_or_pathlike_run_is_an_error_of_that_run(runs: RunStore, run_id: str) -> None:
    reply = ask(runs=[run_id])
    assert list(reply["errors"]) == [run_id]
    assert len(reply["errors"][run_id]) < 300
    assert reply["answers"] == {}


HOSTILE: dict[str, bytes | str] = {
    "nothing": b"",
    "random bytes": np.random.default_rng(0).bytes(5000),
    "invalid UTF-8": b'{"kind": "\xff\xfe"}',
    "NaN": b'{"kind":"draw","seq":1,"strokes":[[[NaN,0]]],"width":0.07,"runs":[]}',
    "Infinity": b'{"kind":"draw","seq":1,"strokes":[[[Infinity,0]]],"width":0.07,"runs":[]}',
    "half a message": b'{"kind":"draw","seq":1,"strokes":[[[0.1',
    "deep nesting": b"[" * 100_000,
    "deep nesting inside": b'{"kind":"draw","seq":1,"strokes":' + b"[" * 60_000 + b"]" * 60_000 + b"}",
    "a list": b"[1, 2]",
    "a number": b"5",
    "null": b"null",
    "an integer of 5,000 digits": b'{"kind":"draw","seq":' + b"9" * 5000 + b"}",
    "10 MB": b"a" * 10_000_000,
    "10 MB of JSON": json.dumps({"kind": "draw", "seq": 1, "strokes": "x" * 10_000_000}),
}


@pytest.mark.parametrize("message", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_message_gets_an_error_sentence(message: bytes | str) -> None:
    reply = json.loads(answer(message))
    assert set(reply) == {"error"}
    assert reply["error"].endswith(".")
    assert len(reply["error"]) < 300


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "train"},
        {"kind": None},
        {"kind": ["draw"]},
        {"strokes": None},
        {"strokes": [[[0.1, 0.1]]] * 10_000},
        {"strokes": [[["a", 0.1]]]},
        {"strokes": [[[10**300, 0.1]]]},
        {"strokes": [[[0.1, 0.1], [0.1]]]},
        {"strokes": [[[50, 0.1]]]},
        {"width": None},
        {"width": "0.07"},
        {"width": True},
        {"width": 0},
        {"width": -1},
        {"width": 10**300},
        {"width": [0.07]},
        {"runs": None},
        {"runs": "cnn"},
        {"runs": [1]},
        {"runs": [["cnn"]]},
        {"runs": ["cnn"] * 65},
        {"off": "crop"},
        {"off": ["shine"]},
        {"calibrated": 1},
        {"off": [["crop"]]},
        {"map": "vae-2"},
        {"strokes": [[[0.1, 0.1, 9]]]},
        {"kind": "map"},
        {"kind": "map", "run": "nothing", "method": "pca"},
        {"kind": "map", "run": {}, "method": "pca"},
        {"kind": "growth"},
        {"kind": "growth", "run": "nothing"},
        {"kind": "morph", "run": "nothing", "to": 0},
        {"kind": "morph", "strokes": [], "run": "nothing", "to": 0},
        {"kind": "trace"},
        {"kind": "trace", "columns": 2, "rows": 2, "grey": "####"},
        {"kind": "trace", "columns": 2, "rows": 2, "grey": "AAAA"},
        {"kind": "trace", "columns": 2, "rows": 2, "grey": "AAAAAA=="},
        {"kind": "trace", "columns": 321, "rows": 1, "grey": ""},
        {"kind": "trace", "columns": 0, "rows": 0, "grey": ""},
        {"kind": "trace", "columns": 1.0, "rows": True, "grey": "AA=="},
        {"runs": {"cnn": 1}},
        {"kind": "decode"},
        {"kind": "decode", "run": "cnn", "method": "magic", "x": 0, "y": 0},
        {"kind": "decode", "run": "cnn", "method": {}, "x": 0, "y": 0},
        {"kind": "decode", "run": "../cnn", "method": "pca", "x": 0, "y": 0},
        {"kind": "decode", "run": 5, "method": "pca", "x": 0, "y": 0},
        {"kind": "decode", "run": "nothing", "method": "pca", "x": 0, "y": 0},
        {"kind": "decode", "run": "nothing", "method": "pca", "x": "0", "y": 0},
        {"kind": "decode", "run": "nothing", "method": "pca", "x": 10**300, "y": 0},
        {"kind": "decode", "run": "nothing", "method": "pca", "sample": ["test"], "x": 0, "y": 0},
        {"kind": "decode", "run": "nothing", "method": "pca", "sample": "../all", "x": 0, "y": 0},
        {"kind": "plane"},
        {"kind": "plane", "run": "nothing", "method": "pca"},
        {"kind": "plane", "run": "nothing", "method": "pca", "places": []},
        {"kind": "plane", "run": "nothing", "method": "pca", "places": [[0, 0]]},
        {"kind": "code"},
        {"kind": "code", "run": "nothing", "codes": [[0, 0]]},
        {"kind": "code", "run": ["nothing"], "codes": [[0, 0]]},
    ],
    ids=str,
)
def test_a_wrong_question_gets_an_error_with_its_number(runs: RunStore, changes: dict[str, Any]) -> None:
    reply = ask(**changes)
    assert set(reply) == {"seq", "error"}
    assert reply["seq"] == 7
    assert len(reply["error"]) < 300


@pytest.mark.parametrize("seq", [None, "1", 1.5, True, -1, 2**60, [1], {}], ids=str)
def test_a_number_that_is_none_is_refused(seq: object) -> None:
    assert set(ask(seq=seq)) == {"error"}


def test_a_classifier_decodes_nothing(trained: Train) -> None:
    run = trained()
    assert "no decoder" in ask(kind="decode", run=run.id, method="pca", x=0, y=0)["error"]
