"""Work in a process of its own: `python -m core.worker` waits for one job on stdin, does it and ends.

The jobs are training a run, laying out a run's codes, measuring a run and fetching a data set. A worker outlives
the server that started it; the files it writes say how far it is. One spare worker is kept warm, with torch
imported, so that a run shows its first point within a second.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import Timeout

from core.data import datasets, fetch
from core.jobs.state import cancellable, holding
from core.latent.maps import map_name, trust_name
from core.measures.predictions import name_of
from core.models import MODELS
from core.runs.recorder import train
from core.runs.run import Run, RunNotFound

_NICE = 10  # below the server, so that drawing stays fluent while a run trains


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
        with suppress(datasets.DatasetUnavailable):  # the reason is written where the pages look for it
            fetch.fetch(job["dataset"])
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
    from core.runs import recorder  # noqa: F401 - imported for its effect
    from core.training.config import TrainConfig, build

    digits = datasets.load("digits").train
    source = build(TrainConfig("autoencoder"))
    for name, spec in MODELS.items():
        config = TrainConfig(name, source="any" if spec.source else "")
        build(config, source).train_step(digits.images[:8], digits.labels[:8], 1e-3)


def _project(run: Run, method: str, sample: str = "test") -> None:
    from core.latent.maps import project

    _compute(run, map_name(method, sample), lambda: project(run, method, sample))
    # Under a lock of its own: meanwhile the map can be looked at.
    _compute(run, trust_name(method, sample), lambda: _judge(run, method, sample))


def _judge(run: Run, method: str, sample: str) -> None:
    from core.latent.trust import measure

    if not run.active():  # one that trains has another map in seconds
        measure(run, method, sample)


def _read_digits(run: Run, sample: str) -> None:
    from core.measures.predictions import measure

    _compute(run, name_of(sample), lambda: measure(run, sample))


def _form(run: Run, method: str) -> None:
    from core.latent.forming import form

    _compute(run, f"forming-{method}", lambda: form(run, method))


def _measure_reference(run: Run) -> None:
    from core.measures.reference import NAME, measure

    _compute(run, NAME, lambda: measure(run))


def _measure_steps(run: Run) -> None:
    from core.measures.preprocessing import NAME, measure

    _compute(run, NAME, lambda: measure(run))


def _compute(run: Run, name: str, work: Callable[[], None]) -> None:
    """Do work whose result lies in projections/, holding the lock beside it; `jobs.state.cancel` ends the process."""
    try:
        with holding(run, name, 0.0), cancellable(run, name) as wanted:
            if wanted:
                work()
    except (RunNotFound, FileNotFoundError, Timeout):
        return  # the run was removed, or another worker is at it


if __name__ == "__main__":
    main()
