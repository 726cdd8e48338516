"""Accuracy over its cost: points, intervals, the front, names that touch nothing; and how far runs agree."""

import json
import math
from itertools import combinations, product
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures.agreement import agreement_height, agreement_matrix, describe_agreement
from core.figures.costs import Priced, cost_chart, describe_costs, name_places
from core.figures.palette import run_mark
from core.measures.comparison import agreement, pareto_front

RUNS = [
    Priced("CNN", 0, 160_000, 0.9939, 0.9922, 0.9952),
    Priced("Small <b>", 3, 30_000, 0.9944, 0.9927, 0.9957),
    Priced("Softmax", 2, 7_850, 0.9244, 0.919, 0.9294),
]


def sound(figure: dict[str, Any]) -> dict[str, Any]:
    """A figure that Plotly accepts and JSON can carry, NaN forbidden."""
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)
    return figure


def front_of(runs: list[Priced]) -> np.ndarray:
    return pareto_front(np.array([one.cost for one in runs]), np.array([one.accuracy for one in runs]))


def test_points_are_errors_over_costs_with_their_intervals():
    figure = sound(cost_chart(RUNS, front_of(RUNS), "Learned parameters", "learned parameters"))
    steps, points = figure["data"]
    assert points["x"] == [160_000, 30_000, 7_850]
    assert points["y"] == pytest.approx([0.0061, 0.0056, 0.0756])
    assert np.add(points["y"], points["error_y"]["array"]) == pytest.approx([0.0078, 0.0073, 0.081])
    assert np.subtract(points["y"], points["error_y"]["arrayminus"]) == pytest.approx([0.0048, 0.0043, 0.0706])
    assert points["marker"]["symbol"] == [run_mark(number).marker for number in (0, 3, 2)]
    assert points["hovertext"][1].startswith("<b>Small &lt;b&gt;</b><br>30,000 learned parameters<br>99.44")
    assert [text.endswith("on the front") for text in points["hovertext"]] == [False, True, True]
    assert steps["x"][:2] == [7_850, 30_000]  # from the cheapest on
    assert steps["y"] == pytest.approx([0.0756, 0.0056, 0.0056])
    layout = figure["layout"]
    assert layout["xaxis"]["type"] == layout["yaxis"]["type"] == "log"
    (left, right), (low, high) = layout["xaxis"]["range"], layout["yaxis"]["range"]
    assert left < math.log10(7_850) < math.log10(160_000) < right
    assert low > math.log10(0.081) > math.log10(0.0043) > high  # the most accurate are on top
    ticks = dict(zip(layout["yaxis"]["tickvals"], layout["yaxis"]["ticktext"], strict=True))
    assert (ticks[0.01], ticks[0.005]) == ("99\N{NO-BREAK SPACE}%", "99.5\N{NO-BREAK SPACE}%")


def test_the_front_is_told_in_a_sentence():
    assert describe_costs(RUNS, front_of(RUNS), "seconds of training") == (
        "Softmax and Small <b> are on the front: no other chosen run is as accurate with as few seconds of training."
    )
    assert describe_costs(RUNS[:2], front_of(RUNS[:2]), "x").startswith("Small <b> is on the front")
    assert describe_costs(RUNS[:1], front_of(RUNS[:1]), "x") == ""


def test_no_run_one_run_and_one_without_an_error():
    assert (
        sound(cost_chart([], np.zeros(0, bool), "Seconds"))["layout"]["annotations"][-1]["text"] == "no run is chosen"
    )
    for one in (RUNS[0], Priced("All", 0, 1, 1.0, 0.99, 1.0), Priced("None", 0, 0.2, 0.0, 0.0, 0.01)):
        sound(cost_chart([one], np.array([True]), "Seconds"))


