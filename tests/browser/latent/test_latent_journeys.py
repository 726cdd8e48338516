"""What people do on the Latent space page: walk over a map, select on it, walk between digits, play the epochs, compare
two maps.
"""

import csv
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core.data import datasets
from tests.browser.journeys import choose, visit_tab
from tests.conftest import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("mnist")]


def atlas(page, number=0, rows=10_000):
    """The canvas of a map, once its points are there; the first time a worker has to lay them out."""
    canvas = page.get_by_test_id(f"atlas-canvas-{number}")
    expect(canvas).to_have_count(1, timeout=90_000)  # while another map comes the old one is there for a moment, too
    canvas.wait_for(timeout=90_000)
    wait_for(lambda: canvas.evaluate("(canvas) => canvas.atlas.rows()") == rows)
    return canvas


def place(canvas, row):
    """Where a digit is on the screen."""
    canvas.scroll_into_view_if_needed()
    return canvas.evaluate("(canvas, row) => canvas.atlas.screen(row)", row)


def within(canvas, row):
    """Where a digit is on its map, in pixels from the corner."""
    box = canvas.bounding_box()
    x, y = canvas.evaluate("(canvas, row) => canvas.atlas.screen(row)", row)
    return [x - box["x"], y - box["y"]]


def lone(canvas, rows=10_000):
    """A digit that has no other within 14 pixels and is well inside the map, so that the pointer means no other one."""
    canvas.scroll_into_view_if_needed()
    places = np.array(
        canvas.evaluate("(canvas, rows) => [...Array(rows).keys()].map((row) => canvas.atlas.screen(row))", rows)
    )
    box = canvas.bounding_box()
    inside = (places > [box["x"] + 60, box["y"] + 60]).all(1)
    inside &= (places < [box["x"] + box["width"] - 60, box["y"] + box["height"] - 60]).all(1)
    for row in np.flatnonzero(inside):
        if (np.hypot(*(places - places[row]).T) < 14).sum() == 1:
            return int(row)
    raise AssertionError("no digit stands alone")


def hover_until(page, x, y, ready):
    """Move the mouse to a place and a little around it, as a hand does, until what it shows is there."""
    for attempt in range(100):
        page.mouse.move(x + attempt % 2, y)
        page.wait_for_timeout(100)
        if ready():
            return
    raise AssertionError(f"nothing is shown at {x:.0f}, {y:.0f}")


def hover_row(page, canvas, row):
    """Hover over a digit until its panel shows it, drawn."""
    panel = page.get_by_test_id("atlas-hover")
    hover_until(page, *place(canvas, row), lambda: panel.get_attribute("data-row") == str(row))
    return panel


def lasso(page, canvas, around, radius=80):
    """Draw around a place with the lasso."""
    page.get_by_test_id("atlas-tool-lasso").click()
    x, y = place(canvas, around)
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for angle in np.linspace(0, 2 * np.pi, 24)[1:]:
        page.mouse.move(x + radius * np.cos(angle), y + radius * np.sin(angle))
    page.mouse.up()


def inked(canvas):
    """How many pixels of a small canvas are not black: a picture has been painted."""
    return canvas.evaluate(
        """(c) => c.getContext("2d").getImageData(0, 0, c.width, c.height).data
          .filter((value, i) => i % 4 < 3 && value > 60).length"""
    )


def test_hover_shows_the_digit_and_decodes_the_place(dashboard, visit):
    page = visit(f"{dashboard.url}/latent-space?run=conv-autoencoder")
    canvas = atlas(page)
    row = lone(canvas)
    panel = hover_row(page, canvas, row)
    label = datasets.load("mnist").test.labels[row]
    expect(panel).to_contain_text(f"{label}, test digit {row:,}")
    digit, decoded = panel.locator("canvas").all()
    wait_for(lambda: inked(digit) > 30 and inked(decoded) > 30)
    expect(panel).to_contain_text(re.compile("real digit"))


def test_click_a_point_and_an_empty_place_and_come_back(dashboard, visit):
    page = visit(f"{dashboard.url}/latent-space?run=conv-autoencoder")
    canvas = atlas(page)
    row = lone(canvas)
    page.mouse.click(*place(canvas, row))
    expect(page.get_by_text(f"Test digit {row:,}, class")).to_be_visible()
    expect(page.get_by_text("Nearest codes")).to_be_visible()
    expect(page).to_have_url(re.compile(f"digit={row}"))
    page.reload()
    atlas(page)
    expect(page.get_by_text(f"Test digit {row:,}, class")).to_be_visible()
    visit_tab(page, "Runs")
    visit_tab(page, "Latent space")
    canvas = atlas(page)
    expect(page.get_by_text(f"Test digit {row:,}, class")).to_be_visible()
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + 12, box["y"] + box["height"] - 12)
    expect(page.get_by_text("A place between the digits")).to_be_visible()


