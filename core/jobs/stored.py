"""Stored: a result kept beside a run. It says what its file is called, how it is computed and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from core.cache import keep_newest
from core.files import UNREADABLE, open_npz, write_npz
from core.jobs import state
from core.jobs.state import Job, JobState
from core.progress import Progress
from core.runs.requests import Request
from core.runs.run import Run, digits_of

Value = TypeVar("Value")
Arrays = Mapping[str, np.ndarray]
Facts = Mapping[str, Any]
Stamp = tuple[str, int, int]  # path, time and size of a file
MOST_DIGITS = 10**8  # that a result may say it was measured over

_PATIENCE_S = 3600.0  # for another process that computes what a job stands on


def of_these_weights(run: Run, value: Any, *_: str) -> bool:
    """Say whether a result is of the run's present weights and digits; it has `weights_version` and `dataset`."""
    return bool(value.weights_version == run.weights_version() and value.dataset == digits_of(run))


def of_its_own_digits(run: Run, value: Any, *_: str) -> bool:
    """Say whether a result is of the run's present weights and its own data set, for which no other stands in."""
    return bool(value.weights_version == run.weights_version() and value.dataset == run.config.dataset)


def _no_parameters(*parameters: str) -> None:
    if parameters:
        raise ValueError(f"There is one such result of a run, not one for {parameters[0][:40]!r}. Ask for that.")


@dataclass(frozen=True, eq=False)
class Stored(Generic[Value]):
    """One kind of result, a row in the table of jobs; `parameters` tell those of one run apart, such as a sample.

    kind: at most 40 lower-case letters, digits and hyphens, for it is part of the names of files, as parameters are.
    compute: from (run, report, *parameters) to arrays and facts of the file; None where there is nothing to store.
    Raises ValueError with a sentence for what cannot be computed, such as of weights that are no numbers. parse: from
    (arrays, facts, stamp, *parameters) to the value; may raise any of UNREADABLE, for anyone may have written the file.
    stamp tells its versions apart. The value has the `weights_version` and the `dataset` that it is of, as they were
    before it was computed, or the row has a `current` of its own. arrays: what the file must hold at least, with
    dtypes; most: bytes. current: whether a value is of the run as it is now; outdated: what is said of one that is not.
    check: raises ValueError for parameters there cannot be. needs: what else the value is made of, None where that is
    not there; parse gets it after the stamp. stem: of the file's name, where that is not the kind. keep, weigh: how
    many values stay in memory, see `core.cache`. then: kinds that the same process computes next.
    """

    kind: str
    compute: Callable[..., tuple[Arrays, Facts] | None]
    parse: Callable[..., Value | None]
    arrays: Mapping[str, type]
    most: int
    current: Callable[..., bool] = of_these_weights
    outdated: str = "The model has changed since this was computed."
    check: Callable[..., object] = _no_parameters
    needs: Callable[..., Hashable] | None = None
    stem: str | None = None
    keep: int = 16
    weigh: Callable[[Any], int] = lambda value: 0
    then: tuple[str, ...] = ()
    _read: Callable[..., Value | None] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_read", keep_newest(self.keep, self.weigh)(self._parse_file))

    def job(self, run: Run, *parameters: str) -> Job:
        """Return the job that computes it. Raises ValueError for parameters there cannot be."""
        self.check(*parameters)
        name = "-".join(part for part in (self.kind if self.stem is None else self.stem, *parameters) if part)
        return Job(run, name, Request(run.folder.parent, self.kind, run.id, parameters))

    def read(self, run: Run, *parameters: str) -> Value | None:
        """Return what is stored, maybe of older weights, None when there is nothing; kept in memory until it changes.

        Raises ValueError with a sentence when the file is damaged or not what it should be.
        """
        path = run.projection_file(self.job(run, *parameters).name)
        try:
            stat = path.stat()
            stamp: tuple[Hashable, ...] = (str(path), stat.st_mtime_ns, stat.st_size)
            if self.needs is None:
                return self._read(*stamp, parameters)
            needed = self.needs(run, *parameters)
            return None if needed is None else self._read(*stamp, parameters, needed)
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            raise ValueError(f"{path.name} cannot be used ({error}). Compute it again.") from error

    def _parse_file(
        self, path: str, mtime_ns: int, size: int, parameters: tuple[str, ...], needed: Hashable = None
    ) -> Value | None:
        arrays, facts = open_npz(path, self.arrays, self.most)
        stamp = (path, mtime_ns, size)
        if self.needs is None:
            return self.parse(arrays, facts, stamp, *parameters)
        return self.parse(arrays, facts, stamp, needed, *parameters)

    def load(self, run: Run, *parameters: str) -> Value | None:
        """Return what is stored, as `read` does; None also when it cannot be used."""
        try:
            return self.read(run, *parameters)
        except ValueError:
            self.check(*parameters)
            return None

    def load_current(self, run: Run, *parameters: str) -> Value | None:
        """Return what is stored if it is of the run as it is now, else None."""
        found = self.load(run, *parameters)
        return found if found is not None and self.current(run, found, *parameters) else None

    def state(self, run: Run, *parameters: str) -> JobState:
        """Tell how far it is. Raises RunNotFound when the run is gone, ValueError for impossible parameters."""
        run.ensure_exists()
        found = state.job_state(self.job(run, *parameters), lambda: self.load_current(run, *parameters) is not None)
        if found.state != "absent":
            return found
        if not run.has_weights():
            return JobState("absent", message=f"{run.name} has no weights yet. Wait for its first epoch.")
        try:
            stale = self.read(run, *parameters) is not None
        except ValueError as error:
            return JobState("failed", message=str(error))
        return JobState("absent", message=self.outdated if stale else "")

    def cancel(self, run: Run, *parameters: str) -> None:
        """End its computation, see `state.cancel`."""
        state.cancel(self.job(run, *parameters))

    def write(self, run: Run, arrays: Arrays, facts: Facts, *parameters: str) -> None:
        """Store it, in one step; `run_job` does this with what `compute` returns."""
        write_npz(run.projection_file(self.job(run, *parameters).name), arrays, facts=facts)

    def run_job(self, run: Run, *parameters: str) -> None:
        """Compute and store it unless it is there; belongs in a worker process, see `state.run_job`."""
        if self.load_current(run, *parameters) is None:
            state.run_job(self.job(run, *parameters), lambda report: self._compute_and_write(run, report, *parameters))
        else:
            self.job(run, *parameters).request.remove()

    def _compute_and_write(self, run: Run, report: Progress, *parameters: str) -> None:
        found = self.compute(run, report, *parameters)
        if found is not None:
            self.write(run, *found, *parameters)

    def ensure(self, run: Run, report: Progress, *parameters: str) -> Value:
        """Return it, computed first where it must be, one process at a time: what the work of another job stands on.

        What was computed counts although the weights may be newer by then: those of a small run are, several times a
        second. Raises ValueError with a sentence where it cannot be computed.
        """
        if (found := self.load_current(run, *parameters)) is not None:
            return found
        with state.job_lock(self.job(run, *parameters), _PATIENCE_S):
            if (found := self.load_current(run, *parameters)) is None:
                self._compute_and_write(run, report, *parameters)
                found = self.read(run, *parameters)
        if found is None:
            raise ValueError(f"{self.job(run, *parameters).name} of {run.name} went away. Compute it again.")
        return found
