"""How a drawing was read while it grew: the probabilities after each part of its ink."""

from __future__ import annotations

import numpy as np

from core.ink.render import prefix, render
from core.live.question import Question, Reply, drawing, flag, run_of
from core.measures.calibration import CALIBRATION, calibrate
from core.runs.run import Run
from core.runs.weights import load_model

PARTS = 24  # into which the ink is divided; all their pictures are read at once


def growth(question: Question) -> Reply:
    """Read a growing drawing.

    {"kind": "growth", "run", "strokes", "width", "off": steps, "calibrated": whether at the run's temperature}
        -> {"at": fractions of the ink, rising, the last 1, "probabilities": ten at each of them}, with nothing in
           the lists for an empty drawing.
    """
    strokes, width, off = drawing(question)
    run = run_of(question, "classify", "does not read digits: choose a classifier.")
    if not strokes:
        return {"at": [], "probabilities": []}
    at = np.linspace(0, 1, PARTS + 1)[1:].round(5).tolist()
    pictures = np.stack([render(prefix(strokes, fraction), width, off) for fraction in at])
    read = probabilities(run, pictures, flag(question, "calibrated"))
    return {"at": at, "probabilities": read}


def probabilities(run: Run, images: np.ndarray, calibrated: bool = False) -> list[list[float]]:
    """Return what a classifier says of uint8 images (n, 28, 28), ten numbers each, rounded to 5 decimals.

    calibrated: at the run's own temperature, where that is known. Raises ValueError when they are not finite.
    """
    found = np.asarray(load_model(run).predict_proba(images), dtype=np.float64)
    if not np.isfinite(found).all():
        raise ValueError(f"The weights of {run.name} hold numbers that are not finite: train it again with a lower lr.")
    if calibrated and (known := CALIBRATION.load_current(run)) is not None:
        found = calibrate(found, known.temperature)
    rounded: list[list[float]] = found.round(5).tolist()
    return rounded