def test_lasso_selects_counts_and_saves(dashboard, visit):
    page = visit(f"{dashboard.url}/latent-space?run=vae-2&map=code")
    canvas = atlas(page)
    lasso(page, canvas, around=3)
    said = page.get_by_test_id("atlas-said")
    expect(said).to_contain_text("digits selected")
    count = said.inner_text().split()[0]
    expect(page.get_by_text(re.compile(f"{count} of 10,000 digits"))).to_be_visible()
    counts = [int(text.replace(",", "")) for text in page.locator(".ls-mix .num:not(.soft)").all_inner_texts()]
    assert sum(counts) == int(count.replace(",", ""))
    with page.expect_download() as download:
        page.locator(".st-key-selection-csv button").click()
    with open(download.value.path(), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    labels = datasets.load("mnist").test.labels
    assert len(rows) == sum(counts)
    assert any(row["row"] == "3" for row in rows)
    assert all(row["class"] == str(labels[int(row["row"])]) for row in rows)
    page.locator(".st-key-selection-clear button").click()
    expect(page.get_by_text("Nothing is selected", exact=False)).to_be_visible()
    expect(said).to_be_empty()


def test_interpolate_between_two_clicked_digits(dashboard, visit):
    page = visit(f"{dashboard.url}/latent-space?run=vae-2&map=code&do=between")
    canvas = atlas(page)
    rows = [3, 17]
    for row in rows:
        page.mouse.click(*place(canvas, row))
        expect(page).to_have_url(re.compile(f"digit={row}"))
    for label, name in (("From", "A"), ("To", "B")):
        expect(page.get_by_role("combobox", name=label, exact=True)).to_have_value(f"The picked digit {name}")
    between = re.compile(f"The codes of test digit {rows[0]}, .* and test digit {rows[1]}, ")
    expect(page.get_by_text(between)).to_be_visible()
    screen = page.get_by_test_id("film-screen")
    wait_for(lambda: inked(screen) > 30)
    before = screen.evaluate("(c) => c.toDataURL()")
    page.get_by_role("button", name="Play").first.click()
    wait_for(lambda: screen.evaluate("(c) => c.toDataURL()") != before)


def test_play_the_epochs(dashboard, visit):
    page = visit(f"{dashboard.url}/latent-space?run=vae-2&map=code&do=forming")
    canvas = atlas(page, rows=2000)
    slider = page.get_by_test_id("atlas-epoch")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"Epoch 20 of 20, step 9,380"))
    late = within(canvas, 3)
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("Epoch 0 of 20, step 0"))
    assert within(canvas, 3) != pytest.approx(late, abs=2)
    page.get_by_test_id("atlas-play").click()
    expect(page.get_by_test_id("atlas-play")).to_have_text("Pause")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("Epoch 20 of 20"))
    expect(page.get_by_test_id("atlas-play")).to_have_text("Play")
    assert within(canvas, 3) == pytest.approx(late, abs=1)


def test_two_maps_are_linked(dashboard, visit):
    page = visit(f"{dashboard.url}/latent-space?run=vae-2&map=code")
    atlas(page)
    choose(page, "latent-beside", "Conv autoencoder, PCA")
    first, second = atlas(page, 0), atlas(page, 1)
    expect(page).to_have_url(re.compile("beside=conv-autoencoder%3Apca"))
    row = lone(second)
    panel = hover_row(page, second, row)
    expect(panel).to_contain_text("ringed in VAE, 2 numbers")
    page.mouse.click(*place(second, row))
    expect(page.get_by_text(f"Test digit {row:,}, class")).to_be_visible()
    for name in ("Nearest codes of VAE, 2 numbers", "Nearest codes of Conv autoencoder"):
        expect(page.get_by_text(name, exact=True)).to_be_visible()
    lasso(page, first, around=3)
    expect(page.get_by_test_id("atlas-said")).to_contain_text("digits selected")
    count = page.get_by_test_id("atlas-said").inner_text().split()[0]
    expect(page.get_by_text(re.compile(f"{count} of 10,000 digits"))).to_be_visible()
    page.go_back()


def test_a_run_that_vanishes_is_a_sentence(dashboard, visit, tmp_path):
    page = visit(f"{dashboard.url}/latent-space?run=vae-2&map=code")
    atlas(page)
    folder = dashboard.runs.folder / "vae-2"
    folder.rename(tmp_path / "vae-2")
    try:
        page.mouse.click(*place(page.get_by_test_id("atlas-canvas-0"), 5))
        expect(page.get_by_text(re.compile("is gone|is not here")).first).to_be_visible()
    finally:
        (tmp_path / "vae-2").rename(folder)
