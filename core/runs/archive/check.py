"""What a packed run brings in: each piece of its .zip file, checked against the model that its config builds."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, cast
from zipfile import ZipFile

import numpy as np

from core.ink.collection import MAX_DRAWINGS
from core.ink.drawing import Drawing, from_lines
from core.models.contract import Model, SteppedModel, widths
from core.runs.archive.arrays import SNAPSHOT, read_digits, read_frames
from core.runs.archive.events import read_events
from core.runs.checkpoint import Resume
from core.runs.events import EpochLine, LifecycleLine, Line
from core.runs.facts import MAX_NAME, MAX_NOTE
from core.runs.finetune import DRAWINGS, MAX_BYTES
from core.runs.frames import FRAME, MAX_CODES, steps_an_epoch
from core.runs.run import ENDINGS, Status
from core.training.config import TrainConfig, build
from core.untrusted import (
    ArchiveError,
    Kind,
    kinds,
    member_size,
    open_zip,
    plain,
    plain_lines,
    read_member,
    read_object,
    read_tensors,
    refuse,
)

MAX_ARCHIVE = 200 * 2**20  # bytes of a .zip file
_MAX_CONTENT = 2 * MAX_ARCHIVE  # bytes of all that is in it
_MEMBERS = 1110  # a thousand epochs, each with a snapshot, the frames and the rest
_SMALL, _EVENTS = 100_000, 32 * 2**20  # bytes of a config or a probe, and of the events
_FRAME = MAX_CODES + 20_000  # bytes of a frame

# The most bytes of each file. They are packed in this order: an epoch that ends meanwhile is then in the resume file
# alone, as after a crash, and a run that is told to train longer meanwhile has the longer config.
FILES = {
    "events.jsonl": _EVENTS,
    "resume.safetensors": _MAX_CONTENT,
    "config.json": _SMALL,
    "weights.safetensors": _MAX_CONTENT,
    "probe.npz": _SMALL,
    "source/config.json": _SMALL,
    "source/weights.safetensors": _MAX_CONTENT,
    "start/config.json": _SMALL,
    "start/weights.safetensors": _MAX_CONTENT,
    DRAWINGS: MAX_BYTES,
}
_FACTS = {"version", "name", "created", "color", "shipped", "config"}  # and perhaps a note
_FIRST_DAY = 946_684_800.0  # of the year 2000, in seconds since 1970
_DAY = 86_400.0


@dataclass(frozen=True)
class Incoming:
    """A run as an archive holds it, all of it checked. `model` has the state that training goes on from."""

    facts: dict[str, Any]
    config: TrainConfig
    model: Model
    weights: dict[str, np.ndarray]
    events: list[Line]
    resume: Resume | None
    npz: dict[str, dict[str, np.ndarray]]
    source: Incoming | None
    start: Start | None


@dataclass(frozen=True)
class Start:
    """What a run begins from that learns from drawings: another's facts and weights, and the drawings."""

    facts: dict[str, Any]
    weights: dict[str, np.ndarray]
    drawings: tuple[Drawing, ...]


def check(archive: bytes) -> Incoming:
    """Return what an archive holds. Raises ArchiveError for whatever `pack` would not have written."""
    file = open_zip(archive, "The file", _limit, _MEMBERS)
    if sum(info.file_size for info in file.infolist()) > _MAX_CONTENT:
        raise ArchiveError(f"The file unpacks to more than {_MAX_CONTENT / 2**20:.0f} MB. Choose a packed run.")
    facts, config = _read_config(file, "config.json")
    source = _read_source(file, config)
    weights, model, train, test = _read_weights(file, "weights.safetensors", config, source.model if source else None)
    events = _read_events(file, train, test)
    wanted = kinds(weights)
    start = _read_start(file, config, wanted)
    npz = read_frames(file, config, model, steps_an_epoch(events)) | read_digits(file, config, wanted)
    resume = _read_resume(file, config, model, wanted, train, test)
    return Incoming(facts, config, model, weights, events, resume, npz, source, start)


