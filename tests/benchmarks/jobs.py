"""How soon jobs begin, that forked processes train as fresh ones do, and what memory they take (Linux only).

Run with `python -m tests.benchmarks.jobs [--forks N]`. It works on a folder of its own and prints: for five jobs asked
for at once, when each shows its first sign of life and its first point or result; how many of N forked trainings ended
bit for bit as one in a fresh process; the proportional set size of a worker that was forked and of one that was not.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from core import files
from core.jobs import submit
from core.latent.maps import MAPS
from core.measures.reference import REFERENCE
from core.runs import recorder
from core.runs.run import Run, Status
from core.runs.store import RunStore, store
from core.training.config import TrainConfig
from tests.conftest import ROOT, small, wait_for

ENGINES = ("mlp", "numpy-two-layer")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forks", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DIGITLAB_CHECKPOINTS"] = folder
        os.environ["DIGITLAB_SLOTS"] = "5"
        runs = store()
        done = runs.create(small("autoencoder", epochs=1))
        recorder.train(done)
        submit.warm()
        warmed = runs.create(small(epochs=1))
        submit.train(warmed)
        wait_for(lambda: warmed.status() == Status.FINISHED, 120)
        time.sleep(45)  # until maps are rehearsed, too
        five_at_once(runs, done)
        bit_for_bit(runs, options.forks)
        memory(runs)
        runs.stop_all()
        wait_for(lambda: not any(run.locked() for run in runs.runs()))


def five_at_once(runs: RunStore, done: Run) -> None:
    """Ask for three trainings, a map and a reference, and print when each shows by itself."""
    began = time.perf_counter()
    trainings = [runs.create(small("mlp", epochs=300, train_size=0)) for _ in range(3)]
    for run in trainings:
        submit.train(run)
    submit.request(MAPS, done, "umap", "test")
    submit.request(REFERENCE, done)
    print(f"five jobs were asked for within {time.perf_counter() - began:.3f} s")
    signs: dict[str, Callable[[], object]] = {f"training {n}": _begun(run) for n, run in enumerate(trainings, 1)}
    signs |= {"map": lambda: MAPS.state(done, "umap", "test").state in ("computing", "ready")}
    signs |= {"reference": lambda: REFERENCE.state(done).state in ("computing", "ready")}
    results: dict[str, Callable[[], object]] = {f"training {n}": _steps(run) for n, run in enumerate(trainings, 1)}
    results |= {"map": lambda: MAPS.state(done, "umap", "test").state == "ready"}
    results |= {"reference": lambda: REFERENCE.state(done).state == "ready"}
    first, there = _when(signs | {f"{name}: result": look for name, look in results.items()}, began), {}
    for name in signs:
        there[name] = first[f"{name}: result"]
        print(f"{name:12} first sign of life {first[name]:.2f} s, first point or result {there[name]:.2f} s")
    for run in trainings:
        run.request_stop()
    wait_for(lambda: not any(run.locked() for run in trainings))


def _begun(run: Run) -> Callable[[], object]:
    return lambda: run.status() == Status.RUNNING


def _steps(run: Run) -> Callable[[], object]:
    return lambda: run.history().steps


def _when(looks: dict[str, Callable[[], object]], began: float) -> dict[str, float]:
    found: dict[str, float] = {}
    while len(found) < len(looks):
        for name, look in looks.items():
            if name not in found and look():
                found[name] = time.perf_counter() - began
        time.sleep(0.005)
    return found


def bit_for_bit(runs: RunStore, forks: int) -> None:
    """Train 20 steps in forked processes, half by each engine, and compare with one fresh process an engine."""
    config = {model: small(model, epochs=4, batch_size=60, train_size=300) for model in ENGINES}
    fresh = {model: _weights(_trained(runs, config[model], fork=False)) for model in ENGINES}
    equal = 0
    for number in range(forks):
        model = ENGINES[number % len(ENGINES)]
        mine = _weights(_trained(runs, config[model], fork=True))
        equal += mine == fresh[model]
    print(f"{equal} of {forks} forked trainings of 20 steps ended bit for bit as in a fresh process")


def _trained(runs: RunStore, config: TrainConfig, fork: bool) -> Run:
    # In a folder that nobody looks after, or the request would be taken up by a forked process.
    run = (runs if fork else RunStore(runs.folder / "apart")).create(config)
    if fork:
        submit.train(run)
    else:
        run.request.write()
        _fresh(run).wait(120)
    wait_for(lambda: run.status() == Status.FINISHED and not run.request.lock.exists())
    return run


def _fresh(run: Run) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "core.worker", *run.request.words()]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **submit._THREADS})


def _weights(run: Run) -> dict[str, bytes]:
    return {name: value.tobytes() for name, value in files.read_arrays(run.folder / "resume.safetensors").items()}


def memory(runs: RunStore) -> None:
    """Print what workers that train take, five forked and one fresh: their share of shared memory, what is theirs."""
    config = small("mlp", epochs=500, train_size=0)
    forked, fresh = [runs.create(config) for _ in range(5)], RunStore(runs.folder / "apart").create(config)
    for run in forked:
        submit.train(run)
    fresh.request.write()
    process = _fresh(fresh)
    wait_for(lambda: all(len(run.history().epochs) > 2 for run in (*forked, fresh)), 120)
    pids = [int(run.request.lock.read_text()) for run in forked]
    for name, sizes in (("forked", [_sizes(pid) for pid in pids]), ("fresh", [_sizes(process.pid)])):
        share, private = (sum(column) / len(sizes) for column in zip(*sizes, strict=True))
        print(f"{name:7} worker, of {len(sizes)}: proportional set size {share:.0f} MB, private {private:.0f} MB")
    fresh.request_stop()


def _sizes(pid: int) -> tuple[float, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}
    return sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"]


if __name__ == "__main__":
    main()
