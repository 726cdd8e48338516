"""Training, the recorded run: takes a slot, trains, and writes down everything that others read."""

from __future__ import annotations

import errno
import os
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from filelock import FileLock, Timeout

from core.data import datasets, fetch
from core.files import write_arrays, write_npz
from core.models.contract import Model, SteppedModel
from core.runs.checkpoint import Resume, read_resume, write_resume
from core.runs.events import EpochLine, FitLine, LifecycleLine, Line, encode
from core.runs.finetune import own_split
from core.runs.frames import FrameWriter
from core.runs.log import summarize
from core.runs.probe import ProbeWriter
from core.runs.run import ENDINGS, Run, RunNotFound, Status
from core.runs.slots import slot
from core.runs.steps import EpochClock, StepLog, rounded
from core.runs.trash import clear_remains
from core.runs.weights import initial_model
from core.training.loop import (
    Checking,
    Diverged,
    EarlyStop,
    Epoch,
    Fitting,
    Step,
    fit,
    steps_per_epoch,
)
from core.training.splits import training_size

_HALF_WRITTEN = ("weights.*.part", "resume.*.part", "probe.*.part", "snapshots/*.part", "forming/*.part")


class Ended(Exception):
    """Somebody asked for a stop or a pause, or the time limit is reached: the word for the log, and the reason."""

    def __init__(self, event: Status, reason: str) -> None:
        self.event = event
        super().__init__(reason)


def train(run: Run) -> None:
    """Train a run from its config to its end, leaving everything in its folder; returns when it has ended."""
    try:
        with _held(run.folder / "lock", 5.0), (run.folder / "events.jsonl").open("ab", buffering=0) as file:
            if run.status() in ENDINGS and not (run.folder / "resume").exists():
                return  # somebody else was asked to do it, too, and was faster
            if file.tell() and not (run.folder / "events.jsonl").read_bytes().endswith(b"\n"):
                file.write(b"\n")  # ends the line that a crash tore
            Training(run, file).run_to_its_end()
    except Timeout:
        return  # another worker has it
    except (RunNotFound, FileNotFoundError):
        clear_remains(run.folder)  # deleted while it trained, all but what was just written
    except OSError as error:
        # A disk that cannot be written cannot be told so, either: the run is found as it was left.
        if error.errno not in (errno.EROFS, errno.EACCES, errno.ENOSPC):
            raise
    finally:
        run.request.remove()


@contextmanager
def _held(path: Path, patience: float) -> Iterator[None]:
    # A reader's look holds the lock for microseconds, so a worker always tries for a moment.
    if not path.parent.is_dir():
        raise FileNotFoundError(path.parent)
    with FileLock(path).acquire(timeout=max(patience, 0.2), poll_interval=0.01):
        yield