def _read_config(file: ZipFile, name: str) -> tuple[dict[str, Any], TrainConfig]:
    """Return the facts of a run, to be written again, and its config."""
    facts = read_object(read_member(file, name, _SMALL), name)
    note = facts.setdefault("note", "")
    if set(facts) != {*_FACTS, "note"} or facts["version"] != 1 or not isinstance(facts["name"], str):
        raise refuse(name, "does not hold the facts of a run")
    if not isinstance(note, str) or len(note) > MAX_NOTE:
        raise refuse(name, f"has a note that is no text of up to {MAX_NOTE:,} characters")
    try:
        config = TrainConfig.from_dict(facts["config"])
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise refuse(name, f"holds a config that cannot be ({plain(str(error))})") from error
    created = facts["created"]
    sane = isinstance(created, int | float) and _FIRST_DAY < created < time.time() + _DAY
    return {
        "version": 1,
        "name": plain(facts["name"], MAX_NAME) or config.spec.title,
        "note": plain_lines(note, MAX_NOTE),
        "created": round(float(created), 3) if sane else round(time.time(), 3),
        "color": 0,
        "shipped": False,
        "config": config.to_dict(),
    }, config


def _read_source(file: ZipFile, config: TrainConfig) -> Incoming | None:
    """Return the run that this one stands on; None when it needs none."""
    given = [name for name in file.namelist() if name.startswith("source/")]
    if not config.source:
        if given:
            raise refuse(given[0], f"is there, but {config.spec.title} stands on no other run")
        return None
    facts, source = _read_config(file, "source/config.json")
    if not config.spec.accepts(source.spec):
        raise refuse("source/config.json", f"is of a run that cannot carry the model {config.spec.title}")
    weights, model, _, _ = _read_weights(file, "source/weights.safetensors", source, None)
    return Incoming(facts, source, model, weights, [], None, {}, None, None)


def _read_start(file: ZipFile, config: TrainConfig, wanted: dict[str, Kind]) -> Start | None:
    """Return what this run begins from; None when it begins from nothing."""
    given = [name for name in file.namelist() if name.startswith("start/") or name == DRAWINGS]
    if not config.start:
        if given:
            raise refuse(given[0], "is there, but the run learns from no drawings")
        return None
    facts, origin = _read_config(file, "start/config.json")
    if (origin.model, origin.params) != (config.model, config.params):
        raise refuse("start/config.json", "is of a run whose weights do not fit the model of the config")
    weights, _ = read_tensors(file, "start/weights.safetensors", wanted)
    try:
        found = from_lines(read_member(file, DRAWINGS, MAX_BYTES))
    except ArchiveError:
        raise
    except ValueError as error:
        raise refuse(DRAWINGS, f"cannot be read as drawings ({plain(str(error))})") from error
    if found.skipped:
        number, why = found.skipped[0]
        raise refuse(f"{DRAWINGS}: line {number}", f"is no drawing ({plain(why)})")
    if not 1 <= len(found.added) <= MAX_DRAWINGS:
        raise refuse(DRAWINGS, f"has {len(found.added):,} drawings instead of 1 to {MAX_DRAWINGS:,}")
    return Start(facts, weights, found.added)


def _read_weights(
    file: ZipFile, name: str, config: TrainConfig, source: Model | None
) -> tuple[dict[str, np.ndarray], Model, list[str], list[str]]:
    """Return the weights, the model that has them and a step behind it, and the names of its metrics."""
    if config.spec.learns == "at once":
        return _read_fitted(file, name, config)
    if 4 * _least_weights(config) > member_size(file, name):
        raise refuse(name, "is too small for the model of the config")
    model = cast(SteppedModel, build(replace(config, device="cpu"), source))
    # One step, so that the optimizer has all it will ever remember.
    images, labels = np.zeros((2, 28, 28), np.uint8), np.arange(2)
    train = list(model.train_step(images, labels, 1e-3))
    test = list(model.evaluate(images, labels))
    weights, _ = read_tensors(file, name, kinds(model.state_dict()))
    model.load_state_dict(weights)
    return weights, model, train, test


