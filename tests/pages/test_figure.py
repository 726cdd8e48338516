"""pages/parts/figure: what of a browser's click on a figure is believed, and what the browser is sent."""

import math
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.figure.component import Click, as_click
from tests.pages.conftest import run, sent

CLICK = {"x": 9, "y": 4, "n": 7}


def test_a_click_at_numbers_and_one_at_names_are_understood() -> None:
    assert as_click(CLICK) == Click(9.0, 4.0, 7)
    assert as_click({"x": 0.25, "y": "CNN", "n": 0}) == Click(0.25, "CNN", 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"x": math.nan},
        {"x": math.inf},
        {"x": True},
        {"x": None},
        {"x": [9]},
        {"y": {}},
        {"y": "4" * 10_000_000},
        {"n": None},
        {"n": -1},
        {"n": True},
        {"n": 1.5},
        {"n": "7"},
        {"n": 2**60},
    ],
    ids=lambda wrong: str(wrong)[:30],
)
def test_a_click_that_our_figure_cannot_have_sent_is_none(wrong: dict[str, Any]) -> None:
    assert as_click({**CLICK, **wrong}) is None


@pytest.mark.parametrize("said", [None, [], "x", 3, {}, [CLICK]], ids=str)
def test_what_is_no_click_at_all_is_none(said: object) -> None:
    assert as_click(said) is None


def test_a_place_off_all_figures_is_brought_back_to_where_it_is_a_float() -> None:
    assert as_click({"x": 10**400, "y": -1e300, "n": 1}) == Click(1e9, -1e9, 1)


@pytest.mark.parametrize(
    ("x", "y", "cell"),
    [
        (9.0, 4.0, (4, 9)),
        (0.0, 0.0, (0, 0)),
        (10.0, 4.0, None),
        (9.0, 10.0, None),
        (-1.0, 4.0, None),
        (1e9, 4.0, None),
        (8.5, 4.0, None),
        ("9", 4.0, None),
    ],
)
def test_only_cells_that_are_there_count(x: str | float, y: float, cell: tuple[int, int] | None) -> None:
    assert Click(x, y, 1).cell(10, 10) == cell


def page() -> None:
    """A page with a figure, which can be clicked on once the page says so, and keeps what it says."""
    import streamlit as st

    from pages.parts.figure.component import live_figure

    figure = {"data": [{"type": "heatmap", "x": [0, 1], "y": [0], "z": [[1, 2]]}], "layout": {}}
    clicks = st.session_state.get("clicks", True)
    st.session_state["said"] = live_figure(figure, key="f", label="Two cells.", clicks=clicks)


def test_a_click_is_returned_and_a_second_one_at_the_same_place_is_another() -> None:
    at = run(AppTest.from_function(page))
    assert at.session_state["said"] is None
    assert sent(at)["clicks"] is True
    first = run(at, f={"click": CLICK}).session_state["said"]
    assert first == Click(9.0, 4.0, 7)
    assert run(at).session_state["said"] == first
    assert run(at, f={"click": {**CLICK, "n": 8}}).session_state["said"] == Click(9.0, 4.0, 8)


def test_a_figure_without_clicks_returns_none_whatever_the_browser_says() -> None:
    at = run(AppTest.from_function(page), clicks=False, f={"click": CLICK})
    assert at.session_state["said"] is None
    assert sent(at)["clicks"] is False
