"""The contract of whatever is stored with a run, kept by every row in the table of jobs: computed once, current as long
as it is of the run as it is, nothing where its file is damaged, and how it failed as a sentence.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any, NoReturn

import numpy as np
import pytest
from filelock import FileLock

from core.files import read_arrays, write_arrays
from core.jobs import state
from core.jobs.state import CANCELLED, INTERRUPTED, JobState
from core.jobs.stored import Stored
from core.latent.codes import CODES
from core.latent.maps import MAPS
from core.latent.projectors import PROJECTORS, Fit, Projector
from core.measures import preprocessing
from core.progress import Progress
from core.runs import recorder
from core.runs.frames import frame_file, steps_of
from core.runs.run import Run, RunNotFound
from core.runs.store import RunStore
from core.worker import STORED
from tests.conftest import ROOT, change_weights, compute, silent, small, wait_for

STALE = "The model has changed since this was computed."


def learn_on(run: Run) -> None:
    """Make the run's weights newer, as another epoch does."""
    change_weights(run)


def encode_again(run: Run) -> None:
    """Make the run's weights newer, and its codes of these."""
    learn_on(run)
    CODES.ensure(run, silent, "test")


def map_again(run: Run) -> None:
    """Make the run's weights newer, and its map of these."""
    learn_on(run)
    compute(MAPS, run, "pca", "test")


def add_a_frame(run: Run) -> None:
    """Make the run one map longer, as another epoch does."""
    last = max(steps_of(run))
    shutil.copyfile(frame_file(run, last), frame_file(run, last + 1))


@dataclass(frozen=True)
class Case:
    """A kind with parameters. wrong: parameters there cannot be; renew: makes what it is made of newer; first: what
    must be there before; of_weights: whether it is shown until there is one of the newer weights, or frames.
    """

    kind: str
    model: str
    parameters: tuple[str, ...] = ()
    wrong: tuple[tuple[str, ...], ...] = ()
    renew: Callable[[Run], None] = learn_on
    first: tuple[tuple[str, tuple[str, ...]], ...] = ()
    of_weights: bool = True

    @property
    def stored(self) -> Stored[Any]:
        """The row of the table."""
        return STORED[self.kind]


BAD_SAMPLES = (("some",), ("../config",), ("",))
BAD_MAPS = (("magic", "test"), ("../../etc", "test"), ("pca", "some"), ("pca", "../config"), ("", ""))
CASES = [
    Case("codes", "autoencoder", ("test",), BAD_SAMPLES),
    Case("neighbours", "autoencoder", ("test",), BAD_SAMPLES, encode_again, of_weights=False),
    Case("map", "autoencoder", ("pca", "test"), BAD_MAPS),
    Case("trust", "autoencoder", ("pca", "test"), BAD_MAPS, map_again, (("map", ("pca", "test")),), of_weights=False),
    Case("forming", "autoencoder", ("umap",), (("magic",), ("../config",), ("",)), add_a_frame),
    Case("predictions", "softmax", ("test",), BAD_SAMPLES),
    Case("reference", "autoencoder"),
    Case("preprocessing", "softmax"),
    Case("scores", "softmax"),
    Case("calibration", "softmax"),
    Case("label-losses", "softmax"),
    Case("sweep", "softmax", ("gaussian",), (("some",), ("../config",), ("",))),
    Case("mnist-c", "softmax"),
]
of_every_kind = pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    """A small autoencoder and a small classifier, trained once, to be copied."""
    store = RunStore(tmp_path_factory.mktemp("originals"))
    recorder.train(store.add("autoencoder", small("autoencoder", params={"hidden": 32, "code_size": 6}, epochs=1), "A"))
    recorder.train(store.add("softmax", small("softmax", epochs=1), "S"))
    return store


