"""How long a person waits on the Train page: Train pressed to the first point of the curve, Stop pressed to "stopped".

Run with `python -m tests.benchmarks.first_point`; it starts a dashboard of its own with an empty store, drives it in
Chromium and prints the median of some rounds for every model, and whether a zoom made by hand survives an update.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from core.models import MODELS
from tests.browser.journeys import entry
from tests.conftest import ROOT
from tests.server import launch, running

# Clicks in the page itself, so that the driver's own slowness is not measured; resolves when the next frame is shown.
CLICK_AND_WAIT = """
([button, wanted]) => new Promise((resolve, reject) => {
  const ids = () => [...document.querySelectorAll("[class*=st-key-status-]")].map((element) => element.className);
  const plot = () => [...document.querySelectorAll(".lf-plot")].find((one) => one.querySelector(".trace"));
  const drawn = () => (plot()?.data ?? []).filter((trace) => trace.name);
  const reached = () => Math.max(...drawn().map((trace) => trace.x.at(-1)));  // epochs
  const names = () => drawn().map((trace) => trace.name).join();
  const known = new Set(ids()), before = [reached(), names()];
  const done = {
    // The new run stands alone in place of the one before, whose curve has another name or had come further.
    curve: () => ids().some((id) => !known.has(id)) && drawn().length
      && (!before[1] || names() !== before[1] || reached() < before[0]),
    stopped: () => document.querySelector(".rs-badge")?.textContent === "stopped",
  }[wanted];
  const start = performance.now();
  document.querySelector(button).click();
  const look = () => {
    if (done()) requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    else if (performance.now() - start > 60000) reject(new Error("nothing within 60 s"));
    else requestAnimationFrame(look);
  };
  look();
})
"""
STATE = """() => {
  const plot = document.querySelector(".lf-plot");
  return [plot.layout.xaxis.range, plot.data.reduce((sum, trace) => sum + trace.x.at(-1), 0)];
}"""


def wait_for_template() -> None:
    """Wait until the template of workers has rehearsed everything: it is there, and uses no processor time."""
    before: dict[int, int] = {}
    for _ in range(180):
        now = _templates()
        if now and now == before:
            return
        before = now
        time.sleep(3.0)  # longer than it waits before it rehearses maps
    raise RuntimeError("No template came to rest within 9 minutes. Stop the runs that go on, and try again.")


def _templates() -> dict[int, int]:
    """Return the templates of this project's servers (Linux only): process id -> clock ticks used."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_template = (folder / "cmdline").read_bytes().endswith(b"core.worker\0")
            if is_template and (folder / "cwd").readlink() == ROOT:
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
                found[int(folder.name)] = int(fields[11]) + int(fields[12])
        except OSError:
            continue  # it ended meanwhile
    return found


def choose_model(page: Page, title: str) -> None:
    """Choose a model in the form, and enough epochs that the run is still going on when Stop is pressed."""
    box = entry(page, "form-model")
    box.fill(title)
    box.press("Enter")
    page.wait_for_timeout(1000)
    epochs = entry(page, "form-epochs")
    epochs.fill("50")
    epochs.press("Enter")
    page.wait_for_timeout(1000)


def train_and_stop(page: Page) -> tuple[float, float]:
    """Press Train and Stop once with a template waiting; return both waits in seconds."""
    wait_for_template()
    shown = page.evaluate(CLICK_AND_WAIT, [".st-key-train button", "curve"]) / 1000
    page.wait_for_timeout(2000)
    stopped = page.evaluate(CLICK_AND_WAIT, ['[class*="st-key-stop-"] button', "stopped"]) / 1000
    return shown, stopped


def zoom_survives(page: Page) -> bool:
    """Zoom by hand while a run goes on; say whether the view is still there when the curve has grown."""
    wait_for_template()
    page.evaluate(CLICK_AND_WAIT, [".st-key-train button", "curve"])
    page.wait_for_timeout(2500)
    box = page.locator(".lf-plot .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
    page.mouse.up()
    page.wait_for_timeout(300)
    zoomed, before = page.evaluate(STATE)
    page.wait_for_timeout(3000)
    now, after = page.evaluate(STATE)
    page.locator('[class*="st-key-stop-"] button').first.click()
    page.wait_for_timeout(1500)
    print(f"zoom: {zoomed} -> {now} while the curves grew from {before:.2f} to {after:.2f} epochs")
    return zoomed == now and after > before


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=[name for name, row in MODELS.items() if not row.source])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), shipped=False) as dashboard:
        measure(dashboard.url, args)


def measure(url: str, args: argparse.Namespace) -> None:
    """Drive one browser through all models."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/train")
        page.wait_for_selector(".st-key-train button:not([disabled])", timeout=30_000)
        every: list[float] = []
        for name in args.models:
            choose_model(page, MODELS[name].title)
            rounds = [train_and_stop(page) for _ in range(args.rounds)]
            first, stop = zip(*rounds, strict=True)
            every += first
            print(
                f"{name:18} first point {statistics.median(first):.2f} s (of {_list(first)}), "
                f"stopped {statistics.median(stop):.2f} s (of {_list(stop)})",
                flush=True,
            )
        print(f"all models: first point {statistics.median(every):.2f} s in the median, {max(every):.2f} s at worst")
        print("zoom kept" if zoom_survives(page) else "ZOOM LOST")
        browser.close()


def _list(seconds: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.2f}" for value in seconds)


if __name__ == "__main__":
    main()
