"""pages/parts/figure/moving.py: what follows a slider is sent whole, and what of a browser's slider is believed."""

import json
import math
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.figure.moving import Position, element_key, pack
from tests.pages.conftest import moving_at, run, sent

VALUES = (0.1, 1.0, 2.0)
KEY = element_key("dial")


def drawn(value: float) -> dict[str, Any]:
    """A figure of which a part changes with the value, a part not, and two parts alike."""
    count = int(10 * value)
    return {
        "data": [
            {"x": [0, 1], "y": [0, 1], "name": "the same"},
            {"x": [value], "y": [value], "error_y": {"array": [value / 2], "width": 3}, "hovertext": [f"at {value}"]},
            {"x": list(range(count)), "hovertext": [f"at {value}"]},
        ],
        "layout": {"xaxis": {"range": [0, 2]}, "title": f"{count} of 20"},
    }


def positions() -> list[Position]:
    return [
        Position(value, f"{value:g} px", [drawn(value), drawn(3)], [f"It is {value}.", "It is 3."], [f"{value:.2f}"])
        for value in VALUES
    ]


@pytest.mark.parametrize("value", VALUES)
def test_all_positions_come_back_whole(value: float) -> None:
    packed = pack(positions(), ["one", "other"], names=["Share"])
    shown = moving_at({"content": packed.content}, value)
    assert shown["figures"] == {"one": drawn(value), "other": drawn(3)}
    assert shown["labels"] == {"one": f"It is {value}.", "other": "It is 3."}
    assert shown["numbers"] == {"Share": f"{value:.2f}"}
    assert shown["text"] == f"{value:g} px"


def test_of_figures_only_what_differs_is_sent_and_what_is_alike_once() -> None:
    one, other = json.loads(pack(positions(), ["one", "other"]).content)["figures"]
    assert other["moving"] == []
    paths = [["/".join(map(str, path)) for path in column["paths"]] for column in one["moving"]]
    assert sorted(map(sorted, paths)) == [
        ["figure/data/1/error_y/array"],
        ["figure/data/1/hovertext", "figure/data/2/hovertext"],
        ["figure/data/1/x", "figure/data/1/y"],
        ["figure/data/2/x"],
        ["figure/layout/title"],
        ["label"],
    ]
    assert all(len(column["values"]) == len(VALUES) for column in one["moving"])


def test_figures_of_different_forms_are_sent_where_they_part() -> None:
    few = [
        Position(0, "0", [{"data": [{"x": [1]}], "layout": {}}], ["none"]),
        Position(1, "1", [{"data": [{"x": [1]}, {"x": [2]}], "layout": {"meta": 1}}], ["two"]),
    ]
    for value, one in enumerate(few):
        shown = moving_at({"content": pack(few, ["f"]).content}, value)
        assert shown["figures"]["f"] == one.figures[0]


def test_a_figure_with_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        pack([Position(0, "0", [{"data": [], "layout": {"x": math.nan}}], [""])], ["f"])


@pytest.mark.parametrize(("value", "row"), [(-5, 0), (0.54, 0), (0.56, 1), (1.4, 1), (1.5, 1), (99, 2)])
def test_a_value_between_is_that_of_the_nearest_position(value: float, row: int) -> None:
    assert pack(positions(), ["one", "other"]).nearest(value) == row


def page() -> None:
    """A page with a slider, which keeps the position it says; a part of it can be left out."""
    import streamlit as st

    from pages.parts.figure.moving import Position, moving_figures, pack

    packed = pack([Position(value, f"{value:g}", [], []) for value in (0.1, 1.0, 2.0)], [])
    if st.session_state.get("there", True):
        st.session_state["row"] = moving_figures(packed, key="dial", label="Dial", first=1.0)


def at_first(**query: str) -> AppTest:
    at = AppTest.from_function(page)
    for name, value in query.items():
        at.query_params[name] = value
    return run(at)


def said(turn: Any = 1, value: Any = 2.0) -> dict[str, Any]:
    return {KEY: {"at": {"turn": turn, "value": value}}}


def address(at: AppTest) -> str | None:
    found = at.query_params.get("dial")
    return found[0] if isinstance(found, list) else found


def test_where_the_hand_rests_is_in_the_address_and_nothing_is_sent_anew() -> None:
    at = at_first()
    before = sent(at)
    assert (at.session_state["row"], before["turn"], before["start"], address(at)) == (1, 1, 1.0, None)
    run(at, **said(value=2.0))
    assert (at.session_state["row"], address(at)) == (2, "2")
    assert sent(at) == before  # the browser knows where its hand is
    run(at, **said(value=1.0))
    assert (at.session_state["row"], address(at)) == (1, None)


@pytest.mark.parametrize(
    ("text", "start"), [("2", 2.0), ("0.3", 0.3), ("7", 1.0), ("-1", 1.0), ("nan", 1.0), ("inf", 1.0), ("x", 1.0)]
)
def test_an_address_is_where_the_slider_starts_if_it_is_on_it(text: str, start: float) -> None:
    assert sent(at_first(dial=text))["start"] == start


def test_a_changed_address_moves_the_slider_and_what_was_said_before_is_outdated() -> None:
    at = run(at_first(), **said(value=2.0))
    at.query_params["dial"] = "0.1"
    run(at, **said(value=2.0))  # a browser says its last word with every run
    assert (at.session_state["row"], sent(at)["turn"], sent(at)["start"]) == (0, 2, 0.1)
    run(at, **said(turn=1, value=2.0))
    assert at.session_state["row"] == 0
    run(at, **said(turn=2, value=2.0))
    assert (at.session_state["row"], sent(at)["turn"], address(at)) == (2, 2, "2")


def test_a_move_that_comes_with_an_address_not_yet_written_is_not_undone() -> None:
    at = run(at_first(), **said(value=2.0))
    del at.query_params["dial"]
    at.query_params["dial"] = "1"  # of the move before this one
    run(at, **said(value=0.1))
    assert (at.session_state["row"], sent(at)["turn"], address(at)) == (0, 1, "0.1")


def test_what_comes_back_to_the_page_is_where_it_was() -> None:
    at = run(at_first(), **said(value=2.0))
    run(at, there=False)
    del at.query_params["dial"]
    run(at, there=True)
    assert (at.session_state["row"], address(at)) == (2, "2")


@pytest.mark.parametrize(
    "wrong",
    [None, [], "x", 3, {}, {"at": None}, {"at": [1, 2]}, *(said(turn, value)[KEY] for turn, value in (
        (None, 2.0), (True, 2.0), ("1", 2.0), (1.5, 2.0), (1, None), (1, True), (1, "2"), (1, math.nan), (1, math.inf),
        (1, 10**400), (1, {}), (2, 2.0), (0, 2.0),
    ))],
    ids=str,
)  # fmt: skip
def test_a_slider_that_ours_cannot_have_sent_moves_nothing(wrong: object) -> None:
    at = run(at_first(), **{KEY: wrong})
    assert (at.session_state["row"], address(at)) == (1, None)
