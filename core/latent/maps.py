"""Maps of latent space: the codes of a run's digits laid out in two dimensions, stored with the run.

`project` encodes and fits in a worker process; pages only read what it stored, and the state of its work.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from core.cache import newest
from core.data.samples import labels_of, sample_name, size
from core.files import UNREADABLE, open_npz, write_npz
from core.jobs import submit
from core.jobs.state import Work, ask, carry_out, how_far
from core.latent.codes import Codes, compared, encoded, load_codes
from core.latent.projection import Projection
from core.latent.projectors import PROJECTORS, Projector, projector_of
from core.progress import Progress, part_of
from core.runs.run import Run, digits_of

__all__ = [
    "PROJECTORS",
    "Projection",
    "load_projection",
    "map_name",
    "project",
    "projection_state",
    "takes",
]

_MAX_BYTES = 1 << 26

_last: WeakValueDictionary[str, Projection] = WeakValueDictionary()  # what `_read` keeps of each file


def project(run: Run, method: str, sample: str = "test") -> None:
    """Encode the run's digits, lay them out and store the map with the run, unless it is there.

    Belongs in a worker process that holds the lock of `map_name` meanwhile, see `jobs.state.carry_out`.
    """
    if not _is_current(run, method, sample):
        carry_out(run, map_name(method, sample), lambda report: _project(run, projector_of(method), sample, report))


def _project(run: Run, projector: Projector, sample: str, report: Progress) -> None:
    encoding, comparing, whole = np.cumsum(_seconds(projector, size(digits_of(run), sample)))
    laid = comparing / whole
    codes = encoded(run, sample, part_of(report, 0.0, encoding / whole))
    neighbours = compared(run, sample, codes, part_of(report, encoding / whole, laid)) if projector.compares else None
    fit = projector.fit(codes.codes, part_of(report, laid, 1.0), neighbours)
    facts = {
        "method": projector.name,
        "dataset": codes.dataset,
        "parameters": fit.parameters,
        "weights_version": codes.weights_version,
    }
    arrays = {"points": fit.points}
    if fit.mean is not None and fit.basis is not None:
        arrays |= {"mean": fit.mean, "basis": fit.basis}
    write_npz(run.projection_file(map_name(projector.name, sample)), arrays, facts=facts)


def takes(run: Run, method: str, sample: str) -> float:
    """Return how many seconds a map takes from nothing, roughly, on one core of a laptop."""
    return sum(_seconds(projector_of(method), size(digits_of(run), sample)))


def _seconds(projector: Projector, count: int) -> tuple[float, float, float]:
    """How long it takes to encode so many digits, to compare their codes and to lay them out."""
    return count / 5000, 30 * (count / 70_000) ** 2 * projector.compares, projector.seconds(count)


def map_name(method: str, sample: str) -> str:
    """Return the name under which a map is stored and its work goes; ValueError where there can be no such map."""
    return f"{projector_of(method).name}-{sample_name(sample)}"


def load_projection(run: Run, method: str, sample: str = "test") -> Projection | None:
    """Return the stored map of a run, None when there is none; kept in memory until its files change.

    The map may be of older weights: compare its weights_version with the run's. Raises ValueError when the
    file is damaged or does not fit the run.
    """
    path = run.projection_file(map_name(method, sample))
    codes = load_codes(run, sample)
    try:
        stat = path.stat()
        key = str(path), stat.st_mtime_ns, stat.st_size
        found = _read(*key, method, sample, codes) if codes else None
    except FileNotFoundError:
        return None
    except UNREADABLE as error:
        raise ValueError(f"The stored map {path.name} cannot be used ({error}). Compute it again.") from error
    return found if found is not None and found.dataset in (run.config.dataset, "digits") else None


def _weight(projection: Projection | None) -> int:
    """Bytes in memory: the codes, and as much again to look for near ones."""
    return 2 * projection.codes.nbytes if projection else 0


@newest(16, _weight)
def _read(path: str, mtime_ns: int, stored: int, method: str, sample: str, codes: Codes) -> Projection | None:
    arrays, facts = open_npz(path, {"points": np.float32, "mean": np.float32, "basis": np.float32}, _MAX_BYTES)
    found = _checked(arrays, facts, method, sample, codes)
    if found is None:
        # While a run trains, its codes are new before its map is: until then people go on looking at the last one.
        return _last.get(path)
    _last[path] = found
    return found


def _checked(
    arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any], method: str, sample: str, codes: Codes
) -> Projection | None:
    """Build a Projection of arrays from a file that anyone may have written; None where the codes are of others."""
    n, k = codes.codes.shape
    version, dataset, parameters = int(facts["weights_version"]), facts["dataset"], facts["parameters"]
    if facts["method"] != method or not isinstance(parameters, dict):
        raise ValueError(f"it is a {str(facts['method'])[:20]} map of {str(dataset)[:20]}")
    if version != codes.weights_version or dataset != codes.dataset:
        return None
    wanted: dict[str, tuple[int, ...]] = {"points": (n, 2)}
    if "basis" in arrays or "mean" in arrays:
        wanted |= {"mean": (k,), "basis": (2, k)}
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            raise ValueError(f"its {name} have the shape {arrays[name].shape}")
    linear = {name: arrays[name] for name in ("mean", "basis") if "basis" in arrays}
    # Of what it shows, not of when it was written: a browser may keep what it has of a map that came out the same.
    mark = f"{version:x}-{zlib.crc32(arrays['points'].tobytes()):08x}"
    labels = labels_of(dataset, sample)
    return Projection(
        method, sample, dataset, arrays["points"], codes.codes, labels, parameters, version, version=mark, **linear
    )


def projection_state(run: Run, method: str, sample: str = "test") -> Work:
    """Tell how far a run's map is. Cheap, for pages that ask again and again; raises RunNotFound."""
    work = how_far(run, map_name(method, sample), lambda: _is_current(run, method, sample))
    if work.state != "absent" or work.message:
        return work
    if not run.has_weights():
        _ = run.history()  # raises RunNotFound when the whole run is gone
        return Work("absent", message=f"{run.name} has no weights yet. Wait for its first epoch.")
    try:
        stored = load_projection(run, method, sample)
    except ValueError as error:
        return Work("failed", message=str(error))
    changed = stored is not None and stored.weights_version != run.weights_version()
    return Work("absent", message="The model has changed since this map was made." if changed else "")


def _is_current(run: Run, method: str, sample: str) -> bool:
    try:
        stored = load_projection(run, method, sample)
    except ValueError:
        return False
    return stored is not None and stored.weights_version == run.weights_version() and stored.dataset == digits_of(run)


def trust_name(method: str, sample: str) -> str:
    """Return the name under which the figures of a map are stored and their work goes."""
    return f"trust-{map_name(method, sample)}"


def submit_projection(run: Run, method: str, sample: str = "test") -> None:
    """Lay out the codes of a sample of digits in two dimensions, and measure the map, in a background process.

    Returns at once. What is there already is not computed again; `jobs.state.cancel` ends it.
    """
    for name in (map_name(method, sample), trust_name(method, sample)):
        ask(run, name)
    submit.submit({"job": "project", "folder": str(run.folder.resolve()), "method": method, "sample": sample})
