"""The step lines of a run's log, and its speed."""

from __future__ import annotations

import time

from core.models.contract import Metrics
from core.runs.events import StepLine
from core.training.loop import Step

_LOGGED_STEPS = 1000  # about how many steps of a run are written down


class StepLog:
    """Makes a line of every few steps, with the means over the images since the last line."""

    def __init__(self, per_epoch: int, total: int) -> None:
        self.per_epoch, self.total = per_epoch, total
        # By count and not by the clock, so that a run repeated writes the same numbers.
        self.every = -(-total // _LOGGED_STEPS)
        self.images, self.sums = 0, dict[str, float]()

    def add(self, event: Step) -> bool:
        """Take a step; say whether a line is due."""
        self.images += event.images
        for key, value in event.metrics.items():
            self.sums[key] = self.sums.get(key, 0.0) + value * event.images
        ends = event.step % self.per_epoch == 0  # so that a resumed run writes the same lines as an unbroken one
        return event.step == 1 or ends or event.step % self.every == 0 or event.test is not None

    def line(self, event: Step, time: float, seconds: float) -> StepLine:
        """Return the line that is due after a step, and begin the next."""
        line = StepLine(
            time=time,
            seconds=seconds,
            step=event.step,
            epoch=round(event.step / self.per_epoch, 4),
            images=self.images,
            lr=float(f"{event.lr:.6g}"),
            train=rounded({key: value / self.images for key, value in self.sums.items()}),
            test=rounded(event.test) if event.test else None,
        )
        self.images, self.sums = 0, {}
        return line


class EpochClock:
    """Images per second of an epoch, the evaluation after it left out."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.images, self.started, self.paused = 0, time.monotonic(), 0.0

    def add(self, images: int) -> None:
        self.images += images

    def pause(self) -> None:
        self.paused = self.paused or time.monotonic()

    def end(self) -> float:
        rate = self.images / max(1e-9, (self.paused or time.monotonic()) - self.started)
        self._begin()
        return rate


def rounded(metrics: Metrics) -> Metrics:
    """Return the metrics with six digits each."""
    return {key: float(f"{value:.6g}") for key, value in metrics.items()}
