"""What the tests of pages share: how long a request is young, and the files of a worker that has come so far."""

import json
import re
from typing import Any

import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from core.jobs.state import Job
from tests.conftest import sound


@pytest.fixture(autouse=True)
def requests_stay_young(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked for is "starting" for an hour, however slow the machine is; older requests are "waiting"."""
    monkeypatch.setattr("core.runs.requests._YOUNG_S", 3600.0)


def fields(at: AppTest, name: str) -> list[Any]:
    """The fields of that name in the form of the Train page: one, or none where it is not shown.

    One that the page has changed has a number behind its key.
    """
    kinds = (at.number_input, at.selectbox, at.toggle, at.text_input)
    return [widget for kind in kinds for widget in kind if re.fullmatch(rf"form-{name}(-\d+)?", str(widget.key))]


def field(at: AppTest, name: str) -> Any:
    """The one field of that name in the form of the Train page."""
    (found,) = fields(at, name)
    return found


def run(at: AppTest, **state: object) -> AppTest:
    """Run a page again with this in its session, as a browser may leave it there."""
    for name, value in state.items():
        at.session_state[name] = value
    return sound(at.run())


def sent(at: AppTest) -> dict[str, Any]:
    """What the first component of a page is sent."""
    data: dict[str, Any] = json.loads(at.get("bidi_component")[0].proto.json)
    return data


def others(submitted: list[Any]) -> list[Any]:
    """What was asked for beside the calibration that each classifier gets unasked."""
    return [job for job in submitted if not (isinstance(job, tuple) and job[0] == "calibration")]


def under_way(job: Job, **facts: Any) -> FileLock:
    """The lock of a worker that has come so far; once it is let go, the note is what a killed one left."""
    job.lock.parent.mkdir(exist_ok=True)
    note = {"fraction": 0.4, "message": "encoding", "weights_version": job.run.weights_version(), **facts}
    job.note.write_text(json.dumps(note))
    job.request.remove()
    return FileLock(job.lock)


def moving_at(sent: dict[str, Any], value: float) -> dict[str, Any]:
    """What figures that follow a slider are at a value, as the browser makes it of what it is sent.

    text, numbers by their names, and figures and labels by what the figures are saved as.
    """
    content = json.loads(sent["content"])
    row = min(range(len(content["values"])), key=lambda at: abs(content["values"][at] - value))
    figures, labels = {}, {}
    for one in content["figures"]:
        for column in one.pop("moving"):
            for *way, last in column["paths"]:
                place = one
                for step in way:
                    place = place[step]
                place[last] = column["values"][row]
        figures[one["name"]], labels[one["name"]] = one["figure"], one["label"]
    numbers = dict(zip(content["names"], content["numbers"][row], strict=True))
    return {"text": content["texts"][row], "numbers": numbers, "figures": figures, "labels": labels}
