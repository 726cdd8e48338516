"""What runs read in saved drawings: each version of a run's weights reads each drawing once, beside other work."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from weakref import WeakKeyDictionary

import numpy as np

from core.ink.drawing import Drawing, images
from core.runs.run import Run
from core.runs.weights import initial_model, load_model

UNREAD = -1
_SLICE = 20  # drawings read at once: a pen waits for some hundredths of a second at most
_KEPT = 256  # versions of weights whose readings are kept

_Key = tuple[str, int, bool]  # folder of the run, version of its weights, whether those it began with are meant

# One thread: the server answers pens, too, and has two cores or so.
_reader = ThreadPoolExecutor(1, thread_name_prefix="readings")
_digits: OrderedDict[_Key, WeakKeyDictionary[Drawing, int]] = OrderedDict()
_jobs: dict[_Key, Future[None]] = {}
_wrong: dict[_Key, str] = {}
_lock = threading.Lock()


def readings(run: Run, drawings: Sequence[Drawing], before: bool = False) -> np.ndarray:
    """Return the digit that a classifier reads in each drawing as far as it has: int64 (n,), UNREAD where it has not.

    before: with the weights that the run began from, not with those it has.
    """
    with _lock:
        known = _digits.get(_key(run, before), WeakKeyDictionary())
        return np.array([known.get(drawing, UNREAD) for drawing in drawings], np.int64)


def read(run: Run, drawings: Sequence[Drawing], before: bool = False) -> bool:
    """Read in a thread of its own what was not read yet; say at once whether there was anything to begin with.

    `reading` tells when it is done, which may be before this returns, and `refused` why it could not be.
    """
    key = _key(run, before)
    if refused(run, before):
        return False
    with _lock:
        job = _jobs.get(key)
        if job and not job.done():
            return False
        known = _digits.get(key) or WeakKeyDictionary()
        if all(drawing in known for drawing in drawings):
            return False
        _jobs[key] = _reader.submit(_read, run, key, list(drawings))
        return True


def reading(run: Run, before: bool = False) -> bool:
    """Say whether drawings are being read by this run, or wait for it."""
    job = _jobs.get(_key(run, before))
    return job is not None and not job.done()


def refused(run: Run, before: bool = False) -> str:
    """Say in a sentence why the run cannot read; empty when it can."""
    key = _key(run, before)
    if key not in _wrong and (job := _jobs.get(key)) and job.done() and (error := job.exception()):
        return f"{run.name} could not read the drawings ({error}). Train it again."
    return _wrong.get(key, "")


def _key(run: Run, before: bool) -> _Key:
    return str(run.folder), 0 if before else run.weights_version(), before


def _read(run: Run, key: _Key, drawings: list[Drawing]) -> None:
    known = _remembered(key)
    try:
        model = initial_model(run) if key[2] else load_model(run)
        missing = [drawing for drawing in drawings if drawing not in known]
        for start in range(0, len(missing), _SLICE):
            began = time.monotonic()
            part = missing[start : start + _SLICE]
            probabilities = model.predict_proba(images(part))
            if not np.isfinite(probabilities).all():
                raise ValueError(f"The weights of {run.name} hold numbers that are not finite. Train it again.")
            with _lock:
                known.update(zip(part, probabilities.argmax(axis=1).tolist(), strict=True))
            time.sleep(min(0.1, time.monotonic() - began))  # others get as much time as was taken
    except (ValueError, OSError, RuntimeError) as error:
        _wrong[key] = str(error)


def _remembered(key: _Key) -> WeakKeyDictionary[Drawing, int]:
    with _lock:
        known = _digits.setdefault(key, WeakKeyDictionary())
        _digits.move_to_end(key)
        while len(_digits) > _KEPT:
            old, _ = _digits.popitem(last=False)
            _jobs.pop(old, None)
            _wrong.pop(old, None)
        return known
