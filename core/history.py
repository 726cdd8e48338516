"""What a run wrote down while it trained, read back from its events.jsonl: whole lines only.

A run that was resumed says so in its line "started", with the step it went on from. What an interrupted epoch had
written after that step counts no more, for it was trained once again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class History:
    """What a run logged. `steps` and `epochs` are its JSON lines as dicts, in order.

    steps: step, epoch (a fraction), seconds, images, lr, train, and test where the test sample was looked at;
    epochs: epoch, step, seconds, images_per_second, train, test (the whole test set).
    """

    steps: tuple[dict[str, Any], ...]
    epochs: tuple[dict[str, Any], ...]
    lifecycle: tuple[dict[str, Any], ...]
    total_steps: int
    seconds: float


NOTHING_YET = History((), (), (), 0, 0.0)


def read_history(path: Path) -> History | None:
    """Read the events of a run, kept in memory until the file grows; None when there is no such file.

    A torn last line waits for its rest, and what is no JSON object is passed over.
    """
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return _read(str(path), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _read(path: str, mtime_ns: int, size: int) -> History:
    steps, epochs, lifecycle = [], [], []
    total, seconds = 0, 0.0
    for event in _events(Path(path), size):
        kind = event.get("event")
        if kind == "step":
            steps.append(event)
        elif kind == "epoch":
            epochs.append(event)
        else:
            lifecycle.append(event)
            total = int(event.get("total_steps", total))
        if kind == "started":
            begun = int(event.get("step", 0))
            steps = [step for step in steps if step["step"] <= begun]
            epochs = [epoch for epoch in epochs if epoch["step"] <= begun]
            seconds = 0.0
        seconds = max(seconds, float(event.get("seconds", 0.0)))
    return History(tuple(steps), tuple(epochs), tuple(lifecycle), total, seconds)


def _events(path: Path, size: int) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as f:
            data = f.read(size)
    except OSError:
        return
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # a line torn by a crash, followed by whole ones of a resumed worker
        if isinstance(event, dict):
            yield event
