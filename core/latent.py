"""Maps of latent space: the codes of a run's test digits laid out in two dimensions, stored with the run.

`project` encodes and fits in a worker process; pages only read what it stored, and the state of its work.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core import data
from core.evaluate import batches
from core.files import is_held, write_file, write_npz
from core.projectors import PROJECTORS, Progress, Projector
from core.runs import Run

__all__ = [
    "PROJECTORS",
    "Projection",
    "ProjectionState",
    "digits_of",
    "load_projection",
    "nearest_rows",
    "project",
    "projection_state",
]

NEIGHBOURS = 8  # stored codes that are mixed for a place of the map
_MAX_POINTS, _MAX_CODE, _MAX_BYTES = 100_000, 4096, 1 << 28


@dataclass(frozen=True, eq=False)
class Projection:
    """A stored map: one row per test digit.

    points: float32 (n, 2); codes: float32 (n, k); labels: int64 (n,); indices: int64 (n,) into the test split
    of `dataset`; parameters: the projector's settings and how far to trust the map; weights_version: of the run.
    """

    method: str
    points: np.ndarray
    codes: np.ndarray
    labels: np.ndarray
    indices: np.ndarray
    dataset: str
    parameters: dict[str, Any]
    weights_version: int = 0
    mean: np.ndarray | None = field(default=None, repr=False)
    basis: np.ndarray | None = field(default=None, repr=False)

    def invert(self, xy: np.ndarray) -> np.ndarray:
        """Return a code for each place (m, 2) of the map, float32 (m, k).

        Of a linear map it is the one code in the plane of its two directions; otherwise the mean of the
        NEIGHBOURS nearest stored codes, weighted by inverse distance (Shepard, 1968).
        """
        places = np.asarray(xy, np.float32).reshape(-1, 2)
        if self.mean is not None and self.basis is not None:
            return (self.mean + places @ self.basis).astype(np.float32)
        return np.stack([self._mix(place) for place in places]) if len(places) else self.codes[:0]

    def _mix(self, place: np.ndarray) -> np.ndarray:
        # In float64, because the square of a place far away is beyond float32.
        rows, distances = nearest_rows(self.points.astype(np.float64), place, NEIGHBOURS)
        weights = 1 / np.maximum(distances, 1e-6 * (1 + distances.max()))
        mixed: np.ndarray = (weights / weights.sum()) @ self.codes[rows]
        return mixed.astype(np.float32)

    def place(self, codes: np.ndarray) -> np.ndarray:
        """Return the place on the map of each code (m, k), float32 (m, 2): what `invert` undoes.

        On a linear map it is exact; otherwise the mean of the NEIGHBOURS nearest stored codes' points, weighted by
        inverse distance (Shepard, 1968).
        """
        codes = np.asarray(codes, np.float32).reshape(-1, self.codes.shape[1])
        if self.mean is not None and self.basis is not None:
            return ((codes - self.mean) @ self.basis.T).astype(np.float32)
        return np.stack([self._place(code) for code in codes]) if len(codes) else self.points[:0]

    def _place(self, code: np.ndarray) -> np.ndarray:
        # |a - b|^2 = |a|^2 - 2ab + |b|^2: one product instead of a table of differences; of more than needed, because
        # float32 may confuse close ones.
        squares = self._squares - 2 * (self.codes @ code)
        count = min(4 * NEIGHBOURS, len(squares))
        some = np.argpartition(squares, count - 1)[:count]
        rows, distances = nearest_rows(self.codes[some].astype(np.float64), code, NEIGHBOURS)
        weights = 1 / np.maximum(distances, 1e-6 * (1 + distances.max()))
        placed: np.ndarray = (weights / weights.sum()) @ self.points[some[rows]]
        return placed.astype(np.float32)

    @cached_property
    def _squares(self) -> np.ndarray:
        return np.einsum("ij,ij->i", self.codes, self.codes)

    def nearest(
        self, code: np.ndarray, k: int = NEIGHBOURS, without: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of the k stored codes nearest to a code (k,), and their distances, nearest first.

        `without` is a row to leave out, such as the digit's own.
        """
        rows, distances = nearest_rows(self.codes, code, k + (without is not None))
        keep = rows != without if without is not None else np.ones(len(rows), bool)
        return rows[keep][:k], distances[keep][:k]

    def row_of(self, index: int) -> int | None:
        """Return the row of a test digit, None when it is not on the map."""
        found = np.flatnonzero(self.indices == index)
        return int(found[0]) if len(found) else None


@dataclass(frozen=True)
class ProjectionState:
    """How far a map is: `fraction` of the work in [0, 1], `message` for people."""

    state: Literal["absent", "computing", "ready", "failed"]
    fraction: float = 0.0
    message: str = ""


