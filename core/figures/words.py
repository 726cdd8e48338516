"""What learning curves show, as a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from core.figures.curves import (
    BATCHES,
    FAINT,
    LEARNED,
    LEVEL,
    SAMPLE,
    WHOLE,
    Curves,
    Figure,
    tested_points,
    train_points,
)

_TESTED = {WHOLE: "all test digits", SAMPLE: "the first 1,000 test digits"}
_BOTH = "test digits, a large mark where all were tested, a small one for the first 1,000"


def describe_learning_curves(runs: Sequence[Curves]) -> str:
    """Return one sentence: where each run stands in its test measure."""
    if not runs:
        return "No run is chosen."
    return "; ".join(_describe(run) for run in runs) + "."


@lru_cache(maxsize=256)
def _describe(run: Curves) -> str:
    for panel, unit, better in (("accuracy", "{:.2%}", max), ("mse", "{:.4f}", min)):
        points = [p for p in tested_points(run.history, panel) if math.isfinite(p[1])]
        if not points:
            continue
        name = "test accuracy" if panel == "accuracy" else "test mean squared error"
        tested = [(epoch, value) for epoch, value, whole in points if whole]
        if not tested:
            value = unit.format(points[-1][1])
            so_far = "" if run.ended else " so far"
            return f"{run.name} has a {name} of {value} on the first 1,000 test digits{so_far}".replace("%", "\u00a0%")
        epoch, last = tested[-1]
        if run.at_once:
            return f"{run.name} has a {name} of {unit.format(last)}, fitted at once".replace("%", "\u00a0%")
        at, best = better(tested, key=lambda point: point[1])
        text = f"{run.name} has a {name} of {unit.format(last)} after {_epochs(epoch)}"
        if best != last:
            by = f"{100 * (best - last):.2f} points" if panel == "accuracy" else f"{last - best:.4f}"
            text += f" (epoch {at:g} was better by {by}, chosen by the test set)"
        return text.replace("%", "\u00a0%")
    if run.at_once and run.history.fitted:
        return f"{run.name} is fitted to {run.history.fitted:.0%}".replace("%", "\u00a0%")
    train = [p for p in train_points(run.history, "loss") if math.isfinite(p[1])]
    if train:
        return f"{run.name} has a training loss of {train[-1][1]:.4g} after {_epochs(train[-1][0])}"
    return f"{run.name} has no measurement yet"


def _epochs(epoch: float) -> str:
    if epoch < 1:
        return f"{epoch:.2g} epochs"  # the first steps are no 0 epochs
    return "1 epoch" if epoch == 1 else f"{round(epoch, 1):g} epochs"


def how_to_read(figure: Figure) -> str:
    """Return what the lines and marks of learning curves are, of those that are there."""
    drawn = [trace for trace in figure["data"] if trace.get("meta")]
    lines = {kind for trace in drawn if len(trace["x"]) > 1 for kind in trace["meta"]}
    kinds = {kind for trace in drawn for kind in trace["meta"]}
    told = []
    if BATCHES in kinds:
        told.append(f"{'Thin lines' if BATCHES in lines else 'Small dots'}: the running mean of training batches.")
    if LEARNED in kinds:
        told.append("Open marks: up to 10,000 training digits measured as test digits are.")
    if tested := kinds & _TESTED.keys():
        of = _TESTED[tested.pop()] if len(tested) == 1 else _BOTH
        told.append(f"Strong {'lines' if lines & _TESTED.keys() else 'marks'}: {of}.")
    if LEVEL in kinds:
        told.append("Dashed levels: test digits of what is fitted at once, without epochs.")
    if FAINT in kinds:
        told.append("Faint lines: test digits of the runs that have ended.")
    return " ".join(told)
