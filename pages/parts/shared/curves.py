"""The learning curves of chosen runs, under names that tell them apart."""

from __future__ import annotations

from collections.abc import Sequence

from core.figures.curves import Curves
from core.runs.run import Run, RunNotFound
from pages.parts.shared.pickers import run_labels


def curves_of(runs: Sequence[Run]) -> list[Curves]:
    """Return the curves of the runs that are still there, under names of their own."""
    labels = run_labels(runs)
    curves = []
    for run in runs:
        try:
            curves.append(Curves(labels[run.id], run.mark, run.config.loss, run.history(), _beta(run)))
        except RunNotFound:
            continue  # its status line says so
    return curves


def _beta(run: Run) -> float:
    beta = run.config.params.get("beta", 1.0)
    return float(beta) if isinstance(beta, int | float) else 1.0
