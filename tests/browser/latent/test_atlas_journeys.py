"""The atlas by keyboard, by finger, without its columns, while a run trains, and when it is left."""

import base64
import json
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.conftest import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("mnist")]

ROWS = 10_000
COLUMN = "**/digitlab/columns/**/points.bin*"


def canvas_of(page: Page) -> Locator:
    """The map, once its points are there; the first time a worker has to lay them out."""
    canvas = page.get_by_test_id("atlas-canvas-0")
    canvas.wait_for(timeout=90_000)
    wait_for(lambda: canvas.evaluate("(canvas) => canvas.atlas.rows()") == ROWS)
    return canvas


def place(canvas: Locator, row: int) -> tuple[float, float]:
    canvas.scroll_into_view_if_needed()
    x, y = canvas.evaluate("(canvas, row) => canvas.atlas.screen(row)", row)
    return x, y


def apart(canvas: Locator) -> float:
    """How far two digits are from each other on the screen."""
    (ax, ay), (bx, by) = place(canvas, 1), place(canvas, 2)
    return float(((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5)


@pytest.fixture
def address(dashboard) -> str:
    return f"{dashboard.url}/latent-space?run=vae-2&map=pca"


def test_points_that_do_not_load_are_said_and_come_at_the_next_try(address, visit) -> None:
    page = visit("about:blank")
    page.route(COLUMN, lambda route: route.fulfill(status=404, body="The map is gone. Compute it again."))
    page.goto(address)
    said = page.get_by_text("The map did not load. The map is gone. Compute it again.")
    expect(said).to_be_visible(timeout=90_000)
    page.unroute(COLUMN)
    page.get_by_test_id("atlas-retry").click()
    canvas_of(page)
    expect(said).to_be_hidden()


def test_a_map_of_the_wrong_length_is_not_drawn(address, visit) -> None:
    page = visit("about:blank")
    page.route(COLUMN, lambda route: route.fulfill(status=200, body=b"1234"))
    page.goto(address)
    expect(page.get_by_text("What the server sent is not of this map")).to_be_visible(timeout=90_000)
    assert page.get_by_test_id("atlas-canvas-0").evaluate("(canvas) => canvas.atlas.rows()") == 0


def test_the_map_is_moved_zoomed_and_picked_from_by_keys(address, visit) -> None:
    page = visit(address)
    canvas = canvas_of(page)
    canvas.focus()
    whole, (x, y) = apart(canvas), place(canvas, 1)
    page.keyboard.press("ArrowLeft")
    assert place(canvas, 1) == pytest.approx((x + 40, y))
    page.keyboard.press("0")
    assert place(canvas, 1) == pytest.approx((x, y))
    page.keyboard.press("+")
    assert apart(canvas) == pytest.approx(1.4 * whole)
    page.keyboard.press("0")
    page.keyboard.press("Enter")  # the middle of the map is full of digits
    row = page.get_by_test_id("atlas-hover").get_attribute("data-row")
    assert row is not None
    expect(page.get_by_text(f"Test digit {int(row):,},").first).to_be_visible()


def test_a_finger_taps_a_digit_and_drags_the_map(address, visit) -> None:
    page = visit(address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    canvas = canvas_of(page)
    x, y = place(canvas, 3)
    page.touchscreen.tap(x, y)
    panel = page.get_by_test_id("atlas-hover")
    expect(panel).to_be_visible()
    box, frame = panel.bounding_box(), canvas.bounding_box()
    assert box is not None
    assert frame is not None
    assert frame["x"] - 1 <= box["x"] <= box["x"] + box["width"] <= frame["x"] + frame["width"] + 1
    x, y = place(canvas, 3)
    touch = page.context.new_cdp_session(page)
    for kind, dx in (("touchStart", 0), ("touchMove", 30), ("touchMove", 60), ("touchEnd", None)):
        points = [] if dx is None else [{"x": x + dx, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    wait_for(lambda: abs(place(canvas, 3)[0] - x - 60) < 2)


def test_a_page_that_is_left_leaves_no_connection_behind(address, visit) -> None:
    page = visit("about:blank")
    lines = []
    page.on("websocket", lambda line: lines.append(line) if "digitlab/live" in line.url else None)
    page.goto(address)
    canvas_of(page)
    wait_for(lambda: lines)
    page.get_by_role("link", name="Train").click()
    expect(page.get_by_role("heading", name="Train").first).to_be_visible()
    wait_for(lambda: page.evaluate("1") and all(line.is_closed() for line in lines))


def formed(version: str, epochs: int, training: bool) -> str:
    """Two digits that lie further out at every epoch, as the server sends them."""
    points = np.array([[[epoch, 0], [0, epoch]] for epoch in range(epochs)], "<f4")
    labels = np.array([1, 2], np.uint8)
    numbers = list(range(epochs))
    sent = {"version": version, "steps": numbers, "epochs": numbers, "training": training, "n": 2}
    text = {name: base64.b64encode(of.tobytes()).decode() for name, of in (("points", points), ("labels", labels))}
    return json.dumps(sent | text)


def test_the_map_of_a_run_that_trains_follows_it_to_the_newest_epoch(address, visit) -> None:
    page = visit("about:blank")
    asked = []

    def reply(route: Route) -> None:
        asked.append(parse_qs(urlsplit(route.request.url).query).get("known", [""])[0])
        route.fulfill(body=formed("new", 3, False) if asked[-1] else formed("old", 2, True))

    page.route("**/digitlab/forming/**", reply)
    page.goto(f"{address}&do=forming")
    said = page.get_by_test_id("atlas-forming-said")
    expect(said).to_have_text("Epoch 2 of 2, step 2: 2 test digits.", timeout=90_000)
    assert asked == ["", "old"]
    expect(page.get_by_test_id("atlas-play")).to_have_text("Play")
    assert page.get_by_test_id("atlas-epoch").input_value() == "2"
