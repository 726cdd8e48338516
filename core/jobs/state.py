"""How far a job is, from its files: the request that nobody has taken up, the lock that its process holds, the note
that it writes, and what somebody wrote to cancel it.

All but the request lie beside what the job stores, in projections/; a note is of the weights that it was begun with.
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

from filelock import FileLock, Timeout

from core.files import disk_errors, is_held, write_file
from core.progress import Pace, Progress
from core.runs.requests import Request
from core.runs.run import Run, RunNotFound
from core.untrusted import share_of

CANCELLED = "Cancelled."
INTERRUPTED = "The computation was interrupted. Try it again."
_WATCHER = Path(__file__).with_name("watcher.py")


@dataclass(frozen=True)
class JobState:
    """How far a job is: `fraction` of it in [0, 1], `message` for people.

    absent: nobody asks for it; waiting: for other jobs to end; starting: a process gets ready for it; interrupted:
    its process is gone. remaining: seconds that the rest will take if it goes on as so far, None while that is open.
    """

    state: Literal["absent", "waiting", "starting", "computing", "ready", "failed", "interrupted", "cancelled"]
    fraction: float = 0.0
    message: str = ""
    remaining: float | None = None

    @property
    def under_way(self) -> bool:
        """Whether it goes on by itself."""
        return self.state in ("waiting", "starting", "computing")


@dataclass(frozen=True)
class Job:
    """One result to be kept beside a run: its name there, and the request that asks for it."""

    run: Run
    name: str
    request: Request

    @property
    def lock(self) -> Path:
        """What the process that does it holds."""
        return self.run.projection_file(self.name).with_suffix(".lock")

    @property
    def note(self) -> Path:
        """Where that process says how far it is, or how it failed."""
        return self.run.projection_file(self.name).with_suffix(".note")

    @property
    def cancelled(self) -> Path:
        """What somebody wrote who does not want it: the weights it would be of."""
        return self.run.projection_file(self.name).with_suffix(".cancel")


@contextmanager
def job_lock(job: Job, timeout: float) -> Iterator[None]:
    """Hold the lock of a job, waiting at most `timeout` seconds for it.

    Raises filelock.Timeout when another process keeps it, FileNotFoundError or RunNotFound when the run is gone.
    """
    job.run.ensure_exists()
    job.lock.parent.mkdir(exist_ok=True)
    # A reader's look holds the lock for microseconds, so a worker always tries for a moment.
    with FileLock(job.lock).acquire(timeout=max(timeout, 0.2), poll_interval=0.01 if timeout < 1 else 0.1):
        for part in job.lock.parent.glob(f"{job.name}.*.part"):  # a process that was killed while it wrote left it
            part.unlink(missing_ok=True)
        job.note.unlink(missing_ok=True)  # says how far another process came
        yield


def run_job(job: Job, work: Callable[[Progress], None]) -> None:
    """Do the work, which gets a function to report its progress with, unless another process is at it.

    Belongs in a worker process: `cancel` ends it. What goes wrong is kept as a sentence for `job_state`; anything
    unexpected is raised as well.
    """
    try:
        with job_lock(job, 0.0), _cancellable(job) as wanted:
            if wanted:
                _report_to_note(job, work)
    except (RunNotFound, FileNotFoundError, Timeout):
        return  # the run was removed, or another worker is at it
    finally:
        job.request.remove()


def _report_to_note(job: Job, work: Callable[[Progress], None]) -> None:
    version, pace = job.run.weights_version(), Pace()

    def report(fraction: float, message: str) -> None:
        job.run.ensure_exists()  # nobody wants the rest of it then
        note = {"fraction": fraction, "message": message, "weights_version": version}
        _write(job, note | {"remaining": pace.remaining(fraction, time.monotonic())})

    try:
        report(0.0, "loading the model")
        job.request.remove()  # from here on the note speaks for it
        work(report)
    except Exception as error:
        job.run.ensure_exists()
        expected = isinstance(error, ValueError)
        reason = str(error) if expected else f"{type(error).__name__}: {error}. Try it again."
        _write(job, {"failed": reason, "weights_version": version})
        if not expected:
            raise
        return
    job.note.unlink(missing_ok=True)


def job_state(job: Job, ready: Callable[[], bool]) -> JobState:
    """Tell how far a job is; ready says whether its result is there. Cheap, for those that ask again and again."""
    for _ in range(2):
        note = _read(job)
        if is_held(job.lock):
            return JobState("computing", share_of(note.get("fraction")), str(note.get("message", "")), _remaining(note))
        if ready():
            return JobState("ready", 1.0)
        if asked := job.request.state():
            return JobState("starting" if asked == "starting" else "waiting")
        version = job.run.weights_version()
        current = note.get("weights_version") == version
        if current and "failed" in note:
            return JobState("failed", message=str(note["failed"]))
        if _cancelled_version(job) == version:
            return JobState("cancelled", message=CANCELLED)
        if not current:
            return JobState("absent")
        # A note of work under way without its lock: killed, or ended since the note was read.
    return JobState("interrupted", message=INTERRUPTED)


def cancel(job: Job) -> None:
    """End the process that does this job now or is about to; what it has finished stays.

    Also ends jobs of another dashboard. Its processor is free within a second, whatever it is doing; the job is
    "cancelled" then. Raises OSError where the request cannot be written.
    """
    if not (job.run.folder / "config.json").is_file():
        return  # it is gone, and so is its job
    job.cancelled.parent.mkdir(exist_ok=True)
    write_file(job.cancelled, str(job.run.weights_version()).encode(), durable=False)
    job.request.remove()


def ask(job: Job) -> None:
    """Ask for a job, forgetting how it ended before. ValueError when the disk does not let us."""
    with disk_errors(job.run.folder):
        job.cancelled.unlink(missing_ok=True)
        if not is_held(job.lock):
            job.note.unlink(missing_ok=True)
            job.request.write()


@contextmanager
def _cancellable(job: Job) -> Iterator[bool]:
    """Let `cancel` end this process for as long as the block lasts; False when the job was cancelled before.

    A process of its own watches, because in the middle of a product of matrices no thread or signal handler of
    ours would have its turn.
    """
    if _cancelled_version(job) == job.run.weights_version():
        yield False
        return
    job.cancelled.unlink(missing_ok=True)  # that was about other weights
    command = [sys.executable, "-I", "-S", str(_WATCHER), str(job.cancelled.absolute()), str(getpid())]
    # A session of its own has its own share of the processor, beside what the work leaves.
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ):
        yield True


def _cancelled_version(job: Job) -> int | None:
    with suppress(OSError, ValueError):
        return int(job.cancelled.read_text(encoding="ascii")[:40])
    return None


def _write(job: Job, note: dict[str, Any]) -> None:
    # Not forced to the disk: after a crash of the machine it says nothing worth keeping.
    write_file(job.note, json.dumps(note).encode(), durable=False)


def _read(job: Job) -> dict[str, Any]:
    try:
        note = json.loads(job.note.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}


def _remaining(note: dict[str, Any]) -> float | None:
    seconds = note.get("remaining")
    return float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 1e6 else None
