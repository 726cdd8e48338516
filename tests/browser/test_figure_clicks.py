"""A click on a figure reaches the page's script, by pointer and by keyboard, also after the figure has changed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ROOT
from tests.server import Dashboard, running

pytestmark = pytest.mark.browser
SERVER = f"""import sys
sys.path.insert(0, {str(ROOT)!r})
import streamlit as st
from dashboard import make_routes
app = st.App("page.py", routes=make_routes())
"""
PAGE = """import numpy as np
import streamlit as st
from core.figures.confusion import confusion
from pages.parts.figure.component import live_figure
more = st.toggle("More")
counts = 100 * np.eye(10, dtype=int)
counts[4, 9] = 12 + more
figure = confusion(counts, [str(label) for label in range(10)], name="CNN")
click = live_figure(figure, key="f", label="CNN confuses 4 and 9.", clicks=True)
st.session_state.told = st.session_state.get("told", []) + ([click.n] if click else [])
st.text(f"{len(set(st.session_state.told))} clicks, {click and click.cell(10, 10)}, {counts[4, 9]}")
"""


@pytest.fixture(scope="module")
def one_figure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A server of one page with a table of confusion."""
    folder = tmp_path_factory.mktemp("figure")
    (folder / "app.py").write_text(SERVER, encoding="utf-8")
    (folder / "page.py").write_text(PAGE, encoding="utf-8")
    with running(folder, shipped=False, script=str(folder / "app.py")) as started:
        yield started


def place(page: Page, true: int, read: int) -> tuple[float, float]:
    """Where a cell is in the window."""
    found = page.evaluate(
        """([row, column]) => {
          const plot = document.querySelector(".lf-plot"), { left, top } = plot.getBoundingClientRect();
          const { xaxis, yaxis } = plot._fullLayout;
          return [left + xaxis._offset + xaxis.d2p(column), top + yaxis._offset + yaxis.d2p(row)];
        }""",
        [true, read],
    )
    return found[0], found[1]


def test_cells_are_clicked_and_each_click_is_heard_once(one_figure, visit):
    page = visit(one_figure.url)
    said, plot = page.get_by_test_id("stText"), page.locator(".lf-plot")
    expect(plot.locator(".heatmaplayer image").first).to_be_attached(timeout=60_000)
    expect(said).to_have_text("0 clicks, None, 12")
    expect(plot).to_have_attribute(
        "aria-label", "CNN confuses 4 and 9. Arrow keys move from cell to cell, Enter chooses one."
    )
    page.mouse.click(*place(page, 4, 9))
    expect(said).to_have_text("1 clicks, (4, 9), 12")
    expect(page.locator(".lf-root")).to_contain_class("lf-over")
    page.mouse.click(*place(page, 4, 9))
    expect(said).to_have_text("2 clicks, (4, 9), 12")
    page.get_by_text("More").click()
    expect(said).to_have_text("2 clicks, (4, 9), 13")
    expect(plot.locator(".textpoint text", has_text="13")).to_be_attached()
    page.mouse.click(*place(page, 0, 1))
    expect(said).to_have_text("3 clicks, (0, 1), 13")


def test_the_keyboard_moves_a_ring_and_clicks(one_figure, visit):
    page = visit(one_figure.url)
    said, plot, ring = page.get_by_test_id("stText"), page.locator(".lf-plot"), page.locator(".lf-ring")
    expect(plot.locator(".heatmaplayer image").first).to_be_attached(timeout=60_000)
    expect(ring).to_be_hidden()
    plot.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        plot.press(key)
    expect(plot).to_have_attribute("aria-label", "1 read as 1: 100 of 100 (100.0\N{NO-BREAK SPACE}%)")
    box = ring.bounding_box()
    assert box
    assert (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) == pytest.approx(place(page, 1, 1), abs=2)
    plot.press("Enter")
    expect(said).to_have_text("1 clicks, (1, 1), 12")
    plot.press("Enter")
    expect(said).to_have_text("2 clicks, (1, 1), 12")
    expect(ring).to_be_visible()
    plot.press("Tab")
    expect(ring).to_be_hidden()
