"""How quickly the Evaluate page is there, and follows its sliders, in a real browser. Run by hand:

    python -m tests.benchmarks.evaluate_page [--runs cnn,mlp] [--rounds N] [--seconds S]

It starts a dashboard of its own on a free port and opens the page of a shipped run that has read nothing yet, then all
parts of runs that have. It times inside the page, on the page's clock, up to the first frame that shows what was asked.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.benchmarks.first_point import wait_for_template
from tests.browser.journeys import place
from tests.server import Dashboard, launch, running

# What shows that a part is there: a table, a figure that is drawn, the digits.
READY = {
    "glance": ".ec tbody tr",
    "confusion": ".lf-plot .heatmaplayer image",
    "digits": ".tiles .tile",
    "thresholds": ".lf-plot .scatterlayer .trace",
    "thresholds&class=8": ".mf-root[data-shown] .scatterlayer .trace",
    "calibration": ".mf-root[data-shown] .scatterlayer .trace",
    "compare": ".tiles .tile",
}
TITLES = {
    "glance": "At a glance", "confusion": "Confusion", "digits": "Gallery", "thresholds": "Thresholds",
    "calibration": "Calibration", "compare": "Compare",
}  # fmt: skip

# The task after an animation frame runs when that frame is painted. Some components have a shadow root.
PAINTED = """([selector, from]) => new Promise((done) => {
  const find = (root) => root.querySelector(selector) ??
    [...root.querySelectorAll("*")].map(({ shadowRoot }) => shadowRoot && find(shadowRoot)).find(Boolean);
  const look = () => {
    const found = find(document);
    const stale = found?.closest("[data-stale=true]") ?? found?.getRootNode().host?.closest("[data-stale=true]");
    if (found && !stale) requestAnimationFrame(() => setTimeout(() => done(performance.now() - (window[from] ?? 0))));
    else requestAnimationFrame(look);
  };
  look();
})"""
CLICKED = 'window.addEventListener("pointerdown", () => (window.clickedAt = performance.now()), true);'

# How long each move of a slider takes until it is painted, and when those frames were.
MOVES = """() => {
  const root = document.querySelector(".mf-root"), log = (window.moves = { took: [], at: [] });
  let moved = null;
  root.addEventListener("input", () => (moved ??= performance.now()), true);
  new MutationObserver(() => {
    const from = moved;
    moved = null;
    requestAnimationFrame(() => setTimeout(() => {
      log.at.push(performance.now());
      if (from !== null) log.took.push(performance.now() - from);
    }));
  }).observe(root, { attributes: true, attributeFilter: ["data-shown"] });
}"""

# A hand that moves before every frame: events from outside come no faster than a busy machine sends them.
HAND = """async (seconds) => {
  const slider = document.querySelector(".mf-range"), start = performance.now(), last = Number(slider.max);
  let frames = 0;
  for (; performance.now() - start < 1000 * seconds; frames++) {
    slider.value = String(Math.round(last * (0.5 + 0.45 * Math.sin(frames / 20))));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
  }
  return (1000 * frames) / (performance.now() - start);
}"""


def address(dashboard: Dashboard, runs: str, part: str) -> str:
    return f"{dashboard.url}/evaluate?run={runs}&part={part}"


def opened(context: BrowserContext, dashboard: Dashboard, runs: str, part: str) -> tuple[Page, float]:
    """A part of the page that is painted, and how many ms after its address was followed that was."""
    page = context.new_page()
    page.goto(address(dashboard, runs, part), wait_until="commit")
    took = page.evaluate(PAINTED, [READY[part], "opened"])
    return page, float(took)


def from_nothing(browser: Browser, dashboard: Dashboard, run_id: str) -> float:
    """Milliseconds from following a link to the page of a run that has read nothing, to its figures at a glance."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        return opened(context, dashboard, run_id, "glance")[1]


def from_a_click(context: BrowserContext, dashboard: Dashboard, runs: str, part: str) -> float:
    """Milliseconds from choosing a part on the page to its last element."""
    other = "compare" if part == "glance" else "glance"
    page, _ = opened(context, dashboard, runs, other)
    page.wait_for_timeout(1000)
    page.evaluate(CLICKED)
    page.get_by_role("radio", name=TITLES[part]).click()
    took = float(page.evaluate(PAINTED, [READY[part], "clickedAt"]))
    page.close()
    return took


