"""Requests: jobs that somebody asked for and no process has begun yet, as empty files in .jobs/ of the folder of runs.

The name of the file is the request, so that a job asked for twice is one; when it was written is its turn. The
process that does the job holds the lock beside it from its first moment on and removes the file once its work shows
by itself. Whoever asks needs no process of its own, and a request outlives the dashboard that wrote it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from core.files import disk_errors, is_held
from core.paths import checkpoints_dir

# kind.subject.parameter.parameter...: none of them has a dot
_NAME = re.compile(r"([a-z0-9][a-z0-9-]{0,39})\.([a-z0-9][a-z0-9-]{0,79})((?:\.[a-z0-9-]{1,40})*)\.request")
_YOUNG_S = 1.0  # in which a process takes up what can begin at once


@dataclass(frozen=True)
class Request:
    """One job: `kind` is a row in the table of jobs, `subject` the id of a run or the name of a data set.

    Each of them and of the parameters is of lower-case letters, digits and hyphens.
    """

    folder: Path  # of the runs
    kind: str
    subject: str
    parameters: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The request in one word."""
        return ".".join((self.kind, self.subject, *self.parameters))

    def words(self) -> list[str]:
        """Return all that it is as words, for another process."""
        return [str(self.folder), self.kind, self.subject, *self.parameters]

    @classmethod
    def of(cls, words: Sequence[str]) -> Request:
        """Make one of `words`."""
        folder, kind, subject, *parameters = words
        return cls(Path(folder), kind, subject, tuple(parameters))

    @property
    def path(self) -> Path:
        """The file that says that nobody has begun with it."""
        return self.folder / ".jobs" / f"{self.key}.request"

    @property
    def lock(self) -> Path:
        """What the process that does the job holds."""
        return self.path.with_suffix(".lock")

    def write(self) -> None:
        """Ask for the job; does nothing where somebody has. ValueError when the disk does not let us."""
        if _named(self.path) != self:
            raise ValueError(f"{self.key[:80]!r} is no job. Use lower-case letters, digits and hyphens.")
        with disk_errors(self.folder):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                self.path.touch(exist_ok=False)

    def remove(self) -> None:
        """Take the request back, or say that the work shows by itself now."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Do the job in this process, so that others see it under way; where another has taken it up, it shows that."""
        self.lock.parent.mkdir(exist_ok=True)
        with ExitStack() as stack:
            with suppress(Timeout):
                stack.enter_context(FileLock(self.lock).acquire(timeout=0.2, poll_interval=0.01))
                stack.callback(self.lock.unlink, missing_ok=True)
            yield

    def age(self) -> float | None:
        """Return for how many seconds the job has been waiting to be begun; None when nobody asks for it."""
        try:
            return max(0.0, time.time() - self.path.stat().st_mtime)
        except OSError:
            return None

    def state(self) -> str:
        """Return "starting" where a process takes it up, "waiting" where it has to wait, "" when nobody asks for it."""
        age = self.age()
        if age is None:
            return ""
        return "starting" if age < _YOUNG_S or is_held(self.lock) else "waiting"


def _named(path: Path) -> Request | None:
    """Return the request that a file is by its name and place; None for a file that is none."""
    if not (name := _NAME.fullmatch(path.name)):
        return None
    kind, subject, parameters = name.groups()
    return Request(path.parent.parent, kind, subject, tuple(parameters.split(".")[1:]))


def fetch_request(dataset: str) -> Request:
    """Return the request that a data set is downloaded."""
    return Request(checkpoints_dir(), "fetch", dataset)


def requests(folder: Path) -> list[Request]:
    """Return all requests below a folder of runs, the oldest first."""
    found = []
    for path in (folder / ".jobs").glob("*.request"):
        with suppress(FileNotFoundError):  # begun meanwhile
            if request := _named(path):
                found.append((path.stat().st_mtime_ns, request.key, request))
    return [request for *_, request in sorted(found, key=lambda row: row[:2])]


def under_way(folder: Path) -> list[str]:
    """Return the keys of the jobs that a process is doing or about to do."""
    return [lock.stem for lock in (folder / ".jobs").glob("*.lock") if is_held(lock)]


def sweep(folder: Path) -> None:
    """Remove the locks that ended processes left."""
    for lock in (folder / ".jobs").glob("*.lock"):
        if not is_held(lock) and not lock.with_suffix(".request").exists():
            lock.unlink(missing_ok=True)
