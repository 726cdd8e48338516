"""How quickly the latent map is there, follows the pointer and moves, in a real browser. Run by hand:

    python -m tests.benchmarks.latent_map [--rounds N] [--hovers N] [--seconds S] [--umap]

It starts a dashboard of its own on a free port, has the PCA maps of 10,000 and 70,000 digits computed, and times inside
the page, on the page's clock, up to the first frame that shows what was asked for. --umap: also how long a click waits
while UMAP of 70,000 codes runs.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from core.jobs import submit
from core.jobs.state import cancel
from core.latent.maps import MAPS
from core.latent.trust import TRUST
from core.runs.run import Run
from tests.conftest import wait_for
from tests.server import Dashboard, launch, running

RUN = "conv-autoencoder"
SIZES = {"test": 10_000, "all": 70_000}

# Finds the map in the shadow tree of its component, and notes when it was first painted with so many points.
WATCH = """count => {
  window.atlasPainted = null;
  const look = () => {
    const hosts = [...document.querySelectorAll("div")].filter((one) => one.shadowRoot);
    const canvas = hosts.map((one) => one.shadowRoot.querySelector("[data-testid=atlas-canvas-0]")).find(Boolean);
    if (canvas?.dataset.painted && canvas.dataset.count === String(count)) {
      // The task after an animation frame runs when that frame is painted.
      setTimeout(() => (window.atlasPainted = performance.now()));
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
CLICKED = 'window.addEventListener("pointerdown", () => (window.clickedAt = performance.now()), true);'

HOVERS = """canvas => {
  const log = (window.hoverLog = { digits: [], decoded: [] });
  const panel = canvas.getRootNode().querySelector("[data-testid=atlas-hover]");
  let moved = 0;
  canvas.addEventListener("pointermove", () => (moved = performance.now()), true);
  const painted = (times) => {
    const at = moved;
    requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - at)));
  };
  new MutationObserver((changes) => {
    const names = new Set(changes.map((change) => change.attributeName));
    if (names.has("data-row") && panel.dataset.drawn) painted(log.digits);
    if (names.has("data-answers")) painted(log.decoded);
  }).observe(panel, { attributes: true, attributeFilter: ["data-row", "data-answers"] });
}"""

# A hand that moves before every frame: events from outside come no faster than a busy machine sends them.
HAND = """async (canvas, { move, seconds }) => {
  const [first, start] = [canvas.atlas.frame(), performance.now()];
  const box = canvas.getBoundingClientRect();
  for (let step = 0; performance.now() - start < 1000 * seconds; step++) {
    const at = {
      clientX: box.left + box.width / 2 + 120 * Math.sin(step / 15),
      clientY: box.top + box.height / 2 + 80 * Math.cos(step / 15),
      pointerId: window.hand, pointerType: "mouse", bubbles: true,
    };
    if (move === "drag") canvas.dispatchEvent(new PointerEvent("pointermove", at));
    else canvas.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: step % 80 < 40 ? -40 : 40, cancelable: true }));
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
  }
  return (1000 * (canvas.atlas.frame() - first)) / (performance.now() - start);
}"""

ANSWERED = """index => new Promise((done) => {
  const said = `Test digit ${index.toLocaleString("en-US")},`;
  const look = () => {
    const texts = [...document.querySelectorAll("[data-testid=stMarkdownContainer]")].map((one) => one.textContent);
    if (texts.some((text) => text.startsWith(said))) setTimeout(() => done(performance.now() - window.clickedAt));
    else if (performance.now() - window.clickedAt > 5000) done(null);
    else requestAnimationFrame(look);
  };
  look();
})"""


def address(dashboard: Dashboard, sample: str) -> str:
    return f"{dashboard.url}/latent-space?run={RUN}&map=pca&digits={sample}"


def ready(page: Page) -> float:
    """Wait until the map is painted; return when, in ms on the page's clock."""
    page.wait_for_function("window.atlasPainted !== null", timeout=120_000)
    return float(page.evaluate("window.atlasPainted"))


def opened(browser: Browser, dashboard: Dashboard, sample: str) -> Page:
    """A map that is there, with its digits' pictures fetched."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address(dashboard, sample))
    page.evaluate(WATCH, SIZES[sample])
    ready(page)
    page.wait_for_timeout(3000)
    return page


def from_cold(browser: Browser, dashboard: Dashboard, sample: str) -> float:
    """Milliseconds from following a link, with nothing cached, to the points."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(f"({WATCH})({SIZES[sample]})")
    page.goto(address(dashboard, sample))
    took = ready(page)
    context.close()
    return took


def from_a_click(browser: Browser, dashboard: Dashboard, sample: str) -> float:
    """Milliseconds from choosing the page in an open dashboard, where the map was looked at before, to the points."""
    page = opened(browser, dashboard, sample)
    page.evaluate(CLICKED)
    page.get_by_role("link", name="Reconstruct").click()
    page.get_by_role("heading", name="Reconstruct").wait_for()
    page.wait_for_timeout(2000)
    page.evaluate(WATCH, SIZES[sample])
    page.get_by_role("link", name="Latent space").click()
    took = ready(page) - float(page.evaluate("window.clickedAt"))
    page.close()
    return took


def hovers(page: Page, number: int) -> dict[str, list[float]]:
    """Move the pointer to so many digits, one after the other."""
    canvas = page.get_by_test_id("atlas-canvas-0")
    canvas.evaluate(HOVERS)
    box = canvas.bounding_box()
    assert box is not None
    rng = np.random.default_rng(0)
    for _ in range(number):
        x, y = canvas.evaluate("(canvas, row) => canvas.atlas.screen(row)", int(rng.integers(10_000)))
        if box["x"] + 4 < x < box["x"] + box["width"] - 4 and box["y"] + 4 < y < box["y"] + box["height"] - 4:
            page.mouse.move(x, y)
            page.wait_for_timeout(120)
    log: dict[str, list[float]] = page.evaluate("window.hoverLog")
    return log


def frames(page: Page, seconds: float, move: str) -> float:
    """Frames a second while a hand drags or wheels, as often as the screen shows a frame."""
    canvas = page.get_by_test_id("atlas-canvas-0")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    canvas.evaluate('(canvas) => canvas.addEventListener("pointerdown", (event) => (window.hand = event.pointerId))')
    if move == "drag":
        page.mouse.down()
    drawn = canvas.evaluate(HAND, {"move": move, "seconds": seconds})
    page.mouse.up()
    page.get_by_test_id("atlas-fit").click()
    return float(drawn)


def clicks(page: Page, run: Run, number: int) -> list[float]:
    """Milliseconds from a click on a digit until the page tells of it, while UMAP of all digits runs."""
    submit.request(MAPS, run, "umap", "all")
    wait_for(lambda: MAPS.state(run, "umap", "all").fraction > 0, 300)
    page.evaluate(CLICKED)
    canvas, times, rng = page.get_by_test_id("atlas-canvas-0"), [], np.random.default_rng(1)
    for _ in range(number):
        x, y = canvas.evaluate("(canvas, row) => canvas.atlas.screen(row)", int(rng.integers(10_000)))
        page.mouse.move(x, y)
        row = page.get_by_test_id("atlas-hover").get_attribute("data-row")
        page.mouse.click(x, y)
        if row and int(row) < SIZES["test"]:
            answered = page.evaluate(ANSWERED, int(row))
            times += [] if answered is None else [float(answered)]  # a click on a class's name picks no digit
        page.wait_for_timeout(800)
    still = MAPS.state(run, "umap", "all").state
    cancel(run, "umap-all")
    print(f"UMAP was {still} at the end")
    return times


def line(name: str, times: list[float], unit: str = "ms") -> str:
    return f"{name:48s} median {median(times):7.1f} {unit}   p95 {np.percentile(times, 95):7.1f}   of {len(times)}"


def compute(run: Run) -> None:
    for sample in SIZES:
        submit.request(MAPS, run, "pca", sample)
        # With its figures: a second process at work would slow all that is timed.
        wait_for(lambda sample=sample: TRUST.state(run, "pca", sample).state == "ready", 600)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often the page is opened")
    parser.add_argument("--hovers", type=int, default=150, help="digits the pointer visits")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long a hand drags, and wheels")
    parser.add_argument("--umap", action="store_true", help="also click while UMAP of 70,000 codes runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as dashboard, sync_playwright() as playwright:
        run = dashboard.runs.get(RUN)
        compute(run)
        browser = launch(playwright)
        opened(browser, dashboard, "test").close()  # the server has warmed up
        for sample, count in SIZES.items():
            link = [from_cold(browser, dashboard, sample) for _ in range(options.rounds)]
            click = [from_a_click(browser, dashboard, sample) for _ in range(options.rounds)]
            print(line(f"{count:,} points from a cold link", link))
            print(line(f"{count:,} points from a click in the dashboard", click))
            page = opened(browser, dashboard, sample)
            log = hovers(page, options.hovers)
            print(line(f"{count:,} points, hover -> digit", log["digits"]))
            print(line(f"{count:,} points, hover -> decoded", log["decoded"]))
            for move in ("drag", "wheel"):
                print(f"{count:,} points, {move}: {frames(page, options.seconds, move):.0f} frames a second")
            page.close()
        if options.umap:
            print(line("click while UMAP runs", clicks(opened(browser, dashboard, "test"), run, 20)))
        browser.close()


if __name__ == "__main__":
    main()
