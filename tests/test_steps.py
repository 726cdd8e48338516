"""core/steps.py: what each step is worth, measured over saved drawings and over digits anywhere on the pad."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core import ink, steps, worker
from core.drawings import drawings
from core.runs import Run
from core.steps import load_steps, moved, steps_state
from core.trace import SIDE
from tests.test_ink import DIGITS, drawn

pytestmark = pytest.mark.slow  # each trains a classifier and measures it

Train = Callable[..., Run]


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder of the test's own, and 40 test digits to move."""
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path))
    monkeypatch.setattr(steps, "MOVED", 40)


@pytest.fixture
def run(few: None, trained: Train) -> Run:
    """A small classifier that has learned a little."""
    return trained(epochs=1)


@pytest.mark.usefixtures("few")
def test_the_steps_are_measured_over_both_sets(trained: Train) -> None:
    run = trained(epochs=5, train_size=0)  # one that reads most digits, so that losing some is not one or two by chance
    for digit in DIGITS:
        drawings().add(drawn(digit), 0.07, digit)
    assert load_steps(run) is None
    assert steps_state(run).state == "absent"
    worker._measure_steps(run)
    report = load_steps(run)
    assert report is not None
    assert steps_state(run).state == "ready"
    assert (report.current, report.drawings_count, report.moved_count) == (True, 10, 40)
    assert [row.off for row in report.rows] == ["", *ink.STEPS]
    model = run.load_model()
    for row in report.rows:
        off = [row.off] if row.off else []
        images = np.stack([ink.render(drawn(digit), 0.07, off) for digit in DIGITS])
        assert row.drawings == (model.predict_proba(images).argmax(1) == np.arange(10)).mean()
    everything, crop = report.rows[0].moved, report.rows[1].moved
    assert everything > crop + 0.3  # small digits in a corner are not read


def test_a_report_says_when_it_is_of_older_weights_or_drawings(run: Run) -> None:
    worker._measure_steps(run)
    report = load_steps(run)
    assert report is not None
    assert report.rows[0].drawings is None
    drawings().add(drawn(3), 0.07, 3)
    stale = load_steps(run)
    assert stale is not None
    assert not stale.current
    worker._measure_steps(run)
    os.utime(run.folder / "weights.safetensors", ns=(run.weights_version() + 10**9,) * 2)
    stale = load_steps(run)
    assert stale is not None
    assert not stale.current


def test_failures_are_sentences(trained: Train, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = trained("autoencoder", epochs=1)
    worker._measure_steps(other)
    assert steps_state(other).state == "failed"
    assert "choose a classifier" in steps_state(other).message

    def no_lines(image: np.ndarray) -> None:
        raise ValueError("no lines")

    monkeypatch.setattr(steps, "trace", no_lines)
    worker._measure_steps(run)
    assert "Choose a run trained on digits" in steps_state(run).message
    worker._measure_steps(Run(tmp_path / "gone"))  # ends quietly
    assert load_steps(Run(tmp_path / "gone")) is None


@pytest.mark.parametrize("size", [0.4, 1.0, 1.2])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.25, -0.25), (-0.1, 0.2)])
def test_a_moved_digit_is_of_that_size_and_on_the_pad(size: float, shift: tuple[float, float]) -> None:
    traced = [np.array([[0.5, 0.5 - SIDE / 2 + 0.05, 1.0], [0.5, 0.5 + SIDE / 2 - 0.05, 1.0], [0.6, 0.5, 0.5]])]
    (stroke,), width = moved(traced, 0.1, size, np.array(shift))
    low, high = ((stroke[:, :2] + side * stroke[:, 2:] * width / 2) for side in (-1, 1))
    assert (high.max(0) - low.min(0))[1] == pytest.approx(size * 20 / 28)
    assert low.min() >= -1e-9
    assert high.max() <= 1 + 1e-9
    room = 0.5 - size * 10 / 28
    expected = 0.5 + np.clip(shift[1], -room, room)
    assert (high.max(0) + low.min(0))[1] / 2 == pytest.approx(expected)
    assert abs(stroke[0, 0] - 0.5 - shift[0]) < 0.1


COUNTS = {"drawings_count": 0, "moved_count": 1}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"rows": 5}',
        *[
            json.dumps({"weights_version": 1, "drawings_version": [], **COUNTS, "rows": rows})
            for rows in (
                [],
                [{"off": off, "drawings": None, "moved": None} for off in ("", *ink.STEPS)],
                [{"off": off, "drawings": None, "moved": 7} for off in ("", *ink.STEPS)],
                [{"off": off, "drawings": "all", "moved": 0.5} for off in ("", *ink.STEPS)],
                [{"off": "", "drawings": 0.5, "moved": 0.5}],
            )
        ],
    ],
)  # fmt: skip
def test_a_stored_report_that_is_wrong_is_none(run: Run, content: bytes | str) -> None:
    path = run.projection_file("steps").with_suffix(".json")
    path.parent.mkdir()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert load_steps(run) is None
