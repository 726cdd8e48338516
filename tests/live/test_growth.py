"""core/live/growth.py: how a drawing was read while it grew."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from core.ink.render import parse_strokes, prefix, render
from core.live.answer import answer
from core.live.growth import PARTS
from core.runs.run import Run
from core.runs.weights import load_model

STROKES = [[[0.3, 0.2], [0.7, 0.2], [0.45, 0.8]], [[0.3, 0.5, 1.0], [0.6, 0.5, 1.4]]]


def ask(**changes: object) -> dict[str, Any]:
    question = {"kind": "growth", "seq": 1, "strokes": STROKES, "width": 0.07, **changes}
    reply: dict[str, Any] = json.loads(answer(json.dumps(question)))
    return reply


def test_the_growth_reads_each_part_of_the_ink(trained: Callable[..., Run]) -> None:
    run = trained()
    reply = ask(run=run.id, off=["mass"])
    assert len(reply["at"]) == len(reply["probabilities"]) == PARTS
    assert reply["at"] == sorted(set(reply["at"]))
    assert reply["at"][-1] == 1
    strokes = parse_strokes(STROKES)
    for number in (0, 11, PARTS - 1):
        image = render(prefix(strokes, reply["at"][number]), 0.07, ["mass"])
        np.testing.assert_allclose(
            reply["probabilities"][number], load_model(run).predict_proba(image[None])[0], atol=1e-4
        )


def test_an_empty_pad_has_no_growth_and_an_autoencoder_reads_none(trained: Callable[..., Run]) -> None:
    assert ask(run=trained().id, strokes=[]) == {"seq": 1, "at": [], "probabilities": []}
    assert "choose a classifier" in ask(run=trained("autoencoder", epochs=1).id)["error"]
