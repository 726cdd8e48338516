"""pages/parts/atlas.py: what of a browser's words is believed, and who is right about the selection."""

import math
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.atlas.component import MAX_CORNERS, Coloring, MapView, Pick, Selection, as_pick, as_selection, atlas
from tests.conftest import sound
from tests.pages.conftest import run, sent

TRIANGLE = [[0.0, 0.0], [1.0, 0.0], [0.0, 2.5]]
PICK = {"row": 3, "x": 0.5, "y": -1, "map": 0, "n": 7}


def test_a_click_on_a_digit_and_one_on_an_empty_place_are_understood() -> None:
    assert as_pick(PICK, [10]) == Pick(3, 0.5, -1.0, 0, 7)
    assert as_pick({**PICK, "row": None, "map": 1}, [10, 4]) == Pick(None, 0.5, -1.0, 1, 7)


@pytest.mark.parametrize(
    "wrong",
    [
        {"row": 10},
        {"row": -1},
        {"row": True},
        {"row": 2.5},
        {"row": "3"},
        {"x": math.nan},
        {"x": math.inf},
        {"y": "1"},
        {"y": True},
        {"y": None},
        {"map": 1},
        {"map": -1},
        {"map": None},
        {"n": None},
        {"n": 1.5},
        {"n": 2**60},
    ],
    ids=str,
)
def test_a_click_that_our_map_cannot_have_sent_is_none(wrong: dict[str, Any]) -> None:
    assert as_pick({**PICK, **wrong}, [10]) is None


@pytest.mark.parametrize("said", [None, [], "x", 3, {}])
def test_what_is_no_click_or_selection_at_all_is_none(said: object) -> None:
    assert as_pick(said, [10]) is None
    assert as_selection(said, 1) is None


def test_a_place_beyond_all_maps_is_brought_back_to_where_its_square_is_finite() -> None:
    pick = as_pick({**PICK, "x": 10**400, "y": -1e300}, [10])
    assert pick is not None
    assert (pick.x, pick.y) == (1e9, -1e9)


def test_a_lasso_is_understood() -> None:
    found = as_selection({"map": 1, "polygon": TRIANGLE, "n": 3}, 2)
    assert found == Selection(1, ((0.0, 0.0), (1.0, 0.0), (0.0, 2.5)))


@pytest.mark.parametrize(
    "polygon",
    [
        None,
        "abc",
        TRIANGLE[:2],
        [[0.0, 0.0]] * (MAX_CORNERS + 1),
        [*TRIANGLE, [1.0]],
        [*TRIANGLE, [1.0, 2.0, 3.0]],
        [*TRIANGLE, [1.0, math.nan]],
        [*TRIANGLE, ["1", 2.0]],
        [*TRIANGLE, None],
    ],
)
def test_a_lasso_that_our_map_cannot_have_sent_is_none(polygon: object) -> None:
    assert as_selection({"map": 0, "polygon": polygon}, 1) is None


def test_the_most_corners_there_may_be_are_taken() -> None:
    assert as_selection({"map": 0, "polygon": [[0.0, 1.0]] * MAX_CORNERS}, 1) is not None


def view(count: int = 10) -> MapView:
    coloring = Coloring("Class", "class", "/digitlab/columns/test/class.bin?run=a", names=("0", "1"))
    return MapView("a", "A", "pca", "A, PCA", "test", "v1", "/digitlab/columns/test/points.bin?run=a", count, coloring)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"maps": []}, "not 0: choose one or two"),
        ({"maps": [view()] * 3}, "not 3: choose one or two"),
        ({"layers": ["plane", "roads"]}, "no layer 'roads'. Choose of: pictures, plane, displacement"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        atlas(**{"key": "m", "maps": [view()], "dataset": "mnist", "classes": ["0"], "test_count": 4, **change})


def page() -> None:
    """A page that shows the atlas with the selection its state remembers, and keeps what the atlas says."""
    import streamlit as st

    from pages.parts.atlas.component import atlas
    from tests.pages.test_atlas import view

    said = atlas(
        key="m",
        maps=[view()],
        dataset="mnist",
        classes=["0", "1"],
        test_count=4,
        selection=st.session_state.get("remembered"),
        picked=[2, 3],
        layers=("displacement",),
        label="Ten digits.",
    )
    st.session_state["said"] = said


def opened() -> AppTest:
    return sound(AppTest.from_function(page).run())


def drawn(n: int, polygon: object = TRIANGLE) -> dict[str, Any]:
    """What the component keeps after a lasso, or with polygon None after Escape."""
    return {"selection": {"map": 0, "polygon": polygon, "n": n}}


def test_the_browser_is_sent_the_maps_and_what_is_picked() -> None:
    data = sent(opened())
    assert data["maps"][0]["points"] == "/digitlab/columns/test/points.bin?run=a"
    assert data["maps"][0]["coloring"]["names"] == ["0", "1"]
    assert (data["picked"], data["layers"], data["selection"], data["heard"]) == ([2, 3], ["displacement"], None, 0)
    assert {len(colors) for colors in data["palette"].values()} == {10}


SQUARE = Selection(0, ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))


def test_a_lasso_in_the_browser_is_said_and_stays_while_the_page_forgets_it() -> None:
    at = run(opened(), m=drawn(5))
    lasso = at.session_state["said"].selection
    assert lasso == Selection(0, ((0.0, 0.0), (1.0, 0.0), (0.0, 2.5)))
    assert run(at).session_state["said"].selection == lasso
    assert (sent(at)["heard"], len(sent(at)["selection"]["polygon"])) == (5, 3)


def test_what_the_page_remembers_is_shown_to_a_browser_that_said_nothing() -> None:
    at = run(opened(), remembered=SQUARE)
    assert at.session_state["said"].selection == SQUARE
    assert len(sent(at)["selection"]["polygon"]) == 4


def test_a_lasso_is_right_against_what_the_page_remembered_before_it() -> None:
    at = run(run(opened(), remembered=SQUARE), m=drawn(1))
    assert len(at.session_state["said"].selection.polygon) == 3


def test_a_page_that_clears_the_selection_after_the_lasso_is_right_until_the_next_one() -> None:
    at = run(opened(), m=drawn(1))
    at = run(at, remembered=at.session_state["said"].selection)
    at = run(at, remembered=None)
    assert at.session_state["said"].selection is None
    assert run(at, m=drawn(2)).session_state["said"].selection is not None


@pytest.mark.parametrize("polygon", [None, "nonsense"])
def test_escape_in_the_browser_clears_what_the_page_remembers(polygon: object) -> None:
    at = run(run(opened(), remembered=SQUARE), m=drawn(1, polygon))
    assert at.session_state["said"].selection is None


def test_a_click_is_said_with_the_place_of_its_digit() -> None:
    at = run(opened(), m={"pick": PICK})
    assert at.session_state["said"].pick == Pick(3, 0.5, -1.0, 0, 7)
