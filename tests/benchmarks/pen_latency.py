"""How long a pen waits for its answer in a real browser. Run by hand:

    python -m tests.benchmarks.pen_latency [--training] [--clients N] [--seconds S] [--runs cnn,mlp]

It starts a dashboard of its own on a free port, draws with mouse moves in Chromium, beside the growth and the map, and
times inside the page, on the page's clock, from each pointer event to the first frame in which all panels show an
answer to a drawing that includes it. It also counts answers that were shown after a later one.
"""

import argparse
import asyncio
import contextlib
import json
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Page, sync_playwright

from core.jobs import submit
from core.measures.reference import REFERENCE
from core.runs.run import Status
from core.runs.store import RunStore
from core.training.config import TrainConfig
from tests.conftest import wait_for
from tests.server import launch, running

RUNS = "cnn,mlp,softmax,numpy-two-layer,autoencoder,conv-autoencoder"
DIGIT = [(0.30, 0.25), (0.48, 0.15), (0.66, 0.28), (0.50, 0.47), (0.70, 0.63), (0.52, 0.84), (0.30, 0.75)]

# Every pointer event remembers the number of the next question; it is answered when the pad shows that number.
PROBE = """canvas => {
  const lab = canvas.closest(".lab");
  const log = (window.penLog = { moves: [], ups: [], shown: [], disordered: 0 });
  let newest = 0;
  let open = [];
  const note = (kind) => (event) => {
    if (kind === "ups" || event.buttons) open.push({ kind, at: performance.now() });
  };
  canvas.addEventListener("pointermove", note("moves"), true);
  canvas.addEventListener("pointerup", note("ups"), true);
  const asked = [];
  new MutationObserver((changes) => {
    for (const { attributeName } of changes) {
      if (attributeName === "data-asked") { asked.push([Number(lab.dataset.asked), open]); open = []; }
      if (attributeName !== "data-seq") continue;
      const seq = Number(lab.dataset.seq);
      log.shown.push(performance.now());
      if (seq < newest) log.disordered += 1;
      newest = seq;
      const done = [];
      while (asked.length && asked[0][0] <= seq) done.push(...asked.shift()[1]);
      // The pad shows an answer inside an animation frame: the task after it runs when that frame is painted.
      setTimeout(() => {
        const now = performance.now();
        for (const { kind, at } of done) log[kind].push(now - at);
      });
    }
  }).observe(lab, { attributes: true, attributeFilter: ["data-asked", "data-seq"] });
}"""


def draw(page: Page, seconds: float, pace: float) -> float:
    """Draw strokes of 60 mouse moves for so long, a new digit after every third; return how long the pen was down."""
    box = page.get_by_test_id("pad-canvas").bounding_box()
    assert box is not None
    corners = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in DIGIT]
    path = np.concatenate([np.linspace(a, b, 10) for a, b in pairwise(corners)])
    down, until = 0.0, time.monotonic() + seconds
    for number in count():
        if time.monotonic() > until:
            break
        shift = (number % 3) * 8.0
        page.mouse.move(*(path[0] + shift))
        page.mouse.down()
        start = time.monotonic()
        for step, (x, y) in enumerate(path):
            page.mouse.move(x + shift, y + shift)
            page.wait_for_timeout(max(0.0, 1000 * (start + (step + 1) * pace - time.monotonic())))
        page.mouse.up()
        down += time.monotonic() - start
        page.wait_for_timeout(400)
        if number % 3 == 2:
            page.get_by_test_id("pad-clear").click()
            page.wait_for_timeout(100)
    return down


