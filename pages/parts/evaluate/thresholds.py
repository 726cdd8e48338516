"""ROC and precision-recall curves of every class or of one, and a threshold that moves along those of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from core.figures.threshold_curves import (
    Chosen,
    Line,
    class_colors,
    describe_precision_recall,
    describe_roc,
    precision_recall,
    roc,
)
from core.measures.thresholds import AtThreshold, PrecisionRecallCurve, RocCurve
from pages.parts.evaluate.detail import beside_detail
from pages.parts.evaluate.found import found_columns
from pages.parts.evaluate.gallery import gallery
from pages.parts.evaluate.readings import Reading, pick_reading, share_text
from pages.parts.evaluate.same import of_same_digits
from pages.parts.figure.component import live_figure
from pages.parts.shared.controls.address import select
from pages.parts.shared.run_mark import run_mark
from pages.parts.shared.style import guarded, plain, say
from pages.parts.shared.table import table

_ALL = {"": "All classes"}
_HEIGHT = 400
_MEAN = ("#5b6570", "#c3cbd3")  # the mean of all classes, on the light and on the dark page
_MICRO = ("#15191d", "#ffffff")  # that of all pairs of a digit and a class


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
        _curves(_of_classes(one), near, None, None)
        return
    st.fragment(_with_threshold, key="threshold-part")(of_same_digits(readings), int(label), near)


def _of_classes(one: Reading) -> tuple[list[Line], list[Line]]:
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


@guarded()
def _with_threshold(readings: Sequence[Reading], label: int, near: bool) -> None:
    """Show the curves of one class of each run, and what the first finds of it at the threshold of the slider."""
    first = readings[0]
    name = str(first.digits.classes[label])
    threshold = st.slider(
        f"Threshold of {plain(first.run.name)}: read as {name} from which probability on",
        0.0,
        1.0,
        0.5,
        0.01,
        key="threshold",
        bind="query-params",
        persist_state="session",
    )
    at = first.digits.rankings[label].at(threshold)
    pairs = []
    for one in readings:
        color = run_mark(one.run).color
        curves = (one.digits.rocs[label], one.digits.precision_recalls[label])
        pairs.append(_lines(one.run.name, (color, color), *curves))
    share = float((first.digits.labels == label).mean())
    _curves(([pair[0] for pair in pairs], [pair[1] for pair in pairs]), near, share, at)
    head = ["", "Precision", "Recall", "F1", "Right", "False positives", "False negatives"]
    figures = [*map(share_text, (at.precision, at.recall, at.f1)), *(f"{count:,}" for count in (at.tp, at.fp, at.fn))]
    table(
        [[f"At {threshold:g}", *figures]],
        head,
        name="et",
        label=f"What is found of class {name}",
        look="short",
        columns=found_columns(first, label, [threshold]),
    )
    beside_detail(first.digits, readings, partial(_mistakes, first, label, threshold))


def _curves(lines: tuple[list[Line], list[Line]], near: bool, share: float | None, at: AtThreshold | None) -> None:
    chosen = (
        [_chosen(at, at.false_positive_rate, at.recall), _chosen(at, at.recall, at.precision)] if at else [None] * 2
    )
    left, right = st.columns(2, gap="medium")
    with left:
        text = describe_roc(lines[0])
        live_figure(roc(lines[0], chosen=chosen[0], corner=near), key="roc", height=_HEIGHT, label=text)
        say(text)
    with right:
        text = describe_precision_recall(lines[1], share)
        figure = precision_recall(lines[1], prevalence=share, chosen=chosen[1], corner=near)
        live_figure(figure, key="precision-recall", height=_HEIGHT, label=text)
        say(text)


def _chosen(at: AtThreshold, x: float, y: float) -> Chosen | None:
    return None if math.isnan(x) or math.isnan(y) else Chosen(x, y, at.threshold)


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
