"""The process that does jobs: one of the table below, or, as a template, one process after another that does one.

`python -m core.worker FOLDER KIND SUBJECT [PARAMETER ...]` does the job of a request. `python -m core.worker`
with a socket as stdin is the template: it imports and rehearses what jobs need, then forks a process for each
request it is sent, which begins within hundredths of a second and shares the template's memory.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, cast

import numpy as np
from filelock import FileLock, Timeout

from core.data import datasets, fetch
from core.data.datasets import DatasetUnavailable
from core.jobs.state import ask
from core.jobs.stored import Stored
from core.latent.codes import CODES, NEIGHBOURS
from core.latent.forming import FORMING
from core.latent.maps import MAPS
from core.latent.projectors import PROJECTORS
from core.latent.trust import TRUST
from core.measures.calibration import CALIBRATION
from core.measures.label_losses import LABEL_LOSSES
from core.measures.neighbours import nearest_of_all
from core.measures.predictions import PREDICTIONS
from core.measures.preprocessing import PREPROCESSING
from core.measures.reference import REFERENCE
from core.measures.scores import SCORES
from core.models import MODELS
from core.models.contract import FittedModel, SteppedModel
from core.robustness.mnist_c import MNIST_C
from core.robustness.sweep import SWEEP
from core.runs.requests import Request
from core.runs.run import Run
from core.table import table
from core.training.config import TrainConfig, build

STORED: dict[str, Stored[Any]] = table(
    CODES,
    NEIGHBOURS,
    MAPS,
    TRUST,
    FORMING,
    PREDICTIONS,
    REFERENCE,
    PREPROCESSING,
    SCORES,
    CALIBRATION,
    LABEL_LOSSES,
    SWEEP,
    MNIST_C,
    by="kind",
)
_NICE = 10  # below the server, so that drawing stays fluent while a run trains
_IDLE_S = 2.0  # without a request, before the template rehearses what takes long


def _train(request: Request) -> None:
    from core.runs import recorder

    run = Run(request.folder / request.subject)
    recorder.train(run)
    # By another process, so that who presses Resume does not wait for it.
    with suppress(ValueError):  # it was deleted, or the disk is full: the pages ask again
        if not run.active() and run.has_weights():
            ask(SCORES.job(run))


def _fetch(request: Request) -> None:
    with suppress(DatasetUnavailable):  # the reason is written where the pages look for it
        fetch.fetch(request.subject, lambda share, message: request.remove())  # the note speaks for it by then


def _compute(request: Request) -> None:
    run = Run(request.folder / request.subject)
    for kind in (request.kind, *STORED[request.kind].then):
        STORED[kind].run_job(run, *request.parameters)


JOBS: dict[str, Callable[[Request], None]] = {"train": _train, "fetch": _fetch, **dict.fromkeys(STORED, _compute)}


def run_request(request: Request) -> None:
    """Do a job, unless another process does it already; the request is gone when its work shows by itself."""
    request.lock.parent.mkdir(parents=True, exist_ok=True)
    with suppress(Timeout), FileLock(request.lock).acquire(timeout=0.2, poll_interval=0.01):
        with suppress(OSError):  # Windows lets nobody write what is locked
            request.lock.write_text(f"{os.getpid()}\n", encoding="ascii")  # for people who look
        try:
            if request.age() is not None:  # else somebody was faster, or does not want it any more
                JOBS[request.kind](request)
        finally:
            request.remove()
            request.lock.unlink(missing_ok=True)


def main() -> None:
    """Do the job that the arguments name; without arguments, be the template of processes that do one."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    _yield_to_people()
    if len(sys.argv) > 1:
        run_request(Request.of(sys.argv[1:]))
    else:
        _Template(socket.socket(fileno=0)).serve()