def other_clients(port: int, number: int, runs: list[str], stop: threading.Event) -> threading.Thread:
    """Sockets that draw, too, and ask for the same: 0.6 s of questions, each after the last answer, then 0.4 s of rest.

    They ask as often as a page does, whose screen has 60 frames a second.
    """
    from websockets.asyncio.client import ClientConnection, connect
    from websockets.exceptions import ConnectionClosed

    strokes = [[[0.3, 0.2], [0.6, 0.4], [0.35, 0.8]] * 20]
    wishes = {"runs": runs, "map": {"run": "vae-2", "method": "pca"}}
    question = json.dumps({"kind": "draw", "seq": 1, "strokes": strokes, "width": 0.07, **wishes})

    async def one() -> None:
        origin = f"http://127.0.0.1:{port}"
        address = f"ws://127.0.0.1:{port}/digitlab/live"
        # When everything is measured, the server ends before its sockets.
        with contextlib.suppress(ConnectionClosed):
            async with connect(address, origin=origin) as live:
                await draw_on(live)

    async def draw_on(live: ClientConnection) -> None:
        while not stop.is_set():
            until = time.monotonic() + 0.6
            while time.monotonic() < until:
                await live.send(question)
                await live.recv()
                await asyncio.sleep(1 / 60)
            await asyncio.sleep(0.4)

    async def everybody() -> None:
        await asyncio.gather(*(one() for _ in range(number)))

    thread = threading.Thread(target=lambda: asyncio.run(everybody()), daemon=True)
    thread.start()
    return thread


def start_training(runs: RunStore) -> Callable[[], None]:
    """Train a CNN on MNIST in the background, long enough for the whole measurement; return how to end it."""
    run = runs.create(TrainConfig("cnn", epochs=50, max_minutes=5), "Benchmark")
    submit.train(run)
    wait_for(lambda: run.status() == Status.RUNNING and run.history().steps)

    def end() -> None:
        run.request_stop()
        wait_for(lambda: not run.active())

    return end


def measured(runs: RunStore, ids: list[str]) -> None:
    """Wait until what answers are compared with, which a worker computes at the first question, is there."""
    for run_id in [*ids, "vae-2"]:
        run = runs.get(run_id)
        if run.spec.task == "reconstruct":
            wait_for(lambda run=run: REFERENCE.load_current(run), 300)


def line(name: str, times: list[float]) -> str:
    return f"{name:28s} median {median(times):6.1f} ms   p95 {np.percentile(times, 95):6.1f} ms   of {len(times)}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to draw")
    parser.add_argument("--runs", default=RUNS, help="ids of the runs that answer")
    parser.add_argument("--pace", type=float, default=0.008, help="seconds between two mouse moves")
    parser.add_argument("--training", action="store_true", help="while a CNN trains on MNIST")
    parser.add_argument("--clients", type=int, default=0, help="further sockets that draw at the same time")
    options = parser.parse_args()
    stop = threading.Event()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder)) as dashboard,
        sync_playwright() as playwright,
        contextlib.ExitStack() as last,
    ):
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{dashboard.url}/?run={options.runs}")
        canvas = page.get_by_test_id("pad-canvas")
        canvas.wait_for(timeout=60_000)
        page.wait_for_timeout(8000)  # the server warms up behind the first page
        draw(page, 4, options.pace)
        measured(dashboard.runs, options.runs.split(","))
        draw(page, 4, options.pace)
        if options.training:
            last.callback(start_training(dashboard.runs))
        if options.clients:
            other_clients(dashboard.port, options.clients, options.runs.split(","), stop)
            last.callback(stop.set)
        canvas.evaluate(PROBE)
        down = draw(page, options.seconds, options.pace)
        log = page.evaluate("window.penLog")
        training = "a run trains" if options.training else "nothing trains"
        print(
            f"{options.seconds:g} s, {options.runs.count(',') + 1} models, {options.clients} other clients, {training}"
        )
        print(line("pen up -> painted answer", log["ups"]))
        print(line("pen move -> painted answer", log["moves"]))
        print(f"{'answers while the pen is down':28s} {len(log['shown']) / down:.0f} a second")
        print(f"{'answers out of order':28s} {log['disordered']}")
        browser.close()


if __name__ == "__main__":
    main()
