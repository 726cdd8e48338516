"""The ways to lay out codes in two dimensions, and PROJECTORS, the table of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Fit:
    """What a projector found: points float32 (n, 2), facts about it, and for a linear map its inverse."""

    points: np.ndarray
    parameters: dict[str, Any]
    mean: np.ndarray | None = None  # float32 (k,)
    basis: np.ndarray | None = None  # float32 (2, k), orthonormal rows


@dataclass(frozen=True)
class Projector:
    """One row of PROJECTORS. `fit` takes finite codes float32 (n, k) with k >= 2 and reports its progress."""

    name: str
    title: str
    blurb: str
    fit: Callable[[np.ndarray, Progress], Fit]
    quick: bool  # done in seconds, so a page may start it unasked


def _fit_pca(codes: np.ndarray, progress: Progress) -> Fit:
    progress(0.0, "finding the two widest directions")
    mean = codes.mean(0, dtype=np.float64)
    centred = codes - mean
    variances, vectors = np.linalg.eigh(centred.T @ centred / len(codes))
    basis = vectors[:, :-3:-1].T
    # An eigenvector's sign is arbitrary: with its largest entry positive no map comes out mirrored.
    basis *= np.sign(basis[np.arange(2), np.abs(basis).argmax(1)])[:, None]
    shares = [round(float(v / variances.sum()), 4) for v in variances[:-3:-1]]
    parameters = {"explained_variance": shares}
    points = (centred @ basis.T).astype(np.float32)
    return Fit(points, parameters, mean.astype(np.float32), basis.astype(np.float32))


def _fit_umap(codes: np.ndarray, progress: Progress) -> Fit:
    neighbours = 15
    if len(codes) <= neighbours:
        raise ValueError(f"UMAP needs more than {neighbours} digits, got {len(codes)}. Use PCA for so few.")
    progress(0.0, "finding each digit's neighbours")
    from sklearn.neighbors import NearestNeighbors

    # Exact neighbours of 10,000 codes take 2 s; letting UMAP search for them approximately takes 35 s more, most of
    # it to compile the search.
    search = NearestNeighbors(n_neighbors=neighbours, algorithm="brute").fit(codes)
    distances, rows = search.kneighbors(codes)
    progress(0.2, "loading UMAP")
    import umap

    progress(0.3, "preparing the layout")
    sink = _EpochSink(lambda share: progress(0.6 + 0.4 * share, "laying out the map"))
    settings = {"n_neighbors": neighbours, "min_dist": 0.1, "random_state": 0}
    bar = {"disable": False, "file": sink, "bar_format": "{n}/{total}|", "mininterval": 0.2, "desc": ""}
    points = umap.UMAP(**settings, n_jobs=1, tqdm_kwds=bar, precomputed_knn=(rows, distances)).fit_transform(codes)
    return Fit(np.asarray(points, np.float32), settings)


class _EpochSink(io.StringIO):
    """Where UMAP's progress bar writes "12/200|": the only way it tells how far it is."""

    def __init__(self, report: Callable[[float], None]) -> None:
        super().__init__()
        self._report = report

    def write(self, text: str) -> int:
        done, _, total = text.strip("\r\n |").partition("/")
        if done.isdigit() and total.isdigit() and int(total):
            self._report(int(done) / int(total))
        return len(text)


PROJECTORS: dict[str, Projector] = {
    row.name: row
    for row in (
        Projector("pca", "PCA", "The plane in which the codes spread most.", _fit_pca, True),
        Projector(
            "umap", "UMAP", "A bent map that keeps neighbours together; it takes about half a minute.", _fit_umap, False
        ),
    )
}
