"""What the Reconstruct page computes and shows: redrawn digits as rows of a strip, and errors over a whole test set."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core import paths
from core.data import datasets
from core.data.datasets import DATASETS
from core.measures import pca, reconstruction
from core.runs.run import Run
from core.runs.store import store
from core.runs.weights import load_model
from core.spreadsheet import Columns
from pages.parts.shared.noise import Noise
from pages.parts.shared.run_mark import RunMark, run_mark
from pages.parts.shared.strips import StripRow, error_map, image_strip, rgb
from pages.parts.shared.table import Cell, table


@dataclass(frozen=True)
class Redrawer:
    """Whatever redraws digits from a short code: a run's autoencoder, or PCA with a code of the same size."""

    name: str
    dataset: str
    code_size: int
    redraw: Callable[[np.ndarray], np.ndarray]  # uint8 (k, 28, 28) -> uint8 (k, 28, 28)
    run: Run | None = None

    @classmethod
    def of_run(cls, run: Run) -> Redrawer:
        """Load a run's newest weights. Raises ValueError when it has none that can be used."""
        model = load_model(run)
        return cls(
            run.name, run.config.dataset, model.code_size, lambda images: reconstruction.reconstruct(model, images), run
        )

    @classmethod
    def of_pca(cls, dataset: str, code_size: int) -> Redrawer:
        """Take the first components of a data set's training images."""
        fitted = pca.pca(dataset)
        redraw = lambda images: reconstruction.to_bytes(fitted.reconstruct(images, code_size))  # noqa: E731
        return cls("PCA", dataset, code_size, redraw)

    @property
    def detail(self) -> str:
        """What stands under the name."""
        fit = "" if self.run else f", fit on {DATASETS[self.dataset].title}"
        return f"code of {self.code_size} numbers{fit}"

    @property
    def mark(self) -> RunMark | None:
        """The run's mark, None for PCA."""
        return run_mark(self.run) if self.run else None


@dataclass(frozen=True)
class Score:
    """One line of the table: a run's mean squared error over its test set, and PCA's with as many numbers.

    None where the data set is not on this disk, or the model draws no numbers, or PCA has not so many.
    """

    line: Redrawer
    error: float | None = None
    pca: float | None = None


def score(line: Redrawer, noise: Noise) -> Score:
    """Measure a run over its whole test set with this noise, against the clean digits, once per weights."""
    if line.run is None or not datasets.is_ready(line.dataset):
        return Score(line)
    folder = str(paths.data_dir())
    pca = _pca_error(line.dataset, folder, line.code_size, noise) if fits_pca(line.code_size) else None
    version = line.run.weights_version()
    try:
        return Score(line, _test_error(str(store().folder), line.run.id, version, folder, noise), pca)
    except ValueError:  # weights that are not finite, or a run that has just been removed
        return Score(line, None, pca)


def fits_pca(code_size: int) -> bool:
    """Say whether PCA has codes of that size; there are no more components than pixels."""
    return code_size <= reconstruction.PIXELS


# Failures are not kept: a raised error is computed anew the next time.
@st.cache_data(max_entries=256, show_spinner="Redrawing the whole test set")
def _test_error(folder: str, run_id: str, version: int, data_folder: str, noise: Noise) -> float:
    run = store().get(run_id)
    model = load_model(run)
    return _error(run.config.dataset, noise, lambda images: model.decode(model.encode(images)))


@st.cache_data(max_entries=256, show_spinner="Finding the principal components of the training digits (once)")
def _pca_error(dataset: str, data_folder: str, code_size: int, noise: Noise) -> float:
    fitted = pca.pca(dataset)
    return _error(dataset, noise, lambda images: fitted.reconstruct(images, code_size))


def _error(dataset: str, noise: Noise, redraw: Callable[[np.ndarray], np.ndarray]) -> float:
    """Return the mean squared error over a whole test set of what is redrawn of its digits with noise.

    Raises ValueError when that is not finite.
    """
    clean = datasets.load(dataset).test.images
    pairs = zip(datasets.batches(clean), datasets.batches(noise.on(clean)), strict=True)
    error = float(
        np.concatenate([reconstruction.mean_squared_errors(images, redraw(seen)) for images, seen in pairs]).mean()
    )
    if not math.isfinite(error):
        raise ValueError("The pictures are not numbers. Train the model again with a smaller learning rate.")
    return error


