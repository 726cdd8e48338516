"""Handing jobs to worker processes. What is asked for is a file first; it gets a process as soon as there is room.

Processes are forked from a template that has torch and the like imported, where forking is safe; elsewhere, and for
work on a GPU, each job gets a fresh one. They outlive the process that asked, the template does not.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from core.jobs.state import ask
from core.jobs.stored import Stored
from core.paths import ROOT, checkpoints_dir
from core.runs import slots
from core.runs.requests import Request, fetch_request, requests, sweep, under_way
from core.runs.run import Run, RunNotFound

_AT_ONCE = {"reference": 1, "scores": 1}  # of a kind; training has its slots
_OTHERS = 4  # of all kinds but training, at once
_LOOK_AGAIN_S, _IDLE_S = 0.5, 5.0  # while something waits, and while nothing does
_TRIES = 3  # to have a process take a request up
_FORKS = sys.platform == "linux"
_THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}

_log = logging.getLogger(__name__)
_lock = threading.RLock()
_folders: set[Path] = set()  # of runs, whose requests are looked after here
_started: dict[Request, int] = {}  # how often a process was started for it that did not take it up
_forked: set[Request] = set()  # those whose process the template has not told to be gone
_fresh: dict[Request, subprocess.Popen[bytes]] = {}
_template: _Template | None = None
_look = threading.Event()
_looking: threading.Thread | None = None
_held = False


def request(stored: Stored[Any], run: Run, *parameters: str) -> None:
    """Have a result of a run computed in a process of its own; returns at once. Asked for twice, it is done once.

    Raises ValueError for impossible parameters, or when the disk does not let us.
    """
    ask(stored.job(run, *parameters))
    _begin(run.folder.parent)


def train(run: Run) -> None:
    """Have a run trained in a process of its own, in its turn; returns at once."""
    run.request.write()
    _begin(run.folder.parent)


def fetch(dataset: str) -> None:
    """Have a data set downloaded in a process of its own; returns at once."""
    fetch_request(dataset).write()
    _begin(checkpoints_dir())


def hold() -> None:
    """Let what is asked for from now on wait for `warm`: a server that starts has no processor to spare for it."""
    global _held
    _held = True


def warm() -> None:
    """Get ready to begin jobs at once, and take up what other dashboards left waiting."""
    global _held
    with _lock:
        _held = False
        if _FORKS:
            _living_template()
        sweep(checkpoints_dir())
        _begin(checkpoints_dir())


def _begin(folder: Path) -> None:
    global _looking
    with _lock:
        _folders.add(folder.resolve())
        start_what_fits(folder.resolve())
        if _looking is None:
            _looking = threading.Thread(target=_look_after_requests, daemon=True, name="jobs")
            _looking.start()


def _look_after_requests() -> None:
    waits = True
    while True:
        _look.wait(_LOOK_AGAIN_S if waits else _IDLE_S)
        _look.clear()
        try:
            waits = sum(start_what_fits(folder) for folder in list(_folders)) > 0
        except OSError as error:  # a folder that is gone, or a disk that refuses: look again later
            _log.warning("Requests could not be looked after: %s", error)


def start_what_fits(folder: Path) -> bool:
    """Start a process for each request there is room for, in their order; say whether any has to wait."""
    with _lock:
        if _held:
            return True
        for asked in [asked for asked, process in _fresh.items() if process.poll() is not None]:
            del _fresh[asked]
        waiting = requests(folder)
        for taken in [one for one in _started if one.folder == folder and one not in waiting]:
            del _started[taken]
        busy = {*under_way(folder), *(one.key for one in (*_forked, *_fresh) if one.folder == folder)}
        for asked in waiting:
            if asked.key not in busy and _started.get(asked, 0) < _TRIES and _fits(asked, busy):
                busy.add(asked.key)
                _started[asked] = _started.get(asked, 0) + 1
                _start(asked)
        return bool(waiting)


def _fits(asked: Request, busy: set[str]) -> bool:
    run = asked.folder / asked.subject
    if asked.kind == "train":
        # One that is to stop, or is gone, needs no place: its process only says so.
        ends = not run.is_dir() or any((run / name).exists() for name in ("stop", "pause"))
        return ends or sum(key.startswith("train.") for key in busy) < slots.count()
    others = [key for key in busy if not key.startswith("train.")]
    alike = sum(key.startswith(f"{asked.kind}.") for key in others)
    return len(others) < _OTHERS and alike < _AT_ONCE.get(asked.kind, _OTHERS)


def _start(asked: Request) -> None:
    if not _FORKS or _on_a_gpu(asked):
        _fresh[asked] = _launch(asked.words(), subprocess.DEVNULL)
    elif not _living_template().send(asked):
        _living_template().send(asked)  # it had ended, and nobody had noticed


def _living_template() -> _Template:
    global _template
    if _template is None or not _template.alive:
        _template = _Template()
    return _template


def _on_a_gpu(asked: Request) -> bool:
    """Say whether the job is one for a process that was not forked: what drives a GPU does not survive that."""
    try:
        return asked.kind == "train" and Run(asked.folder / asked.subject).config.device != "cpu"
    except RunNotFound:
        return False


def _launch(arguments: list[str], stdin: Any) -> subprocess.Popen[bytes]:
    # Not multiprocessing: its child would import the dashboard's script again.
    return subprocess.Popen(
        [sys.executable, "-m", "core.worker", *arguments],
        cwd=ROOT,
        env=_environment(),
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    # Numba's own threads: a process in which OpenMP's have run cannot be forked.
    return {**os.environ, **_THREADS, "NUMBA_THREADING_LAYER": "workqueue"}


class _Template:
    """The template process, seen from here: it is sent requests, and says which of their processes have ended."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = _launch([], theirs)
        self.alive = True
        threading.Thread(target=self._listen, daemon=True, name="template").start()

    def send(self, asked: Request) -> bool:
        """Send a request; False when the template is gone."""
        message = {"request": asked.words(), "environment": _environment()}
        try:
            self.socket.send(json.dumps(message).encode())
        except OSError:
            self.alive = False
            return False
        _forked.add(asked)
        return True

    def _listen(self) -> None:
        while self.alive:
            try:
                ended = self.socket.recv(1 << 14)
            except OSError:
                ended = b""
            self.alive = bool(ended)
            with _lock:
                _forked.difference_update([Request.of(json.loads(ended))] if ended else list(_forked))
            _look.set()
        self.process.wait()
        self.socket.close()