def _read_fitted(
    file: ZipFile, name: str, config: TrainConfig
) -> tuple[dict[str, np.ndarray], Model, list[str], list[str]]:
    """Return the same of a model that is fitted at once: it says itself whether the arrays can be its own."""
    model, (weights, _) = build(config), read_tensors(file, name, None)
    try:
        model.load_state_dict(weights)
    except ValueError as error:
        raise refuse(name, f"is no fit of {config.spec.title} ({plain(str(error))})") from error
    return weights, model, [], list(model.evaluate(np.zeros((2, 28, 28), np.uint8), np.arange(2)))


def _least_weights(config: TrainConfig) -> int:
    """Return a number of weights that no model of this config falls short of.

    A few bytes of config can ask for gigabytes of network: it is built only when the archive holds as much.
    """
    params = config.params
    if isinstance(hidden := params.get("hidden"), str):
        sizes = widths(hidden)
        return sum(a * b for a, b in pairwise(sizes))
    return (int(params.get("depth", 1)) - 1) * int(params.get("width", 0)) ** 2


def _read_events(file: ZipFile, train: list[str], test: list[str]) -> list[Line]:
    name = "events.jsonl"
    events = read_events(read_member(file, name, _EVENTS), name, train, test)
    lifecycle = [line.event for line in events if isinstance(line, LifecycleLine)]
    if not lifecycle:
        raise refuse(name, "does not say how the run went")
    if lifecycle[-1] not in ENDINGS:
        seconds, message = max(line.seconds for line in events), "It had not ended when it was packed."
        events.append(LifecycleLine(Status.STOPPED, round(time.time(), 3), seconds, message=message))
    return events


def _read_resume(
    file: ZipFile, config: TrainConfig, model: Model, wanted: dict[str, Kind], train: list[str], test: list[str]
) -> Resume | None:
    """Read where the run can go on from, and put the model there to see that it can."""
    name = "resume.safetensors"
    if name not in file.namelist():
        return None
    if config.spec.learns == "at once":
        raise refuse(name, "is there, but the model is fitted at once and goes on from nothing")
    model = cast(SteppedModel, model)
    optimizer = kinds(model.optimizer_state())
    both = {f"weights/{key}": kind for key, kind in wanted.items()}
    both |= {f"optimizer/{key}": kind for key, kind in optimizer.items()}
    arrays, facts = read_tensors(file, name, both)
    try:
        (line,) = read_events(facts["line"].encode() + b"\n", name, train, test)
        validation = tuple(map(float, json.loads(facts["validation"])))
    except ArchiveError:
        raise
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise refuse(name, "does not say where to go on from") from error
    steps = [value for key, value in arrays.items() if key.startswith("optimizer/") and not value.shape]
    if not isinstance(line, EpochLine) or line.epoch > config.epochs or not all(1 <= value <= 1e12 for value in steps):
        raise refuse(name, f"goes on from no epoch from 1 to {config.epochs}")
    if len(validation) != (line.epoch if config.patience else 0):
        raise refuse(name, f"has {len(validation)} validation losses")
    parts = {
        part: {key.removeprefix(part): value for key, value in arrays.items() if key.startswith(part)}
        for part in ("weights/", "optimizer/")
    }
    resume = Resume(line.epoch, parts["weights/"], parts["optimizer/"], line, validation)
    resume.restore(model)
    return resume


def _limit(name: str) -> int:
    if FRAME.fullmatch(name):
        return _FRAME
    return _MAX_CONTENT if SNAPSHOT.fullmatch(name) else FILES.get(name, 0)
