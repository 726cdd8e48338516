"""Work in a process of its own: `python -m core.worker` waits for one job on stdin, does it and ends.

The jobs are training a run, laying out a run's codes, measuring a run and fetching a data set. A worker outlives
the server that started it; the files it writes say how far it is. One spare worker is kept warm, with torch
imported, so that a run shows its first point within a second.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from core import data
from core.background import ask, cancellable, holding
from core.latent import map_name
from core.models import MODELS
from core.runs import ENDINGS, Run, RunNotFound
from core.trust import trust_name
from core.verdicts import name_of

_ROOT = Path(__file__).resolve().parent.parent
_NICE = 10  # below the server, so that drawing stays fluent while a run trains
_SPARE_AFTER_S = 3.0  # the next spare imports torch once the run just started has shown its first points

_spare: subprocess.Popen[bytes] | None = None
_children: list[subprocess.Popen[bytes]] = []
_spare_lock = threading.Lock()


def submit_training(run: Run) -> None:
    """Train the run in a background process; returns at once."""
    _submit({"job": "train", "folder": str(run.folder.resolve())})


def submit_projection(run: Run, method: str, sample: str = "test") -> None:
    """Lay out the codes of a sample of digits in two dimensions, and measure the map, in a background process.

    Returns at once. What is there already is not computed again; `background.cancel` ends it.
    """
    for name in (map_name(method, sample), trust_name(method, sample)):
        ask(run, name)
    _submit({"job": "project", "folder": str(run.folder.resolve()), "method": method, "sample": sample})


def submit_readings(run: Run, sample: str) -> None:
    """Have a classifier read every digit of a sample in a background process; returns at once."""
    ask(run, name_of(sample))
    _submit({"job": "readings", "folder": str(run.folder.resolve()), "sample": sample})


def submit_forming(run: Run, method: str) -> None:
    """Lay out the codes of every epoch in a background process; returns at once."""
    ask(run, f"forming-{method}")
    _submit({"job": "forming", "folder": str(run.folder.resolve()), "method": method})


def submit_reference(run: Run) -> None:
    """Measure how well a run redraws digits and where they lie, in a background process; returns at once."""
    _submit({"job": "reference", "folder": str(run.folder.resolve())})


def submit_steps(run: Run) -> None:
    """Measure what each step of preparing a drawing is worth to a run, in a background process; returns at once."""
    _submit({"job": "steps", "folder": str(run.folder.resolve())})


def submit_fetch(dataset: str) -> None:
    """Download a data set in a background process; returns at once."""
    _submit({"job": "fetch", "dataset": dataset})


def warm() -> None:
    """Keep one spare worker that has torch imported and waits for a job."""
    global _spare
    with _spare_lock:
        if _spare is None or _spare.poll() is not None:
            _spare = _launch()


def _submit(job: dict[str, str]) -> None:
    global _spare
    # A spare keeps the environment it was born with, so the job carries what may have changed since.
    line = json.dumps({**job, "data": str(data.data_dir().resolve())}).encode() + b"\n"
    with _spare_lock:
        worker, _spare = _spare, None
        _children[:] = [child for child in _children if child.poll() is None]  # reaps the ended ones
        if worker is None or not _hand_over(worker, line):
            worker = _launch("--at-once")
            _hand_over(worker, line)
        _children.append(worker)
    timer = threading.Timer(_SPARE_AFTER_S, warm)
    timer.daemon = True
    timer.start()


def _hand_over(worker: subprocess.Popen[bytes], line: bytes) -> bool:
    pipe: IO[bytes] = worker.stdin  # type: ignore[assignment]  # Popen was given PIPE
    try:
        pipe.write(line)
        pipe.close()
    except OSError:
        return False  # it has died meanwhile; the caller starts another
    return worker.poll() is None


def _launch(*options: str) -> subprocess.Popen[bytes]:
    # Not multiprocessing: its child would import the dashboard's script again.
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    return subprocess.Popen(
        [sys.executable, "-m", "core.worker", *options],
        cwd=_ROOT,
        env={**os.environ, **threads},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def main() -> None:
    """Import what every job needs, wait for one job on stdin, do it."""
    _step_back()
    if "--at-once" not in sys.argv:
        _rehearse()
    line = sys.stdin.readline()
    if not line:
        return  # the server ended without a job for this spare
    job = json.loads(line)
    os.environ["DIGITLAB_DATA"] = job["data"]
    if job["job"] == "fetch":
        with suppress(data.DatasetUnavailable):  # the reason is written where the pages look for it
            data.fetch(job["dataset"])
        return
    run = Run(Path(job["folder"]))
    if job["job"] == "train":
        train(run)
    elif job["job"] == "project":
        _project(run, job["method"], job["sample"])
    elif job["job"] == "readings":
        _read_digits(run, job["sample"])
    elif job["job"] == "forming":
        _form(run, job["method"])
    elif job["job"] == "reference":
        _measure_reference(run)
    elif job["job"] == "steps":
        _measure_steps(run)


def _step_back() -> None:
    """Let the server, and whatever else people use, go first."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    # Linux shares the cores out by session before it looks at niceness, and every worker is a session of its own.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_NICE), encoding="ascii")