def nearest_rows(table: np.ndarray, point: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k rows of table (n, d) nearest to point (d,) and their distances, nearest first."""
    difference = table - np.asarray(point, table.dtype)
    squares = np.einsum("ij,ij->i", difference, difference)
    k = min(k, len(table))
    rows = np.argpartition(squares, k - 1)[:k]
    rows = rows[np.lexsort((rows, squares[rows]))]
    return rows, np.sqrt(squares[rows])


def project(run: Run, method: str, progress: Progress = lambda fraction, message: None) -> None:
    """Encode the run's test digits, lay them out and store the map with the run.

    Belongs in a worker process that holds the lock <method>.lock beside the stored map meanwhile. Returns at
    once when the map is there already. What goes wrong is stored as a sentence that `projection_state` shows;
    anything unexpected is raised as well.
    """
    projector = _projector(method)
    version = run.weights_version()
    if _is_current(run, method, version):
        return
    run.projection_file(method).parent.mkdir(exist_ok=True)

    def report(fraction: float, message: str) -> None:
        _write_note(run, method, {"fraction": fraction, "message": message, "weights_version": version})
        progress(fraction, message)

    try:
        report(0.0, "loading the model")
        _compute(run, projector, version, report)
    except Exception as error:
        expected = isinstance(error, ValueError)
        reason = str(error) if expected else f"{type(error).__name__}: {error}. Compute it again."
        _write_note(run, method, {"failed": reason, "weights_version": version})
        if not expected:
            raise
        return
    _note_path(run, method).unlink(missing_ok=True)


def _compute(run: Run, projector: Projector, version: int, report: Progress) -> None:
    model = run.load_model()
    dataset = digits_of(run)
    if run.spec.task != "reconstruct":
        raise ValueError(f"{run.name} has no latent space. Choose an autoencoder.")
    test = data.load(dataset).test
    parts: list[np.ndarray] = []
    for batch in batches(test.images):
        report(0.3 * sum(map(len, parts)) / len(test), f"encoding {len(test):,} digits")
        parts.append(model.encode(batch))
    codes = np.concatenate(parts)
    _check_codes(codes)
    fit = projector.fit(codes, lambda share, message: report(0.3 + 0.6 * share, message))
    report(0.9, "checking the map against the codes")
    sample = np.random.default_rng(0).permutation(len(codes))[:2000]
    neighbours = min(15, (len(sample) - 1) // 2)
    trust = None
    if neighbours:
        from sklearn.manifold import trustworthiness

        trust = round(float(trustworthiness(codes[sample], fit.points[sample], n_neighbors=neighbours)), 4)
    facts = {
        "method": projector.name,
        "dataset": dataset,
        "parameters": fit.parameters | {"trustworthiness": trust},
        "weights_version": version,
    }
    arrays = {"points": fit.points, "codes": codes, "labels": test.labels, "indices": np.arange(len(test))}
    if fit.mean is not None and fit.basis is not None:
        arrays |= {"mean": fit.mean, "basis": fit.basis}
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    write_npz(run.projection_file(projector.name), arrays)


def _check_codes(codes: np.ndarray) -> None:
    """Raise ValueError with a sentence for codes no map can be made of."""
    if codes.shape[1] < 2:
        raise ValueError(f"A map needs codes of at least 2 numbers, these have {codes.shape[1]}. Choose a larger code.")
    bad = int((~np.isfinite(codes)).any(1).sum())
    if bad:
        raise ValueError(f"{bad:,} of {len(codes):,} codes are not finite numbers. Train with a smaller learning rate.")
    if len(codes) < 3 or not codes.std(0, dtype=np.float64).any():
        raise ValueError("All codes are the same: this model has learned nothing to map. Train it longer.")


def digits_of(run: Run) -> str:
    """Return the data set whose test digits are mapped: the run's own, or the embedded one while that is not here."""
    return run.config.dataset if data.is_ready(run.config.dataset) else "digits"


def load_projection(run: Run, method: str) -> Projection | None:
    """Return the stored map of a run, None when there is none; kept in memory until the file changes.

    The map may be of older weights: compare its weights_version with the run's. Raises ValueError when the
    file is damaged or does not fit the run.
    """
    path = run.projection_file(_projector(method).name)
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    size = run.config.params.get("code_size")
    return _read(str(path), stat.st_mtime_ns, stat.st_size, method, run.config.dataset, size)


# A map of 10,000 codes of 64 numbers takes 3 MB.
@lru_cache(maxsize=12)
def _read(path: str, mtime_ns: int, size: int, method: str, dataset: str, code_size: object) -> Projection:
    try:
        if size > _MAX_BYTES:
            raise ValueError(f"it has {size:,} bytes")
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MAX_BYTES:
                raise ValueError("it unpacks to more than a map can have")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _checked(arrays, method, dataset, code_size)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, MemoryError) as error:
        raise ValueError(f"The stored map {Path(path).name} cannot be used ({error}). Compute it again.") from error


