"""core/runs/trash.py: a deleted run is whole, here or there, whoever is killed or faster; what ships is hidden."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.jobs import submit
from core.runs import recorder
from core.runs.run import Run, RunNotFound
from core.runs.store import RunStore
from core.runs.trash import RunInTrash, clear_remains
from core.trash import NotInTrash
from tests.conftest import ROOT, alive, small, wait_for


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own that runs this code."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# -- a day in the trash --------------------------------------------------------------------------------------------


def test_it_is_listed_with_its_name_and_its_times_for_all_stores(runs: RunStore) -> None:
    before = time.time()
    old, new = runs.create(small(), "Old <b>"), runs.create(small(), "New")
    for run in (old, new):
        runs.delete(run)
        time.sleep(0.01)  # two deletions of one millisecond have no order
    listed = RunStore(runs.folder).trash.listed()
    assert [one.what for one in listed] == ["New", "Old <b>"]
    for one in listed:
        assert before - 1 < one.since <= time.time()
        assert one.until == one.since + 24 * 3600


def test_what_is_older_than_a_day_is_swept_when_it_is_listed(runs: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.create(small())
    runs.delete(run)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 24 * 3600 - 5)
    assert len(runs.trash.listed()) == 1
    monkeypatch.setattr(time, "time", lambda: now + 24 * 3600 + 5)
    assert runs.trash.listed() == []
    assert list((runs.folder / ".trash").iterdir()) == []


def test_a_deleted_run_is_named_as_such_where_it_is_asked_for(runs: RunStore) -> None:
    run = runs.create(small())
    trashed = runs.delete(run)
    with pytest.raises(RunInTrash, match=f"The run “{run.id}” is not here: it is deleted. The trash on the page Runs"):
        runs.get(run.id)
    runs.trash.erase(trashed.key)
    with pytest.raises(RunNotFound, match="gone") as raised:
        runs.get(run.id)
    assert not isinstance(raised.value, RunInTrash)


def test_what_is_deleted_for_good_leaves_nothing_and_is_told_when_it_is_wanted_again(runs: RunStore) -> None:
    trashed = runs.delete(runs.create(small()))
    runs.trash.erase(trashed.key)
    assert list((runs.folder / ".trash").iterdir()) == []
    for again in (runs.restore, runs.trash.erase):
        with pytest.raises(NotInTrash, match="somebody restored it or deleted it for good"):
            again(trashed.key)


def test_a_run_of_the_same_id_is_not_overwritten(runs: RunStore) -> None:
    trashed = runs.delete(runs.add("mine", small(), "First"))
    second = runs.add("mine", small(), "Second")
    with pytest.raises(ValueError, match="There is a run mine again"):
        runs.restore(trashed.key)
    runs.delete(second)
    assert runs.restore(trashed.key).name == "First"
    assert [one.what for one in runs.trash.listed()] == ["Second"]


def test_what_a_worker_wrote_after_the_deletion_is_not_in_the_way(runs: RunStore) -> None:
    run = runs.create(small())
    trashed = runs.delete(run)
    run.folder.mkdir()
    (run.folder / "lock").touch()
    assert runs.restore(trashed.key) == run
    assert runs.trash.listed() == []
    clear_remains(run.folder)  # a worker that ends late
    assert runs.get(run.id) == run


# -- what is no run ------------------------------------------------------------------------------------------------


def torn(folder: Path) -> None:
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(b"some")


def broken(folder: Path) -> None:
    folder.mkdir()
    (folder / "config.json").write_text('{"name": "x"}')


def within(folder: Path) -> None:
    (folder / "config.json").mkdir(parents=True)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (torn, "it has no config.json"),
        (within, "it has no config.json"),
        (broken, r"its config.json is none of a run \('created'\)"),
        (lambda path: path.write_bytes(b"some"), "it is a file, and a run is a folder"),
        (lambda path: path.symlink_to("nowhere"), "it is a link that leads nowhere"),
        (lambda path: path.symlink_to(path), "it is a link that leads nowhere"),
        (lambda path: path.symlink_to("/dev/null"), "it is a file"),
    ],
)
def test_what_would_be_no_run_stays_until_it_is_deleted_for_good(
    runs: RunStore, make: Callable[[Path], object], why: str
) -> None:
    runs.delete(runs.add("good", small(), "Good"))
    entry = runs.folder / ".trash" / f"mine.{time.time_ns() // 10**6}"
    make(entry)
    assert {one.what for one in runs.trash.listed()} == {"mine", "Good"}
    for _ in range(2):
        with pytest.raises(ValueError, match=f"^mine cannot be restored: {why}.*Delete it for good, or leave it"):
            runs.restore(entry.name)
    assert os.path.lexists(entry)
    assert not os.path.lexists(runs.folder / "mine")
    runs.trash.erase(entry.name)
    assert not os.path.lexists(entry)
    assert [one.what for one in runs.trash.listed()] == ["Good"]


# -- a link --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("relative", [False, True])
def test_a_link_is_moved_and_deleted_as_a_link_and_its_target_never_touched(
    runs: RunStore, tmp_path: Path, relative: bool
) -> None:
    target = RunStore(tmp_path / "elsewhere").add("target", small(), "Elsewhere").folder
    (target / "weights.safetensors").write_bytes(b"some")
    os.utime(target, (1000, 1000))
    link = runs.folder / "linked"
    link.symlink_to(Path("..") / "elsewhere" / "target" if relative else target, target_is_directory=True)
    before, changed = files(target), target.stat().st_mtime_ns
    trashed = runs.delete(runs.get("linked"))
    assert not link.is_symlink()
    assert [one.what for one in runs.trash.listed()] == ["Elsewhere"]
    runs.sweep()
    assert runs.restore(trashed.key).name == "Elsewhere"
    assert link.is_symlink()
    runs.trash.erase(runs.delete(runs.get("linked")).key)
    assert list((runs.folder / ".trash").iterdir()) == []
    assert (files(target), target.stat().st_mtime_ns) == (before, changed)


# -- what ships ----------------------------------------------------------------------------------------------------


def test_a_run_that_ships_is_hidden_without_an_end_and_shown_again(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, mine = runs.add("cnn", small(), "CNN", shipped=True), runs.create(small(), "Mine")
    before = files(run.folder)
    trashed = runs.delete(run)
    assert (runs.runs(), RunStore(runs.folder).runs("classify")) == ([mine], [mine])
    assert files(run.folder) == before
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1e9)
    runs.sweep()
    (listed,) = runs.trash.listed()
    assert (listed.key, listed.what, listed.until) == (trashed.key, "CNN", None)
    with pytest.raises(RunInTrash, match="The run “cnn” is not here: it is hidden"):
        runs.get("cnn")
    with pytest.raises(RunNotFound, match="hidden already"):
        runs.delete(run)
    with pytest.raises(ValueError, match="names nothing"):
        runs.trash.erase(trashed.key)
    assert runs.restore(trashed.key) == run
    assert runs.runs() == [mine, run]
    with pytest.raises(NotInTrash, match="somebody may have restored it"):
        runs.restore(trashed.key)


# -- at once, and killed -------------------------------------------------------------------------------------------

_MANY = """
import sys
from pathlib import Path
from core.runs import recorder
from core.runs.run import Run, RunNotFound
from core.runs.store import RunStore
from core.trash import NotInTrash
runs, what = RunStore(Path(sys.argv[1])), sys.argv[2]
done = 0
for name in sys.argv[3:]:
    try:
        if what == "delete":
            runs.delete(Run(runs.folder / name))
        elif what == "restore":
            runs.restore(name)
        else:
            runs.trash.erase(name)
        done += 1
    except (RunNotFound, NotInTrash) as error:
        assert str(error).endswith("."), error
