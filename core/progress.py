"""Progress: how a long computation says how far it is, and how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Callable

Progress = Callable[[float, str], None]  # the share done, in [0, 1], and what is being done, for people

_FIRST_S, _FIRST_SHARE = 3.0, 0.02  # before so much is done, nobody can tell how long the rest takes


_LEAP = 0.05  # of the work, within a second: it was there already


def part_of(report: Progress, start: float, end: float) -> Progress:
    """Return a function that reports the progress of a part of the work, which takes it from `start` to `end`."""
    return lambda share, message: report(start + (end - start) * share, message)


class Pace:
    """How fast work goes on since it last leapt over what was done before."""

    def __init__(self) -> None:
        self._since = self._last = (time.monotonic(), 0.0)

    def remaining(self, fraction: float, now: float) -> float | None:
        """Return the seconds that the rest takes at this pace, None while that cannot be told."""
        (then, before), self._last = self._last, (now, fraction)
        if fraction < before or (fraction - before > _LEAP and now - then < 1):
            self._since = self._last
        taken, done = now - self._since[0], fraction - self._since[1]
        return round(taken / done * (1 - fraction), 1) if taken > _FIRST_S and done > _FIRST_SHARE else None
