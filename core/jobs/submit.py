"""Handing jobs to worker processes: each job gets one, and one spare is kept warm, with torch imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import IO

from core import paths
from core.paths import ROOT
from core.runs.run import Run

_SPARE_AFTER_S = 3.0  # the next spare imports torch once the run just started has shown its first points


_spare: subprocess.Popen[bytes] | None = None


_children: list[subprocess.Popen[bytes]] = []


_spare_lock = threading.Lock()


def submit_training(run: Run) -> None:
    """Train the run in a background process; returns at once."""
    submit({"job": "train", "folder": str(run.folder.resolve())})


def submit_fetch(dataset: str) -> None:
    """Download a data set in a background process; returns at once."""
    submit({"job": "fetch", "dataset": dataset})


def warm() -> None:
    """Keep one spare worker that has torch imported and waits for a job."""
    global _spare
    with _spare_lock:
        if _spare is None or _spare.poll() is not None:
            _spare = _launch()


def submit(job: dict[str, str]) -> None:
    """Hand a job, with its name under "job", to a worker process; returns at once."""
    global _spare
    # A spare keeps the environment it was born with, so the job carries what may have changed since.
    line = json.dumps({**job, "data": str(paths.data_dir().resolve())}).encode() + b"\n"
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
        cwd=ROOT,
        env={**os.environ, **threads},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
