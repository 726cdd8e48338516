"""What is found of a class at thresholds, as it is saved."""

from __future__ import annotations

from collections.abc import Sequence

from core.spreadsheet import Columns
from pages.parts.evaluate.readings import Reading

_FIGURES = ("precision", "recall", "f1", "tp", "fp", "fn", "tn")  # of AtThreshold


def found_columns(one: Reading, label: int, thresholds: Sequence[float]) -> Columns:
    """Return what a run finds of a class at each threshold, a line each."""
    found = [one.digits.rankings[label].at(threshold) for threshold in thresholds]
    return {
        "classifier": [one.run.name for _ in found],
        "class": [one.digits.classes[label] for _ in found],
        "threshold": list(thresholds),
        **{name: [getattr(at, name) for at in found] for name in _FIGURES},
    }
