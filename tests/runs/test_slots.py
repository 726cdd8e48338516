"""Places to train in: no more than there are, in the order people came, whoever dies on the way."""

import os
import subprocess
import sys

import pytest

from core.files import is_held
from core.runs import slots
from tests.conftest import ROOT, wait_for

WORKER = """
import sys, time
from pathlib import Path
from core.runs.slots import slot
folder, name = Path(sys.argv[1]), sys.argv[2]
with slot(folder, lambda why: (folder / f"{name}.waits").write_text(why)):
    (folder / f"{name}.trains").touch()
    sys.stdin.readline()
"""


@pytest.fixture
def begin(tmp_path):
    """A function that starts a process that wants a place; all are ended afterwards."""
    processes = []

    def start(name, **env):
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), name],
            cwd=ROOT,
            env={**os.environ, "DIGITLAB_SLOTS": "2", **env},
            stdin=subprocess.PIPE,
        )
        processes.append(process)
        wait_for(lambda: any((tmp_path / f"{name}.{state}").exists() for state in ("waits", "trains")))
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdin.close()


def taken(folder):
    """How many processes train or wait below a folder, by the locks they hold."""
    locks = [*(folder / ".slots").glob("slot-*.lock"), *(folder / ".slots" / "queue").glob("*.lock")]
    return sum(is_held(lock) for lock in locks)


def training(folder):
    return sorted(path.stem for path in folder.glob("*.trains"))


def test_first_come_first_served(tmp_path, begin):
    first, *_ = [begin(name) for name in "abcde"]
    assert training(tmp_path) == ["a", "b"]
    assert taken(tmp_path) == 5
    wait_for(lambda: (tmp_path / "e.waits").read_text() == "Waiting for a free place; 2 before it.")
    first.communicate(b"\n")
    wait_for(lambda: training(tmp_path) == ["a", "b", "c"])
    wait_for(lambda: (tmp_path / "d.waits").read_text() == "Waiting for another run to end.")
    assert taken(tmp_path) == 4


@pytest.mark.slow
def test_places_and_tickets_of_killed_workers_are_free(tmp_path, begin):
    a, _, c, _ = [begin(name) for name in "abcd"]
    c.kill()
    c.wait()
    a.kill()
    a.wait()
    wait_for(lambda: training(tmp_path) == ["a", "b", "d"])
    assert taken(tmp_path) == 2
    begin("e", DIGITLAB_SLOTS="3")  # whose coming sweeps the dead ticket away
    wait_for(lambda: not list((tmp_path / ".slots" / "queue").iterdir()))


@pytest.mark.parametrize(("wanted", "granted"), [("3", 3), ("0", 1), ("-2", 1)])
def test_at_least_one_place(monkeypatch, wanted, granted):
    monkeypatch.setenv("DIGITLAB_SLOTS", wanted)
    assert slots.count() == granted


def test_as_many_places_as_cores(monkeypatch):
    monkeypatch.delenv("DIGITLAB_SLOTS", raising=False)
    assert 1 <= slots.count() <= os.cpu_count()


def test_nothing_is_taken_where_nothing_ever_trained(tmp_path):
    assert taken(tmp_path / "nowhere") == 0
