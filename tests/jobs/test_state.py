"""Work in worker processes: how far it is, how it is cancelled whatever it is doing, and what stays of it."""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
from filelock import FileLock, Timeout

from core import progress, worker
from core.jobs import state, submit
from core.jobs.state import CANCELLED, Work, carry_out, how_far
from core.latent.codes import load_codes
from core.latent.forming import submit_forming
from core.latent.maps import project, projection_state, submit_projection
from core.latent.trust import load_trust, trust_state
from core.measures.predictions import submit_readings
from core.progress import Progress
from core.runs.run import Run, RunNotFound
from tests.conftest import wait_for

Train = Callable[..., Run]
ROOT = Path(worker.__file__).parent.parent


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
from core import worker
from core.latent import projectors
from core.runs.run import Run
def busy(codes, progress, neighbours=None, start=None):
    progress(0.5, "busy")
    sum(range(10**13))
projectors.PROJECTORS["pca"] = projectors.Projector("pca", "PCA", "", busy, float)
worker._project(Run(Path(sys.argv[1])), "pca", sys.argv[2])
"""


def begin(processes: list[Popen[bytes]], run: Run, sample: str = "test") -> Popen[bytes]:
    """Start a process that does not come to an end, and wait until it is at its work."""
    command = [sys.executable, "-c", _BUSY, str(run.folder), sample]
    process = Popen(command, cwd=ROOT, stdout=DEVNULL, stderr=DEVNULL)
    processes.append(process)
    wait_for(lambda: projection_state(run, "pca", sample).message == "busy")
    return process


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    """Whether there is such a process, and not only what is left to be asked how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


# -- cancelling


@pytest.mark.slow
def test_cancelling_ends_that_process_whatever_it_does(run: Run, processes: list[Popen[bytes]]) -> None:
    mine, other = begin(processes, run), begin(processes, run, "all")
    state.cancel(run, "pca-test")
    assert mine.wait(20) != 0
    assert projection_state(run, "pca") == Work("absent", message=CANCELLED)
    assert projection_state(run, "pca", "all").state == "computing"
    assert other.poll() is None
    assert load_codes(run, "test") is not None  # what was finished stays
    state.ask(run, "pca-test")
    worker._project(run, "pca", "test")
    assert projection_state(run, "pca").state == "ready"


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
    assert projection_state(run, "pca") == Work("interrupted", message="The computation was interrupted. Try it again.")
    wait_for(lambda: not alive(watcher))
    assert load_codes(run, "test") is not None
    worker._project(run, "pca", "test")
    assert projection_state(run, "pca").state == "ready"


@pytest.mark.slow
def test_deleting_a_run_ends_its_work(run: Run, processes: list[Popen[bytes]]) -> None:
    process = begin(processes, run)
    shutil.rmtree(run.folder)
    process.wait(20)
    assert not run.folder.exists()


def test_work_that_was_cancelled_before_it_began_is_not_begun(run: Run) -> None:
    state.cancel(run, "pca-test")
    worker._project(run, "pca")
    assert projection_state(run, "pca") == Work("absent", message=CANCELLED)
    assert load_codes(run, "test") is None
    state.ask(run, "pca-test")
    assert projection_state(run, "pca") == Work("absent")
    worker._project(run, "pca")
    assert projection_state(run, "pca").state == "ready"


def test_asking_again_forgets_a_failure_but_not_work_under_way(run: Run) -> None:
    def fail(report: Progress) -> None:
        raise ValueError("All codes are the same.")

    state.carry_out(run, "pca-test", fail)
    assert projection_state(run, "pca").state == "failed"
    state.ask(run, "pca-test")
    assert projection_state(run, "pca") == Work("absent")

    def look(report: Progress) -> None:
        report(0.5, "halfway")
        state.ask(run, "pca-test")
        assert projection_state(run, "pca") == Work("computing", 0.5, "halfway")

    with state.holding(run, "pca-test", 0.0):
        state.carry_out(run, "pca-test", look)


def test_submitting_takes_back_what_cancelled_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[dict[str, str]] = []
    monkeypatch.setattr(submit, "submit", jobs.append)
    names = ("umap-all", "trust-umap-all", "readings-test", "forming-umap")
    for name in names:
        state.cancel(run, name)
    submit_projection(run, "umap", "all")
    submit_readings(run, "test")
    submit_forming(run, "umap")
    assert [job["job"] for job in jobs] == ["project", "readings", "forming"]
    assert (jobs[0]["method"], jobs[0]["sample"]) == ("umap", "all")
    assert [how_far(run, name, lambda: False).message for name in names] == [""] * 4
    for wrong in (("bad", "test"), ("pca", "../test")):
        with pytest.raises(ValueError, match="Choose one of"):
            submit_projection(run, *wrong)


