"""Real worker processes: they train, stop, are killed, wait for their turn, and say what happened."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from core import files, worker
from core.data.augment import Augmentation
from core.jobs import submit
from core.latent.maps import MAPS
from core.latent.trust import TRUST
from core.measures.reference import REFERENCE
from core.runs import requests
from core.runs.requests import Request
from core.runs.run import Run, RunNotFound
from core.runs.store import RunStore
from core.runs.weights import load_model
from tests.conftest import ROOT, alive, small, wait_for

Train = Callable[..., Run]
Server = Callable[..., "subprocess.Popen[str]"]
linux = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")


@pytest.fixture(scope="module", autouse=True)
def no_template_left() -> Iterator[None]:
    yield
    if submit._template is not None:
        submit._template.socket.close()
        submit._template.process.wait(60)


def start(runs: RunStore, model: str = "cnn", **changes: object) -> Run:
    run = runs.create(small(model, **{"epochs": 500, "train_size": 0, **changes}))
    submit.train(run)
    return run


def worker_of(run: Run) -> int:
    """The pid of the process that trains a run."""
    return int(run.request.lock.read_text())


def learning(run: Run) -> bool:
    return run.status() == "running" and bool(run.history().steps)


# -- one training


@pytest.mark.slow
def test_process_trains_and_stops_on_request(runs: RunStore) -> None:
    run = start(runs)
    assert run.status() == "starting"
    wait_for(lambda: learning(run))
    step = run.history().steps[-1].step
    run.request_stop()
    wait_for(lambda: run.status() == "stopped")
    assert run.history().steps[-1].step >= step
    assert run.message() == "Stopped on request."
    assert load_model(run).predict_proba(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)
    run.request_stop()  # twice does no harm
    assert run.status() == "stopped"
    wait_for(lambda: not list((runs.folder / ".jobs").iterdir()))


@pytest.mark.slow
def test_killed_worker_is_interrupted_and_its_run_readable(runs: RunStore) -> None:
    run = start(runs)
    wait_for(lambda: run.history().epochs)
    os.kill(worker_of(run), signal.SIGKILL)
    wait_for(lambda: run.status() != "running", 2)
    assert run.status() == "interrupted"
    assert run.history().epochs
    assert load_model(run).parameter_count > 0
    assert RunStore(runs.folder).get(run.id).status() == "interrupted"  # as a restarted dashboard sees it
    run.request_resume()
    submit.train(run)
    wait_for(lambda: learning(run))


@pytest.mark.slow
def test_time_limit(runs: RunStore) -> None:
    run = start(runs, max_minutes=0.02)
    wait_for(lambda: run.status() == "stopped")
    assert "0.02 minutes" in run.message()


@pytest.mark.slow
def test_run_whose_folder_vanishes_takes_only_its_own_worker_along(runs: RunStore) -> None:
    run, other = start(runs), start(runs)
    wait_for(lambda: learning(run) and learning(other))
    pid = worker_of(run)
    shutil.rmtree(run.folder, ignore_errors=True)
    wait_for(lambda: not alive(pid))
    assert not run.folder.exists()
    assert learning(other)


@pytest.mark.slow
def test_run_deleted_but_for_what_its_worker_just_wrote_ends_too(runs: RunStore) -> None:
    run = start(runs)
    wait_for(lambda: learning(run))
    (run.folder / "config.json").unlink()  # as a deletion that raced with the worker leaves it
    with pytest.raises(RunNotFound, match="gone"):
        RunStore(runs.folder).get(run.id)
    with pytest.raises(RunNotFound, match="gone"):
        run.status()
    wait_for(lambda: not run.folder.exists())


# -- taking turns


@pytest.mark.slow
def test_runs_beyond_the_slots_wait_as_files_in_their_order_and_can_be_withdrawn(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_SLOTS", "1")
    first = start(runs)
    wait_for(lambda: learning(first))
    second, third, fourth = start(runs), start(runs), start(runs)
    wait_for(lambda: {run.status() for run in (second, third, fourth)} == {"queued"})
    assert second.message() == "Waiting for a free place."
    assert [one.subject for one in requests.requests(runs.folder)] == [second.id, third.id, fourth.id]
    assert requests.under_way(runs.folder) == [first.request.key]  # one process for four runs
    third.request_stop()
    wait_for(lambda: third.status() == "stopped")
    runs.delete(fourth)
    first.request_stop()
    wait_for(lambda: learning(second))
    wait_for(lambda: not requests.requests(runs.folder))
    assert runs.stop_all() == 1
    wait_for(lambda: second.status() == "stopped")


@pytest.mark.slow
def test_a_job_asked_for_many_times_is_done_by_one_process(runs: RunStore, trained: Train) -> None:
    run = trained("autoencoder", epochs=1)
    for _ in range(30):
        submit.request(REFERENCE, run)
    assert len(requests.requests(runs.folder)) <= 1
    wait_for(lambda: REFERENCE.state(run).state == "ready")
    wait_for(lambda: not requests.under_way(runs.folder))
    assert not requests.requests(runs.folder)


@pytest.mark.slow
def test_five_jobs_asked_for_at_once_all_show_signs_of_life(
    runs: RunStore, trained: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_SLOTS", "3")
    done = trained("autoencoder", epochs=1)
    trainings = [start(runs, "mlp") for _ in range(3)]
    submit.request(MAPS, done, "pca", "test")
    submit.request(REFERENCE, done)
    wait_for(lambda: all(map(learning, trainings)))
    wait_for(lambda: MAPS.state(done, "pca", "test").state == REFERENCE.state(done).state == "ready")
    wait_for(lambda: TRUST.state(done, "pca", "test").state == "ready")  # it follows by itself


def test_a_request_that_nobody_takes_up_waits(runs: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "_start", lambda request: None)  # as if every process died while it started
    run = start(runs)
    for _ in range(9):
        submit.start_what_fits(runs.folder)
    mine = {one: count for one, count in submit._started.items() if one.folder == run.request.folder}
    assert mine == {run.request: 3}
    os.utime(run.request.path, (0, 0))
    assert run.status() == "queued"
    run.request.remove()
    submit.start_what_fits(runs.folder)
    assert run.request not in submit._started


def test_a_starting_server_lets_requests_wait_until_it_is_warm(runs: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[requests.Request] = []
    monkeypatch.setattr(submit, "_start", begun.append)
    monkeypatch.setattr(submit, "_living_template", lambda: None)
    monkeypatch.setattr(submit, "_held", False)
    monkeypatch.setenv("DIGITLAB_CHECKPOINTS", str(runs.folder))
    submit.hold()
    run = start(runs)
    assert submit.start_what_fits(runs.folder)  # something waits
    assert not begun
    assert run.status() == "starting"
    submit.warm()
    assert begun == [run.request]


@pytest.mark.slow
def test_what_another_dashboard_left_waiting_is_taken_up(runs: RunStore) -> None:
    run = runs.create(small(epochs=1))
    run.request.write()  # and then it ended
    submit.warm()
    wait_for(lambda: run.status() == "finished")


@pytest.mark.slow
def test_what_is_asked_for_outlives_who_asked(runs: RunStore, trained: Train) -> None:
    run = trained("autoencoder", params={"hidden": 32, "code_size": 6}, epochs=1)
    code = "import sys\nfrom pathlib import Path\nfrom core.jobs import submit\nfrom core.latent.maps import MAPS\n"
    code += "from core.runs.run import Run\nsubmit.request(MAPS, Run(Path(sys.argv[1])), 'pca', 'all')"
    subprocess.run([sys.executable, "-c", code, str(run.folder)], cwd=ROOT, check=True, timeout=60)
    wait_for(lambda: TRUST.state(run, "pca", "all").state == "ready", 120)
    assert MAPS.state(run, "pca", "all").state == "ready"
    assert not list((run.folder / "projections").glob("*.note"))


# -- fresh processes


def in_a_fresh_process(request: Request) -> None:
    env = {**os.environ, **submit._THREADS}
    subprocess.run([sys.executable, "-m", "core.worker", *request.words()], cwd=ROOT, env=env, check=True, timeout=120)


@pytest.mark.slow
def test_a_fresh_process_does_a_job_and_leaves_one_that_is_held_alone(runs: RunStore) -> None:
    run = runs.create(small(epochs=1))
    run.request.write()
    with FileLock(run.request.lock):
        in_a_fresh_process(run.request)
        assert run.status() == "starting"  # somebody else gets ready for it
        assert run.request.path.exists()
    in_a_fresh_process(run.request)
    assert run.status() == "finished"
    in_a_fresh_process(run.request)  # nobody asks for it any more
    starts = [line for line in run.history().lifecycle if line.event == "started"]
    assert len(starts) == 1


@pytest.mark.slow
@linux
@pytest.mark.parametrize("model", ["cnn", "autoencoder", "numpy-two-layer", "numpy-autoencoder"])
def test_a_forked_process_trains_bit_for_bit_as_a_fresh_one(runs: RunStore, model: str) -> None:
    config = small(model, batch_size=32, augmentation=Augmentation(shift=2.0, elastic=1.0))
    # In a folder that nobody looks after, or its request would be taken up by a forked process.
    forked, fresh = runs.create(config), RunStore(runs.folder / "apart").create(config)
    submit.train(forked)
    fresh.request.write()
    in_a_fresh_process(fresh.request)
    wait_for(lambda: forked.status() == "finished")
    mine, its = (files.read_arrays(run.folder / "resume.safetensors") for run in (forked, fresh))
    assert set(mine) == set(its)
    for name, value in mine.items():
        np.testing.assert_array_equal(value, its[name], err_msg=name)


# -- the template


def template_of(process: "subprocess.Popen[str]") -> int:
    """The pid of the template that a process started."""
    (pid,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(pid)


_SERVER = """
import sys, time
from pathlib import Path
from core.jobs import submit
from core.runs.run import Run
for folder in sys.argv[1:]:
    submit.train(Run(Path(folder)))
