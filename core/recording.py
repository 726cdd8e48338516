"""Training, the recorded run: takes a slot, trains, and writes down everything that others read."""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from filelock import FileLock, Timeout

from core import data
from core.data import Dataset, Split
from core.files import write_arrays, write_npz
from core.models import Metrics, Model
from core.runs import Run
from core.train import (
    Checking,
    Diverged,
    EarlyStop,
    Epoch,
    Step,
    build,
    fit,
    steps_per_epoch,
    training_size,
    with_noise,
)

_LOGGED_STEPS = 1000  # about how many steps of a run are written down
_PROBES = 20
_PROBE_EVERY_S = 0.6


class Stopped(Exception):
    """Somebody asked for a stop, or the time limit is reached; the text says which."""


class Training:
    """One run being trained: its files and its clock."""

    def __init__(self, run: Run, file: IO[bytes]) -> None:
        self.run, self.config, self.file = run, run.config, file
        self.start = time.monotonic()
        self._last_wait = ("", 0.0)

    def carry_out(self) -> None:
        """Wait for a slot, train, and log how it ended."""
        try:
            with _slot(self.run.folder.parent, self._wait):
                ending = self._train()
            self._log("finished", **({"message": str(ending)} if ending else {}))
        except Stopped as reason:
            self._log("stopped", message=str(reason))
        except Diverged as error:
            self._log("diverged", step=error.step, last_loss=error.last, message=str(error))
        except Exception as error:  # noqa: BLE001 - whatever ends a run must be told to the person watching it
            self.run.must_exist()  # a deleted run fails in any way, and has nobody to tell
            (self.run.folder / "log.txt").write_text(traceback.format_exc(), encoding="utf-8")
            kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
            self._log("failed", message=f"{kind}{error}")

    def _wait(self, message: str) -> None:
        """Say what the run waits for, at most twice a second, and obey a stop. Raises RunNotFound if it was deleted."""
        self.run.must_exist()
        said, when = self._last_wait
        if message != said and time.monotonic() - when > 0.5:
            self._last_wait = (message, time.monotonic())
            self._log("queued", message=message)
        if self.run.stop_requested():
            raise Stopped("Stopped on request.")

    def _train(self) -> EarlyStop | None:
        config = self.config
        if not data.is_ready(config.dataset):
            data.fetch(config.dataset, lambda share, what: self._wait(f"Downloading: {share:.0%}, {what}"))
        dataset = data.load(config.dataset)
        model = build(config, self.run.load_source())
        per_epoch = steps_per_epoch(training_size(dataset.train, config), config)
        log = _StepLog(self._log, per_epoch, per_epoch * config.epochs)
        self.start = time.monotonic()
        self._log("started", total_steps=log.total, parameters=model.parameter_count)
        probe = _ProbeWriter(self.run, model, dataset)
        probe.write(0)
        clock = _EpochClock()
        for event in fit(model, dataset, config):
            self._obey(model)
            if isinstance(event, Step):
                clock.add(event.images)
                log.add(event)
                if event.test:  # a few times an epoch, so that a young run already answers on the pages
                    write_arrays(self.run.folder / "weights.safetensors", model.state_dict())
                probe.write_sometimes(event.step)
            elif isinstance(event, Checking):
                clock.pause()
            elif isinstance(event, Epoch):
                self._save(model, event.epoch, probe.write(event.step))
                self._log_epoch(event, clock.end())
            else:
                return event
        return None

    def _log_epoch(self, event: Epoch, images_per_second: float) -> None:
        self._log(
            "epoch",
            epoch=event.epoch,
            step=event.step,
            images_per_second=round(images_per_second, 1),
            train=_rounded(event.train),
            test=_rounded(event.test),
            **({"validation": _rounded(event.validation)} if event.validation else {}),
            health={layer: _rounded(measures) for layer, measures in event.health.items()},
        )
        os.fsync(self.file.fileno())

    def _save(self, model: Model, epoch: int, outputs: dict[str, np.ndarray]) -> None:
        """Write everything of an epoch before the line that announces it."""
        weights = model.state_dict()
        folder = self.run.folder
        write_arrays(folder / "weights.safetensors", weights)
        resume = {f"weights/{name}": value for name, value in weights.items()}
        resume |= {f"optimizer/{name}": value for name, value in model.optimizer_state().items()}
        write_arrays(folder / "resume.safetensors", resume, {"epoch": str(epoch)})
        half = {
            f"weights/{name}": value.astype(np.float16) if value.dtype == np.float32 else value
            for name, value in weights.items()
        }
        (folder / "snapshots").mkdir(exist_ok=True)
        write_npz(folder / "snapshots" / f"epoch-{epoch:03d}.npz", {**half, **outputs})

    def _obey(self, model: Model) -> None:
        """End the run, keeping its weights, if a stop was asked for or its time is up.

        Raises RunNotFound when somebody deleted it: its files alone do not say so, since they are open or made anew.
        """
        self.run.must_exist()
        minutes = self.config.max_minutes
        reason = "Stopped on request." if self.run.stop_requested() else ""
        if time.monotonic() - self.start > 60 * minutes:
            reason = f"Stopped at its time limit of {minutes:g} minutes."
        if reason:
            write_arrays(self.run.folder / "weights.safetensors", model.state_dict())
            raise Stopped(reason)

    def _log(self, event: str, **facts: Any) -> None:
        line = {
            "event": event,
            "time": round(time.time(), 3),
            "seconds": round(time.monotonic() - self.start, 3),
        }
        self.file.write(json.dumps({**line, **facts}).encode() + b"\n")


