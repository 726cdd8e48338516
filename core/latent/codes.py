"""The codes of a run's digits with what it makes of each, and each code's neighbours: encoded and compared once by a
worker, stored with the run, and shared by all its maps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.samples import batches_of, sample_name, size
from core.jobs.stored import Arrays, Facts, Stamp, Stored
from core.measures.neighbours import COUNT, Neighbours, nearest_of_all
from core.measures.reconstruction import mean_squared_errors
from core.progress import Progress
from core.runs.run import Run, digits_of
from core.runs.weights import load_model

_MAX_CODE, _MAX_BYTES = 4096, 1 << 30


@dataclass(frozen=True, eq=False)
class Codes:
    """codes: float32 (n, k), errors: float32 (n,) the mean squared error a pixel in [0, 1] with which each digit is
    redrawn, in the order of `core.data.samples`; dataset: whose digits they are; weights_version: of the run.
    """

    codes: np.ndarray
    errors: np.ndarray
    dataset: str
    weights_version: int


def _encode(run: Run, report: Progress, sample: str) -> tuple[Arrays, Facts]:
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
    return {"codes": found, "errors": wrong}, {"dataset": dataset, "weights_version": version}


def _check_codes(codes: np.ndarray) -> None:
    """Raise ValueError with a sentence for codes no map can be made of."""
    if codes.shape[1] < 2:
        raise ValueError(f"A map needs codes of at least 2 numbers, these have {codes.shape[1]}. Choose a larger code.")
    bad = int((~np.isfinite(codes)).any(1).sum())
    if bad:
        raise ValueError(f"{bad:,} of {len(codes):,} codes are not finite numbers. Train with a smaller learning rate.")
    if len(codes) < 3 or not codes.std(0, dtype=np.float64).any():
        raise ValueError("All codes are the same: this model has learned nothing to map. Train it longer.")


def _parse_codes(arrays: Arrays, facts: Facts, stamp: Stamp, sample: str) -> Codes:
    codes, errors, dataset = arrays["codes"], arrays["errors"], str(facts["dataset"])
    n, k = codes.shape
    if n != size(dataset, sample) or not 2 <= k <= _MAX_CODE or errors.shape != (n,):
        raise ValueError(f"its codes have the shape {(n, k)}")
    return Codes(codes, errors, dataset, int(facts["weights_version"]))


CODES: Stored[Codes] = Stored(
    "codes",
    _encode,
    _parse_codes,
    {"codes": np.float32, "errors": np.float32},
    _MAX_BYTES,
    check=sample_name,
    keep=8,
    weigh=lambda codes: codes.codes.nbytes,  # of 70,000 digits and 64 numbers 18 MB each
)


def _compare(run: Run, report: Progress, sample: str) -> tuple[Arrays, Facts]:
    codes = CODES.load(run, sample) or CODES.ensure(run, report, sample)
    said = f"comparing {len(codes.codes):,} codes"
    report(0.0, said)
    found = nearest_of_all(codes.codes, progress=lambda share: report(share, said))
    return {"rows": found.rows, "distances": found.distances}, {"weights_version": codes.weights_version}


def _parse_neighbours(arrays: Arrays, facts: Facts, stamp: Stamp, codes: Codes, sample: str) -> Neighbours | None:
    rows, distances = arrays["rows"], arrays["distances"]
    n, count = rows.shape
    if count != min(COUNT, n - 1) or distances.shape != (n, count) or rows.min() < 0 or rows.max() >= n:
        raise ValueError(f"its rows have the shape {(n, count)} or are out of range")
    if n != len(codes.codes) or int(facts["weights_version"]) != codes.weights_version:
        return None  # they are of other codes
    return Neighbours(rows, distances)


# Of the stored codes: while a run trains, these may be of older weights, and what stands on them is, too.
NEIGHBOURS: Stored[Neighbours] = Stored(
    "neighbours",
    _compare,
    _parse_neighbours,
    {"rows": np.int32, "distances": np.float32},
    _MAX_BYTES,
    current=lambda run, found, sample: True,
    check=sample_name,
    needs=CODES.load,
    keep=4,  # of 70,000 digits 8 MB each
)
