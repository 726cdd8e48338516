"""Disks that are full or read-only, and memory that runs out: done for real, in a mount or a process of their own."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="small disks are mounted with Linux's tools")

BEGIN = """
import json, os, subprocess, sys
from pathlib import Path
from core.runs import recorder
from core.training.config import TrainConfig
from core.runs.store import RunStore
from core.runs.run import Run

def config(**changes):
    return TrainConfig("numpy-two-layer", **{"dataset": "digits", "epochs": 3, **changes})

def told(action):
    try:
        action()
    except ValueError as error:
        return str(error)

store = RunStore(Path(sys.argv[1]) / "runs")
ballast = Path(sys.argv[1]) / "ballast"

def fill():
    with ballast.open("ab", buffering=0) as file:
        for size in (65536, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                pass
"""


def scene(tmp_path, code, size="32m"):
    """Run the code in a process with a small disk of its own at argv[1]; return what it prints, from JSON."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f'mount -t tmpfs -o size={size} tmpfs "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", disk, sys.executable]
    done = subprocess.run(
        [*command, BEGIN + code], cwd=ROOT, capture_output=True, text=True, env={**os.environ, "DIGITLAB_SLOTS": "2"}
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"this machine lets nobody mount a small disk: {done.stderr.strip()}")
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def test_disk_that_fills_up_while_a_run_trains(tmp_path):
    """The disk is full after the first epoch; emptied again, the run ends where one on an empty disk ends."""
    facts = scene(
        tmp_path,
        """
from core.runs import recorder
from core.files import read_arrays
from core.runs.weights import load_model
fit = recorder.fit

def filling(*args):
    for event in fit(*args):
        if isinstance(event, recorder.Step) and event.epoch == 2 and not ballast.exists():
            fill()
        yield event

whole = store.create(config())
recorder.train(whole)
recorder.fit = filling
run = store.create(config())
recorder.train(run)
facts = {"status": run.status(), "message": run.message(), "epochs": len(run.history().epochs)}
load_model(run)
fill()
facts["create"] = told(lambda: store.create(config()))
facts["folders"] = len(store.runs())
facts["parts"] = [str(p) for p in store.folder.rglob("*.part")]
ballast.unlink()
recorder.fit = fit
run.request_resume()
recorder.train(run)
facts["after"] = run.status()
mine, its = (read_arrays(r.folder / "weights.safetensors") for r in (run, whole))
facts["equal"] = all((mine[key] == its[key]).all() for key in its)
print(json.dumps(facts))
""",
    )
    assert facts["status"] == "failed"
    assert facts["message"] == "The disk is full. Free some space, then press Resume."
    assert facts["epochs"] == 1
    assert "Free some space" in facts["create"]
    assert facts["folders"] == 2
    assert facts["parts"] == []
    assert facts["after"] == "finished"
    assert facts["equal"]


def test_disk_without_a_single_byte_left(tmp_path):
    """Not even the line that says so fits: the run is found interrupted, and what was finished is readable."""
    facts = scene(
        tmp_path,
        """
from core.runs import recorder
from core.runs.weights import load_model
append, unlink = recorder.Training._append, Path.unlink

def filling(self, line):
    if line.event == "epoch" and line.epoch == 2:
        fill()
        Path.unlink = lambda path, missing_ok=False: path.name.endswith(".part") and unlink(path, missing_ok)
        self.file.write(b" " * 4096)
    append(self, line)

recorder.Training._append = filling
run = store.create(config())
try:
    recorder.train(run)
except OSError:
    pass
Path.unlink = unlink
facts = {"status": run.status(), "message": run.message(), "epochs": len(run.history().epochs)}
load_model(run)
ballast.unlink()
recorder.Training._append = append
run.request_resume()
recorder.train(run)
facts["after"], facts["epochs after"] = run.status(), [e.epoch for e in run.history().epochs]
print(json.dumps(facts))
""",
    )
    assert facts["status"] in ("interrupted", "failed")
    assert "Resume" in facts["message"]
    assert facts["epochs"] >= 1
    assert facts["after"] == "finished"
    assert facts["epochs after"] == [1, 2, 3]


def test_disk_that_has_become_read_only(tmp_path):
    facts = scene(
        tmp_path,
        """
run = store.create(config())
run.request_pause()
recorder.train(run)
subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
facts = {"told": [told(action) for action in (run.request_resume, run.request_stop, lambda: store.create(config()))]}
recorder.train(run)
facts["status"] = run.status()
facts["runs"] = len(store.runs())
print(json.dumps(facts))
""",
    )
    for sentence in facts["told"]:
        assert "Read-only file system" in sentence
        assert sentence.endswith("permit writing.")
    assert facts["status"] == "paused"
    assert facts["runs"] == 1


def test_memory_that_runs_out(tmp_path):
    code = """
import resource
small, large = store.create(config()), store.create(config(params={"hidden": 4096}, batch_size=1400))
recorder.train(small)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 40_000_000, resource.RLIM_INFINITY))
recorder.train(large)
print(json.dumps({"status": [small.status(), large.status()], "message": large.message()}))
"""
    command = [sys.executable, "-c", BEGIN + code, str(tmp_path)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    facts = json.loads(done.stdout)
    assert facts["status"] == ["finished", "failed"]
    assert facts["message"] == "There is not enough memory. Choose smaller batches or a smaller model."
