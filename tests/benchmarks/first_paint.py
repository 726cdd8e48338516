"""How long a person waits for a dashboard that was just started, beside a Streamlit app of one line. Run by hand:

    python -m tests.benchmarks.first_paint [--rounds N]

Every round starts both, one after the other, each opened at once in a browser that has kept nothing: from the start of
the process to the line, to the Draw page's pad, and to the first answer to a pen that draws from then on. At the end,
once the last server has warmed up, it also tells its private memory: what it shares with no other process (Linux only).
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks.first_point import wait_for_template
from tests.browser.journeys import SEVEN, draw
from tests.server import Dashboard, launch, running

LINE = 'import streamlit; streamlit.write("One line")'
# Notes when each of these is on the screen, on the page's clock: the driver is slow while the machine is busy.
NOTE = """(() => {
  const part = (name) => [...document.querySelectorAll("*")]
    .map((host) => host.shadowRoot?.querySelector(`[data-testid="${name}"]`)).find(Boolean);
  const find = {
    line: () => document.querySelector("p")?.textContent === "One line",
    pad: () => part("pad-canvas")?.clientWidth,
    answer: () => /[0-9]/.test(part("verdict")?.textContent),
  };
  window.shown = {};
  const look = () => {
    for (const name in find) if (!(name in shown) && find[name]()) setTimeout(() => (shown[name] ??= Date.now()));
    requestAnimationFrame(look);
  };
  look();
})()"""


def one_line(browser: Browser, folder: Path) -> float:
    """Return the seconds until the app of one line shows it."""
    (folder / "app.py").write_text(LINE, encoding="utf-8")
    with running(folder, shipped=False, script=str(folder / "app.py")) as app, opened(browser, app) as page:
        return shown(page, app, "line")


def draw_page(browser: Browser, dashboard: Dashboard) -> tuple[float, float]:
    """Return the seconds until the pad is there, and until a stroke is answered."""
    with opened(browser, dashboard) as page:
        pad = shown(page, dashboard, "pad")
        while "answer" not in page.evaluate("shown"):
            draw(page, SEVEN)
        return pad, shown(page, dashboard, "answer")


@contextmanager
def opened(browser: Browser, app: Dashboard) -> Iterator[Page]:
    """The app in a browser context of its own, where nothing is cached."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.add_init_script(NOTE)
        page.goto(app.url, wait_until="commit")
        yield page


def shown(page: Page, app: Dashboard, what: str) -> float:
    """Wait until the page shows this; return the seconds since the start of the process."""
    at = page.wait_for_function("what => shown[what]", arg=what, timeout=60_000).json_value()
    return float(at) / 1000 - app.started


def private(dashboard: Dashboard) -> tuple[float, float]:
    """The server's memory in MB that no other process has: what it wrote, and what it alone has mapped of files."""
    lines = Path(f"/proc/{dashboard.process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
    return sizes["Private_Dirty"], sizes["Private_Clean"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rounds = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for number in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                line = one_line(browser, Path(folder))
            with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as dashboard:
                rounds.append((line, *draw_page(browser, dashboard)))
                print("line {:.2f} s, pad {:.2f} s, answer {:.2f} s".format(*rounds[-1]), flush=True)
                if number == options.rounds - 1:
                    wait_for_template()
                    written, libraries = private(dashboard)
                    print(f"private memory: {written:.0f} MB of its own, {libraries:.0f} MB of libraries")
        browser.close()
    line, pad, answer = (median(column) for column in zip(*rounds, strict=True))
    print(f"median of {options.rounds}: line {line:.2f} s, pad {pad:.2f} s ({pad / line:.2f} times the line's)")
    print(f"first stroke answered {answer:.2f} s after the start")


if __name__ == "__main__":
    main()
