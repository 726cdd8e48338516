"""The codes of a run's digits with what it makes of each, and each code's neighbours: encoded and compared once by a
worker, stored with the run, and shared by all its maps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from core.cache import newest
from core.data.samples import batches_of, sample_name, size
from core.files import UNREADABLE, open_npz, write_npz
from core.jobs.state import holding
from core.measures.neighbours import COUNT, Neighbours, nearest_of_all
from core.measures.reconstruction import mean_squared_errors
from core.progress import Progress
from core.runs.run import Run, digits_of
from core.runs.weights import load_model

_MAX_CODE, _MAX_BYTES = 4096, 1 << 30
_PATIENCE_S = 3600.0  # for another process that encodes the same digits

Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Codes:
    """codes: float32 (n, k), errors: float32 (n,) the mean squared error a pixel in [0, 1] with which each digit is
    redrawn, in the order of `core.data.samples`; dataset: whose digits they are; weights_version: of the run.
    """

    codes: np.ndarray
    errors: np.ndarray
    dataset: str
    weights_version: int


def load_codes(run: Run, sample: str) -> Codes | None:
    """Return the stored codes, which may be of older weights; None when there are none that can be used.

    They are kept in memory until the file changes.
    """
    return _load(_read_codes, run, codes_name(sample), sample)


def load_neighbours(run: Run, sample: str, codes: Codes) -> Neighbours | None:
    """Return the stored neighbours of these codes, None when there are none that can be used."""
    found = _load(_read_neighbours, run, _neighbours_name(sample), sample)
    fits = found and found[1] == codes.weights_version and len(found[0].rows) == len(codes.codes)
    return found[0] if found and fits else None


def codes_name(sample: str) -> str:
    """Return the name under which the codes of a sample are stored; ValueError for a sample there is not."""
    return f"codes-{sample_name(sample)}"


def _neighbours_name(sample: str) -> str:
    return f"neighbours-{sample_name(sample)}"


def encoded(run: Run, sample: str, report: Progress) -> Codes:
    """Return the codes of the run's present weights, encoded and stored first where they are not there.

    Belongs in a worker. Raises ValueError with a sentence for a run without codes, or codes no map can be made of.
    """
    return _made(run, codes_name(sample), lambda: _current(run, sample), lambda: _encode(run, sample, report))


def compared(run: Run, sample: str, codes: Codes, report: Progress) -> Neighbours:
    """Return the neighbours of the codes, found and stored first where they are not there; belongs in a worker."""

    def make() -> Neighbours:
        said = f"comparing {len(codes.codes):,} codes"
        report(0.0, said)
        found = nearest_of_all(codes.codes, progress=lambda share: report(share, said))
        arrays = {"rows": found.rows, "distances": found.distances}
        facts = {"weights_version": codes.weights_version}
        write_npz(run.projection_file(_neighbours_name(sample)), arrays, facts=facts)
        return load_neighbours(run, sample, codes) or found

    return _made(run, _neighbours_name(sample), lambda: load_neighbours(run, sample, codes), make)


def _made(run: Run, name: str, there: Callable[[], Value | None], make: Callable[[], Value]) -> Value:
    """Return what is stored, made first where it must be; one process at a time.

    What was made counts although the weights may be newer by then: those of a small run are, several times a second.
    """
    if (found := there()) is None:
        with holding(run, name, _PATIENCE_S):
            if (found := there()) is None:
                found = make()
    return found


def _current(run: Run, sample: str) -> Codes | None:
    found = load_codes(run, sample)
    fits = found is not None and found.weights_version == run.weights_version() and found.dataset == digits_of(run)
    return found if fits else None


def _encode(run: Run, sample: str, report: Progress) -> Codes:
    version, dataset = run.weights_version(), digits_of(run)
    if run.spec.task != "reconstruct":
        raise ValueError(f"{run.name} has no latent space. Choose an autoencoder.")
    model = load_model(run)
    count, done = size(dataset, sample), 0
    codes: list[np.ndarray] = []
    errors: list[np.ndarray] = []
    for images in batches_of(dataset, sample):
        report(done / count, f"encoding {count:,} digits")
        code = np.asarray(model.encode(images), np.float32)
        codes.append(code)
        errors.append(mean_squared_errors(images, model.decode(code)))
        done += len(images)
    found, wrong = np.concatenate(codes), np.concatenate(errors)
    _check_codes(found)
    if not np.isfinite(wrong).all():
        raise ValueError("The model draws pictures that are not numbers. Train it again with a smaller learning rate.")
    facts = {"dataset": dataset, "weights_version": version}
    write_npz(run.projection_file(codes_name(sample)), {"codes": found, "errors": wrong}, facts=facts)
    return load_codes(run, sample) or Codes(found, wrong, dataset, version)


def _check_codes(codes: np.ndarray) -> None:
    """Raise ValueError with a sentence for codes no map can be made of."""
    if codes.shape[1] < 2:
        raise ValueError(f"A map needs codes of at least 2 numbers, these have {codes.shape[1]}. Choose a larger code.")
    bad = int((~np.isfinite(codes)).any(1).sum())
    if bad:
        raise ValueError(f"{bad:,} of {len(codes):,} codes are not finite numbers. Train with a smaller learning rate.")
    if len(codes) < 3 or not codes.std(0, dtype=np.float64).any():
        raise ValueError("All codes are the same: this model has learned nothing to map. Train it longer.")


# -- reading what anyone may have written


def _load(read: Callable[..., Value], run: Run, name: str, sample: str) -> Value | None:
    path = run.projection_file(name)
    try:
        stat = path.stat()
        return read(str(path), stat.st_mtime_ns, stat.st_size, sample)
    except UNREADABLE:
        return None


@newest(8, lambda codes: codes.codes.nbytes)  # of 70,000 digits and 64 numbers 18 MB each
def _read_codes(path: str, mtime_ns: int, stored: int, sample: str) -> Codes:
    arrays, facts = open_npz(path, {"codes": np.float32, "errors": np.float32}, _MAX_BYTES)
    codes, errors, dataset = arrays["codes"], arrays["errors"], str(facts["dataset"])
    n, k = codes.shape
    if n != size(dataset, sample) or not 2 <= k <= _MAX_CODE or errors.shape != (n,):
        raise ValueError(f"its codes have the shape {(n, k)}")
    return Codes(codes, errors, dataset, int(facts["weights_version"]))


@newest(4)  # of 70,000 digits 8 MB each
def _read_neighbours(path: str, mtime_ns: int, stored: int, sample: str) -> tuple[Neighbours, int]:
    arrays, facts = open_npz(path, {"rows": np.int32, "distances": np.float32}, _MAX_BYTES)
    rows, distances = arrays["rows"], arrays["distances"]
    n, count = rows.shape
    if count != min(COUNT, n - 1) or distances.shape != (n, count) or rows.min() < 0 or rows.max() >= n:
        raise ValueError(f"its rows have the shape {(n, count)} or are out of range")
    return Neighbours(rows, distances), int(facts["weights_version"])
