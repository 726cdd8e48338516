"""What a run wrote down while it trained, read back from its events.jsonl: whole lines only.

A run that was resumed says so in its line "started", with the step it went on from. What an interrupted epoch had
written after that step counts no more, for it was trained once again.
"""

from __future__ import annotations

import math
import statistics
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from core.runs.events import EpochLine, FitLine, LifecycleLine, Line, StepLine, Summary, decode

_KEPT = 64  # runs whose history is kept in memory
_TAIL = 64  # bytes by which a file that was only appended to is known again
_WINDOW_S = 3.0  # of the speed before the first epoch ends
_LONGEST_LINE = 16_384  # bytes of the longest line worth reading alone; an epoch's grows with its layers


@dataclass(frozen=True, eq=False)
class History:
    """What a run logged, in order; seconds: of training, up to its last step or epoch.

    fitted: the share done of a model that is fitted at once; 0 for one that learns by steps.

    The same object is given until the run writes on, so what is made of it can be kept by its identity.
    """

    steps: tuple[StepLine, ...]
    epochs: tuple[EpochLine, ...]
    lifecycle: tuple[LifecycleLine, ...]
    total_steps: int
    seconds: float
    fitted: float = 0.0
    fit_seconds: float = 0.0  # of a whole fit, what is measured after it left out

    @property
    def share_done(self) -> float:
        """How much of its training is done, 0 to 1."""
        if not self.steps:
            return self.fitted
        return min(1.0, self.steps[-1].step / self.total_steps) if self.total_steps else 0.0

    @property
    def measured(self) -> list[StepLine | EpochLine]:
        """The lines with metrics: all steps, then all epochs."""
        return [*self.steps, *self.epochs]

    @property
    def epochs_done(self) -> float:
        """How many epochs it has learned, the begun one as a fraction."""
        begun = self.steps[-1].epoch if self.steps else self.fitted
        return max(begun, float(self.epochs[-1].epoch)) if self.epochs else begun


NOTHING_YET = History((), (), (), 0, 0.0)


def summarize(history: History) -> Summary:
    """Return the figures of a run as far as it is."""
    starts = [line for line in history.lifecycle if line.parameters]
    parameters = starts[-1].parameters or 0 if starts else 0
    learned = starts[-1].learned or parameters if starts else 0
    summary = Summary(
        seconds=history.fit_seconds or history.seconds,
        images_per_second=images_per_second(history),
        parameters=parameters,
        learned=learned,
        epochs=len(history.epochs),
    )
    if not history.epochs:
        return summary
    last = history.epochs[-1]
    metric = "accuracy" if "accuracy" in history.epochs[0].test else "mse"
    pick = max if metric == "accuracy" else min
    values = [(epoch.test.get(metric, math.nan), epoch.epoch) for epoch in history.epochs]
    best, at = pick(
        [pair for pair in values if math.isfinite(pair[0])], default=(math.nan, 0), key=lambda pair: pair[0]
    )
    return replace(
        summary,
        metric=metric,
        test=last.test.get(metric, math.nan),
        train=(last.train_sample or {}).get(metric, math.nan),
        whole=history.steps[-1].step == last.step if history.steps else True,
        best=best,
        best_epoch=at,
    )


def images_per_second(history: History) -> float:
    """Return the images learned in a second of training, the median of the epochs, the evaluation left out.

    Before the first epoch ends it is that of the last seconds; 0 when it cannot be told yet.
    """
    if history.epochs:
        return statistics.median(epoch.images_per_second for epoch in history.epochs)
    steps = history.steps
    first = len(steps) - 1
    while first > 0 and steps[-1].seconds - steps[first].seconds < _WINDOW_S:
        first -= 1
    seconds = steps[-1].seconds - steps[first].seconds if steps else 0.0
    return sum(step.images for step in steps[first + 1 :]) / seconds if seconds > 0 else 0.0


class _Log:
    """An events.jsonl read so far; more of it is taken as it grows, for whoever watches asks twice a second."""

    def __init__(self, inode: int) -> None:
        self.inode, self.seen, self.offset, self.tail = inode, (0, 0), 0, b""
        self.steps: list[StepLine] = []
        self.epochs: list[EpochLine] = []
        self.lifecycle: list[LifecycleLine] = []
        self.total, self.seconds, self.fitted, self.fit_seconds = 0, 0.0, 0.0, 0.0
        self.history = NOTHING_YET

    def read(self, path: Path, size: int) -> bool:
        """Take the whole lines that are new; say whether what was read before is still what the file begins with."""
        if size < self.offset:
            return False
        start = self.offset - len(self.tail)
        with path.open("rb") as f:
            f.seek(start)
            data = f.read(size - start)
        if not data.startswith(self.tail):
            return False
        new = data[len(self.tail) : data.rfind(b"\n") + 1]
        for text in new.splitlines():
            if line := decode(text):  # a line torn by a crash is followed by whole ones of a resumed worker
                self._take(line)
        self.offset += len(new)
        self.tail = (self.tail + new)[-_TAIL:]
        lines = tuple(self.steps), tuple(self.epochs), tuple(self.lifecycle)
        self.history = History(*lines, self.total, self.seconds, self.fitted, self.fit_seconds)
        return True

    def _take(self, line: Line) -> None:
        if isinstance(line, StepLine):
            self.steps.append(line)
        elif isinstance(line, EpochLine):
            self.epochs.append(line)
        elif isinstance(line, FitLine):
            self.fitted, self.fit_seconds = line.share, line.seconds if line.share == 1 else 0.0
        else:
            self.lifecycle.append(line)
            self.total = self.total if line.total_steps is None else line.total_steps
            if line.event == "started":
                begun = line.step or 0
                self.steps = [step for step in self.steps if step.step <= begun]
                self.epochs = [epoch for epoch in self.epochs if epoch.step <= begun]
                self.seconds, self.fitted, self.fit_seconds = 0.0, 0.0, 0.0
            else:
                return  # to wait for a place, or to write down how it ended, is no training
        if line.seconds > self.seconds:
            self.seconds = line.seconds


_logs: OrderedDict[Path, _Log] = OrderedDict()
_lock = threading.Lock()


def read_history(path: Path) -> History | None:
    """Read the events of a run, of a file that has grown only what is new; None when there is no such file.

    A torn last line waits for its rest, and what is no JSON object is passed over.
    """
    try:
        stat = path.stat()
        now = stat.st_mtime_ns, stat.st_size
        with _lock:
            log = _logs.pop(path, None)
            if log is None or log.inode != stat.st_ino:
                log = _Log(stat.st_ino)
            if log.seen != now and not log.read(path, stat.st_size):
                log = _Log(stat.st_ino)
                log.read(path, stat.st_size)
            log.seen = now
            _logs[path] = log
            if len(_logs) > _KEPT:
                _logs.popitem(last=False)
            return log.history
    except FileNotFoundError:
        return None


def last_line(path: Path) -> Line | None:
    """Return the last whole line of the events, without reading the others; None when there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return _last(str(path), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4096)
def _last(path: str, mtime_ns: int, size: int) -> Line | None:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, size - _LONGEST_LINE))
            *_, line, rest = b"\n\n", *file.read(min(size, _LONGEST_LINE)).split(b"\n")
    except OSError:
        return None
    return None if rest else decode(line)
