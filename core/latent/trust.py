"""How far to trust a map: how many neighbours in code space are neighbours on it, and which digits it moved apart.

Measured after the map, stored beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from core.jobs.stored import Arrays, Facts, Stamp, Stored
from core.latent.codes import CODES, NEIGHBOURS
from core.latent.maps import MAPS
from core.latent.projection import Projection
from core.measures.neighbours import COUNT, Neighbours, without_own
from core.progress import Progress, part_of
from core.runs.run import Run

EXACT = 10_000  # up to so many digits all of them are asked about
QUERIES = 2_000  # of more so many, but against all the others
_CELLS = 1 << 23  # distances held at once: 64 MB
_LEAST = 1e-3  # widths of a map: less is rounding, or two places of nearly the same distance that swapped


@dataclass(frozen=True)
class Trust:
    """Figures of one map, each in [0, 1].

    trustworthiness: 1 where every neighbour on the map is one in code space, less the further away it really is
    (Venna & Kaski, 2001); kept: the mean share of the nearest codes that are among the nearest points;
    accuracy_map, accuracy_code: how often the most frequent class of the nearest points, or codes, is a digit's own;
    neighbours: how many nearest, queries: for how many digits.
    """

    trustworthiness: float
    kept: float
    accuracy_map: float
    accuracy_code: float
    neighbours: int
    queries: int


def _measure(run: Run, report: Progress, method: str, sample: str) -> tuple[Arrays, Facts] | None:
    projection = MAPS.load(run, method, sample)
    if projection is None or run.active():
        return None  # there is no map, or new weights soon will be mapped
    codes = CODES.load(run, sample) or CODES.ensure(run, part_of(report, 0.0, 0.1), sample)
    if codes.weights_version != projection.weights_version:
        return None  # new weights are being mapped
    neighbours = NEIGHBOURS.ensure(run, part_of(report, 0.1, 0.5), sample)
    found = trust_of(projection.points, codes.codes, projection.labels, neighbours, part_of(report, 0.5, 0.95))
    facts = asdict(found) | {"version": _version(projection)}
    return {"displacement": displacement_of(projection.points, neighbours)}, facts


def _parse(
    arrays: Arrays, facts: Facts, stamp: Stamp, projection: Projection, method: str, sample: str
) -> tuple[Trust, np.ndarray] | None:
    displacement = arrays["displacement"]
    shares = {name: float(facts[name]) for name in ("trustworthiness", "kept", "accuracy_map", "accuracy_code")}
    neighbours, queries = int(facts["neighbours"]), int(facts["queries"])
    if (
        displacement.shape != (len(projection.points),)
        or (displacement < 0).any()
        or not all(0 <= one <= 1 for one in shares.values())
    ):
        raise ValueError("its figures are out of range")
    if not 1 <= neighbours <= COUNT or not 1 <= queries <= len(displacement):
        raise ValueError("its counts are out of range")
    if facts["version"] != _version(projection):
        return None  # they are of another map
    return Trust(neighbours=neighbours, queries=queries, **shares), displacement


def _version(projection: Projection) -> str:
    """Tell the figures of one map from those of another, and from those of a displacement that was not an excess."""
    return f"{projection.version}-excess"


def trust_of(
    points: np.ndarray,
    codes: np.ndarray,
    labels: np.ndarray,
    neighbours: Neighbours,
    progress: Progress = lambda share, message: None,
    exact: int = EXACT,
) -> Trust:
    """Measure a map: points (n, 2) of codes (n, k) with labels int64 (n,), n >= 3, and the neighbours of the codes.

    Of more than `exact` digits a fixed choice of QUERIES is asked about, each against all the others.
    """
    from scipy.spatial import cKDTree

    n = len(codes)
    count = min(COUNT, (n - 1) // 2)
    queries = np.arange(n) if n <= exact else np.sort(np.random.default_rng(0).permutation(n)[:QUERIES])
    lengths, found = cKDTree(points.astype(np.float64)).query(points[queries].astype(np.float64), k=count + 1)
    on_map, _ = without_own(found, lengths, queries)
    in_code = neighbours.rows[queries, :count]
    shared = (on_map[:, :, None] == in_code[:, None, :]).any(2)
    return Trust(
        _trustworthiness(codes, queries, on_map, shared, progress),
        float(shared.mean()),
        float((_voted(labels[on_map]) == labels[queries]).mean()),
        float((_voted(labels[in_code]) == labels[queries]).mean()),
        count,
        len(queries),
    )


def _trustworthiness(
    codes: np.ndarray, queries: np.ndarray, on_map: np.ndarray, shared: np.ndarray, progress: Progress
) -> float:
    """Venna & Kaski (2001): 1 - 2 / (m k (2n - 3k - 1)) times how much further down than k the neighbours on the map
    stand in the ranking of all codes; m of the n digits are asked about.
    """
    n, (m, k) = len(codes), on_map.shape
    surplus = 0
    for part, distances in _distances(codes, queries):
        progress(part.start / m, "comparing the map with the codes")
        for column in range(k):
            asked = np.flatnonzero(~shared[part, column])  # the rank of the others is at most k
            own = distances[asked, on_map[part][asked, column]]
            ranks = (distances[asked] < own[:, None]).sum(1) + 1
            surplus += int(np.maximum(ranks - k, 0).sum())
    return 1 - 2 * surplus / (m * k * (2 * n - 3 * k - 1))


def _distances(codes: np.ndarray, queries: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield some of the queries and their squared distances to all codes but their own, which is infinite."""
    centred = codes - codes.mean(0, dtype=np.float64)
    squares = np.einsum("ij,ij->i", centred, centred)
    rows = max(1, _CELLS // len(codes))
    for start in range(0, len(queries), rows):
        part = slice(start, start + rows)
        own = queries[part]
        distances = squares[None] - 2 * (centred[own] @ centred.T)  # the query's own square changes no rank
        distances[np.arange(len(own)), own] = np.inf
        yield part, distances


def _voted(labels: np.ndarray) -> np.ndarray:
    """The most frequent of the labels (m, k) of each row's neighbours, nearest first; of several the nearest's."""
    votes = (labels[:, :, None] == labels[:, None, :]).sum(2)
    return labels[np.arange(len(labels)), votes.argmax(1)]  # argmax is the first, which is the nearest


def displacement_of(points: np.ndarray, neighbours: Neighbours) -> np.ndarray:
    """Return how far a map moved each digit and its nearest codes apart, in widths of the map, float32 (n,).

    It is the median distance on the map to the nearest codes, less that to as many nearest points: 0 where these are
    the same, also of a digit that is far from all others. The width is the diagonal of the box between the 1st and the
    99th percentile of the points.
    """
    from scipy.spatial import cKDTree

    places = points.astype(np.float64)
    n, count = neighbours.rows.shape
    far = np.linalg.norm(places[neighbours.rows] - places[:, None], axis=2)
    lengths, found = cKDTree(places).query(places, k=count + 1)
    _, near = without_own(found, lengths, np.arange(n))
    low, high = np.percentile(places, [1, 99], axis=0)
    width = float(np.linalg.norm(high - low)) or 1.0
    apart = (np.median(far, axis=1) - np.median(near, axis=1)) / width
    return np.where(apart < _LEAST, 0, apart).astype(np.float32)


# The figures of the stored map, and how far it moved each digit and its nearest codes apart, see `displacement_of`.
TRUST: Stored[tuple[Trust, np.ndarray]] = Stored(
    "trust",
    _measure,
    _parse,
    {"displacement": np.float32},
    1 << 24,
    current=lambda run, found, method, sample: True,  # of the stored map, whatever that is of
    check=MAPS.check,
    needs=MAPS.load,
)
