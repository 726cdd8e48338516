"""How a map forms: the same digits' codes at moments of a run's training, laid out so that points travel, not jump.

Linear maps are made when they are asked for. Others take a worker, which lays out each frame from the one before.
"""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.cache import keep_newest
from core.data import datasets
from core.jobs.state import JobState
from core.jobs.stored import Arrays, Facts, Stamp, Stored
from core.latent.alignment import align, follow
from core.latent.maps import MAPS, load_projection
from core.latent.projectors import PROJECTORS, Projector, projector_of
from core.progress import Progress
from core.runs.frames import Frame, epoch_length, from_snapshots, live_file, read_frame, steps_of
from core.runs.run import Run
from core.runs.snapshots import snapshots_of

Key = tuple[int, int, int]


def can_form(run: Run) -> str:
    """Return "" when there are frames to show or to make, else a sentence that says why not and what to do.

    Raises RunNotFound.
    """
    if run.spec.task != "reconstruct":
        return f"{run.name} has no latent space. Choose an autoencoder."
    if run.config.params.get("code_size") == 1:
        return f"The codes of {run.name} are single numbers, which make no map. Choose a run with a larger code."
    if not datasets.is_ready(run.config.dataset):
        title = datasets.DATASETS[run.config.dataset].title
        return (
            f"The maps are of {title}, which is not on this disk. Choose {title} on the Train page, and it is fetched."
        )
    if steps_of(run) or snapshots_of(run):
        return ""
    if run.active():
        return f"{run.name} has not taken its first step yet. Wait a moment."
    return f"{run.name} kept no maps while it was trained. Train it again, and watch its map form."


def has_frames(run: Run, method: str) -> bool:
    """Say whether there are frames to show, if only some of them: of work that was cancelled, or before it was done."""
    return bool(steps_of(run)) if projector_of(method).kind != "bent" else FORMING.load(run, method) is not None


def formed(run: Run, method: str, known: str = "") -> dict[str, Any]:
    """Return the moving map for a browser, points of frame f and digit i at [f, i], digits as the test set has them.

    -> {"version", "steps", "epochs", "training", "n", "points": base64 of float32 (F, n, 2), little-endian,
    "labels": of uint8 (n,)}; {"version", "same": true} when it is the known one; {"error": a sentence} else.
    """
    try:
        if why := can_form(run):
            raise ValueError(why)
        projector, training = projector_of(method), run.active()
        version = _version(run, projector.name, training)
        if version == known:
            return {"version": version, "same": True}
        answer: dict[str, Any] = _answer(f"{projector.name}:{run.folder}", version, training)
    except (ValueError, OSError) as error:
        return {"error": str(error)}
    return answer


def _version(run: Run, method: str, training: bool) -> str:
    facts: list[Any] = [method, training]
    if PROJECTORS[method].kind != "bent":
        facts.append(_keys(run))
        files = [live_file(run), run.projection_file(MAPS.job(run, method, "test").name)]
    else:
        files = [run.projection_file(FORMING.job(run, method).name)]
    for file in files:
        with suppress(FileNotFoundError):
            stat = file.stat()
            facts.append([file.name, stat.st_mtime_ns, stat.st_size])
    return hashlib.blake2b(json.dumps(facts).encode(), digest_size=8).hexdigest()


@keep_newest(8)
def _answer(name: str, version: str, training: bool) -> dict[str, Any]:
    method, folder = name.split(":", 1)
    run = Run(Path(folder))
    if PROJECTORS[method].kind != "bent":
        steps, points = _linear(run, method, training)
    elif stored := FORMING.load(run, method):
        steps, points = stored.steps, stored.points
    else:
        raise ValueError(f"These maps by {PROJECTORS[method].title} are not laid out yet. Compute them.")
    per_epoch, labels = epoch_length(run), datasets.load(run.config.dataset).test.labels
    if points.shape[1] > len(labels):
        raise ValueError(f"The maps of {run.name} are of more digits than there are. Train it again.")
    return {
        "version": version,
        "steps": steps,
        "epochs": [round(step / per_epoch, 4) for step in steps],
        "training": training,
        "n": points.shape[1],
        "points": base64.b64encode(points.astype("<f4").tobytes()).decode(),
        "labels": base64.b64encode(labels[: points.shape[1]].astype(np.uint8).tobytes()).decode(),
    }


def _linear(run: Run, method: str, training: bool) -> tuple[list[int], np.ndarray]:
    if not steps_of(run):
        raise ValueError(f"The maps of {run.name} are not made yet. Compute them.")
    frames = _frames(run, live=True)
    codes = [frame.codes for frame in frames]
    projector = PROJECTORS[method]
    if codes[-1].shape[1] < 2 or not projector.fits(codes[-1].shape[1]):
        raise ValueError(f"The codes of {run.name} have {codes[-1].shape[1]} numbers. Choose another projection.")
    maps = codes if projector.kind == "itself" else _flat(run, projector, codes, training)
    return [frame.step for frame in frames], np.stack(maps)


def _flat(run: Run, projector: Projector, codes: list[np.ndarray], training: bool) -> list[np.ndarray]:
    """Lay frames out so that the last lies where the stored map of its weights has the same digits, if there is one."""
    stored, width = None, codes[-1].shape[1]
    with suppress(ValueError):  # a damaged one
        stored = None if training else load_projection(run, projector.name)
    if stored is None or stored.weights_version != run.weights_version() or stored.dataset != run.config.dataset:
        return align(codes, partial(_plane, projector), upright=not training)
    if stored.mean is None or stored.basis is None or stored.basis.shape[1] != width:
        return align(codes, partial(_plane, projector))
    basis, offset = stored.basis, (codes[-1].mean(0) - stored.mean) @ stored.basis.T
    return [points + offset for points in align(codes, lambda last: basis.T)]


