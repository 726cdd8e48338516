"""What learning curves show, as a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from core.figures.curves import Curves, tested_points, train_points


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
            return f"{run.name} has a {name} of {value} on the first 1,000 test digits so far".replace("%", "\u00a0%")
        epoch, last = tested[-1]
        at, best = better(tested, key=lambda point: point[1])
        text = f"{run.name} has a {name} of {unit.format(last)} after {_epochs(epoch)}"
        if best != last:
            by = f"{100 * (best - last):.2f} points" if panel == "accuracy" else f"{last - best:.4f}"
            text += f" (epoch {at:g} was better by {by}, chosen by the test set)"
        return text.replace("%", "\u00a0%")
    train = [p for p in train_points(run.history, "loss") if math.isfinite(p[1])]
    if train:
        return f"{run.name} has a training loss of {train[-1][1]:.4g} after {_epochs(train[-1][0])}"
    return f"{run.name} has no measurement yet"


def _epochs(epoch: float) -> str:
    return "1 epoch" if epoch == 1 else f"{round(epoch, 1):g} epochs"
