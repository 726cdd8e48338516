"""ROC and precision-recall curves of every class or of one, and a threshold that moves along those of one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from core.cache import keep_newest
from core.figures.curves import Figure
from core.figures.threshold_curves import (
    Chosen,
    Line,
    class_colors,
    describe_precision_recall,
    describe_roc,
    precision_recall,
    roc,
    with_chosen,
)
from core.measures.thresholds import PrecisionRecallCurve, RocCurve
from pages.parts.evaluate.detail import beside_detail
from pages.parts.evaluate.found import found_columns
from pages.parts.evaluate.gallery import gallery
from pages.parts.evaluate.readings import Digits, Reading, pick_reading, share_text
from pages.parts.evaluate.same import of_same_digits
from pages.parts.figure.component import live_figure
from pages.parts.figure.moving import Position, Positions, moving_figures, pack
from pages.parts.shared.controls.address import select
from pages.parts.shared.run_mark import run_mark
from pages.parts.shared.style import guarded, say
from pages.parts.shared.table import save_csv

_ALL = {"": "All classes"}
_HEIGHT = 400
_FILES = ("roc", "precision-recall")
_MEAN = ("#5b6570", "#c3cbd3")  # the mean of all classes, on the light and on the dark page
_MICRO = ("#15191d", "#ffffff")  # that of all pairs of a digit and a class
_NUMBERS = ("Precision", "Recall", "F1", "Right", "False positives", "False negatives")
# Hundredths, and towards both ends steps that about double the odds: a good classifier's probabilities lie there, and
# between .99 and 1 is more to be seen than between 0 and .99.
_ENDS = [digit / 10**power for power in (6, 5, 4, 3) for digit in (1, 2, 5)]
THRESHOLDS = (
    0.0, *_ENDS, *(number / 100 for number in range(1, 100)), *(round(1 - end, 6) for end in reversed(_ENDS)), 1.0
)  # fmt: skip
_Lines = tuple[list[Line], list[Line]]  # ROC, and precision over recall


@guarded()
def thresholds_part(readings: Sequence[Reading]) -> None:
    """Show the curves of all classes of one run, or of one class of all runs with a threshold."""
    classes = readings[0].digits.classes
    names = _ALL | {str(label): str(name) for label, name in enumerate(classes)}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="thresholds-controls"):
        label = select("Class against the rest", "class", names, "", 190)
        one = None if label else pick_reading("Classifier", readings)
        near = st.toggle("Close look", key="close-look", help="The corner where good classifiers are.")
    if one:
        _curves(_of_classes(one), near)
        return
    st.fragment(_with_threshold, key="threshold-part")(of_same_digits(readings), int(label), near)


def _of_classes(one: Reading) -> _Lines:
    digits = one.digits
    found = [
        _lines(str(name), class_colors(label), digits.rocs[label], digits.precision_recalls[label])
        for label, name in enumerate(digits.classes)
    ]
    found.append(_lines("macro mean", _MEAN, *digits.macro_curves, strong=True))
    found.append(_lines("micro mean", _MICRO, *digits.micro_curves, strong=True))
    return [pair[0] for pair in found], [pair[1] for pair in found]


def _lines(
    name: str, colors: tuple[str, str], curve: RocCurve, precision: PrecisionRecallCurve, strong: bool = False
) -> tuple[Line, Line]:
    return (
        Line(name, curve.false_positive_rate, curve.true_positive_rate, curve.auc, colors, strong),
        Line(name, precision.recall, precision.precision, precision.average_precision, colors, strong),
    )


def _curves(lines: _Lines, near: bool) -> None:
    figures, texts = _figures(lines, near, None)
    for column, name, figure, text in zip(st.columns(2, gap="medium"), _FILES, figures, texts, strict=True):
        with column:
            live_figure(figure, key=name, height=_HEIGHT, label=text)
            say(text)


def _figures(lines: _Lines, near: bool, share: float | None) -> tuple[list[Figure], list[str]]:
    """Return both figures, and a sentence about each."""
    figures = [roc(lines[0], corner=near), precision_recall(lines[1], prevalence=share, corner=near)]
    return figures, [describe_roc(lines[0]), describe_precision_recall(lines[1], share)]


@guarded()
def _with_threshold(readings: Sequence[Reading], label: int, near: bool) -> None:
    """Show the curves of one class of each run, and what the first finds of it at the threshold of the slider."""
    first = readings[0]
    shown = tuple((one.digits, one.run.name, run_mark(one.run).color) for one in readings)
    folders = " ".join(f"{one.run.folder}/{one.digits.split}" for one in readings)
    row = moving_figures(
        _positions(f"{folders} {label} {near}", label, near, shown),
        key="threshold",
        label=f"Threshold of {first.run.name}",
        hint=f"from which probability on a digit is read as {first.digits.classes[label]}",
        first=0.5,
    )
    name = f"What is found of class {first.digits.classes[label]}"
    save_csv(found_columns(first, label, THRESHOLDS), name, key="csv-et")
    beside_detail(first.digits, readings, partial(_mistakes, first, label, THRESHOLDS[row]))


@keep_newest(4)  # so that no other readings are kept in memory for long; each is 0.1 MB
def _positions(name: str, label: int, near: bool, shown: Sequence[tuple[Digits, str, str]]) -> Positions:
    """What is shown of a class at each threshold: the curves with a mark, and what is found there by the first run.

    name: of the runs' folders and the rest; shown: what each reads, its name and its colour.
    """
    first = shown[0][0]
    pairs = [
        _lines(run, (color, color), digits.rocs[label], digits.precision_recalls[label]) for digits, run, color in shown
    ]
    lines = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    figures, texts = _figures(lines, near, float((first.labels == label).mean()))
    positions = []
    for at in map(first.rankings[label].at, THRESHOLDS):
        chosen = (
            Chosen(at.false_positive_rate, at.recall, at.threshold),
            Chosen(at.recall, at.precision, at.threshold),
        )
        marked = [with_chosen(*one) for one in zip(figures, lines, chosen, strict=True)]
        counts = (f"{count:,}" for count in (at.tp, at.fp, at.fn))
        numbers = (*map(share_text, (at.precision, at.recall, at.f1)), *counts)
        positions.append(Position(at.threshold, threshold_text(at.threshold), marked, texts, numbers))
    return pack(positions, _FILES, height=_HEIGHT, names=_NUMBERS)


def threshold_text(value: float) -> str:
    """Return a threshold as people read it: with two decimals, or as many more as it has."""
    text = f"{value:.6f}".rstrip("0")
    return text if len(text) > 4 else f"{value:.2f}"


def _mistakes(one: Reading, label: int, threshold: float) -> None:
    """Show what the threshold takes for the class and is not, and what it misses, the worst first."""
    digits, scores = one.digits, one.digits.probabilities[:, label]
    said, true = scores >= threshold, digits.labels == label
    taken, missed = np.flatnonzero(said & ~true), np.flatnonzero(~said & true)
    taken, missed = taken[np.argsort(-scores[taken], kind="stable")], missed[np.argsort(scores[missed], kind="stable")]
    left, right = st.columns(2, gap="medium")
    for column, title, rows, what in ((left, "False positives", taken, "fp"), (right, "False negatives", missed, "fn")):
        with column:
            say(f"{title} of {one.run.name}: {len(rows):,}, the worst first")
            captions = [f"{digits.classes[digits.labels[row]]}, {100 * scores[row]:.0f} %" for row in rows]
            gallery(digits, rows, captions, key=f"{what}-{one.run.id}-{label}", label=title)