def test_cancelling_what_is_not_under_way_does_no_harm(run: Run) -> None:
    project(run, "pca")
    state.cancel(run, "pca-test")
    assert projection_state(run, "pca").state == "ready"
    os.utime(run.folder / "weights.safetensors", ns=(run.weights_version() + 10**9,) * 2)
    assert projection_state(run, "pca").message == "The model has changed since this map was made."
    shutil.rmtree(run.folder)
    state.cancel(run, "pca-test")
    assert not run.folder.exists()


def test_a_process_that_is_not_cancelled_is_not_ended(run: Run) -> None:
    (run.folder / "projections").mkdir()
    with state.cancellable(run, "pca-test") as wanted:
        assert wanted
        state.cancel(run, "umap-test")  # another's
        time.sleep(0.3)


# -- a real worker


@pytest.mark.slow
def test_a_map_and_its_figures_outlive_the_dashboard_that_asked(run: Run, processes: list[Popen[bytes]]) -> None:
    code = "import sys\nfrom pathlib import Path\nfrom core.latent.maps import submit_projection\n"
    code += "from core.runs.run import Run\n"
    code += "submit_projection(Run(Path(sys.argv[1])), 'pca', 'all')"
    server = Popen([sys.executable, "-c", code, str(run.folder)], cwd=ROOT)
    processes.append(server)
    assert server.wait(60) == 0  # it ends at once, in the middle of the work
    wait_for(lambda: trust_state(run, "pca", "all").state == "ready", 120)
    assert projection_state(run, "pca", "all").state == "ready"
    assert load_trust(run, "pca", "all") is not None
    assert not list((run.folder / "projections").glob("*.note"))


def test_figures_of_a_run_that_trains_are_left_for_later(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Run, "active", lambda self: True)
        worker._project(run, "pca")
    assert projection_state(run, "pca").state == "ready"
    assert load_trust(run, "pca") is None
    worker._project(run, "pca")  # asked again, when it has ended
    assert load_trust(run, "pca") is not None


def test_a_run_deleted_meanwhile_is_no_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def vanish(*args: object) -> None:
        shutil.rmtree(run.folder)
        raise FileNotFoundError("weights")

    monkeypatch.setattr("core.latent.codes.load_model", vanish)
    monkeypatch.setattr(worker, "cancellable", lambda *args: nullcontext(True))  # or this process would be ended
    worker._project(run, "pca")
    assert not run.folder.exists()
    with pytest.raises(RunNotFound, match="gone"):
        projection_state(run, "pca")


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
    note = run.projection_file("pca-test").with_suffix(".note")
    said = {"fraction": 0.4, "message": "m", "weights_version": run.weights_version()}
    with FileLock(state.lock_of(run, "pca-test")):
        for remaining, told in ((12.5, 12.5), (None, None), ("soon", None), (-1, None), (1e300, None)):
            note.write_text(json.dumps(said | {"remaining": remaining}))
            assert how_far(run, "pca-test", lambda: False) == Work("computing", 0.4, "m", told)
        note.write_text('{"fraction": "wide", "mes')
        assert how_far(run, "pca-test", lambda: False) == Work("computing")


def test_who_holds_the_lock_sweeps_what_a_killed_process_left(run: Run) -> None:
    folder = run.folder / "projections"
    folder.mkdir()
    left, others, note = folder / "pca-test.npz.77.part", folder / "pca-all.npz.77.part", folder / "pca-test.note"
    for path in (left, others, note):
        path.write_text("{}")
    with state.holding(run, "pca-test", 0):
        assert not left.exists()
        assert not note.exists()
        assert others.exists()
        with pytest.raises(Timeout), state.holding(run, "pca-test", 0):
            pass


def test_no_lock_brings_back_a_deleted_run(run: Run) -> None:
    shutil.rmtree(run.folder)
    with pytest.raises(RunNotFound), state.holding(run, "pca-test", 0):
        pass
    assert not run.folder.exists()


def test_a_failure_is_a_sentence_until_the_weights_change(run: Run) -> None:
    def fail(report: object) -> None:
        raise ValueError("Too few digits. Take more.")

    carry_out(run, "work", fail)
    assert how_far(run, "work", lambda: False) == Work("failed", message="Too few digits. Take more.")
    assert how_far(run, "work", lambda: True).state == "ready"
    os.utime(run.folder / "weights.safetensors", ns=(run.weights_version() + 10**9,) * 2)
    assert how_far(run, "work", lambda: False) == Work("absent")
