"""Maps of latent space: the codes of a run's digits laid out in two dimensions, stored with the run."""

from __future__ import annotations

import zlib
from dataclasses import replace
from weakref import WeakValueDictionary

import numpy as np

from core.data.samples import labels_of, sample_name, size
from core.jobs.state import Job
from core.jobs.stored import Arrays, Facts, Stamp, Stored
from core.latent.codes import CODES, NEIGHBOURS, Codes
from core.latent.projection import Projection
from core.latent.projectors import Projector, projector_of
from core.progress import Progress, part_of
from core.runs.run import Run, digits_of

_MAX_BYTES = 1 << 26

_last: WeakValueDictionary[str, Projection] = WeakValueDictionary()  # what was read last of each file


def _project(run: Run, report: Progress, method: str, sample: str) -> tuple[Arrays, Facts]:
    projector = projector_of(method)
    encoding, comparing, whole = np.cumsum(_seconds(projector, size(digits_of(run), sample)))
    laid = comparing / whole
    codes = CODES.ensure(run, part_of(report, 0.0, encoding / whole), sample)
    neighbours = None
    if projector.compares:
        neighbours = NEIGHBOURS.ensure(run, part_of(report, encoding / whole, laid), sample)
        codes = CODES.load(run, sample) or codes  # those that were compared
    fit = projector.fit(codes.codes, part_of(report, laid, 1.0), neighbours)
    facts = {
        "method": projector.name,
        "dataset": codes.dataset,
        "parameters": fit.parameters,
        "weights_version": codes.weights_version,
    }
    linear = {} if fit.mean is None or fit.basis is None else {"mean": fit.mean, "basis": fit.basis}
    return {"points": fit.points, **linear}, facts


def takes(run: Run, method: str, sample: str) -> float:
    """Return how many seconds a map takes from nothing, roughly, on one core of a laptop."""
    return sum(_seconds(projector_of(method), size(digits_of(run), sample)))


def _seconds(projector: Projector, count: int) -> tuple[float, float, float]:
    """How long it takes to encode so many digits, to compare their codes and to lay them out."""
    return count / 5000, 30 * (count / 70_000) ** 2 * projector.compares, projector.seconds(count)


def _check(method: str, sample: str) -> None:
    """Raise ValueError where there can be no such map."""
    projector_of(method)
    sample_name(sample)


def load_projection(run: Run, method: str, sample: str = "test") -> Projection | None:
    """Return the stored map of a run, None when there is none; kept in memory until its files change.

    The map may be of older weights: compare its weights_version with the run's. Raises ValueError when the
    file is damaged or does not fit the run.
    """
    found = MAPS.read(run, method, sample)
    return found if found is not None and found.dataset in (run.config.dataset, "digits") else None


def _weight(projection: Projection | None) -> int:
    """Bytes in memory: the codes, and as much again to look for near ones."""
    return 2 * projection.codes.nbytes if projection and projection.has_codes else 0


def _parse(
    arrays: Arrays, facts: Facts, stamp: Stamp, needed: tuple[Codes | None, object], method: str, sample: str
) -> Projection | None:
    found = _checked(arrays, facts, method, sample, *needed)
    if found is None:
        # While a run trains, its codes are new before its map is: until then people go on looking at the last one.
        return _last.get(stamp[0])
    _last[stamp[0]] = found
    return found


def _checked(
    arrays: Arrays, facts: Facts, method: str, sample: str, codes: Codes | None, width: object
) -> Projection | None:
    """Build a Projection of arrays from a file that anyone may have written; None where the codes are of others.

    width: how many numbers a code of the run has, where its settings say so. Codes are told by the weights they are of,
    not by their bits: those of a map that ships are made again here, and another processor rounds otherwise.
    """
    version, dataset, parameters = int(facts["weights_version"]), facts["dataset"], facts["parameters"]
    if facts["method"] != method or not isinstance(parameters, dict):
        raise ValueError(f"it is a {str(facts['method'])[:20]} map of {str(dataset)[:20]}")
    if codes is not None and (version, dataset) != (codes.weights_version, codes.dataset):
        return None
    labels = labels_of(dataset, sample)
    n = len(labels)
    k = codes.codes.shape[1] if codes else width
    wanted: dict[str, tuple[object, ...]] = {"points": (n, 2)}
    if "basis" in arrays or "mean" in arrays:
        wanted |= {"mean": (k,), "basis": (2, k)}
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            raise ValueError(f"its {name} have the shape {arrays[name].shape}")
    linear = {name: arrays[name] for name in ("mean", "basis") if "basis" in arrays}
    # Of what it shows, not of when it was written: a browser may keep what it has of a map that came out the same.
    mark = f"{version:x}-{zlib.crc32(arrays['points'].tobytes()):08x}"
    known = codes.codes if codes else None
    return Projection(
        method, sample, dataset, arrays["points"], known, labels, parameters, version, version=mark, **linear
    )


class _Maps(Stored[Projection]):
    """Those of the embedded digits, which stand in for a data set that is not here, have files of their own: they must
    not take the place of maps that ship.
    """

    def job(self, run: Run, *parameters: str) -> Job:
        job, dataset = super().job(run, *parameters), digits_of(run)
        return job if dataset == run.config.dataset else replace(job, name=f"{job.name}-{dataset}")


MAPS = _Maps(
    "map",
    _project,
    _parse,
    {"points": np.float32, "mean": np.float32, "basis": np.float32},
    _MAX_BYTES,
    check=_check,
    # Without codes its points can be shown.
    needs=lambda run, method, sample: (CODES.load(run, sample), run.config.params.get("code_size")),
    stem="",
    weigh=_weight,
    then=("trust",),  # under a lock of its own: meanwhile the map can be looked at
)
