"""The walks below a map of latent space: the film, the sliders, the sum and the samples, moved by pointer and keys."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from core.latent.maps import MAPS
from tests.conftest import compute
from tests.server import Dashboard

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


def walking(dashboard: Dashboard, visit: Visit, run: str, doing: str, screen: str) -> tuple[Page, Locator]:
    """The Latent space page with a walk, as soon as its picture is there; the map is made here, not by a worker."""
    compute(MAPS, dashboard.runs.get(run), "pca", "test")
    page = visit(f"{dashboard.url}/latent-space?run={run}&map=pca&do={doing}")
    canvas = page.get_by_test_id(screen).first
    expect(canvas).to_be_visible(timeout=60_000)
    return page, canvas


def picture(canvas: Locator) -> str:
    return str(canvas.evaluate("(canvas) => canvas.toDataURL()"))


def on_map(page: Page) -> dict:
    """What the maps are told of the walk."""
    return page.evaluate("window.digitlabWalk") or {"path": [], "at": None}


def changes(page: Page, canvas: Locator, before: str) -> None:
    page.wait_for_function("([canvas, old]) => canvas.toDataURL() !== old", arg=[canvas.element_handle(), before])


def test_a_film_plays_there_and_back_and_the_map_is_told_where_it_is(dashboard: Dashboard, visit: Visit) -> None:
    page, screen = walking(dashboard, visit, "vae-2", "between", "film-screen")
    expect(screen).to_have_attribute("data-frame", "0")
    assert len(on_map(page)["path"]) == 49
    first = picture(screen)
    page.evaluate("window.seen = []; window.addEventListener('digitlab:walk', (e) => window.seen.push(e.detail.at))")
    page.get_by_role("button", name="Speed").click()  # twice as fast
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("window.seen.includes(48) && window.seen.at(-1) < 40")  # it has turned round
    page.get_by_role("button", name="Pause").click()
    assert picture(screen) != first
    assert on_map(page)["at"] == int(screen.get_attribute("data-frame") or -1)

    page.get_by_role("slider", name="Frame").press("Home")
    page.get_by_role("slider", name="Frame").press("ArrowRight")
    expect(screen).to_have_attribute("data-frame", "1")
    straight = on_map(page)["path"]
    page.get_by_role("radio", name="Straight").press("ArrowDown")
    expect(page.get_by_role("radio", name="Spherical")).to_be_checked()
    assert on_map(page)["path"][0] == straight[0]
    assert on_map(page)["path"] != straight
    with page.expect_download() as download:
        page.get_by_role("button", name="GIF").click()
    assert download.value.suggested_filename == "vae-2-spherical.gif"
    page.get_by_role("radio", name="Selection").click()
    page.wait_for_function("window.digitlabWalk.path.length === 0")  # nothing of it stays on the map


def test_a_slider_redraws_the_picture_and_moves_the_ring(dashboard: Dashboard, visit: Visit) -> None:
    page, screen = walking(dashboard, visit, "vae-20", "dimensions", "sliders-screen")
    expect(screen).to_have_attribute("data-drawn", re.compile(r"\d"))
    start, place = picture(screen), on_map(page)["path"][0]
    strip = page.locator(".card canvas").first
    strip.scroll_into_view_if_needed()
    before = picture(page.locator(".card canvas").nth(1))
    box = strip.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + 10, steps=8)
    changes(page, screen, start)
    page.mouse.up()
    changes(page, page.locator(".card canvas").nth(1), before)  # what the other numbers do from here
    page.wait_for_function("(old) => JSON.stringify(window.digitlabWalk.path) !== JSON.stringify([old])", arg=place)
    expect(page.locator(".card")).to_have_count(20)
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("([canvas, old]) => canvas.toDataURL() === old", arg=[screen.element_handle(), start])


def test_more_sliders_are_shown_when_they_are_asked_for(dashboard: Dashboard, visit: Visit) -> None:
    page, _ = walking(dashboard, visit, "conv-autoencoder", "dimensions", "sliders-screen")
    expect(page.locator(".card")).to_have_count(24)
    page.get_by_role("button", name="Show 24 more of 40").click()
    expect(page.locator(".card")).to_have_count(48)
    page.get_by_role("button", name="Show 16 more of 16").click()
    expect(page.locator(".card")).to_have_count(64)
    expect(page.get_by_role("button", name=re.compile("Show .* more"))).to_be_hidden()


def test_a_sum_follows_its_slider_and_names_its_nearest_digits(dashboard: Dashboard, visit: Visit) -> None:
    page, screen = walking(dashboard, visit, "vae-20", "arithmetic", "sum-screen")
    expect(screen).to_have_attribute("data-amount", "1")
    before, near = picture(screen), page.get_by_role("group", name="The digits whose codes are nearest")
    named = near.inner_text()
    slider = page.get_by_role("slider", name="How many times")
    slider.focus()
    slider.press("End")
    expect(screen).to_have_attribute("data-amount", "2")
    changes(page, screen, before)
    expect(near).not_to_have_text(named)


def test_samples_follow_the_temperature_and_stay_until_new_ones_are_drawn(dashboard: Dashboard, visit: Visit) -> None:
    page, _ = walking(dashboard, visit, "vae-2", "samples", "grid-screen")
    samples, plane = page.get_by_label("Samples from the prior"), page.get_by_label("The plane of the prior")
    expect(samples).to_have_attribute("data-drawn", "1")
    expect(plane).to_have_attribute("data-drawn", "1")
    first, whole = picture(samples), picture(plane)
    page.get_by_role("slider", name="Temperature").press("Home")
    expect(samples).to_have_attribute("data-drawn", "0")
    assert picture(samples) != first
    page.get_by_role("slider", name="Temperature").press("End")
    expect(samples).to_have_attribute("data-drawn", "2")
    hot = picture(samples)
    page.get_by_role("button", name="New samples").click()
    changes(page, samples, hot)
    expect(samples).to_have_attribute("data-drawn", "2")  # the temperature stays
    assert picture(plane) == whole