class Training:
    """One run being trained: its files and its clock.

    The clock of a resumed run goes on from where its last finished epoch left it.
    """

    def __init__(self, run: Run, file: IO[bytes]) -> None:
        self.run, self.config, self.file = run, run.config, file
        self.began = self.start = time.monotonic()
        self._last_wait = ("", 0.0)
        self._torn = False
        self.by_steps = self.config.spec.learns == "by steps"

    def run_to_its_end(self) -> None:
        """Wait for a slot, train, and log how it ended."""
        try:
            if (self.run.folder / "resume").exists():
                self._log(Status.QUEUED)  # from here on the run is active again
                (self.run.folder / "resume").unlink(missing_ok=True)
            with slot(self.run.folder.parent, self._wait):
                ending = self._train()
            self._end(Status.FINISHED, message=str(ending) if ending else None)
        except Ended as ending:
            self._end(ending.event, message=str(ending))
        except Diverged as error:
            self._end(Status.DIVERGED, step=error.step, last_loss=error.last, message=str(error))
        except Exception as error:  # noqa: BLE001 - whatever ends a run must be told to the person watching it
            self.run.ensure_exists()  # a deleted run fails in any way, and has nobody to tell
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        """Log a failure in words that help, also where the disk is full."""
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            (self.run.folder / "probe.npz").unlink(missing_ok=True)  # makes room for the line that says so
            with suppress(OSError):  # where not even that can be written, the run is found interrupted
                self._end(Status.FAILED, message="The disk is full. Free some space, then press Resume.")
            return
        with suppress(OSError):
            (self.run.folder / "log.txt").write_text(traceback.format_exc(), encoding="utf-8")
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error) or "out of memory" in str(error):
            message = "There is not enough memory. Choose smaller batches or a smaller model."
        else:
            kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
            message = f"{kind}{error}"
        self._end(Status.FAILED, message=message)

    def _wait(self, message: str) -> None:
        """Say what the run waits for, at most twice a second, and obey a stop. Raises RunNotFound if it was deleted."""
        self.run.ensure_exists()
        said, when = self._last_wait
        if message != said and time.monotonic() - when > 0.5:
            self._last_wait = (message, time.monotonic())
            self._log(Status.QUEUED, message=message)
        self._apply_request()

    def _train(self) -> EarlyStop | None:
        config = self.config
        if not datasets.is_ready(config.dataset):
            fetch.fetch(config.dataset, lambda share, what: self._wait(f"Downloading: {share:.0%}, {what}"))
        dataset = datasets.load(config.dataset)
        model, own = initial_model(self.run, config.device), own_split(self.run)
        per_epoch = steps_per_epoch(training_size(dataset.train, config), config)
        log = StepLog(per_epoch, per_epoch * config.epochs)
        done = self._begin(model, log)
        probe = ProbeWriter(self.run, model, dataset)
        clock, step, fitted = EpochClock(), per_epoch * done.epoch if done else 0, 0.0
        if self.by_steps:
            probe.write(step)
        frames = FrameWriter(self.run, model, dataset, per_epoch)
        frames.begin(step)
        validation = list(done.validation if done else ())
        for event in fit(model, dataset, config, done.epoch if done else 0, validation, own):
            step = event.step if isinstance(event, Step) else step
            if isinstance(event, Fitting):
                if event.share < 1:  # what is not fitted yet has nothing to keep
                    self._apply_request(timed=True)
                if event.share > fitted:
                    fitted = event.share
                    self._append(FitLine(*self._now(), fitted))
                if fitted == 1:  # from here on it answers on the pages, while it is measured
                    write_arrays(self.run.folder / "weights.safetensors", model.state_dict())
                    probe.write(1)
                continue
            self._apply_request(model, partial(probe.write, step))
            if isinstance(event, Step):
                clock.add(event.images)
                if log.add(event):
                    self._append(log.line(event, *self._now()))
                if event.test:  # a few times an epoch, so that a young run already answers on the pages
                    write_arrays(self.run.folder / "weights.safetensors", model.state_dict())
                probe.write_sometimes(event.step)
                frames.look(event.step, event.test is not None)
            elif isinstance(event, Checking):
                clock.pause()
            elif isinstance(event, Epoch):
                validation += [event.validation["loss"]] if event.validation else []
                frames.end_epoch(event.step)
                self._save(model, event, clock.end(), probe.write(event.step), validation)
            else:
                return event
        return None

    def _begin(self, model: Model, log: StepLog) -> Resume | None:
        """Log the start, from the last finished epoch where there is one, and return that with the model put there."""
        for name in _HALF_WRITTEN:  # by a worker that was killed; no other writes these while we hold the lock
            for part in self.run.folder.glob(name):
                part.unlink(missing_ok=True)
        done = read_resume(self.run.folder)
        self.began = self.start = time.monotonic()
        step = 0
        if done:
            done.restore(cast(SteppedModel, model))
            step, self.start = done.line.step, self.began - done.line.seconds
            if all(epoch.epoch < done.epoch for epoch in self.run.history().epochs):
                self._append(done.line)  # a crash came between the epoch and its line
        sizes = {"parameters": model.parameter_count, "learned": model.learned_count}
        self._log("started", step=step, total_steps=log.total, **sizes)
        return done

    def _save(
        self,
        model: Model,
        event: Epoch,
        images_per_second: float,
        outputs: dict[str, np.ndarray],
        validation: Sequence[float],
    ) -> None:
        """Write everything of an epoch: what others read, then what makes it finished, then the line that says so."""
        line = EpochLine(
            *self._now(),
            epoch=event.epoch,
            step=event.step,
            images_per_second=round(images_per_second, 1),
            train=rounded(event.train),
            test=rounded(event.test),
            train_sample=rounded(event.train_sample),
            validation=rounded(event.validation) if event.validation else None,
            health={layer: rounded(measures) for layer, measures in event.health.items()},
        )
        folder, weights = self.run.folder, model.state_dict()
        write_arrays(folder / "weights.safetensors", weights)
        if self.by_steps:
            self._save_epoch(cast(SteppedModel, model), line, weights, outputs, validation)
        self._append(line)
        os.fsync(self.file.fileno())

    def _save_epoch(
        self,
        model: SteppedModel,
        line: EpochLine,
        weights: dict[str, np.ndarray],
        outputs: dict[str, np.ndarray],
        validation: Sequence[float],
    ) -> None:
        """Write the snapshot of an epoch, and what the next goes on from; a fit, which may be large, has no next."""
        folder = self.run.folder
        half = {
            f"weights/{name}": value.astype(np.float16) if value.dtype == np.float32 else value
            for name, value in weights.items()
        }
        (folder / "snapshots").mkdir(exist_ok=True)
        write_npz(folder / "snapshots" / f"epoch-{line.epoch:03d}.npz", {**half, **outputs})
        write_resume(folder, model, line, validation)  # the epoch counts as finished from here on

    def _apply_request(
        self, model: Model | None = None, probe: Callable[[], object] | None = None, timed: bool = False
    ) -> None:
        """End the run, keeping its weights and a look with them, if a stop or a pause was asked for or its time is up.

        timed: its time counts even where it has no weights that could be kept.
        Raises RunNotFound when somebody deleted it: its files alone do not say so, since they are open or made anew.
        """
        self.run.ensure_exists()
        minutes, request = self.config.max_minutes, self.run.requested()
        too_long = (timed or model is not None) and time.monotonic() - self.began > 60 * minutes
        if not request and not too_long:
            return
        if model is not None:
            write_arrays(self.run.folder / "weights.safetensors", model.state_dict())
        if probe is not None:
            probe()
        if request == "pause" and self.by_steps:
            raise Ended(Status.PAUSED, "Paused on request.")
        if request == "pause":
            raise Ended(Status.STOPPED, "Stopped: a fit cannot be paused. Resume begins it again.")
        limit = f"Stopped at its time limit of {minutes:g} minutes."
        raise Ended(Status.STOPPED, "Stopped on request." if request else limit)

    def _end(self, event: Status, **facts: Any) -> None:
        # With its figures, so that a table of many runs need not read all that each of them wrote.
        self._log(event, **facts, summary=summarize(self.run.history()))

    def _log(self, event: str, **facts: Any) -> None:
        self._append(LifecycleLine(event, *self._now(), **facts))
        if event in (Status.QUEUED, "started"):
            self.run.request.remove()  # from here on the log speaks for it

    def _now(self) -> tuple[float, float]:
        """Return the time and the seconds of a line."""
        return round(time.time(), 3), round(time.monotonic() - self.start, 3)

    def _append(self, line: Line) -> None:
        text = b"\n" * self._torn + encode(line)
        self._torn = True  # an unbuffered file may take a part only, before it says that the disk is full
        while text:
            text = text[self.file.write(text) :]
        self._torn = False
