"""What each step on the way from the pad to 28 x 28 is worth to a classifier: how often it is right with all of them
and with each left out, over the saved drawings and over test digits put anywhere on the pad at any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.data import datasets
from core.ink.collection import drawings
from core.ink.drawing import Drawing, labels
from core.ink.render import FIT, SIZE, STEPS, render
from core.ink.trace import SIDE, trace
from core.jobs.stored import MOST_DIGITS, Arrays, Facts, Stamp, Stored
from core.measures.predictions import judge
from core.progress import Progress
from core.runs.run import Run, digits_of
from core.runs.weights import load_model
from core.untrusted import number_between, whole_between

MOVED = 1000  # test digits
_FEWEST = 50  # pictures with lines in them, to say anything
_SMALLEST, _LARGEST = 0.4, 1.2  # of the size that a test digit has in its own picture
_SHIFT = 0.25  # of the pad, at most, to either side
_SHARE = 0.6  # of the time that it takes to put the digits on the pad

Strokes = tuple[Sequence[np.ndarray], float]


@dataclass(frozen=True)
class StepResult:
    """The share of digits read rightly without one step, or with all where `off` is empty; None without drawings."""

    off: str
    drawings: float | None
    moved: float


@dataclass(frozen=True)
class StepsReport:
    """One row for all steps, then one for each of `ink.render.STEPS`, of these versions of weights and drawings."""

    rows: tuple[StepResult, ...]
    drawings_count: int
    moved_count: int
    weights_version: int
    drawings_version: tuple[Any, ...]


def _measure(run: Run, report: Progress) -> tuple[Arrays, Facts]:
    if run.spec.task != "classify":
        raise ValueError(f"{run.name} does not read digits: choose a classifier.")
    version, drawn_version = run.weights_version(), drawings().version()
    model, saved, dataset = load_model(run), drawings().all(), digits_of(run)
    test = datasets.load(dataset).test
    chosen = np.random.default_rng(0).permutation(len(test))[:MOVED]
    placed, labels = _placed(test.images[chosen], test.labels[chosen], report)
    rows = []
    for number, off in enumerate(("", *STEPS)):
        done = _SHARE + (1 - _SHARE) * number / (1 + len(STEPS))
        report(done, f"reading {len(saved) + len(placed):,} digits {f'without {off}' if off else 'with all steps'}")
        left_out = [off] if off else []
        rows.append(StepResult(off, _right_of_saved(model, saved, left_out), _right(model, placed, labels, left_out)))
    facts = {
        "weights_version": version,
        "drawings_version": list(drawn_version),
        "drawings_count": len(saved),
        "moved_count": len(placed),
        "rows": [asdict(row) for row in rows],
    }
    return {}, facts


def _placed(images: np.ndarray, labels: np.ndarray, report: Progress) -> tuple[list[Strokes], np.ndarray]:
    """Put the lines of uint8 images (n, 28, 28) on the pad; a picture without lines is left out."""
    rng = np.random.default_rng(1)
    placed, kept = [], []
    for number, image in enumerate(images):
        if number % 20 == 0:
            report(_SHARE * number / len(images), f"putting {len(images):,} test digits on the pad")
        size, shift = rng.uniform(_SMALLEST, _LARGEST), rng.uniform(-_SHIFT, _SHIFT, 2)
        try:
            placed.append(moved(*trace(image), size, shift))
            kept.append(number)
        except ValueError:
            continue
    if len(placed) < min(_FEWEST, len(images)):
        raise ValueError("The test pictures have no lines that a pen could draw. Choose a run trained on digits.")
    return placed, labels[kept]


def moved(strokes: Sequence[np.ndarray], width: float, size: float, shift: np.ndarray) -> Strokes:
    """Return a traced test digit in another size and place, but still on the pad.

    size: in multiples of what it has in its own picture, where its longer side takes up 20 of 28 pixels;
    shift: (2,) from the middle of the pad, in pad units.
    """
    scale = size * FIT / SIZE / SIDE
    reach = np.max([_reach(stroke, width) for stroke in strokes], axis=0) * scale
    room = np.maximum(0.5 - reach, 0)
    middle = 0.5 + np.clip(shift, -room, room)
    parts = [np.hstack([(stroke[:, :2] - 0.5) * scale + middle, stroke[:, 2:]]) for stroke in strokes]
    return parts, width * scale


def _reach(stroke: np.ndarray, width: float) -> np.ndarray:
    """How far a stroke's ink reaches from the middle of the pad, in x and y: (2,)."""
    reach: np.ndarray = (np.abs(stroke[:, :2] - 0.5) + stroke[:, 2:] * width / 2).max(axis=0)
    return reach


def _right_of_saved(model: Any, saved: Sequence[Drawing], off: list[str]) -> float | None:
    return _right(model, [(drawing.strokes, drawing.width) for drawing in saved], labels(saved), off) if saved else None


def _right(model: Any, placed: Sequence[Strokes], labels: np.ndarray, off: list[str]) -> float:
    """The share of drawings that the model reads as their labels."""
    right = 0
    for start in range(0, len(placed), 500):
        part = placed[start : start + 500]
        images = np.stack([render(strokes, width, off) for strokes, width in part])
        expected = labels[start : start + 500]
        right += int((judge(model.predict_proba(images), expected)[0] == expected).sum())
    return right / len(placed)


def _parse(arrays: Arrays, facts: Facts, stamp: Stamp) -> StepsReport:
    rows = tuple(map(_row, facts["rows"]))
    drawn, moved = (whole_between(facts[name], name, 0, MOST_DIGITS) for name in ("drawings_count", "moved_count"))
    if [row.off for row in rows] != ["", *STEPS]:
        raise ValueError("it has rows of other steps")
    return StepsReport(rows, drawn, moved, int(facts["weights_version"]), tuple(facts["drawings_version"]))


def _row(row: dict[str, Any]) -> StepResult:
    off, drawn = row["off"], row["drawings"]
    moved = number_between(row["moved"], "share of moved digits", 0, 1)
    return StepResult(off, drawn if drawn is None else number_between(drawn, "share of drawings", 0, 1), moved)


def _is_current(run: Run, found: StepsReport) -> bool:
    return (found.weights_version, found.drawings_version) == (run.weights_version(), drawings().version())


PREPROCESSING: Stored[StepsReport] = Stored(
    "preprocessing",
    _measure,
    _parse,
    {},
    1 << 16,
    current=_is_current,
    outdated="The model or the saved drawings have changed since this was measured.",
)
