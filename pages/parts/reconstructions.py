"""What the Reconstruct page computes and shows: redrawn digits as rows of a strip, and errors over a whole test set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from core import data, evaluate
from core.data import DATASETS
from core.figures import RUN_COLORS, RUN_GLYPHS
from core.runs import Run, store
from pages.parts.strips import Row, error_map, image_strip, rgb


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
        model = run.load_model()
        return cls(
            run.name, run.config.dataset, model.code_size, lambda images: evaluate.reconstruct(model, images), run
        )

    @classmethod
    def of_pca(cls, dataset: str, code_size: int) -> Redrawer:
        """Take the first components of a data set's training images."""
        fitted = evaluate.pca(dataset)
        redraw = lambda images: evaluate.to_bytes(fitted.reconstruct(images, code_size))  # noqa: E731
        return cls("PCA", dataset, code_size, redraw)

    @property
    def detail(self) -> str:
        """What stands under the name."""
        fit = "" if self.run else f", fit on {DATASETS[self.dataset].title}"
        return f"code of {self.code_size} numbers{fit}"

    @property
    def mark(self) -> tuple[str, str]:
        """The run's glyph and colour, nothing for PCA."""
        if self.run is None:
            return "", ""
        return RUN_GLYPHS[self.run.color % len(RUN_GLYPHS)], RUN_COLORS[self.run.color % len(RUN_COLORS)]


@dataclass(frozen=True)
class Score:
    """One line of the table: a run's mean squared error over its test set, and PCA's with as many numbers.

    None where the data set is not on this disk, or the model draws no numbers.
    """

    line: Redrawer
    error: float | None = None
    pca: float | None = None


def score(line: Redrawer) -> Score:
    """Measure a run over its whole test set, once per weights."""
    if line.run is None or not data.is_ready(line.dataset):
        return Score(line)
    folder = str(data.data_dir())
    pca = _pca_error(line.dataset, folder, line.code_size)
    try:
        return Score(line, _test_error(str(store().folder), line.run.id, line.run.weights_version(), folder), pca)
    except ValueError:  # weights that are not finite, or a run that has just been removed
        return Score(line, None, pca)


# Failures are not kept: a raised error is computed anew the next time.
@st.cache_data(max_entries=64, show_spinner="Redrawing the whole test set")
def _test_error(folder: str, run_id: str, version: int, data_folder: str) -> float:
    run = store().get(run_id)
    test = data.load(run.config.dataset).test
    return float(evaluate.reconstruction_errors(run.load_model(), test.images).mean())


@st.cache_data(max_entries=64, show_spinner="Finding the principal components of the training digits (once)")
def _pca_error(dataset: str, data_folder: str, code_size: int) -> float:
    return evaluate.pca_error(dataset, code_size)


def rows_of(line: Redrawer, images: np.ndarray, with_error: bool) -> list[Row]:
    """Return the reconstructions of uint8 images (k, 28, 28) as a row, and if wished where they err."""
    redrawn = line.redraw(images)
    mark, color = line.mark
    row = Row(line.name, redrawn, line.detail, mark=mark, color=color)
    if not with_error:
        return [row]
    errors = evaluate.mean_squared_errors(images, redrawn / np.float32(255))
    notes = [f"{error:.4f}" for error in errors]
    return [row, Row("", error_map(images, redrawn), f"error, mean {errors.mean():.4f}", notes)]


def drawing_strip(lines: Sequence[Redrawer], drawn: np.ndarray | None, with_error: bool) -> None:
    """Show one drawing, uint8 (28, 28), beside what each line makes of it."""
    if drawn is None:
        st.caption("Draw a digit: when the pen comes up it is redrawn here.")
        return
    rows = []
    for line in lines:
        redrawn = line.redraw(drawn[None])
        shown = [rgb(drawn[None]), rgb(redrawn)] + ([error_map(drawn[None], redrawn)] if with_error else [])
        error = float(evaluate.mean_squared_errors(drawn[None], redrawn / np.float32(255))[0])
        mark, color = line.mark
        rows.append(
            Row(line.name, np.concatenate(shown), f"{line.code_size} numbers, error {error:.4f}", (), mark, color)
        )
    if rows:
        image_strip(rows, ["Drawing", "Redrawn", "Error"][: len(rows[0].images)], scale=3)


def score_table(scores: Sequence[Score]) -> None:
    """Show the runs' errors beside PCA's, the better one of each line in bold."""
    lines = "".join(_line(score) for score in scores)
    st.html(
        '<table class="dl-scores"><thead><tr><th>Run</th><th>Code</th><th>Test MSE</th><th>PCA MSE</th>'
        f"<th>Ratio</th></tr></thead><tbody>{lines}</tbody></table>{_STYLE}"
    )


def _line(score: Score) -> str:
    line = score.line
    mark, color = line.mark
    cells = [f'<i style="color:{color}" aria-hidden="true">{mark}</i>{escape(line.name)}', str(line.code_size)]
    own, other = (None if error is None else f"{error:.4f}" for error in (score.error, score.pca))
    better = score.error is not None and score.pca is not None and score.error < score.pca
    cells.append(f"<b>{own}</b>" if better else own or "–")
    cells.append(f"<b>{other}</b>" if other and own and not better else other or "–")
    cells.append(f"{score.error / score.pca:.2f}" if score.error is not None and score.pca else "–")
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def describe(scores: Sequence[Score]) -> str:
    """The table in a sentence."""
    known = [(s.error, s.pca, s.line.name) for s in scores if s.error is not None and s.pca is not None]
    if not known:
        return "No error over a whole test set is known: the data set is not on this disk."
    error, _, name = min(known)
    ahead = sum(own < other for own, other, _ in known)
    lead = f"{name} redraws its whole test set with a mean squared error of {error:.4f} a pixel, the least here"
    return f"{lead}; {ahead} of {len(known)} err less than PCA with a code of the same size."


_STYLE = """<style>
.dl-scores { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
.dl-scores th { font-weight: 500; opacity: .75; font-size: 13px; }
.dl-scores th, .dl-scores td { text-align: right; padding: 5px 0 5px 12px; white-space: nowrap; border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 16%, transparent); }
.dl-scores th:first-child, .dl-scores td:first-child { text-align: left; padding-left: 0; white-space: normal;
  overflow-wrap: anywhere; }
.dl-scores i { font-style: normal; margin-right: 7px; }
</style>"""
