"""How many wrong labels are found: a figure that Plotly accepts, on a log axis, and its sentence."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures.label_search import describe_found, epoch_colors, found_by_loss
from core.figures.threshold_curves import Line

X = np.array([0.0, 0.05, 0.1, 0.5, 1.0])
EARLY = Line("Epoch 1", X, np.array([0, 0.4, 0.9, 0.95, 1]), 0.98, epoch_colors(0))
LATE = Line("<b>Epoch</b> 9", X, np.array([0, 0.2, 0.5, 0.8, 1]), 0.6, epoch_colors(1), strong=True)


def test_each_line_is_drawn_over_the_share_looked_at_beside_chance_and_a_perfect_search():
    figure = found_by_loss([EARLY, LATE], share=0.1, looked_at=0.05)
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)
    perfect, chance, early, late = figure["data"]
    assert chance["x"] == chance["y"]
    assert np.interp(0.05, perfect["x"], perfect["y"]) == pytest.approx(0.5, rel=0.01)
    assert max(perfect["y"]) == 1
    assert early["x"] == [0.05, 0.1, 0.5, 1]  # zero has no place on a log axis
    assert early["y"] == [0.4, 0.9, 0.95, 1]
    assert "<b>Epoch</b>" not in late["name"]
    assert figure["layout"]["shapes"][0]["x0"] == 0.05


def test_a_set_without_wrong_labels_is_a_figure_too():
    go.Figure(found_by_loss([], share=0.0, looked_at=0.01))


def test_the_sentence_names_what_each_has_found():
    told = describe_found({"Epoch 1": 0.9014, "<b>Epoch</b> 9": 0.5}, 0.1)
    assert told.startswith("Of the wrong labels, among the first 10 % of the digits are 90.1 % (Epoch 1), 50.0 % (")


def test_epochs_go_from_one_colour_to_another():
    assert epoch_colors(0) == ("#8fb3ff", "#2f5bd0")
    assert epoch_colors(1) == ("#0b2a7a", "#dbe6ff")
