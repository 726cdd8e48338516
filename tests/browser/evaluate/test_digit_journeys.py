"""From a cell of a confusion matrix to its digits, to one of them, to the pad; and through a gallery by keys."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.ink.render import render
from core.ink.trace import trace
from tests.browser.evaluate.test_evaluate_journeys import opened, read, table_of, tiles  # noqa: F401 - one is a fixture
from tests.browser.journeys import draw, place, verdict
from tests.conftest import wait_for

pytestmark = pytest.mark.browser


def title(page: Page, number: int) -> None:
    """Expect that this test digit is shown, with its neighbours."""
    expect(page.locator(".dd-head h2")).to_have_text(f"Test digit {number:,}")
    near = page.get_by_role("group", name="The training digits nearest in pixels").locator("figure")
    expect(near).to_have_count(8)


def test_from_a_cell_to_its_digit_to_the_pad(dashboard, visit, read, mnist):  # noqa: F811
    labels, predicted, probabilities = read("mlp")
    rows = np.flatnonzero((labels == 4) & (predicted == 9))
    number = int(rows[np.argsort(-probabilities[rows, 9], kind="stable")][1])
    page = opened(dashboard, visit, "run=mlp,softmax&part=confusion")
    for one in ("mlp", "softmax"):
        read(one)
    page.reload()
    name = dashboard.runs.get("mlp").name
    page.mouse.click(*place(table_of(page, name), 4, 9))
    tiles(page, "Class 4 read as 9").nth(1).click()
    title(page, number)
    expect(page).to_have_url(re.compile(rf"digit={number}(&|$)"))
    expect(page.locator(".dd .run").first).to_contain_text(f"{name} reads ✗ 9")
    page.reload()
    title(page, number)
    expect(tiles(page, "Class 4 read as 9").nth(1)).to_have_attribute("aria-selected", "true")
    page.get_by_role("link", name="Send to Draw").click()
    expect(page.get_by_role("heading", name="Draw", exact=True)).to_be_visible()
    expect(page.locator(".lab")).not_to_contain_class("blank")
    expect(verdict(page, "mlp")).to_have_text(re.compile("^[0-9]$"))
    expect(page).to_have_url(re.compile(f"digit=mnist-test-{number}"))
    seen = page.locator(".pixels").evaluate(
        "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0)"
    )
    wanted = render(*trace(mnist.test.images[number]))
    assert np.array(seen) == pytest.approx(wanted.ravel(), abs=8)  # the page rounds the places of strokes
    draw(page)  # something else is on the pad then
    wait_for(lambda: "digit=" not in page.url or page.wait_for_timeout(100))


def test_a_gallery_is_walked_by_keys(dashboard, visit, read):  # noqa: F811
    labels, predicted, probabilities = read("mlp")
    rows = np.flatnonzero(predicted != labels)
    rows = rows[np.argsort(-probabilities.max(1)[rows], kind="stable")]
    page = opened(dashboard, visit, "run=mlp&part=digits")
    shown = tiles(page, "Misread, the surest first")
    expect(shown).to_have_count(48)
    shown.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    title(page, rows[1])
    page.keyboard.press("ArrowRight")  # the one where the keys rest is shown
    title(page, rows[2])
    columns = shown.evaluate_all("(all) => all.filter((tile) => tile.offsetTop === all[0].offsetTop).length")
    page.keyboard.press("ArrowDown")
    title(page, rows[2 + columns])
    page.keyboard.press("End")
    title(page, rows[47])
    page.keyboard.press("Escape")
    expect(page.locator(".dd-head")).to_have_count(0)
    assert "digit=" not in page.url
