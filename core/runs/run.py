"""A run is a folder. The files in it are the only interface between the processes that train and those that look.

The dashboard writes config.json and the empty request files `stop`, `pause` and `resume`; everything else is the
worker's, which holds `lock` for as long as it lives. Nothing is stored twice: a run's status is derived from its files.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.cache import keep_newest
from core.data import datasets
from core.files import UNREADABLE, disk_errors, is_held, write_json
from core.models.contract import ModelSpec
from core.runs.events import LifecycleLine, Summary
from core.runs.facts import MAX_NAME, MAX_NOTE, facts_of, parse_facts
from core.runs.log import NOTHING_YET, History, last_line, read_history, summarize
from core.runs.requests import Request
from core.training.config import TrainConfig
from core.untrusted import plain, plain_lines

_GRACE_S = 2.0  # between making a run and asking for a process that trains it


class Status(StrEnum):
    """How a run stands. Those in ENDINGS are what its log ends with, in the same words."""

    STARTING = "starting"
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    PAUSED = "paused"
    FAILED = "failed"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"


ACTIVE = frozenset({Status.STARTING, Status.QUEUED, Status.RUNNING})
ENDINGS = frozenset({Status.FINISHED, Status.STOPPED, Status.PAUSED, Status.FAILED, Status.DIVERGED})
RESUMABLE = frozenset({Status.STOPPED, Status.PAUSED, Status.FAILED, Status.INTERRUPTED})


class RunNotFound(ValueError):
    """There is no readable run with this id."""


@dataclass(frozen=True)
class Probe:
    """What a run makes of a few fixed test digits.

    outputs: float32 (k, 10) probabilities of a classifier, or uint8 (k, 28, 28) reconstructions;
    indices: int64 (k,) of the digits in the test split; step: when, 0 before training;
    inputs: uint8 (k, 28, 28), the digits as the run saw them, where it is to clean them of noise.
    """

    step: int
    indices: np.ndarray
    outputs: np.ndarray
    inputs: np.ndarray | None = None


class Run:
    """One run. Cheap to make; reads its files when asked and raises RunNotFound when they are gone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    def __repr__(self) -> str:
        return f"Run({self.id!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other.folder == self.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    @property
    def _gone(self) -> RunNotFound:
        return RunNotFound(f"The run {self.id} is gone. Choose another one.")

    @cached_property
    def _facts(self) -> dict[str, Any]:
        try:
            return facts_of(self.folder / "config.json")
        except FileNotFoundError as error:
            raise self._gone from error
        except UNREADABLE as error:
            raise RunNotFound(f"The run {self.id} cannot be read: {error}") from error

    @property
    def config(self) -> TrainConfig:
        """What was trained and how."""
        config: TrainConfig = self._facts["config"]
        return config

    @property
    def spec(self) -> ModelSpec:
        """The row of MODELS that was trained."""
        return self.config.spec

    @property
    def name(self) -> str:
        """The title for people: free text, to be escaped."""
        return str(self._facts["name"])

    @property
    def note(self) -> str:
        """What somebody wrote about the run: free text, to be escaped."""
        return str(self._facts["note"])

    @property
    def created(self) -> float:
        """When the run was created, in seconds since 1970."""
        return float(self._facts["created"])

    @property
    def mark(self) -> int:
        """The run's number in the palette of marks, the same on every page."""
        return int(self._facts["color"])

    @property
    def shipped(self) -> bool:
        """Whether the run came with the project."""
        return bool(self._facts["shipped"])

    def history(self) -> History:
        """Read what was logged so far: whole lines only, so a torn last line waits for its rest."""
        history = read_history(self.folder / "events.jsonl")
        if history is None:
            self.ensure_exists()
            return NOTHING_YET
        return history

    def summary(self) -> Summary:
        """Return the figures of the run as far as it is; of an ended one without reading all it wrote."""
        line = last_line(self.folder / "events.jsonl")
        if isinstance(line, LifecycleLine) and line.event in ENDINGS and line.summary:
            return line.summary
        return summarize(self.history())

    def status(self) -> Status:
        """Derive the status from the files: the last lifecycle event, else the lock, else the request to train it."""
        self.ensure_exists()
        if asked := self.request.state():
            return Status.STARTING if asked == "starting" or self.locked() else Status.QUEUED
        ending = last_line(self.folder / "events.jsonl")  # spares reading it all, for most runs
        if ending and ending.event in ENDINGS:
            return Status(ending.event)
        lifecycle = self.history().lifecycle
        last = lifecycle[-1].event if lifecycle else ""
        if last in ENDINGS:
            return Status(last)
        if self.locked():
            return Status.RUNNING if last == "started" else Status.QUEUED
        lifecycle = self.history().lifecycle  # it may have ended between the two looks
        if lifecycle and lifecycle[-1].event in ENDINGS:
            return Status(lifecycle[-1].event)
        if not lifecycle and (ended := self.requested()):  # before a process began it; none is about to
            return Status.PAUSED if ended == "pause" else Status.STOPPED
        just_made = not lifecycle and time.time() - self.created < _GRACE_S
        return Status.STARTING if just_made or self.request.state() else Status.INTERRUPTED

    @property
    def request(self) -> Request:
        """The request that a process trains this run."""
        return Request(self.folder.parent, "train", self.id)

    def active(self) -> bool:
        """Say whether the run goes on or is about to."""
        return self.status() in ACTIVE

    def message(self) -> str:
        """Say in a sentence why the run ended or what it waits for; empty when there is nothing to say."""
        history, status = self.history(), self.status()
        lifecycle = history.lifecycle
        if status in RESUMABLE and not lifecycle:
            return "It has not begun. Resume starts it."
        if status == Status.INTERRUPTED:
            none = "" if history.epochs else ": there is none yet, so it begins again"
            return f"Its process ended before the run did. Resume goes on from the last finished epoch{none}."
        if status in (Status.STARTING, Status.QUEUED) and self.request.age() is not None:
            return "Waiting for a free place." if status == Status.QUEUED else ""
        return lifecycle[-1].message or "" if lifecycle else ""

    def locked(self) -> bool:
        """Say whether a worker holds this run: a lock dies with its process, a pid does not."""
        return is_held(self.folder / "lock")

    def request_stop(self) -> None:
        """Ask the worker to stop after the batch it is at."""
        self._request("stop")

    def request_pause(self) -> None:
        """Ask the worker to pause after the batch it is at: as a stop, by someone who means to go on."""
        self._request("pause")

    def request_resume(self, epochs: int | None = None) -> None:
        """Prepare a run that ended to go on from its last finished epoch, to be handed to a worker next.

        epochs: train up to so many instead. Raises ValueError when the run cannot go on.
        """
        status = self.status()
        config = self.config if epochs is None else replace(self.config, epochs=epochs)
        longer = config.epochs > self.config.epochs
        if status not in RESUMABLE and not (status == Status.FINISHED and longer):
            raise ValueError(f"{self.name} is {status}: it cannot go on. Duplicate it to train it again.")
        if longer:
            self._rewrite(config=config.to_dict())
        with disk_errors(self.folder, gone=self._gone):
            for request in ("stop", "pause"):
                (self.folder / request).unlink(missing_ok=True)
        self.request.write()
        self._request("resume")

    def rename(self, name: str) -> None:
        """Give the run another name, made `plain`. ValueError when nothing is left."""
        if not (seen := plain(name, MAX_NAME)):
            raise ValueError("A run needs a name. Give it at least one letter.")
        self._rewrite(name=seen)

    def annotate(self, note: str) -> None:
        """Keep a note with the run, up to 2,000 characters."""
        self._rewrite(note=plain_lines(note, MAX_NOTE))

    def _rewrite(self, **changes: Any) -> None:
        Run(self.folder).config  # noqa: B018 - raises where there is nothing that could be changed
        with disk_errors(self.folder, gone=self._gone):
            facts = parse_facts((self.folder / "config.json").read_text(encoding="utf-8"))
            write_json(self.folder / "config.json", facts | changes)
        self.__dict__.pop("_facts", None)  # read anew when asked for next

    def _request(self, name: str) -> None:
        self.ensure_exists()
        with disk_errors(self.folder, gone=self._gone):
            (self.folder / name).touch()

    def requested(self) -> str:
        """Return "stop" or "pause" if somebody asked for it, else ""."""
        return next((name for name in ("stop", "pause") if (self.folder / name).exists()), "")

    def has_weights(self) -> bool:
        """Say whether there are weights to answer with."""
        return self.weights_version() > 0

    def weights_version(self) -> int:
        """Return a number made of the weights, the same for a copy of them; 0 when there are none."""
        path = self.folder / "weights.safetensors"
        try:
            stat = path.stat()
            return _digest(str(path), stat.st_mtime_ns, stat.st_size)
        except OSError:
            return 0

    def probe(self) -> Probe | None:
        """Return the latest look at the fixed test digits, or None before the first."""
        try:
            with np.load(self.folder / "probe.npz", allow_pickle=False) as file:
                found = Probe(int(file["step"]), file["indices"], file["outputs"], file.get("inputs"))
            return found if _whole(found, self.spec.task == "reconstruct") else None
        except UNREADABLE:
            return None  # not there yet, or not one of ours: the strip is left out rather than the page broken

    def projection_file(self, method: str) -> Path:
        """Return where the projection of this run by `method` is stored."""
        return self.folder / "projections" / f"{method}.npz"

    def ensure_exists(self) -> None:
        """Raise RunNotFound if the run was deleted, also while its last files are still there."""
        if not (self.folder / "config.json").is_file():
            raise self._gone


def _whole(probe: Probe, pictures: bool) -> bool:
    """Say whether the arrays of a probe are what they must be."""
    count = probe.indices.shape[:1]
    drawn = (np.uint8, (*count, 28, 28))
    wanted = [(probe.indices, (np.int64, count)), (probe.outputs, drawn if pictures else (np.float32, (*count, 10)))]
    wanted += [] if probe.inputs is None else [(probe.inputs, drawn)]
    return all((array.dtype, array.shape) == kind for array, kind in wanted)


@keep_newest(1024)
def _digest(path: str, mtime_ns: int, size: int) -> int:
    digest = hashlib.sha256(Path(path).read_bytes()).digest()
    return int.from_bytes(digest[:6]) | 1  # exact in JSON, and never 0


def digits_of(run: Run) -> str:
    """Return the data set whose digits are mapped: the run's own, or the embedded one while that is not here."""
    return run.config.dataset if datasets.is_ready(run.config.dataset) else "digits"
