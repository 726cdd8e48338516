"""Jobs in worker processes: how far it is, how it is cancelled whatever it is doing, and what stays of it."""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import pytest
from filelock import FileLock, Timeout

from core import progress
from core.jobs import state, submit
from core.jobs.state import CANCELLED, Job, JobState, job_lock, job_state
from core.jobs.stored import Stored
from core.latent.codes import CODES
from core.latent.forming import FORMING
from core.latent.maps import MAPS
from core.latent.trust import TRUST
from core.measures.predictions import PREDICTIONS
from core.progress import Progress
from core.runs.requests import Request, requests
from core.runs.run import Run, RunNotFound
from tests.conftest import ROOT, alive, change_weights, compute, wait_for

Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder that has learned a little."""
    return trained("autoencoder", params={"hidden": 32, "code_size": 6}, epochs=1)


@pytest.fixture
def processes() -> Iterator[list[Popen[bytes]]]:
    """Processes that are ended after the test."""
    started: list[Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


# The sum goes on for hours without giving way to another thread or to a signal handler of Python's.
_BUSY = """
import sys
from pathlib import Path
from core.latent import projectors
from core.latent.maps import MAPS
from core.runs.run import Run
def busy(codes, progress, neighbours=None, start=None):
    progress(0.5, "busy")
    sum(range(10**13))