print(done)
"""


def both(runs: RunStore, first: str, second: str, names: list[str]) -> tuple[int, int]:
    """Have two processes do this to the same at once; return how many each did. Neither may end with a traceback."""
    processes = [python(_MANY, runs.folder, what, *names) for what in (first, second)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    return int(outputs[0][0]), int(outputs[1][0])


def test_of_two_who_delete_restore_or_erase_the_same_at_once_one_does_it_and_one_is_told(runs: RunStore) -> None:
    ids = [runs.add(f"mine-{number}", small(), f"Mine {number}").id for number in range(40)]
    ids += [runs.add(f"ships-{number}", small(), f"Ships {number}", shipped=True).id for number in range(10)]
    assert sum(both(runs, "delete", "delete", ids)) == 50
    assert runs.runs() == []
    keys = [one.key for one in runs.trash.listed()]
    assert sum(both(runs, "restore", "restore", keys)) == 50
    assert len(runs.runs()) == 50
    keys = [runs.delete(runs.get(f"mine-{number}")).key for number in range(40)]
    restored, erased = both(runs, "restore", "erase", keys)
    assert restored + erased == 40
    assert len(runs.runs()) == 10 + restored
    assert runs.trash.listed() == []


_FOR_EVER = """
import sys
from pathlib import Path
from core.runs.store import RunStore
runs = RunStore(Path(sys.argv[1]))
print("begun", flush=True)
while True:
    trashed = runs.delete(runs.get("mine"))
    if sys.argv[2] == "erase":
        runs.trash.erase(trashed.key)
        break
    runs.restore(trashed.key)
