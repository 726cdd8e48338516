"""Work that a worker process does for a run beside its training: its lock, the note that says how far it is, its
failure, and cancelling it.

All lie beside what the work stores, in projections/; a note is of the weights that the work was begun with.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os import getpid
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from core.files import is_held, write_file
from core.progress import Pace, Progress
from core.runs.run import Run

CANCELLED = "Cancelled."  # the message of work that is absent because somebody did not want it
_WATCHER = Path(__file__).with_name("watcher.py")


@dataclass(frozen=True)
class Work:
    """How far some work is: `fraction` of it in [0, 1], `message` for people; it fails or its process was ended.

    remaining: seconds that the rest will take if it goes on as so far, None while that cannot be told.
    """

    state: Literal["absent", "computing", "ready", "failed", "interrupted"]
    fraction: float = 0.0
    message: str = ""
    remaining: float | None = None


def lock_of(run: Run, name: str) -> Path:
    """Return the lock that the worker holds meanwhile."""
    return run.projection_file(name).with_suffix(".lock")


@contextmanager
def holding(run: Run, name: str, patience: float) -> Iterator[None]:
    """Hold the lock of some work, waiting at most `patience` seconds for it.

    Raises filelock.Timeout when another process keeps it, FileNotFoundError or RunNotFound when the run is gone.
    """
    run.must_exist()
    lock = lock_of(run, name)
    lock.parent.mkdir(exist_ok=True)
    # A reader's look holds the lock for microseconds, so a worker always tries for a moment.
    with FileLock(lock).acquire(timeout=max(patience, 0.2), poll_interval=0.01 if patience < 1 else 0.1):
        for part in lock.parent.glob(f"{name}.*.part"):  # a process that was killed while it wrote left it
            part.unlink(missing_ok=True)
        _path(run, name).unlink(missing_ok=True)  # says how far another process came
        yield


def carry_out(run: Run, name: str, work: Callable[[Progress], None]) -> None:
    """Do the work, which gets a function to report its progress with.

    Belongs in a worker process that holds `lock_of`. What goes wrong is kept as a sentence for `how_far`; anything
    unexpected is raised as well.
    """
    version, pace = run.weights_version(), Pace()
    run.projection_file(name).parent.mkdir(exist_ok=True)

    def report(fraction: float, message: str) -> None:
        run.must_exist()  # nobody wants the rest of it then
        note = {"fraction": fraction, "message": message, "weights_version": version}
        _write(run, name, note | {"remaining": pace.remaining(fraction, time.monotonic())})

    try:
        report(0.0, "loading the model")
        work(report)
    except Exception as error:
        run.must_exist()
        expected = isinstance(error, ValueError)
        reason = str(error) if expected else f"{type(error).__name__}: {error}. Try it again."
        _write(run, name, {"failed": reason, "weights_version": version})
        if not expected:
            raise
        return
    _path(run, name).unlink(missing_ok=True)


def how_far(run: Run, name: str, ready: Callable[[], bool]) -> Work:
    """Tell how far the work is; ready says whether its result is there. Cheap, for those that ask again and again."""
    for _ in range(2):
        note = _read(run, name)
        if is_held(lock_of(run, name)):
            return Work("computing", _share(note), str(note.get("message", "")), _remaining(note))
        if ready():
            return Work("ready", 1.0)
        version = run.weights_version()
        current = note.get("weights_version") == version
        if current and "failed" in note:
            return Work("failed", message=str(note["failed"]))
        if _cancelled(run, name) == version:
            return Work("absent", message=CANCELLED)
        if not current:
            return Work("absent")
        # A note of work under way without its lock: killed, or ended since the note was read.
    return Work("interrupted", message="The computation was interrupted. Try it again.")


def cancel(run: Run, name: str) -> None:
    """End the process that does this work now or was asked to; what it has finished stays.

    Also ends work of another dashboard. Its processor is free within a second, whatever it is doing; then the work
    is "absent" again. Raises OSError where the request cannot be written.
    """
    if not (run.folder / "config.json").is_file():
        return  # it is gone, and so is its work
    _request(run, name).parent.mkdir(exist_ok=True)
    write_file(_request(run, name), str(run.weights_version()).encode(), durable=False)


def ask(run: Run, name: str) -> None:
    """Forget how this work ended before, cancelled or failed: somebody wants it done again."""
    _request(run, name).unlink(missing_ok=True)
    if not is_held(lock_of(run, name)):
        _path(run, name).unlink(missing_ok=True)


@contextmanager
def cancellable(run: Run, name: str) -> Iterator[bool]:
    """Let `cancel` end this process for as long as the block lasts; False when the work was cancelled before.

    A process of its own watches, because in the middle of a product of matrices no thread or signal handler of
    ours would have its turn.
    """
    request = _request(run, name)
    if request.exists():
        yield False
        return
    command = [sys.executable, "-I", "-S", str(_WATCHER), str(request.absolute()), str(getpid())]
    # A session of its own has its own share of the processor, beside what the work leaves.
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ):
        yield True


def _request(run: Run, name: str) -> Path:
    return run.projection_file(name).with_suffix(".cancel")


def _cancelled(run: Run, name: str) -> int | None:
    """The weights whose work was cancelled."""
    with suppress(OSError, ValueError):
        return int(_request(run, name).read_text(encoding="ascii")[:40])
    return None


def _path(run: Run, name: str) -> Path:
    return run.projection_file(name).with_suffix(".note")


def _write(run: Run, name: str, note: dict[str, Any]) -> None:
    # Not forced to the disk: after a crash of the machine it says nothing worth keeping.
    write_file(_path(run, name), json.dumps(note).encode(), durable=False)


def _read(run: Run, name: str) -> dict[str, Any]:
    try:
        note = json.loads(_path(run, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _share(note: dict[str, Any]) -> float:
    share = note.get("fraction", 0.0)
    return min(1.0, max(0.0, float(share))) if isinstance(share, int | float) else 0.0


def _remaining(note: dict[str, Any]) -> float | None:
    seconds = note.get("remaining")
    return float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 1e6 else None
