"""The .npz files of a packed run: its snapshots and its probe, and the frames of its moving map."""

from __future__ import annotations

import re
from zipfile import ZipFile

import numpy as np

from core.data import datasets
from core.models.contract import Model
from core.runs.frames import FRAME, MAX_FRAMES, belongs, digits_in, unpack
from core.training.config import TrainConfig
from core.untrusted import Kind, read_npz, refuse

SNAPSHOT = re.compile(r"snapshots/epoch-([0-9]{3,4})\.npz")
_PROBES = 20  # digits in a probe and a snapshot


def read_digits(file: ZipFile, config: TrainConfig, weights: dict[str, Kind]) -> dict[str, dict[str, np.ndarray]]:
    """Read what the model made of some test digits, after each epoch and last, by the names of the files."""
    pictures = config.spec.task == "reconstruct"
    outputs: Kind = (np.dtype(np.uint8), (_PROBES, 28, 28)) if pictures else (np.dtype(np.float32), (_PROBES, 10))
    digits: dict[str, Kind] = {"indices": (np.dtype(np.int64), (_PROBES,)), "outputs": outputs}
    npz = {}
    for name in file.namelist():
        if found := SNAPSHOT.fullmatch(name):
            if config.spec.learns == "at once":
                raise refuse(name, "is there, but the model is fitted at once and keeps no snapshots")
            if not 1 <= int(found[1]) <= config.epochs or name != f"snapshots/epoch-{int(found[1]):03d}.npz":
                raise refuse(name, f"is of no epoch from 1 to {config.epochs}")
            half = {f"weights/{key}": _halved(kind) for key, kind in weights.items()}
            npz[name] = _with_digits(file, name, config, half | digits)
        elif name == "probe.npz":
            inputs = {"inputs": (np.dtype(np.uint8), (_PROBES, 28, 28))} if config.noise != "none" else {}
            npz[name] = _with_digits(file, name, config, {"step": (np.dtype(np.int64), ()), **digits, **inputs})
    return npz


def _with_digits(file: ZipFile, name: str, config: TrainConfig, wanted: dict[str, Kind]) -> dict[str, np.ndarray]:
    """Read arrays that say what the model made of some test digits."""
    arrays = read_npz(file, name, wanted)
    count = _test_count(config)
    if arrays["indices"].min() < 0 or arrays["indices"].max() >= count:
        raise refuse(name, f"is of digits that are not among the {count:,} of the test set")
    return arrays


def read_frames(
    file: ZipFile, config: TrainConfig, model: Model, per_epoch: int | None
) -> dict[str, dict[str, np.ndarray]]:
    """Read the codes of test digits at moments of the training, each of the shape that the recorder gives it."""
    names = [name for name in file.namelist() if FRAME.fullmatch(name)]
    if names and (config.spec.task != "reconstruct" or model.code_size < 2):
        raise refuse(names[0], "is there, but the run has no map")
    if len(names) > MAX_FRAMES:
        raise refuse(names[-1], f"is one of {len(names):,} frames instead of at most {MAX_FRAMES}")
    count = digits_in(model.code_size, _test_count(config)) if names else 0
    wanted: dict[str, Kind] = {
        "codes": (np.dtype(np.float16), (count, model.code_size)),
        "mean": (np.dtype(np.float32), (model.code_size,)),
        "scale": (np.dtype(np.float32), ()),
    }
    frames = {}
    for name in names:
        step = int(name.removeprefix("forming/step-").removesuffix(".npz"))
        if not belongs(step, per_epoch) or step > (per_epoch or step) * config.epochs:
            raise refuse(name, "is of no step at which a frame is kept")
        frames[name] = read_npz(file, name, wanted)
        try:
            unpack(frames[name])
        except ValueError as error:
            raise refuse(name, "holds codes that are not finite numbers about their mean") from error
    return frames


def _test_count(config: TrainConfig) -> int:
    return len(datasets.load(config.dataset).test) if datasets.is_ready(config.dataset) else 10_000


def _halved(kind: Kind) -> Kind:
    dtype, shape = kind
    return (np.dtype(np.float16), shape) if dtype == np.float32 else kind
