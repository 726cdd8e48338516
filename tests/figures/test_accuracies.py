"""How often models are right, over how sure they are and beside each other: empty bins, no runs, ranks, sentences."""

import json
import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures.accuracies import (
    best_first,
    chart_height,
    classifier_chart,
    describe_classifier_chart,
    describe_reliability,
    reliability,
)
from core.figures.palette import run_mark

EDGES = np.linspace(0, 1, 5)
NONE = math.nan
CONFIDENCE, ACCURACY = np.array([NONE, 0.4, 0.7, 0.98]), np.array([NONE, 0.0, 0.6, 0.99])
LOW, HIGH = np.array([NONE, 0.0, 0.5, 0.985]), np.array([NONE, 0.79, 0.7, 0.995])
COUNTS = np.array([0, 1, 100, 899])


def sound(figure: dict[str, Any]) -> dict[str, Any]:
    """A figure that Plotly accepts and JSON can carry, NaN forbidden."""
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)
    return figure


def words(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_bins_with_digits_are_points_with_a_band_over_their_numbers():
    figure = sound(reliability(EDGES, CONFIDENCE, ACCURACY, LOW, HIGH, COUNTS, mark=2, name="CNN"))
    diagonal, points, bars = figure["data"]
    assert (diagonal["x"], diagonal["y"]) == ([0, 1], [0, 1])
    assert (points["x"], points["y"]) == ([0.4, 0.7, 0.98], [0, 0.6, 0.99])
    assert points["error_y"]["array"] == pytest.approx([0.79, 0.1, 0.005])
    assert points["error_y"]["arrayminus"] == pytest.approx([0, 0.1, 0.005])
    assert points["line"]["color"] == run_mark(2).color
    assert (bars["x"], bars["y"], bars["yaxis"]) == ([0.375, 0.625, 0.875], [1, 100, 899], "y2")
    low, high = figure["layout"]["yaxis2"]["range"]
    assert low < 0  # a single digit is seen
    assert high > math.log10(899)
    assert words(points["hovertext"][0]) == (
        "confidence 25 to 50 %, on average 40 %<br>right on 0 % (95 % from 0 to 79 %) of 1 digit"
    )


def test_no_digits_are_said_to_be_none():
    empty = np.full(4, NONE)
    figure = sound(reliability(EDGES, empty, empty, empty, empty, np.zeros(4, int)))
    assert figure["layout"]["annotations"][-1]["text"] == "no digits"
    assert describe_reliability(empty, empty, np.zeros(4, int), "CNN") == "CNN has read no digits yet."


def test_reliability_is_told_in_a_sentence():
    assert words(describe_reliability(CONFIDENCE, ACCURACY, COUNTS, "CNN")) == (
        "CNN is 95.14 % sure on average and right on 95 % of 1,000 digits; bin by bin the two are 1.9 points apart."
    )


NAMES, RATES = ["MLP", "CNN", "Linear", "Waiting"], [0.98, 0.992, 0.92, NONE]
LOWS, HIGHS = [0.977, 0.99, 0.915, NONE], [0.9905, 0.994, 0.925, NONE]


def test_runs_are_rows_with_the_best_on_top_in_their_colours_and_marks():
    figure = sound(classifier_chart(NAMES, [4, 0, 2, 3], RATES, LOWS, HIGHS))
    (dots,) = figure["data"]
    assert figure["layout"]["yaxis"]["ticktext"] == ["CNN", "MLP", "Linear"]
    assert (dots["x"], dots["y"]) == ([0.992, 0.98, 0.92], [0, 1, 2])
    assert dots["marker"]["color"] == [run_mark(number).color for number in (0, 4, 2)]
    assert dots["marker"]["symbol"] == [run_mark(number).marker for number in (0, 4, 2)]
    assert dots["error_x"]["array"] == pytest.approx([0.002, 0.0105, 0.005])
    low, high = figure["layout"]["yaxis"]["range"]
    assert low > high
    left, right = figure["layout"]["xaxis"]["range"]
    assert left < 0.915 < 0.994 < right
    assert words(dots["hovertext"][0]) == "<b>CNN</b><br>99.2 %, 95 % from 99 to 99.4 %"


def test_equal_runs_stay_as_they_came():
    assert best_first([0.9, 0.95, 0.95, NONE]) == [1, 2, 0]


def test_no_run_and_one_run_are_figures():
    empty = sound(classifier_chart([], [], [], [], []))
    assert empty["layout"]["annotations"][-1]["text"] == "no run is chosen"
    sound(classifier_chart(["All"], [0], [1.0], [1.0], [1.0]))
    assert chart_height(9) > chart_height(2) == chart_height(0)


def test_long_names_are_cut_further_where_there_is_little_room():
    figure = classifier_chart(["x" * 99, "<b>"], [0, 1], [0.9, 0.8], [0.9, 0.8], [0.9, 0.8])
    long, markup = figure["layout"]["yaxis"]["ticktext"]
    (short, _) = figure["layout"]["meta"]["narrow"]["yaxis"]["ticktext"]
    assert (len(long), len(short), long[-1], markup) == (28, 16, "…", "&lt;b&gt;")
    assert "x" * 99 in figure["data"][0]["hovertext"][0]


def test_the_best_is_told_with_how_many_may_be_as_good():
    assert words(describe_classifier_chart(NAMES, RATES, LOWS, HIGHS)) == (
        "CNN has the highest accuracy, 99.2 % (95 % from 99 to 99.4 %); "
        "1 of 2 other intervals reach into its own; Linear has the lowest, 92 %."
    )
    alone = describe_classifier_chart(["CNN"], [0.992], [0.99], [0.994])
    assert words(alone) == "CNN has an accuracy of 99.2 % (95 % from 99 to 99.4 %)."
    apart = describe_classifier_chart(["CNN", "Linear"], [0.992, 0.92], [0.99, 0.915], [0.994, 0.925])
    assert "no other interval reaches into its own" in apart
    assert describe_classifier_chart([], [], [], []) == "No run is chosen."