class _StepLog:
    """Writes down every few steps, as the mean over the images since the last line."""

    def __init__(self, log: Callable[..., None], per_epoch: int, total: int) -> None:
        self.log, self.per_epoch, self.total = log, per_epoch, total
        # By count and not by the clock, so that a run repeated writes the same numbers.
        self.every = -(-total // _LOGGED_STEPS)
        self.images, self.sums = 0, dict[str, float]()

    def add(self, event: Step) -> None:
        self.images += event.images
        for key, value in event.metrics.items():
            self.sums[key] = self.sums.get(key, 0.0) + value * event.images
        if event.step in (1, self.total) or event.step % self.every == 0 or event.test:
            self._write(event)

    def _write(self, event: Step) -> None:
        self.log(
            "step",
            step=event.step,
            epoch=round(event.step / self.per_epoch, 4),
            images=self.images,
            lr=float(f"{event.lr:.6g}"),
            train=_rounded({key: value / self.images for key, value in self.sums.items()}),
            **({"test": _rounded(event.test)} if event.test else {}),
        )
        self.images, self.sums = 0, {}


class _EpochClock:
    """Images per second of an epoch, the evaluation after it left out."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.images, self.started, self.paused = 0, time.monotonic(), 0.0

    def add(self, images: int) -> None:
        self.images += images

    def pause(self) -> None:
        self.paused = self.paused or time.monotonic()

    def end(self) -> float:
        rate = self.images / max(1e-9, (self.paused or time.monotonic()) - self.started)
        self._begin()
        return rate


class _ProbeWriter:
    """Writes what the model makes of twenty fixed test digits, two of each class."""

    def __init__(self, run: Run, model: Model, dataset: Dataset) -> None:
        self.path, self.model = run.folder / "probe.npz", model
        self.reconstructs = run.spec.task == "reconstruct"
        self.indices = probe_indices(dataset.test.labels)
        test = Split(dataset.test.images[self.indices], dataset.test.labels[self.indices])
        noisy, clean = with_noise(test, run.config)
        self.images = noisy.images
        self.inputs = {} if clean is None else {"inputs": noisy.images}
        self.last = time.monotonic()

    def write(self, step: int) -> dict[str, np.ndarray]:
        """Write the outputs, and return them for the snapshot."""
        if self.reconstructs:
            pixels = self.model.decode(self.model.encode(self.images))
            outputs = np.round(np.nan_to_num(pixels) * 255).astype(np.uint8)
        else:
            outputs = self.model.predict_proba(self.images)
        arrays = {"step": np.int64(step), "indices": self.indices, "outputs": outputs, **self.inputs}
        write_npz(self.path, arrays, durable=False)
        self.last = time.monotonic()
        return {"indices": self.indices, "outputs": outputs}

    def write_sometimes(self, step: int) -> None:
        """Write at the first step and then at most every 0.6 s."""
        if step == 1 or time.monotonic() - self.last > _PROBE_EVERY_S:
            self.write(step)


def probe_indices(labels: np.ndarray) -> np.ndarray:
    """Return where the first two of each class stand, class by class and then again: int64 (up to 20,)."""
    first = [np.flatnonzero(labels == c)[:2] for c in range(10)]
    ordered = [places[turn] for turn in range(2) for places in first if len(places) > turn]
    return np.array(ordered[:_PROBES], np.int64)


@contextmanager
def _slot(folder: Path, wait: Callable[[str], None]) -> Iterator[None]:
    """Hold one of the store's slots, waiting for it in turn with the other workers."""
    slots = max(1, int(os.environ.get("DIGITLAB_SLOTS") or os.cpu_count() or 1))
    (folder / ".slots").mkdir(exist_ok=True)
    locks = [FileLock(folder / ".slots" / f"slot-{number}.lock") for number in range(slots)]
    while True:
        for lock in locks:
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            try:
                yield
            finally:
                lock.release()
            return
        wait(
            "Waiting for another run to end: all places are taken." if slots > 1 else "Waiting for another run to end."
        )
        time.sleep(0.1)


def _rounded(metrics: Metrics) -> Metrics:
    return {key: float(f"{value:.6g}") for key, value in metrics.items()}