"""


@pytest.mark.parametrize("delay", [0.0, 0.003, 0.01, 0.05, 0.1])
def test_killed_while_it_deletes_and_restores_the_run_is_whole_in_one_place(runs: RunStore, delay: float) -> None:
    run = runs.add("mine", small(), "Mine")
    for number in range(50):
        (run.folder / f"part-{number}").write_bytes(b"some")
    before = files(run.folder)
    process = python(_FOR_EVER, runs.folder, "restore")
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    here = [one.folder for one in runs.runs()]
    there = [runs.folder / ".trash" / one.key for one in runs.trash.listed()]
    (folder,) = here + there
    assert files(folder) == before
    if there:
        assert runs.restore(there[0].name).name == "Mine"


@pytest.mark.parametrize("delay", [0.0, 0.005, 0.02, 0.05])
def test_killed_while_it_deletes_for_good_nothing_half_is_offered_and_the_rest_is_swept(
    runs: RunStore, delay: float
) -> None:
    run = runs.add("mine", small(), "Mine")
    for number in range(2000):
        (run.folder / f"part-{number}").touch()
    before = files(run.folder)
    process = python(_FOR_EVER, runs.folder, "erase")
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    whole = [one.folder for one in runs.runs()] + [runs.folder / ".trash" / one.key for one in runs.trash.listed()]
    assert [files(folder) for folder in whole] in ([before], [])
    if not whole:
        assert list((runs.folder / ".trash").iterdir()) == []


# -- a run that goes on --------------------------------------------------------------------------------------------


@pytest.fixture
def training(runs: RunStore) -> Callable[[], tuple[Run, int]]:
    """A function that has a process train a run, and returns it, once it learns, with that process."""

    def start() -> tuple[Run, int]:
        run = runs.create(small("mlp", epochs=1000, train_size=1000))
        submit.train(run)
        wait_for(lambda: run.history().epochs)
        return run, int(run.request.lock.read_text())

    return start


@pytest.mark.slow
def test_a_run_that_trains_is_ended_first_and_goes_on_when_it_is_back(
    runs: RunStore, training: Callable[[], tuple[Run, int]]
) -> None:
    run, worker = training()
    trashed = runs.delete(run)
    wait_for(lambda: not alive(worker))
    assert not run.folder.exists()
    back = runs.restore(trashed.key)
    assert back.status() == "stopped"  # and not interrupted: it ended before it was moved
    assert not back.locked()
    epochs = len(back.history().epochs)
    back.request_resume()
    submit.train(back)
    wait_for(lambda: len(back.history().epochs) > epochs)


def test_a_run_nobody_has_begun_with_is_begun_by_nobody(runs: RunStore, submitted: list[object]) -> None:
    run = runs.create(small())
    submit.train(run)
    for end in (runs.delete, lambda run: runs.end([run]) or runs.delete(run)):  # one of many is ended with the others
        trashed = end(run)
        assert run.request.age() is None
        back = runs.restore(trashed.key)
        assert not back.request.state()
        assert (back.status(), back.message()) == ("paused", "It has not begun. Resume starts it.")
        back.request_resume()
        submit.train(back)
        assert back.status() in ("starting", "queued")
    recorder.train(back)
    assert (back.status(), len(back.history().epochs)) == ("finished", 2)


def test_a_run_that_waits_to_go_on_is_what_it_was_when_it_is_back(
    runs: RunStore, trained: Callable[..., Run], submitted: list[object]
) -> None:
    run = trained()
    run.request_resume(epochs=3)
    submit.train(run)
    back = runs.restore(runs.delete(run).key)
    assert (back.status(), back.message()) == ("finished", "")
    back.request_resume(epochs=4)
    recorder.train(back)
    assert len(back.history().epochs) == 4