def _rehearse() -> None:
    """Import and run once whatever a first batch needs: without it, it takes four seconds instead of a tenth."""
    from core import recording  # noqa: F401 - imported for its effect
    from core.config import TrainConfig
    from core.train import build

    digits = data.load("digits").train
    source = build(TrainConfig("autoencoder"))
    for name, spec in MODELS.items():
        config = TrainConfig(name, source="any" if spec.source else "")
        build(config, source).train_step(digits.images[:8], digits.labels[:8], 1e-3)


def train(run: Run) -> None:
    """Train a run from its config to its end, leaving everything in its folder; returns when it has ended."""
    from core.recording import Training

    try:
        with _held(run.folder / "lock", 5.0), (run.folder / "events.jsonl").open("ab", buffering=0) as file:
            if run.status() in ENDINGS and not (run.folder / "resume").exists():
                return  # somebody else was asked to do it, too, and was faster
            if file.tell() and not (run.folder / "events.jsonl").read_bytes().endswith(b"\n"):
                file.write(b"\n")  # ends the line that a crash tore
            Training(run, file).carry_out()
    except Timeout:
        return  # another worker has it
    except (RunNotFound, FileNotFoundError):
        if not (run.folder / "config.json").exists():
            shutil.rmtree(run.folder, ignore_errors=True)  # deleted while it trained, all but what was just written
    except OSError as error:
        # A disk that cannot be written cannot be told so, either: the run is found as it was left.
        if error.errno not in (errno.EROFS, errno.EACCES, errno.ENOSPC):
            raise


def _project(run: Run, method: str, sample: str = "test") -> None:
    from core.latent import project

    _compute(run, map_name(method, sample), lambda: project(run, method, sample))
    # Under a lock of its own: meanwhile the map can be looked at.
    _compute(run, trust_name(method, sample), lambda: _judge(run, method, sample))


def _judge(run: Run, method: str, sample: str) -> None:
    from core.trust import measure

    if not run.active():  # one that trains has another map in seconds
        measure(run, method, sample)


def _read_digits(run: Run, sample: str) -> None:
    from core.verdicts import measure

    _compute(run, name_of(sample), lambda: measure(run, sample))


def _form(run: Run, method: str) -> None:
    from core.forming import form

    _compute(run, f"forming-{method}", lambda: form(run, method))


def _measure_reference(run: Run) -> None:
    from core.reference import NAME, measure

    _compute(run, NAME, lambda: measure(run))


def _measure_steps(run: Run) -> None:
    from core.steps import NAME, measure

    _compute(run, NAME, lambda: measure(run))


def _compute(run: Run, name: str, work: Callable[[], None]) -> None:
    """Do work whose result lies in projections/, holding the lock beside it; `background.cancel` ends the process."""
    try:
        with holding(run, name, 0.0), cancellable(run, name) as wanted:
            if wanted:
                work()
    except (RunNotFound, FileNotFoundError, Timeout):
        return  # the run was removed, or another worker is at it


@contextmanager
def _held(path: Path, patience: float) -> Iterator[None]:
    # A reader's look holds the lock for microseconds, so a worker always tries for a moment.
    if not path.parent.is_dir():
        raise FileNotFoundError(path.parent)
    with FileLock(path).acquire(timeout=max(patience, 0.2), poll_interval=0.01):
        yield


if __name__ == "__main__":
    main()