def _checked(arrays: Mapping[str, np.ndarray], method: str, dataset: str, code_size: object) -> Projection:
    """Build a Projection of arrays from a file that anyone may have written."""
    facts = json.loads(arrays["facts"].tobytes())
    n, k = arrays["codes"].shape
    if not 3 <= n <= _MAX_POINTS or not 2 <= k <= _MAX_CODE or code_size not in (None, k):
        raise ValueError(f"its codes have the shape {(n, k)}")
    wanted: dict[str, tuple[type, tuple[int, ...]]] = {
        "points": (np.float32, (n, 2)),
        "codes": (np.float32, (n, k)),
        "labels": (np.int64, (n,)),
        "indices": (np.int64, (n,)),
    }
    if "basis" in arrays:
        wanted |= {"mean": (np.float32, (k,)), "basis": (np.float32, (2, k))}
    for name, (dtype, shape) in wanted.items():
        array = arrays[name]
        if array.dtype != dtype or array.shape != shape or not np.isfinite(array).all():
            raise ValueError(f"its {name} are {array.dtype} {array.shape} or not finite")
        array.flags.writeable = False
    labels, indices = arrays["labels"], arrays["indices"]
    if labels.min() < 0 or labels.max() > 9 or indices.min() < 0 or indices.max() >= _MAX_POINTS:
        raise ValueError("its labels or indices are out of range")
    if (
        facts["method"] != method
        or facts["dataset"] not in (dataset, "digits")
        or not isinstance(facts["parameters"], dict)
    ):
        raise ValueError(f"it is a {str(facts['method'])[:20]} map of {str(facts['dataset'])[:20]}")
    basis = {name: arrays[name] for name in ("mean", "basis") if "basis" in arrays}
    version = int(facts["weights_version"])
    points, codes = arrays["points"], arrays["codes"]
    return Projection(method, points, codes, labels, indices, facts["dataset"], facts["parameters"], version, **basis)


def projection_state(run: Run, method: str) -> ProjectionState:
    """Tell how far a run's map is. Cheap, for pages that ask again and again; raises RunNotFound."""
    for _ in range(2):
        if is_held(_lock_path(run, method)):
            note = _read_note(run, method)
            return ProjectionState("computing", _share(note), str(note.get("message", "")))
        version = run.weights_version()
        if not version:
            _ = run.history()  # raises RunNotFound when the whole run is gone
            return ProjectionState("absent", message=f"{run.name} has no weights yet. Wait for its first epoch.")
        note = _read_note(run, method)
        try:
            stored = load_projection(run, method)
        except ValueError as error:
            return ProjectionState("failed", message=str(error))
        if stored is not None and _fits(stored, run, version):
            return ProjectionState("ready", 1.0)
        if note.get("weights_version") == version:
            if "failed" in note:
                return ProjectionState("failed", message=str(note["failed"]))
            # A note of work under way without its lock: killed, or begun since the lock was looked at.
            continue
        changed = stored is not None and stored.weights_version != version
        return ProjectionState("absent", message="The model has changed since this map was made." if changed else "")
    return ProjectionState("failed", message="The computation was interrupted. Compute it again.")


def _is_current(run: Run, method: str, version: int) -> bool:
    try:
        stored = load_projection(run, method)
    except ValueError:
        return False
    return stored is not None and _fits(stored, run, version)


def _fits(stored: Projection, run: Run, version: int) -> bool:
    return stored.weights_version == version and stored.dataset == digits_of(run)


def _projector(method: str) -> Projector:
    if method not in PROJECTORS:
        raise ValueError(f"There is no projection {str(method)[:80]!r}. Choose one of: {', '.join(PROJECTORS)}.")
    return PROJECTORS[method]


def _lock_path(run: Run, method: str) -> Path:
    return run.projection_file(_projector(method).name).with_suffix(".lock")


def _note_path(run: Run, method: str) -> Path:
    return run.projection_file(method).with_suffix(".json")


def _write_note(run: Run, method: str, note: Mapping[str, Any]) -> None:
    # Not forced to the disk: after a crash of the machine it says nothing worth keeping.
    write_file(_note_path(run, method), json.dumps(note).encode(), durable=False)


def _read_note(run: Run, method: str) -> dict[str, Any]:
    try:
        note = json.loads(_note_path(run, method).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _share(note: Mapping[str, Any]) -> float:
    share = note.get("fraction", 0.0)
    return min(1.0, max(0.0, float(share))) if isinstance(share, int | float) else 0.0
