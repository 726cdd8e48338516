"""How far behind do pages fall? `python -m tests.benchmarks.two_dashboards [seconds]`

Two dashboards over one folder, three browsers at each, four runs that train. Twice a second every page's epoch counts
are compared with what the runs have written; the lag is how long ago the first step that a page does not show yet was
written. Then all runs are stopped: how long until the last page says so.
"""

import os
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from core.jobs import submit
from core.runs.run import Run, Status
from tests.conftest import small, wait_for
from tests.server import Dashboard, launch

MODELS = ("softmax", "mlp", "numpy-two-layer", "autoencoder")
# The time is taken in the page: on a busy machine the answer itself may be long on its way.
FACTS = """(ids) => [Date.now() / 1000,
  ids.map((id) => document.querySelector(`.st-key-status-${id}`)?.innerText ?? '')]"""


def lag(run: Run, shown: str, now: float) -> float | None:
    """How long a newer step than the one shown has been there, in seconds; None while the page shows none."""
    found = re.search(r"([\d.]+) of", shown)
    if not found:
        return None
    newer = [step.time for step in run.history().steps if round(step.epoch, 2) > float(found[1])]
    return max(0.0, now - newer[0]) if newer and newer[0] < now else 0.0


def all_say(pages: list[Page], ids: list[str], word: str) -> bool:
    return all(word in text for page in pages for text in page.evaluate(FACTS, ids)[1])


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    os.environ["DIGITLAB_SLOTS"] = str(len(MODELS))
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        dashboards = [Dashboard(folder, shipped=False) for _ in range(2)]
        store = dashboards[0].runs
        browser = launch(playwright)
        try:
            runs = [store.create(small(model, epochs=1000, train_size=0)) for model in MODELS]
            for run in runs:
                submit.train(run)
            ids = [run.id for run in runs]
            wait_for(lambda: all(run.history().steps for run in runs), 120)
            pages = [browser.new_page() for _ in range(6)]
            for number, page in enumerate(pages):
                page.goto(f"{dashboards[number % 2].url}/train?run={','.join(ids)}")
            wait_for(lambda: all_say(pages, ids, " of "), 120)
            lags, end = [], time.monotonic() + seconds
            while time.monotonic() < end:
                for page in pages:
                    now, shown = page.evaluate(FACTS, ids)
                    lags += [lag(run, text, now) for run, text in zip(runs, shown, strict=True)]
                time.sleep(0.5)
            known = np.array([value for value in lags if value is not None])
            middle, late = np.quantile(known, (0.5, 0.95))
            print(f"{len(known)} looks, {len(lags) - len(known)} without a number")
            print(f"lag: median {middle:.2f} s, p95 {late:.2f} s, worst {known.max():.2f} s")
            store.stop_all()
            wait_for(lambda: all(run.status() == Status.STOPPED for run in runs))
            start = time.monotonic()
            wait_for(lambda: all_say(pages, ids, "stopped"))
            print(f"all pages say stopped {time.monotonic() - start:.2f} s after the last run has stopped")
        finally:
            store.stop_all()
            browser.close()
            for dashboard in dashboards:
                dashboard.kill()


if __name__ == "__main__":
    main()
