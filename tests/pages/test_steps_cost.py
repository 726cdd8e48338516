"""What each step is worth, on the Draw page: asked for on a button, followed while it is measured, shown as a table."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ink.render import STEPS
from core.jobs import submit
from core.jobs.state import Work
from core.measures.preprocessing import Row, StepsReport
from core.runs.run import Run, RunNotFound
from core.runs.store import RunStore
from pages.parts.draw import steps_cost
from tests.conftest import page_at, sound

Train = Callable[..., Run]


class Bench:
    """A stand-in for core.measures.preprocessing and its worker: what they say, and what they were asked for."""

    def __init__(self) -> None:
        self.work = Work("absent")
        self.report: StepsReport | None = None
        self.asked: list[str] = []

    def done(self, *losses: float, drawings: int = 0, current: bool = True) -> None:
        """The measurement has ended: what the steps lose, in order, of 95 % of the moved and 90 % of the drawings."""
        rows = [Row("", 0.9 if drawings else None, 0.95)]
        for step, loss in zip(STEPS, losses, strict=True):
            rows.append(Row(step, 0.9 - loss / 2 if drawings else None, 0.95 - loss))
        self.report = StepsReport(tuple(rows), drawings, 1000, current)
        self.work = Work("ready", 1.0) if current else Work("absent")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench()
    monkeypatch.setattr(steps_cost, "steps_state", lambda run: made.work)
    monkeypatch.setattr(steps_cost, "load_steps", lambda run: made.report)
    monkeypatch.setattr(submit, "submit", lambda job: made.asked.append(Path(job["folder"]).name))
    return made


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
    return [button.label for button in at.button if button.key == "steps-measure"]


def test_the_steps_have_their_titles_in_the_order_they_are_taken() -> None:
    assert tuple(steps_cost.TITLES) == STEPS


def test_without_a_classifier_it_says_what_to_do(runs: RunStore, bench: Bench) -> None:
    at = opened()
    assert "Choose a classifier" in captions(at)
    assert not buttons(at)


def test_the_button_asks_once_and_the_page_waits(trained: Train, bench: Bench) -> None:
    run, at = trained(), opened()
    assert not bench.asked
    at.button(key="steps-measure").click()
    sound(at.run())
    assert bench.asked == [run.id]
    assert "starting a process" in at.get("progress")[0].proto.text
    assert not buttons(at)


def test_progress_then_the_table(trained: Train, bench: Bench) -> None:
    at = (trained(), opened())[1]
    at.button(key="steps-measure").click()
    sound(at.run())
    bench.work = Work("computing", 0.4, "without crop")
    sound(at.run())
    (bar,) = at.get("progress")
    assert bar.proto.value == 40
    assert "without crop" in bar.proto.text
    bench.done(0.3, 0.02, 0.5, 0.001, 0.0, 0.85, drawings=20)
    sound(at.run())
    assert not at.get("progress")
    assert not buttons(at)  # it is up to date
    head, *lines = table(at)
    assert head == ["Switched off", "20 saved drawings", "Loss", "1,000 moved test digits", "Loss"]
    assert lines[0] == ["nothing", "90.0 %", "", "95.0 %", ""]
    assert lines[3] == ["Centre of mass", "65.0 %", "−25.0 points", "45.0 %", "−50.0 points"]
    assert lines[5] == ["Smooth edges", "90.0 %", "±0.0 points", "95.0 %", "±0.0 points"]
    assert "without “light on dark” 85.0 points are lost" in captions(at)


def test_without_saved_drawings_the_table_has_no_columns_for_them(trained: Train, bench: Bench) -> None:
    trained()
    bench.done(0, 0, 0, 0, 0, -0.02)
    at = opened()
    assert table(at)[0] == ["Switched off", "1,000 moved test digits", "Loss"]
    assert table(at)[-1] == ["Light on dark", "97.0 %", "+2.0 points"]
    assert "no step is missed" in captions(at)


def test_an_outdated_report_is_shown_as_such_and_can_be_measured_again(trained: Train, bench: Bench) -> None:
    run = trained()
    bench.done(0.1, 0.1, 0.1, 0.1, 0.1, 0.1, current=False)
    at = opened()
    assert len(table(at)) == 8
    assert "have changed since this was measured" in captions(at)
    assert buttons(at) == ["Measure again"]
    at.button(key="steps-measure").click()
    sound(at.run())
    assert bench.asked == [run.id]
    assert "starting a process" in at.get("progress")[0].proto.text


@pytest.mark.parametrize("state", ["failed", "interrupted"])
def test_a_failure_is_a_sentence_with_a_way_on(trained: Train, bench: Bench, state: str) -> None:
    at = (trained(), opened())[1]
    at.button(key="steps-measure").click()
    sound(at.run())
    bench.work = Work(state, message="The disk is full: free some space. Try it again.")  # type: ignore[arg-type]
    sound(at.run())
    assert "The disk is full" in captions(at)
    assert buttons(at) == ["Measure again"]


def test_a_run_that_is_gone_is_a_sentence(trained: Train, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    trained()

    def gone(run: Run) -> Work:
        raise RunNotFound(run.id)

    monkeypatch.setattr(steps_cost, "steps_state", gone)
    assert not opened().get("progress")


def test_with_several_classifiers_one_is_chosen(trained: Train, bench: Bench) -> None:
    first, second = trained(), trained("mlp")
    at = page_at("draw", show="Steps", run=f"{first.id},{second.id}")
    at.selectbox(key="steps-run").select(second.id)
    sound(at.run())
    at.button(key="steps-measure").click()
    sound(at.run())
    assert bench.asked == [second.id]
