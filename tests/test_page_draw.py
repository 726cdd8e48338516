"""pages/draw.py and the pad: which models are offered, and what becomes of what the browser sends."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import ink
from core.runs import Run, RunStore
from tests.conftest import ROOT, page_at, small

STROKES = [[[0.3, 0.2], [0.6, 0.8]]]
Train = Callable[..., Run]


def opened() -> AppTest:
    return page_at("draw")


def sent_to_pad(page: AppTest) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(page.get("bidi_component")[0].proto.json)
    return data


def test_the_page_offers_the_shipped_classifiers_best_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITLAB_CHECKPOINTS", str(ROOT / "checkpoints"))
    shown = [run["id"] for run in sent_to_pad(opened())["runs"]]
    assert [run_id for run_id in shown if run_id in ("cnn", "mlp", "softmax")] == ["cnn", "mlp", "softmax"]


def test_the_newest_finished_run_is_there_too_but_not_one_that_has_not_begun(runs: RunStore, trained: Train) -> None:
    trained()
    newest = trained(seed=2)
    runs.create(small(), "Not begun")
    assert [run["id"] for run in sent_to_pad(opened())["runs"]] == [newest.id]


def test_without_any_run_the_pad_is_there(runs: RunStore) -> None:
    data = sent_to_pad(opened())
    assert data["runs"] == []
    assert data["show_answers"]


def test_opening_the_page_does_not_import_torch() -> None:
    script = f"""
import sys
from streamlit.testing.v1 import AppTest
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
    assert (drawing.image == ink.render([np.array(STROKES[0])], 0.05)).all()
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