@pytest.fixture
def run(case: Case, originals: RunStore, runs: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run to compute this kind of; what takes long is replaced by what does not."""

    def fit(codes: np.ndarray, progress: Progress, neighbours: object = None, start: object = None) -> Fit:
        progress(0.5, "halfway")
        return Fit(np.ascontiguousarray(codes[:, :2]), {})

    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setitem(PROJECTORS, "umap", Projector("umap", "UMAP", "", fit, float))
    monkeypatch.setattr(preprocessing, "MOVED", 8)
    shutil.copytree(originals.folder / case.model, runs.folder / case.model)
    run = runs.get(case.model)
    for kind, parameters in case.first:
        compute(STORED[kind], run, *parameters)
    return run


def file_of(case: Case, run: Run) -> Path:
    return run.projection_file(case.stored.job(run, *case.parameters).name)


def state_of(case: Case, run: Run) -> JobState:
    return case.stored.state(run, *case.parameters)


def current(case: Case, run: Run) -> Any:
    return case.stored.load_current(run, *case.parameters)


def never(*args: object) -> NoReturn:
    pytest.fail("computed twice")


def test_every_kind_keeps_the_contract() -> None:
    assert [case.kind for case in CASES] == list(STORED), (
        "CASES must have every kind of STORED, in its order. Add a Case(kind, model) for a new one, with parameters to "
        "try and wrong ones, if it has any, and with what must be there before, if it is made of more than weights."
    )
    assert all(stored.kind == kind for kind, stored in STORED.items())
    for case in CASES:
        for kind in case.stored.then:
            STORED[kind].check(*case.parameters)


@of_every_kind
def test_it_is_computed_once(case: Case, run: Run) -> None:
    assert state_of(case, run) == JobState("absent")
    assert current(case, run) is None
    compute(case.stored, run, *case.parameters)
    assert state_of(case, run) == JobState("ready", 1.0)
    found = current(case, run)
    assert found is not None
    compute(replace(case.stored, compute=never), run, *case.parameters)
    assert case.stored.ensure(run, never, *case.parameters) is found
    left = {path.suffix for path in file_of(case, run).parent.iterdir()}
    assert left <= {".npz", ".lock"}


@of_every_kind
def test_other_work_that_stands_on_it_has_it_computed(case: Case, run: Run) -> None:
    told: list[float] = []
    found = case.stored.ensure(run, lambda share, message: told.append(share), *case.parameters)
    assert found is current(case, run)
    assert told
    assert all(0 <= share <= 1 for share in told)
    assert state_of(case, run) == JobState("ready", 1.0)


@of_every_kind
def test_it_is_kept_in_memory_until_its_file_changes(case: Case, run: Run) -> None:
    compute(case.stored, run, *case.parameters)
    found = current(case, run)
    assert case.stored.read(run, *case.parameters) is found
    assert case.stored.load(run, *case.parameters) is found
    os.utime(file_of(case, run), ns=(1, 1))
    again = current(case, run)
    assert again is not None
    assert again is not found
    file_of(case, run).unlink()
    assert current(case, run) is None
    assert state_of(case, run) == JobState("absent")


@of_every_kind
def test_it_is_stale_when_what_it_is_made_of_is_newer(case: Case, run: Run) -> None:
    compute(case.stored, run, *case.parameters)
    old = current(case, run)
    case.renew(run)
    assert current(case, run) is None
    assert case.stored.load(run, *case.parameters) is (old if case.of_weights else None)
    assert state_of(case, run) == JobState("absent", message=case.stored.outdated if case.of_weights else "")
    compute(case.stored, run, *case.parameters)
    assert state_of(case, run) == JobState("ready", 1.0)
    assert current(case, run) is not old


@of_every_kind
def test_a_file_that_is_damaged_or_a_strangers_counts_as_none(case: Case, run: Run) -> None:
    compute(case.stored, run, *case.parameters)
    path = file_of(case, run)
    whole = path.read_bytes()
    strange = path.with_name("strange.npz")
    np.savez(strange, secrets=np.zeros(3), facts=np.frombuffer(b'{"weights_version": 1}', np.uint8))
    for content in (b"", b"not a zip", whole[: len(whole) // 2], strange.read_bytes(), bytes(len(whole))):
        path.write_bytes(content)
        assert case.stored.load(run, *case.parameters) is None
        assert current(case, run) is None
        with pytest.raises(ValueError, match="Compute it again"):
            case.stored.read(run, *case.parameters)
        assert state_of(case, run).state == "failed"
        assert state_of(case, run).message.endswith("Compute it again.")
    compute(case.stored, run, *case.parameters)
    assert state_of(case, run) == JobState("ready", 1.0)


@of_every_kind
def test_a_file_larger_than_it_can_be_is_not_read(case: Case, run: Run) -> None:
    compute(case.stored, run, *case.parameters)
    assert replace(case.stored, most=file_of(case, run).stat().st_size - 1).load(run, *case.parameters) is None


@of_every_kind
def test_cancelled_before_it_begins_it_is_not_begun_until_asked_again(case: Case, run: Run) -> None:
    case.stored.cancel(run, *case.parameters)
    compute(replace(case.stored, compute=never), run, *case.parameters)
    assert state_of(case, run) == JobState("cancelled", message=CANCELLED)
    assert not file_of(case, run).exists()
    job = case.stored.job(run, *case.parameters)
    state.ask(job)
    assert state_of(case, run).state in ("starting", "waiting")
    compute(case.stored, run, *case.parameters)
    assert state_of(case, run) == JobState("ready", 1.0)
    assert job.request.age() is None


@of_every_kind
def test_what_was_cancelled_is_forgotten_with_newer_weights(case: Case, run: Run) -> None:
    case.stored.cancel(run, *case.parameters)
    learn_on(run)
    assert state_of(case, run).state == "absent"


@of_every_kind
def test_a_failure_is_a_sentence_until_the_weights_change(case: Case, run: Run) -> None:
    def fail(*args: object) -> NoReturn:
        raise ValueError("Too few digits. Take more.")

    compute(replace(case.stored, compute=fail), run, *case.parameters)
    assert state_of(case, run) == JobState("failed", message="Too few digits. Take more.")
    assert not file_of(case, run).exists()
    with pytest.raises(ValueError, match="Take more"):
        replace(case.stored, compute=fail).ensure(run, silent, *case.parameters)
    compute(replace(case.stored, compute=fail), run, *case.parameters)
    assert state_of(case, run) == JobState("failed", message="Too few digits. Take more.")
    learn_on(run)
    assert state_of(case, run) == JobState("absent")


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.kind not in ("trust", "forming")], ids=lambda case: case.kind
)
def test_of_weights_that_are_no_numbers_nothing_is_computed(case: Case, run: Run) -> None:
    weights = run.folder / "weights.safetensors"
    good = weights.read_bytes()
    write_arrays(weights, {name: np.full_like(array, np.nan) for name, array in read_arrays(weights).items()})
    compute(case.stored, run, *case.parameters)
    told = state_of(case, run)
    assert told.state == "failed"
    assert "smaller learning rate" in told.message
    weights.write_bytes(good)
    compute(case.stored, run, *case.parameters)
    assert state_of(case, run) == JobState("ready", 1.0)


@of_every_kind
def test_an_unexpected_error_is_kept_as_a_sentence_and_raised(case: Case, run: Run) -> None:
    def fail(*args: object) -> NoReturn:
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        compute(replace(case.stored, compute=fail), run, *case.parameters)
    assert state_of(case, run) == JobState("failed", message="RuntimeError: boom. Try it again.")
    compute(case.stored, run, *case.parameters)
    assert state_of(case, run) == JobState("ready", 1.0)


@of_every_kind
def test_where_there_is_nothing_to_store_there_is_none(case: Case, run: Run) -> None:
    nothing = replace(case.stored, compute=lambda *args: None)
    compute(nothing, run, *case.parameters)
    assert state_of(case, run) == JobState("absent")
    with pytest.raises(ValueError, match="Compute it again"):
        nothing.ensure(run, silent, *case.parameters)


@of_every_kind
def test_while_another_process_is_at_it_nobody_else_is(case: Case, run: Run) -> None:
    job = case.stored.job(run, *case.parameters)
    job.lock.parent.mkdir(exist_ok=True)
    with FileLock(job.lock):
        assert state_of(case, run) == JobState("computing")
        compute(replace(case.stored, compute=never), run, *case.parameters)
    assert state_of(case, run) == JobState("absent")


_BUSY = """
import sys, time
from dataclasses import replace
from pathlib import Path
from core.runs.run import Run
from core.worker import STORED
def busy(run, report, *parameters):
    report(0.5, "busy")
    time.sleep(1000)
folder, kind, *parameters = sys.argv[1:]
replace(STORED[kind], compute=busy).run_job(Run(Path(folder)), *parameters)
"""


@pytest.fixture
def process(case: Case, run: Run) -> Iterator["Popen[bytes]"]:
    """A process in the middle of computing this kind, which does not come to an end."""
    command = [sys.executable, "-c", _BUSY, str(run.folder), case.kind, *case.parameters]
    with Popen(command, cwd=ROOT, stdout=DEVNULL, stderr=DEVNULL) as process:
        try:
            wait_for(lambda: state_of(case, run) == JobState("computing", 0.5, "busy"), 180)
            yield process
        finally:
            process.kill()


@pytest.mark.slow
@of_every_kind
def test_killed_in_the_middle_it_is_interrupted_and_can_be_computed_again(
    case: Case, run: Run, process: "Popen[bytes]"
) -> None:
    process.kill()
    process.wait()
    assert state_of(case, run) == JobState("interrupted", message=INTERRUPTED)
    compute(case.stored, run, *case.parameters)
    assert state_of(case, run) == JobState("ready", 1.0)


@pytest.mark.parametrize("case", [case for case in CASES if case.parameters], ids=lambda case: case.kind)
def test_parameters_there_cannot_be_are_refused(case: Case, run: Run) -> None:
    before = sorted(run.folder.rglob("*"))
    stored = case.stored
    ensure = lambda run, *wrong: stored.ensure(run, silent, *wrong)  # noqa: E731
    for ask in (stored.job, stored.read, stored.load, stored.load_current, stored.state, stored.cancel, ensure):
        for wrong in case.wrong:
            with pytest.raises(ValueError, match="Choose one of"):
                ask(run, *wrong)
    for wrong in case.wrong:
        with pytest.raises(ValueError, match="Choose one of"):
            compute(stored, run, *wrong)
    assert sorted(run.folder.rglob("*")) == before


@of_every_kind
def test_a_run_without_weights_is_told_to_wait_for(case: Case, run: Run) -> None:
    (run.folder / "weights.safetensors").unlink()
    told = state_of(case, run)
    assert told.state == "absent"
    assert "no weights yet. Wait for its first epoch." in told.message


@of_every_kind
def test_a_deleted_run_has_none_and_nothing_brings_it_back(case: Case, run: Run) -> None:
    compute(case.stored, run, *case.parameters)
    shutil.rmtree(run.folder)
    with pytest.raises(RunNotFound):
        state_of(case, run)
    with pytest.raises(RunNotFound):
        case.stored.ensure(run, silent, *case.parameters)
    assert case.stored.load(run, *case.parameters) is None
    assert current(case, run) is None
    case.stored.cancel(run, *case.parameters)
    compute(case.stored, run, *case.parameters)  # ends quietly
    assert not run.folder.exists()


@of_every_kind
def test_a_run_deleted_in_the_middle_is_no_error_and_stays_deleted(case: Case, run: Run) -> None:
    def vanish(*args: object) -> tuple[dict[str, np.ndarray], dict[str, object]]:
        shutil.rmtree(run.folder)
        return {}, {}

    compute(replace(case.stored, compute=vanish), run, *case.parameters)
    assert not run.folder.exists()
    assert not list((run.folder.parent / ".jobs").glob("*.request"))
