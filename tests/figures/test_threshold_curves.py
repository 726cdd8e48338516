"""Curves over all thresholds: what is drawn as it was measured, in the colours of both pages, and its sentences."""

import json
import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures.palette import DIGIT_COLORS
from core.figures.threshold_curves import (
    Chosen,
    Line,
    class_colors,
    describe_precision_recall,
    describe_roc,
    precision_recall,
    roc,
)

NOTHING = Line("8", np.empty(0), np.empty(0), math.nan, class_colors(8))
MEAN = Line("mean", np.array([0, 1]), np.array([0, 1]), 0.75, ("#000000", "#ffffff"), strong=True)


def line(label: int, area: float = 0.9) -> Line:
    return Line(str(label), np.array([0, 0.1, 1]), np.array([0, 0.8, 1]), area, class_colors(label))


def sound(figure: dict[str, Any]) -> dict[str, Any]:
    """A figure that Plotly accepts and JSON can carry, NaN forbidden."""
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)
    return figure


def test_curves_are_drawn_as_they_are_over_the_diagonal():
    chance, curve, mean = sound(roc([line(3), MEAN]))["data"]
    assert (chance["x"], chance["y"], chance["hoverinfo"]) == ([0, 1], [0, 1], "skip")
    assert (curve["x"], curve["y"], curve["name"]) == ([0, 0.1, 1], [0, 0.8, 1], "3: 0.9000")
    assert curve["line"]["shape"] == "linear"
    assert mean["line"]["width"] > curve["line"]["width"]


def test_precision_goes_in_steps_over_what_guessing_has():
    chance, curve = sound(precision_recall([line(3)], prevalence=0.1))["data"]
    assert chance["y"] == [0.1, 0.1]
    assert curve["line"]["shape"] == "vh"
    assert len(precision_recall([line(3)])["data"]) == 1


def test_a_class_has_its_colour_on_either_page():
    (_, curve) = roc([line(3)])["data"]
    assert curve["meta"] == {"light": DIGIT_COLORS["light"][3], "dark": DIGIT_COLORS["dark"][3]}
    assert curve["line"]["color"] == DIGIT_COLORS["light"][3]
    assert class_colors(13) == class_colors(3)


def test_the_threshold_that_is_set_is_a_ring_in_its_curves_colour():
    ring = sound(roc([line(3), line(5)], chosen=Chosen(0.1, 0.8, 0.5, line=1)))["data"][-1]
    assert (ring["x"], ring["y"], ring["marker"]["color"]) == ([0.1], [0.8], DIGIT_COLORS["light"][5])
    assert ring["hovertemplate"].startswith("threshold 0.5")


@pytest.mark.parametrize("draw", [roc, precision_recall])
def test_a_close_look_is_another_view(draw):
    whole, near = sound(draw([line(3)])), sound(draw([line(3)], corner=True))
    assert whole["layout"]["uirevision"] != near["layout"]["uirevision"]
    low, high = near["layout"]["yaxis"]["range"]
    assert 0.89 < low < 0.9
    assert 1 < high < 1.01


@pytest.mark.parametrize("draw", [roc, precision_recall])
@pytest.mark.parametrize(
    ("lines", "word"), [([], "no class is chosen"), ([NOTHING], "no digits of this class"), ([NOTHING, line(3)], "")]
)
def test_curves_that_are_not_there_are_said_not_to_be(draw, lines, word):
    figure = sound(draw(lines))
    assert [note["text"] for note in figure["layout"]["annotations"]] == ([word] if word else [])
    assert all("nan" not in trace.get("name", "") for trace in figure["data"])


def test_names_cannot_become_markup_or_a_template():
    name = '<a href="x">%{x}</a>'
    (_, curve) = sound(roc([Line(name, np.array([0, 1]), np.array([0, 1]), 0.5, class_colors(0))]))["data"]
    assert "<a" not in curve["name"] + curve["hovertemplate"]
    assert curve["hovertemplate"].count("%{") == 2


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([line(3)], "The area under the ROC curve is 0.9000 (3); guessing has 0.5."),
        ([line(3), line(1, 0.8)], "The area under the ROC curve is 0.8000 (1) and 0.9000 (3); guessing has 0.5."),
        (
            [line(3), line(1, 0.8), line(2, 0.85), NOTHING, MEAN],
            "The area under the ROC curve goes from 0.8000 (1) to 0.9000 (3); 0.7500 (mean); guessing has 0.5.",
        ),
        ([MEAN], "The area under the ROC curve is 0.7500 (mean); guessing has 0.5."),
        ([NOTHING], "There is no area under the ROC curve: no digits of this class."),
        ([], "There is no area under the ROC curve: no class is chosen."),
    ],
)
def test_areas_are_told_in_a_sentence(lines, said):
    assert describe_roc(lines) == said


def test_average_precisions_are_told_with_what_guessing_has_where_it_is_known():
    assert describe_precision_recall([line(3)], 0.101) == "The average precision is 0.9000 (3); guessing has 0.101."
    assert describe_precision_recall([line(3)]) == "The average precision is 0.9000 (3)."
