"""Columns of a map, one value per digit in the canonical order: its places, and what its points can be coloured by.

A page names them by address, the browser fetches them as raw bytes, so that no rerun carries them.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import numpy as np

from core.data import samples
from core.latent.codes import CODES, Codes
from core.latent.maps import load_projection
from core.latent.trust import TRUST
from core.measures.predictions import PREDICTIONS, Predictions
from core.runs.run import Run
from core.runs.store import store
from core.untrusted import shown


class NotYet(ValueError):
    """What a column is made of has not been measured yet."""


COLUMNS = ("points", "displacement", "class", "predicted", "wrong", "error", "loss", "difference")
_QUANTILES = (0.01, 0.99)  # the ends of a scale: a few outliers must not make all others one colour


def address(sample: str, name: str, *, version: str, run: str, method: str = "", other: str = "") -> str:
    """Return where a page fetches a column, below the server's base path; `version` changes with its content."""
    asked = {"run": run, "method": method, "other": other, "v": version}
    return f"/digitlab/columns/{sample}/{name}.bin?{urlencode({key: value for key, value in asked.items() if value})}"


def column_bytes(sample: str, name: str, asked: Mapping[str, str]) -> bytes:
    """Return a column as raw little-endian bytes: float32, or uint8 for classes; points are pairs of float32.

    asked: run, and where the column needs them method and other, all from a stranger. Raises ValueError with a
    sentence when there is no such column, or not yet.
    """
    samples.sample_name(sample)
    if name not in COLUMNS:
        raise ValueError(f"There is no column {shown(name)}. Choose one of: {', '.join(COLUMNS)}.")
    run = store().get(asked.get("run", "")[:200])
    if name in ("points", "displacement", "class"):
        found = _of_map(run, asked.get("method", "")[:40], sample, name)
    else:
        other = run if name == "error" else store().get(asked.get("other", "")[:200])
        found = values(name, run, other, sample)
    kind = np.uint8 if name in ("class", "predicted", "wrong") else np.dtype("<f4")
    return np.ascontiguousarray(found, kind).tobytes()


def _of_map(run: Run, method: str, sample: str, name: str) -> np.ndarray:
    projection = load_projection(run, method, sample)
    if projection is None:
        raise NotYet(f"{run.name} has no such map yet. Compute it on the Latent space page.")
    if name != "displacement":
        return projection.points if name == "points" else projection.labels
    trust = TRUST.load(run, method, sample)
    if trust is None:
        raise NotYet(f"This map of {run.name} has not been compared with its codes yet. Wait a moment.")
    return trust[1]


def values(name: str, run: Run, other: Run, sample: str) -> np.ndarray:
    """Return a column that needs no map: of `run`, of the classifier `other`, or of the difference of the two.

    error: float32 (n,), mean squared error of a reconstruction; difference: that of run less that of other;
    predicted, wrong: uint8 (n,); loss: float32 (n,) in nats. Raises NotYet when it is not there, and
    ValueError when it never will be.
    """
    if name == "error":
        return _codes(run, sample).errors
    if name == "difference":
        mine, its = _codes(run, sample), _codes(other, sample)
        if mine.dataset != its.dataset:
            raise ValueError(f"{run.name} and {other.name} were measured on different data sets. Choose another run.")
        difference: np.ndarray = mine.errors - its.errors
        return difference
    readings, codes = _readings(other, sample), CODES.load(run, sample)
    if codes is not None and codes.dataset != readings.dataset:
        raise ValueError(f"{other.name} has read the digits of another data set. Choose another classifier.")
    if name == "wrong":
        return readings.predicted != samples.labels_of(readings.dataset, sample)
    return readings.predicted if name == "predicted" else readings.loss


def _codes(run: Run, sample: str) -> Codes:
    codes = CODES.load(run, sample)
    if codes is None:
        raise NotYet(f"{run.name} has not redrawn these digits yet. Wait a moment.")
    return codes


def _readings(run: Run, sample: str) -> Predictions:
    readings = PREDICTIONS.load(run, sample)
    if readings is None:
        raise NotYet(f"{run.name} has not read these digits yet. Choose it on the Latent space page.")
    return readings


def scale_of(name: str, found: np.ndarray) -> tuple[float, float]:
    """Return the two ends of the colour scale for a column of numbers: its 1st and 99th percentile, low < high.

    Symmetric about 0 for differences; above 0 for a loss, whose scale is logarithmic.
    """
    if name == "difference":
        most = max(float(np.quantile(np.abs(found), _QUANTILES[1])), 1e-9)
        return -most, most
    low, high = (float(end) for end in np.quantile(found, _QUANTILES))
    if name == "loss":
        low = max(low, 1e-6)
    return low, max(high, low + 1e-9 + 1e-6 * abs(low))
