"""The chart of accuracies over a dial: lines with their bands, the value that is looked at, and the sentence."""

import numpy as np
import pytest

from core.figures.palette import run_mark
from core.figures.sweeps import Swept, describe_sweep, sweep_chart
from tests.figures.test_accuracies import sound, words

VALUES, TEXTS = (0.0, 0.5, 2.0), ("0 px", "0.5 px", "2 px")


def swept(name: str, mark: int, *accuracy: float) -> Swept:
    shares = np.array(accuracy)
    return Swept(name, mark, shares, shares - 0.01, shares + 0.02)


ONE, TWO = swept("One", 1, 0.9, 0.8, 0.1), swept("<b>Two", 3, 0.7, 0.75, 0.5)


def test_a_line_with_its_band_for_each_run_and_the_guess() -> None:
    figure = sound(sweep_chart([ONE, TWO], "Shift & more", VALUES, TEXTS, 1))
    guess, *traces = figure["data"]
    assert guess["y"] == [0.1, 0.1]
    bands, lines = traces[::2], traces[1::2]
    for run, band, line in zip((ONE, TWO), bands, lines, strict=True):
        mark = run_mark(run.mark)
        assert line["x"] == list(VALUES)
        assert line["y"] == pytest.approx(run.accuracy)
        assert (line["line"]["color"], line["marker"]["symbol"]) == (mark.color, mark.marker)
        assert band["y"] == pytest.approx([*run.high, *run.low[::-1]])
        assert band["fill"] == "toself"
        assert not band["showlegend"]
    assert lines[1]["name"] == "&lt;b&gt;Two"
    assert words(lines[0]["hovertext"][1]) == "<b>One</b><br>0.5 px: 80 %, 95 % from 79 to 82 %"
    assert figure["layout"]["showlegend"]
    axis = figure["layout"]["xaxis"]
    assert (axis["tickvals"], axis["ticktext"]) == (list(VALUES), list(TEXTS))
    assert axis["title"]["text"] == "Shift &amp; more"
    assert figure["layout"]["meta"]["narrow"]["xaxis"]["ticktext"] == ["0 px", "2 px"]


def test_the_value_that_is_looked_at_is_marked() -> None:
    for place in range(3):
        (shape,) = sweep_chart([ONE], "Shift", VALUES, TEXTS, place)["layout"]["shapes"]
        assert shape["x0"] == shape["x1"] == VALUES[place]


def test_one_run_needs_no_legend_and_none_is_said_so() -> None:
    assert not sound(sweep_chart([ONE], "Shift", VALUES, TEXTS, 0))["layout"]["showlegend"]
    nothing = sound(sweep_chart([], "Shift", VALUES, TEXTS, 0))
    assert nothing["layout"]["annotations"][0]["text"] == "nothing is measured yet"
    assert describe_sweep([], TEXTS, 0, 1) == "Nothing is measured yet."


def test_the_sentence_says_where_it_begins_is_and_is_least() -> None:
    assert words(describe_sweep([ONE, TWO], TEXTS, 0, 1)) == (
        "Read rightly: One 90 % at 0 px, 80 % at 0.5 px, least at 2 px, 10 %; "
        "<b>Two 70 % at 0 px, 75 % at 0.5 px, least at 2 px, 50 %."
    )
    assert words(describe_sweep([ONE], TEXTS, 0, 2)) == "Read rightly: One 90 % at 0 px, least at 2 px, 10 %."