def boxes(figure: dict[str, Any], width: float, height: float) -> list[tuple[float, float, float, float]]:
    """Where names and marks are in a plot of such a size, in pixels, generously."""
    (x0, x1), (y0, y1) = figure["layout"]["xaxis"]["range"], figure["layout"]["yaxis"]["range"]
    found = []
    for x, y in zip(figure["data"][1]["x"], figure["data"][1]["y"], strict=True):
        at = (math.log10(x) - x0) / (x1 - x0) * width, (math.log10(y) - y0) / (y1 - y0) * height
        found.append((at[0] - 5, at[1] - 5, at[0] + 5, at[1] + 5))
    for note in figure["layout"]["annotations"]:
        x, y = (note["x"] - x0) / (x1 - x0) * width, (note["y"] - y0) / (y1 - y0) * height
        long = 6.2 * len(note["text"])
        left = x + note.get("xshift", 0) - {"left": 0, "right": long, "center": long / 2}[note["xanchor"]]
        low = y + note.get("yshift", 0) - {"bottom": 0, "top": 14, "middle": 7}[note["yanchor"]]
        found.append((left, low, left + long, low + 14))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_names_touch_nothing_at_any_width(seed):
    rng = np.random.default_rng(seed)
    accuracy = 1 - 10 ** rng.uniform(-2.5, -0.7, 6)
    names = ["CNN", "One hidden layer", "x" * 40, "NumPy net", "Softmax", "CNN, plain MNIST"]
    runs = [
        Priced(name, i, 10 ** rng.uniform(1, 5), share, share - 0.003, min(1, share + 0.003))
        for i, (name, share) in enumerate(zip(names, accuracy, strict=True))
    ]
    figure = sound(cost_chart(runs, front_of(runs), "Seconds"))
    for width in (270, 340, 420, 560, 700, 800):
        found = boxes(figure, width, 230)
        marks, named = found[: len(runs)], found[len(runs) :]
        for one, other in [*combinations(named, 2), *product(named, marks)]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart
    assert len(figure["layout"]["annotations"]) >= 3


def test_names_of_equal_points_do_not_stand_over_each_other():
    runs = [Priced(f"Run {i}", i, 100, 0.9, 0.89, 0.91) for i in range(6)]
    places = [place for place in name_places(runs, (1.5, 2.5), (-0.5, -1.5)) if place]
    assert 1 <= len(places) == len(set(places))


LABELS = np.array([0, 1, 2, 3, 4])
ANSWERS = np.array([[0, 1, 2, 3, 0], [0, 1, 2, 0, 0], [0, 1, 0, 0, 4]])


def test_who_agrees_is_a_matrix_that_names_and_marks_find_their_way_in():
    found = agreement(ANSWERS, LABELS)
    figure = sound(agreement_matrix(found.same, ["A", "<i>", "C"], [0, 1, 2], "the same answer"))
    cells, written = figure["data"]
    assert cells["z"] == [[1, 0.8, 0.4], [0.8, 1, 0.6], [0.4, 0.6, 1]]
    assert (cells["zmin"], cells["zmax"]) == (0.4, 0.8)  # each with itself does not count
    assert written["text"][:3] == ["100", "80.00", "40.00"]
    assert cells["hovertext"][0][1] == "A and &lt;i&gt;: the same answer on 80.00\N{NO-BREAK SPACE}%"
    assert all(
        mark.glyph in text
        for mark, text in zip(map(run_mark, range(3)), figure["layout"]["xaxis"]["ticktext"], strict=True)
    )
    assert "&lt;i&gt;" in figure["layout"]["yaxis"]["ticktext"][1]
    assert agreement_height(6) > agreement_height(2)
    with pytest.raises(ValueError, match="do not fit 2 runs"):
        agreement_matrix(found.same, ["A", "B"], [0, 1], "")


def test_both_wrong_counts_digits_that_both_misread():
    found, wrong = agreement(ANSWERS, LABELS), ANSWERS != LABELS
    for i, j in ((0, 0), (0, 1), (1, 2), (2, 0)):
        assert found.both_wrong[i, j] == pytest.approx((wrong[i] & wrong[j]).mean())


def test_agreement_is_told_in_a_sentence():
    found = agreement(ANSWERS, LABELS)
    said = describe_agreement(found.same, found.both_wrong, ["A", "B", "C"]).replace("\N{NO-BREAK SPACE}", " ")
    assert said == (
        "A and B give the same answer on 80.00 % of the digits; both misread 20.00 %; A and C agree least, on 40.00 %."
    )
    assert describe_agreement(found.same[:1, :1], found.both_wrong[:1, :1], ["A"]) == ""
