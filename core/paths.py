"""Where things lie: the folder of the data sets, and that of the runs."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # of the project


def data_dir() -> Path:
    """Return the folder of the data sets: DIGITLAB_DATA, or data/ in the project."""
    return Path(os.environ.get("DIGITLAB_DATA") or ROOT / "data")


def checkpoints_dir() -> Path:
    """Return the folder of the runs: DIGITLAB_CHECKPOINTS, or checkpoints/ in the project."""
    return Path(os.environ.get("DIGITLAB_CHECKPOINTS") or ROOT / "checkpoints")
