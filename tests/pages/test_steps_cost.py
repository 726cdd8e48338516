"""What each step is worth, on the Draw page: asked for on a button, followed while it is measured, shown as a table."""

import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.ink.collection import drawings
from core.ink.render import STEPS
from core.measures.preprocessing import PREPROCESSING
from core.runs.run import Run
from core.runs.store import RunStore
from pages.parts.draw import steps_cost
from tests.conftest import change_weights, compute, page_at, sound
from tests.ink.test_render import drawn
from tests.pages.conftest import others, under_way

Train = Callable[..., Run]


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, submitted: list[Any]) -> None:
    """Drawings of its own; what the page asks for is only noted."""
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))


def measured(run: Run, *losses: float, drawn: int = 0) -> None:
    """What a worker stores: what the steps lose, in order, of 95 % of the moved and 90 % of the drawings."""
    rows: list[dict[str, Any]] = [{"off": "", "drawings": 0.9 if drawn else None, "moved": 0.95}]
    for step, loss in zip(STEPS, losses, strict=True):
        rows.append({"off": step, "drawings": 0.9 - loss / 2 if drawn else None, "moved": 0.95 - loss})
    facts = {"weights_version": run.weights_version(), "drawings_version": list(drawings().version())}
    PREPROCESSING.job(run).lock.parent.mkdir(exist_ok=True)
    PREPROCESSING.write(run, {}, {**facts, "drawings_count": drawn, "moved_count": 1000, "rows": rows})


def press(at: AppTest, run: Run) -> AppTest:
    at.button(key=f"start-{run.id}-preprocessing").click()
    return sound(at.run())


def opened() -> AppTest:
    return page_at("draw", show="Steps")


def captions(at: AppTest) -> str:
    return "\n".join(element.value for element in at.caption).replace("\\", "")


def table(at: AppTest) -> list[list[str]]:
    """The lines of the table, as texts."""
    (html,) = [element.proto.body for element in at.get("html") if "class='sc'" in element.proto.body]
    lines = re.findall(r"<tr>(.*?)</tr>", html)
    return [[unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", line)] for line in lines]


def buttons(at: AppTest) -> list[str]:
    return [button.label for button in at.button if str(button.key).endswith("-preprocessing")]


def doing(at: AppTest) -> tuple[int, str]:
    """How far the progress bar is, and what it says."""
    (found,) = at.get("progress")
    return found.proto.value, found.proto.text.replace("\\", "")


def test_the_steps_have_their_titles_in_the_order_they_are_taken() -> None:
    assert tuple(steps_cost.TITLES) == STEPS


def test_without_a_classifier_it_says_what_to_do(runs: RunStore) -> None:
    at = opened()
    assert "Choose a classifier" in captions(at)
    assert not buttons(at)


def test_the_button_asks_once_and_the_page_waits(trained: Train, submitted: list[Any]) -> None:
    run, at = trained(), opened()
    assert not others(submitted)
    assert f"How often {run.name} is right with all steps" in captions(at)
    press(at, run)
    for session in (at, opened()):
        assert doing(session) == (0, f"{run.name}: starting a process")
        assert buttons(session) == ["Cancel"]
    assert others(submitted) == [("preprocessing", run)]


def test_what_is_cancelled_is_offered_again(trained: Train, submitted: list[Any]) -> None:
    run, at = trained(), opened()
    offered = buttons(at)
    at = press(at, run)
    at.button(key=f"cancel-{run.id}-preprocessing").click()
    assert "Cancelled." in captions(sound(at.run()))
    assert buttons(at) == offered
    press(at, run)
    assert others(submitted) == [("preprocessing", run)] * 2


def test_progress_then_the_table(trained: Train) -> None:
    run, at = trained(), opened()
    press(at, run)
    job = PREPROCESSING.job(run)
    with under_way(job, message="without crop"):
        sound(at.run())
    assert doing(at) == (40, f"{run.name}: without crop")
    job.note.unlink()
    measured(run, 0.3, 0.02, 0.5, 0.001, 0.0, 0.85, drawn=20)
    sound(at.run())
    assert not at.get("progress")
    assert not buttons(at)  # it is up to date
    head, *lines = table(at)
    assert head == ["Switched off", "20 saved drawings", "Loss", "1,000 moved test digits", "Loss"]
    assert lines[0] == ["nothing", "90.0 %", "", "95.0 %", ""]
    assert lines[3] == ["Centre of mass", "65.0 %", "−25.0 points", "45.0 %", "−50.0 points"]
    assert lines[5] == ["Smooth edges", "90.0 %", "±0.0 points", "95.0 %", "±0.0 points"]
    assert "without “light on dark” 85.0 points are lost" in captions(at)


def test_without_saved_drawings_the_table_has_no_columns_for_them(trained: Train) -> None:
    measured(trained(), 0, 0, 0, 0, 0, -0.02)
    at = opened()
    assert table(at)[0] == ["Switched off", "1,000 moved test digits", "Loss"]
    assert table(at)[-1] == ["Light on dark", "97.0 %", "+2.0 points"]
    assert "no step is missed" in captions(at)


@pytest.mark.parametrize("what", ["weights", "drawings"])
def test_an_outdated_report_is_shown_as_such_and_can_be_measured_again(
    trained: Train, submitted: list[Any], what: str
) -> None:
    run = trained()
    measured(run, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)
    assert not buttons(opened())
    if what == "weights":
        change_weights(run)
    else:
        drawings().add(drawn(3), 0.07, 3)
    at = opened()
    assert len(table(at)) == 8
    assert "The model or the saved drawings have changed since this was measured." in captions(at)
    assert buttons(at) == ["Measure again"]
    press(at, run)
    assert others(submitted) == [("preprocessing", run)]
    assert doing(at) == (0, f"{run.name}: starting a process")
    assert len(table(at)) == 8


@pytest.mark.parametrize("ending", ["failed", "interrupted"])
def test_a_failure_is_a_sentence_with_a_way_on(
    trained: Train, submitted: list[Any], monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    def fail(run: Run) -> None:
        raise ValueError("The disk is full: free some space.")

    run, at = trained(), opened()
    press(at, run)
    if ending == "failed":
        with monkeypatch.context() as patch:
            patch.setattr("core.measures.preprocessing.load_model", fail)
            compute(PREPROCESSING, run)
    else:
        with under_way(PREPROCESSING.job(run)):
            pass
    sound(at.run())
    assert {"failed": "The disk is full", "interrupted": "The computation was interrupted"}[ending] in captions(at)
    assert buttons(at) == ["Try again"]
    press(at, run)
    assert doing(at) == (0, f"{run.name}: starting a process")
    assert others(submitted) == [("preprocessing", run)] * 2


def test_a_run_that_is_gone_is_a_sentence(trained: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained()

    def vanish(classifiers: dict[str, Run]) -> Run:
        shutil.rmtree(run.folder)
        return run

    monkeypatch.setattr(steps_cost, "_pick", vanish)
    at = opened()
    assert f"The run {run.id} is gone." in captions(at)
    assert not at.get("progress")
    assert not buttons(at)


def test_with_several_classifiers_one_is_chosen(trained: Train, submitted: list[Any]) -> None:
    first, second = trained(), trained("mlp")
    at = page_at("draw", show="Steps", run=f"{first.id},{second.id}")
    at.selectbox(key="steps-run").select(second.id)
    press(sound(at.run()), second)
    assert others(submitted) == [("preprocessing", second)]