class _Template:
    """A process with one thread, all imports done, that forks.

    What takes long to rehearse is rehearsed by a copy of it while nothing is asked for; the copy then takes over.
    """

    def __init__(self, server: socket.socket) -> None:
        self.server = server
        self.children: dict[int, Request] = {}
        self.rehearsed = False  # maps, too, or their rehearsal failed
        self.says: int | None = None  # that pipe's other end, in a copy
        self.copy: int | None = None  # the pipe on which a copy says that it is ready, open for as long as that lives

    def serve(self) -> None:
        """Fork a process for each request until the server ends, or a copy takes over."""
        _rehearse_training()
        self._listen_to_children()
        while True:
            watched: list[Any] = [self.server, self.ended, *([] if self.copy is None else [self.copy])]
            idle = None if self.rehearsed or self.copy is not None else _IDLE_S
            ready = select.select(watched, [], [], idle)[0]
            if self.ended in ready:
                self._reap()
            if self.server in ready and not self._take():
                return
            if self.copy is not None and self.copy in ready:
                if os.read(self.copy, 1):
                    self._retire(self.copy)
                    return
                self.copy, self.rehearsed = None, True  # it has failed: go on without
            if not ready:
                self._rehearse_in_a_copy()

    def _listen_to_children(self) -> None:
        """Let a wait for requests end when a child does, and share with children what is there by now."""
        self.ended, wake = socket.socketpair()
        self.ended.setblocking(False)
        wake.setblocking(False)
        self._wake = wake  # kept open
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        gc.collect()
        gc.freeze()  # the first collection of a child would else copy all that it shares

    def _take(self) -> bool:
        """Fork a process for the next request; False when there is no server any more."""
        message = self.server.recv(1 << 18)
        if not message:
            return False
        asked = json.loads(message)
        request = Request.of(asked["request"])
        if pid := os.fork():
            self.children[pid] = request
        else:
            self._be_a_worker(request, asked["environment"])
        return True

    def _be_a_worker(self, request: Request, environment: dict[str, str]) -> NoReturn:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for end in (self.server, self.ended, self._wake):
                end.close()
            if self.says is not None:
                os.close(self.says)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.environ.clear()
            os.environ.update(environment)
            os.setsid()
            _yield_to_people()
            np.random.seed()
            run_request(request)
            code = 0
        finally:  # whatever happened, this process must not go on as the template
            os._exit(code)

    def _reap(self) -> None:
        with suppress(BlockingIOError):
            self.ended.recv(1 << 12)
        with suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                self._tell_end_of(pid)

    def _tell_end_of(self, pid: int) -> None:
        if request := self.children.pop(pid, None):
            with suppress(OSError):  # the server has ended
                self.server.send(json.dumps(request.words()).encode())

    def _rehearse_in_a_copy(self) -> None:
        self.copy, says = os.pipe()
        if os.fork():
            os.close(says)
            return
        try:
            _end_with_parent()
            os.close(self.copy)
            _rehearse_fits()
            _rehearse_maps()
            if os.fork():
                os._exit(0)  # what it rehearsed lives on in a process without the threads that this started
            self.children, self.copy, self.rehearsed, self.says = {}, None, True, says
            self._listen_to_children()
            os.write(says, b"1")
        except Exception:  # noqa: BLE001 - the template goes on without
            os._exit(1)

    def _retire(self, copy: int) -> None:
        """Tell the server of the ends of one's own children, for as long as the copy takes the requests."""
        watched: list[Any] = [copy, self.ended]
        while self.children and copy not in select.select(watched, [], [])[0]:
            self._reap()


def _end_with_parent() -> None:
    """Have Linux kill this process when its parent ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _yield_to_people() -> None:
    # Linux shares the cores out by session before it looks at niceness, and every worker is a session of its own.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_NICE), encoding="ascii")


def _rehearse_training() -> None:
    """Import and run once whatever a first batch needs: without it, it takes seconds instead of a tenth."""
    import torch

    from core.runs import recorder  # noqa: F401 - imported for its effect

    state = torch.get_rng_state()
    digits = datasets.load("digits").train
    source = build(TrainConfig("autoencoder"))
    for name, spec in MODELS.items():
        if spec.learns == "by steps":
            model = cast(SteppedModel, build(TrainConfig(name, source="any" if spec.source else ""), source))
            model.train_step(digits.images[:8], digits.labels[:8], 1e-3)
    torch.set_rng_state(state)


def _rehearse_fits() -> None:
    """Import what fitting at once needs: a second or two, and a thread of one of scikit-learn's imports."""
    digits = datasets.load("digits").train
    for name, spec in MODELS.items():
        if spec.learns == "at once":  # the first piece of the work has it all
            next(cast(FittedModel, build(TrainConfig(name))).fit(digits.images[:8], digits.labels[:8]))


def _rehearse_maps() -> None:
    """Import and compile what laying out maps needs: tens of seconds, the first time on a machine."""
    codes = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    neighbours = nearest_of_all(codes)
    for projector in PROJECTORS.values():
        if projector.fits(codes.shape[1]):
            projector.fit(codes, lambda share, message: None, neighbours if projector.compares else None)


if __name__ == "__main__":
    main()
