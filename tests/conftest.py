"""What the tests share: a store of their own, a small data set, and MNIST where it is on this disk."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import paths
from core.data import datasets
from core.data.datasets import Dataset, Split
from core.files import open_npz, read_arrays, write_arrays, write_npz
from core.jobs import submit
from core.jobs.stored import Stored
from core.models import spec
from core.runs import recorder
from core.runs.run import Run, Status
from core.runs.store import RunStore, store
from core.training.config import TrainConfig

ROOT = Path(__file__).resolve().parent.parent


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until the condition holds; fail after so many seconds, which only bound a hang and measure nothing."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {seconds:g} s")
        time.sleep(0.02)


def change_weights(run: Run) -> None:
    """Have the run learn a little more: one of its weights becomes another."""
    weights = read_arrays(run.folder / "weights.safetensors")
    weights[next(iter(weights))].flat[0] += 1e-3
    write_arrays(run.folder / "weights.safetensors", weights)


def compute(stored: Stored[Any], run: Run, *parameters: str) -> None:
    """Compute a result in this process, as a worker would, unless it is there or was cancelled before."""
    with patch("core.jobs.state._cancellable", lambda job: nullcontext(not job.cancelled.exists())):
        stored.run_job(run, *parameters)


def expect_refused(stored: Stored[Any], run: Run, wrong: dict[str, Any]) -> None:
    """Put facts that cannot be into a result without arrays that was computed; fail where they are believed."""
    path = run.projection_file(stored.kind)
    facts = open_npz(str(path), {}, 1 << 16)[1]
    write_npz(path, {}, facts=facts)
    assert stored.load_current(run) is not None  # so it is what is wrong alone
    write_npz(path, {}, facts={**facts, **wrong})
    assert stored.load(run) is None
    with pytest.raises(ValueError, match=rf"{stored.kind}\.npz cannot be used \(.*\)\. Compute it again\."):
        stored.read(run)


def alive(pid: int) -> bool:
    """Whether there is such a process, and not only what is left to be asked how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def silent(share: float, message: str) -> None:
    """Progress nobody watches."""


def with_its_data_set_gone(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return the run as one of MNIST where, with an empty data folder, only the embedded digits are."""
    facts = json.loads((run.folder / "config.json").read_text())
    facts["config"]["dataset"] = "mnist"
    (run.folder / "config.json").write_text(json.dumps(facts))
    monkeypatch.setenv("DIGITLAB_DATA", str(folder))
    return Run(run.folder)


def small(model: str = "softmax", **changes: object) -> TrainConfig:
    """A config that trains in a second, on digits that need no download."""
    steps = {"epochs": 2, "batch_size": 64} if spec(model).learns == "by steps" else {}
    settings: dict[str, object] = {"dataset": "digits", "train_size": 300, **steps, **changes}
    return TrainConfig(model, **settings)  # type: ignore[arg-type]


def page_at(name: str, **query: str) -> AppTest:
    """Open a page alone, with such an address; fail if it raises."""
    at = AppTest.from_file(ROOT / "pages" / f"{name}.py", default_timeout=60)
    for key, value in query.items():
        at.query_params[key] = value
    return sound(at.run())


def page_of_site(name: str, **query: str) -> AppTest:
    """Open a page with such an address among the others, to which it has links; fail if it raises."""
    at = sound(AppTest.from_file(ROOT / "pages" / "navigation.py", default_timeout=60).run())
    for key, value in query.items():
        at.query_params[key] = value
    return sound(at.switch_page(f"{name}.py").run())


def sound(at: AppTest) -> AppTest:
    """Fail if the page showed an exception."""
    if at.exception:
        raise AssertionError([e.message for e in at.exception])
    return at


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunStore]:
    """An empty store that pages and workers use, too. Runs still active at the end are stopped."""
    monkeypatch.setenv("DIGITLAB_CHECKPOINTS", str(tmp_path / "runs"))
    (tmp_path / "runs").mkdir()
    yield store()
    stop(store())


def stop(runs: RunStore) -> None:
    """Stop every run of a store and wait until no worker holds one."""
    runs.stop_all()
    wait_for(lambda: not any(run.locked() for run in runs.runs()), 30)


@pytest.fixture
def trained(runs: RunStore) -> Callable[..., Run]:
    """A function that trains a small run to its end in this process."""

    def train(model: str = "softmax", **changes: object) -> Run:
        run = runs.create(small(model, **changes))
        recorder.train(run)
        if run.status() != Status.FINISHED:
            raise AssertionError(f"{run.status()}: {run.message()}")
        return run

    return train


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What pages hand to workers; nothing is trained or downloaded then."""
    jobs: list[Any] = []
    request, train, fetch = submit.request, submit.train, submit.fetch

    def note(*what: Any, ask: Callable[[], None]) -> None:
        jobs.append(what[0] if len(what) == 1 else what)
        ask()

    monkeypatch.setattr(submit, "_begin", lambda folder: None)
    monkeypatch.setattr(submit, "train", lambda run: note(run, ask=lambda: train(run)))
    monkeypatch.setattr(submit, "fetch", lambda name: note(name, ask=lambda: fetch(name)))
    monkeypatch.setattr(submit, "request", lambda stored, *of: note(stored.kind, *of, ask=lambda: request(stored, *of)))
    return jobs


@pytest.fixture
def codes() -> np.ndarray:
    """Two clouds of 60 codes of 5 numbers."""
    rng = np.random.default_rng(0)
    clouds = rng.normal(size=(120, 5)) * [3, 2, 1, 0.5, 0.1]
    clouds[60:, 2] += 12
    return clouds.astype(np.float32)


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """The real MNIST; the test is skipped where it is not on this disk."""
    if not datasets.is_ready("mnist"):
        pytest.skip(f"MNIST is not in {paths.data_dir()}: start the dashboard once with a network, and it is fetched.")
    return datasets.load("mnist")


@pytest.fixture(scope="session")
def toy() -> Dataset:
    """Ten patterns of bars with noise: anything that learns at all learns these in a few steps."""
    rng = np.random.default_rng(0)

    def split(n: int) -> Split:
        labels = np.arange(n) % 10
        images = rng.integers(0, 60, (n, 28, 28), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[2 + 2 * label : 5 + 2 * label, 4:24] = 230
        return Split(images, labels.astype(np.int64))

    return Dataset("toy", split(400), split(100), tuple("0123456789"))
