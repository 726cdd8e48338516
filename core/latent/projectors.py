"""The ways to lay out codes in two dimensions, and PROJECTORS, the table of them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from core.latent.alignment import widest_plane
from core.measures.neighbours import COUNT, Neighbours, nearest_of_all
from core.progress import Progress
from core.table import table
from core.untrusted import shown

_QUICK_S = 5
_MORE_EPOCHS, _MORE_ALPHA = 100, 0.25  # of a UMAP map that goes on from another; its own are 500 or 200, and 1


@dataclass(frozen=True)
class Fit:
    """What a projector found: points float32 (n, 2), its settings, and of a linear map, flat or the code itself, the
    plane that its points lie on: points = (codes - mean) @ basis.T.
    """

    points: np.ndarray
    parameters: dict[str, Any]
    mean: np.ndarray | None = None  # float32 (k,)
    basis: np.ndarray | None = None  # float32 (2, k), orthonormal rows


class Fitting(Protocol):
    """Lays out finite codes float32 (n, k) with k >= 2, reporting its progress.

    neighbours: of these codes, where they are known; start: points float32 (n, 2) of a map of nearly the same codes
    to go on from, which a linear map has no use for. Raises ValueError for codes that cannot be laid out so.
    """

    def __call__(
        self,
        codes: np.ndarray,
        progress: Progress,
        neighbours: Neighbours | None = None,
        start: np.ndarray | None = None,
    ) -> Fit: ...


@dataclass(frozen=True)
class Projector:
    """One row of PROJECTORS. seconds: how long `fit` takes for so many codes, roughly, on one core of a laptop.

    kind: what a map shows, and how it forms: the code itself, whose frames are shown as they are; a flat plane of it,
    onto which all frames are turned, `fit` giving that of the last (it must have a basis); or all of it, bent so that
    it fits, each frame laid out from the one before.
    """

    name: str
    title: str
    blurb: str
    fit: Fitting
    seconds: Callable[[int], float]
    fits: Callable[[int], bool] = lambda code_size: True  # whether it is offered for codes of so many numbers
    compares: bool = False  # whether it is quicker with the neighbours known
    kind: Literal["itself", "flat", "bent"] = "bent"

    @property
    def quick(self) -> bool:
        """Whether it is done in seconds, so that a page may start it unasked."""
        return self.seconds(70_000) < _QUICK_S


def projector_of(method: str) -> Projector:
    """Return the row of PROJECTORS of that name; ValueError for one there is not."""
    if method not in PROJECTORS:
        raise ValueError(f"There is no projection {shown(method)}. Choose one of: {', '.join(PROJECTORS)}.")
    return PROJECTORS[method]


def _fit_pca(
    codes: np.ndarray, progress: Progress, neighbours: Neighbours | None = None, start: np.ndarray | None = None
) -> Fit:
    progress(0.0, "finding the two widest directions")
    mean = codes.mean(0, dtype=np.float64)
    centred = codes - mean
    basis = widest_plane(codes).T
    points = (centred @ basis.T).astype(np.float32)
    return Fit(points, {}, mean.astype(np.float32), basis.astype(np.float32))


def _fit_code(
    codes: np.ndarray, progress: Progress, neighbours: Neighbours | None = None, start: np.ndarray | None = None
) -> Fit:
    if codes.shape[1] != 2:
        raise ValueError(f"A code of {codes.shape[1]} numbers is no place in the plane. Choose another map.")
    return Fit(codes.copy(), {}, np.zeros(2, np.float32), np.eye(2, dtype=np.float32))


def _fit_umap(
    codes: np.ndarray, progress: Progress, neighbours: Neighbours | None = None, start: np.ndarray | None = None
) -> Fit:
    if len(codes) <= COUNT:
        raise ValueError(f"UMAP needs more than {COUNT} digits, got {len(codes)}. Use PCA for so few.")
    # Exact neighbours of 10,000 codes take a second; letting UMAP search for them approximately takes 35 s more, most
    # of it to compile the search.
    done = 0.0
    if neighbours is None:
        done = 0.4
        neighbours = nearest_of_all(codes, progress=lambda share: progress(done * share, "comparing the codes"))
    progress(done, "loading UMAP")
    import umap

    progress(done + 0.1 * (1 - done), "preparing the layout")
    first = done + 0.2 * (1 - done)
    sink = _Counter(r"(\d+)/(\d+)", lambda share: progress(first + (1 - first) * share, "laying out the map"))
    settings = {"n_neighbors": COUNT, "min_dist": 0.1, "random_state": 0}
    bar = {"disable": False, "file": sink, "bar_format": "{n}/{total}|", "mininterval": 0.2, "desc": ""}
    known = neighbours.with_own(COUNT)
    if start is None:
        points = umap.UMAP(**settings, n_jobs=1, tqdm_kwds=bar, precomputed_knn=known).fit_transform(codes)
    else:
        model = umap.UMAP(**settings, n_jobs=1, precomputed_knn=known, transform_mode="graph").fit(codes)
        points = _continue_layout(model, start, bar)
    return Fit(np.asarray(points, np.float32), settings)


def _continue_layout(model: Any, start: np.ndarray, bar: dict[str, Any]) -> np.ndarray:
    """Improve a layout for the graph of a fitted umap.UMAP as it places new points: fewer, smaller steps.

    `UMAP(init=start)` would stretch it to a square first, and then take steps as large as for a map from nothing.
    """
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import make_epochs_per_sample

    graph = model.graph_.tocoo()
    weights = graph.data * (graph.data >= graph.data.max() / _MORE_EPOCHS)  # the others' turn would never come
    kept = weights > 0
    points = np.array(start, np.float32, order="C")
    moved: np.ndarray = optimize_layout_euclidean(
        points,
        points,
        graph.row[kept],
        graph.col[kept],
        _MORE_EPOCHS,
        len(points),
        make_epochs_per_sample(weights[kept], _MORE_EPOCHS),
        model._a,
        model._b,
        np.random.RandomState(0).randint(-(2**31), 2**31 - 1, 3).astype(np.int64),
        initial_alpha=_MORE_ALPHA,
        move_other=True,
        tqdm_kwds=bar,
    )
    return moved


def _fit_tsne(
    codes: np.ndarray, progress: Progress, neighbours: Neighbours | None = None, start: np.ndarray | None = None
) -> Fit:
    perplexity = 30
    if len(codes) <= perplexity:
        raise ValueError(f"t-SNE needs more than {perplexity} digits, got {len(codes)}. Use PCA for so few.")
    progress(0.0, "comparing the codes")
    from sklearn.manifold import TSNE

    settings = {"perplexity": perplexity, "init": "pca", "random_state": 0}
    more: dict[str, Any] = {}
    if start is not None:
        # Exaggeration would pull the map together first; the learning rate is the one it had.
        rate = max(len(codes) / 48, 50.0)
        more = {"init": np.array(start, np.float32), "early_exaggeration": 1.0, "learning_rate": rate, "max_iter": 250}
    total = more.get("max_iter", 1000)
    sink = _Counter(r"Iteration (\d+)()", lambda share: progress(0.05 + 0.95 * share, "laying out the map"), total)
    with redirect_stdout(sink):
        points = TSNE(**(settings | more), n_jobs=1, verbose=2).fit_transform(codes)
    return Fit(np.asarray(points, np.float32), settings)


class _Counter(io.StringIO):
    """Where UMAP's progress bar writes "12/200|" and t-SNE "Iteration 50: ...": the only way they tell how far."""

    def __init__(self, pattern: str, report: Callable[[float], None], total: int = 0) -> None:
        super().__init__()
        self._pattern, self._report, self._total = re.compile(pattern), report, total

    def write(self, text: str) -> int:
        if found := self._pattern.search(text):
            total = int(found[2] or self._total)
            if total:
                self._report(min(1.0, int(found[1]) / total))
        return len(text)


PROJECTORS = table(
    Projector(
        "pca",
        "PCA",
        "Principal component analysis, the flat plane in which the codes spread most.",
        _fit_pca,
        lambda count: 1e-5 * count,
        kind="flat",
    ),
    Projector(
        "umap",
        "UMAP",
        "A bent map that keeps neighbours together, whatever becomes of distances.",
        _fit_umap,
        lambda count: 12 + count / 2000,
        compares=True,
    ),
    Projector(
        "tsne",
        "t-SNE",
        "A bent map that keeps neighbours together and clusters apart, whatever becomes of distances.",
        _fit_tsne,
        lambda count: 3 + 60 * (count / 10_000) ** 1.35,
    ),
    Projector(
        "code",
        "The code itself",
        "The two numbers of a code, one to the right and one upwards, with nothing left out.",
        _fit_code,
        lambda count: 0.0,
        fits=lambda code_size: code_size == 2,
        kind="itself",
    ),
)
