"""What people do in the dashboard, in the words of the tests: draw a digit, wait for a curve, read a verdict."""

import re

from playwright.sync_api import Locator, Page, TimeoutError, expect

# Strokes in units of the pad, as a person would draw them.
THREE = [[(0.3, 0.2), (0.45, 0.12), (0.62, 0.18), (0.65, 0.32), (0.55, 0.44), (0.42, 0.48)],
         [(0.42, 0.48), (0.6, 0.52), (0.68, 0.66), (0.6, 0.82), (0.42, 0.88), (0.28, 0.8)]]  # fmt: skip
SEVEN = [[(0.25, 0.2), (0.5, 0.2), (0.75, 0.2), (0.6, 0.5), (0.45, 0.85)]]


def draw(page: Page, strokes: list[list[tuple[float, float]]] = THREE) -> None:
    """Draw with the mouse, in small moves."""
    canvas = page.get_by_test_id("pad-canvas")
    canvas.wait_for()
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    if box is None:
        raise AssertionError("the pad is not on the screen")
    for stroke in strokes:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for x, y in places[1:]:
            page.mouse.move(x, y, steps=6)
        page.mouse.up()


def verdict(page: Page, run: str) -> Locator:
    """The digit that a run's card shows."""
    return page.locator(f'[data-testid="pad-card"][data-run="{run}"]').get_by_test_id("verdict")


def badge(page: Page, run: str = "") -> Locator:
    """The status word of a run on the Train page."""
    return page.locator(f".st-key-status-{run} .rs-badge" if run else ".rs-badge").first


_POINTS = """(name) => (document.querySelector(".lf-plot")?.data ?? [])
  .filter((trace) => trace.name?.startsWith(name)).reduce((sum, trace) => sum + (trace.x?.length ?? 0), 0)"""


def wait_for_points(page: Page, run: str, more_than: int = 0) -> int:
    """Wait until the curves of the run with this name have more points than that; return how many they have."""
    page.wait_for_function(f"([name, n]) => ({_POINTS})(name) > n", arg=[run, more_than], timeout=60_000)
    return int(page.evaluate(_POINTS, run))


def entry(page: Page, key: str) -> Locator:
    """Where one types into the widget with this key; one whose value the page has changed has a number behind it."""
    numbered = (f'[class*="st-key-{key}-{digit}"]' for digit in range(1, 10))
    shown = page.locator(f":is({', '.join((f'.st-key-{key}', *numbered))}) input:visible")  # not the one it was before
    return shown.first


def choose(page: Page, key: str, option: str) -> None:
    """Choose an option of the select box with this key, again if the page was just drawn anew and closed its list."""
    field = entry(page, key)
    for _ in range(5):
        field.click()
        field.fill(option)  # a long list has only those in the page that can be seen
        try:
            page.get_by_role("option", name=option, exact=True).click(timeout=6_000)
        except TimeoutError:
            page.keyboard.press("Escape")
            continue
        return
    raise AssertionError(f"{option!r} cannot be chosen in {key}")


def start_training(page: Page, preset: str = "Plain convolutional net", epochs: int | None = 1000) -> None:
    """Press Train for a preset on the embedded digits; epochs: None where it has none."""
    expect(page.locator(".st-key-train button")).to_be_enabled()
    choose(page, "form-preset", preset)
    expect(entry(page, "form-preset")).to_have_value(preset)
    choose(page, "form-dataset", "Embedded digits")
    if epochs is not None:
        field = entry(page, "form-epochs")
        field.fill(str(epochs))
        field.press("Enter")
    page.get_by_text("Changed from the preset", exact=False).wait_for()
    page.locator(".st-key-train button").click()
    expect(badge(page)).to_have_text(re.compile("starting|queued|running|finished"))


def visit_tab(page: Page, title: str) -> None:
    """Go to another page by the navigation, as a click does."""
    page.get_by_test_id("stTopNavLink").filter(has_text=title).first.click()
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()


def place(plot: Locator, true: int, read: int) -> tuple[float, float]:
    """Where a cell of a drawn confusion matrix is in the window."""
    plot.scroll_into_view_if_needed()
    x, y = plot.evaluate(
        """(plot, [row, column]) => {
          const { left, top } = plot.getBoundingClientRect(), { xaxis, yaxis } = plot._fullLayout;
          return [left + xaxis._offset + xaxis.d2p(column), top + yaxis._offset + yaxis.d2p(row)];
        }""",
        [true, read],
    )
    return x, y