submit.warm()
print("asked", flush=True)
time.sleep(600)
"""


@pytest.fixture
def server() -> Iterator[Server]:
    """A function that starts a process that asks for the training of some runs; it is ended after the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*asked: Run) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", _SERVER, *(str(run.folder) for run in asked)]
        started.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout is not None
        assert started[-1].stdout.readline() == "asked\n"
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.slow
@linux
def test_the_template_ends_with_a_server_that_is_killed_and_its_workers_go_on(runs: RunStore, server: Server) -> None:
    run = runs.create(small("cnn", epochs=500, train_size=0))
    asked_by = server(run)
    pid = template_of(asked_by)
    wait_for(lambda: learning(run))
    asked_by.kill()
    asked_by.wait()
    wait_for(lambda: not alive(pid), 5)
    step = run.history().steps[-1].step
    wait_for(lambda: run.history().steps[-1].step > step)
    assert run.status() == "running"


@pytest.mark.slow
@linux
def test_a_template_that_is_killed_is_replaced_and_its_workers_go_on(runs: RunStore, server: Server) -> None:
    run = runs.create(small("cnn", epochs=500, train_size=0))
    asked_by = server(run)
    wait_for(lambda: learning(run))
    first = template_of(asked_by)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: not alive(first))
    second = runs.create(small("cnn", epochs=500, train_size=0))
    second.request.write()  # the server looks after what anybody asks for
    wait_for(lambda: learning(second))
    assert run.status() == "running"


@pytest.mark.slow
@linux
def test_the_template_has_one_thread_also_after_it_has_rehearsed_maps(runs: RunStore, server: Server) -> None:
    asked_by = server()
    first = template_of(asked_by)
    wait_for(lambda: not alive(first), 180)  # a copy of it has taken over, which has compiled what maps need
    (copy,) = workers_of(runs)
    assert "Threads:\t1\n" in Path(f"/proc/{copy}/status").read_text()
    run = runs.create(small(epochs=1))
    run.request.write()
    wait_for(lambda: run.status() == "finished")
    asked_by.kill()
    asked_by.wait()
    wait_for(lambda: not alive(copy), 5)


def workers_of(runs: RunStore) -> list[int]:
    """The pids of the worker processes, the template among them, that were started for this folder of runs."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            is_worker = b"core.worker" in (folder / "cmdline").read_bytes()
            if is_worker and os.fsencode(runs.folder) in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def test_every_job_has_a_row_of_its_own() -> None:
    assert set(worker.JOBS) == {"train", "fetch", *worker.STORED}
    assert all(stored.kind == kind for kind, stored in worker.STORED.items())
    for stored in worker.STORED.values():
        assert set(stored.then) <= set(worker.STORED)
