"""Snapshots: the weights of a run after each epoch, in half precision, kept in snapshots/ of it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.files import UNREADABLE
from core.runs.run import Run

_SNAPSHOT = re.compile(r"epoch-([0-9]{3,4})\.npz")


def snapshots_of(run: Run) -> dict[int, Path]:
    """Return the snapshots of a run by their epochs, none where they hold no weights."""
    paths = run.folder.glob("snapshots/*")
    found = {int(name[1]): path for path in paths if (name := _SNAPSHOT.fullmatch(path.name))}
    try:
        with zipfile.ZipFile(found[max(found, default=0)]) as file:
            return found if any(name.startswith("weights/") for name in file.namelist()) else {}
    except UNREADABLE:
        return {}


def weights_in(path: Path, wanted: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the weights in a snapshot, under the names and with the dtypes of a model's `state_dict`.

    Raises ValueError when the file is damaged or of another model.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[f"weights/{name}"].astype(value.dtype) for name, value in wanted.items()}
    except UNREADABLE as error:
        raise ValueError(
            f"{path.name} does not hold the weights of an epoch ({error}). Train the model again."
        ) from error
