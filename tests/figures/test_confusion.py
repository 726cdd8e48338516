"""Confusion tables as figures: their numbers, their words, one scale for several, and tables with hardly anything."""

import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures.confusion import (
    confusion,
    confusion_difference,
    describe_confusion,
    describe_confusion_difference,
    largest_error,
)

CLASSES = ["0", "1", "2"]
COUNTS = np.array([[980, 2, 0], [0, 1135, 0], [12, 1, 1019]])


def sound(figure: dict[str, Any]) -> dict[str, Any]:
    """A figure that Plotly accepts and JSON can carry, NaN forbidden."""
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)
    return figure


def table(figure: dict[str, Any]) -> list[list[str]]:
    """What stands in the cells, row by row."""
    written = [zip(trace["y"], trace["x"], trace["text"], strict=True) for trace in figure["data"][2:]]
    texts = {(y, x): text for cells in written for y, x, text in cells}
    size = len(figure["data"][1]["x"])
    return [[texts.get((row, column), "") for column in range(size)] for row in range(size)]


def words(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_counts_stand_in_the_cells_with_the_true_class_down_from_the_top():
    figure = sound(confusion(COUNTS, CLASSES, name="CNN"))
    assert table(figure) == [["980", "2", "·"], ["·", "1135", "·"], ["12", "1", "1019"]]
    low, high = figure["layout"]["yaxis"]["range"]
    assert low > high
    assert figure["layout"]["yaxis"]["scaleanchor"] == "x"  # square
    assert figure["layout"]["annotations"][0]["text"] == "<b>CNN</b>"


def test_rates_are_shares_of_the_rows_and_a_small_one_is_not_called_0():
    counts = np.array([[9999, 1], [50, 950]])
    assert table(confusion(counts, ["a", "b"], rates=True)) == [["100", "&lt;0.1"], ["5.0", "95.0"]]


def test_only_errors_are_coloured():
    ground, cells = confusion(COUNTS, CLASSES)["data"][:2]
    assert cells["z"] == [[0, 2, 0], [0, 0, 0], [12, 1, 0]]
    assert (cells["zmin"], cells["zmax"]) == (0, 12)
    assert ground["z"] == [[1, None, None], [None, 1, None], [None, None, 1]]
    assert ground["hoverinfo"] == "skip"


def test_numbers_on_the_diagonal_and_dots_are_quiet():
    loud, quiet = confusion(COUNTS, CLASSES)["data"][2:]
    assert loud["text"] == ["2", "12", "1"]
    assert quiet["text"] == ["980", "·", "·", "1135", "·", "1019"]
    assert quiet["opacity"] < loud["opacity"]


def test_a_cell_says_what_it_is_in_a_sentence():
    hover = confusion(COUNTS, CLASSES)["data"][1]["hovertext"]
    assert words(hover[2][0]) == "2 read as 0: 12 of 1,032 (1.2 %)"
    assert words(hover[1][0]) == "1 read as 0: 0 of 1,135 (0 %)"


def test_two_tables_share_the_scale_of_the_larger_error():
    other = np.array([[980, 0, 20], [0, 1135, 0], [0, 0, 100]])
    most = largest_error(COUNTS, other)
    assert most == 20
    assert [confusion(table, CLASSES, most=most)["data"][1]["zmax"] for table in (COUNTS, other)] == [20, 20]
    assert largest_error(COUNTS, other, rates=True) == pytest.approx(20 / 1000)
    assert largest_error(COUNTS, rates=True) == pytest.approx(12 / 1032)


@pytest.mark.parametrize("rates", [False, True])
@pytest.mark.parametrize(
    "counts", [np.diag([5, 6, 7]), np.zeros((3, 3), int), np.array([[5, 0, 0], [0, 0, 0], [1, 0, 0]])]
)
def test_hardly_anything_is_a_figure_all_the_same(counts, rates):
    sound(confusion(counts, CLASSES, rates=rates))
    sound(confusion_difference(counts, COUNTS, CLASSES, rates=rates))
    assert 0 < confusion(counts, CLASSES, rates=rates)["data"][1]["zmax"] <= 1


def test_one_class_and_many_are_figures():
    sound(confusion(np.array([[7]]), ["all"]))
    many = sound(confusion(np.eye(26, dtype=int), [chr(97 + i) for i in range(26)]))
    assert len(many["data"]) == 2  # no numbers: there is no room


def test_no_digits_are_said_to_be_none():
    figure = confusion(np.zeros((3, 3), int), CLASSES)
    assert figure["layout"]["annotations"][-1]["text"] == "no digits"
    assert describe_confusion(np.zeros((3, 3), int), CLASSES, "CNN") == "CNN has read no digits yet."
    assert figure["data"][1]["hovertext"][0][0] == "No digit here is a 0"


def test_a_chosen_cell_is_framed():
    (shape,) = confusion(COUNTS, CLASSES, chosen=(2, 0))["layout"]["shapes"]
    assert (shape["x0"], shape["x1"], shape["y0"], shape["y1"]) == (-0.5, 0.5, 1.5, 2.5)
    assert "shapes" not in confusion(COUNTS, CLASSES)["layout"]


def test_a_difference_has_a_sign_and_its_nothing_in_the_middle():
    other = np.array([[980, 2, 0], [5, 1130, 0], [4, 1, 1027]])
    figure = sound(confusion_difference(COUNTS, other, CLASSES, names=("CNN", "MLP")))
    assert table(figure) == [["·", "·", "·"], ["−5", "+5", "·"], ["+8", "·", "−8"]]
    cells = figure["data"][1]
    assert (cells["zmin"], cells["zmax"], cells["z"][1][1]) == (-8, 8, 0)
    assert cells["hovertext"][2][0] == "2 read as 0: 12 by CNN, 4 by MLP, of 1,032"
    assert figure["layout"]["annotations"][0]["text"] == "<b>CNN − MLP</b>"
    half = confusion_difference(COUNTS, np.array([[980, 2, 0], [0, 500, 0], [1, 0, 515]]), CLASSES, names=("A", "B"))
    assert half["data"][1]["hovertext"][2][0] == "2 read as 0: 12 of 1,032 by A, 1 of 516 by B"


def test_names_cannot_become_markup():
    figure = sound(confusion(COUNTS, ["<b>", "%{x}", "c"], name="<i>"))
    assert figure["layout"]["xaxis"]["ticktext"] == ["&lt;b&gt;", "&#37;{x}", "c"]
    assert "<b>" not in figure["data"][1]["hovertext"][0][1]
    assert figure["layout"]["annotations"][0]["text"] == "<b>&lt;i&gt;</b>"


def test_counts_of_other_classes_are_refused_with_a_sentence():
    with pytest.raises(ValueError, match=r"shape \(3, 3\) do not fit 2 classes"):
        confusion(COUNTS, ["0", "1"])


def test_descriptions_name_the_most_frequent_confusions():
    assert words(describe_confusion(COUNTS, CLASSES, "CNN")) == (
        "CNN misreads 15 of 3,149 digits (0.5 %), most often 2 as 0 (12), 0 as 1 (2), 2 as 1 (1)."
    )
    assert describe_confusion(np.diag([5, 6, 7]), CLASSES) == "The model reads all 18 digits rightly."
    one = np.array([[5, 0, 0], [0, 6, 0], [0, 1, 0]])
    assert words(describe_confusion(one, CLASSES)) == "The model misreads 1 of 12 digits (8.3 %), namely 2 as 1 (1)."
    other = np.array([[980, 2, 0], [5, 1130, 0], [4, 1, 1027]])
    assert describe_confusion_difference(COUNTS, other, CLASSES, ("CNN", "MLP")) == (
        "CNN and MLP differ most in reading 2 as 0 (12 and 4), 1 as 0 (0 and 5)."
    )
    same = describe_confusion_difference(COUNTS, COUNTS, CLASSES)
    assert same == "A and B confuse the same classes equally often."
