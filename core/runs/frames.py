"""Frames: the codes of the same test digits at moments of an autoencoder's training, kept in forming/ of its run.

The recorder writes them; `core.latent.forming` makes the moving map of them.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data import datasets
from core.data.datasets import Dataset, batches
from core.files import UNREADABLE, disk_errors, write_npz
from core.models.contract import Model
from core.runs.events import EpochLine, Line
from core.runs.run import Run
from core.runs.snapshots import snapshots_of, weights_in
from core.runs.weights import initial_model

FRAME = re.compile(r"forming/step-([0-9]{8})\.npz")
MAX_FRAMES = 100  # of one run: more than `kept` leaves of the longest
MAX_CODES = 2**18  # bytes of the codes in a frame
_LIVE = "live.npz"
_DIGITS = 2000
_FIRST = 8  # steps from the start to the first look; each later one in the first epoch comes after twice as many
_EPOCHS = 64  # so many epochs are kept one by one, before every other is left out


@dataclass(frozen=True, eq=False)
class Frame:
    """The codes of the first test digits after `step` steps: float32 (n, k)."""

    step: int
    codes: np.ndarray


def digits_in(code_size: int, count: int) -> int:
    """Return of how many of `count` test digits a frame holds the codes: 2,000, or fewer where codes are wide."""
    return min(_DIGITS, count, MAX_CODES // (2 * code_size))


def steps_an_epoch(lines: Iterable[Line]) -> int | None:
    """Return how many steps an epoch has, as its line in a run's log tells; None before the first."""
    return next((line.step // line.epoch for line in lines if isinstance(line, EpochLine)), None)


def epoch_length(run: Run) -> int:
    """Return how many steps an epoch of the run has, as its log tells."""
    history = run.history()
    return max(1, steps_an_epoch(history.epochs) or history.total_steps // run.config.epochs)


def belongs(step: int, per_epoch: int | None) -> bool:
    """Say whether the recorder looks at this step; per_epoch is None before an epoch has ended."""
    if per_epoch and step >= per_epoch:
        return step % per_epoch == 0
    return step == 0 or (step >= _FIRST and step.bit_count() == 1)


def kept(steps: Iterable[int], per_epoch: int) -> set[int]:
    """Return which frames stay once those at these steps were made: at most MAX_FRAMES, and always the newest.

    Those of the first epoch stay, of 64 epochs all, of more every other, then every fourth, and so on; epochs 1, 2,
    4, 8 ... stay, for most happens early. What stays depends on the newest step alone, so that a resumed run keeps
    the same.
    """
    found = {step for step in steps if belongs(step, per_epoch)}
    newest = max(found, default=0)
    every = 1 << ((newest // per_epoch - 1) // _EPOCHS).bit_length() if newest >= per_epoch else 1
    return {step for step in found if step == newest or step < per_epoch or _stays(step // per_epoch, every)}


def _stays(epoch: int, every: int) -> bool:
    return epoch % every == 0 or epoch.bit_count() == 1


def pack(codes: np.ndarray) -> dict[str, np.ndarray] | None:
    """Return the arrays of a frame's file, None where the codes are not finite.

    codes: float16 (n, k) in [-1, 1], of which a code is mean + scale * them; mean: float32 (k,); scale: float32 ().
    About their own mean, because half precision can tell no codes apart that lie close together and far from zero.
    """
    if not np.isfinite(codes).all():
        return None
    mean = codes.mean(0, dtype=np.float64).astype(np.float32)
    rest = codes.astype(np.float64) - mean
    scale = np.float32(min(np.abs(rest).max(), np.finfo(np.float32).max))
    return {"codes": np.clip(rest / (scale or 1.0), -1, 1).astype(np.float16), "mean": mean, "scale": np.asarray(scale)}


def unpack(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the codes in a frame's arrays, float32 (n, k). Raises ValueError for what `pack` would not have made."""
    half, mean, scale = arrays["codes"], arrays["mean"], arrays["scale"]
    kinds = (half.dtype, mean.dtype, scale.dtype, scale.shape, half.ndim)
    if kinds != (np.float16, np.float32, np.float32, (), 2) or mean.shape != half.shape[1:]:
        raise ValueError(f"codes are {half.dtype} {half.shape}: no frame of a run. Delete the file.")
    small = bool((np.abs(half) <= 1).all())  # false for NaN, too
    if not small or not np.isfinite(mean).all() or not np.isfinite(scale) or scale < 0:
        raise ValueError("codes are not finite numbers about their mean: no frame of a run. Delete the file.")
    codes = mean + np.float64(scale) * half.astype(np.float64)
    most = np.finfo(np.float32).max
    return np.clip(codes, -most, most).astype(np.float32)


def steps_of(run: Run) -> dict[int, Path]:
    """Return the files of the frames that a run keeps, by their steps in order."""
    found = {int(name[1]): path for path in run.folder.glob("forming/*") if (name := FRAME.fullmatch(_name(path)))}
    return dict(sorted(found.items()))


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def frame_file(run: Run, step: int) -> Path:
    """Return where the frame after a step lies."""
    return run.folder / "forming" / f"step-{step:08d}.npz"


def live_file(run: Run) -> Path:
    """Return where the look within an epoch lies that the epoch's own will replace."""
    return run.folder / "forming" / _LIVE


def read_frame(path: Path) -> Frame:
    """Read a frame. Raises ValueError when the file is damaged, FileNotFoundError when it has been replaced."""
    try:
        with zipfile.ZipFile(path) as file:
            if sum(member.file_size for member in file.infolist()) > 2 * MAX_CODES:
                raise ValueError("it unpacks to more than a frame can have")
        with np.load(path, allow_pickle=False) as arrays:
            named = FRAME.fullmatch(_name(path))
            return Frame(int(named[1] if named else arrays["step"]), unpack(arrays))
    except FileNotFoundError:
        raise
    except UNREADABLE as error:
        raise ValueError(f"{path.name} is no frame of a run ({error}). Delete the file.") from error


def write_frame(path: Path, step: int, model: Model, images: np.ndarray) -> None:
    """Keep the codes of these digits, uint8 (n, 28, 28), as the frame after a step; nothing where one is not finite."""
    arrays = pack(np.concatenate([model.encode(batch) for batch in batches(images)]))
    if arrays and path.name == _LIVE:
        write_npz(path, {**arrays, "step": np.array(step, np.int64)}, durable=False)
    elif arrays:
        write_npz(path, arrays)


class FrameWriter:
    """Writes the frames of a run while it trains; nothing for a classifier, nor for codes of a single number."""

    def __init__(self, run: Run, model: Model, dataset: Dataset, per_epoch: int) -> None:
        self.run, self.model, self.per_epoch = run, model, per_epoch
        self.mapped = run.spec.task == "reconstruct" and model.code_size >= 2
        self.images = dataset.test.images[: digits_in(model.code_size, len(dataset.test)) if self.mapped else 0]

    def begin(self, step: int) -> None:
        """Go on from a step, or from 0: what was kept after it goes, for it will be made again."""
        if self.mapped:
            (self.run.folder / "forming").mkdir(exist_ok=True)
            live_file(self.run).unlink(missing_ok=True)
            self._keep([earlier for earlier in steps_of(self.run) if earlier <= step])
            if step not in steps_of(self.run):
                self._write(step)

    def look(self, step: int, checked: bool) -> None:
        """Write the frame after a step of the first epoch that is due, or the live one where the run is checked."""
        if self.mapped and step < self.per_epoch and belongs(step, self.per_epoch):
            self._write(step)
        elif self.mapped and checked:
            write_frame(live_file(self.run), step, self.model, self.images)

    def end_epoch(self, step: int) -> None:
        """Write the frame of an epoch, and leave out those that are too many now."""
        if self.mapped:
            self._write(step)
            live_file(self.run).unlink(missing_ok=True)
            self._keep(steps_of(self.run))

    def _write(self, step: int) -> None:
        write_frame(frame_file(self.run, step), step, self.model, self.images)

    def _keep(self, steps: Iterable[int]) -> None:
        staying = kept(steps, self.per_epoch)
        for step, path in steps_of(self.run).items():
            if step not in staying:
                path.unlink(missing_ok=True)


def from_snapshots(run: Run, report: Callable[[float, str], None]) -> None:
    """Make the frames of a run that kept none, from its weights after each epoch, which are of half precision."""
    model, per_epoch = initial_model(run), epoch_length(run)
    images = datasets.load(run.config.dataset).test.images
    images = images[: digits_in(model.code_size, len(images))]
    found = {epoch * per_epoch: path for epoch, path in snapshots_of(run).items()}
    target = run.projection_file("frames").with_suffix("")  # all or none are seen, also where this is cancelled
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for number, step in enumerate(sorted(kept(found, per_epoch))):
        report(number / len(found), f"encoding the digits after epoch {step // per_epoch:,}")
        model.load_state_dict(weights_in(found[step], model.state_dict()))
        write_frame(target / frame_file(run, step).name, step, model, images)
    with disk_errors(run.folder):
        target.rename(run.folder / "forming")