def _plane(projector: Projector, codes: np.ndarray) -> np.ndarray:
    """Return the two directions that a flat projector finds in codes (n, k), orthonormal columns (k, 2)."""
    basis = projector.fit(codes, lambda share, message: None).basis
    if basis is None:
        raise ValueError(f"{projector.title} says of no plane that it is flat on. Choose another projection.")
    return basis.T


def _frames(run: Run, live: bool = False) -> list[Frame]:
    """Read the frames of a run, those left out that were replaced meanwhile or fit no other. ValueError for none."""
    frames = []
    for path in [*steps_of(run).values(), *([live_file(run)] if live else [])]:
        with suppress(FileNotFoundError, ValueError):
            frames.append(read_frame(path))
    frames = [frame for n, frame in enumerate(frames) if not n or frame.step > frames[n - 1].step]
    frames = [frame for frame in frames if frame.codes.shape == frames[-1].codes.shape]
    if not frames:
        raise ValueError(f"{run.name} has no map that can be shown. Train it again, and watch its map form.")
    return frames


def _form(run: Run, report: Progress, method: str) -> tuple[Arrays, Facts] | None:
    """Lay out the frames by a method that takes long, each begun from the one before; what is laid out already stays.

    Of a run without frames they are made first, from the weights in its snapshots.
    """
    projector = projector_of(method)
    if why := can_form(run):
        raise ValueError(why)
    begun = 0.0
    if not steps_of(run):
        begun = 1.0 if projector.kind != "bent" else 0.2
        from_snapshots(run, lambda share, message: report(begun * share, message))
    if projector.kind != "bent":
        return None  # those are made when they are asked for
    keys, frames = _keys(run), _frames(run)
    maps = _laid_out(run, projector.name, keys, [frame.step for frame in frames])
    for number, frame in enumerate(frames[len(maps) :], len(maps)):

        def share(part: float, message: str, number: int = number) -> None:
            done = begun + (1 - begun) * (number + part) / len(frames)
            report(done, f"map {number + 1} of {len(frames)}: {message}")

        fit = projector.fit(frame.codes, share, start=maps[-1] if maps else None)
        maps.append(follow(fit.points, maps[-1]) if maps else fit.points)
        FORMING.write(run, *_file(frames[: len(maps)], maps, keys, len(frames)), method)
    return _file(frames, maps, keys, len(frames))


def _file(frames: list[Frame], maps: list[np.ndarray], keys: list[Key], count: int) -> tuple[Arrays, Facts]:
    arrays = {"steps": np.array([frame.step for frame in frames], np.int64), "points": np.stack(maps)}
    return arrays, {"keys": keys, "whole": len(maps) == count}


@dataclass(frozen=True)
class _Maps:
    """Maps laid out one after the other: points float32 (F, n, 2), of the frames at these steps.

    keys: of all frames that there were to lay out; whole: whether all of them are.
    """

    steps: list[int]
    points: np.ndarray
    keys: list[Key]
    whole: bool


def _parse(arrays: Arrays, facts: Facts, stamp: Stamp, method: str) -> _Maps:
    steps, points = arrays["steps"].tolist(), arrays["points"]
    keys = [(int(step), int(changed), int(length)) for step, changed, length in facts["keys"]]
    fits = points.ndim == 3 and points.shape[::2] == (len(steps), 2)
    if arrays["steps"].ndim != 1 or not fits or not steps or steps != sorted(set(steps)):
        raise ValueError(f"its points have the shape {points.shape}")
    return _Maps(steps, points, keys, facts.get("whole") is True)


def _is_current(run: Run, found: _Maps, method: str) -> bool:
    return found.whole and found.keys == _keys(run)


def _laid_out(run: Run, method: str, keys: list[Key], steps: list[int]) -> list[np.ndarray]:
    """Return the stored maps of the first of these frames, as far as they are of the very same frames."""
    stored = FORMING.load(run, method)
    maps: list[np.ndarray] = []
    if stored is not None:
        same = {key[0] for key in set(stored.keys) & set(keys)}
        for step, known, points in zip(steps, stored.steps, stored.points, strict=False):
            if step != known or step not in same:
                break
            maps.append(points)
    return maps


def _keys(run: Run) -> list[Key]:
    """Return what tells each frame of a run from another: its step, when its file was written, and the length."""
    keys = []
    for step, path in steps_of(run).items():
        with suppress(FileNotFoundError):  # replaced meanwhile
            stat = path.stat()
            keys.append((step, stat.st_mtime_ns, stat.st_size))
    return keys


class _Forming(Stored[_Maps]):
    """Of linear maps nothing is stored: they are ready as soon as there are frames."""

    def state(self, run: Run, *parameters: str) -> JobState:
        run.ensure_exists()
        if projector_of(parameters[0]).kind != "bent" and steps_of(run):
            return JobState("ready", 1.0)
        return super().state(run, *parameters)


FORMING = _Forming(
    "forming",
    _form,
    _parse,
    {"steps": np.int64, "points": np.float32},
    2**25,  # a hundred frames of two thousand points, and more
    current=_is_current,
    check=projector_of,
    keep=8,
)