def rows_of(line: Redrawer, images: np.ndarray, seen: np.ndarray, with_error: bool) -> list[StripRow]:
    """Return what the line makes of `seen` as a row, and if wished where it errs from the images they come from.

    images, seen: uint8 (k, 28, 28), without and with noise.
    """
    redrawn = line.redraw(seen)
    row = StripRow(line.name, redrawn, line.detail, mark=line.mark)
    if not with_error:
        return [row]
    errors = reconstruction.mean_squared_errors(images, redrawn / np.float32(255))
    notes = [f"{error:.4f}" for error in errors]
    return [row, StripRow("", error_map(images, redrawn), f"error, mean {errors.mean():.4f}", notes)]


def drawing_strip(lines: Sequence[Redrawer], drawn: np.ndarray | None, with_error: bool, noise: Noise) -> None:
    """Show one drawing, uint8 (28, 28), beside what each line makes of it with noise."""
    if drawn is None:
        st.caption("Draw a digit: when the pen comes up it is redrawn here.")
        return
    drawing = drawn[None]
    seen = noise.on(drawing)
    rows, names = [], []
    for line in lines:
        redrawn = line.redraw(seen)
        columns = {"Drawing": rgb(drawing), "Noise": rgb(seen), "Redrawn": rgb(redrawn)}
        columns["Error"] = error_map(drawing, redrawn)
        names = [name for name in columns if (noise.active or name != "Noise") and (with_error or name != "Error")]
        shown = np.concatenate([columns[name] for name in names])
        error = float(reconstruction.mean_squared_errors(drawing, redrawn / np.float32(255))[0])
        rows.append(StripRow(line.name, shown, f"{line.code_size} numbers, error {error:.4f}", mark=line.mark))
    if rows:
        image_strip(rows, names, scale=3)


def score_table(scores: Sequence[Score]) -> None:
    """Show the runs' errors beside PCA's, the better one of each line in bold."""
    head = ("Run", "Code", "Test error", "PCA’s error", "Ratio")
    columns: Columns = {
        "run": [score.line.name for score in scores],
        "code_size": [score.line.code_size for score in scores],
        "test_error": [math.nan if score.error is None else score.error for score in scores],
        "pca_error": [math.nan if score.pca is None else score.pca for score in scores],
    }
    rows, label = [_line(score) for score in scores], "Errors beside those of PCA"
    table(rows, head, name="dl-scores", label=label, look="wide", columns=columns)


def _line(score: Score) -> list[str | Cell]:
    line, own, other = score.line, score.error, score.pca
    texts = ["–" if error is None else f"{error:.4f}" for error in (own, other)]
    better = own is not None and other is not None and own < other
    worse = own is not None and other is not None and not better
    return [
        Cell(line.name, mark=line.mark),
        str(line.code_size),
        Cell(texts[0], bold=better),
        Cell(texts[1], bold=worse),
        f"{own / other:.2f}" if own is not None and other else "–",
    ]


def describe_errors(scores: Sequence[Score], noise: Noise) -> str:
    """The table in a sentence, and with noise another one on what was measured."""
    known = [(s.error, s.line.name) for s in scores if s.error is not None]
    if not known:
        return "No error over a whole test set is known: the data set is not on this disk."
    error, name = min(known)
    pairs = [(s.error, s.pca) for s in scores if s.error is not None and s.pca is not None]
    ahead = sum(own < other for own, other in pairs)
    task = f"cleans its whole test set of {noise}" if noise.active else "redraws its whole test set"
    lead = f"{name} {task} with a mean squared error of {error:.4f} a pixel, the least here"
    said = f"{lead}; {ahead} of {len(pairs)} err less than PCA with a code of the same size." if pairs else f"{lead}."
    if noise.active:
        said += " All were given the same noisy digits, PCA too, and are measured against the clean ones."
    return said


def cleaner(lines: Sequence[Redrawer], noise: Noise) -> Run | None:
    """Return a run that learned to take off this noise, where none of those shown did; None where there is none."""
    shown = [line.run for line in lines if line.run]
    if not noise.active or any(run.config.noise == noise.kind for run in shown):
        return None
    able = (run for run in store().runs("reconstruct") if run.config.noise == noise.kind and run.has_weights())
    return next(able, None)


def cleaners(lines: Sequence[Redrawer]) -> str:
    """Say which of the runs were trained to clean what noise; empty when none was."""
    configs = {line.name: line.run.config for line in lines if line.run}
    noises = {name: Noise(config.noise, config.noise_level) for name, config in configs.items()}
    return " ".join(f"{name} was trained to clean {noise}." for name, noise in noises.items() if noise.active)