projectors.PROJECTORS["pca"] = projectors.Projector("pca", "PCA", "", busy, float)
MAPS.run_job(Run(Path(sys.argv[1])), "pca", sys.argv[2])
"""


def begin(processes: list[Popen[bytes]], run: Run, sample: str = "test") -> Popen[bytes]:
    """Start a process that does not come to an end, and wait until it is at its work."""
    command = [sys.executable, "-c", _BUSY, str(run.folder), sample]
    process = Popen(command, cwd=ROOT, stdout=DEVNULL, stderr=DEVNULL)
    processes.append(process)
    wait_for(lambda: MAPS.state(run, "pca", sample).message == "busy")
    return process


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# -- cancelling


@pytest.mark.slow
def test_cancelling_ends_that_process_whatever_it_does(run: Run, processes: list[Popen[bytes]]) -> None:
    mine, other = begin(processes, run), begin(processes, run, "all")
    MAPS.cancel(run, "pca", "test")
    assert mine.wait(20) != 0
    assert MAPS.state(run, "pca", "test") == JobState("cancelled", message=CANCELLED)
    assert MAPS.state(run, "pca", "all").state == "computing"
    assert other.poll() is None
    assert CODES.load(run, "test") is not None  # what was finished stays
    state.ask(MAPS.job(run, "pca", "test"))
    compute(MAPS, run, "pca", "test")
    assert MAPS.state(run, "pca", "test").state == "ready"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes where Linux lists them")
def test_a_killed_process_is_interrupted_and_leaves_nobody_watching(run: Run, processes: list[Popen[bytes]]) -> None:
    process = begin(processes, run)
    (watcher,) = children(process.pid)
    second = Popen([sys.executable, "-c", _BUSY, str(run.folder), "test"], cwd=ROOT, stdout=DEVNULL, stderr=DEVNULL)
    processes.append(second)
    assert second.wait(120) == 0  # it finds the lock held and leaves the work to its holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert MAPS.state(run, "pca", "test") == JobState(
        "interrupted", message="The computation was interrupted. Try it again."
    )
    wait_for(lambda: not alive(watcher))
    assert CODES.load(run, "test") is not None
    compute(MAPS, run, "pca", "test")
    assert MAPS.state(run, "pca", "test").state == "ready"


@pytest.mark.slow
def test_deleting_a_run_ends_its_work(run: Run, processes: list[Popen[bytes]]) -> None:
    process = begin(processes, run)
    shutil.rmtree(run.folder)
    process.wait(20)
    assert not run.folder.exists()


def test_work_that_was_cancelled_before_it_began_is_not_begun(run: Run) -> None:
    MAPS.cancel(run, "pca", "test")
    compute(MAPS, run, "pca", "test")
    assert MAPS.state(run, "pca", "test") == JobState("cancelled", message=CANCELLED)
    assert CODES.load(run, "test") is None
    state.ask(MAPS.job(run, "pca", "test"))
    assert MAPS.state(run, "pca", "test") == JobState("starting")
    compute(MAPS, run, "pca", "test")
    assert MAPS.state(run, "pca", "test").state == "ready"


def test_asking_again_forgets_a_failure_but_not_work_under_way(run: Run) -> None:
    def fail(report: Progress) -> None:
        raise ValueError("All codes are the same.")

    job = MAPS.job(run, "pca", "test")
    state.run_job(job, fail)
    assert MAPS.state(run, "pca", "test").state == "failed"
    state.ask(job)
    assert MAPS.state(run, "pca", "test") == JobState("starting")

    def look(report: Progress) -> None:
        report(0.5, "halfway")
        state.ask(job)
        assert MAPS.state(run, "pca", "test") == JobState("computing", 0.5, "halfway")

    state.run_job(job, look)


def test_asking_takes_back_what_cancelled_it(run: Run, submitted: list[Any]) -> None:
    wanted: list[tuple[Stored[Any], tuple[str, ...]]] = [
        (MAPS, ("umap", "all")),
        (PREDICTIONS, ("test",)),
        (FORMING, ("umap",)),
    ]
    for stored, parameters in wanted:
        stored.cancel(run, *parameters)
        assert stored.state(run, *parameters).state == "cancelled"
        submit.request(stored, run, *parameters)
        assert stored.state(run, *parameters) == JobState("starting")
    for wrong in (("bad", "test"), ("pca", "../test")):
        with pytest.raises(ValueError, match="Choose one of"):
            submit.request(MAPS, run, *wrong)


def test_cancelling_takes_back_a_request_that_nobody_has_taken_up(run: Run, submitted: list[Any]) -> None:
    submit.request(MAPS, run, "pca", "test")
    MAPS.cancel(run, "pca", "test")
    assert not requests(run.folder.parent)
    assert MAPS.state(run, "pca", "test") == JobState("cancelled", message=CANCELLED)


def test_cancelling_what_is_not_under_way_does_no_harm(run: Run) -> None:
    compute(MAPS, run, "pca", "test")
    MAPS.cancel(run, "pca", "test")
    assert MAPS.state(run, "pca", "test").state == "ready"
    change_weights(run)
    assert MAPS.state(run, "pca", "test").message == "The model has changed since this was computed."
    shutil.rmtree(run.folder)
    MAPS.cancel(run, "pca", "test")
    assert not run.folder.exists()


def test_a_process_that_is_not_cancelled_is_not_ended(run: Run) -> None:
    (run.folder / "projections").mkdir()
    with state._cancellable(MAPS.job(run, "pca", "test")) as wanted:
        assert wanted
        MAPS.cancel(run, "umap", "test")  # another's
        time.sleep(0.3)


# -- what the work stands on


def test_figures_of_a_run_that_trains_are_left_for_later(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Run, "active", lambda self: True)
        compute(MAPS, run, "pca", "test")
        compute(TRUST, run, "pca", "test")
    assert MAPS.state(run, "pca", "test").state == "ready"
    assert TRUST.load(run, "pca", "test") is None
    compute(TRUST, run, "pca", "test")  # asked again, when it has ended
    assert TRUST.load(run, "pca", "test") is not None


def test_a_run_deleted_meanwhile_is_no_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def vanish(*args: object) -> None:
        shutil.rmtree(run.folder)
        raise FileNotFoundError("weights")

    monkeypatch.setattr("core.latent.codes.load_model", vanish)
    compute(MAPS, run, "pca", "test")
    assert not run.folder.exists()
    with pytest.raises(RunNotFound, match="gone"):
        MAPS.state(run, "pca", "test")


# -- notes, locks and the time that is left


def test_the_time_left_is_told_by_the_pace(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    pace = progress.Pace()

    def after(seconds: float, fraction: float) -> float | None:
        clock[0] += seconds
        return pace.remaining(fraction, clock[0])

    assert after(1, 0.1) is None  # too early
    assert after(0.1, 0.4) is None  # a leap: that was there before
    assert after(5, 0.41) is None  # too little
    assert after(5, 0.5) == pytest.approx(10 / 0.1 * 0.5)
    assert after(10, 0.9) == pytest.approx(20 / 0.5 * 0.1)
    assert after(1, 0.1) is None  # begun anew


def test_progress_and_the_time_left_are_read_while_the_lock_is_held(run: Run) -> None:
    (run.folder / "projections").mkdir()
    job = MAPS.job(run, "pca", "test")
    said = {"fraction": 0.4, "message": "m", "weights_version": run.weights_version()}
    with FileLock(job.lock):
        for remaining, told in ((12.5, 12.5), (None, None), ("soon", None), (-1, None), (1e300, None)):
            job.note.write_text(json.dumps(said | {"remaining": remaining}))
            assert job_state(job, lambda: False) == JobState("computing", 0.4, "m", told)
        job.note.write_text('{"fraction": "wide", "mes')
        assert job_state(job, lambda: False) == JobState("computing")


def test_who_holds_the_lock_sweeps_what_a_killed_process_left(run: Run) -> None:
    folder = run.folder / "projections"
    folder.mkdir()
    left, others, note = folder / "pca-test.npz.77.part", folder / "pca-all.npz.77.part", folder / "pca-test.note"
    for path in (left, others, note):
        path.write_text("{}")
    with job_lock(MAPS.job(run, "pca", "test"), 0):
        assert not left.exists()
        assert not note.exists()
        assert others.exists()
        with pytest.raises(Timeout), job_lock(MAPS.job(run, "pca", "test"), 0):
            pass


def test_no_lock_brings_back_a_deleted_run(run: Run) -> None:
    shutil.rmtree(run.folder)
    with pytest.raises(RunNotFound), job_lock(MAPS.job(run, "pca", "test"), 0):
        pass
    assert not run.folder.exists()


def test_a_failure_is_a_sentence_until_the_weights_change(run: Run) -> None:
    def fail(report: object) -> None:
        raise ValueError("Too few digits. Take more.")

    job = Job(run, "work", Request(run.folder.parent, "work", run.id))
    state.run_job(job, fail)
    assert job_state(job, lambda: False) == JobState("failed", message="Too few digits. Take more.")
    assert job_state(job, lambda: True).state == "ready"
    change_weights(run)
    assert job_state(job, lambda: False) == JobState("absent")


def test_a_job_whose_process_gets_ready_is_starting_however_long_that_takes(run: Run) -> None:
    job = MAPS.job(run, "pca", "test")
    state.ask(job)
    assert job_state(job, lambda: False) == JobState("starting")
    os.utime(job.request.path, (0, 0))
    assert job_state(job, lambda: False) == JobState("waiting")  # nobody has taken it up
    with FileLock(job.request.lock):
        assert job_state(job, lambda: False) == JobState("starting")
