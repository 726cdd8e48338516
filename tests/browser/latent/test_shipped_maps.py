"""The maps that ship: there at the first visit, without a job; kept on show while larger ones are computed; selected on
by keyboard.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.latent.test_latent_journeys import atlas, hover_row, hover_until, lone, place
from tests.conftest import wait_for
from tests.server import SHIPPED_RESULTS, running

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("mnist")]


def computed(dashboard):
    """The names of what was computed in this store beside what ships."""
    return {file.name for file in dashboard.runs.folder.glob("*/projections/*")} - SHIPPED_RESULTS


def test_a_first_visit_shows_the_map_of_the_small_vae_without_any_job(tmp_path, visit):
    with running(tmp_path) as fresh:
        page = visit(f"{fresh.url}/latent-space")
        canvas = atlas(page)
        assert page.locator(".st-key-latent-run input").first.input_value() == "VAE, 2 numbers"
        expect(page.get_by_role("radio", name="The code itself")).to_have_attribute("aria-checked", "true")
        panel = hover_row(page, canvas, lone(canvas))
        expect(panel).to_contain_text("real digit")  # decoded, and how far it is: of codes that the map itself holds
        expect(page.get_by_text("Nearest codes").first).to_be_visible()
        assert not computed(fresh)

        page.goto(fresh.url)  # the Draw page, with its map
        page.get_by_test_id("map-over").wait_for()
        expect(page.get_by_text("The ring is your drawing among the codes of VAE, 2 numbers")).to_be_visible()
        wait_for(lambda: page.get_by_text("Fetching the map.").count() == 0)
        assert not [name for name in computed(fresh) if name.startswith(("codes", "neighbours", "pca", "umap", "tsne"))]

        page.goto(f"{fresh.url}/latent-space?run=vae-20&map=tsne")
        canvas = atlas(page)  # t-SNE leaves no digit alone: any at the pointer will do
        expect(page.get_by_text("Nearest codes").first).to_be_visible(timeout=90_000)  # now the codes are here
        panel = page.get_by_test_id("atlas-hover")
        hover_until(page, *place(canvas, 7), lambda: "real digit" in panel.inner_text())
        assert (fresh.runs.folder / "vae-20" / "projections" / "codes-test.npz").exists()
        assert not [name for name in computed(fresh) if name.startswith(("map", "neighbours"))]


def test_the_test_digits_stay_until_all_digits_are_there_and_what_is_selected_stays_selected(dashboard, visit):
    page = visit(f"{dashboard.url}/latent-space?run=autoencoder&map=pca")
    canvas = atlas(page)
    page.get_by_test_id("atlas-tool-box").click()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 20, steps=4)
    page.mouse.up()
    said = page.get_by_test_id("atlas-said")
    expect(said).to_contain_text("digits selected")
    many = said.inner_text()
    page.get_by_role("radio", name="All 70,000").click()
    expect(page.get_by_text("Until then the map of the 10,000 test digits.")).to_be_visible()
    assert canvas.evaluate("(canvas) => canvas.atlas.rows()") == 10_000
    atlas(page, rows=70_000)
    expect(page.get_by_text("Until then")).to_be_hidden()
    expect(said).to_have_text(many)
    expect(page.get_by_text("of 70,000 digits (")).to_be_visible()


def test_a_box_and_a_lasso_are_drawn_by_keyboard(dashboard, visit):
    page = visit(f"{dashboard.url}/latent-space?run=vae-2&map=code")
    canvas, said = atlas(page), page.get_by_test_id("atlas-said")
    page.get_by_test_id("atlas-tool-box").focus()
    page.keyboard.press("Enter")
    canvas.focus()
    assert "Enter sets a corner of the box" in canvas.get_attribute("aria-label")
    page.keyboard.press("Enter")
    expect(said).to_have_text("Corner 1 set.")
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(said).to_contain_text("digits selected")
    boxed = said.inner_text()
    expect(page.get_by_text("of 10,000 digits (")).to_be_visible()

    page.get_by_test_id("atlas-tool-lasso").click()
    canvas.focus()
    for key in ("Enter", "Shift+ArrowLeft", "Enter", "Shift+ArrowUp", "Enter", "Enter"):
        page.keyboard.press(key)
    expect(said).to_contain_text("digits selected")
    assert said.inner_text() != boxed
    page.keyboard.press("Escape")  # takes the cross away
    expect(said).to_contain_text("digits selected")
    page.keyboard.press("Escape")
    expect(said).to_be_empty()