def cells(context: BrowserContext, dashboard: Dashboard, runs: str, rounds: int) -> list[float]:
    """Milliseconds from a click on a cell of a confusion matrix until its digits are painted."""
    page, _ = opened(context, dashboard, runs, "confusion")
    page.wait_for_timeout(2000)
    page.evaluate(CLICKED)
    times = []
    for number in range(rounds):
        true, read = number % 10, (number // 10 + number % 10) % 10  # the right ones first: they are many
        plot = page.locator(".lf-plot").first
        x, y = place(plot, true, read)
        page.mouse.click(x, y)
        label = f"Class {true} read {'rightly' if true == read else f'as {read}'}"
        times.append(float(page.evaluate(PAINTED, [f'.tiles[aria-label="{label}"] .tile', "clickedAt"])))
        page.wait_for_timeout(700)
    page.close()
    return times


def drag(page: Page, seconds: float) -> tuple[float, list[float]]:
    """Frames a second while a mouse drags the slider back and forth, and ms from each move to its frame."""
    page.wait_for_timeout(1500)
    page.evaluate(MOVES)
    slider = page.locator(".mf-range")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    if box is None:
        raise AssertionError("the slider is not on the screen")
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    start, step = perf_counter(), 0
    while perf_counter() - start < seconds:
        page.mouse.move(box["x"] + box["width"] * (0.5 + 0.45 * np.sin(step / 20)), y)
        step += 1
    page.mouse.up()
    page.wait_for_timeout(300)
    log = page.evaluate("window.moves")
    at = [float(one) for one in log["at"]]
    return 1000 * (len(at) - 1) / (at[-1] - at[0]), [float(one) for one in log["took"]]


def keys(page: Page, number: int) -> list[float]:
    """Milliseconds from a key on the slider to the frame that shows its new position."""
    page.evaluate(MOVES)
    slider = page.locator(".mf-range")
    slider.focus()
    for step in range(number):
        slider.press("ArrowLeft" if step % 20 < 10 else "ArrowRight")
        page.wait_for_timeout(400)  # the galleries follow meanwhile
    return [float(one) for one in page.evaluate("window.moves")["took"]]


def line(name: str, times: list[float]) -> None:
    p95 = np.percentile(times, 95)
    print(
        f"{name:58s} median {median(times):6.0f} ms   p95 {p95:6.0f}   most {max(times):6.0f}   of {len(times)}",
        flush=True,
    )


def measure(browser: Browser, dashboard: Dashboard, runs: str, rounds: int, seconds: float) -> None:
    """Measure what is there for runs that have read the test digits."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        for part in READY:
            page, took = opened(context, dashboard, runs, part)
            page.close()
            times = []
            for _ in range(rounds):
                page, took = opened(context, dashboard, runs, part)
                page.close()
                times.append(took)
            line(f"{part}: from a link", times)
            if part in TITLES:
                line(f"{part}: from a click", [from_a_click(context, dashboard, runs, part) for _ in range(rounds)])
        line("a click on a cell -> its digits", cells(context, dashboard, runs, 2 * rounds))
        for part in ("calibration", "thresholds&class=8"):
            page, _ = opened(context, dashboard, runs, part)
            frames, times = drag(page, seconds)
            print(
                f"{part}: {frames:.0f} frames a second while a mouse drags the slider, as often as it is told to move"
            )
            print(f"{part}: {page.evaluate(HAND, seconds):.0f} frames a second while it moves before each of them")
            line(f"{part}: a move of the mouse -> painted", times)
            line(f"{part}: a key -> painted", keys(page, 4 * rounds))
            page.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", default="cnn,mlp", help="what is opened once it has read the digits")
    parser.add_argument("--rounds", type=int, default=5, help="how often each part is opened")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long a hand drags")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as dashboard, sync_playwright() as playwright:
        browser = launch(playwright)
        with browser.new_context() as context:  # the server has warmed up
            page = context.new_page()
            page.goto(dashboard.url)
            page.get_by_test_id("pad-canvas").wait_for(timeout=60_000)
        wait_for_template()
        for run_id in options.runs.split(","):
            print(f"{run_id}, which has read nothing: {from_nothing(browser, dashboard, run_id):.0f} ms", flush=True)
        measure(browser, dashboard, options.runs, options.rounds, options.seconds)
        browser.close()


if __name__ == "__main__":
    main()
