"""core/live.py: a question is answered, and whatever a stranger sends gets an error answer instead of an exception."""

import base64
import json
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core import ink, live
from core.latent import project
from core.runs import Run, RunStore

STROKES = [[[0.3, 0.2], [0.7, 0.2], [0.45, 0.8]]]
Train = Callable[..., Run]


def ask(**changes: object) -> dict[str, Any]:
    question = {"kind": "draw", "seq": 7, "strokes": STROKES, "width": 0.07, "runs": [], **changes}
    reply: dict[str, Any] = json.loads(live.answer(json.dumps(question)))
    return reply


def picture(reply: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(reply["image"]), np.uint8).reshape(28, 28)


def test_a_drawing_is_answered_with_the_picture_and_each_runs_probabilities(trained: Train) -> None:
    one, two = trained(), trained(seed=5)
    reply = ask(runs=[one.id, two.id])
    image = ink.render([np.array(stroke) for stroke in STROKES], 0.07)
    assert reply["seq"] == 7
    assert (picture(reply) == image).all()
    assert reply["errors"] == {}
    for run in (one, two):
        expected = run.load_model().predict_proba(image[None])[0]
        assert np.allclose(reply["answers"][run.id], expected, atol=1e-5)


def test_text_and_bytes_are_the_same_question(runs: RunStore) -> None:
    question = json.dumps({"kind": "draw", "seq": 1, "strokes": STROKES, "width": 0.07, "runs": []})
    assert live.answer(question) == live.answer(question.encode())


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


def test_an_autoencoder_does_not_read_digits(trained: Train) -> None:
    run = trained("autoencoder", epochs=1)
    assert "choose a classifier" in ask(runs=[run.id])["errors"][run.id]


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
    reply = json.loads(live.answer(message))
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
        {"runs": ["cnn"] * 7},
        {"runs": {"cnn": 1}},
        {"kind": "decode"},
        {"kind": "decode", "run": "cnn", "method": "magic", "x": 0, "y": 0},
        {"kind": "decode", "run": "cnn", "method": {}, "x": 0, "y": 0},
        {"kind": "decode", "run": "../cnn", "method": "pca", "x": 0, "y": 0},
        {"kind": "decode", "run": 5, "method": "pca", "x": 0, "y": 0},
        {"kind": "decode", "run": "nothing", "method": "pca", "x": 0, "y": 0},
        {"kind": "decode", "run": "nothing", "method": "pca", "x": "0", "y": 0},
        {"kind": "decode", "run": "nothing", "method": "pca", "x": 10**300, "y": 0},
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


def test_decode_draws_the_decoders_digit_for_a_place_on_the_map(trained: Train) -> None:
    run = trained("autoencoder", epochs=1)
    place = {"kind": "decode", "run": run.id, "method": "pca", "x": 0.25, "y": -0.5}
    assert "compute it" in ask(**place)["error"]
    run.projection_file("pca").parent.mkdir(exist_ok=True)
    project(run, "pca")
    reply = ask(**place)
    assert set(reply) == {"seq", "image", "distance"}
    assert picture(reply).max() > 0
    assert reply["distance"] >= 0
    far = ask(**{**place, "x": 500.0})
    assert far["distance"] > reply["distance"] + 100


def test_a_classifier_decodes_nothing(trained: Train) -> None:
    run = trained()
    assert "no decoder" in ask(kind="decode", run=run.id, method="pca", x=0, y=0)["error"]
