"""Back leads to the page before, whatever was chosen in between, and what was chosen goes along."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def heading(page, title):
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible(timeout=60_000)


def test_back_goes_back_one_page(dashboard, visit):
    page = visit(f"{dashboard.url}/train")
    heading(page, "Train")
    expect(page).to_have_url(re.compile(r"/train\?run="))
    entries = page.evaluate("history.length")
    field = page.locator(".st-key-train-runs input").first
    for name in ("Softmax", "NumPy net"):  # each changes the address
        field.click()
        field.fill(name)  # of a long list only what can be seen is in the page
        page.get_by_role("option", name=name, exact=True).click()
        page.keyboard.press("Escape")
        expect(page.locator(".st-key-train-runs")).to_contain_text(name)
    expect(page).to_have_url(re.compile("softmax,numpy-two-layer|softmax%2Cnumpy-two-layer"))
    assert page.evaluate("history.length") == entries
    page.get_by_role("link", name="Runs", exact=True).click()
    heading(page, "Runs")
    expect(page).to_have_url(re.compile("/runs.*softmax"))  # the choice goes along
    expect(page).to_have_title(re.compile("Runs.*Digit Lab"))
    page.get_by_role("link", name="Latent space").click()
    heading(page, "Latent space")
    expect(page).to_have_url(re.compile("/latent-space.*run="))  # or it would still be about to say so
    assert "softmax" not in page.url  # it has no latent space
    page.go_back()
    heading(page, "Runs")
    page.go_back()
    heading(page, "Train")
    expect(page).to_have_url(re.compile("/train.*softmax"))
    page.go_forward()
    heading(page, "Runs")


def test_pages_that_are_left_at_once_keep_their_addresses(dashboard, visit):
    page = visit(f"{dashboard.url}/?run=cnn,mlp")
    heading(page, "Draw")
    expect(page).to_have_url(re.compile("run="))
    addresses = {}
    for name in ("Train", "Runs", "Latent space", "Reconstruct"):
        page.get_by_role("link", name=name, exact=True).click()
        heading(page, name)
        expect(page).to_have_url(re.compile("run="))
        page.wait_for_timeout(1500)  # the map adds the digit that it shows
        addresses[name] = page.url
    for _ in range(4):
        page.go_back(wait_until="commit")
        page.wait_for_timeout(250)
    heading(page, "Draw")
    for name, address in addresses.items():
        page.go_forward(wait_until="commit")
        heading(page, name)
        page.wait_for_timeout(1500)
        assert page.url == address
