"""Places to train in: as many runs at once as there are cores, the others wait in the order they came.

There is no scheduler. A waiting worker holds the lock of a ticket in the queue's folder, a training one that of a
slot; locks die with their process, so whoever comes next sees what is really taken.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.files import is_held

_EVERY_S = 0.1
_YOUNG_NS = 5 * 10**9  # a ticket this young may not be locked yet


def count() -> int:
    """Return how many runs may train at once: DIGITLAB_SLOTS, or one per core this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, int(os.environ.get("DIGITLAB_SLOTS") or cores or 1))


@contextmanager
def slot(folder: Path, wait: Callable[[str], None]) -> Iterator[None]:
    """Hold one of the slots below `folder`; until it is our turn, call `wait` with the reason ten times a second."""
    (folder / ".slots" / "queue").mkdir(parents=True, exist_ok=True)
    slots = [FileLock(folder / ".slots" / f"slot-{number}.lock") for number in range(count())]
    with ExitStack() as held:
        with _ticket(folder / ".slots" / "queue") as ticket:
            while (ahead := _ahead(ticket)) or not any(_taken(lock, held) for lock in slots):
                wait(f"Waiting for a free place; {ahead} before it." if ahead else "Waiting for another run to end.")
                time.sleep(_EVERY_S)
        yield


@contextmanager
def _ticket(queue: Path) -> Iterator[Path]:
    path = queue / f"{time.time_ns():020d}-{os.getpid()}.lock"
    try:
        with FileLock(path):
            yield path
    finally:
        path.unlink(missing_ok=True)


def _ahead(ticket: Path) -> int:
    """Return how many wait since longer; tickets that a killed worker left are thrown away."""
    living = 0
    for other in ticket.parent.iterdir():
        if other.name < ticket.name:
            if is_held(other) or time.time_ns() - int(other.name.split("-")[0]) < _YOUNG_NS:
                living += 1
            else:
                other.unlink(missing_ok=True)
    return living


def _taken(lock: FileLock, held: ExitStack) -> bool:
    try:
        held.enter_context(lock.acquire(timeout=0))
    except Timeout:
        return False
    return True
