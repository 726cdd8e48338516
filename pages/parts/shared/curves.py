"""The learning curves of chosen runs, under names that tell them apart."""

from __future__ import annotations

from collections.abc import Sequence

from core.figures.curves import Curves
from core.runs.run import Run, RunNotFound
from pages.parts.shared.controls.pickers import run_labels
from pages.parts.shared.run_controls import count_active


def curves_of(runs: Sequence[Run], active_in_front: bool = False) -> list[Curves]:
    """Return the curves of the runs that are still there, under names of their own.

    active_in_front: while some of them train, the others are the ground that they are seen against.
    """
    labels = run_labels(runs)
    curves = []
    some = active_in_front and count_active(runs) > 0
    for run in runs:
        try:
            loss, history, ended = run.config.loss, run.history(), not run.active()
            faint, at_once = some and ended, run.spec.learns == "at once"
            curves.append(Curves(labels[run.id], run.mark, loss, history, _beta(run), faint, ended, at_once))
        except RunNotFound:
            continue  # its status line says so
    return curves


def _beta(run: Run) -> float:
    beta = run.config.params.get("beta", 1.0)
    return float(beta) if isinstance(beta, int | float) else 1.0
