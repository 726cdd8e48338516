"""Preprocessing: what each step is worth, measured over saved drawings and over digits anywhere on the pad."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.ink.collection import drawings
from core.ink.render import STEPS, render
from core.ink.trace import SIDE
from core.measures import preprocessing
from core.measures.preprocessing import PREPROCESSING, moved
from core.runs.run import Run
from core.runs.weights import load_model
from tests.conftest import change_weights, compute
from tests.ink.test_render import DIGITS, drawn

pytestmark = pytest.mark.slow  # each trains a classifier and measures it

Train = Callable[..., Run]


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder of the test's own, and 40 test digits to move."""
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path))
    monkeypatch.setattr(preprocessing, "MOVED", 40)


@pytest.fixture
def run(few: None, trained: Train) -> Run:
    """A small classifier that has learned a little."""
    return trained(epochs=1)


@pytest.mark.usefixtures("few")
def test_the_steps_are_measured_over_both_sets(trained: Train) -> None:
    run = trained(epochs=5, train_size=0)  # one that reads most digits, so that losing some is not one or two by chance
    for digit in DIGITS:
        drawings().add(drawn(digit), 0.07, digit)
    assert PREPROCESSING.load(run) is None
    assert PREPROCESSING.state(run).state == "absent"
    compute(PREPROCESSING, run)
    report = PREPROCESSING.load(run)
    assert report is not None
    assert PREPROCESSING.state(run).state == "ready"
    assert PREPROCESSING.load_current(run) is report
    assert (report.drawings_count, report.moved_count) == (10, 40)
    assert [row.off for row in report.rows] == ["", *STEPS]
    model = load_model(run)
    for row in report.rows:
        off = [row.off] if row.off else []
        images = np.stack([render(drawn(digit), 0.07, off) for digit in DIGITS])
        assert row.drawings == (model.predict_proba(images).argmax(1) == np.arange(10)).mean()
    everything, crop = report.rows[0].moved, report.rows[1].moved
    assert everything > crop + 0.3  # small digits in a corner are not read


def test_a_report_says_when_it_is_of_older_weights_or_drawings(run: Run) -> None:
    compute(PREPROCESSING, run)
    report = PREPROCESSING.load(run)
    assert report is not None
    assert report.rows[0].drawings is None
    assert PREPROCESSING.load_current(run) is report
    drawings().add(drawn(3), 0.07, 3)
    assert PREPROCESSING.load(run) is report  # shown until there is another
    assert PREPROCESSING.load_current(run) is None
    assert PREPROCESSING.state(run).state == "absent"
    compute(PREPROCESSING, run)
    newer = PREPROCESSING.load_current(run)
    assert newer is not None
    assert newer.drawings_count == 1
    change_weights(run)
    assert PREPROCESSING.load(run) is newer
    assert PREPROCESSING.load_current(run) is None


def test_failures_are_sentences(trained: Train, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = trained("autoencoder", epochs=1)
    compute(PREPROCESSING, other)
    assert PREPROCESSING.state(other).state == "failed"
    assert "choose a classifier" in PREPROCESSING.state(other).message

    def no_lines(image: np.ndarray) -> None:
        raise ValueError("no lines")

    monkeypatch.setattr(preprocessing, "trace", no_lines)
    compute(PREPROCESSING, run)
    assert "Choose a run trained on digits" in PREPROCESSING.state(run).message
    compute(PREPROCESSING, Run(tmp_path / "gone"))  # ends quietly
    assert PREPROCESSING.load(Run(tmp_path / "gone")) is None


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
                [{"off": off, "drawings": None, "moved": None} for off in ("", *STEPS)],
                [{"off": off, "drawings": None, "moved": 7} for off in ("", *STEPS)],
                [{"off": off, "drawings": "all", "moved": 0.5} for off in ("", *STEPS)],
                [{"off": "", "drawings": 0.5, "moved": 0.5}],
            )
        ],
    ],
)  # fmt: skip
def test_a_stored_report_that_is_wrong_is_none(run: Run, content: bytes | str) -> None:
    path = run.projection_file("preprocessing")
    path.parent.mkdir()
    np.savez(path, facts=np.frombuffer(content if isinstance(content, bytes) else content.encode(), np.uint8))
    assert PREPROCESSING.load(run) is None


def test_a_stored_report_that_is_right_is_read(run: Run) -> None:
    rows = [{"off": off, "drawings": None, "moved": 0.5} for off in ("", *STEPS)]
    facts = {"weights_version": 1, "drawings_version": [], **COUNTS, "rows": rows}
    run.projection_file("preprocessing").parent.mkdir()
    PREPROCESSING.write(run, {}, facts)
    assert PREPROCESSING.load(run) is not None
    PREPROCESSING.write(run, {}, facts | {"moved_count": -1})
    assert PREPROCESSING.load(run) is None
